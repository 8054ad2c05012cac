"""Programs on a lab's hosts for the time of a test: service functions of every kind, counters of packets, probes."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfcci.datapath.lab import Lab
from sfcci.datapath.programs import function_words
from sfcci.datapath.stream import ended, running
from sfcci.datapath.topology import Function

INSIDE = Path(__file__).parent / "inside"
"""Programs of the tests' own that run on a lab's hosts."""


@dataclass
class Work:
    """What a function has done; known when its block has ended. `counts` are its packets, by what became of them."""

    counts: dict[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def working(
    lab: Lab,
    kind: str,
    ingress: str,
    egress: str,
    *,
    hold_ms: float = 0,
    swap: bool = False,
    maps: Sequence[tuple[str, str]] = (),
) -> Iterator[Work]:
    """Have the ports' host do this work while the block runs; it may not route itself (`forwards`).

    `kind` as in a scenario; `swap`: encapsulated frames go back to whom they came from; `maps`: a translator's addresses,
    before and behind. Raises UsageError, ToolError.
    """
    into, out = lab.topology.port(ingress), lab.topology.port(egress)
    words = function_words(lab.topology, Function(kind, hold_ms, swap, tuple(maps)), (into, out))
    work = Work()
    with running(lab, into.host, "service_function.py", *words, ready=True) as process:
        yield work
        work.counts.update(json.loads(ended(process)))


@contextlib.contextmanager
def counting(lab: Lab, port: str) -> Iterator[Work]:
    """Count what reaches a port while the block runs: by ethertype, protocol and destination port ("0800/17/5000")."""
    where = lab.topology.port(port)
    work = Work()
    with running(lab, where.host, str(INSIDE / "counter.py"), where.name, ready=True) as process:
        yield work
        work.counts.update(json.loads(ended(process))["kinds"])


def probe(lab: Lab, *words: str, host: str = "source") -> dict[str, object]:
    """Ask from a host as inside/probe.py says."""
    with running(lab, host, str(INSIDE / "probe.py"), *words) as process:
        return json.loads(ended(process))
