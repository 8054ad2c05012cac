"""The flows of one node: those of the one switch, made its own; and those that only a node of many has."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sfcci.chain.action import Action, Clone, Goto, Normal, Output, Push, SetField
from sfcci.chain.encapsulation import VXLAN_GPE
from sfcci.chain.flows_port import LOCALLY_ADMINISTERED
from sfcci.chain.node import Node, Places
from sfcci.chain.ntuple import Fields
from sfcci.chain.openflow import Bits, Bucket, Flow, Group, Match, match
from sfcci.chain.program import Part
from sfcci.chain.table import (
    ARRIVAL,
    DISPATCH,
    END,
    HIGH,
    LOW,
    LOWEST,
    MIDDLE,
    NETWORK_REG,
    NSH_PACKET,
    SWITCH,
    TO_EVERYBODY,
    TO_HOSTS,
)

NOT_FORWARDED = (0x01_80_C2_00_00_00, 0xFF_FF_FF_FF_FF_F0)
"""Addresses of frames that no bridge passes on (IEEE 802.1Q, 8.6.3), with their mask."""
UNDER_ETHERNET = Push("ethernet")
"""The Ethernet header in front of NSH."""


def is_flood(flow: Flow) -> bool:
    """Say whether a flow sends a packet to every host of a network."""
    return flow.table == END and flow.priority == LOWEST and bool(flow.actions)


class NodeFlows:
    """What flows and groups of the one switch are on a node."""

    def __init__(self, places: Places, node: Node) -> None:
        self.places, self.node = places, node

    def flow(self, flow: Flow) -> Flow:
        """Give a flow as the node has it; one that stays as it is is the very same."""
        actions = tuple(self._flooded(flow) if is_flood(flow) else self._actions(flow.actions))
        known = self._match(flow.match)
        same = actions == flow.actions and known is flow.match
        return flow if same else flow._replace(match=known, actions=actions)

    def group(self, group: Group) -> Group:
        """Give a group as the node has it: whether a port elsewhere lives is not seen from here."""
        buckets = tuple(self._bucket(bucket) for bucket in group.buckets)
        return group if buckets == group.buckets else replace(group, buckets=buckets)

    def arrivals(self, flood: Flow) -> Flow | None:
        """Give what is done here with a frame that another node sends to all hosts; None: none is here."""
        here = [port for port in _ports(flood) if self._is_here(port)]
        steps = tuple(self._out(port) for port in here)
        return Flow(ARRIVAL, MIDDLE, match(tun_id=TO_HOSTS | _network(flood)), steps) if here else None

    def tunnel(self) -> Part:
        """Give the flows by which frames are taken from other nodes, and from nobody else."""
        port, others = self.node.tunnel, [n for n in self.places.nodes.values() if n is not self.node]
        flows = [
            Flow(DISPATCH, HIGH, match(in_port=port, **_from(node)), (Goto(ARRIVAL),)) for node in others
        ]
        flows.append(Flow(DISPATCH, MIDDLE, match(in_port=port), ()))
        flows.append(Flow(SWITCH, HIGH, match(eth_dst=NOT_FORWARDED), (Normal(),)))
        # what comes from a port that is none of ours (an uplink, a patch port) goes on as at a switch that is alone
        flows.append(Flow(SWITCH, LOWEST, Match(), (Normal(),)))
        return Part(tuple(flows))

    def place(self, number: int) -> Part:
        """Give the flows by which a port is reached: from here, and, where it is here, from other nodes."""
        placed = self.places.ports[number]
        known = match(**_inside(placed.network), eth_dst=placed.mac)
        flows = [Flow(SWITCH, MIDDLE, known, tuple(self._sent(number)))]
        if self._is_here(number):
            flows += self._local(number)
        return Part(tuple(flows))

    def network(self, network: int) -> Part:
        """Give the flows by which what has nobody's address reaches every port of a network."""
        of_node = self.places.of_network[network]
        elsewhere = [node for name, node in self.places.nodes.items() if name in of_node]
        steps = (*self._copies(TO_EVERYBODY | network, elsewhere), Normal())
        outputs = tuple(self._out(port) for port in of_node[self.node.name])
        return Part(
            (
                Flow(SWITCH, LOW, match(**_inside(network)), steps),
                Flow(ARRIVAL, MIDDLE, match(tun_id=TO_EVERYBODY | network), outputs),
            )
        )

    def _local(self, number: int) -> Iterator[Flow]:
        """A match that says nothing of the packet's type is for those without an Ethernet header, too (measured)."""
        placed, out = self.places.ports[number], self._out(number)
        yield Flow(ARRIVAL, MIDDLE, match(tun_id=number), (out,))
        if self.places.encapsulation == VXLAN_GPE:
            steps = (UNDER_ETHERNET, *addressed(placed.mac), out)
            yield Flow(ARRIVAL, HIGH, match(packet_type=NSH_PACKET, tun_id=number), steps)
        if placed.network:
            enter = (SetField(NETWORK_REG, placed.network), Goto(SWITCH))
            yield Flow(DISPATCH, LOW, match(in_port=out.port), enter)

    def _is_here(self, number: int) -> bool:
        placed = self.places.ports.get(number)
        return placed is not None and placed.node == self.node.name

    def _out(self, number: int) -> Output:
        return Output(self.node.numbers.get(number, number))

    def _match(self, known: Match) -> Match:
        bits = known.bits
        if not bits or bits[0].name != "in_port":
            return known
        number = self.node.numbers.get(bits[0].value, bits[0].value)
        return known if number == bits[0].value else Match((Bits("in_port", number, bits[0].mask), *bits[1:]))

    def _actions(self, actions: Iterable[Action]) -> Iterator[Action]:
        """What goes out of a port that is nowhere goes nowhere."""
        done: list[Action] = []
        for action in actions:
            match action:
                case Output(number):
                    done = self._without_ethernet(done, number)
                    done += self._sent(number)
                case Normal() if not self.places.alone:
                    done.append(Goto(SWITCH))
                case Clone(inner):
                    done.append(Clone(tuple(self._actions(inner))))
                case _:
                    done.append(action)
        yield from done

    def _without_ethernet(self, done: list[Action], number: int) -> list[Action]:
        """A network service header goes into the tunnel as it is where that can say what it carries."""
        if self.places.encapsulation != VXLAN_GPE or UNDER_ETHERNET not in done or self._is_here(number):
            return done
        return done[: done.index(UNDER_ETHERNET)]

    def _sent(self, number: int) -> Iterator[Action]:
        node = self.places.node_of(number)
        if node is None:
            return
        if node is self.node:
            yield self._out(number)
        else:
            yield from self._copies(number, [node])

    def _copies(self, key: int, nodes: Iterable[Node]) -> Iterator[Action]:
        """Give what sends a frame to these nodes, with a key."""
        others = [node for node in nodes if node is not self.node]
        if others:
            yield SetField("tun_id", key)
        for node in others:
            _, destination, address = node.tunnel_ends
            yield SetField(destination, address)
            yield Output(self.node.tunnel)

    def _flooded(self, flood: Flow) -> Iterator[Action]:
        ports = _ports(flood)
        yield from (self._out(port) for port in ports if self._is_here(port))
        nodes = {self.places.ports[port].node for port in ports if port in self.places.ports}
        elsewhere = [node for name, node in self.places.nodes.items() if name in nodes]
        yield from self._copies(TO_HOSTS | _network(flood), elsewhere)

    def _bucket(self, bucket: Bucket) -> Bucket:
        if bucket.watch is None:
            return bucket
        watch = self._out(bucket.watch).port if self._is_here(bucket.watch) else None
        return bucket if watch == bucket.watch else replace(bucket, watch=watch)


def _from(node: Node) -> Fields:
    source, _, address = node.tunnel_ends
    return {source: address}


def _inside(network: int) -> Fields:
    return {NETWORK_REG: network} if network else {}


def _network(flood: Flow) -> int:
    return next((bits.value for bits in flood.match.bits if bits.name == NETWORK_REG), 0)


def _ports(flood: Flow) -> list[int]:
    return [action.port for action in flood.actions if isinstance(action, Output)]


def addressed(mac: int) -> tuple[Action, ...]:
    """Give the addresses in front of a network service header for a port (as `flows_port.wrapping` sets them)."""
    return SetField("eth_dst", mac), SetField("eth_src", mac ^ LOCALLY_ADMINISTERED)
