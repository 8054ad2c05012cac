"""Packets carried through a switch by ofproto/trace: what it would do with them. No packet is sent for it."""

from collections.abc import Callable, Mapping

from sfcci.chain.action import Decap, PopMpls, spelled_actions
from sfcci.chain.field import TUNNEL_FIELDS
from sfcci.chain.journey import Carried, Departure
from sfcci.chain.node import Node, Places
from sfcci.chain.program import Program
from sfcci.chain.table import DECODE, FROM_FUNCTION, ORIGIN_REG
from sfcci.chain.walk import Packet
from sfcci.datapath.trace_text import Told, Tunneled, flow_text, port_numbers, read
from sfcci.datapath.unixctl import Control
from sfcci.errors import ProgramFailure, ToolError


class Traced:
    """A `journey.Carry` that asks a switch.

    `tunnel`: OpenFlow's number of the port to other nodes, where there is one. `program` gives what it holds; asked only for packets that come with an encapsulation, for there ofproto/trace ends
    where the switch looks at the inner packet anew. `named`: what it tells has the names of ports, for people; that
    makes an answer several times as dear on a switch of many ports.
    """

    def __init__(
        self,
        control: Control,
        bridge: str,
        program: Callable[[], Program],
        *,
        named: bool = False,
        tunnel: int = 0,
    ) -> None:
        self._tunnel = tunnel
        self._control, self._bridge, self._program, self._named = control, bridge, program, named
        self._numbers = port_numbers(control.ask("dpif/show"), bridge)

    def __call__(self, packet: Packet) -> Carried:
        """Carry a packet through. Raises ToolError."""
        told, text = self.told(packet)
        return Carried(told.departures, text, told.waits)

    def told(self, packet: Packet) -> tuple[Told, str]:
        """Give what the switch does with a packet, and its words. Raises ToolError."""
        told, text = self._ask(packet, "ofproto/trace", flow_text(packet))
        if told.again is None:
            return told, text
        words = ("ofproto/trace-packet-out", flow_text(told.again), self._rest(packet))
        then, more = self._ask(told.again, *words)
        departures, tunneled = (*told.departures, *then.departures), (*told.tunneled, *then.tunneled)
        return Told(departures, None, then.waits, tunneled), f"{text}\n\n{more}"

    def _ask(self, packet: Packet, command: str, flow: str, *rest: str) -> tuple[Told, str]:
        """What is told, read, and as text."""
        text = self._control.ask(command, self._bridge, flow, *rest)
        told = self._read(text, packet)
        if self._named:
            text = self._control.ask(command, self._bridge, flow, "--names", *rest)
        return told, text.rstrip()

    def _read(self, text: str, packet: Packet) -> Told:
        try:
            return read(text, packet, self._numbers, self._tunnel)
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


class TracedNodes:
    """A `journey.Carry` that asks the switches of many nodes, one after the other, where a packet goes from node to node."""

    def __init__(self, nodes: Mapping[str, Traced], places: Places) -> None:
        self._nodes, self._places = nodes, places
        self._at = {node.address: node for node in places.nodes.values()}

    def __call__(self, packet: Packet) -> Carried:
        """Carry a packet through. Raises ToolError."""
        node = self._places.node_of(packet["in_port"])
        if node is None:
            raise LookupError(f"no node has port {packet['in_port']}")
        told, text = self._nodes[node.name].told(packet)
        departures, texts = list(told.departures), [f"node {node.name}:\n{text}"]
        for sent in told.tunneled:
            there, more = self._arrived(node, sent)
            departures += there
            texts.append(more)
        return Carried(tuple(departures), "\n\n".join(texts), told.waits)

    def _arrived(self, sender: Node, sent: Tunneled) -> tuple[list[Departure], str]:
        """Give what leaves at the other end, as the sender knew it."""
        peer = self._at[sent.address]
        source, _, address = sender.tunnel_ends
        frame = {**sent.packet, "in_port": peer.tunnel, "tun_id": sent.number, source: address}
        told, text = self._nodes[peer.name].told(frame)
        place, back, group, bucket = sent.known
        came_in = sent.packet["in_port"]
        departures = [
            Departure(one.port, _frame(one.packet, came_in), place, back, group, bucket, one.switched)
            for one in told.departures
        ]
        return departures, f"node {peer.name}:\n{text}"


def _frame(packet: Packet, came_in: int) -> dict[str, int]:
    """Give a frame that came by a tunnel as one switch would send it."""
    inner = {name: value for name, value in packet.items() if name not in TUNNEL_FIELDS}
    return {**inner, "in_port": came_in}
