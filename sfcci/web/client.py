"""What the pages ask, asked without a browser: the proof that a preview draws."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sfcci.dashboard.reading import drawn_panels
from sfcci.errors import Unreachable

if TYPE_CHECKING:
    from requests import Session

TIMEOUT_S = 30.0
HOUR_S = 3600


@dataclass(frozen=True)
class DrawnPanel:
    """A panel as its page gets it."""

    dashboard: str
    title: str
    has_data: bool


def drawn(address: str, hours: int = 24) -> tuple[DrawnPanel, ...]:
    """Ask the preview at `address` for every panel over the last hours. Raises Unreachable."""
    import requests

    until = int(time.time())
    span = {"from": str(until - hours * HOUR_S), "until": str(until), "points": "600"}
    panels: list[DrawnPanel] = []
    session = requests.Session()
    session.trust_env = False
    try:
        with session:
            for one in _asked(session, f"{address}api/dashboards", {})["dashboards"]:
                dashboard = _asked(session, f"{address}api/dashboards/{one['uid']}", {})["dashboard"]
                for panel in drawn_panels(dashboard):
                    if not panel.get("targets"):
                        continue
                    query = {"dashboard": one["uid"], "panel": str(panel["id"]), **span}
                    answers = _asked(session, f"{address}api/render", query)["answers"]
                    panels.append(
                        DrawnPanel(one["title"], panel["title"], any(answer["series"] for answer in answers))
                    )
    except requests.RequestException as error:
        raise Unreachable(f"the preview at {address} does not answer: {error}") from error
    return tuple(panels)


def _asked(session: "Session", url: str, query: Mapping[str, str]) -> Any:
    answer = session.get(url, params=query, timeout=TIMEOUT_S)
    if not answer.ok:
        raise Unreachable(f"{url} answered {answer.status_code}: {answer.text[:200]}")
    return answer.json()
