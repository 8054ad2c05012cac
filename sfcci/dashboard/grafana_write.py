"""Dashboards written to Grafana in parallel and read back; undone when one fails, so that it is all or none.

When the server goes away, or the user, what stays written is told by name; the next update goes on from there.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sfcci.dashboard.grafana_client import Client, Refused
from sfcci.dashboard.plan import Folder, Json, Kept, Step, comparable, kept, lost, same_folder
from sfcci.errors import Unreachable

FOLDER_NUMBERS = (9,)
"""Before this version a folder is asked for by its number as well."""
MESSAGE = "sfcci dashboard update"
MAX_TOLD = 5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Saved:
    """A step that is done: the page's path and the version that Grafana answered."""

    step: Step
    url: str
    version: int
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A step that Grafana refused, and in which words."""

    step: Step
    error: Unreachable


@dataclass
class Outcome:
    """What became of several steps; `told` says what a roll-back did."""

    saved: list[Saved] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    rolled_back: bool = False
    told: str = ""

    @property
    def differences(self) -> list[tuple[Step, str]]:
        """What Grafana kept otherwise than it was sent."""
        return [] if self.rolled_back else [(one.step, text) for one in self.saved for text in one.lost]


def write(client: Client, steps: Sequence[Step], overwrite: bool, keep_going: bool, say: Say) -> Outcome:
    """Write dashboards; when one is refused, undo the others, or with `keep_going` leave them.

    Raises Unreachable when the server fails, after undoing what can be undone; KeyboardInterrupt, which undoes nothing
    (more). Both say what stayed written.
    """
    outcome = Outcome()
    under_way: dict[Future[Saved], Step] = {}
    with ThreadPoolExecutor(client.workers) as pool:
        try:
            _write_all(client, steps, overwrite, keep_going, say, pool, under_way, outcome)
        except KeyboardInterrupt as error:
            with contextlib.suppress(KeyboardInterrupt):  # who cannot wait is told what is not known
                pool.shutdown(wait=True, cancel_futures=True)
            told = "".join(map(str, error.args)) or _told_interrupted(outcome, under_way, steps)
            raise KeyboardInterrupt(told) from None
    return outcome


def _write_all(
    client: Client,
    steps: Sequence[Step],
    overwrite: bool,
    keep_going: bool,
    say: Say,
    pool: ThreadPoolExecutor,
    under_way: dict[Future[Saved], Step],
    outcome: Outcome,
) -> None:
    """Write, or undo what was written; several at a time."""
    queue, tried = iter(steps), list[Step]()
    try:
        while True:
            for step in itertools.islice(queue, client.workers - len(under_way)):
                tried.append(step)
                under_way[pool.submit(_save, client, step, overwrite)] = step
            if not under_way:
                return
            _collect(under_way, outcome, keep_going)
            say(f"{len(outcome.saved)} of {len(steps)} dashboards written")
    except Unreachable as error:
        wait(under_way)
        raise Unreachable(f"{error}\n{_undo(client, tried)}") from None
    except _Stop:
        wait(under_way)
        outcome.rolled_back, outcome.told = True, _undo(client, tried)


class _Stop(Exception):  # noqa: N818 - a way out of the loop, no error
    """One was refused, and the others are to be undone."""


def _collect(under_way: dict[Future[Saved], Step], outcome: Outcome, keep_going: bool) -> None:
    """Take what is done. Raises _Stop, Unreachable."""
    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
    for one in done:
        step = under_way.pop(one)
        try:
            outcome.saved.append(one.result())
        except Refused as error:
            outcome.failures.append(Failure(step, error))
    if outcome.failures and not keep_going:
        raise _Stop


def _save(client: Client, step: Step, overwrite: bool) -> Saved:
    """Write one dashboard, if it is still the one that was looked at, and read it back."""
    wanted = step.wanted
    body = _body(wanted.json, wanted.folder, client, None if overwrite else step.kept, overwrite=overwrite)
    answer = client.mapping("POST", "/api/dashboards/db", body)
    version = answer.get("version")
    problems = tuple(_problems(client, step))
    return Saved(step, str(answer.get("url") or ""), version if isinstance(version, int) else 0, problems)


def _body(
    dashboard: Any, folder: Folder, client: Client, before: Kept | None, *, overwrite: bool = False
) -> Json:
    known = {"version": before.version} if before else {}
    body: Json = {"dashboard": {**dashboard, "id": None, **known}, "overwrite": overwrite, "message": MESSAGE}
    if not folder.uid:
        return body
    number = {"folderId": folder.number} if client.numbers < FOLDER_NUMBERS and folder.number else {}
    return {**body, "folderUid": folder.uid, **number}


def _now(client: Client, uid: str) -> Kept | None:
    found = client.find(f"/api/dashboards/uid/{quote(uid, safe='')}")
    return None if found is None else kept(found)


def _problems(client: Client, step: Step) -> Iterable[str]:
    """Say where Grafana holds something else than what was sent. Raises Unreachable."""
    wanted = step.wanted
    try:
        now = _now(client, wanted.uid)
    except Refused as error:
        yield f"it was written and could not be read back: {error}"
        return
    if now is None:
        yield "Grafana took it and does not have it"
        return
    if not same_folder(wanted.folder, now.folder):
        yield f"Grafana put it into the folder {now.folder.title!r}, not {wanted.folder.title!r}"
    gone = list(lost(comparable(wanted.json), comparable(now.json)))
    if gone:
        more = f" and {len(gone) - MAX_TOLD} more" if len(gone) > MAX_TOLD else ""
        yield f"Grafana kept otherwise than it was sent: {', '.join(gone[:MAX_TOLD])}{more}"


def _undo(client: Client, steps: Sequence[Step]) -> str:
    """Bring back what was there before, and say what became of each dashboard; a server that is gone is asked once.

    Raises KeyboardInterrupt, which says the same.
    """
    states = {step.wanted.uid: (step.wanted.title, "may be written") for step in steps}
    try:
        for step in steps:
            try:
                states[step.wanted.uid] = step.wanted.title, _undone(client, step)
            except Refused:
                states[step.wanted.uid] = step.wanted.title, "is written still"
    except Unreachable:
        return _told(states.values())
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{_told(states.values())}; run it again") from None
    return _told(states.values())


def _told(states: Iterable[tuple[str, str]]) -> str:
    """Say which titles are in which state, in the order of the states."""
    of: dict[str, list[str]] = {}
    for title, state in states:
        of.setdefault(state, []).append(title)
    told = [f"{', '.join(map(repr, titles))} {state}" for state, titles in of.items() if state]
    return "; ".join(told) or "nothing stays written"


def _undone(client: Client, step: Step) -> str:
    """Undo one step; "" when it had not been written."""
    now = _now(client, step.wanted.uid)
    if now is None or (step.kept and now.version == step.kept.version):
        return ""
    if list(lost(comparable(step.wanted.json), comparable(now.json))):
        return "was changed by somebody else since, and stays"
    if step.kept is None:
        client.ask("DELETE", f"/api/dashboards/uid/{quote(step.wanted.uid, safe='')}")
        return "was deleted again"
    client.ask("POST", "/api/dashboards/db", _body(step.kept.json, step.kept.folder, client, now))
    return "was brought back to what it was"


def _told_interrupted(outcome: Outcome, under_way: dict[Future[Saved], Step], steps: Sequence[Step]) -> str:
    """Say what is in Grafana after Ctrl-C; what was under way has been waited for, unless there was a second one."""
    names, unsure = [one.step.wanted.title for one in outcome.saved], []
    for future, step in under_way.items():
        if future.cancelled():
            continue
        error = future.exception() if future.done() else Unreachable("nobody waited for it")
        if error is None:
            names.append(step.wanted.title)
        elif not isinstance(error, Refused):
            unsure.append(step.wanted.title)
    shown = f": {', '.join(map(repr, names))}" if names else ""
    maybe = f"; {', '.join(map(repr, unsure))} may be" if unsure else ""
    return f"{len(names)} of {len(steps)} dashboards are written{shown}{maybe}; run it again for the others"
