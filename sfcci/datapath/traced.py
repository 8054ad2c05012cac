"""Packets carried through a switch by ofproto/trace: what it would do with them. No packet is sent for it."""

from collections.abc import Callable, Mapping

from sfcci.chain.action import Decap, PopMpls, spelled_actions
from sfcci.chain.journey import Carried
from sfcci.chain.program import Program
from sfcci.chain.table import DECODE, FROM_FUNCTION, ORIGIN_REG
from sfcci.chain.walk import Packet
from sfcci.datapath.trace_text import Told, flow_text, read
from sfcci.datapath.unixctl import Control
from sfcci.errors import ProgramFailure, ToolError


class Traced:
    """A `journey.Carry` that asks a switch.

    `numbers`: OpenFlow numbers by the names of its interfaces. `program` gives what it holds; asked only for packets
    that come with an encapsulation, for there ofproto/trace ends where the switch looks at the inner packet anew.
    """

    def __init__(
        self, control: Control, bridge: str, numbers: Mapping[str, int], program: Callable[[], Program]
    ) -> None:
        self._control, self._bridge, self._numbers, self._program = control, bridge, numbers, program

    def __call__(self, packet: Packet) -> Carried:
        """Carry a packet through. Raises ToolError."""
        text = self._control.ask("ofproto/trace", self._bridge, flow_text(packet), "--names")
        told = self._read(text, packet)
        if told.again is None:
            return Carried(told.departures, text, told.waits)
        words = (self._bridge, flow_text(told.again), "--names", self._rest(packet))
        more = self._control.ask("ofproto/trace-packet-out", *words)
        then = self._read(more, told.again)
        departures = (*told.departures, *then.departures)
        return Carried(departures, f"{text.rstrip()}\n\n{more}", then.waits)

    def _read(self, text: str, packet: Packet) -> Told:
        try:
            return read(text, packet, self._numbers)
        except ValueError as error:
            lines = tuple(text.splitlines()[-3:])
            raise ToolError(ProgramFailure(("ofproto/trace",), -1, lines), str(error)) from None

    def _rest(self, packet: Packet) -> str:
        """What the switch does with the inner packet: the actions behind those that took the encapsulation off."""
        known = {**packet, ORIGIN_REG: FROM_FUNCTION}
        for flow in self._program().tables.get(DECODE, ()):
            if flow.match.agrees(known):
                kept = [step for step in flow.actions if not isinstance(step, Decap | PopMpls)]
                return spelled_actions(tuple(kept))
        return "drop"
