"""Which choice each template variable has: the options asked of Graphite where a query gives them, and what is chosen of them.

A variable whose query names another one is asked after that one. What is asked for and is no option is not taken: whoever
looks at a page can ask Graphite for what the dashboard lets him choose, and no more (a field for text is the exception).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from sfcci.dashboard.variable import ALL, AUTO, Choice, Option, Variable, fill, filtered, references
from sfcci.errors import SfcciError

MOST_OPTIONS = 2000
MOST_TEXT = 1000
"""So long a text that is typed into a field may be."""
_EXPAND = re.compile(r"\s*expand\((.*)\)\s*", re.DOTALL)
_TAGS = re.compile(r"\s*(tags|tag_values)\(")


class Finder(Protocol):
    """Who knows Graphite's names (`metric.graphite.GraphiteReader` does)."""

    def find(self, pattern: str) -> dict[str, bool]:
        """Give the names one pattern matches, branches too."""

    def expand(self, patterns: Sequence[str], *, leaves_only: bool = True) -> list[str]:
        """Give the names that match any of the patterns."""


Asked = Mapping[str, tuple[str, ...]]
"""Variable → the values that are asked for."""


def choices(variables: Sequence[Variable], asked: Asked, finder: Callable[[], Finder]) -> dict[str, Choice]:
    """Give every variable's choice, in the order of the file; what Graphite says or refuses is told in `problem`."""
    found: dict[str, Choice] = {}
    for variable in _ordered(variables):
        options, problem = _options(variable, found, finder)
        found[variable.name] = Choice(
            variable, options, _values(variable, options, asked.get(variable.name)), problem
        )
    return {variable.name: found[variable.name] for variable in variables}


def _ordered(variables: Sequence[Variable]) -> Iterator[Variable]:
    """Give each variable behind those that its query names; those of a circle as they stand."""
    waiting = list(variables)
    while waiting:
        names = {one.name for one in waiting}
        free = [one for one in waiting if not references(one.query) & (names - {one.name})] or waiting[:1]
        yield from free
        waiting = [one for one in waiting if one not in free]


def _options(
    variable: Variable, chosen: Mapping[str, Choice], finder: Callable[[], Finder]
) -> tuple[tuple[Option, ...], str]:
    """Give what may be chosen, and why there is less than there might be."""
    if variable.kind in {"textbox", "constant"}:
        return (), ""
    options, problem = variable.options, ""
    if variable.kind == "query":
        options, problem = _found(variable, fill(variable.query, chosen), finder)
    elif not options and variable.kind not in {"datasource", "adhoc"}:
        problem = "it has no options"
    if not options:
        options = tuple(Option(value, value) for value in variable.current if value != ALL)
    if variable.include_all:
        options = (Option(ALL, "All"), *options)
    return options, problem


def _found(variable: Variable, query: str, finder: Callable[[], Finder]) -> tuple[tuple[Option, ...], str]:
    if not query.strip():
        return (), "it has no query"
    if found := _TAGS.match(query):
        return (), f"{found[1]}(...) asks for tags, which this page does not know"
    try:
        names = _names(query, finder())
        options = filtered(names, variable.regex, variable.sort)
    except re.error as error:
        return (), f"its regex is wrong: {error}"
    except SfcciError as error:
        return (), str(error)
    if len(options) > MOST_OPTIONS:
        return options[:MOST_OPTIONS], f"only {MOST_OPTIONS} of {len(options)} names are offered"
    left = f" that {variable.regex} finds" if variable.regex and names else ""
    return options, "" if options else f"Graphite has no name for {query}{left}"


def _names(query: str, finder: Finder) -> list[str]:
    """Ask as Grafana does: the last part of each name that is found, whole names for `expand(...)`."""
    if expanded := _EXPAND.fullmatch(query):
        return finder.expand([expanded[1].strip()], leaves_only=False)
    return list(dict.fromkeys(name.rpartition(".")[2] for name in finder.find(query.strip())))


def _values(variable: Variable, options: Sequence[Option], asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """Give what is chosen: what is asked for as far as it may be, else what the file chooses, else the first option."""
    if variable.kind == "textbox":
        return (((asked or variable.current or (variable.query,))[0])[:MOST_TEXT],)
    if variable.kind == "constant":
        return (variable.query or (variable.current or ("",))[0],)
    offered = {one.value for one in options}
    for wished in (asked, _by_text(variable.current, options)):
        known = tuple(dict.fromkeys(one for one in wished or () if one in offered))
        if known:
            return (ALL,) if ALL in known else known if variable.multi else known[:1]
    return (options[0].value,) if options else ()


def _by_text(wished: tuple[str, ...], options: Sequence[Option]) -> tuple[str, ...]:
    """Spell "All" and `auto` as their values: files keep one or the other."""
    values = {one.text: one.value for one in options if one.value == ALL or one.value.startswith(AUTO)}
    return tuple(values.get(one, one) for one in wished)


def scoped(choice: Choice, value: str) -> Choice:
    """Give the choice of one value, as a panel that is repeated for each has it."""
    return replace(choice, values=(value,))
