"""The dashboards at some paths as they last were whole, read anew where a file has changed."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfcci.dashboard.model import Dashboard, uid
from sfcci.dashboard.validate import Examination, Looks, examine
from sfcci.errors import SfcciError
from sfcci.finding import Severity

Prepare = Callable[[Sequence[Dashboard]], Sequence[Dashboard]]


@dataclass(frozen=True)
class View:
    """What is shown: dashboards by uid in their order, all that is wrong in the files, and of which an old version is shown."""

    dashboards: Mapping[str, Dashboard] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    broken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """uid → why the file of that dashboard gives none now; the one shown is as it last was whole."""


@dataclass(frozen=True)
class Change:
    """What is otherwise than before: uids of dashboards that are new or changed, and of those that are gone."""

    uids: tuple[str, ...]
    removed: tuple[str, ...]


class Latest:
    """The dashboards at `paths`; `prepare` makes of all of them those that are shown (made-up data, for example).

    Raises UsageError for a path that leads nowhere; later that is a problem, and what was shown stays.
    """

    def __init__(self, paths: Sequence[Path], prepare: Prepare = lambda found: found) -> None:
        self.paths = tuple(paths)
        self._prepare = prepare
        self._looks: Looks = {}
        self._whole: dict[str, Dashboard] = {}
        self._lock = threading.Lock()
        self.view = View()
        self._read()

    def look(self) -> Change | None:
        """Read what has changed; None when all is as before. A comment changes no dashboard."""
        with self._lock:
            before = self.view
            try:
                self._read()
            except SfcciError as error:
                self.view = View(before.dashboards, tuple(str(error).splitlines()), before.broken)
            now = self.view
        changed = tuple(
            name for name, one in now.dashboards.items() if _differs(before.dashboards.get(name), one)
        )
        removed = tuple(name for name in before.dashboards if name not in now.dashboards)
        told = (before.problems, before.broken) != (now.problems, now.broken)
        return Change(changed, removed) if changed or removed or told else None

    def _read(self) -> None:
        seen = examine(self.paths, looks=self._looks)
        there = {one.path: one for one in seen.dashboards}
        self._whole = {path: one for path in seen.files if (one := there.get(path) or self._whole.get(path))}
        broken = {path: _errors(seen, path) for path in self._whole if path not in there}
        shown = self._prepare(list(self._whole.values()))
        for path in self._looks.keys() - set(map(Path, seen.files)):
            del self._looks[path]
        self.view = View(
            {one.uid: one for one in shown},
            tuple(str(one) for one in seen.findings if one.severity is Severity.ERROR),
            {uid(Path(path).stem): errors for path, errors in broken.items()},
        )


def _errors(seen: Examination, path: str) -> tuple[str, ...]:
    return tuple(
        str(one) for one in seen.findings if one.severity is Severity.ERROR and one.place.path == path
    )


def _differs(before: Dashboard | None, now: Dashboard) -> bool:
    return before is None or (before.title, before.path, before.content) != (now.title, now.path, now.content)
