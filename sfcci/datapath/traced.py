"""Packets carried through a switch by ofproto/trace: what it would do with them. No packet is sent for it."""

from collections.abc import Callable

from sfcci.chain.action import Decap, PopMpls, spelled_actions
from sfcci.chain.journey import Carried
from sfcci.chain.program import Program
from sfcci.chain.table import DECODE, FROM_FUNCTION, ORIGIN_REG
from sfcci.chain.walk import Packet
from sfcci.datapath.trace_text import Told, flow_text, port_numbers, read
from sfcci.datapath.unixctl import Control
from sfcci.errors import ProgramFailure, ToolError


class Traced:
    """A `journey.Carry` that asks a switch.

    `program` gives what it holds; asked only for packets that come with an encapsulation, for there ofproto/trace ends
    where the switch looks at the inner packet anew. `named`: what it tells has the names of ports, for people; that
    makes an answer several times as dear on a switch of many ports.
    """

    def __init__(
        self, control: Control, bridge: str, program: Callable[[], Program], *, named: bool = False
    ) -> None:
        self._control, self._bridge, self._program, self._named = control, bridge, program, named
        self._numbers = port_numbers(control.ask("dpif/show"), bridge)

    def __call__(self, packet: Packet) -> Carried:
        """Carry a packet through. Raises ToolError."""
        told, text = self._ask(packet, "ofproto/trace", flow_text(packet))
        if told.again is None:
            return Carried(told.departures, text, told.waits)
        words = ("ofproto/trace-packet-out", flow_text(told.again), self._rest(packet))
        then, more = self._ask(told.again, *words)
        return Carried((*told.departures, *then.departures), f"{text}\n\n{more}", then.waits)

    def _ask(self, packet: Packet, command: str, flow: str, *rest: str) -> tuple[Told, str]:
        """What is told, read, and as text."""
        text = self._control.ask(command, self._bridge, flow, *rest)
        told = self._read(text, packet)
        if self._named:
            text = self._control.ask(command, self._bridge, flow, "--names", *rest)
        return told, text.rstrip()

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
