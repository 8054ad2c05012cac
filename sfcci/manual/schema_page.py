"""Pages of the reference about documents: every word that a JSON Schema allows, where it stands, what it takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.document import TYPE_NAMES
from sfcci.manual.markdown import code, table

BRANCHES = ("then", "else", "oneOf", "anyOf")


Row = tuple[str, str, bool]
"""The way to a word, what it takes, whether it must be there."""
NO_NEWS = ("a mapping", "a list, each a mapping", "a mapping or nothing")
"""What a word takes that is told by the words below it."""


def page(
    title: str, intro: str, schema: Mapping[str, Any], elsewhere: Mapping[str, str] | None = None
) -> str:
    """Give the page of a kind of document; `elsewhere`: words whose own words are told in another place, with the text that says so."""
    rows = [row for row in dict.fromkeys(words(schema, elsewhere or {})) if row[2] or row[1] not in NO_NEWS]
    lines = [f"# {title}", "", intro, "", *table(("word", "takes", ""), map(_shown, rows))]
    return "\n".join(lines) + "\n"


def _shown(row: Row) -> tuple[str, str, str]:
    path, takes, required = row
    return code(path), takes, "required" if required else ""


def words(schema: Mapping[str, Any], elsewhere: Mapping[str, str], path: str = "") -> Iterator[Row]:
    """Give every word of a schema; NAME stands for a name of one's own, [] for each of a list."""
    for part in _parts(schema):
        required = part.get("required", ())
        below = {key: (value, key in required) for key, value in part.get("properties", {}).items()}
        below |= {key: (value, False) for key, value in part.get("patternProperties", {}).items()}
        if isinstance(more := part.get("additionalProperties"), Mapping):
            below["NAME"] = (more, False)
        for key, (value, needed) in below.items():
            way = f"{path}.{key}" if path else key
            yield way, elsewhere.get(way) or takes(value), needed
            if way not in elsewhere:
                yield from words(value, elsewhere, way)
        if isinstance(part.get("items"), Mapping):
            yield from words(part["items"], elsewhere, f"{path}[]")


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and what it says besides, for documents of one form or another."""
    yield schema
    for key in BRANCHES:
        found = schema.get(key, [])
        for one in found if isinstance(found, list) else [found]:
            yield from _parts(one)


def takes(schema: Mapping[str, Any]) -> str:
    """Say what a schema asks for, in a few words: its own description where it has one."""
    if description := schema.get("description"):
        return str(description)
    if "enum" in schema:
        return ", ".join(_value(one) for one in schema["enum"])
    if "const" in schema:
        return _value(schema["const"])
    branches = [one for one in _parts(schema) if one is not schema and takes(one)]
    kinds = schema.get("type", [])
    named = [_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " or ".join(dict.fromkeys(named or (takes(one) for one in branches)))


def _kind(kind: str, schema: Mapping[str, Any]) -> str:
    items = schema.get("items")
    if kind == "array" and isinstance(items, Mapping) and isinstance(items.get("type"), str):
        return f"a list, each {TYPE_NAMES[items['type']]}"
    return TYPE_NAMES[kind] + _bounds(kind, schema)


def _bounds(kind: str, schema: Mapping[str, Any]) -> str:
    if kind not in {"integer", "number"}:
        return ""
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f" from {least} to {most}"
    return f", at least {least}" if least is not None else f", at most {most}" if most is not None else ""


def _value(value: object) -> str:
    return code({None: "null", True: "true", False: "false"}.get(value, str(value)))  # type: ignore[call-overload]
