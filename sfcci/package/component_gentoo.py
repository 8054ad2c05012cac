"""A description's table [gentoo], read: its values, and what its schema cannot say."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from packaging.version import Version

from sfcci.document import Document, Key
from sfcci.errors import Fault
from sfcci.package import dialect
from sfcci.package.component import Gentoo, GentooVersion

DAY = "a date as in 2026-10-01, without quotes"


def read_gentoo(name: str, table: Mapping[str, Any]) -> Gentoo:
    """Give the values of the table; a sdist's name follows PEP 625 where it is not told."""
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    for key in ("names", "flags", "undrawn"):
        if key in given:
            given[key] = {dialect.normal_name(project): text for project, text in given[key].items()}
    given["versions"] = tuple(_version(name, entry) for entry in table.get("versions", ()))
    return Gentoo(**given)


def gentoo_faults(source: Document) -> Iterable[Fault]:
    """Give the faults of the table that the schema cannot say."""
    table = source.data.get("gentoo", {})
    if table.get("overlay", True) and (fault := dialect.gentoo_name_fault(source.data["name"])):
        yield source.fault(("name",), fault, "another name, or overlay = false in [gentoo]")
    if "masked" in table:
        yield from _day_faults(source, ("gentoo",), table, needed="mask" in table)
    if "undrawn" in table and "docs" not in source.data:
        yield source.fault(("gentoo", "undrawn"), "there is no documentation to draw", "a table [docs]")
    for flag in {"doc", "test"} & table.get("flags", {}).keys():
        yield source.fault(("gentoo", "flags", flag), "is the flag of a table of its own", "another extra")
    first: dict[str, int] = {}
    for number, entry in enumerate(table.get("versions", ())):
        yield from _version_faults(source, number, entry, first)


def _version(name: str, entry: Mapping[str, Any]) -> GentooVersion:
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    if "sha256" in given and "sdist" not in given:
        given["sdist"] = dialect.sdist_name(name, given["version"])
    return GentooVersion(**given)


def _version_faults(
    source: Document, number: int, entry: Mapping[str, Any], first: dict[str, int]
) -> Iterable[Fault]:
    at: tuple[Key, ...] = ("gentoo", "versions", number)
    try:
        spelled = dialect.gentoo_version(entry["version"])
    except (dialect.Inexpressible, ValueError) as error:
        yield source.fault((*at, "version"), str(error), "a version as in PEP 440 that Gentoo can spell")
        return
    if spelled in first:
        yield source.fault(at, f"is {spelled}, as entry {first[spelled] + 1} is", "one entry each")
    first.setdefault(spelled, number)
    own = entry["version"] == source.data.get("version", "")
    if own and {"sha256", "sdist"} & entry.keys():
        yield source.fault(at, "is the component's own version", "its source in [source] alone")
    elif not own and "path" in source.data["source"]:
        yield source.fault(at, "is a version of a component that lies in this project", "one from the index")
    elif not own and "sha256" not in entry:
        hint = "the SHA-256 of the sdist, as the package index shows it"
        yield source.fault(at, "sha256 is missing", hint)
    if "masked" in entry:
        needed = "mask" in entry or Version(entry["version"]).is_prerelease
        yield from _day_faults(source, at, entry, needed=needed)


def _day_faults(
    source: Document, at: tuple[Key, ...], table: Mapping[str, Any], *, needed: bool
) -> Iterable[Fault]:
    day = table["masked"]
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
        yield source.fault((*at, "masked"), f"found {day!r}", DAY)
    if not needed:
        yield source.fault((*at, "masked"), "is the day of no mask", "mask beside it")
