"""A dashboard with its choices: variables put into titles, texts and targets; what repeats for each value stands there so often."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.dashboard.choosing import scoped
from sfcci.dashboard.variable import ALL, Choice, fill

COLUMNS, PER_ROW = 24, 4
MOST_REPEATED = 60
Json = dict[str, Any]
Choices = Mapping[str, Choice]


def filled(dashboard: Json, choices: Choices) -> Json:
    """Give the dashboard with the choices put in; panels behind one that repeats move down, those made anew have new ids."""
    numbers = _numbers(dashboard)
    panels = list(_spread(_sections(dashboard.get("panels") or [], choices), choices, numbers))
    return {**dashboard, "title": fill(str(dashboard.get("title", "")), choices, "text"), "panels": panels}


def _numbers(dashboard: Json) -> Iterator[int]:
    used = [
        one.get("id", 0)
        for panel in dashboard.get("panels") or []
        for one in [panel, *(panel.get("panels") or [])]
    ]
    number = max((one for one in used if isinstance(one, int)), default=0)
    while True:
        number += 1
        yield number


def _sections(panels: list[Json], choices: Choices) -> Iterator[tuple[Json, Choices]]:
    """Give each panel with the choices that it has; a row that repeats comes with its panels once for each value."""
    at, shift = 0, 0
    while at < len(panels):
        panel = panels[at]
        end = at + 1
        if panel.get("type") == "row" and not panel.get("collapsed"):
            while end < len(panels) and panels[end].get("type") != "row":
                end += 1
        values = _repeated(panel, choices) if panel.get("type") == "row" else []
        block = panels[at:end]
        height = max((_grid(one)["y"] + _grid(one)["h"] for one in block), default=0) - _grid(panel)["y"]
        for turn, value in enumerate(values or [None]):
            own = (
                choices
                if value is None
                else {**choices, panel["repeat"]: scoped(choices[panel["repeat"]], value)}
            )
            for one in block:
                yield _moved(one, shift + turn * height, fresh=turn > 0), own
        shift += max(0, len(values) - 1) * height
        at = end


def _spread(
    panels: Iterator[tuple[Json, Choices]], choices: Choices, numbers: Iterator[int]
) -> Iterator[Json]:
    """Give each panel filled, so often as it repeats."""
    shift = 0
    for given, own in panels:
        panel = _moved(given, shift)
        if panel.get("type") == "row":
            inside = [
                (_moved(one, 0, fresh=bool(panel.get("fresh"))), own) for one in panel.get("panels") or []
            ]
            made = list(_spread(iter(inside), choices, numbers))
            yield {**_panel(panel, own, numbers), "panels": made}
            continue
        values = _repeated(panel, own)
        if not values:
            yield _panel(panel, own, numbers)
            continue
        laid = list(_laid(panel, values))
        for value, grid in laid:
            one = {**panel, "gridPos": grid, "fresh": panel.get("fresh") or value != values[0]}
            yield _panel(one, {**own, panel["repeat"]: scoped(own[panel["repeat"]], value)}, numbers)
        below = max(grid["y"] + grid["h"] for _, grid in laid)
        shift += below - _grid(panel)["y"] - _grid(panel)["h"]


def _repeated(panel: Json, choices: Choices) -> list[str]:
    """Give the values for which a panel repeats; none for one that does not."""
    choice = choices.get(str(panel.get("repeat") or ""))
    return [value for value in choice.filled if value != ALL][:MOST_REPEATED] if choice else []


def _laid(panel: Json, values: list[str]) -> Iterator[tuple[str, Json]]:
    """Give each value with its place: below each other, or beside each other, at most `maxPerRow` of them."""
    grid = _grid(panel)
    if panel.get("repeatDirection") == "v":
        for number, value in enumerate(values):
            yield value, {**grid, "y": grid["y"] + number * grid["h"]}
        return
    most = panel.get("maxPerRow")
    across = max(1, min(len(values), most if isinstance(most, int) and most > 0 else PER_ROW, COLUMNS))
    width = COLUMNS // across
    for number, value in enumerate(values):
        line, column = divmod(number, across)
        yield value, {"x": column * width, "y": grid["y"] + line * grid["h"], "w": width, "h": grid["h"]}


def _grid(panel: Json) -> Json:
    return {
        "x": 0,
        "y": 0,
        "w": COLUMNS,
        "h": 1 if panel.get("type") == "row" else 8,
        **(panel.get("gridPos") or {}),
    }


def _moved(panel: Json, lines: int, *, fresh: bool = False) -> Json:
    grid = _grid(panel)
    made = {**panel, "gridPos": {**grid, "y": grid["y"] + lines}}
    return {**made, "fresh": True} if fresh else made


def _panel(panel: Json, choices: Choices, numbers: Iterator[int]) -> Json:
    """Put the choices into the texts of one panel."""
    made = {key: value for key, value in panel.items() if key not in ("fresh", "repeat")}
    if panel.get("fresh"):
        made["id"] = next(numbers)
    for key in ("title", "description"):
        if isinstance(made.get(key), str):
            made[key] = fill(made[key], choices, "text")
    options = made.get("options")
    if made.get("type") == "text" and isinstance(options, dict):
        made["options"] = {**options, "content": fill(str(options.get("content", "")), choices, "text")}
    if isinstance(made.get("targets"), list):
        made["targets"] = [_target(one, choices) for one in made["targets"] if isinstance(one, dict)]
    return made


def _target(target: Json, choices: Choices) -> Json:
    made = copy.copy(target)
    if isinstance(target.get("target"), str):
        made["target"] = fill(target["target"], choices)
    return made
