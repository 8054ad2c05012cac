"""Numbered packets from one host of a lab to others, judged against a control stream beside them."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sfcci import command
from sfcci.datapath.lab import Lab
from sfcci.datapath.namespace import INSIDE
from sfcci.errors import ProgramFailure, ToolError

END_S = 60.0
"""How long a program in a lab may take to end once it is told to."""


@dataclass(frozen=True)
class Flowing:
    """What became of a stream's packets. Times in microseconds, from the sender to the receiver's kernel.

    `missing`: numbers of packets that never came, as ranges, both ends included. `late`: came after a higher number.
    `ttls`: TTL or hop limit at arrival → packets. `refused`: the sender's own kernel did not take them.
    """

    sent: int
    came: int
    duplicated: int
    late: int
    missing: tuple[tuple[int, int], ...]
    ttls: Mapping[int, int]
    delays_us: Mapping[str, int]
    refused: int = 0

    @property
    def lost(self) -> int:
        """How many packets never came."""
        return sum(last - first + 1 for first, last in self.missing)


@dataclass
class Stream:
    """A stream that runs; `flowing` is by "ADDRESS/PORT" once its block has ended."""

    flowing: dict[str, Flowing] = field(default_factory=dict)
    latest_ms: float = 0.0
    """How late the sender's latest beat was: a machine without time sends in bursts."""


@contextlib.contextmanager
def streaming(
    lab: Lab,
    source: str,
    destination: str,
    targets: Sequence[str],
    *,
    rate: float = 1000,
    count: int = 0,
    length: int = 64,
    patience_s: float = 1.0,
) -> Iterator[Stream]:
    """Send from one host to another while the block runs, or `count` packets to each of `targets` ("ADDRESS/PORT").

    The result is there when the block has ended and all have come, or nothing has for `patience_s` and the time that the
    lab's functions hold a packet. Raises ToolError.
    """
    ports = sorted({target.rpartition("/")[2] for target in targets})
    stream = Stream()
    with running(lab, destination, "stream_receiver.py", *ports, ready=True) as receiver:
        words = (f"{rate:g}", str(count), str(length), *targets)
        with running(lab, source, "stream_sender.py", *words, ready=True) as sender:
            yield stream
            told = json.loads(ended(sender) if not count else ended(sender, close=False))
        taken = told["sent"] * len(targets) - sum(told["refused"].values())
        came = json.loads(ended(receiver, f"{patience_s + lab.held_s} {taken}\n"))
    stream.latest_ms = told["latest_ms"]
    for target in targets:
        record = came[target.rpartition("/")[2]]
        stream.flowing[target] = judged(record, told["sent"], told["refused"].get(target, 0))


@contextlib.contextmanager
def running(lab: Lab, host: str, program: str, *words: str, ready: bool = False) -> Iterator[command.Process]:
    """Run one of the lab's own programs on a host for the block; `ready`: wait until it says that it is. Raises ToolError."""
    argv = [sys.executable, "-I", "-S", str(INSIDE / program), *words]
    pipe = command.PIPE
    with lab.start(host, argv, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        if ready and process.stderr and (said := process.stderr.readline()) != b"ready\n":
            raise _failed(process, said + process.communicate(timeout=END_S)[1])
        yield process


def ended(process: command.Process, last: str = "", *, close: bool = True) -> str:
    """Have a program of the lab end, and give what it wrote. Raises ToolError."""
    if process.stdin and not close:
        out, err = _wait(process)
    else:
        out, err = process.communicate(last.encode(), timeout=END_S)
    if process.returncode:
        raise _failed(process, err)
    return out.decode()


def _wait(process: command.Process) -> tuple[bytes, bytes]:
    """Wait for what ends by itself, however long it takes."""
    out = process.stdout.read() if process.stdout else b""
    process.wait(END_S)
    return out, process.stderr.read() if process.stderr else b""


def _failed(process: command.Process, said: bytes) -> ToolError:
    words = process.args if isinstance(process.args, list) else [str(process.args)]
    text = said.decode(errors="replace").strip()
    return ToolError(ProgramFailure(tuple(map(str, words)), process.poll() or 1, tuple(text.splitlines())))


def judged(record: Mapping[str, Any], sent: int, refused: int = 0) -> Flowing:
    """Give what a receiver's record means where `sent` packets, numbered from 0, were sent."""
    return Flowing(
        sent,
        record["came"],
        record["duplicated"],
        record["late"],
        missing(record["numbers"], sent),
        {int(ttl): count for ttl, count in record["ttls"].items()},
        record["delays_us"],
        refused,
    )


def missing(numbers: Sequence[Sequence[int]], sent: int) -> tuple[tuple[int, int], ...]:
    """Give the ranges of 0 to `sent` - 1 that none of these ranges, which are in order, holds."""
    gaps, following = [], 0
    for first, last in numbers:
        if first > following:
            gaps.append((following, first - 1))
        following = last + 1
    if following < sent:
        gaps.append((following, sent - 1))
    return tuple(gaps)
