"""Changes on their way to a switch in bundles, one after the other: all are sent and looked at before any is done.

Who drives several switches sends to all of them before he waits for one. Source: OpenFlow Switch Specification 1.5.1, 7.3.9.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from sfcci.chain.program import Change
from sfcci.datapath import openflow_encode as encode
from sfcci.datapath import openflow_message as wire
from sfcci.datapath.openflow_error import Refusal, words

Errors = list[tuple[int, bytes]]


class Line(Protocol):
    """What bundles want of a connection."""

    def take_xids(self, count: int) -> int:
        """Give the first of so many numbers for messages."""

    def take_bundle(self) -> int:
        """Give a number for a bundle."""

    def send(self, octets: bytes) -> None:
        """Send, sooner or later. Raises Unreachable."""

    def look(self) -> None:
        """Send what can be at once. Raises Unreachable."""

    def answer(self, kind: int, xid: int) -> tuple[bytes, Errors]:
        """Wait for the answer of this kind and number; give it and the errors that came. Raises Unreachable."""


class Bundles:
    """Stages of changes, a bundle each: `fill` all, look (`checked`), then `commit` one after the other, or `discard`.

    What is sent is waited for by `checked` and `committed` alone. All raise Unreachable.
    """

    def __init__(self, line: Line, stages: Sequence[tuple[Change, ...]]) -> None:
        self._line, self._stages = line, stages
        self._numbers = [line.take_bundle() for _ in stages]
        self._firsts = [line.take_xids(len(stage)) for stage in stages]
        self._unsaid: tuple[Refusal, ...] = ()
        """What no message can carry, which the switch is not even asked."""
        self._asked = 0

    def fill(self) -> None:
        """Send every stage; nothing is done yet."""
        for stage, number, first in zip(self._stages, self._numbers, self._firsts, strict=True):
            self._line.send(wire.bundle_control(self._line.take_xids(1), number, wire.BUNDLE_OPEN))
            try:
                for piece in encode.additions(stage, number, first):
                    self._line.send(piece)
            except encode.TooLong as error:
                self._unsaid = (*self._unsaid, Refusal(error.change, str(error)))
        self._asked = self._line.take_xids(1)
        self._line.send(wire.message(wire.BARRIER_REQUEST, self._asked))
        self._line.look()

    def checked(self) -> tuple[Refusal, ...]:
        """Wait until the switch has looked at every change; give what it refuses."""
        return self._refusals(self._line.answer(wire.BARRIER_REPLY, self._asked)[1]) + self._unsaid

    def commit(self, stage: int) -> None:
        """Have the changes of a stage done, all at once or none."""
        self._end(stage, wire.BUNDLE_COMMIT)

    def committed(self) -> tuple[Refusal, ...]:
        """Wait until the stage that was committed last is done; give what the switch refuses of it: then none is."""
        return self._refusals(self._line.answer(wire.BUNDLE_CONTROL, self._asked)[1])

    def discard(self, first: int = 0) -> None:
        """Have no stage from this one on done, and wait for it."""
        for stage in range(first, len(self._stages)):
            self._end(stage, wire.BUNDLE_DISCARD)
            self._line.answer(wire.BUNDLE_CONTROL, self._asked)

    def _end(self, stage: int, what: int) -> None:
        self._asked = self._line.take_xids(1)
        self._line.send(wire.bundle_control(self._asked, self._numbers[stage], what))
        self._line.look()

    def _refusals(self, errors: Collection[tuple[int, bytes]]) -> tuple[Refusal, ...]:
        """Errors as refusals: of changes where any is named, or of the bundle itself."""
        named = [Refusal(change, words(body)) for xid, body in errors if (change := self._change(xid))]
        return tuple(named) or tuple(Refusal(None, words(body)) for _, body in errors)

    def _change(self, xid: int) -> Change | None:
        for stage, first in zip(self._stages, self._firsts, strict=True):
            if first <= xid < first + len(stage):
                return stage[xid - first]
        return None
