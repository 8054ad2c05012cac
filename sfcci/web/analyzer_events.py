"""What changes, told to the pages that are open, as server-sent events (WHATWG HTML, 9.2): /api/events.

event: graph      {"whole": true, "nodes": [...], "edges": [...], "gone": []} first, and after a page was too slow;
                  then {"whole": false, ...} with what is new or other, and the ids of what has gone
event: captures   the object of /api/capture, first and whenever it is another
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

from sfcci.trace.analyzer import Analyzer
from sfcci.trace.graph import Edge, Element, as_json
from sfcci.web.analyzer_answer import denied, text, with_headers
from sfcci.web.analyzer_door import Denied, Door

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

BEAT_S: Final = 15.0
TOGETHER_S: Final = 0.1
"""What changes within this time is told together."""
MOST_WAITING: Final = 20_000
"""More changes than that are told as a whole graph."""
MOST_STREAMS: Final = 100


class Stream:
    """What one page has not heard yet. `heard` may be called by any thread."""

    def __init__(self, analyzer: Analyzer, loop: asyncio.AbstractEventLoop) -> None:
        self._analyzer, self._loop = analyzer, loop
        self._lock = threading.Lock()
        self._elements: dict[str, Element] = {}
        self._whole = self._captures = True
        self.signal = asyncio.Event()
        self.signal.set()

    def heard(self, kind: str, what: Any) -> None:
        """Hear of a change."""
        with self._lock:
            if kind == "captures":
                self._captures = True
            elif not self._whole:
                self._elements.pop(what.id, None)
                self._elements[what.id] = what
                self._whole = len(self._elements) > MOST_WAITING
        with contextlib.suppress(RuntimeError):  # the server has ended with its loop
            self._loop.call_soon_threadsafe(self.signal.set)

    def events(self) -> bytes:
        """Give what has not been told, as events. Waits for the analyzer."""
        with self._analyzer.lock, self._lock:
            whole, captures = self._whole, self._captures
            elements, self._elements = self._elements, {}
            self._whole = self._captures = False
            graph = self._analyzer.graph
            if whole:
                elements = {node.id: node for node in graph.nodes()}
                elements |= {edge.id: edge for edge in graph.edges()}
        told = b""
        if whole or elements:
            told += _event("graph", {"whole": whole, **_parts(list(elements.values()))})
        if captures:
            told += _event("captures", self._analyzer.shown_captures())
        return told


def _parts(elements: list[Element]) -> dict[str, Any]:
    there = [one for one in elements if not one.deleted_ms]
    return {
        "nodes": [as_json(one) for one in there if not isinstance(one, Edge)],
        "edges": [as_json(one) for one in there if isinstance(one, Edge)],
        "gone": [one.id for one in elements if one.deleted_ms],
    }


def _event(name: str, value: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value, default=str, separators=(',', ':'))}\n\n".encode()


class Events:
    """The streams of one server."""

    def __init__(self, analyzer: Analyzer, door: Door) -> None:
        self._analyzer, self._door = analyzer, door
        self._streams: set[Stream] = set()
        self._ended = False

    def end(self) -> None:
        """End all streams; any thread may ask for it."""
        self._ended = True
        for stream in tuple(self._streams):
            stream.heard("captures", None)

    async def __call__(self, request: "Request") -> "Response":
        """GET /api/events."""
        from starlette.responses import StreamingResponse

        try:
            self._door.check_page(request)
            await self._door.user(request)
        except Denied as error:
            return with_headers(denied(error))
        if len(self._streams) >= MOST_STREAMS:
            return with_headers(text(f"{MOST_STREAMS} pages listen already", 503))
        return with_headers(StreamingResponse(self._told(), media_type="text/event-stream"))

    async def _told(self) -> AsyncIterator[bytes]:
        stream = Stream(self._analyzer, asyncio.get_running_loop())
        leave = self._analyzer.subscribe(stream.heard)
        self._streams.add(stream)
        try:
            yield b"retry: 1000\n\n"
            while not self._ended:
                try:
                    await asyncio.wait_for(stream.signal.wait(), BEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                stream.signal.clear()
                if told := await asyncio.to_thread(stream.events):
                    yield told
                await asyncio.sleep(TOGETHER_S)
        finally:
            self._streams.discard(stream)
            leave()
