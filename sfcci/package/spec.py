"""The RPM spec of a component: one idiomatic text for Fedora, CentOS Stream and RDO, and for hosts with our own macros."""

from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath
from textwrap import fill
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.component import Change, Component, Subpackage
from sfcci.package.macros.python3dist import python3dist
from sfcci.package.sdist import SdistMetadata

if TYPE_CHECKING:
    from jinja2 import Template

PACKAGER = "The sfcci developers <packages@sfcci.example.org>"
WIDTH = 79
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spec_path(component: Component) -> str:
    """Give the spec's place in the project: rpm/python-networking-sfc.spec."""
    return f"rpm/{dialect.rpm_source_name(component)}.spec"


def spec_text(component: Component, metadata: SdistMetadata) -> str:
    """Give the whole spec. Raises InputError when description and source contradict each other."""
    version = dialect.rpm_version(metadata.version)
    agree(component, metadata)
    return _template().render(
        component=PurePosixPath(component.path).stem,
        source_name=dialect.rpm_source_name(component),
        name=dialect.rpm_name(component),
        version=version,
        upstream_version=metadata.version,
        release=component.changelog[0].release,
        summary=_sentence(component.summary or metadata.summary),
        license=component.license,
        homepage=component.homepage,
        description=_paragraph(component.description or f"{_sentence(metadata.summary)}."),
        recommends=component.rpm.recommends,
        parts=[_part(component, part, metadata) for part in component.subpackages],
        modules=component.modules,
        scripts=metadata.scripts,
        readme=metadata.readme,
        license_files=metadata.license_files,
        changelog=[_entry(change) for change in component.changelog],
        packager=PACKAGER,
        **_source(component, metadata, version),
    )


def agree(component: Component, metadata: SdistMetadata) -> None:
    """Raises InputError with every disagreement of a description with its source: name, version, licence, changelog."""
    told = component.changelog[0].version
    pairs = (
        ("name", dialect.normal_name(component.name), dialect.normal_name(metadata.name)),
        ("version", component.version or metadata.version, metadata.version),
        ("changelog[0].version", told, metadata.version),
        ("license", component.license, metadata.license or component.license),
    )
    wrong = [(key, ours, theirs) for key, ours, theirs in pairs if ours != theirs]
    if wrong:
        place = Place(component.path)
        raise InputError(
            *(Fault(place, f"{k}: found {o!r}", f"{t!r}, as its source says") for k, o, t in wrong)
        )


def sdist_folder(component: Component, metadata: SdistMetadata) -> str:
    """Give the name of an sdist without .tar.gz: the folder that it unpacks to (PEP 625)."""
    if component.source.sdist:
        return component.source.sdist.removesuffix(".tar.gz")
    return f"{dialect.normal_name(component.name).replace('-', '_')}-{metadata.version}"


def _source(component: Component, metadata: SdistMetadata, version: str) -> dict[str, str]:
    """Source0 and the folder in it, with macros where they say more than the text."""
    folder = sdist_folder(component, metadata)
    stem = folder.removesuffix(f"-{metadata.version}")
    macro = "%{version}" if version == metadata.version else "%{upstream_version}"
    if component.source.path:
        return {"source": f"{stem}-{macro}.tar.gz", "folder": f"{stem}-{macro}"}
    return {"source": f"%{{pypi_source {stem} {macro}}}", "folder": f"{stem}-{macro}"}


def _part(component: Component, part: Subpackage, metadata: SdistMetadata) -> dict[str, Any]:
    return {
        "name": dialect.rpm_name(component, part.name),
        "summary": part.summary,
        "folders": [module.replace(".", "/") for module in part.modules],
        "requires": _part_requires(component, part, metadata.requirement_files),
    }


def _part_requires(
    component: Component, part: Subpackage, requirement_files: Mapping[str, tuple[str, ...]]
) -> list[str]:
    if part.requirements and part.requirements not in requirement_files:
        known = ", ".join(sorted(requirement_files)) or "none"
        found = f"subpackage {part.name}: the sdist has no {part.requirements}"
        raise InputError(Fault(Place(component.path), found, f"one of: {known}"))
    lines = requirement_files.get(part.requirements, ())
    return [_with_marker(line) for line in sorted(lines, key=str.lower)]


def _with_marker(requirement: str) -> str:
    """A requirement file's line as a dependency. A marker is beyond a spec that serves every Python: it stays required."""
    parsed = Requirement(requirement)
    parsed.marker = None
    return python3dist(str(parsed))


def _entry(change: Change) -> dict[str, Any]:
    day = change.date
    return {
        "day": f"{DAYS[day.weekday()]} {MONTHS[day.month - 1]} {day.day:02d} {day.year}",
        "version": dialect.rpm_version(change.version),
        "release": change.release,
        "changes": [line.replace("%", "%%") for line in change.changes],
    }


def _sentence(summary: str) -> str:
    """A summary without its full stop (rpmlint: summary-ended-with-dot)."""
    return " ".join(summary.split()).removesuffix(".").replace("%", "%%")


def _paragraph(text: str) -> str:
    paragraphs = [" ".join(block.split()) for block in text.replace("%", "%%").split("\n\n")]
    return "\n\n".join(
        fill(block, WIDTH, break_long_words=False, break_on_hyphens=False) for block in paragraphs
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sfcci.package"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - a spec is no HTML
    )
    return environment.get_template("python.spec.j2")
