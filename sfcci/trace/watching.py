"""Packets of a lab watched at the switch's ports as they pass, as trails."""

import contextlib
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from sfcci.datapath.lab import Lab
from sfcci.datapath.pcapng import CapturedFrame
from sfcci.errors import SfcciError
from sfcci.trace.live import ACTIVE, Live, Sink, Wanted
from sfcci.trace.meant import Meant
from sfcci.trace.opener import opened
from sfcci.trace.packet import FiveTuple
from sfcci.trace.passes import IN, OUT, Trail, Trails

HEADERS = 256
"""Octets kept of each frame: every header that tells one packet from the next."""
LOOK_S = 0.02
QUIET_S = 0.3
"""A packet that nobody has seen for so long, beside what functions hold packets, is under way no more."""
LONGEST_S = 5.0
"""So long one flow is watched that does not end."""


class Blind(SfcciError):  # noqa: N818 - what has happened
    """Not every port can be seen, or frames were lost: what would be told of packets would not be so."""


@dataclass
class Watching:
    """Frames that pass, gathered into trails; made by `watched`."""

    live: Live
    trails: Trails
    quiet_s: float
    begin_ns: int = 0
    """Since when every port is seen: a packet that was under way then is told by nobody, for its way is not known."""

    def until_quiet(self, wait_s: float, limit_s: float = LONGEST_S) -> bool:
        """Wait for a frame that is kept, then until none has come for a while; say whether there was one.

        A flow that goes on is watched for `limit_s`.
        """
        end, begun = time.monotonic() + wait_s, False
        while time.monotonic() < end and not self.live.ended:
            self.live.drain()
            last = self.trails.last_ns
            if last is not None and not begun:
                begun, end = True, time.monotonic() + limit_s
            if last is not None and time.time_ns() - last > self.quiet_s * 1e9:
                return True
            time.sleep(LOOK_S)
        return begun

    def take(self, *, settled: bool = True) -> list[Trail]:
        """Give and forget the trails of packets that are under way no more (`settled`), or of all. Raises Blind."""
        self.live.drain()
        self.check()
        before = time.time_ns() - int(self.quiet_s * 1e9) if settled else None
        found = self.live.do(lambda: self.trails.take(before))
        return [trail for trail in found if trail.begin_ns >= self.begin_ns]

    def check(self) -> None:
        """Raise Blind where frames were lost, or a port is not seen."""
        for key, tap in self.live.states().items():
            if tap.dropped:
                raise Blind(f"{key}: {tap.dropped} frames were lost, for more passed than can be taken in")
            if tap.state != ACTIVE and not self.live.ended:
                raise Blind(f"{key} cannot be watched: {tap.why or tap.state}")


@contextlib.contextmanager
def watched(
    lab: Lab, meant: Meant, wants: Callable[[FiveTuple], bool] | None = None, name: str = ""
) -> Iterator[Watching]:
    """Watch every port of a lab's switch for the block; `wants`: whose frames are kept (None: all).

    Raises MissingTool, ToolError, Gone, Blind.
    """
    trails = Trails(meant.nodes, taps=meant.taps, aliases=meant.aliases, wants=wants)
    wanted: dict[Hashable, Wanted] = {
        port.tap: Wanted(port.node, port.tap, _sink(trails, port.tap), header_size=HEADERS)
        for port in meant.topology.ports
    }
    holds = max((host.function.hold_ms for host in meant.topology.hosts if host.function), default=0.0)
    with opened(lab, name) as opener, Live(opener) as live:
        live.want(wanted)
        watching = Watching(live, trails, QUIET_S + holds / 1000)
        watching.check()
        live.drain()
        trails.last_ns, watching.begin_ns = None, time.time_ns()
        yield watching


def _sink(trails: Trails, tap: str) -> Sink:
    def take(time_ns: int, frame: bytes, length: int, outgoing: bool) -> None:
        trails.add(CapturedFrame(time_ns, tap, OUT if outgoing else IN, bytes(frame), length))

    return take
