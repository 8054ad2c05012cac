"""Two versions of dashboards side by side, each drawn from the same Graphite, with what changed between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sfcci.dashboard.difference import DashboardDifference, differences
from sfcci.dashboard.difference_text import as_json
from sfcci.dashboard.latest import View
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.reading import drawn_panels
from sfcci.dashboard.revision import Side
from sfcci.errors import UsageError
from sfcci.web.answer import Endpoint, Json, json_answer, page, whole_number
from sfcci.web.pages_dashboards import Preview, Readers, asked_range

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SIDES = ("old", "new")


@dataclass(frozen=True)
class Still:
    """Dashboards that do not change while they are looked at."""

    view: View
    seen: str = ""

    def look(self) -> View:
        """Give what is shown."""
        return self.view


class Compared:
    """What the page asks for; `read` gives both sides, anew each time that the page is opened."""

    def __init__(self, read: Callable[[], tuple[Side, Side]], readers: Readers) -> None:
        self._read = read
        self.readers = readers
        self.sides = read()
        self._previews = self._made()

    def listed(self) -> Json:
        """Give both sides with what changed, and every panel as it is drawn."""
        self.sides = self._read()
        self._previews = self._made()
        old, new = self.sides
        found = differences(old.dashboards, new.dashboards)
        told = zip(found, as_json(found), strict=True)
        return {
            "old": old.name,
            "new": new.name,
            "graphite": self.readers.shown,
            "problems": [str(one) for side in self.sides for one in side.problems],
            "dashboards": [self._drawable(one, words) for one, words in told],
        }

    def panel(self, side: str, uid: str, number: int, from_s: int, until_s: int, points: int) -> Json:
        """Give what a panel of one side shows over a time. Raises UsageError, Unreachable."""
        if side not in SIDES:
            raise UsageError(f"expected side as one of {', '.join(SIDES)}")
        return self._previews[side].panel(uid, number, from_s, until_s, points)

    def _made(self) -> Mapping[str, Preview]:
        return {
            name: Preview(Still(View({one.uid: one for one in side.dashboards})), self.readers)
            for name, side in zip(SIDES, self.sides, strict=True)
        }

    def _drawable(self, found: DashboardDifference, told: Json) -> Json:
        drawn = {"old": self._panels("old", found.old), "new": self._panels("new", found.new)}
        panels: list[Json] = [
            {**one} | {side: _of(drawn[side], one[side]) for side in SIDES} for one in told["panels"]
        ]
        uids = {side: one.uid if one else None for side, one in (("old", found.old), ("new", found.new))}
        content = found.shown.content
        time = {"time": content.get("time"), "timezone": content.get("timezone", "")}
        return {**told, **time, "uids": uids, "panels": panels}

    def _panels(self, side: str, dashboard: Dashboard | None) -> Mapping[Any, Json]:
        """Give the panels of a dashboard by number, as they are drawn."""
        if dashboard is None:
            return {}
        made = self._previews[side].dashboard(dashboard.uid)["dashboard"]
        rows = {one["id"]: one for one in made["panels"] if one.get("type") == "row"}
        return rows | {one["id"]: dict(one) for one in drawn_panels(made)}


def _of(drawn: Mapping[Any, Json], placed: Json | None) -> Json | None:
    return None if placed is None else drawn.get(placed["id"])


def routes(compared: Compared) -> Mapping[str, Endpoint]:
    """Give the page and the two questions that it asks."""

    def shown(request: "Request") -> "Response":
        return page("difference.html", request, title="What changed", places=())

    def listed(_request: "Request") -> "Response":
        return json_answer(compared.listed())

    def render(request: "Request") -> "Response":
        asked = request.query_params
        number = whole_number(request, "panel")
        side, uid = asked.get("side", ""), asked.get("dashboard", "")
        return json_answer(compared.panel(side, uid, number, **asked_range(request)))

    return {"/": shown, "/api/difference": listed, "/api/difference/render": render}
