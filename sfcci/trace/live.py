"""Frames of many interfaces as they pass, each given to whoever wants it; what is wanted may change at any time.

with Live(opener) as live:
    live.want({"a": Wanted("source", "eth0", table.add_all, batches=True)})
    live.drain()

Whoever wants an interface has a socket, filter and ring of his own, so that nobody loses a frame by another's doing. One
thread reads them all; it sleeps in the kernel while nothing passes. Sinks are called one at a time, by it or by who drains.
"""

import select
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, TypeVar

from sfcci.errors import InputError, MissingTool
from sfcci.trace import bpf
from sfcci.trace.in_order import InOrder, Passed
from sfcci.trace.opener import Gone, Opener
from sfcci.trace.ring import FRAME_AT, Ring

T = TypeVar("T")
Sink = Callable[[int, bytes, int, bool], object]
"""Takes a frame (`in_order.Passed`)."""
Batches = Callable[[list[Passed]], object]
ACTIVE, WAITING, FAILED = "active", "waiting", "failed"
MEMORY = 256 << 20
"""For the rings of all interfaces together."""
MOST_SLOTS, LEAST_SLOTS = 16384, 256
"""Frames that can wait for one who wants them."""
ALL, AT_ONCE = 1 << 62, 2048
"""Frames of one ring that are read before it is the next one's turn."""
AT_A_TIME = 32
FOREVER = 1 << 63
PAUSE_S, BREATH_S = 0.004, 0.0005
"""Frames gather so long between two readings: each reading of many costs what one frame would. Where
more has come than was read, others who wait for their turn get it meanwhile."""


@dataclass(frozen=True)
class Wanted:
    """Who wants the frames of which interface, and which: `bpf` is a filter, `header_size` the octets kept of each.

    `batches`: the sink takes lists of frames, which is quicker. `incoming_only`: not those that leave by the interface (of a
    switch's port: what enters the switch); `outgoing_only` the other way round. Where one sink stands in several wishes, it
    gets the frames of all in the order in which they passed.
    """

    netns: str
    interface: str
    sink: Sink | Batches
    bpf: str = ""
    header_size: int = 256
    incoming_only: bool = False
    outgoing_only: bool = False
    batches: bool = False

    @property
    def line(self) -> tuple[int, str, bool]:
        """What wishes with the same sink have in common, and no others."""
        return id(getattr(self.sink, "__self__", self.sink)), getattr(self.sink, "__name__", ""), self.batches


@dataclass(frozen=True)
class Tap:
    """How a wish stands: "active"; "waiting" for an interface that is not there; "failed". Frames came, or found no room."""

    state: str
    why: str = ""
    received: int = 0
    dropped: int = 0
    link_type: int = bpf.ETHERNET


@dataclass
class _Wish:
    """A wish, and the ring that fulfils it while there is one; the counters go on from ring to ring."""

    wanted: Wanted
    ring: Ring | None = None
    state: str = WAITING
    why: str = ""
    received: int = 0
    dropped: int = 0
    """By rings that are closed."""
    link_type: int = bpf.ETHERNET

    def told(self) -> Tap:
        """Give how it stands now."""
        dropped = self.dropped + (self.ring.lost() if self.ring else 0)
        return Tap(self.state, self.why, self.received, dropped, self.link_type)


class Live:
    """Captures until its block ends; see the module. Any thread may call it."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._turn, self._changing = threading.RLock(), threading.Lock()
        self._wishes: dict[Hashable, _Wish] = {}
        self._by_handle: dict[int, _Wish] = {}
        self._lines: dict[Hashable, list[_Wish]] = {}
        """Wishes by what they have in common (`Wanted.line`), so that frames for one sink are put in order."""
        self._kept: defaultdict[Hashable, InOrder] = defaultdict(InOrder)
        self._epoll = select.epoll()
        self._wake, self._woken = socket.socketpair()
        self._epoll.register(self._woken, select.EPOLLIN)
        self._epoll.register(opener, select.EPOLLRDHUP)
        self._closing = False
        self.ended = False
        """Whether the lab has ended; then nothing is captured any more, and every socket is closed."""
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def want(self, wanted: Mapping[Hashable, Wanted]) -> None:
        """Capture this and nothing else; a wish that stands as it did loses no frame.

        Interfaces that are not there are waited for: each call looks for them again. Raises InputError, MissingTool (a
        filter: then nothing is changed), Gone (the lab has ended).
        """
        for one in wanted.values():
            bpf.compiled(one.bpf, snap=one.header_size)
        with self._changing:
            if self.ended:
                raise Gone("the lab has ended")
            with self._turn:
                old = [key for key, wish in self._wishes.items() if not _same(wanted.get(key), wish.wanted)]
                rings = self._end_these([self._wishes.pop(key) for key in old])
                for key, one in wanted.items():
                    self._wishes.setdefault(key, _Wish(one))
                self._lines = {}
                for wish in self._wishes.values():
                    self._lines.setdefault(wish.wanted.line, []).append(wish)
                lacking = [wish for wish in self._wishes.values() if not wish.ring and wish.state == WAITING]
            room = MEMORY // max(len(wanted), 1)
            _side_by_side(Ring.close, rings)
            _side_by_side(lambda wish: self._begin(wish, room), lacking)

    def states(self) -> dict[Hashable, Tap]:
        """Give how each wish stands."""
        with self._turn:
            return {key: wish.told() for key, wish in self._wishes.items()}

    def drain(self) -> None:
        """Return when everything that had passed before the call has been given to its sink."""
        with self._turn:
            self._give(self._wishes.values(), ALL)

    def do(self, work: Callable[[], T]) -> T:
        """Call `work` while no sink is being called; give what it gives. Raises what it raises."""
        with self._turn:
            return work()

    def close(self) -> None:
        """End; what has come by now is still given to its sink. Again is allowed."""
        if self._closing:
            return
        self._closing = True
        self._wake.send(b"x")
        if self._thread.ident:
            self._thread.join()
        self._end_all("the capture has ended")
        for one in (self._epoll, self._wake, self._woken):
            one.close()

    def _begin(self, wish: _Wish, room: int) -> None:
        one = wish.wanted
        slots = min(max(room // (FRAME_AT + one.header_size), LEAST_SLOTS), MOST_SLOTS)
        try:
            sock = self._opener.packet_socket(one.netns)
            direction = "in" if one.incoming_only else "out" if one.outgoing_only else ""
            ring = Ring(sock, one.interface, one.bpf, one.header_size, direction=direction, slots=slots)
        except Gone as error:
            wish.why = str(error)
        except (OSError, MissingTool, InputError) as error:
            wish.state, wish.why = FAILED, str(error)
        else:
            with self._turn:
                if self.ended:
                    ring.close()
                    return
                wish.ring, wish.state, wish.why, wish.link_type = ring, ACTIVE, "", ring.link_type
                self._by_handle[ring.fileno()] = wish
                self._epoll.register(ring, select.EPOLLIN)

    def _end(self, wish: _Wish, state: str = WAITING, why: str = "") -> Ring | None:
        """Have a wish unfulfilled, and say why; give its ring, which is to be closed."""
        ring, wish.ring, wish.state, wish.why = wish.ring, None, state, why
        if ring:
            self._by_handle.pop(ring.fileno(), None)
            self._epoll.unregister(ring)
            wish.dropped += ring.lost()
        return ring

    def _end_these(self, wishes: Sequence[_Wish], why: str = "") -> list[Ring]:
        """Give sinks what has come by now, and no more; give the rings, which are to be closed."""
        self._give(wishes, ALL, last=True)
        return [ring for wish in wishes if (ring := self._end(wish, WAITING, why))]

    def _end_all(self, why: str) -> None:
        with self._turn:
            self.ended = True
            rings = self._end_these(list(self._wishes.values()), why)
        _side_by_side(Ring.close, rings)

    def _give(self, wishes: Iterable[_Wish], most: int, *, last: bool = False) -> bool:
        """Give sinks what has come until now, of each ring as much as `most`; say whether there is more to read at once.

        `last`: whatever is kept of theirs for the sake of order is given too.
        """
        until, more = FOREVER if last else time.time_ns(), False
        read: defaultdict[Hashable, list[list[Passed]]] = defaultdict(list)
        lines = dict.fromkeys(() if last else self._kept)
        for wish in wishes:
            lines[wish.wanted.line] = None
            if wish.ring and (passed := wish.ring.read(most)):
                wish.received += len(passed)
                read[wish.wanted.line].append(passed)
                if len(passed) >= most:
                    until, more = min(until, passed[-1][0]), True
        for line in lines:
            if len(self._lines[line]) == 1 and line not in self._kept:
                frames = read[line][0] if line in read else []
            else:
                frames = self._kept[line].take(read[line], until)
                if not self._kept[line]:
                    del self._kept[line]
            if frames:
                self._call(line, frames)
        return more

    def _call(self, line: Hashable, frames: list[Passed]) -> None:
        """Give frames to the sink of a line. One that fails gets no more; the others lose nothing by it."""
        wanted = self._lines[line][0].wanted
        sink: Callable[..., object] = wanted.sink
        try:
            if wanted.batches:
                sink(frames)
            else:
                for frame in frames:
                    sink(*frame)
        except Exception as error:  # noqa: BLE001 - whatever a sink may raise
            self._kept.pop(line, None)
            for wish in self._lines[line]:
                _close(self._end(wish, FAILED, f"{type(error).__name__}: {error}"))

    def _run(self) -> None:
        busy = False
        while not self._closing:
            if not busy and not self._kept:
                self._epoll.poll()
            time.sleep(BREATH_S if busy else PAUSE_S)
            with self._turn:
                busy = self._look(self._epoll.poll(0))

    def _look(self, events: list[tuple[int, int]]) -> bool:
        """Take in what has happened; say whether there is more to read at once."""
        told = {handle: event for handle, event in events if handle in self._by_handle}
        more = self._give([self._by_handle[handle] for handle in told], AT_ONCE)
        for handle, event in told.items():
            wish = self._by_handle.get(handle)
            if wish and wish.ring and event & select.EPOLLERR and wish.ring.gone():
                _close(self._end(wish, WAITING, f"interface {wish.wanted.interface} is gone"))
        if any(handle == self._opener.fileno() for handle, _ in events):
            self._epoll.unregister(self._opener)
            self._end_all("the lab has ended")
        return more


def _same(one: Wanted | None, other: Wanted) -> bool:
    """Say whether two wishes are one: sinks that are equal need not be the same."""
    return one == other and one.line == other.line


def _close(ring: Ring | None) -> None:
    if ring:
        ring.close()


def _side_by_side(work: Callable[[T], object], on: Sequence[T]) -> None:
    """Do it to all: the kernel takes some 10 ms to make or close a ring, and as long for many at a time."""
    if on:
        with ThreadPoolExecutor(min(len(on), AT_A_TIME)) as pool:
            list(pool.map(work, on))
