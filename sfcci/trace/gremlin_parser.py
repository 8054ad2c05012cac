"""An expression read: steps as frozen values, each with its parameters and its place.

Both dialects: names in any case, commas between parameters or none, `At` and `Context`, `Since`. What a step makes of
its parameters is the step's; what no step can have is refused here, before anything is looked at.
Source: the grammar that Skydive's scanner and parser accept (0.9 and 0.28).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sfcci.trace.gremlin_scanner import Expression, Word

MOST_STEPS: Final = 500
MOST_PARAMETERS: Final = 10_000
DEEPEST: Final = 10
"""Predicates in predicates."""


class Symbol(Enum):
    """A bare word."""

    ASC = "ASC"
    DESC = "DESC"
    NOW = "NOW"
    FOREVER = "FOREVER"


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a value is asked: NE, WITHIN, REGEX ... (upper case), and METADATA, the keys and values of ShortestPathTo."""

    name: str
    parameters: tuple["Parameter", ...]
    at: int


Parameter = str | int | float | bool | Symbol | Predicate


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name in upper case, `written` as it was, its place in the expression."""

    name: str
    written: str
    parameters: tuple[Parameter, ...]
    at: int


PREDICATES: Final = {
    "NE": 1,
    "NEE": 1,
    "LT": 1,
    "GT": 1,
    "LTE": 1,
    "GTE": 1,
    "INSIDE": 2,
    "OUTSIDE": 2,
    "BETWEEN": 2,
    "WITHIN": None,
    "WITHOUT": None,
    "REGEX": 1,
    "IPV4RANGE": 1,
    "METADATA": None,
    "SINCE": 1,
}
"""How many parameters each predicate takes; None: any number."""

Check = Callable[[tuple[Parameter, ...]], str]
"""What is wrong with a step's parameters; "" is nothing."""


def _texts(least: int, most: int | None) -> Check:
    """So many parameters, all of them texts."""

    def check(parameters: tuple[Parameter, ...]) -> str:
        right = least <= len(parameters) and (most is None or len(parameters) <= most)
        if right and all(isinstance(one, str) for one in parameters):
            return ""
        number = {
            (0, 1): "at most one text",
            (1, 1): "one text",
            (0, None): "texts",
            (1, None): "one text or more",
        }
        return number[least, most]

    return check


def _numbers(count: int) -> Check:
    """So many whole numbers from 0."""

    def check(parameters: tuple[Parameter, ...]) -> str:
        right = len(parameters) == count and all(type(one) is int and one >= 0 for one in parameters)
        return "" if right else ("a whole number" if count == 1 else "two whole numbers, from and to")

    return check


def _none(parameters: tuple[Parameter, ...]) -> str:
    return "no parameter" if parameters else ""


def _sorted(parameters: tuple[Parameter, ...]) -> str:
    *order, key = parameters or ("",)
    right = isinstance(key, str) and (not order or order in ([Symbol.ASC], [Symbol.DESC]))
    return "" if right else "nothing, a key, or ASC or DESC and a key"


def _shortest(parameters: tuple[Parameter, ...]) -> str:
    right = 1 <= len(parameters) <= 2 and all(  # noqa: PLR2004 - of the nodes, and of the edges
        isinstance(one, Predicate) and one.name == "METADATA" for one in parameters
    )
    return "" if right else "Metadata(key, value, ...) of the end, and of the edges"


def _anything(_: tuple[Parameter, ...]) -> str:
    return ""


STEPS: Final[dict[str, Check]] = {
    "V": _texts(0, 1),
    "E": _texts(0, 1),
    "CONTEXT": _anything,
    "HAS": _anything,
    "HASEITHER": _anything,
    "HASKEY": _texts(1, 1),
    "HASNOT": _texts(1, 1),
    **dict.fromkeys(("OUT", "IN", "BOTH", "OUTE", "INE", "BOTHE", "OUTV", "INV", "BOTHV"), _anything),
    "DEDUP": _texts(0, None),
    "COUNT": _none,
    "LIMIT": _numbers(1),
    "RANGE": _numbers(2),
    "SORT": _sorted,
    "VALUES": _texts(1, 1),
    "VALUEMAP": _texts(1, None),
    "KEYS": _none,
    "SUM": _anything,
    "SHORTESTPATHTO": _shortest,
    "SUBGRAPH": _anything,
    "AS": _texts(1, 1),
    "SELECT": _texts(1, None),
    **dict.fromkeys(("ASCENDANTS", "DESCENDANTS", "NEIGHBORS"), _anything),
    "NEXTHOP": _texts(1, 1),
    "METRICS": _texts(0, 1),
    "SOCKETS": _none,
    "FLOWS": _anything,
    **dict.fromkeys(("HOPS", "CAPTURENODE", "NODES"), _anything),
    "AGGREGATES": _anything,
    "RAWPACKETS": _none,
    "BPF": _texts(1, 1),
    "GROUP": _texts(0, 1),
    "GROUPBY": _texts(1, 1),
    "MORETHAN": _anything,
    "CHAINPATH": _none,
    "WORKFLOW": _anything,
}
"""The steps, and what their parameters must be."""

_UNUSUAL: Final = (
    *(
        "ShortestPathTo",
        "SubGraph",
        "HasEither",
        "HasKey",
        "HasNot",
        "OutE",
        "InE",
        "BothE",
        "OutV",
        "InV",
        "BothV",
    ),
    *(
        "ValueMap",
        "NextHop",
        "CaptureNode",
        "RawPackets",
        "GroupBy",
        "MoreThan",
        "ChainPath",
        "Ipv4Range",
        "BPF",
    ),
    *("V", "E", "G", "NE", "NEE", "LT", "GT", "LTE", "GTE", "TRUE", "FALSE", "NOW", "FOREVER", "ASC", "DESC"),
)
SPELLED: Final = {name.upper(): name for name in _UNUSUAL}
"""How names are written that are not simply capitalised."""

SAME: Final = {"AT": "CONTEXT", "NODE": "CAPTURENODE"}
"""Other names of steps."""


def parse(expression: Expression) -> tuple[Step, ...]:
    """The steps behind G. A mid-way `.G` is a step too, which goes back to the graph.

    Raises:
        InputError: It is no expression; with the column.
    """
    return _Parser(expression).steps()


class _Parser:
    """Reads words from left to right."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self.words = expression.words()
        self.at = 0
        self.parameters_read = 0

    def next(self) -> Word:
        word = self.words[self.at]
        self.at = min(self.at + 1, len(self.words) - 1)
        return word

    def steps(self) -> tuple[Step, ...]:
        word = self.next()
        if word.kind != "name" or word.text.upper() != "G":
            raise self.expression.fault(word.at, _shown(word), "G, the graph", "such as G.V() or G.Flows()")
        steps: list[Step] = []
        while (word := self.next()).kind != "end":
            if word.text != "." or word.kind != "sign":
                raise self.expression.fault(word.at, _shown(word), "a . and the next step, or the end")
            if len(steps) >= MOST_STEPS:
                raise self.expression.fault(word.at, f"more than {MOST_STEPS} steps", "fewer")
            steps.append(self.step())
        return tuple(steps)

    def step(self) -> Step:
        word = self.next()
        name = word.text.upper() if word.kind == "name" else ""
        name = SAME.get(name, name)
        if name == "G":
            return Step("G", word.text, (), word.at)
        if name not in STEPS:
            raise self.expression.fault(
                word.at, _shown(word), "the name of a step", _alike(name, [*STEPS, *SAME])
            )
        parameters = self.parameters(word, 0)
        if wrong := STEPS[name](parameters):
            raise self.expression.fault(word.at, f"{word.text}({_list(parameters)})", wrong)
        return Step(name, word.text, parameters, word.at)

    def parameters(self, of: Word, depth: int) -> tuple[Parameter, ...]:
        """What stands between the parentheses behind `of`."""
        opens = self.next()
        if opens.text != "(" or opens.kind != "sign":
            raise self.expression.fault(opens.at, _shown(opens), f"a ( behind {of.text}")
        read: list[Parameter] = []
        while (word := self.next()).text != ")" or word.kind != "sign":
            if word.kind == "end":
                raise self.expression.fault(opens.at, f"the ( behind {of.text} is never closed", "a )")
            if word.text == "," and word.kind == "sign":
                continue
            self.parameters_read += 1
            if self.parameters_read > MOST_PARAMETERS:
                raise self.expression.fault(word.at, f"more than {MOST_PARAMETERS} parameters", "fewer")
            read.append(self.parameter(word, depth))
        return tuple(read)

    def parameter(self, word: Word, depth: int) -> Parameter:
        if word.kind == "text":
            return word.text
        if word.kind == "number":
            return self.number(word)
        name = word.text.upper()
        if name in ("TRUE", "FALSE"):
            return name == "TRUE"
        if name in Symbol.__members__:
            return Symbol[name]
        if name in PREDICATES:
            return self.predicate(word, depth + 1)
        raise self.expression.fault(
            word.at,
            _shown(word),
            "a text in quotes, a number or a predicate",
            _alike(name, [*PREDICATES, *Symbol.__members__, "TRUE", "FALSE"]),
        )

    def number(self, word: Word) -> int | float:
        if len(word.text) > 40:  # noqa: PLR2004 - no figure of a graph is longer
            raise self.expression.fault(word.at, f"a number of {len(word.text)} digits", "at most 40")
        return float(word.text) if "." in word.text else int(word.text)

    def predicate(self, word: Word, depth: int) -> Predicate:
        if depth > DEEPEST:
            raise self.expression.fault(word.at, f"predicates in predicates, {DEEPEST} deep", "fewer")
        name = word.text.upper()
        parameters = self.parameters(word, depth)
        count = PREDICATES[name]
        if count is not None and len(parameters) != count:
            wanted = "one parameter" if count == 1 else "two parameters"
            raise self.expression.fault(word.at, f"{word.text}({_list(parameters)})", wanted)
        if name in ("REGEX", "IPV4RANGE") and not isinstance(parameters[0], str):
            raise self.expression.fault(word.at, f"{word.text}({_list(parameters)})", "a text in quotes")
        if name == "METADATA" and (
            len(parameters) % 2 or not all(isinstance(key, str) for key in parameters[::2])
        ):
            raise self.expression.fault(
                word.at, f"{word.text}({_list(parameters)})", "keys and values in pairs"
            )
        return Predicate(name, parameters, word.at)


def _shown(word: Word) -> str:
    return "the end" if word.kind == "end" else repr(word.text)


def _list(parameters: tuple[Parameter, ...]) -> str:
    text = ", ".join(shown(one) for one in parameters)
    return text if len(text) <= 100 else text[:99] + "…"  # noqa: PLR2004 - a line of a message


def shown(parameter: Parameter) -> str:
    """A parameter as it is written."""
    match parameter:
        case bool():
            return str(parameter).lower()
        case Symbol():
            return parameter.value
        case Predicate():
            return f"{spelled(parameter.name)}({_list(parameter.parameters)})"
        case str():
            return f"'{parameter}'"
        case _:
            return str(parameter)


def spelled(name: str) -> str:
    """A name in upper case as it is usually written."""
    return SPELLED.get(name, name.capitalize())


def _alike(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant."""
    from difflib import get_close_matches

    found = get_close_matches(name[:40], list(names), 1)
    return f"did you mean {spelled(found[0])}?" if found else ""
