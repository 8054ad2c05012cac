"""What panels show: each target asked of Graphite, its series, one value of each, and why there is none."""

import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from sfcci.dashboard import target as grammar
from sfcci.dashboard.attribution import attributed, together
from sfcci.dashboard.existence import never_happened
from sfcci.dashboard.function import UNKNOWN_FUNCTION, misuses
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.render import grafana_json
from sfcci.errors import UsageError
from sfcci.metric.catalogue import Matched, known_names
from sfcci.metric.graphite import Series
from sfcci.metric.suggestion import Missing, missing, put_right

MAX_REFERENCES = 20
MOST_TOLD = 3
"""So many names that lead nowhere are told of with what is near."""
PANEL_POINTS = 800
"""As many as a panel of usual width has room for: Graphite consolidates to that, for Grafana as for us."""
Json = Mapping[str, Any]


class Reader(Protocol):
    """Who answers for Graphite (`metric.graphite.GraphiteReader` does)."""

    def render(
        self, targets: str | Sequence[str], from_s: float, until_s: float, *, max_points: int | None = None
    ) -> list[Series]:
        """Give the series of targets over a time, in their order."""

    def expand(self, patterns: Sequence[str], *, leaves_only: bool = True) -> list[str]:
        """Give the names that match any of the patterns."""


class Trouble(StrEnum):
    """Why a target draws nothing."""

    NONE = ""
    BROKEN = "broken target"
    REFUSED = "refused by Graphite"
    UNKNOWN = "no such metric"
    NEVER = "has not happened yet"
    EMPTY = "no data in this range"


@dataclass(frozen=True)
class Answer:
    """What one target of a panel gave; `detail` explains the trouble, `column` (from 1) points into a broken target."""

    ref: str
    target: str
    series: tuple[Series, ...] = ()
    trouble: Trouble = Trouble.NONE
    detail: str = ""
    column: int | None = None
    meant: tuple[str, ...] = ()
    """Names that were perhaps meant, where there are none of the asked ones."""


@dataclass(frozen=True)
class PanelNumbers:
    """The numbers of one panel as it shows them: name of the series → value, None where there is none."""

    dashboard: str
    panel: str
    values: Mapping[str, float | None] = field(default_factory=dict)


def answers(
    panel: Json, reader: Reader, from_s: float, until_s: float, max_points: int | None = None
) -> tuple[Answer, ...]:
    """Ask Graphite for every shown target of a panel of Grafana's JSON, in as few questions as will do. Raises Unreachable."""
    found = [_whole(ref, text) for ref, text in shown_targets(panel)]
    asked = [one.target for one in found if not one.trouble]
    rendered = iter(_rendered(asked, reader, from_s, until_s, max_points))
    got = [one if one.trouble else _valued(one, next(rendered)) for one in found]
    why = _reasons([one for one in got if one.trouble is Trouble.EMPTY], reader)
    return tuple(why.get(one.target, one) if one.trouble is Trouble.EMPTY else one for one in got)


def shown_targets(panel: Json) -> Iterator[tuple[str, str]]:
    """Give letter and text of the targets that are drawn: references (#A) and template variables filled in."""
    texts = {str(item.get("refId", "")): str(item.get("target", "")) for item in panel.get("targets") or []}
    for item in panel.get("targets") or []:
        if not item.get("hide") and item.get("target"):
            text = _referred(str(item["target"]), texts)
            yield str(item.get("refId", "")), grammar.with_variables(text, "*")


def dashboard_numbers(
    dashboards: Iterable[Dashboard],
    reader: Reader,
    from_s: float,
    until_s: float,
    *,
    max_points: int = PANEL_POINTS,
) -> tuple[PanelNumbers, ...]:
    """Give what every panel with targets shows over a time, in the order of the panels. Raises Unreachable."""
    found = []
    for dashboard in dashboards:
        for panel in drawn_panels(grafana_json(dashboard)):
            if panel.get("targets"):
                values: dict[str, float | None] = {}
                for answer in answers(panel, reader, from_s, until_s, max_points):
                    values |= {series.target: value(panel, series) for series in answer.series}
                found.append(PanelNumbers(dashboard.title, str(panel.get("title", "")), values))
    return tuple(found)


def changes(before: Iterable[PanelNumbers], after: Iterable[PanelNumbers]) -> tuple[str, ...]:
    """Say which panels show something else than before: `Panel: series 0 → 12.5`."""
    old = {(panel.dashboard, panel.panel): panel.values for panel in before}
    texts = []
    for panel in after:
        was = old.get((panel.dashboard, panel.panel), {})
        for name, number in panel.values.items():
            if was.get(name) != number:
                texts.append(f"{panel.panel}: {name} {_text(was.get(name))} → {_text(number)}")
    return tuple(texts)


def drawn_panels(dashboard: Json) -> Iterator[Json]:
    """Give the panels of Grafana's JSON, those in folded rows too, rows themselves left out."""
    for panel in dashboard.get("panels") or []:
        if panel.get("type") == "row":
            yield from panel.get("panels") or []
        else:
            yield panel


def value(panel: Json, series: Series) -> float | None:
    """Give the one value that a panel shows of a series: a stat's, or the first of the legend."""
    options = panel.get("options") or {}
    calcs = (options.get("reduceOptions") or {}).get("calcs") or (options.get("legend") or {}).get("calcs")
    return reduced((calcs or ["lastNotNull"])[0], series)


def reduced(calc: str, series: Series) -> float | None:
    """Reduce a series to one number by Grafana's word for it; None when it has no values."""
    numbers = [number for number, _ in series.values if number is not None]
    if not numbers:
        return None
    return _REDUCERS.get(calc, _REDUCERS["lastNotNull"])(numbers)


_REDUCERS: dict[str, Callable[[list[float]], float]] = {
    "lastNotNull": lambda numbers: numbers[-1],
    "last": lambda numbers: numbers[-1],
    "firstNotNull": lambda numbers: numbers[0],
    "first": lambda numbers: numbers[0],
    "mean": lambda numbers: sum(numbers) / len(numbers),
    "sum": sum,
    "min": min,
    "max": max,
    "range": lambda numbers: max(numbers) - min(numbers),
    "diff": lambda numbers: numbers[-1] - numbers[0],
    "delta": lambda numbers: numbers[-1] - numbers[0],
    "count": len,
}


def _whole(ref: str, text: str) -> Answer:
    """Give what is wrong with a target's text, if anything is."""
    try:
        grammar.parse_target(text)
    except grammar.TargetError as error:
        expected = f"; expected {error.expected}" if error.expected else ""
        return Answer(
            ref, text, trouble=Trouble.BROKEN, detail=f"{error.found}{expected}", column=error.offset + 1
        )
    return Answer(ref, text)


def _rendered(
    texts: Sequence[str], reader: Reader, from_s: float, until_s: float, max_points: int | None
) -> list[list[Series] | str]:
    """Give the series of each target, or why Graphite refuses it: in one question where the answer can be told apart.

    Where one is refused, all are, and each is asked by itself.
    """
    if len(texts) > 1 and together(texts):
        with contextlib.suppress(UsageError):
            found = attributed(texts, reader.render(texts, from_s, until_s, max_points=max_points))
            if found is not None:
                return [*found]
    return [_alone(text, reader, from_s, until_s, max_points) for text in texts]


def _alone(
    text: str, reader: Reader, from_s: float, until_s: float, max_points: int | None
) -> list[Series] | str:
    try:
        return reader.render(text, from_s, until_s, max_points=max_points)
    except UsageError as error:
        return str(error)


def _valued(one: Answer, found: list[Series] | str) -> Answer:
    if isinstance(found, str):
        return replace(one, trouble=Trouble.REFUSED, detail="; ".join([found, *_misused(one.target)]))
    valued = any(number is not None for series in found for number, _ in series.values)
    return replace(one, series=tuple(found), trouble=Trouble.NONE if valued else Trouble.EMPTY)


def _misused(text: str) -> Iterator[str]:
    """Say which functions of a target Graphite does not have, each with the one that was perhaps meant."""
    calls = [node for node in grammar.walk(grammar.parse_target(text)) if isinstance(node, grammar.Call)]
    for wrong in misuses(calls):
        if wrong.keyword == UNKNOWN_FUNCTION and wrong.hint:
            yield f"{wrong.what}: {wrong.hint}"


def _reasons(empty: Sequence[Answer], reader: Reader) -> dict[str, Answer]:
    """Say why targets have no values, by their text: no such names (and which are near), or nothing in this time."""
    patterns = {one.target: patterns_of(one.target) for one in empty}
    wanted = {name for names in patterns.values() for name in names}
    there = Matched(known_names(wanted, reader)) if wanted else Matched(set())
    lost = [name for name in sorted(wanted) if not there.any(name)]
    never = never_happened(lost, reader) if lost else set()
    strange = [name for name in lost if name not in never]
    near = missing(strange, reader) if strange else {}
    right = put_right(near.values(), reader) if near else {}
    return {one.target: _reason(one, patterns[one.target], there, never, near, right) for one in empty}


def _reason(
    one: Answer,
    patterns: Sequence[str],
    there: Matched,
    never: Collection[str],
    near: Mapping[str, Missing],
    right: Mapping[str, tuple[str, ...]],
) -> Answer:
    if not patterns or any(there.any(name) for name in patterns):
        return replace(one, detail="the metric is there; nothing was written in this time")
    if set(patterns) <= set(never):
        return replace(one, trouble=Trouble.NEVER, detail="its job has other results")
    told = dict.fromkeys(str(near[name]) for name in patterns if name in near)
    detail = f"Graphite knows none of {', '.join(patterns)}: " + "; ".join([*told][:MOST_TOLD])
    meant = tuple(dict.fromkeys(found for name in patterns for found in right.get(name, ())[:1]))
    return replace(one, trouble=Trouble.UNKNOWN, detail=detail, meant=meant[:MOST_TOLD])


def patterns_of(text: str) -> tuple[str, ...]:
    """Give the names and globs that a target reads, sorted; none of a target that is broken."""
    try:
        return tuple(sorted({path.text for path in grammar.paths(grammar.parse_target(text))}))
    except grammar.TargetError:
        return ()


def _referred(text: str, texts: Mapping[str, str]) -> str:
    """Put the targets in that `#A` refers to; a circle ends after some rounds."""
    for _ in range(MAX_REFERENCES):
        filled = _REFERENCE.sub(lambda found: texts.get(found[1], found[0]), text)
        if filled == text or len(filled) > 2**16:
            break
        text = filled
    return text


_REFERENCE = re.compile(r"#([A-Z]+)\b")


def _text(number: float | None) -> str:
    return "nothing" if number is None else f"{number:g}"
