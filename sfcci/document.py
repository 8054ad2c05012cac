"""Documents: TOML, YAML or JSON text read into plain values, checked against a JSON Schema, every fault with its place.

A reader gets `Document.data` (dicts, lists, scalars) only after the schema agreed, so it can build its frozen values
without asking again; what a schema cannot say it reports with `Document.fault`. Places are line and column from 1.
"""

import difflib
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sfcci.errors import Fault, InputError, Place

TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
Key = str | int
MAX_BYTES = 16 * 2**20
MAX_DEPTH = 60
MAX_SHOWN = 60


@dataclass(frozen=True)
class Document:
    """A document that was read: where it came from, its text, its plain values."""

    path: str
    text: str
    data: Any

    def place(self, *keys: Key) -> Place:
        """Give the place of the value under `keys`, or of the nearest parent that has one."""
        for end in range(len(keys), -1, -1):
            if found := self._places.get(keys[:end]):
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
        start, value = self._scalars.get(tuple(keys), (-1, ""))
        if start < 0:
            return self.place(*keys)
        at = start
        for number, character in enumerate(value):
            if not character.isspace():
                at = self.text.find(character, at)
            if number == offset:
                break
            at += 1
        line = self.text.count("\n", 0, at) + 1
        return Place(self.path, line, at - self.text.rfind("\n", 0, at))

    @cached_property
    def _scalars(self) -> dict[tuple[Key, ...], tuple[int, str]]:
        return {} if self.path.endswith(".toml") else _yaml_scalars(self.text)

    @cached_property
    def _places(self) -> dict[tuple[Key, ...], tuple[int, int]]:
        return _toml_places(self.text) if self.path.endswith(".toml") else _yaml_places(self.text)


def read(
    path: Path, schema: Mapping[str, Any] | None = None, *, duplicates: list[Fault] | None = None
) -> Document:
    """Read a document by its suffix (.toml, .yaml, .yml, .json). Raises InputError with all faults together.

    Duplicate keys of a YAML mapping are a fault; who gives a list as `duplicates` gets them there and reads on.
    """
    try:
        with path.open("rb") as file:  # never more than that: a device has no size and no end
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise InputError(Fault(Place(str(path)), "is too large", f"at most {MAX_BYTES >> 20} MiB"))
        text = data.decode("utf-8")
    except OSError as error:
        raise InputError(Fault(Place(str(path)), error.strerror or str(error), "a readable file")) from None
    except UnicodeDecodeError as error:
        raise InputError(Fault(Place(str(path)), f"byte {error.start} is not UTF-8", "UTF-8 text")) from None
    return parse(text, str(path), schema, duplicates=duplicates)


def parse(
    text: str,
    path: str,
    schema: Mapping[str, Any] | None = None,
    *,
    duplicates: list[Fault] | None = None,
) -> Document:
    """Parse text as the suffix of `path` says and check it. Raises InputError."""
    found: list[Fault] = []
    document = Document(path, text, _load(text, path, found))
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


def _load(text: str, path: str, duplicates: list[Fault]) -> Any:
    if path.endswith(".toml"):
        return _load_toml(text, path)
    if path.endswith(".json"):
        return _load_json(text, path)
    return _load_yaml(text, path, duplicates)


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
        raise InputError(Fault(Place(path, error.lineno, error.colno), error.msg, "JSON")) from None
    except RecursionError:
        raise InputError(Fault(Place(path), "is nested too deeply", f"at most {MAX_DEPTH} levels")) from None


def _load_yaml(text: str, path: str, duplicates: list[Fault]) -> Any:
    import yaml

    try:
        loader = _strict_loader(path, duplicates)
        return yaml.load(text, Loader=loader)  # noqa: S506 - a SafeLoader that refuses more
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        raise InputError(Fault(place, error.problem or "is not YAML", "YAML")) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        place = Place(path, line, error.position - text.rfind("\n", 0, error.position))
        found = f"special characters are not allowed: U+{ord(text[error.position]):04X}"
        raise InputError(Fault(place, found, "printable text")) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(Fault(Place(path), str(error).splitlines()[0], "YAML")) from None
    except (TypeError, AttributeError, IndexError):  # how PyYAML's constructors take a tag such as `!!int ""`
        raise InputError(Fault(Place(path), "a tag (!!name) does not fit its value", "YAML")) from None
    except RecursionError:
        raise InputError(Fault(Place(path), "is nested too deeply", f"at most {MAX_DEPTH} levels")) from None


def _strict_loader(path: str, duplicates: list[Fault]) -> Any:
    """A SafeLoader that refuses aliases (bombs) and keys that are no scalars, and gathers duplicate keys."""
    import yaml

    class Strict(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "an alias (*name) is not allowed here", mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise yaml.constructor.ConstructorError(
                        None, None, "a key is not plain text", key.start_mark
                    )
                if key.value in seen:
                    place = Place(path, key.start_mark.line + 1, key.start_mark.column + 1)
                    duplicates.append(Fault(place, f"duplicate key {key.value!r}", "each key once"))
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    return Strict


def _yaml_places(text: str) -> dict[tuple[Key, ...], tuple[int, int]]:
    import yaml

    places: dict[tuple[Key, ...], tuple[int, int]] = {}

    def walk(node: Any, keys: tuple[Key, ...]) -> None:
        places.setdefault(keys, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                places[(*keys, key.value)] = (key.start_mark.line + 1, key.start_mark.column + 1)
                walk(value, (*keys, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                walk(value, (*keys, number))

    root = _compose(text)
    if root is not None:
        walk(root, ())
    return places


def _compose(text: str) -> Any:
    """Give YAML's nodes, None where there are none: JSON is YAML but for tabs, and then has no places."""
    import yaml

    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None


def _yaml_scalars(text: str) -> dict[tuple[Key, ...], tuple[int, str]]:
    """Give where the characters of each text begin in the source, and the text itself."""
    import yaml

    scalars: dict[tuple[Key, ...], tuple[int, str]] = {}

    def walk(node: Any, keys: tuple[Key, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                walk(value, (*keys, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                walk(value, (*keys, number))
        else:
            start = node.start_mark.index
            if node.style in ("|", ">"):
                start = text.find("\n", start) + 1
            scalars[keys] = (start + (node.style in ("'", '"')), node.value)

    root = _compose(text)
    if root is not None:
        walk(root, ())
    return scalars


_HALF = re.compile("[\ud800-\udfff]")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGN = re.compile(r"^\s*([A-Za-z0-9_.\-\"']+)\s*=")


def _toml_places(text: str) -> dict[tuple[Key, ...], tuple[int, int]]:
    """Find tables and keys at the start of a line; tomllib keeps no places, and this is enough to point at them."""
    places: dict[tuple[Key, ...], tuple[int, int]] = {(): (1, 1)}
    table: tuple[Key, ...] = ()
    counts: dict[tuple[Key, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        column = len(line) - len(line.lstrip()) + 1
        if header := _HEADER.match(line):
            table = _toml_table(_toml_key(header[2]), header[1] == "[[", counts)
            places[table] = (number, column)
        elif assign := _ASSIGN.match(line):
            places.setdefault((*table, *_toml_key(assign[1])), (number, column))
    return places


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
        return "one of " + ", ".join(str(value) for value in error.validator_value)
    return str(described) or str(error.message)
