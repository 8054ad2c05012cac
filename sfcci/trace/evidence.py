"""The paths that a capture tells: a pcapng of the switch's ports, and what was meant."""

from collections.abc import Iterable
from pathlib import Path

from sfcci.datapath import pcapng
from sfcci.datapath.pcapng import CapturedFrame
from sfcci.errors import Fault, InputError, Place
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
    return paths(trails_of(capture, meant, wanted), meant, wanted)


def trails_of(capture: Path, meant: Meant, wanted: Filter | None = None) -> tuple[Trail, ...]:
    """Give the trail of every packet of these requests and their answers. Raises InputError as `evidence_of`."""
    frames = pcapng.read(capture)
    faults = tuple(_foreign(capture, frames, meant))
    if faults:
        raise InputError(*faults)
    return _trails(frames, meant, wanted)


def paths_of(
    frames: Iterable[CapturedFrame], meant: Meant, wanted: Filter | None = None
) -> tuple[ChainPath, ...]:
    """Give the paths that frames tell."""
    return paths(_trails(frames, meant, wanted), meant, wanted)


def _trails(frames: Iterable[CapturedFrame], meant: Meant, wanted: Filter | None) -> tuple[Trail, ...]:
    wants = wanted.either if wanted else None
    return trails(frames, meant.nodes, taps=meant.taps, aliases=meant.aliases, wants=wants)


def _foreign(capture: Path, frames: Iterable[CapturedFrame], meant: Meant) -> Iterable[Fault]:
    """A capture in which no interface is a port that is known, or none says in which direction frames passed."""
    interfaces = dict.fromkeys(frame.interface for frame in frames)
    if not interfaces:
        return
    known = [name for name in interfaces if name in meant.nodes]
    if not known:
        found = ", ".join(name or "one without a name" for name in list(interfaces)[:SHOWN])
        expected = ", ".join(port.name or port.tap for port in meant.topology.ports[:SHOWN])
        yield Fault(Place(str(capture)), f"interfaces {found}", f"ports of the switch, such as {expected}")
    elif not any(frame.direction for frame in frames):
        yield Fault(
            Place(str(capture)), "no frame says in which direction it passed", "pcapng with epb_flags"
        )
