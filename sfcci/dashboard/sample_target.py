"""A target that asks for the same of the made-up series: every path begins with `sample.`, so nodes count one more.

    aliasByNode(stats_counts.zuul.*.job, 2)  ->  aliasByNode(sample.stats_counts.zuul.*.job, 3)

Where a regular expression looks at a whole name (aliasSub, grep, exclude ...), its `^` leaves room for the prefix.
"""

import re
from collections.abc import Iterator

from sfcci.dashboard import target as grammar
from sfcci.dashboard.function import functions

PREFIX = "sample."
REFERENCE = "#"
"""With it begins a path that means another target of the panel."""
NODES = ("node", "nodeOrTag")
REGEXES = {"aliasSub": 1, "aliasQuery": 1, "grep": 1, "exclude": 1}
"""Function → the position of a regular expression that is matched against whole names."""
TEMPLATES = {"applyByNode": 2}
"""Function → the position of a target in quotes, in which % stands for what is matched."""
PLACEHOLDER = "%"
_NUMBER = re.compile(r"\d+")
_Change = tuple[int, int, str]
"""Begin and end of what is replaced, and what by."""


def sample_target(text: str) -> str:
    """Give the target with every path below `sample.`; the rest stays as it is written. Raises TargetError."""
    tree = grammar.parse_target(text)
    changes = [*_paths(tree), *(one for call in grammar.calls(tree) for one in _arguments(call))]
    for begin, end, new in sorted(changes, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def own_paths(tree: grammar.Target) -> Iterator[grammar.Path]:
    """Give the paths that name series, references to other targets left out."""
    return (path for path in grammar.paths(tree) if not path.text.startswith(REFERENCE))


def _paths(tree: grammar.Target) -> Iterator[_Change]:
    for path in own_paths(tree):
        if not path.text.startswith(PLACEHOLDER):
            yield path.offset, path.offset, PREFIX


def _arguments(call: grammar.Call) -> Iterator[_Change]:
    parameters = functions().get(call.name, ())
    for number, argument in enumerate(call.arguments):
        kind = parameters[min(number, len(parameters) - 1)].kind if parameters else ""
        yield from _argument(call.name, number, kind, argument)
    kinds = {one.name: (number, one.kind) for number, one in enumerate(parameters)}
    for name, argument in call.named:
        number, kind = kinds.get(name, (-1, ""))
        yield from _argument(call.name, number, kind, argument)


def _argument(function: str, number: int, kind: str, argument: grammar.Target) -> Iterator[_Change]:
    if not isinstance(argument, grammar.Literal):
        return
    begin, end = argument.offset, argument.offset + len(argument.text)
    if kind in NODES and _NUMBER.fullmatch(argument.text):  # a negative one counts from the end
        yield begin, end, str(int(argument.text) + 1)
    elif argument.kind is grammar.Kind.STRING and REGEXES.get(function) == number:
        yield begin + 1, end - 1, _with_room(argument.text[1:-1])
    elif argument.kind is grammar.Kind.STRING and TEMPLATES.get(function) == number:
        yield begin + 1, end - 1, _template(argument.text[1:-1])


def _with_room(regex: str) -> str:
    """Let a regular expression that begins at the begin of a name begin behind the prefix, too."""
    return re.sub(
        r"(?:\\.|\[\^?\]?[^\]]*\])|\^", lambda found: found[0] if found[0] != "^" else _BEGIN, regex
    )


_BEGIN = rf"^(?:{re.escape(PREFIX)})?"


def _template(text: str) -> str:
    try:
        return sample_target(text)
    except grammar.TargetError:
        return text
