"""HTTP/1.1 over a connection, with limits for what uvicorn waits for without one: a request's first lines, a reader."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S: Final = 20.0
"""How long a request's first lines may take to come, and a connection say nothing."""
READ_S: Final = 30.0
"""How long the other side may take nothing of an answer."""
MOST_CONNECTIONS: Final = 8192


class Patient(H11Protocol):
    """uvicorn's protocol, whose patience ends."""

    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request, unless there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        self._watch()

    def handle_events(self) -> None:
        """Take what has come; also called when an answer is complete."""
        super().handle_events()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        _end(self._late)
        _end(self._stuck)

    def pause_writing(self) -> None:
        """Begin to wait for the other side to read."""
        super().pause_writing()
        self._stuck = self._stuck or self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        _end(self._stuck)
        self._stuck = None

    def _watch(self) -> None:
        if str(self.conn.their_state) == "IDLE":  # h11's name for: no request has begun (RFC 9112's machine)
            self._late = self._late or self.loop.call_later(HEAD_S, self.transport.close)
        else:
            _end(self._late)
            self._late = None


def _end(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
