"""Graphite's targets: text ⇄ tree, with the column of everything and the end of the input insisted on.

The language is that of graphite-web 1.1 (render/grammar): calls with positional, then named arguments, strings, numbers,
booleans, None, inf, path expressions with braces and wildcards, pipes. graphite-web takes the longest prefix that it
understands and forgets the rest; here the rest is an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn

from sfcci.errors import Fault, InputError, Place

MAX_DEPTH = 60
SPECIAL = "(){},.'\"\\|"
"""Characters that a path holds only after a backslash."""


class Kind(StrEnum):
    """What a literal is."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NONE = "none"
    INFINITY = "infinity"


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal as it is written, quotes included. `offset` counts characters from 0."""

    kind: Kind
    text: str
    offset: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return self.text

    @property
    def value(self) -> str | float | bool | None:
        """Give what Graphite makes of it: a string keeps its backslashes, as graphite-web does."""
        if self.kind is Kind.STRING:
            return self.text[1:-1]
        if self.kind is Kind.BOOLEAN:
            return self.text.lower() == "true"
        return None if self.kind is Kind.NONE else float(self.text)


@dataclass(frozen=True, slots=True)
class Path:
    """A path expression: parts between dots, with wildcards, braces and template variables."""

    text: str
    offset: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Call:
    """A function call. `piped`: the first argument stands before a pipe, `a.b|sumSeries()`."""

    name: str
    arguments: "tuple[Target, ...]" = ()
    named: "tuple[tuple[str, Target], ...]" = ()
    piped: bool = False
    offset: int = field(default=0, compare=False)

    def __str__(self) -> str:
        inside = [str(argument) for argument in self.arguments[self.piped :]]
        inside += [f"{name}={value}" for name, value in self.named]
        text = f"{self.name}({','.join(inside)})"
        return f"{self.arguments[0]}|{text}" if self.piped else text


Target = Literal | Path | Call
"""A node of the tree; a whole target is a Path or a Call."""


class TargetError(InputError):
    """A target that Graphite would not understand to its end: `offset` (from 0), what was found and expected."""

    def __init__(self, offset: int, found: str, expected: str = "") -> None:
        self.offset, self.found, self.expected = offset, found, expected
        super().__init__(Fault(Place("target", 1, offset + 1), found, expected))


def parse_target(text: str) -> Path | Call:
    """Parse a whole target. Raises TargetError at the first character that does not belong."""
    parser = _Parser(text)
    tree, end = parser.expression(parser.skip(0), 0)
    end = parser.skip(end)
    if end < len(text):
        parser.refuse(end, "the end of the target")
    return tree


def paths(target: Target) -> Iterator[Path]:
    """Give the path expressions of a target, in the order in which they stand."""
    for node in walk(target):
        if isinstance(node, Path):
            yield node


def calls(target: Target) -> Iterator[Call]:
    """Give the function calls of a target, outer before inner."""
    for node in walk(target):
        if isinstance(node, Call):
            yield node


def walk(target: Target) -> Iterator[Target]:
    """Give every node, a call before its arguments."""
    pending = [target]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, Call):
            if node.named:
                pending += [value for _, value in reversed(node.named)]
            pending += node.arguments[::-1]


def with_variables(text: str, value: str) -> str:
    """Replace Grafana's template variables ($name, ${name}, [[name]]) by `value`."""
    return _VARIABLE.sub(value.replace("\\", "\\\\"), text) if "$" in text or "[[" in text else text


def has_variable(text: str) -> bool:
    """Say whether a text names one of Grafana's template variables."""
    return ("$" in text or "[[" in text) and bool(_VARIABLE.search(text))


def variables(text: str) -> Iterator[tuple[str, int]]:
    """Give the names of the template variables in a text, with their offsets."""
    for found in _VARIABLE.finditer(text):
        yield re.sub(r"[${}\[\]]|:.*", "", found[0]), found.start()


# A path is plain characters (graphite-web: printable ASCII but SPECIAL), escapes and braces between single dots.
# Atomic groups: a hostile target takes linear time. (Possessive quantifiers of groups are broken before Python 3.11.5.)
_PLAIN = r"(?>(?:[!#-&*+\-/-\[\]-z~]++|\\[(){},.'\"\\|=])+)"
_PART = rf"(?>(?:{_PLAIN}|\{{{_PLAIN}(?>(?:,{_PLAIN})*)\}})+)"
_PATH = re.compile(rf"{_PART}(?>(?:\.{_PART})*)")
_SPACE = re.compile(r"[ \t\r\n]*")
_SEPARATOR = re.compile(r"[ \t\r\n]*([,)])[ \t\r\n]*")
_PIPE = re.compile(r"[ \t\r\n]*\|[ \t\r\n]*")
_CALL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t\r\n]*\([ \t\r\n]*")
# Without a value behind it, "name=" is a path to graphite-web.
_NAMED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t\r\n]*=(?![ \t\r\n]*[,)|.])[ \t\r\n]*")
_LITERAL = re.compile(
    r"""(?P<string>"(?:[^"\n\r\\]|""|\\(?:[^x]|x[0-9a-fA-F]))*"|'(?:[^'\n\r\\]|''|\\(?:[^x]|x[0-9a-fA-F]))*')"""
    r"""|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]+)?)(?=[ \t\r\n]*[,)])"""
    r"""|(?i:(?P<boolean>true|false)|(?P<none>none)|(?P<infinity>inf))(?![A-Za-z0-9_$])"""
)
_KINDS = {kind.value: kind for kind in Kind}
_VARIABLE = re.compile(r"\$\{\w+(?::\w+)?\}|\$\w+|\[\[\w+(?::\w+)?\]\]")


class _Parser:
    """Recursive descent; every method takes an offset and gives what it read with the offset behind it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def expression(self, at: int, depth: int) -> tuple[Path | Call, int]:
        if depth > MAX_DEPTH:
            raise TargetError(at, "is nested too deeply", f"at most {MAX_DEPTH} levels")
        tree: Path | Call
        if found := _CALL.match(self.text, at):
            tree, end = self.call(found, depth, ())
        elif found := _PATH.match(self.text, at):
            end = found.end()
            tree = Path(found[0], at)
        else:
            self.refuse(at, "a function or a metric path")
        while pipe := _PIPE.match(self.text, end):
            if not (found := _CALL.match(self.text, pipe.end())):
                self.refuse(pipe.end(), "a function after the pipe")
            tree, end = self.call(found, depth, (tree,))
        return tree, end

    def call(self, name: re.Match[str], depth: int, piped: tuple[Target, ...]) -> tuple[Call, int]:
        at = name.end()
        arguments: list[Target] = [*piped]
        named: list[tuple[str, Target]] = []
        more = not self.text.startswith(")", at)
        end = at + 1
        while more:
            at = self.argument(at, depth, arguments, named)
            if not (separator := _SEPARATOR.match(self.text, at)):
                self.refuse(self.skip(at), f"',' or ')' in {name[1]}(...)", name.end())
            more, end = separator[1] == ",", separator.end(1)
            at = separator.end()
        if named and len(arguments) == len(piped):
            raise TargetError(name.end(), "a named argument comes first", "a positional one before it")
        return Call(name[1], tuple(arguments), tuple(named), bool(piped), name.start()), end

    def argument(self, at: int, depth: int, arguments: list[Target], named: list[tuple[str, Target]]) -> int:
        name = _NAMED.match(self.text, at)
        if named and not name:
            raise TargetError(at, "a positional argument behind a named one", "name=value")
        begin = name.end() if name else at
        value: Target
        if found := _LITERAL.match(self.text, begin):
            value, end = Literal(_KINDS[found.lastgroup or ""], found[0], begin), found.end()
        else:
            value, end = self.expression(begin, depth + 1)
        if name:
            named.append((name[1], value))
        else:
            arguments.append(value)
        return end

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def refuse(self, at: int, expected: str, opened: int | None = None) -> NoReturn:
        """Say why the text cannot go on at `at`; the most helpful explanation that fits."""
        text = self.text
        if at >= len(text):
            found = "the target ends here"
            if opened is not None:
                found += f" with the parenthesis of column {text.rindex('(', 0, opened) + 1} open"
            raise TargetError(at, found, expected)
        at, found = _explain(text, at)
        raise TargetError(at, found, expected if found.startswith("found") else "")


def _explain(text: str, at: int) -> tuple[int, str]:
    """Give the place and the name of the usual mistakes in paths and strings, else the character found."""
    character = text[at]
    if character in "'\"":
        return at, f"the quote {character} is opened and never closed"
    if character == "." and text[at + 1 : at + 2] == "{":
        at, character = at + 1, "{"
    if character == "{":
        inside = re.match(r"\{[^{}()'\"\s]*", text[at:])
        closed = inside and text[at + inside.end() : at + inside.end() + 1] == "}"
        problem = "holds a dot, an empty name or a brace" if closed else "is never closed"
        return at, f"the brace opened here {problem}"
    if character == "}":
        return at, "closes a brace that was never opened"
    if character == ".":
        return at, "an empty part in a path (two dots, or a dot at its end)"
    if not character.isascii():
        return at, f"the character {character!r} is outside ASCII"
    return at, f"found {character!r}"
