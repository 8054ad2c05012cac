# ruff: noqa: INP001 - run by Graphite's own interpreter, no package here
"""Reads usual targets fast: graphite-web's own grammar takes 3 ms for each, and graphite-web asks it twice.

Nested calls with plain paths, numbers and strings are read here, in the words that graphite-web's evaluator looks for; all
else (pipes, `template`, `seriesByTag`, named arguments, escapes, what is broken) is left to its own grammar, with its own
errors.
"""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DEEPEST = 30
"""Calls within calls beyond that are left to graphite-web's grammar."""
_CHARS = r"[A-Za-z0-9_:*?\[\]$%&/;<>@^~!#+-]"
_PART = rf"(?:{_CHARS}|\{{{_CHARS}+(?:,{_CHARS}+)*\}})+"
_PATH = re.compile(rf"(?=[A-Za-z_]){_PART}(?:\.{_PART})*")
_CALL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\( *")
_NUMBER = re.compile(r"(-?[0-9]+)(\.[0-9]+)?(?=[,)])")
_STRING = re.compile(r"'[^'\"\\\n\r\t]*'|\"[^'\"\\\n\r\t]*\"")
_TRUTH = re.compile(r"(true|false)(?=[,)])")
_WORD = re.compile(r"(?:true|false|none|inf)(?![A-Za-z0-9_$])|template|seriesByTag", re.IGNORECASE)
"""What begins so means something else, or may."""
_NEXT = re.compile(r" *(?:, *|(\)))")


class Words:
    """What the evaluator looks for in one place of a target; what it is not is empty, as in pyparsing's results."""

    template = expression = pathExpression = call = number = string = ""  # noqa: N815 - the evaluator's names
    boolean = none = infinity = integer = float = scientific = funcname = raw = args = kwargs = ""

    def __init__(self, **found: Any) -> None:
        self.__dict__.update(found)


class _NoCalls(list[Any]):
    """The pipes behind an expression: none."""

    def asList(self) -> list[Any]:  # noqa: N802 - pyparsing's name
        return []


def read(text: str) -> Words | None:
    """Give a target's words; None for what graphite-web's own grammar shall read."""
    found = _expression(text, 0, 0)
    return found[0] if found and found[1] == len(text) else None


def _expression(text: str, at: int, depth: int) -> tuple[Words, int] | None:
    """Read a path or a call; give it and where it ends."""
    if _WORD.match(text, at) or depth > DEEPEST:
        return None
    call = _CALL.match(text, at)
    path = None if call else _PATH.match(text, at)
    if path:
        return Words(expression=Words(pathExpression=path[0], pipedCalls=_NoCalls())), path.end()
    read_arguments = call and _arguments(text, call.end(), depth + 1)
    if not call or not read_arguments:
        return None
    arguments, end = read_arguments
    called = Words(funcname=call[1], args=arguments, kwargs=[])
    return Words(expression=Words(call=called, pipedCalls=_NoCalls())), end


def _arguments(text: str, at: int, depth: int) -> tuple[list[Words], int] | None:
    """Read what stands in the parentheses of a call, one at least; give it and where the call ends."""
    arguments = []
    while one := _scalar(text, at) or _expression(text, at, depth):
        arguments.append(one[0])
        after = _NEXT.match(text, one[1])
        if not after:
            return None
        if after[1]:
            return arguments, after.end()
        at = after.end()
    return None


def _scalar(text: str, at: int) -> tuple[Words, int] | None:
    if found := _NUMBER.match(text, at):
        kind = "float" if found[2] else "integer"
        return Words(number=Words(**{kind: found[0]})), found.end()
    if found := _STRING.match(text, at):
        return Words(string=found[0]), found.end()
    if found := _TRUTH.match(text, at):
        return Words(boolean=[found[0]]), found.end()
    return None


def install() -> None:
    """Have graphite-web read targets so; what is not usual goes to its own grammar as before."""
    from graphite.render.grammar import grammar

    slowly: Callable[[str], Any] = grammar.parseString
    grammar.parseString = lambda text: read(text) or slowly(text)
