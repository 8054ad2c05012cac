"""Dashboards that go into a Grafana whenever their file is saved.

A fault in a file is told, and the file is not pushed until it is put right; a Grafana that goes away is waited for. What was
saved meanwhile, or what Grafana refused, is kept in mind and tried again with the next save, so nothing is lost.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci.dashboard import grafana as door
from sfcci.dashboard.grafana import Options, Pushed
from sfcci.dashboard.grafana_client import Client
from sfcci.dashboard.source import Item, Sources, datasources, placed
from sfcci.dashboard.validate import Looks, examine
from sfcci.dashboard.watching import changes
from sfcci.errors import Unreachable, UsageError
from sfcci.finding import Finding, Severity
from sfcci.settings import Grafana

RETRY_S = 2.0
"""So often a Grafana that is away is asked again."""
Say = Callable[[str], None]
Aim = Callable[[Sources], tuple[Sources, Options]]


class NotLetIn(Unreachable):
    """Grafana answers, and takes none of our secrets: it is no use to ask again and again."""


@dataclass(frozen=True)
class Told:
    """What came of a save: what Grafana has now, what is wrong, whether Grafana is waited for (`waiting`: why)."""

    pushed: tuple[Pushed, ...] = ()
    findings: tuple[Finding, ...] = ()
    waiting: str = ""
    gone: tuple[str, ...] = ()
    """Files that are no more; their dashboards stay in Grafana."""

    @property
    def is_faulty(self) -> bool:
        """Whether something must be put right before all is pushed."""
        return any(one.severity is Severity.ERROR for one in self.findings)


class Follower:
    """The dashboards at `paths`, and which of them Grafana does not have yet as they are in the files.

    `settings` is asked for anew each time (a pod that is made again has another token), and `aim` what is pushed, and how.
    """

    def __init__(self, paths: Sequence[Path], settings: Callable[[], Grafana], aim: Aim) -> None:
        self.paths, self.settings, self.aim = tuple(paths), settings, aim
        self.pending: set[Path] | None = None
        """Files that are still to be pushed; None: all."""
        self._looks: Looks = {}
        self._client: Client | None = None

    def follow(self, stop: threading.Event, say: Say = lambda _text: None) -> Iterator[Told]:
        """Push all, then what is saved, and tell what came of it, until `stop` is set. Raises Unreachable, UsageError.

        It ends with an error when Grafana is there and does not let us in.
        """
        saved: queue.SimpleQueue[frozenset[Path]] = queue.SimpleQueue()
        with _watching(self.paths, stop, saved.put), contextlib.ExitStack() as at_end:
            at_end.callback(self._forget)
            told = self._turn(say)
            yield told
            while not stop.is_set():
                try:
                    named = saved.get(timeout=RETRY_S if told.waiting else None)
                except queue.Empty:
                    named = frozenset()
                before, told = told, self._turn(say, named)
                if named or told.waiting != before.waiting:
                    yield told

    def _turn(self, say: Say, named: frozenset[Path] = frozenset()) -> Told:
        """Take what was saved, and push what is to be pushed."""
        gone = tuple(sorted(str(path) for path in named if not path.exists()))
        if self.pending is not None:
            self.pending |= named
        try:
            return replace(self._pushed(say), gone=gone)
        except NotLetIn:
            raise
        except Unreachable as error:
            self._forget()
            return Told(waiting=str(error), gone=gone)
        except UsageError as error:
            if self.pending is None:  # it has never been right
                raise
            return Told(waiting=str(error), gone=gone)  # the folder is gone, or empty

    def _pushed(self, say: Say) -> Told:
        """Push what is to be pushed; what has a fault waits for its next save. Raises Unreachable, UsageError."""
        settings = self.settings()
        folders = placed(self.paths, settings.folder)
        seen = examine(folders, looks=self._looks)
        wanted = folders.keys() if self.pending is None else folders.keys() & self.pending
        faults = tuple(
            one for one in seen.findings if one.severity is Severity.ERROR and Path(one.place.path) in wanted
        )
        faulty = {Path(one.place.path) for one in faults}
        pushed: tuple[Pushed, ...] = ()
        findings: tuple[Finding, ...] = ()
        lacking: set[Path] = set()
        if whole := wanted - faulty:
            items = [Item(one, folders[Path(one.path)]) for one in seen.dashboards if Path(one.path) in whole]
            client = self._connected(settings)
            sources, options = self.aim(Sources(tuple(items), tuple(datasources(whole))))
            report = door.update(client, sources, settings, replace(options, keep_going=True), say)
            pushed, findings = report.pushed, report.findings
            lacking = {Path(one.dashboard.path) for one in items} - {Path(one.path) for one in pushed}
        self.pending = faulty | lacking
        return Told(pushed, (*faults, *findings))

    def _connected(self, settings: Grafana) -> Client:
        """Give a client that knows who it is there. Raises Unreachable; NotLetIn when that is for the user to put right."""
        if self._client is None:
            self._client = Client(settings)
            try:
                self._client.connect()
            except Unreachable as error:
                self._client.mapping("GET", "/api/health")  # has it gone just now?
                raise NotLetIn(str(error)) from None
        return self._client

    def _forget(self) -> None:
        if self._client:
            self._client.close()
        self._client = None


@contextlib.contextmanager
def _watching(
    paths: Sequence[Path], stop: threading.Event, take: Callable[[frozenset[Path]], None]
) -> Iterator[None]:
    """Tell `take` what changes, from a thread, for the block; and nothing once more when `stop` is set."""
    found = changes(paths, stop, below=True)

    def watch() -> None:
        for named in found:
            take(named)
        take(frozenset())

    thread = threading.Thread(target=watch, name="watching", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
