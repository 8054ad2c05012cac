"""What a source says of itself: core metadata out of an sdist or a project's folder, read as text, never run.

What old metadata leaves out (Metadata-Version 1.1 has no Requires-Dist) is read from the file that the same build wrote
beside it, `*.egg-info/requires.txt`. A source that contradicts itself is refused.
"""

import configparser
import contextlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sfcci.errors import Fault, InputError, Place
from sfcci.package.sdist_archive import Archive, read_archive, refused

if TYPE_CHECKING:
    from email.message import Message

LICENSE_FILE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE)[^/]*")
"""What a back end takes for a licence file where the metadata names none."""
AUTODOC = "sphinx.ext.autodoc"
"""What Sphinx calls its reading of the code's own documentation."""
UNKNOWN = "UNKNOWN"
"""What old tools wrote into a field that was left open."""


@dataclass(frozen=True)
class SdistMetadata:
    """What a source says of itself (core metadata 2.x). Names and requirements are as written there."""

    name: str
    version: str
    summary: str = ""
    license: str = ""
    """License-Expression (SPDX); "" when the source has none."""
    license_words: str = ""
    """What the old field License says in words of its own; "" for nothing."""
    requires_python: str = ""
    requires: tuple[str, ...] = ()
    """Requires-Dist (PEP 508), in the source's order."""
    build_requires: tuple[str, ...] = ()
    build_backend: str = "setuptools.build_meta:__legacy__"
    urls: Mapping[str, str] = field(default_factory=dict)
    classifiers: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    """Its extras, by normal names (PEP 685)."""
    license_files: tuple[str, ...] = ()
    readme: str = ""
    """The read-me file at the top, "" for none."""
    modules: tuple[str, ...] = ()
    """Top modules that it installs, where its back end wrote them down (top_level.txt)."""
    scripts: tuple[str, ...] = ()
    """Console scripts, by name."""
    requirement_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Path of each *requirements*.txt, at most one folder deep → its requirements (PEP 508)."""
    autodoc: frozenset[str] = frozenset()
    """Paths of those conf.py that have Sphinx read the code's own documentation."""
    files: frozenset[str] = frozenset()
    """Paths of its files below its folder. Of a project's folder: those that were asked for."""


def sdist_metadata(sdist: Path) -> SdistMetadata:
    """Read an sdist's metadata, build system and requirement files. Raises InputError (truncated, hostile, none, lies)."""
    archive = read_archive(sdist)
    if "PKG-INFO" not in archive.texts:
        raise refused(sdist, "has no PKG-INFO", "an sdist")
    from email.parser import HeaderParser  # late: what is known of an sdist is not read again

    headers = HeaderParser().parsestr(archive.texts["PKG-INFO"])
    table = _toml(archive.texts.get("pyproject.toml", ""), f"{sdist}:pyproject.toml")
    told = SdistMetadata(
        name=_header(headers, "Name"),
        version=_header(headers, "Version"),
        summary=_header(headers, "Summary"),
        license=_header(headers, "License-Expression"),
        license_words=_header(headers, "License"),
        requires_python=_header(headers, "Requires-Python"),
        urls=_urls(headers),
        classifiers=_headers(headers, "Classifier"),
        readme=next((name for name in sorted(archive.files) if re.fullmatch(r"README[^/]*", name)), ""),
        modules=tuple(sorted(_egg_info(archive, "top_level.txt").split())),
        scripts=_scripts(table, _egg_info(archive, "entry_points.txt")),
        requirement_files=_requirement_files(archive.texts),
        autodoc=_autodoc(archive.texts),
        files=archive.files,
        **_requires(headers, archive),
        **_license_files(headers, archive),
        **_build_system(table),
    )
    _agree(sdist, archive, _checked(sdist, told), table)
    return told


def project_metadata(folder: Path, wanted: Iterable[str] = ()) -> SdistMetadata:
    """Read the [project] table of a folder's pyproject.toml (PEP 621), and which of the `wanted` files are there.

    Raises InputError when it leaves fields open.
    """
    path = folder / "pyproject.toml"
    try:
        table = _toml(path.read_text(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise refused(path, f"cannot be read: {error}", "a pyproject.toml with a [project] table") from None
    project = table.get("project", {})
    open_fields = {"name", "version", "dependencies"} & set(project.get("dynamic", ()))
    if open_fields or not {"name", "version"} <= set(project):
        raise refused(path, "leaves name, version or dependencies open", "them written in [project]")
    licence = project.get("license", "")
    files = frozenset(name for name in wanted if (folder / name).is_file())
    told = (name for name in files if name.endswith((".txt", "/conf.py")))
    texts = {name: (folder / name).read_text(errors="replace") for name in told}
    return _checked(
        path,
        SdistMetadata(
            name=project["name"],
            version=project["version"],
            summary=project.get("description", ""),
            license=licence if isinstance(licence, str) else "",
            requires_python=project.get("requires-python", ""),
            requires=_with_extras(project),
            urls=dict(project.get("urls", {})),
            classifiers=tuple(project.get("classifiers", ())),
            extras=tuple(canonicalize_name(name) for name in project.get("optional-dependencies", {})),
            license_files=tuple(project.get("license-files", ())),
            readme=_readme(project.get("readme", "")),
            scripts=_scripts(table),
            requirement_files=_requirement_files(texts),
            autodoc=_autodoc(texts),
            files=files,
            **_build_system(table),
        ),
    )


def _readme(told: str | Mapping[str, str]) -> str:
    """The file that pyproject.toml names, which may be in a table; "" where it has the text itself."""
    return told if isinstance(told, str) else told.get("file", "")


def requirement_lines(text: str) -> tuple[str, ...]:
    """Give the requirements of a requirements file (pip, "Requirements File Format"), without comments and options."""
    whole = re.sub(r"\\\r?\n", " ", text)
    lines = (re.sub(r"(^|\s)(#|--).*", "", line).strip() for line in whole.splitlines())
    return tuple(line for line in lines if line and not line.startswith("-"))


def egg_requires(text: str) -> tuple[str, ...]:
    """Give the requirements (PEP 508) of a requires.txt: its sections [extra], [:marker], [extra:marker] become markers."""
    found, section = [], ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            section = line.strip("[]")
        else:
            found.append(_with_marker(line, section))
    return tuple(found)


def _with_marker(requirement: str, section: str) -> str:
    extra, _, marker = section.partition(":")
    own = requirement.partition(";")[2]
    markers = [f"({m.strip()})" for m in (own, marker) if m.strip()]
    markers += [f'extra == "{extra}"'] if extra else []
    bare = requirement.partition(";")[0].strip()
    return f"{bare}; {' and '.join(markers)}" if markers else bare


def _with_extras(project: Mapping[str, Any]) -> tuple[str, ...]:
    """The dependencies of a [project] table; those of its extras with a marker, as core metadata has them."""
    extras = project.get("optional-dependencies", {})
    optional = (_with_marker(r, canonicalize_name(name)) for name, listed in extras.items() for r in listed)
    return (*project.get("dependencies", ()), *optional)


def _requires(headers: "Message", archive: Archive) -> dict[str, Any]:
    requires = _headers(headers, "Requires-Dist")
    if not requires and _metadata_version(headers) < Version("2.2"):
        requires = egg_requires(_egg_info(archive, "requires.txt"))
    extras = {canonicalize_name(name) for name in _headers(headers, "Provides-Extra")}
    return {"requires": requires, "extras": tuple(sorted(extras))}


def _metadata_version(headers: "Message") -> Version:
    try:
        return Version(_header(headers, "Metadata-Version") or "1.0")
    except InvalidVersion:
        return Version("1.0")


def _license_files(headers: "Message", archive: Archive) -> dict[str, Any]:
    named = _headers(headers, "License-File")
    return {
        "license_files": named
        or tuple(sorted(name for name in archive.files if LICENSE_FILE.fullmatch(name)))
    }


def _egg_info(archive: Archive, name: str) -> str:
    return next((text for path, text in archive.texts.items() if path.endswith(f".egg-info/{name}")), "")


def _requirement_files(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        path: requirement_lines(text)
        for path, text in texts.items()
        if path.endswith(".txt") and ".egg-info/" not in path
    }


def _autodoc(texts: Mapping[str, str]) -> frozenset[str]:
    configurations = ((path, text) for path, text in texts.items() if path.endswith("/conf.py"))
    return frozenset(path for path, text in configurations if AUTODOC in text)


def _agree(sdist: Path, archive: Archive, told: SdistMetadata, table: Mapping[str, Any]) -> None:
    """Refuse an sdist whose folder, PKG-INFO and pyproject.toml do not speak of the same thing."""
    project = table.get("project", {})
    stem, _, version = archive.folder.rpartition("-")
    others = {
        "its folder": (stem, version),
        "pyproject.toml": (project.get("name", told.name), project.get("version", told.version)),
    }
    for where, (name, number) in others.items():
        if canonicalize_name(str(name)) != canonicalize_name(told.name) or not _same(
            str(number), told.version
        ):
            found = f"PKG-INFO speaks of {told.name} {told.version}, {where} of {name} {number}"
            raise refused(sdist, found, "one project and one version")


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _checked(path: Path, metadata: SdistMetadata) -> SdistMetadata:
    """Refuse metadata that later steps could not use."""
    if not metadata.name or not metadata.version:
        raise refused(path, "has metadata without a name or version", "core metadata")
    try:
        Version(metadata.version)
        for requirement in (*metadata.requires, *metadata.build_requires):
            Requirement(requirement)
    except (InvalidVersion, InvalidRequirement) as error:
        raise refused(
            path, f"has metadata that is not valid: {error}".splitlines()[0], "core metadata"
        ) from None
    return metadata


def _build_system(table: Mapping[str, Any]) -> dict[str, Any]:
    """Give build_requires and build_backend as PEP 518 says them; the defaults are setuptools'."""
    system = table.get("build-system", {})
    given: dict[str, Any] = {"build_requires": tuple(system.get("requires", ("setuptools",)))}
    return {**given, "build_backend": system["build-backend"]} if "build-backend" in system else given


def _scripts(table: Mapping[str, Any], entry_points: str = "") -> tuple[str, ...]:
    """Give the programs' names, from [project.scripts] and .gui-scripts and from setuptools' entry_points.txt."""
    parser = _Points(delimiters=("=",), interpolation=None, strict=False)
    with contextlib.suppress(configparser.Error):
        parser.read_string(entry_points)
    there = [group for group in ("console_scripts", "gui_scripts") if parser.has_section(group)]
    listed = [name for group in there for name in parser.options(group)]
    project = table.get("project", {})
    return tuple(sorted({*project.get("scripts", {}), *project.get("gui-scripts", {}), *listed}))


class _Points(configparser.ConfigParser):
    """entry_points.txt: names have a case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _toml(text: str, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(Fault(Place(place), str(error), "TOML")) from None


def _urls(headers: "Message") -> dict[str, str]:
    pairs = (line.partition(",")[::2] for line in _headers(headers, "Project-URL"))
    urls = {label.strip(): url.strip() for label, url in pairs}
    home = _header(headers, "Home-page")
    return {"Homepage": home, **urls} if home else urls


def _header(headers: "Message", name: str) -> str:
    text = str(headers.get(name) or "").strip()
    return "" if text == UNKNOWN else text


def _headers(headers: "Message", name: str) -> tuple[str, ...]:
    return tuple(str(value).strip() for value in headers.get_all(name) or ())
