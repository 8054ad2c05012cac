"""The reference's page of settings: each key with its variable, its default and what the code says of it."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.manual.markdown import code, prose, table

Told = Mapping[str, Mapping[str, tuple[str, str]]]
"""Class → attribute → (its default as it is written, its docstring)."""


def page(schema: Mapping[str, Any], told: Told) -> str:
    """Give the page out of the schema of sfcci.toml, and what the code tells of the classes of its sections."""
    return "\n".join(_page(schema, told)) + "\n"


def _page(schema: Mapping[str, Any], told: Told) -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Flags come first, then a variable of the environment, then `sfcci.toml` in the project, then the default."
    yield "The project is the current folder, or the one that `SFCCI_PROJECT` names. Secrets are never on a command line."
    for section, value in schema["properties"].items():
        yield ""
        yield f"## `[{section}]`"
        yield ""
        known = told.get(section.capitalize(), {})
        rows = (_row(section, key, one, known) for key, one in value["properties"].items())
        yield from table(("key", "variable", "default", "meaning"), rows)


def _row(section: str, key: str, schema: Mapping[str, Any], told: Mapping[str, tuple[str, str]]) -> list[str]:
    default, text = told.get(key, ("", ""))
    meaning = text or schema.get("description", "")
    shown = code(default) if default else ""
    return [code(key), code(f"SFCCI_{section}_{key}".upper()), shown, prose(" ".join(meaning.split()))]


def attributes(source: str) -> Told:
    """Give what the text of a module says of the attributes of its dataclasses: default and docstring."""
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {one.name: dict(_attributes(one)) for one in classes}


def _attributes(found: ast.ClassDef) -> Iterator[tuple[str, tuple[str, str]]]:
    for node, after in zip(found.body, [*found.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, (_constant(node.value), _text(after))


def _constant(node: ast.expr | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _text(node: ast.stmt | None) -> str:
    value = node.value if isinstance(node, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
