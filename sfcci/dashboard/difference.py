"""Two versions of dashboards → what changed: dashboards, panels, variables, and what is in them.

A panel is known again by its title, then by what it asks. A place that follows from another change (a panel above it was
added, removed or resized) is no change of its own. `difference_panel` says what changed in a panel.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sfcci.dashboard.difference_panel import NEAR, Change, asked, changes, likeness, panel_changes
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.modern import modern
from sfcci.dashboard.plan import comparable
from sfcci.dashboard.render import grafana_json

Json = Mapping[str, Any]
_Thing = TypeVar("_Thing")


class Kind(StrEnum):
    """What became of a dashboard or a panel."""

    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Placed:
    """A panel on its dashboard: `number` in the order of reading (from 0), the row it is in (number, title), x and y there.

    y counts from the top of the row. Without a row its number is -1; a row is in itself.
    """

    number: int
    inside: int
    row: str
    x: int
    y: int
    json: Json

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.json.get("title", ""))

    @property
    def kind(self) -> str:
        """Grafana's word for what it draws."""
        return str(self.json.get("type", ""))


@dataclass(frozen=True)
class PanelDifference:
    """What became of a panel; `old` is None for one that was added, `new` for one that was removed."""

    old: Placed | None
    new: Placed | None
    changes: tuple[Change, ...] = ()

    @property
    def kind(self) -> Kind:
        """What became of it."""
        return _kind(self.old, self.new, bool(self.changes))

    @property
    def shown(self) -> Placed:
        """The panel as it is, or as it was."""
        found = self.new or self.old
        assert found is not None  # noqa: S101 - one of the two is there
        return found


@dataclass(frozen=True)
class DashboardDifference:
    """What became of a dashboard; panels in the order of the new one, removed ones where they were."""

    old: Dashboard | None
    new: Dashboard | None
    changes: tuple[Change, ...] = ()
    panels: tuple[PanelDifference, ...] = ()

    @property
    def kind(self) -> Kind:
        """What became of it."""
        inside = any(one.kind is not Kind.SAME for one in self.panels)
        return _kind(self.old, self.new, bool(self.changes) or inside)

    @property
    def shown(self) -> Dashboard:
        """The dashboard as it is, or as it was."""
        found = self.new or self.old
        assert found is not None  # noqa: S101 - one of the two is there
        return found


def _kind(old: object, new: object, changed: bool) -> Kind:
    if old is None or new is None:
        return Kind.REMOVED if new is None else Kind.ADDED
    return Kind.CHANGED if changed else Kind.SAME


def differences(old: Sequence[Dashboard], new: Sequence[Dashboard]) -> tuple[DashboardDifference, ...]:
    """Pair dashboards by uid, then by title (a single one with a single one) and say what became of each."""
    keys: list[Callable[[Dashboard], Hashable]] = [lambda one: one.uid, lambda one: one.title]
    if len(old) == len(new) == 1:
        keys.append(lambda _one: None)
    pairs = _pairs(old, new, keys)
    known = {other: one for one, other in pairs}
    gone = set(range(len(old))) - set(known.values())
    found = [difference(old[known[at]] if at in known else None, one) for at, one in enumerate(new)]
    return (*found, *(difference(old[at], None) for at in sorted(gone)))


def difference(old: Dashboard | None, new: Dashboard | None) -> DashboardDifference:
    """Say what became of one dashboard; None where a side has none."""
    was, now = (comparable(_numbered(grafana_json(one))) if one else {} for one in (old, new))
    before, after = placed(was), placed(now)
    told: tuple[Change, ...] = ()
    if old and new:
        told = tuple(_of_dashboard(old, new, was, now))
    return DashboardDifference(old, new, told, _panels(before, after, _matched(before, after)))


def _numbered(dashboard: Json) -> Json:
    """Give every panel the number under which it is drawn; rows of before Grafana 5 become panels."""
    drawn = modern(dashboard)
    if not dashboard.get("panels"):
        return drawn

    def numbered(panels: Any, known: Any) -> list[Any]:
        return [
            {**one, "id": other["id"]}
            | (
                {"panels": numbered(one["panels"], other["panels"])}
                if one.get("panels") and other.get("panels")
                else {}
            )
            for one, other in zip(_list(panels), _list(known), strict=False)
        ]

    return {**dashboard, "panels": numbered(dashboard["panels"], drawn["panels"])}


def _of_dashboard(old: Dashboard, new: Dashboard, was: Json, now: Json) -> Iterator[Change]:
    if old.uid != new.uid:
        yield Change("uid (links to it and its history break)", "uid", old.uid, new.uid)
    told = ("panels", "templating", "uid")
    own = [{key: value for key, value in one.items() if key not in told} for one in (was, now)]
    yield from changes(own[0], own[1])
    yield from _of_variables(_variables(was), _variables(now))


def _variables(dashboard: Json) -> dict[str, Json]:
    templating = dashboard.get("templating")
    items = templating.get("list") if isinstance(templating, dict) else None
    found = items if isinstance(items, list) else []
    return {str(one.get("name")): one for one in found if isinstance(one, dict)}


def _of_variables(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        place = f"templating.{name}"
        if name not in old or name not in new:
            yield Change(f"variable {name}", place, old.get(name), new.get(name))
            continue
        for one in changes(old[name], new[name]):
            yield Change(f"{one.keys} of variable {name}", f"{place}.{one.keys}", one.old, one.new)
    both = [[one for one in names if one in old and one in new] for names in (old, new)]
    if both[0] != both[1]:
        yield Change("order of variables", "templating", both[0], both[1])


def placed(dashboard: Json) -> tuple[Placed, ...]:
    """Give the panels of Grafana's JSON in the order in which one reads them; rows are among them."""
    found: list[Placed] = []
    inside, row, top = -1, "", 0
    for panel in sorted(_list(dashboard.get("panels")), key=_corner):
        y, x = _corner(panel)
        if panel.get("type") == "row":
            inside, row, top = len(found), str(panel.get("title", "")), y + 1
            found.append(Placed(inside, inside, row, 0, 0, panel))
            for inner in sorted(_list(panel.get("panels")), key=_corner):
                below, left = _corner(inner)
                found.append(Placed(len(found), inside, row, left, below - top, inner))
        else:
            found.append(Placed(len(found), inside, row, x, y - top, panel))
    return tuple(found)


def _list(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _corner(panel: Json) -> tuple[int, int]:
    grid = panel.get("gridPos")
    found = (grid.get("y"), grid.get("x")) if isinstance(grid, dict) else (0, 0)
    y, x = (one if isinstance(one, int) else 0 for one in found)
    return y, x


def _matched(old: Sequence[Placed], new: Sequence[Placed]) -> list[tuple[int, int]]:
    """Pair panels, rows with rows: title and place, title and row, title, then what they ask, in as many words as may be."""
    ways: list[Callable[[Placed], Hashable]] = [
        lambda one: (one.kind == "row", one.title, one.row, asked(one.json), one.kind) if one.title else None,
        lambda one: (one.kind == "row", one.title, one.row) if one.title else None,
        lambda one: (one.kind == "row", one.title) if one.title else None,
        lambda one: (asked(one.json), one.row) if asked(one.json) else None,
        lambda one: asked(one.json) or None,
    ]
    pairs = _pairs(old, new, ways)
    left = [one for one in old if one.number not in {pair[0] for pair in pairs}]
    right = [one for one in new if one.number not in {pair[1] for pair in pairs}]
    near = [
        (
            -likeness(asked(one.json), asked(other.json)),
            abs(one.number - other.number),
            one.number,
            other.number,
        )
        for one in left
        for other in right
    ]
    for score, _, one, other in sorted(near):
        free = all(one != before and other != after for before, after in pairs)
        if -score >= NEAR and free:
            pairs.append((one, other))
    pairs += _renamed_rows(old, new, pairs)
    return sorted(pairs, key=lambda pair: pair[1])


def _renamed_rows(
    old: Sequence[Placed], new: Sequence[Placed], pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Pair rows that are left by the panels in them: with the row that has most of these now."""
    taken = ({one for one, _ in pairs}, {other for _, other in pairs})
    shared = Counter((old[one].inside, new[other].inside) for one, other in pairs)
    found: list[tuple[int, int]] = []
    for (before, after), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if before >= 0 and after >= 0 and before not in taken[0] and after not in taken[1]:
            found.append((before, after))
            taken[0].add(before)
            taken[1].add(after)
    return found


def _pairs(
    old: Sequence[_Thing], new: Sequence[_Thing], keys: Iterable[Callable[[_Thing], Hashable]]
) -> list[tuple[int, int]]:
    """Pair things by the first key that they have in common, each with one at most, in their order; None is no key."""
    left, right = dict(enumerate(old)), dict(enumerate(new))
    pairs: list[tuple[int, int]] = []
    last = object()
    for key in keys:
        waiting: dict[Hashable, list[int]] = {}
        for at, one in right.items():
            waiting.setdefault(key(one), []).append(at)
        for at, one in tuple(left.items()):
            name = key(one)
            if (name is not None or len(old) == len(new) == 1) and waiting.get(name, last) not in (last, []):
                other = waiting[name].pop(0)
                pairs.append((at, other))
                del left[at], right[other]
    return pairs


def _panels(
    old: Sequence[Placed], new: Sequence[Placed], pairs: Sequence[tuple[int, int]]
) -> tuple[PanelDifference, ...]:
    known = {after: before for before, after in pairs}
    rows = {**dict(pairs), -1: -1}
    elsewhere = frozenset(
        after
        for before, after in pairs
        if new[after].kind != "row" and rows.get(old[before].inside) != new[after].inside
    )
    moved = elsewhere | _out_of_order([pair for pair in pairs if pair[1] not in elsewhere])
    shifts = _shifts(old, new, pairs, moved)
    found: list[PanelDifference] = []
    for after, panel in enumerate(new):
        if after not in known:
            found.append(PanelDifference(None, panel))
            continue
        before = old[known[after]]
        place = _place(before, panel, after in elsewhere, after in moved, shifts)
        found.append(PanelDifference(before, panel, (*panel_changes(before.json, panel.json), *place)))
    return _with_removed(found, old, {before for before, _ in pairs})


def _with_removed(
    found: list[PanelDifference], old: Sequence[Placed], known: set[int]
) -> tuple[PanelDifference, ...]:
    """Put each removed panel behind the one that it followed."""
    for panel in old:
        if panel.number not in known:
            before = [at for at, one in enumerate(found) if one.old and one.old.number == panel.number - 1]
            found.insert(before[0] + 1 if before else 0, PanelDifference(panel, None))
    return tuple(found)


def _out_of_order(pairs: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Give the new numbers of as few panels as had to move: all but a longest run that kept its order."""
    ends: list[int] = []
    runs: list[list[tuple[int, int]]] = []
    for pair in pairs:
        at = bisect_left(ends, pair[0])
        run = [*(runs[at - 1] if at else []), pair]
        ends[at : at + 1], runs[at : at + 1] = [pair[0]], [run]
    stayed = {after for _, after in runs[-1]} if runs else set()
    return frozenset(after for _, after in pairs if after not in stayed)


def _shifts(
    old: Sequence[Placed], new: Sequence[Placed], pairs: Sequence[tuple[int, int]], moved: frozenset[int]
) -> tuple[int, int]:
    """Give the first panels, old and new, that make those behind them shift: added, removed, moved, of another size."""
    known = dict(pairs)
    kept = set(known.values())
    first_old, first_new = [len(old)], [len(new)]
    first_old += [one.number for one in old if one.number not in known]
    first_new += [one.number for one in new if one.number not in kept]
    for before, after in pairs:
        if after in moved or _takes(old[before]) != _takes(new[after]):
            first_old.append(before)
            first_new.append(after)
    return min(first_old), min(first_new)


def _takes(panel: Placed) -> tuple[Any, ...]:
    """Give what decides where the next panel lies."""
    grid = panel.json.get("gridPos")
    size = (grid.get("w"), grid.get("h")) if isinstance(grid, dict) else ()
    return (panel.kind == "row", panel.json.get("collapsed"), *size)


def _place(
    old: Placed, new: Placed, elsewhere: bool, moved: bool, shifts: tuple[int, int]
) -> Iterator[Change]:
    """Say that a panel moved: to another row, among the others, or by itself on the grid."""
    if elsewhere:
        yield Change("row", "row", old.row or None, new.row or None)
    elif moved:
        yield Change("place among the panels", "order", old.number + 1, new.number + 1)
    elif (old.x, old.y) != (new.x, new.y) and old.number <= shifts[0] and new.number <= shifts[1]:
        yield Change("place on the grid", "gridPos", {"x": old.x, "y": old.y}, {"x": new.x, "y": new.y})
