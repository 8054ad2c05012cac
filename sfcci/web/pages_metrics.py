"""The metrics' page: search with completion, a tree of names, and the series of a name or glob drawn.

A browser may ask for names, and for the values of names and globs; not for Graphite's functions.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sfcci.dashboard import reading
from sfcci.errors import Unreachable, UsageError
from sfcci.metric.catalogue import Known, Names, checked, completions, in_order, search
from sfcci.metric.glob import WILD
from sfcci.metric.last_value import last_values
from sfcci.metric.suggestion import missing, put_right, put_right_words
from sfcci.web.answer import Endpoint, Json, json_answer, page
from sfcci.web.pages_dashboards import Readers, answer_json, asked_range

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

FRESH_S = 30.0
"""So long the list of all names serves; who pushes something new sees it a little later."""
LISTED = 60
"""So many suggestions are shown."""
BELOW = 500
"""So many names below one branch are shown."""
UNLISTED = (
    "this Graphite does not list all its names, so that no words are searched for; type a name, part by part"
)
DRAWN = 40
"""So many series are drawn at once."""


class Metrics:
    """What the page asks for, out of a list of all names where Graphite hands one over, else name by name."""

    def __init__(self, readers: Readers) -> None:
        self.readers = readers
        self._lock = threading.Lock()
        self._known: Known | None = None
        self._asked_s = float("-inf")

    def known(self) -> Known | None:
        """Give all names, some seconds old; None when they are too many, or not handed over. Raises Unreachable."""
        reader = self.readers.reader()
        with self._lock:
            if time.monotonic() - self._asked_s > FRESH_S:
                try:
                    self._known = Known(reader.names())
                except Unreachable:
                    reader.find("*")  # is it there at all?
                    self._known = None
                self._asked_s = time.monotonic()
            return self._known

    def found(self, text: str) -> Json:
        """Give what a typed text may go on as, else the names that it names; else what was perhaps meant."""
        text = text.strip()
        known = self.known()
        items, why = self._names(text, known), ""
        if text and not items:
            why, items = self._near(text, known)
        shown = [{"name": name, "series": not name.endswith(".")} for name in items[:LISTED]]
        return {"items": shown, "more": len(items) - len(shown), "why": why, "searched": known is not None}

    def _names(self, text: str, known: Known | None) -> list[str]:
        if WILD.search(text) and " " not in text:
            return (known or self.readers.reader()).expand([checked(text)])
        goes_on = [] if " " in text else completions(text, self._find(known))
        return goes_on or (search(text, known.names) if known and text else [])

    def _near(self, text: str, known: Known | None) -> tuple[str, list[str]]:
        """Say why nothing is found, with names that are near: a dotted text is a name, other texts are words."""
        if known is None and " " in text:
            return UNLISTED, []
        if known and "." not in text:
            words, why = put_right_words(text, known.names)
            return why, search(words, known.names) if words else []
        why, meant = self._meant(text, known)
        return why, list(meant)

    def below(self, name: str) -> Json:
        """Give what is below a branch ("" for the top), with how many series each part holds where that is known."""
        known = self.known()
        found = self._find(known)(f"{checked(name)}.*" if name else "*")
        names = sorted(found, key=in_order)
        items = [
            {
                "name": one,
                "text": one.rpartition(".")[2],
                "series": found[one],
                "leaves": known.count_below(one) if known and not found[one] else None,
            }
            for one in names[:BELOW]
        ]
        return {"items": items, "more": max(0, len(names) - BELOW)}

    def drawn(self, name: str, from_s: int, until_s: int, points: int) -> Json:
        """Give the values of a name or glob over a time; when there are none, when the last one was and what is near."""
        checked(name)
        reader = self.readers.reader()
        names = reader.expand(name)
        if not names:
            why, meant = self._meant(name, self.known())
            return {"name": name, "count": 0, "answers": [], "why": why, "near": list(meant), "last": None}
        asked = names[:DRAWN]
        answers = [
            reading.Answer("", one.target, (one,))
            for one in reader.render(asked, from_s, until_s, max_points=points)
        ]
        valued = any(
            number is not None for one in answers for series in one.series for number, _ in series.values
        )
        last = None if valued else max(last_values(asked, reader, time.time()).values(), default=None)
        return {
            "name": name,
            "count": len(names),
            "from": from_s,
            "until": until_s,
            "answers": [answer_json(one) for one in answers],
            "why": "",
            "near": [],
            "last": last,
        }

    def _find(self, known: Known | None) -> Callable[[str], dict[str, bool]]:
        return known.find if known else self.readers.reader().find

    def _meant(self, text: str, known: Known | None) -> tuple[str, tuple[str, ...]]:
        names: Names = known or self.readers.reader()
        try:
            lost = missing([checked(text)], names)
        except UsageError as error:
            return str(error), ()
        meant = put_right(lost.values(), names).get(text, ())
        parts = text.split(".")
        one = lost[text]
        near = tuple(".".join([*parts[: one.depth], part]) + "." for part in one.near)
        return str(one), meant or near


def routes(metrics: Metrics) -> Mapping[str, Endpoint]:
    """Give the page and the three questions that it asks."""

    def shown(request: "Request") -> "Response":
        return page("metrics.html", request, title="Metrics", graphite=metrics.readers.shown)

    def found(request: "Request") -> "Response":
        return json_answer(metrics.found(request.query_params.get("text", "")))

    def below(request: "Request") -> "Response":
        return json_answer(metrics.below(request.query_params.get("name", "")))

    def series(request: "Request") -> "Response":
        return json_answer(metrics.drawn(request.query_params.get("name", ""), **asked_range(request)))

    return {"/metrics": shown, "/api/names": found, "/api/below": below, "/api/series": series}
