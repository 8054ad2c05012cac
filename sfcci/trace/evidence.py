"""The paths that a capture tells: a pcapng of the switch's ports, and what was meant."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from sfcci.datapath.pcapng import CapturedFrame
from sfcci.errors import Fault, InputError, Place
from sfcci.trace import pcap
from sfcci.trace.chainpath import ChainPath
from sfcci.trace.flowfilter import Filter
from sfcci.trace.judging import paths
from sfcci.trace.meant import Meant
from sfcci.trace.passes import Trail, trails

SHOWN = 6


def evidence_of(capture: Path, meant: Meant, wanted: Filter | None = None) -> tuple[ChainPath, ...]:
    """Give the paths of all requests in a capture, or of those that are wanted, each there and back, oldest first.

    Its interfaces are the ports of `meant`, by names, taps or ids. Raises InputError: no capture, or one of something else.
    """
    return paths_of(_frames(capture, meant), meant, wanted)


def trails_of(capture: Path, meant: Meant, wanted: Filter | None = None) -> tuple[Trail, ...]:
    """Give the trail of every packet of these requests and their answers. Raises InputError as `evidence_of`."""
    return _trails(_frames(capture, meant), meant, wanted)


def paths_of(
    frames: Iterable[CapturedFrame], meant: Meant, wanted: Filter | None = None
) -> tuple[ChainPath, ...]:
    """Give the paths that frames tell."""
    return paths(_trails(frames, meant, wanted), meant, wanted)


def _frames(capture: Path, meant: Meant) -> Iterator[CapturedFrame]:
    """Give the frames one at a time; only the names of a few ports are kept. Raises InputError, at the end the latest."""
    interfaces: dict[str, None] = {}
    known = directed = False
    for frame in pcap.read(capture):
        if not known and (frame.interface in meant.nodes or len(interfaces) < SHOWN):
            interfaces[frame.interface] = None
            known = frame.interface in meant.nodes
        directed = directed or bool(frame.direction)
        yield frame
    if interfaces and not (known and directed):
        raise InputError(_foreign(capture, interfaces, meant, known=known))


def _trails(frames: Iterable[CapturedFrame], meant: Meant, wanted: Filter | None) -> tuple[Trail, ...]:
    wants = wanted.either if wanted else None
    return trails(frames, meant.nodes, taps=meant.taps, aliases=meant.aliases, wants=wants)


def _foreign(capture: Path, interfaces: Iterable[str], meant: Meant, *, known: bool) -> Fault:
    """A capture in which no interface is a port that is known, or none says in which direction frames passed."""
    if known:
        return Fault(
            Place(str(capture)), "no frame says in which direction it passed", "pcapng with epb_flags"
        )
    names = [name for name in interfaces if name]
    expected = ", ".join(port.name or port.tap for port in meant.topology.ports[:SHOWN])
    if not names:
        found, expected = (
            "nothing says at which port a frame was seen",
            f"pcapng with the switch's ports as its interfaces, such as {expected}",
        )
        hint = "classic pcap has no interfaces; its flows: sfcci-skydive client pcap"
        return Fault(Place(str(capture)), found, expected, hint)
    return Fault(
        Place(str(capture)), f"interfaces {', '.join(names)}", f"ports of the switch, such as {expected}"
    )
