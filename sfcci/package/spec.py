"""The RPM spec of a component: one idiomatic text for Fedora, CentOS Stream and RDO, and for hosts with our own macros."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from textwrap import fill
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.component import Change, Component
from sfcci.package.sdist import SdistMetadata
from sfcci.package.spec_feature import feature_fields
from sfcci.package.spec_file import file_fields
from sfcci.package.template import text_templates

if TYPE_CHECKING:
    from jinja2 import Template

FILE_NAME = re.compile(r"[A-Za-z0-9_.+@/*?\[\]~, ()-]*")
"""Names of files: in others lie macros of RPM and words of the shell."""
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
    name, source_name = dialect.rpm_name(component), dialect.rpm_source_name(component)
    return _template().render(
        component=PurePosixPath(component.path).stem,
        project=component.name,
        source_name=source_name,
        name=name,
        main_option="" if name == source_name else f" -n {name}",
        version=version,
        upstream_version=metadata.version,
        release=component.changelog[0].release,
        summary=dialect.rpm_text(_sentence(component.summary or metadata.summary)),
        license=dialect.rpm_text(component.license),
        homepage=dialect.rpm_text(component.homepage),
        description=_paragraph(component.description or f"{_sentence(metadata.summary)}."),
        relations=list(_relations(component)),
        extras=component.extras,
        modules=component.modules,
        readme=metadata.readme,
        license_files=metadata.license_files,
        changelog=[_entry(change) for change in component.changelog],
        packager=PACKAGER,
        **_source(component, metadata, version),
        **feature_fields(component, metadata),
        **file_fields(component, metadata),
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
    place = Place(component.path)
    faults = [Fault(place, f"{k}: found {o!r}", f"{t!r}, as its source says") for k, o, t in pairs if o != t]
    faults += [
        Fault(place, why, "a name and bounds that a package can carry")
        for why in (*unnameable(metadata), *_unusable(component, metadata))
    ]
    lost = [extra for extra in component.extras if extra not in metadata.extras]
    there = ", ".join(metadata.extras) or "none"
    faults += [
        Fault(place, f"extras: the source has no extra {extra!r}", f"one of: {there}") for extra in lost
    ]
    if faults:
        raise InputError(*faults)


def unnameable(metadata: SdistMetadata) -> Iterator[str]:
    """Say which of the source's requirements no distribution has words for: those of an address or a local version."""
    for requirement in map(dialect.read_requirement, metadata.requires):
        local = [str(s) for s in requirement.specifier if s.operator == "===" or "+" in s.version]
        if requirement.url:
            yield f"it requires {requirement.name} from an address ({requirement.url}), which no package can"
        elif local:
            yield f"it requires {requirement.name}{local[0]}, which is one builder's own version"


def _unusable(component: Component, metadata: SdistMetadata) -> Iterator[str]:
    """Say what a source says that no distribution can use, or that means something else in a spec or an ebuild."""
    names = (*metadata.scripts, *metadata.license_files, metadata.readme)
    yield from (f"its source names a file {one!r}" for one in names if not FILE_NAME.fullmatch(one))
    if Version(metadata.version).epoch:
        yield f"its version {metadata.version} has an epoch"
    try:
        SpecifierSet(metadata.requires_python)
    except InvalidSpecifier:
        yield f"its source has Requires-Python {metadata.requires_python!r}"
    for file in sorted(filter(None, _requirement_files(component))):
        lines = metadata.requirement_files.get(file, ())
        yield from (f"its source's {file} has {line!r}" for line in lines if not dialect.is_requirement(line))


def _requirement_files(component: Component) -> set[str]:
    """The requirements files that a description names."""
    features = [one.requirements for one in (component.docs, component.tests) if one]
    return {*features, *(part.requirements for part in component.subpackages)}


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


def _relations(component: Component) -> Iterator[tuple[str, str]]:
    """Tags of the main package beside what the generators say, with their packages, in columns."""
    tagged = {
        "Requires:      ": component.rpm.requires,
        "Recommends:    ": component.rpm.recommends,
        "Provides:      ": [f"{name} = %{{version}}-%{{release}}" for name in component.rpm.provides],
    }
    for tag, packages in tagged.items():
        yield from ((tag, package) for package in packages)


def _entry(change: Change) -> dict[str, Any]:
    day = change.date
    return {
        "day": f"{DAYS[day.weekday()]} {MONTHS[day.month - 1]} {day.day:02d} {day.year}",
        "version": dialect.rpm_version(change.version),
        "release": change.release,
        "changes": [dialect.rpm_text(line) for line in change.changes],
    }


def _sentence(summary: str) -> str:
    """A summary without its full stop (rpmlint: summary-ended-with-dot)."""
    return " ".join(summary.split()).removesuffix(".")


def _paragraph(text: str) -> str:
    paragraphs = [" ".join(block.split()) for block in dialect.rpm_text(text).split("\n\n")]
    return "\n\n".join(
        fill(block, WIDTH, break_long_words=False, break_on_hyphens=False) for block in paragraphs
    )


@cache
def _template() -> "Template":
    return text_templates().get_template("python.spec.j2")
