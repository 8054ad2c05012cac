"""What a value is asked: equal, different, larger, in a list, like a pattern, in a network.

A text that is a number equals that number ('80' and 80). Of a list one item that fits is enough. NE needs a value that
is there; NEE and WITHOUT are content where there is none.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_network
from typing import Any, Final

from sfcci.trace.flow_key import ABSENT
from sfcci.trace.gremlin_parser import Parameter, Predicate, Step, shown
from sfcci.trace.gremlin_scanner import Expression
from sfcci.trace.pattern import PatternError, compiled

REMEMBERED: Final = 10_000
"""Texts whose answer a pattern or network remembers: a thousand flows have few different ones."""

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Match:
    """What is wanted of a value: `test` takes it, or ABSENT. `equals`: the values that fit, where that says it all."""

    test: Test
    equals: frozenset[str | int | float] | None = None


Pair = tuple[str, Match]
"""A key, and what is wanted there."""


def pairs(expression: Expression, step: Step, parameters: Sequence[Parameter] | None = None) -> list[Pair]:
    """The keys and what is wanted of each, from key, value, key, value ...; one key alone: that it is there.

    Raises:
        InputError: They are no pairs, or a value is none.
    """
    given = step.parameters if parameters is None else tuple(parameters)
    if len(given) == 1 and isinstance(given[0], str):
        return [(given[0], Match(_is_there))]
    if len(given) % 2 or not all(isinstance(key, str) for key in given[::2]):
        found = f"{step.written}({', '.join(map(shown, given[:6]))})"
        raise expression.fault(step.at, found, "keys and values in pairs, or one key")
    return [
        (str(key), match(expression, value, step.at))
        for key, value in zip(given[::2], given[1::2], strict=True)
    ]


def match(expression: Expression, value: Parameter, at: int) -> Match:
    """What a parameter wants of a value.

    Raises:
        InputError: It is nothing that a value can be asked.
    """
    if isinstance(value, str | int | float):
        equals = frozenset() if isinstance(value, bool) else _same(value)
        return Match(_any(_is(value)), equals or None)
    if not isinstance(value, Predicate) or value.name not in MAKERS:
        raise expression.fault(getattr(value, "at", at), shown(value), "a value or a predicate")
    return MAKERS[value.name](expression, value)


def _is_there(value: object) -> bool:
    return value is not ABSENT


def _any(test: Test) -> Test:
    """The test of a value of which one item is enough; nothing is no value."""

    def asked(value: Any) -> bool:
        if isinstance(value, list | tuple):
            return any(test(item) for item in value)
        return value is not ABSENT and test(value)

    return asked


def _same(value: str | float) -> frozenset[str | int | float]:
    """The values that equal a text or a number."""
    if isinstance(value, str):
        number = as_number(value)
        return frozenset({value} if number is None else {value, number})
    return frozenset({value, str(value), *((str(int(value)),) if value == int(value) else ())})


def as_number(text: str) -> int | float | None:
    """The number that a text is, written as numbers are: digits, one dot, a minus."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.replace(".", "", 1).isdigit()) or len(text) > 40:  # noqa: PLR2004 - no figure is longer
        return None
    return float(text) if "." in text else int(text)


def _is(value: str | float) -> Test:
    if isinstance(value, bool):
        return lambda item: item is value
    same = _same(value)
    return lambda item: isinstance(item, str | int | float) and not isinstance(item, bool) and item in same


def _not(expression: Expression, predicate: Predicate) -> Match:
    inner = match(expression, predicate.parameters[0], predicate.at).test
    if predicate.name == "NE":
        return Match(lambda value: value is not ABSENT and not inner(value))
    return Match(lambda value: not inner(value))


def _listed(expression: Expression, predicate: Predicate) -> Match:
    inner = [match(expression, one, predicate.at) for one in predicate.parameters]
    if predicate.name == "WITHOUT":
        return Match(lambda value: not any(one.test(value) for one in inner))
    equals = [one.equals for one in inner]
    whole = frozenset().union(*(one or () for one in equals)) if all(equals) else None
    return Match(lambda value: any(one.test(value) for one in inner), whole or None)


COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "LT": operator.lt,
    "GT": operator.gt,
    "LTE": operator.le,
    "GTE": operator.ge,
}


def _compared(expression: Expression, predicate: Predicate) -> Match:
    compare, bound = COMPARE[predicate.name], _bounds(expression, predicate)[0]
    return Match(_any(lambda item: _is_number(item) and compare(item, bound)))


def _between(expression: Expression, predicate: Predicate) -> Match:
    low, high = _bounds(expression, predicate)
    tests: dict[str, Test] = {
        "INSIDE": lambda item: low < item < high,
        "BETWEEN": lambda item: low <= item < high,
        "OUTSIDE": lambda item: item < low or item > high,
    }
    test = tests[predicate.name]
    return Match(_any(lambda item: _is_number(item) and test(item)))


def _is_number(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _bounds(expression: Expression, predicate: Predicate) -> list[int | float]:
    """The numbers of a comparison; a text that is a number is one."""
    found = []
    for one in predicate.parameters:
        number = as_number(one) if isinstance(one, str) else one
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise expression.fault(predicate.at, shown(predicate), "a number", "such as Lt(100)")
        found.append(number)
    return found


def _pattern(expression: Expression, predicate: Predicate) -> Match:
    text = str(predicate.parameters[0])
    try:
        search = lru_cache(REMEMBERED)(compiled(text))
    except PatternError as error:
        found = f"{shown(predicate)}: {error}"
        raise expression.fault(predicate.at, found, "a regular expression as Go's (RE2)") from None
    return Match(_any(lambda item: isinstance(item, str) and search(item)))


def _network(expression: Expression, predicate: Predicate) -> Match:
    text = str(predicate.parameters[0])
    try:
        network = ip_network(text if "/" in text else "", strict=False)
    except ValueError:
        raise expression.fault(predicate.at, shown(predicate), "a network such as 10.0.0.0/24") from None

    begin, bits = int(network.network_address), network.max_prefixlen - network.prefixlen

    def inside(item: str) -> bool:
        number = _address(item.partition("/")[0], network.version)
        return number is not None and number >> bits == begin >> bits

    return Match(_any(lambda item: isinstance(item, str) and inside(item)))


def _address(text: str, version: int) -> int | None:
    """An address as a number; None where the text is none of this version."""
    if version == 4:  # noqa: PLR2004 - by hand, for ipaddress takes several times as long
        parts = text.split(".")
        if len(parts) != 4 or not all(one.isascii() and one.isdigit() and int(one) < 256 for one in parts):  # noqa: PLR2004 - four octets
            return None
        a, b, c, d = map(int, parts)
        return a << 24 | b << 16 | c << 8 | d
    try:
        return int(IPv6Address(text))
    except ValueError:
        return None


MAKERS: Final[dict[str, Callable[[Expression, Predicate], Match]]] = {
    "NE": _not,
    "NEE": _not,
    "WITHIN": _listed,
    "WITHOUT": _listed,
    **dict.fromkeys(COMPARE, _compared),
    **dict.fromkeys(("INSIDE", "BETWEEN", "OUTSIDE"), _between),
    "REGEX": _pattern,
    "IPV4RANGE": _network,
}
