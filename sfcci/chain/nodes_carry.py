"""A packet through the programs of many nodes: what leaves one by its tunnel goes on at the next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sfcci.chain.field import REGISTERS, TUNNEL_FIELDS
from sfcci.chain.journey import Carried, Carry, Departure
from sfcci.chain.node import Node, Places
from sfcci.chain.nodes_flows import NOT_FORWARDED
from sfcci.chain.program import Program
from sfcci.chain.table import ON_WAY_BACK, ORIGIN_REG, PLACE_REG
from sfcci.chain.walk import Choose, Packet, Sent, first_bucket, walk

MOST_TUNNELS = 4
"""What came by a tunnel leaves by none: who goes through more goes round."""
_OF_A_SWITCH = {*REGISTERS, *TUNNEL_FIELDS}


def carried(programs: Mapping[str, Program], places: Places, choose: Choose = first_bucket) -> Carry:
    """Give who takes packets through the nodes' programs; ports are told by their network-wide numbers.

    A switch that has to flood sends to every port of the network on its node. Raises LookupError for a packet from a
    port that no node has, or into a tunnel to nobody; RecursionError for one that goes round.
    """
    return _Nodes(programs, places, choose).carry


@dataclass(frozen=True)
class _Nodes:
    programs: Mapping[str, Program]
    places: Places
    choose: Choose

    def carry(self, packet: Packet) -> Carried:
        number = packet["in_port"]
        node = self.places.node_of(number)
        if node is None:
            raise LookupError(f"no node has port {number}")
        entered = {**packet, "in_port": node.numbers.get(number, number)}
        departures = [*self._through(node, entered, packet, 0, None)]
        waits = [one for one in departures if one is None]
        return Carried(tuple(one for one in departures if one), waits=bool(waits))

    def _through(
        self, node: Node, entered: Packet, packet: Packet, tunnels: int, sender: Packet | None
    ) -> Iterator[Departure | None]:
        """Give what leaves; None for a packet that waits. `sender`: the packet as the first node knew it."""
        if tunnels > MOST_TUNNELS:
            raise RecursionError(f"more than {MOST_TUNNELS} tunnels")
        for sent in walk(self.programs[node.name], entered, self.choose):
            known = sender or sent.packet
            if sent.port == node.tunnel and not self.places.alone:
                yield from self._onward(node, sent, packet, tunnels + 1, known)
            elif "parked" in sent.packet:
                yield None
            else:
                yield from self._departures(node, sent, packet["in_port"], known)

    def _onward(
        self, node: Node, sent: Sent, packet: Packet, tunnels: int, known: Packet
    ) -> Iterator[Departure | None]:
        peer = next(
            (n for n in self.places.nodes.values() if sent.packet.get(n.tunnel_ends[1]) == n.tunnel_ends[2]),
            None,
        )
        if peer is None:
            raise LookupError(f"a tunnel from {node.name} to nobody")
        source, _, address = node.tunnel_ends
        entered = _frame(sent.packet) | {
            "in_port": peer.tunnel,
            "tun_id": sent.packet["tun_id"],
            source: address,
        }
        yield from self._through(peer, entered, packet, tunnels, known)

    def _departures(self, node: Node, sent: Sent, came_in: int, known: Packet) -> Iterator[Departure]:
        there = {node.numbers.get(number, number): number for number in self._ports(node)}
        frame = _frame(sent.packet) | {"in_port": came_in}
        at = [there[sent.port]] if sent.port is not None else self._switched(node, frame)
        back = bool(known[ORIGIN_REG] & ON_WAY_BACK)
        for number in at:
            yield Departure(number, frame, known[PLACE_REG], back, switched=sent.port is None)

    def _switched(self, node: Node, frame: Packet) -> list[int]:
        """Where a learning switch that knows the addresses of its ports sends a frame."""
        value, mask = NOT_FORWARDED
        if frame["eth_dst"] & mask == value:
            return []
        network = self.places.ports[frame["in_port"]].network
        ports = [n for n in self._ports(node) if self.places.ports[n].network == network]
        owner = [number for number in ports if self.places.ports[number].mac == frame["eth_dst"]]
        return [number for number in owner or ports if number != frame["in_port"]]

    def _ports(self, node: Node) -> list[int]:
        return [number for number, port in self.places.ports.items() if port.node == node.name]


def _frame(packet: Packet) -> dict[str, int]:
    return {name: value for name, value in packet.items() if name not in _OF_A_SWITCH}
