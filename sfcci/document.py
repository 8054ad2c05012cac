"""Documents: TOML, YAML or JSON text read into plain values, checked against a JSON Schema, every fault with its place.

A reader gets `Document.data` (dicts, lists, scalars) only after the schema agreed, so it can build its frozen values
without asking again; what a schema cannot say it reports with `Document.fault`. Places are line and column from 1.
"""

import bisect
import difflib
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sfcci import marked
from sfcci.conformity import conforms
from sfcci.errors import Fault, InputError, Place
from sfcci.marked import MAX_DEPTH as MAX_DEPTH  # noqa: PLC0414 - who reads documents takes both from here
from sfcci.marked import Key as Key  # noqa: PLC0414

TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "minLength": "text of at least {} characters",
    "maxLength": "text of at most {} characters",
    "multipleOf": "a multiple of {}",
    "uniqueItems": "none of them twice",
}
"""Keyword of a schema → what it asks for, where the schema does not describe it itself."""
MAX_BYTES = 16 * 2**20
MAX_SHOWN = 60


@dataclass(frozen=True)
class Document:
    """A document that was read: where it came from, its text, its plain values."""

    path: str
    text: str
    data: Any
    marks: marked.Marked | None = field(default=None, compare=False, repr=False)

    def place(self, *keys: Key) -> Place:
        """Give the place of the value under `keys`, or of the nearest parent that has one."""
        for end in range(len(keys), -1, -1):
            if found := self._marked.places.get(keys[:end]):
                return Place(self.path, *found)
        return Place(self.path)

    def fault(self, keys: Sequence[Key], found: str, expected: str = "", hint: str = "") -> Fault:
        """Give a fault at `keys`; the path of keys stands in front of what was found."""
        name = key_path(keys)
        return Fault(self.place(*keys), f"{name}: {found}" if name else found, expected, hint)

    def character(self, keys: Sequence[Key], offset: int) -> Place:
        """Give the place of character `offset` (from 0) of the text under `keys`, whatever its style in the file.

        The value is laid along the source: what the file has besides (quotes, escapes, folds) is stepped over.
        """
        start, value = self._marked.scalars.get(tuple(keys), (-1, ""))
        if start < 0:
            return self.place(*keys)
        at = start + offset
        if not self.text.startswith(value[: offset + 1], start):
            at = self._stepped(start, value[: offset + 1])
        return self.position(at)

    def position(self, at: int) -> Place:
        """Give the place of character `at` (from 0) of the source."""
        line = bisect.bisect_right(self._lines, at)
        return Place(self.path, line, at - self._lines[line - 1] + 1)

    def line(self, number: int) -> str:
        """Give line `number` (from 1) of the source, without its end; "" when there is none."""
        if not 0 < number <= len(self._lines):
            return ""
        begin = self._lines[number - 1]
        end = self._lines[number] if number < len(self._lines) else len(self.text)
        return self.text[begin:end].rstrip("\r\n")

    def is_text(self, at: int) -> bool:
        """Say whether the source at `at` (from 0) lies in a quoted or block text: no comment begins there."""
        spans = self._marked.spans
        number = bisect.bisect_right(spans, (at, len(self.text))) - 1
        return number >= 0 and at < spans[number][1]

    def _stepped(self, at: int, value: str) -> int:
        """Give where the last character of `value` stands when its characters are looked for one after the other."""
        for number, character in enumerate(value):
            if not character.isspace():
                at = self.text.find(character, at)
            at += number < len(value) - 1
        return at

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins."""
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    @cached_property
    def _marked(self) -> marked.Marked:
        if self.marks is not None:
            return self.marks
        return _toml_marks(self.text) if self.path.endswith(".toml") else _json_marks(self.text, self.path)


def read(
    path: Path, schema: Mapping[str, Any] | None = None, *, duplicates: list[Fault] | None = None
) -> Document:
    """Read a document by its suffix (.toml, .yaml, .yml, .json). Raises InputError with all faults together.

    Duplicate keys of a YAML mapping are a fault; who gives a list as `duplicates` gets them there and reads on.
    """
    return parse(read_text(path), str(path), schema, duplicates=duplicates)


def read_text(path: Path) -> str:
    """Give the text of a file, never more than the bound. Raises InputError."""
    try:
        with path.open("rb") as file:  # never more than that: a device has no size and no end
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise InputError(Fault(Place(str(path)), "is too large", f"at most {MAX_BYTES >> 20} MiB"))
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(Fault(Place(str(path)), error.strerror or str(error), "a readable file")) from None
    except UnicodeDecodeError as error:
        raise InputError(Fault(Place(str(path)), f"byte {error.start} is not UTF-8", "UTF-8 text")) from None
    return text


def parse(
    text: str,
    path: str,
    schema: Mapping[str, Any] | None = None,
    *,
    duplicates: list[Fault] | None = None,
) -> Document:
    """Parse text as the suffix of `path` says and check it. Raises InputError."""
    found: list[Fault] = []
    document = _load(text, path, found)
    if document.marks is None or "\\u" in text or "\\U" in text:  # YAML's reader has seen to the rest
        _check_values(document)
    if duplicates is not None:
        duplicates.extend(found)
    elif found:
        raise InputError(*found)
    if schema is not None and (faults := check(document, schema)):
        raise InputError(*faults)
    return document


def _check_values(document: Document) -> None:
    """Refuse what nobody could work with: nesting without end, half of a UTF-16 pair (it cannot be written)."""
    pending: list[tuple[Any, int]] = [(document.data, 1)]
    while pending:
        value, depth = pending.pop()
        if depth > MAX_DEPTH:
            found, expected = "is nested too deeply", f"at most {MAX_DEPTH} levels"
            raise InputError(Fault(Place(document.path), found, expected))
        if isinstance(value, dict):
            pending += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list | tuple | set):
            pending += [(one, depth + 1) for one in value]
        elif isinstance(value, str) and not value.isascii() and _HALF.search(value):
            raise InputError(Fault(Place(document.path), f"half a character in {value!a}", "whole ones"))
        elif isinstance(value, float) and not math.isfinite(value) and document.path.endswith(".json"):
            raise InputError(Fault(Place(document.path), f"found {value}", "a number that JSON can write"))


def check(document: Document, schema: Mapping[str, Any]) -> list[Fault]:
    """Give every disagreement of the document with the schema (JSON Schema 2020-12), in document order."""
    if conforms(document.data, schema):
        return []
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(schema).iter_errors(document.data)
    faults = [fault for error in errors for fault in _schema_faults(document, error)]
    return sorted(faults, key=lambda f: (f.place.line or 0, f.place.column or 0, f.found))


def key_path(keys: Sequence[Key]) -> str:
    """Spell a path of keys as people do: `depends[3].name`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Give "did you mean X?" for the nearest known word, "" when none is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def _load(text: str, path: str, duplicates: list[Fault]) -> Document:
    if path.endswith(".toml"):
        return Document(path, text, _load_toml(text, path))
    if path.endswith(".json"):
        return Document(path, text, _load_json(text, path))
    found = marked.read(text, path)
    duplicates += found.duplicates
    return Document(path, text, found.data, found)


def _load_toml(text: str, path: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        place = Place(path, int(at[1]), int(at[2])) if at else Place(path)
        raise InputError(Fault(place, re.sub(r" \(at .*\)$", "", str(error)), "TOML")) from None
    except RecursionError:
        raise InputError(Fault(Place(path), "is nested too deeply", f"at most {MAX_DEPTH} levels")) from None


def _load_json(text: str, path: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            Fault(Place(path, error.lineno, error.colno), error.msg.removesuffix(" at"), "JSON")
        ) from None
    except RecursionError:
        raise InputError(Fault(Place(path), "is nested too deeply", f"at most {MAX_DEPTH} levels")) from None


_HALF = re.compile("[\ud800-\udfff]")
_PAIR = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGN = re.compile(r"^\s*([A-Za-z0-9_.\-\"']+)\s*=")


def _json_marks(text: str, path: str) -> marked.Marked:
    """Find the places of JSON, which is YAML but for tabs and pairs of escapes (half characters); else it has none."""
    text = _PAIR.sub(r"\\u0020", text.replace("\t", " "))
    try:
        return marked.read(text, path)
    except InputError:
        return marked.Marked()


def _toml_marks(text: str) -> marked.Marked:
    """Find tables and keys at the start of a line; tomllib keeps no places, and this is enough to point at them."""
    places: dict[marked.Keys, tuple[int, int]] = {(): (1, 1)}
    table: tuple[Key, ...] = ()
    counts: dict[tuple[Key, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        column = len(line) - len(line.lstrip()) + 1
        if header := _HEADER.match(line):
            table = _toml_table(_toml_key(header[2]), header[1] == "[[", counts)
            places[table] = (number, column)
        elif assign := _ASSIGN.match(line):
            places.setdefault((*table, *_toml_key(assign[1])), (number, column))
    return marked.Marked(places=places)


def _toml_table(name: tuple[Key, ...], is_array: bool, counts: dict[tuple[Key, ...], int]) -> tuple[Key, ...]:
    """Give the path of a table with the numbers of the array elements that it lies in."""
    path: tuple[Key, ...] = ()
    for depth, part in enumerate(name):
        path = (*path, part)
        if is_array and depth == len(name) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _toml_key(text: str) -> tuple[Key, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))


def _schema_faults(document: Document, error: Any) -> list[Fault]:
    keys = list(error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        extra = [key for key in error.instance if key not in known]
        return [_unknown_key(document, [*keys, key], known) for key in extra]
    if error.validator == "required":
        lost = re.match(r"'([^']+)'", error.message)
        return [document.fault(keys, f"{lost[1] if lost else error.message} is missing", _describe(error))]
    return [document.fault(keys, _found(error), _describe(error))]


def _unknown_key(document: Document, keys: list[Key], known: list[str]) -> Fault:
    hint = did_you_mean(str(keys[-1]), known)
    return document.fault(keys, "unknown key", "one of " + ", ".join(sorted(known)), hint)


def _found(error: Any) -> str:
    shown = json.dumps(error.instance, default=str)
    return "found " + (shown if len(shown) <= MAX_SHOWN else shown[: MAX_SHOWN - 3] + "...")


def _describe(error: Any) -> str:
    described = error.schema.get("description", "")
    if error.validator == "required":
        return str(described)
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return " or ".join(TYPE_NAMES.get(kind) or str(kind) for kind in kinds)
    if error.validator == "enum":
        return "one of " + ", ".join(
            value if isinstance(value, str) else json.dumps(value) for value in error.validator_value
        )
    limit = LIMITS.get(error.validator)
    return str(described) or (limit.format(error.validator_value) if limit else str(error.message))
