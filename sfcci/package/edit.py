"""Descriptions edited as text: a key set or taken away, a version added or removed; comments and order stay.

What comes of it is read again before it is believed (`edited`).
"""

import datetime as dt
import json
import re
from collections.abc import Mapping

from sfcci import document
from sfcci.errors import Fault, InputError, Place
from sfcci.package.catalogue import parse_component
from sfcci.package.component import Component, GentooVersion

VERSIONS = "[[gentoo.versions]]"
GENTOO = "[gentoo]"
Value = str | dt.date | tuple[str, ...]


def edited(text: str, wanted: Component) -> str:
    """Give the text back when it describes `wanted`. Raises InputError: it is written in a way that edits do not fit."""
    try:
        found = parse_component(document.parse(text, wanted.path))
    except InputError:
        found = None
    if found != wanted:
        expected = "tables with a key on each line, as sfcci package new writes them"
        raise InputError(Fault(Place(wanted.path), "cannot be edited in place", expected))
    return text


def with_keys(text: str, header: str, values: Mapping[str, Value | None], number: int = 0) -> str:
    """Set keys in a table ("[gentoo]", or the `number`th "[[gentoo.versions]]"); None takes one away.

    A table that is not there is made, before the changelog.
    """
    lines = text.splitlines()
    span = _span(lines, header, number)
    if span is None:
        made = [header, *(_line(key, value) for key, value in values.items() if value is not None)]
        return _joined(_inserted(lines, _before_changelog(lines), [*made, ""]))
    begin, end = span
    for key, value in values.items():
        at = next((n for n in range(begin + 1, end) if _is_key(lines[n], key)), None)
        if at is not None:
            lines[at : at + 1] = [_line(key, value)] if value is not None else []
            end += -1 if value is None else 0
        elif value is not None:
            lines.insert(end, _line(key, value))
            end += 1
    return _joined(lines)


def with_version(text: str, version: GentooVersion) -> str:
    """Add a version of the overlay, below those that are there, else below [gentoo], else before the changelog."""
    values: Mapping[str, Value | None] = {
        "version": version.version,
        "sdist": version.sdist or None,
        "sha256": version.sha256 or None,
        "mask": version.mask or None,
        "masked": version.masked,
        "keywords": version.keywords,
    }
    block = [VERSIONS, *(_line(key, value) for key, value in values.items() if value is not None)]
    lines = text.splitlines()
    count = sum(line.strip() == VERSIONS for line in lines)
    after = _span(lines, VERSIONS, count - 1) if count else _last_of_gentoo(lines)
    if after is None:
        return _joined(_inserted(lines, _before_changelog(lines), [*block, ""]))
    return _joined(_inserted(lines, after[1], ["", *block]))


def without_version(text: str, number: int) -> str:
    """Take the `number`th version of the overlay away, with the blank lines above it."""
    lines = text.splitlines()
    if span := _span(lines, VERSIONS, number):
        begin, end = span
        while begin and not lines[begin - 1].strip():
            begin -= 1
        del lines[begin:end]
    return _joined(lines)


def _span(lines: list[str], header: str, number: int = 0) -> tuple[int, int] | None:
    """First line of a table and the one after its last key, from 0; what follows as blanks and comments is not its own."""
    heads = [n for n, line in enumerate(lines) if line.split("#")[0].strip() == header]
    if not 0 <= number < len(heads):
        return None
    begin = heads[number]
    end = next((n for n in range(begin + 1, len(lines)) if _is_header(lines, n)), len(lines))
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return begin, end


def _last_of_gentoo(lines: list[str]) -> tuple[int, int] | None:
    """The last of the tables [gentoo] and [gentoo.…]."""
    heads = [line.split("#")[0].strip() for line in lines if re.match(r"\s*\[gentoo[].]", line)]
    return _span(lines, heads[-1]) if heads else None


def _is_header(lines: list[str], number: int) -> bool:
    """A line that begins a table; one in a list of several lines does not."""
    return bool(re.match(r"\s*\[\[?[A-Za-z0-9_.-]+\]\]?\s*(#.*)?$", lines[number]))


def _is_key(line: str, key: str) -> bool:
    return bool(re.match(rf"\s*{re.escape(key)}\s*=", line))


def _before_changelog(lines: list[str]) -> int:
    """The changelog's first line; comments right above it are its own."""
    at = next((n for n, line in enumerate(lines) if line.strip() == "[[changelog]]"), len(lines))
    while at and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _inserted(lines: list[str], at: int, block: list[str]) -> list[str]:
    return [*lines[:at], *block, *lines[at:]]


def _line(key: str, value: Value) -> str:
    if isinstance(value, dt.date):
        return f"{key} = {value.isoformat()}"
    text = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
    return f"{key} = {text}".replace("\x7f", "\\u007f")


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
