"""What an update would do: dashboards as wanted, as Grafana keeps them, the step between, and how to show it.

Grafana's own additions (number, version, the built-in annotation, settings left at their defaults) are no difference.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sfcci.dashboard.model import uid
from sfcci.dashboard.render import TAG

GENERAL = "General"
"""Grafana's own folder, which has no uid."""
CONTEXT_LINES = 3
MAX_LOST = 20
OWN_KEYS = frozenset({"id", "version", "iteration"})
"""What Grafana writes into every dashboard."""
DEFAULTS: Mapping[str, Any] = {
    "fiscalYearStartMonth": 0,
    "graphTooltip": 0,
    "hideControls": False,
    "liveNow": False,
    "preload": False,
    "style": "dark",
}
"""What Grafana's page adds when it saves, and means nothing."""
Json = dict[str, Any]


class Action(StrEnum):
    """What has to be done to a dashboard."""

    CREATE = "create"
    CHANGE = "change"
    MOVE = "move"
    SAME = "same"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Folder:
    """A folder of Grafana; an empty uid is its own one, or one that is yet to be made."""

    title: str = GENERAL
    uid: str = ""
    number: int = 0
    missing: bool = False


@dataclass(frozen=True)
class Wanted:
    """A dashboard as a file asks for it: `json` is what Grafana would be sent."""

    path: str
    title: str
    uid: str
    folder: Folder
    json: Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """A dashboard as Grafana keeps it; `url` is the path of its page."""

    json: Mapping[str, Any]
    folder: Folder
    url: str = ""

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.json.get("title", ""))

    @property
    def uid(self) -> str:
        """Its uid."""
        return str(self.json.get("uid", ""))

    @property
    def version(self) -> int:
        """The number that Grafana counts its changes by."""
        number = self.json.get("version")
        return number if isinstance(number, int) else 0

    @property
    def ours(self) -> bool:
        """Whether it carries our tag."""
        return is_ours(self.json.get("tags"))


@dataclass(frozen=True)
class Step:
    """What an update does to one dashboard."""

    action: Action
    wanted: Wanted
    kept: Kept | None = None

    @property
    def writes(self) -> bool:
        """Whether anything is sent to Grafana."""
        return self.action in (Action.CREATE, Action.CHANGE, Action.MOVE)


def is_ours(tags: Any) -> bool:
    """Say whether tags hold ours."""
    return isinstance(tags, list) and TAG in tags


def kept(answer: Mapping[str, Any]) -> Kept:
    """Read Grafana's answer to GET /api/dashboards/uid/U: {"dashboard": ..., "meta": ...}."""
    meta = answer.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    dashboard = answer.get("dashboard")
    number = meta.get("folderId")
    folder = Folder(
        str(meta.get("folderTitle") or GENERAL),
        str(meta.get("folderUid") or _uid_in(str(meta.get("folderUrl") or ""))),
        number if isinstance(number, int) else 0,
    )
    return Kept(dashboard if isinstance(dashboard, dict) else {}, folder, str(meta.get("url") or ""))


def _uid_in(url: str) -> str:
    """Give the folder's uid out of its page's address: Grafana 7 names it nowhere else."""
    _, found, rest = url.partition("/dashboards/f/")
    return rest.partition("/")[0] if found else ""


def step(wanted: Wanted, found: Kept | None, *, overwrite: bool = False, known: Sequence[str] = ()) -> Step:
    """Give what an update does: someone else's dashboard (without our tag, its uid not among `known`) stays as it is."""
    if found is None:
        return Step(Action.CREATE, wanted)
    if not (found.ours or overwrite or found.uid in known):
        return Step(Action.FOREIGN, wanted, found)
    if comparable(wanted.json) != comparable(found.json):
        return Step(Action.CHANGE, wanted, found)
    return Step(Action.SAME if same_folder(wanted.folder, found.folder) else Action.MOVE, wanted, found)


def same_folder(wanted: Folder, found: Folder) -> bool:
    """Say whether two folders are one: by uid, where Grafana told none by number."""
    if wanted.missing:
        return False
    if found.uid or not found.number:
        return wanted.uid == found.uid
    return wanted.number == found.number


def comparable(dashboard: Mapping[str, Any]) -> Json:
    """Give a dashboard without what Grafana adds on its own."""
    plain = {
        key: value
        for key, value in _without_nothing(dashboard).items()
        if key not in OWN_KEYS and not (key in DEFAULTS and DEFAULTS[key] == value)
    }
    annotations = plain.get("annotations")
    if isinstance(annotations, dict):
        left = [
            one for one in annotations.get("list", []) if not (isinstance(one, dict) and one.get("builtIn"))
        ]
        plain.pop("annotations")
        if left:
            plain["annotations"] = {**annotations, "list": left}
    return plain


def _without_nothing(value: Any) -> Any:
    """Leave out keys whose value says nothing (null, empty), and the plugin's version of each panel."""
    if isinstance(value, dict):
        pairs = ((key, _without_nothing(item)) for key, item in value.items() if key != "pluginVersion")
        return {key: item for key, item in pairs if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value


def difference(one: Step) -> str:
    """Give a unified difference: Grafana's dashboard and folder against what the file asks for; "" when there is none."""
    if one.action is Action.SAME:
        return ""
    before = [] if one.kept is None else _lines(one.kept.json, one.kept.folder)
    after = _lines(one.wanted.json, one.wanted.folder)
    name = f"grafana/{one.wanted.uid}" + (f" version {one.kept.version}" if one.kept else " (none)")
    made = difflib.unified_diff(before, after, name, one.wanted.path, n=CONTEXT_LINES, lineterm="")
    return "\n".join(made)


def _lines(dashboard: Mapping[str, Any], folder: Folder) -> list[str]:
    shown = {"folder": folder.title, **comparable(dashboard)}
    return json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def lost(wanted: Any, found: Any, where: str = "") -> Iterator[str]:
    """Say what of `wanted` is not in `found`: what Grafana adds of its own is no loss."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            yield from lost(value, found.get(key), f"{where}.{key}".lstrip("."))
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (mine, other) in enumerate(zip(wanted, found, strict=True)):
            yield from lost(mine, other, f"{where}[{number}]")
    elif wanted != found:
        yield where


def folder_uid(title: str) -> str:
    """Give the uid of a folder that we make."""
    return uid(title)
