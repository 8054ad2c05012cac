"""What a source says of itself: core metadata out of an sdist or a project's folder, read as text, never run.

An sdist is judged whole before anything is unpacked from it: paths that leave it, links out, devices, bombs.
"""

import configparser
import contextlib
import re
import tarfile
import tomllib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from sfcci.errors import Fault, InputError, Place

MAX_UNPACKED_BYTES = 2 * 2**30
MAX_MEMBERS = 200_000
MAX_TEXT_BYTES = 4 * 2**20
_TOLD = re.compile(
    r"[^/]+/(PKG-INFO|pyproject\.toml|README[^/]*|[^/]*requirements\.txt|[^/]+\.egg-info/entry_points\.txt)"
)


@dataclass(frozen=True)
class SdistMetadata:
    """What a source says of itself (core metadata 2.x). Names and requirements are as written there."""

    name: str
    version: str
    summary: str = ""
    license: str = ""
    """License-Expression (SPDX); "" when the source has none."""
    requires_python: str = ""
    requires: tuple[str, ...] = ()
    """Requires-Dist (PEP 508), in the source's order."""
    build_requires: tuple[str, ...] = ()
    build_backend: str = "setuptools.build_meta:__legacy__"
    urls: Mapping[str, str] = field(default_factory=dict)
    classifiers: tuple[str, ...] = ()
    license_files: tuple[str, ...] = ()
    readme: str = ""
    """The read-me file at the top, "" for none."""
    scripts: tuple[str, ...] = ()
    """Console scripts, by name."""
    requirement_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of each *requirements.txt at the top → its requirements (PEP 508)."""


def sdist_metadata(sdist: Path) -> SdistMetadata:
    """Read an sdist's PKG-INFO, build system and requirement files. Raises InputError (truncated, hostile, none)."""
    texts = _top_texts(sdist)
    if "PKG-INFO" not in texts:
        raise _refused(sdist, "has no PKG-INFO", "an sdist")
    headers = HeaderParser().parsestr(texts["PKG-INFO"])
    table = _toml(texts.get("pyproject.toml", ""), f"{sdist}:pyproject.toml")
    return _checked(
        sdist,
        SdistMetadata(
            name=_header(headers, "Name"),
            version=_header(headers, "Version"),
            summary=_header(headers, "Summary"),
            license=_header(headers, "License-Expression"),
            requires_python=_header(headers, "Requires-Python"),
            requires=_headers(headers, "Requires-Dist"),
            urls=_urls(headers),
            classifiers=_headers(headers, "Classifier"),
            license_files=_headers(headers, "License-File"),
            readme=next((name for name in sorted(texts) if name.startswith("README")), ""),
            scripts=_scripts(table, texts.get("entry_points.txt", "")),
            requirement_files={
                name: requirement_lines(text)
                for name, text in texts.items()
                if name.endswith("requirements.txt")
            },
            **_build_system(table),
        ),
    )


def project_metadata(folder: Path) -> SdistMetadata:
    """Read the [project] table of a folder's pyproject.toml (PEP 621). Raises InputError when it leaves fields open."""
    path = folder / "pyproject.toml"
    try:
        table = _toml(path.read_text(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, f"cannot be read: {error}", "a pyproject.toml with a [project] table") from None
    project = table.get("project", {})
    open_fields = {"name", "version", "dependencies"} & set(project.get("dynamic", ()))
    if open_fields or not {"name", "version"} <= set(project):
        raise _refused(path, "leaves name, version or dependencies open", "them written in [project]")
    licence = project.get("license", "")
    return _checked(
        path,
        SdistMetadata(
            name=project["name"],
            version=project["version"],
            summary=project.get("description", ""),
            license=licence if isinstance(licence, str) else "",
            requires_python=project.get("requires-python", ""),
            requires=tuple(project.get("dependencies", ())),
            urls=dict(project.get("urls", {})),
            classifiers=tuple(project.get("classifiers", ())),
            license_files=tuple(project.get("license-files", ())),
            readme=project.get("readme", ""),
            scripts=_scripts(table),
            **_build_system(table),
        ),
    )


def requirement_lines(text: str) -> tuple[str, ...]:
    """Give the requirements of a requirements file, without comments and options."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("-"))


def _top_texts(sdist: Path) -> dict[str, str]:
    """Judge every member of the archive and give the texts that metadata is read from, by file name."""
    texts: dict[str, str] = {}
    try:
        with tarfile.open(sdist, "r:*") as archive:
            for member in _judged(sdist, archive):
                if member.isreg() and member.size <= MAX_TEXT_BYTES and _TOLD.fullmatch(member.name):
                    file = archive.extractfile(member)
                    texts[PurePosixPath(member.name).name] = (
                        file.read().decode("utf-8", "replace") if file else ""
                    )
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _refused(sdist, f"is no whole archive: {error}", "a .tar.gz as its author made it") from None
    return texts


def _judged(sdist: Path, archive: tarfile.TarFile) -> Iterable[tarfile.TarInfo]:
    """Give the members one by one. Raises InputError at the first that an honest sdist has not."""
    size, tops = 0, set()
    for number, member in enumerate(archive):
        size += member.size
        tops.add(PurePosixPath(member.name).parts[:1])
        if why := _hostile(member):
            raise _refused(sdist, f"member {member.name!r} {why}", "files below one folder")
        if size > MAX_UNPACKED_BYTES or number >= MAX_MEMBERS:
            raise _refused(sdist, "unpacks to too much", f"at most {MAX_UNPACKED_BYTES >> 30} GiB")
        if len(tops) > 1:
            raise _refused(sdist, "holds more than one folder", "one folder NAME-VERSION")
        yield member


def _hostile(member: tarfile.TarInfo) -> str:
    """Say what a member would do outside its folder; "" for an honest one."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return "lies outside the archive's folder"
    if member.issym() or member.islnk():
        start = path.parent if member.issym() else PurePosixPath()
        target = normpath(str(start / member.linkname))
        if PurePosixPath(target).parts[:1] != path.parts[:1]:
            return f"links out of the archive, to {member.linkname!r}"
        return ""
    return "" if member.isreg() or member.isdir() else "is a device or a pipe"


def _checked(path: Path, metadata: SdistMetadata) -> SdistMetadata:
    """Refuse metadata that later steps could not use."""
    if not metadata.name or not metadata.version:
        raise _refused(path, "has metadata without a name or version", "core metadata")
    try:
        Version(metadata.version)
        for requirement in (*metadata.requires, *metadata.build_requires):
            Requirement(requirement)
    except (InvalidVersion, InvalidRequirement) as error:
        raise _refused(
            path, f"has metadata that is not valid: {error}".splitlines()[0], "core metadata"
        ) from None
    return metadata


def _build_system(table: Mapping[str, Any]) -> dict[str, Any]:
    """Give build_requires and build_backend as PEP 518 says them; the defaults are setuptools'."""
    system = table.get("build-system", {})
    given: dict[str, Any] = {"build_requires": tuple(system.get("requires", ("setuptools",)))}
    return {**given, "build_backend": system["build-backend"]} if "build-backend" in system else given


def _scripts(table: Mapping[str, Any], entry_points: str = "") -> tuple[str, ...]:
    """Give the console scripts' names, from [project.scripts] and from setuptools' entry_points.txt."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    with contextlib.suppress(configparser.Error):
        parser.read_string(entry_points)
    listed = parser.options("console_scripts") if parser.has_section("console_scripts") else []
    return tuple(sorted({*table.get("project", {}).get("scripts", {}), *listed}))


def _toml(text: str, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(Fault(Place(place), str(error), "TOML")) from None


def _urls(headers: Message) -> dict[str, str]:
    pairs = (line.partition(",")[::2] for line in _headers(headers, "Project-URL"))
    urls = {label.strip(): url.strip() for label, url in pairs}
    home = _header(headers, "Home-page")
    return {"Homepage": home, **urls} if home else urls


def _header(headers: Message, name: str) -> str:
    return str(headers.get(name) or "").strip()


def _headers(headers: Message, name: str) -> tuple[str, ...]:
    return tuple(str(value).strip() for value in headers.get_all(name) or ())


def _refused(path: Path, found: str, expected: str) -> InputError:
    return InputError(Fault(Place(str(path)), found, expected))
