"""Live reload: the pages that are open are told which dashboards have changed on the disk.

`/api/changes` is a stream of server-sent events (WHATWG HTML, 9.2). Each event is named `dashboards`; its data is JSON:

    {"uids": [...], "removed": [...], "problems": [...], "broken": {uid: [...]}}

uids: the dashboards that are new or changed; problems: all errors in the files, as in /api/dashboards; broken: those of which
the file gives no dashboard now, so that the last whole one is shown. A page that says what it has seen (`?since=` with
`seen` of /api/dashboards; a browser that connects again says so itself) misses nothing that happened meanwhile.

A browser opens six connections to one server, for all its pages: a page that is hidden should close its stream.
"""

import asyncio
import contextlib
import json
import threading
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING

from sfcci.dashboard.latest import Change, Latest, View
from sfcci.dashboard.watching import changes
from sfcci.web.answer import Endpoint

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

BEAT_S = 15.0
"""So often a stream says that it lives; a page that has gone is noticed then."""
RETRY_MS = 1000
_Listener = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Live:
    """What is shown now, who wants to know when it changes, and what has changed since the pages began."""

    def __init__(self, latest: Latest) -> None:
        self.latest = latest
        self._boot = uuid.uuid4().hex[:8]
        self._log: list[Change] = []
        self._listeners: set[_Listener] = set()
        self._looking = threading.Lock()
        self._lock = threading.Lock()
        """Held for a moment only: the streams' loop waits for it, too."""
        self._ended = threading.Event()

    @property
    def view(self) -> View:
        """Give what is shown now."""
        return self.latest.view

    @property
    def seen(self) -> str:
        """Give the name of this moment, for `since`."""
        return f"{self._boot}-{len(self._log)}"

    def look(self) -> View:
        """Read what has changed on the disk, tell it to all who listen, and give what is shown now."""
        with self._looking:
            change = self.latest.look()
            if change:
                self._log.append(change)
                self._wake()
        return self.view

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the files for the block; at its end all streams end."""
        found = changes(self.latest.paths, self._ended, below=True)  # from here on nothing is missed

        def watch() -> None:
            self.look()
            for _ in found:
                self.look()

        thread = threading.Thread(target=watch, name="watching", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._wake()
            thread.join()

    async def stream(self, since: str) -> AsyncIterator[bytes]:
        """Give the events for one page that has seen all up to `since`; "" is now."""
        number = self._number(since)
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.add(listener)
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while not self._ended.is_set():
                listener[1].clear()
                if number != len(self._log):
                    number, event = self._event(number)
                    yield event
                if not await _heard(listener[1]):
                    yield b": still here\n\n"
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _wake(self) -> None:
        with self._lock:
            for loop, signal in self._listeners:
                with contextlib.suppress(RuntimeError):  # the server has ended with its loop
                    loop.call_soon_threadsafe(signal.set)

    def _number(self, since: str) -> int:
        """Give how many changes a page has seen; -1 for one that was open before these pages began."""
        if not since:
            return len(self._log)
        boot, _, number = since.partition("-")
        known = boot == self._boot and number.isdecimal() and int(number) <= len(self._log)
        return int(number) if known else -1

    def _event(self, number: int) -> tuple[int, bytes]:
        """Give how many changes there are now, and the event that tells those after `number`."""
        with self._lock:
            now, view = len(self._log), self.view
            missed = self._log[number:] if number >= 0 else [Change(tuple(view.dashboards), ())]
        touched = {name for change in missed for name in (*change.uids, *change.removed)}
        told = {
            "uids": [name for name in view.dashboards if name in touched],
            "removed": sorted(touched - view.dashboards.keys()),
            "problems": view.problems,
            "broken": view.broken,
        }
        return now, f"id: {self._boot}-{now}\nevent: dashboards\ndata: {json.dumps(told)}\n\n".encode()


async def _heard(signal: asyncio.Event) -> bool:
    """Wait for the signal, at most BEAT_S; say whether it came."""
    try:
        await asyncio.wait_for(signal.wait(), BEAT_S)
    except TimeoutError:
        return False
    return True


def routes(live: Live) -> Mapping[str, Endpoint]:
    """Give the stream."""

    def told(request: "Request") -> "Response":
        from starlette.responses import StreamingResponse

        since = request.headers.get("Last-Event-ID") or request.query_params.get("since", "")
        return StreamingResponse(live.stream(since), media_type="text/event-stream")

    return {"/api/changes": told}
