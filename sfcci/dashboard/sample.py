"""Dashboards → the same dashboards about made-up series: what they look like, before there is anything to measure.

The series lie below `sample.`, so no name of a real one is ever touched; titles say that the data is made up.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sfcci.dashboard import target as grammar
from sfcci.dashboard.function import TEMPLATE
from sfcci.dashboard.model import Dashboard, Panel
from sfcci.dashboard.render import grafana_json
from sfcci.dashboard.sample_names import Words, invented, names
from sfcci.dashboard.sample_target import PREFIX, own_paths, sample_target
from sfcci.dashboard.sample_values import value
from sfcci.dashboard.variable import ALL, WORD, Variable, filtered, references, variables
from sfcci.metric.glob import alternatives
from sfcci.metric.glob import pattern as glob
from sfcci.metric.point import Point

LABEL = " (sample data)"
TAG = "sample-data"
STEP_S = 60
MOST_WAYS = 64
"""So many choices of variables are looked at for one pattern."""
Json = Mapping[str, Any]
_Choices = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Sample:
    """Dashboards that ask for made-up series, and the names of all these. `cut`: there would be more names than are made."""

    dashboards: tuple[Dashboard, ...]
    names: tuple[str, ...]
    cut: bool = False

    def series(
        self, from_s: float, until_s: float, step_s: int = STEP_S, only: Iterable[str] | None = None
    ) -> Iterator[Point]:
        """Give the points of [from_s, until_s), series by series; the same points for the same time, always.

        `only` names the series that are wanted.
        """
        first = _first(from_s, step_s)
        for name in self.names if only is None else only:
            plain = name.removeprefix(PREFIX)
            for time_s in range(first, int(until_s), step_s):
                yield Point(name, value(plain, time_s, step_s), time_s)


def _first(time_s: float, step_s: int) -> int:
    """Give the first begin of a step that is not before `time_s`."""
    return math.ceil(time_s / step_s) * step_s


def sampled(dashboards: Sequence[Dashboard]) -> Sample:
    """Give the dashboards about made-up series, and names that match all that they ask for."""
    plain = names(text for one in dashboards for text, _ in _paths(one) if not references(text))
    asked = [(one, _choices(one, plain.words)) for one in dashboards]
    made = names(dict.fromkeys(way for one, chosen in asked for way in _patterns(one, chosen)))
    queries = [way for one, chosen in asked for text in _queries(one) for way in _ways(text, chosen)]
    found = dict.fromkeys([*made.found, *_unanswered(queries, made.found)])
    return Sample(
        tuple(_rewritten(one, found) for one in dashboards),
        tuple(sorted(PREFIX + name for name in found)),
        made.cut,
    )


def _paths(dashboard: Dashboard) -> Iterator[tuple[str, _Choices]]:
    """Give the paths of a dashboard's targets, each with what Graphite's own template() puts into it."""
    for panel in dashboard.panels:
        for one in panel.targets:
            try:
                tree = grammar.parse_target(one.text)
            except grammar.TargetError:
                continue  # it is shown as it is, with what is wrong in it
            own = _template_values(tree)
            yield from ((path.text, own) for path in own_paths(tree))


def _template_values(tree: grammar.Target) -> _Choices:
    return {
        name: (str(one.value),)
        for call in grammar.calls(tree)
        if call.name == TEMPLATE
        for name, one in call.named
        if isinstance(one, grammar.Literal)
    }


def _patterns(dashboard: Dashboard, chosen: _Choices) -> Iterator[str]:
    for text, own in _paths(dashboard):
        yield from _ways(text, {**chosen, **own})


def _ways(text: str, chosen: _Choices) -> list[str]:
    """Put each choice of the variables into a text; for a variable that nobody defines, an invented word."""
    ways = [text]
    for name in sorted(references(text)):
        words = chosen.get(name) or invented("*", ())[:1]
        ways = [_put(one, name, word) for one in ways for word in words][:MOST_WAYS]
    return ways


def _put(text: str, name: str, word: str) -> str:
    return WORD.sub(lambda found: word if name in (found[1], found[2], found[4]) else found[0], text)


def _choices(dashboard: Dashboard, known: Words) -> dict[str, tuple[str, ...]]:
    """Give what each variable may be: what the file says, and invented words for what Graphite would be asked."""
    chosen: dict[str, tuple[str, ...]] = {}
    for one in variables(grafana_json(dashboard)):
        told = [option.value for option in one.options] + [word for word in one.current if word != ALL]
        if one.kind == "query" and _is_path(one.query):
            for way in _ways(one.query, chosen):
                *before, last = way.split(".")
                for part in alternatives(last):
                    told += invented(part, before, known, MOST_WAYS)
        elif not told:
            told = [one.query]
        chosen[one.name] = tuple(dict.fromkeys(filter(None, told)))
    return chosen


def _queries(dashboard: Dashboard) -> Iterator[str]:
    """Give the patterns that the dashboard's variables ask Graphite for."""
    for one in variables(grafana_json(dashboard)):
        if one.kind == "query" and _is_path(one.query):
            yield one.query


def _is_path(text: str) -> bool:
    try:
        return isinstance(grammar.parse_target(text), grammar.Path)
    except grammar.TargetError:
        return False


def _unanswered(queries: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    """Give names for the questions of variables that the names found do not answer."""
    known = list(found)
    for text in queries:
        if not _nodes(text, known):
            yield from names([text]).found


def _nodes(text: str, found: Iterable[str]) -> list[str]:
    """Give what Graphite finds for a pattern, as Grafana reads it: the last part of each branch or series."""
    parts = list(map(glob, text.split(".")))
    split = (name.split(".")[: len(parts)] for name in found)
    matching = (
        one
        for one in split
        if len(one) == len(parts) and all(p.fullmatch(o) for p, o in zip(parts, one, strict=True))
    )
    return list(dict.fromkeys(one[-1] for one in matching))


def _rewritten(dashboard: Dashboard, found: Iterable[str]) -> Dashboard:
    """Give the dashboard with its targets, variables and titles changed."""
    content = {**dashboard.content, "title": dashboard.title + LABEL}
    content["tags"] = [*dict.fromkeys([*(content.get("tags") or []), TAG])]
    for key in ("rows", "panels"):
        if isinstance(content.get(key), list):
            content[key] = [_panel(one, is_row=key == "rows") for one in content[key]]
    if isinstance(templating := content.get("templating"), Mapping):
        listed = [_variable(one, found) for one in templating.get("list") or []]
        content["templating"] = {**templating, "list": listed}
    panels = tuple(_panel_value(one) for one in dashboard.panels)
    return replace(dashboard, title=content["title"], content=content, panels=panels)


def _panel(panel: Json, *, is_row: bool = False) -> dict[str, Any]:
    """Give a panel, or a row with its panels; a row shows no data of its own."""
    made = dict(panel)
    if not is_row and panel.get("type") != "row":
        made["title"] = f"{panel.get('title') or ''}{LABEL}".strip()
    for key, change in (("targets", _target), ("panels", _panel)):
        if isinstance(panel.get(key), list):
            made[key] = [change(one) for one in panel[key]]
    return made


def _panel_value(panel: Panel) -> Panel:
    targets = tuple(replace(one, text=_below(one.text)) for one in panel.targets)
    title = panel.title if panel.kind == "row" else f"{panel.title}{LABEL}".strip()
    return replace(panel, title=title, targets=targets)


def _target(target: Any) -> Any:
    if not isinstance(target, Mapping) or not isinstance(target.get("target"), str):
        return target
    left = {key: value for key, value in target.items() if key != "targetFull"}  # Grafana fills it in anew
    return {**left, "target": _below(target["target"])}


def _below(text: str) -> str:
    """Give a target below `sample.`; one that is broken stays as it is, to be shown with what is wrong in it."""
    try:
        return sample_target(text)
    except grammar.TargetError:
        return text


def _variable(item: Json, found: Iterable[str]) -> Json:
    """Let a variable ask for made-up names; without its regular expression where this fits none of them."""
    if item.get("type") != "query":
        return item
    made = {key: value for key, value in item.items() if key != "definition"}
    query = item.get("query")
    if isinstance(query, str):
        made["query"] = _below(query)
    elif isinstance(query, Mapping):
        made["query"] = {
            key: _below(value) if key in ("query", "target") and isinstance(value, str) else value
            for key, value in query.items()
        }
    for one in variables({"templating": {"list": [item]}}):
        if one.regex and not _fits(one, found):
            made["regex"] = ""
    return made


def _fits(variable: Variable, found: Iterable[str]) -> bool:
    pattern = WORD.sub("*", variable.query)
    try:
        return bool(filtered(_nodes(pattern, found), variable.regex, 0))
    except re.error:
        return False
