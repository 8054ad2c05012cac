"""Graphite's functions: which there are, what arguments each takes, and what is wrong with a call.

The facts are those of graphite-web 1.1.10's own description (`/functions`), kept in `function_table`. graphite-web checks
none of them unless it is told to (ENFORCE_INPUT_VALIDATION): a wrong call is an error 500, an empty panel, or a line with an
empty name. Kinds are judged as generously as graphite-web converts: '0.001' is a number.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sfcci.dashboard.function_table import TABLE
from sfcci.dashboard.target import Call, Kind, Literal, Path, Target, has_variable
from sfcci.document import did_you_mean
from sfcci.finding import Severity

TEMPLATE = "template"
"""Part of the grammar, not of the table: its arguments are a target and the values of its variables."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function, as graphite-web describes it; `multiple`: it takes all that is left."""

    name: str
    kind: str
    required: bool = False
    multiple: bool = False
    options: tuple[str, ...] = ()


UNKNOWN_FUNCTION = "UnknownFunction"


@dataclass(frozen=True, slots=True)
class Misuse:
    """What is wrong with a call: the keyword of the finding, where in the target (from 0), what, what next."""

    keyword: str
    offset: int
    what: str
    hint: str = ""
    severity: Severity = Severity.ERROR


def misuses(calls: Iterable[Call]) -> Iterator[Misuse]:
    """Give what is wrong with calls: unknown functions, counts, names and kinds of arguments."""
    table = functions()
    for call in calls:
        if call.name == TEMPLATE:
            continue
        if (parameters := table.get(call.name)) is None:
            hint = did_you_mean(call.name, sorted(table))
            yield Misuse(UNKNOWN_FUNCTION, call.offset, f"Graphite has no function {call.name}", hint)
        else:
            yield from _called(call, parameters)


@cache
def functions() -> Mapping[str, tuple[Parameter, ...]]:
    """Give the table: name of each function → its parameters in their order."""
    shared: dict[str, tuple[str, ...]] = {}
    table: dict[str, tuple[Parameter, ...]] = {}
    for line in TABLE.strip().splitlines():
        name, *words = line.split(" ")
        if name.startswith("@"):
            shared[name[1:]] = tuple(words)
        else:
            table[name] = tuple(_parameter(word, shared) for word in words)
    return table


def table_text(description: Mapping[str, Any]) -> str:
    """Spell graphite-web's description (the JSON of /functions) as the table does."""
    lines: dict[str, str] = {}
    for name in sorted(description):
        words = [name]
        for one in description[name]["params"]:
            marks = "" if one.get("required") else "?"
            marks += "*" if one.get("multiple") else ""
            options = [str(option) for option in one.get("options", [])]
            if options and one["type"] != "string":
                lines.setdefault(f"@{one['type']}", " ".join([f"@{one['type']}", *options]))
                options = []
            words.append(f"{one['name']}:{one['type']}{marks}" + ("=" + "|".join(options) if options else ""))
        lines[name] = " ".join(words)
    return "".join(f"{lines[name]}\n" for name in sorted(lines))


def _parameter(word: str, shared: Mapping[str, tuple[str, ...]]) -> Parameter:
    head, _, options = word.partition("=")
    name, _, kind = head.partition(":")
    plain = kind.rstrip("?*")
    chosen = tuple(options.split("|")) if options else shared.get(plain, ())
    return Parameter(name, plain, "?" not in kind, "*" in kind, chosen)


def _called(call: Call, parameters: tuple[Parameter, ...]) -> Iterator[Misuse]:
    many = bool(parameters) and parameters[-1].multiple
    if len(call.arguments) > len(parameters) and not many:
        extra = call.arguments[len(parameters)]
        what = f"{call.name} takes {_count(len(parameters))}, here is one more"
        yield Misuse("WrongArguments", extra.offset, what, _signature(call.name, parameters))
    for number, argument in enumerate(call.arguments):
        if number < len(parameters) or many:
            parameter = parameters[min(number, len(parameters) - 1)]
            if parameter.kind != "seriesList" or isinstance(argument, Literal):
                yield from _argued(call, parameter, argument)
    if call.named or any(one.required for one in parameters[len(call.arguments) :]):
        yield from _named(call, parameters)


def _named(call: Call, parameters: tuple[Parameter, ...]) -> Iterator[Misuse]:
    given = {one.name for one in parameters[: len(call.arguments)]}
    known = {one.name: one for one in parameters}
    for name, value in call.named:
        if name not in known:
            hint = did_you_mean(name, list(known)) or _signature(call.name, parameters)
            yield Misuse("WrongArguments", value.offset, f"{call.name} has no argument {name}", hint)
        elif name in given:
            yield Misuse("WrongArguments", value.offset, f"{call.name} is given {name} twice")
        else:
            yield from _argued(call, known[name], value)
        given.add(name)
    lost = [one.name for one in parameters if one.required and one.name not in given]
    if lost:
        what = f"{call.name} lacks {' and '.join(lost)}"
        yield Misuse("WrongArguments", call.offset, what, _signature(call.name, parameters))


def _argued(call: Call, parameter: Parameter, argument: Target) -> Iterator[Misuse]:
    if not isinstance(argument, Call) and has_variable(argument.text):
        return  # the dashboard's variable may be anything
    absent = isinstance(argument, Literal) and argument.kind is Kind.NONE
    if parameter.kind == "any" or (absent and not parameter.required):
        return
    fits, wanted = _KINDS[parameter.kind]
    if parameter.kind in ("interval", "intOrInterval") and _MINUTES.fullmatch(str(argument)):
        what = f"{argument} is no time for Graphite: Grafana makes 'min' of m and 'mon' of M before it asks"
        yield Misuse("WrongArguments", argument.offset, what, "write min or mon", Severity.INFO)
    elif not fits(argument):
        what = f"{call.name} takes {wanted} as {parameter.name}; found {_shown(argument)}"
        yield Misuse("WrongArguments", argument.offset, what, _quotes(parameter, argument))
    elif parameter.options and isinstance(argument, Literal) and not _offered(argument, parameter):
        known = ", ".join(parameter.options)
        hint = did_you_mean(str(argument.value), parameter.options) or f"it knows {known}"
        what = f"{call.name} does not know {argument.text} as {parameter.name}"
        yield Misuse("WrongArguments", argument.offset, what, hint)


def _offered(argument: Literal, parameter: Parameter) -> bool:
    value = str(argument.value)
    if parameter.kind == "aggFunc":  # graphite-web still takes the old names: sumSeries for sum
        value = value.removesuffix("Series")
    return value in parameter.options or bool(_WEEKDAY.fullmatch(value))


def _quotes(parameter: Parameter, argument: Target) -> str:
    textual = parameter.kind in ("string", "interval", "intOrInterval", "tag", "aggFunc", "aggOrSeriesFunc")
    return f"write '{argument}', in quotes" if textual and isinstance(argument, Path) else ""


def _series(argument: Target) -> bool:
    return not isinstance(argument, Literal)


def _literal(*kinds: Kind) -> Callable[[Target], bool]:
    return lambda argument: isinstance(argument, Literal) and argument.kind in kinds


def _written(*patterns: "re.Pattern[str]") -> Callable[[Target], bool]:
    """A literal whose text, quotes left out, is spelled as one of the patterns says."""

    def fits(argument: Target) -> bool:
        if not isinstance(argument, Literal):
            return False
        text = argument.text.strip("'\"") if argument.kind is Kind.STRING else argument.text
        return any(pattern.fullmatch(text) for pattern in patterns)

    return fits


def _interval(argument: Target) -> bool:
    string = isinstance(argument, Literal) and argument.kind is Kind.STRING
    return string and bool(_OFFSET.fullmatch(str(argument)[1:-1]))


def _points_or_interval(argument: Target) -> bool:
    return _interval(argument) or (isinstance(argument, Literal) and argument.kind is Kind.NUMBER)


_INTEGER = re.compile(r"[+-]?\d+")
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?inf|nan", re.IGNORECASE)
_INFINITY = re.compile("inf", re.IGNORECASE)
_TRUTH = re.compile("true|false|0|1", re.IGNORECASE)
_OFFSET = re.compile(r"[+-]?(\d+(s|min|h|d|w|mon|y)[A-Za-z]*)+")
_MINUTES = re.compile(r"'\d+[mM]'")
"""What Grafana's data source for Graphite rewrites; in double quotes it does not."""
_WEEKDAY = re.compile(r"weeks[1-7]")
"""smartSummarize's weeks may begin on any day, which its list of options does not say."""
_KINDS: dict[str, tuple[Callable[[Target], bool], str]] = {
    "seriesList": (_series, "series"),
    "seriesLists": (_series, "series"),
    "float": (_written(_FLOAT), "a number"),
    "integer": (_written(_INTEGER), "a whole number"),
    "node": (_written(_INTEGER), "a whole number"),
    "nodeOrTag": (_literal(Kind.STRING, Kind.NUMBER), "a whole number or a tag"),
    "intOrInf": (_written(_INTEGER, _INFINITY), "a whole number or inf"),
    "interval": (_interval, "a time such as '1h'"),
    "intOrInterval": (
        _points_or_interval,
        "a number of points or a time such as '1h'",
    ),
    "boolean": (_written(_TRUTH), "true or false"),
    "date": (_literal(Kind.STRING, Kind.NUMBER), "a date in quotes"),
    "string": (_literal(Kind.STRING, Kind.NUMBER, Kind.BOOLEAN), "text in quotes"),
    "tag": (_literal(Kind.STRING), "a tag in quotes"),
    "aggFunc": (_literal(Kind.STRING), "the name of a function in quotes"),
    "aggOrSeriesFunc": (_literal(Kind.STRING), "the name of a function in quotes"),
}
"""graphite-web's word for a kind → what fits, and how to say it."""


def _shown(argument: Target) -> str:
    text = str(argument)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - as much as a message bears


def _count(number: int) -> str:
    return "no argument" if number == 0 else "1 argument" if number == 1 else f"{number} arguments"


def _signature(name: str, parameters: tuple[Parameter, ...]) -> str:
    words = (f"*{one.name}" if one.multiple else one.name for one in parameters if one.required)
    more = (f"{'*' if one.multiple else ''}{one.name}" for one in parameters if not one.required)
    optional = "".join(f"[, {word}]" for word in more)
    return f"it is {name}({', '.join(words)}{optional})"
