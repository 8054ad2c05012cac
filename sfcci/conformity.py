"""A quick yes to whether a value agrees with a JSON Schema. Pure; who needs the faults asks jsonschema, which is slow to load."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_TOLD = {"$schema", "$id", "default", "description", "else", "examples", "then", "title"}
"""Keywords that demand nothing: `then` and `else` are asked by `if`."""


def conforms(value: Any, schema: Schema | bool) -> bool:
    """Say whether a value surely agrees with a schema; False means that it does not, or that only jsonschema can tell."""
    if isinstance(schema, bool):
        return schema
    return all(
        keyword in _TOLD or (keyword in _RULES and _RULES[keyword](value, demand, schema))
        for keyword, demand in schema.items()
    )


def _type(value: Any, kinds: str | list[str], _schema: Schema) -> bool:
    return any(_is_a(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _is_a(value: Any, kind: str) -> bool:
    known = isinstance(value, _KINDS.get(kind, ()))
    return known and (kind == "boolean" or not isinstance(value, bool))


def _properties(value: Any, properties: Mapping[str, Schema], _schema: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(conforms(value[key], schema) for key, schema in properties.items() if key in value)


def _additional(value: Any, demand: Schema | bool, schema: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    known = schema.get("properties", {})
    return all(conforms(inner, demand) for key, inner in value.items() if key not in known)


def _names(value: Any, demand: Schema | bool, _schema: Schema) -> bool:
    return not isinstance(value, dict) or all(conforms(key, demand) for key in value)


def _condition(value: Any, test: Schema | bool, schema: Schema) -> bool:
    if conforms(value, test):
        return conforms(value, schema.get("then", True))
    return _decides(test) and conforms(value, schema.get("else", True))


def _decides(schema: Schema | bool) -> bool:
    """Say whether the no of `conforms` is sure, too, with this schema."""
    if isinstance(schema, bool):
        return True
    inner = schema.get("properties", {}).values()
    return (
        schema.keys() <= {"type", "properties", "required"}
        and "integer" not in schema.get("type", ())
        and all(map(_decides, inner))
    )


def _enum(value: Any, allowed: list[Any], _schema: Schema) -> bool:
    return isinstance(value, str | int) and any(type(one) is type(value) and one == value for one in allowed)


def _differ(items: list[Any]) -> bool:
    return all(isinstance(one, str) for one in items) and len(set(items)) == len(items)


def _bound(within: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Schema], bool]:
    """A rule for numbers alone."""

    def rule(value: Any, bound: Any, _schema: Schema) -> bool:
        return not isinstance(value, int | float) or isinstance(value, bool) or within(value, bound)

    return rule


_RULES: Mapping[str, Callable[[Any, Any, Schema], bool]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "minProperties": lambda value, count, _: not isinstance(value, dict) or len(value) >= count,
    "maxProperties": lambda value, count, _: not isinstance(value, dict) or len(value) <= count,
    "if": _condition,
    "anyOf": lambda value, schemas, _: any(conforms(value, schema) for schema in schemas),
    "required": lambda value, keys, _: not isinstance(value, dict) or all(key in value for key in keys),
    "items": lambda value, schema, _: (
        not isinstance(value, list) or all(conforms(inner, schema) for inner in value)
    ),
    "minItems": lambda value, count, _: not isinstance(value, list) or len(value) >= count,
    "maxItems": lambda value, count, _: not isinstance(value, list) or len(value) <= count,
    "uniqueItems": lambda value, demand, _: not (demand and isinstance(value, list)) or _differ(value),
    "minLength": lambda value, count, _: not isinstance(value, str) or len(value) >= count,
    "pattern": lambda value, text, _: not isinstance(value, str) or re.search(text, value) is not None,
    "enum": _enum,
    "minimum": _bound(lambda value, bound: value >= bound),
    "maximum": _bound(lambda value, bound: value <= bound),
    "exclusiveMinimum": _bound(lambda value, bound: value > bound),
}
"""Keyword → does the value meet it? What is not here is jsonschema's to judge."""
