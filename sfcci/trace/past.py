"""Between the analyzer and its history: what is to be written waits here, and what was is asked here.

A history that refuses (a full disk) stops nothing: it is said once, what waits is tried again, and what is too much is
counted and lost.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Final

from sfcci.errors import SfcciError, UsageError
from sfcci.trace.flow import MS, FlowRecord, Metric
from sfcci.trace.flow_json import as_json, parse_flow
from sfcci.trace.graph import Element
from sfcci.trace.gremlin import Past as Moment
from sfcci.trace.history import History

PRUNE_MS: Final = 60_000
MOST_WAITING: Final = 100_000
AT_ONCE: Final = 2000
"""Flows that are written at a time: questions wait no longer for them than a fifth of a second."""


class Recorder:
    """What is to be written; without a history documents live as long as the analyzer."""

    def __init__(self, history: History | None, say: Callable[[str], None] = lambda _text: None) -> None:
        self.history, self._say = history, say
        self.said = "" if history else "no: there is no database"
        self.lost = 0
        self._elements: deque[Element] = deque()
        self._complete: deque[tuple[FlowRecord, Metric | None]] = deque()
        """Flows with the interval that was complete then: they go on, and so do their figures."""
        self._documents: dict[str, dict[str, dict[str, Any]]] = {}
        self._next_prune = 0

    @property
    def pending(self) -> bool:
        """Say whether something waits to be written."""
        return bool(self.history and (self._elements or self._complete))

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """Give what was asked for: captures, alerts."""
        return self.history.documents(kind) if self.history else self._documents.get(kind, {})

    def put(self, kind: str, uuid: str, document: Mapping[str, Any] | None) -> None:
        """Keep what was asked for; where the database refuses, it is said, and asked for until the analyzer ends."""
        if self.history:
            self._try(lambda history: history.put_document(kind, uuid, document))
        elif document is not None:
            self._documents.setdefault(kind, {})[uuid] = dict(document)
        else:
            self._documents.get(kind, {}).pop(uuid, None)

    def element(self, element: Element) -> None:
        """Have a version of a node or edge written."""
        if self.history:
            self._elements.append(element)

    def tick(
        self,
        now_ms: int,
        complete: Iterable[FlowRecord] = (),
        changed: Callable[[int], Sequence[FlowRecord]] = lambda _most: (),
        *,
        most: int = AT_ONCE,
    ) -> None:
        """Write what waits, of flows at most so many at a time; `changed` gives those between two updates."""
        if self.history is None:
            return
        self._complete.extend((flow, flow.update) for flow in complete)
        for waiting in (self._elements, self._complete):
            while len(waiting) > MOST_WAITING:
                waiting.popleft()
                self.lost += 1
        whole = list(islice(self._complete, most))
        fresh = changed(most - len(whole))
        if self._elements or whole or fresh:
            self._try(lambda history: self._write(history, now_ms, whole, fresh))
        if now_ms >= self._next_prune:
            self._next_prune = now_ms + PRUNE_MS
            self._try(lambda history: history.prune(now_ms), proves=False)

    def close(self) -> None:
        """Close the history."""
        if self.history:
            self.history.close()

    def _write(
        self,
        history: History,
        now_ms: int,
        whole: Sequence[tuple[FlowRecord, Metric | None]],
        fresh: Sequence[FlowRecord],
    ) -> None:
        history.write(now_ms, tuple(self._elements), [_as_it_was(*one) for one in whole])
        self._elements.clear()
        for _ in whole:
            self._complete.popleft()
        history.write(now_ms, flows=[as_json(flow) for flow in fresh], metrics=False)

    def _try(self, work: Callable[[History], None], *, proves: bool = True) -> None:
        """Do it; `proves`: when that is possible, there is room to write again."""
        if self.history is None:
            return
        try:
            work(self.history)
        except SfcciError as error:
            if not self.said:
                self._say(f"the history is not written: {error}")
            self.said = str(error)
        else:
            if self.said and proves:
                self._say("the history is written again")
                self.said = ""


def _as_it_was(flow: FlowRecord, update: Metric | None) -> dict[str, Any]:
    """Give a flow in JSON with the interval of then."""
    return as_json(flow) | ({"LastUpdateMetric": update.json()} if update else {})


class Past:
    """What expressions with At, Context and Since ask: the history, and what is there now.

    `lock` is held while it writes what waits, and while it asks for `flows`; not while it reads the history.
    """

    def __init__(
        self,
        recorder: Recorder,
        flows: Callable[[], Iterable[FlowRecord]],
        now_ms: Callable[[], int],
        lock: AbstractContextManager[Any],
    ) -> None:
        self._recorder, self._flows, self._now_ms, self._lock = recorder, flows, now_ms, lock

    def at(self, at_ms: int, duration_ms: int | None) -> Moment:
        """Give what was there at a moment, or in a span that ends then. Raises UsageError without a history, Unreachable."""
        history = self._recorder.history
        if history is None:
            raise UsageError("the analyzer keeps no history; start it without --no-history")
        since_ms = at_ms - (duration_ms or 0)
        with self._lock:
            if self._recorder.pending:
                self._recorder.tick(self._now_ms())
        return Moment(
            history.graph(since_ms, at_ms),
            lambda: self._merged(history, since_ms, at_ms),
            lambda uuid: history.metrics(uuid, since_ms, at_ms),
        )

    def _merged(self, history: History, since_ms: int, until_ms: int) -> list[FlowRecord]:
        with self._lock:
            now = tuple(self._flows())
        live = [flow for flow in now if flow.start_ns // MS <= until_ms and flow.last_ns // MS >= since_ms]
        known = {flow.uuid for flow in live}
        kept = (parse_flow(one) for one in history.flows(since_ms, until_ms) if one["UUID"] not in known)
        return sorted((*live, *kept), key=lambda flow: flow.last_ns, reverse=True)
