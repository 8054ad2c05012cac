"""What changed between two versions of a panel, of a variable, or of any other piece of Grafana's JSON.

Whatever differs is in some change: what has a word of its own is told in it, all else by the path of its keys.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

Json = Mapping[str, Any]
Path = tuple[str | int, ...]
MAX_TOKENS = 3000
"""Longer texts are compared by their ends alone: the time that a comparison takes grows with the square."""
NEAR = 0.5
"""Targets (and panels) that have half of their words in common are versions of one another."""


@dataclass(frozen=True)
class Change:
    """One thing that changed: `what` in a person's words, `keys` in Grafana's JSON; None where a side has nothing."""

    what: str
    keys: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Piece:
    """A piece of two texts laid upon each other: what both have (`old` and `new` are the same), or what one has."""

    old: str
    new: str


WORDS = {
    "title": "title",
    "type": "type",
    "description": "description",
    "transparent": "transparent",
    "datasource": "data source",
    "repeat": "repeated for",
    "maxPerRow": "panels in a line",
    "timeFrom": "time of its own",
    "timeShift": "time shift",
    "collapsed": "folded",
    "gridPos.w": "width",
    "gridPos.h": "height",
    "options.content": "text",
    "options.mode": "text mode",
    "options.legend.calcs": "values in the legend",
    "options.legend.displayMode": "form of the legend",
    "options.legend.placement": "place of the legend",
    "options.legend.showLegend": "legend",
    "options.reduceOptions.calcs": "value shown",
    "options.colorMode": "colour",
    "options.graphMode": "sparkline",
    "options.textMode": "text shown",
    "fieldConfig.defaults.unit": "unit",
    "fieldConfig.defaults.decimals": "decimals",
    "fieldConfig.defaults.min": "minimum",
    "fieldConfig.defaults.max": "maximum",
    "fieldConfig.defaults.thresholds": "thresholds",
    "fieldConfig.defaults.mappings": "value mappings",
    "fieldConfig.defaults.custom.drawStyle": "drawn as",
    "fieldConfig.defaults.custom.fillOpacity": "fill",
    "fieldConfig.defaults.custom.lineWidth": "line width",
    "fieldConfig.defaults.custom.lineInterpolation": "line",
    "fieldConfig.defaults.custom.showPoints": "points",
    "fieldConfig.defaults.custom.pointSize": "size of points",
    "fieldConfig.defaults.custom.spanNulls": "gaps bridged",
    "fieldConfig.defaults.custom.stacking": "stacking",
    "fieldConfig.defaults.custom.stacking.mode": "stacking",
    "fieldConfig.defaults.custom.axisLabel": "label of the axis",
    "fieldConfig.defaults.custom.axisPlacement": "axis",
    "fieldConfig.defaults.custom.scaleDistribution.type": "scale",
    "fieldConfig.overrides": "overrides",
}
"""Keys of Grafana's JSON → what they are called."""
WHOLE = ("fieldConfig.defaults.thresholds", "fieldConfig.defaults.mappings", "fieldConfig.overrides")
"""What is told as a whole: a piece of it says nothing."""


def panel_changes(old: Json, new: Json) -> tuple[Change, ...]:
    """Give what changed in a panel: title and type, targets, all else; its number and its place are another question."""
    given = ({**one, "gridPos": _size(one)} for one in (old, new))
    was, now = (_without(one, "id", "targets", "panels") for one in given)
    plain = sorted(changes(was, now), key=lambda one: one.what not in ("title", "type"))
    head = [one for one in plain if one.what in ("title", "type")]
    told = [*head, *target_changes(_list(old, "targets"), _list(new, "targets")), *plain[len(head) :]]
    return tuple(told)


def changes(old: Any, new: Any, keys: Path = ()) -> Iterator[Change]:
    """Give the leaves that differ between two values, in the order of the keys."""
    if same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and spelled(keys) not in WHOLE:
        for key in dict.fromkeys([*old, *new]):
            yield from changes(old.get(key), new.get(key), (*keys, key))
    elif _walkable(old, new) and spelled(keys) not in WHOLE:
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from changes(one, other, (*keys, number))
    elif _alone(old, new) and spelled(keys) not in WHOLE:
        yield from changes(old or {}, new or {}, keys)
    else:
        yield Change(WORDS.get(spelled(keys), spelled(keys)), spelled(keys), old, new)


def target_changes(old: Sequence[Json], new: Sequence[Json]) -> Iterator[Change]:
    """Give targets that were added, removed or changed, and a new order; letters count where nothing else explains them."""
    pairs = _paired(old, new)
    for before, after in pairs:
        one = old[before] if before is not None else {}
        other = new[after] if after is not None else {}
        letter = _letter(other, after) if after is not None else _letter(one, before)
        if before is None or after is None:
            yield Change(f"target {letter}", "targets", one.get("target"), other.get("target"))
            continue
        for found in changes(_without(one, "refId"), _without(other, "refId")):
            what = f"target {letter}" if found.keys == "target" else f"{found.keys} of target {letter}"
            yield Change(what, f"targets.{found.keys}", found.old, found.new)
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    if [one for one, _ in both] != sorted(one for one, _ in both):
        yield Change("order of targets", "targets", *_letters(old, new, both))
    elif len(both) == len(old) == len(new) and _letters(old, new, both)[0] != _letters(old, new, both)[1]:
        yield Change("letters of targets", "targets", *_letters(old, new, both))


def pieces(old: str, new: str) -> tuple[Piece, ...]:
    """Lay two texts upon each other by words; put together, the pieces give both texts again."""
    was, now = _tokens(old), _tokens(new)
    if max(len(was), len(now)) > MAX_TOKENS:
        return _by_ends(old, new)
    matcher = SequenceMatcher(None, was, now, autojunk=False)
    return tuple(
        Piece("".join(was[a:b]), "".join(now[c:d]))
        for _, a, b, c, d in matcher.get_opcodes()
        if b > a or d > c
    )


def likeness(old: str, new: str) -> float:
    """Say how much of their words two texts have in common: 0 to 1."""
    was, now = set(_words(old)), set(_words(new))
    return len(was & now) / len(was | now) if was and now else 0.0


def asked(panel: Json) -> str:
    """Give the words by which a panel is known again under another title: its targets, its text."""
    options = panel.get("options")
    content = options.get("content", "") if isinstance(options, dict) else ""
    return " ".join([*(str(one.get("target", "")) for one in _list(panel, "targets")), str(content)]).strip()


def same(old: Any, new: Any) -> bool:
    """Say whether two values of JSON are one: true is not 1, though Python says so; 1.0 is 1."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def spelled(keys: Path) -> str:
    """Spell a path of keys with dots."""
    return ".".join(map(str, keys))


def _alone(old: Any, new: Any) -> bool:
    """Say whether one side has nothing and the other a mapping, whose keys are then told one by one."""
    return (old is None or new is None) and isinstance(old or new, dict) and bool(old or new)


def _walkable(old: Any, new: Any) -> bool:
    """Lists of as many mappings are gone through one by one, other lists are told as a whole."""
    lists = isinstance(old, list) and isinstance(new, list) and len(old) == len(new)
    return lists and all(isinstance(one, dict) for one in [*old, *new])


def _paired(old: Sequence[Json], new: Sequence[Json]) -> list[tuple[int | None, int | None]]:
    """Pair targets: the same text first, then the same letter, then near texts; in the new order, removed ones behind."""
    left, right = list(range(len(old))), list(range(len(new)))
    pairs: list[tuple[int | None, int | None]] = []
    ways: tuple[Callable[[int, int], bool], ...] = (
        lambda a, b: same(_without(old[a], "refId"), _without(new[b], "refId")),
        lambda a, b: old[a].get("target") == new[b].get("target"),
        lambda a, b: likeness(str(old[a].get("target")), str(new[b].get("target"))) >= NEAR,
        lambda a, b: old[a].get("refId") == new[b].get("refId") is not None,
    )
    for way in ways:
        for before in tuple(left):
            after = next((one for one in right if way(before, one)), None)
            if after is not None:
                pairs.append((before, after))
                left.remove(before)
                right.remove(after)
    pairs.sort(key=lambda pair: pair[1] or 0)
    rest = [*((None, one) for one in right), *((one, None) for one in left)]
    return [*pairs, *rest]


def _letters(
    old: Sequence[Json], new: Sequence[Json], pairs: Sequence[tuple[int, int]]
) -> tuple[list[str], list[str]]:
    """Give the letters of the targets that both have, as they followed each other and as they do."""
    was = [_letter(old[one], one) for one, _ in pairs]
    return was, [_letter(new[other], other) for _, other in pairs]


def _letter(target: Json, number: int | None) -> str:
    return str(target.get("refId") or (number or 0) + 1)


def _by_ends(old: str, new: str) -> tuple[Piece, ...]:
    """Lay texts upon each other that begin and end alike."""
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    most -= head
    tail = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    begin, end = old[:head], old[len(old) - tail :]
    middle = Piece(old[head : len(old) - tail], new[head : len(new) - tail])
    return tuple(one for one in (Piece(begin, begin), middle, Piece(end, end)) if one.old or one.new)


def _tokens(text: str) -> list[str]:
    return re.findall(r"[\w-]+|\s+|[^\w\s-]", text)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _size(panel: Json) -> Json:
    grid = panel.get("gridPos")
    return {key: grid[key] for key in ("w", "h") if key in grid} if isinstance(grid, dict) else {}


def _list(panel: Json, key: str) -> list[Json]:
    value = panel.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _without(value: Json, *keys: str) -> Json:
    return {key: item for key, item in value.items() if key not in keys}
