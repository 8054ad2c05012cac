"""What the switches of many nodes hold, told as the program of one: the way back from `nodes.on_nodes`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sfcci.chain.action import Action, Clone, Goto, Normal, Output, Push, SetField
from sfcci.chain.field import TUNNEL_FIELDS
from sfcci.chain.node import Node, Places
from sfcci.chain.nodes_flows import UNDER_ETHERNET, addressed, is_flood
from sfcci.chain.openflow import Bits, Bucket, Flow, FlowKey, Group, Match, match
from sfcci.chain.program import Program, program_of
from sfcci.chain.table import (
    ARRIVAL,
    DISPATCH,
    END,
    LOW,
    LOWEST,
    NETWORK_REG,
    PORT_BITS,
    PORT_REG,
    SWITCH,
    TO_EVERYBODY,
    TO_HOSTS,
)


def joined(held: Mapping[str, Program], places: Places) -> Program:
    """Give the one switch's program of which nodes (by name) hold what concerns them; where two differ the first counts.

    What concerns none of them is not in it, nor what came in at ports that nobody has any more.
    """
    flows: dict[FlowKey, Flow] = {}
    groups: dict[int, Group] = {}
    hosts: dict[int, set[int]] = {}
    for name, node in places.nodes.items():
        back = _Back(places, node)
        program = held.get(name, Program())
        for flow in program.flow_of.values():
            if not places.alone and flow.table == ARRIVAL:
                back.arrival(flow, hosts)
            elif one := back.flow(flow):
                flows.setdefault(one.key, one)
        for number, group in program.group_of.items():
            groups.setdefault(number, back.group(group))
    floods = (
        Flow(END, LOWEST, match(**{NETWORK_REG: network}), tuple(map(Output, sorted(ports))))
        for network, ports in hosts.items()
    )
    return program_of([*flows.values(), *floods], groups.values())


class _Back:
    """What is on a node, as one switch would have it."""

    def __init__(self, places: Places, node: Node) -> None:
        self.places, self.node = places, node
        there = [number for number, port in places.ports.items() if port.node == node.name]
        self.numbers = {node.numbers.get(number, number): number for number in there}

    def arrival(self, flow: Flow, hosts: dict[int, set[int]]) -> None:
        """Take in which ports of a network are hosts'."""
        key = next((bits.value for bits in flow.match.bits if bits.name == "tun_id"), 0)
        if key & TO_HOSTS == TO_HOSTS:
            ports = (a.port for a in flow.actions if isinstance(a, Output))
            found = {self.numbers[port] for port in ports if port in self.numbers}
            hosts.setdefault(key & ~TO_HOSTS, set()).update(found)

    def flow(self, flow: Flow) -> Flow | None:
        """Give a flow; None: it is a node's own."""
        known = self._match(flow)
        if known is None:
            return None
        return flow._replace(match=known, actions=tuple(self._actions(flow.actions)))

    def group(self, group: Group) -> Group:
        """Give a group, each bucket with the port that it watches."""
        return replace(group, buckets=tuple(self._bucket(bucket) for bucket in group.buckets))

    def _match(self, flow: Flow) -> Match | None:
        bits = flow.match.bits
        at = bits[0].value if bits and bits[0].name == "in_port" else None
        if at is None:
            own = flow.table == SWITCH or (is_flood(flow) and not self.places.alone)
            return None if own else flow.match
        own = flow.table == DISPATCH and flow.priority == LOW
        if own or at not in self.numbers:
            return None
        return Match((Bits("in_port", self.numbers[at], bits[0].mask), *bits[1:]))

    def _actions(self, actions: Iterable[Action]) -> Iterator[Action]:
        key, nsh = 0, False
        for action in actions:
            match action:
                case SetField("tun_id", value):
                    key = value
                case SetField(name) if name in TUNNEL_FIELDS:
                    pass
                case Output(port) if port == self.node.tunnel and not self.places.alone:
                    yield from self._elsewhere(key, nsh)
                case Output(port) if port in self.numbers:
                    yield Output(self.numbers[port])
                case Output():
                    pass
                case Goto(table) if table == SWITCH:
                    yield Normal()
                case Clone(inner):
                    yield Clone(tuple(self._actions(inner)))
                case _:
                    nsh = action == Push("nsh") or (nsh and action != UNDER_ETHERNET)
                    yield action

    def _elsewhere(self, number: int, nsh: bool) -> Iterator[Action]:
        """The delivery to a port elsewhere; a network service header went into the tunnel without Ethernet before it."""
        port = self.places.ports.get(number)
        if port and number < TO_EVERYBODY:
            if nsh:
                yield from (UNDER_ETHERNET, *addressed(port.mac))
            yield Output(number)

    def _bucket(self, bucket: Bucket) -> Bucket:
        chosen = (a.value for a in bucket.actions if isinstance(a, SetField) and a.name == PORT_REG)
        watch = next((value & (1 << PORT_BITS) - 1 for value in chosen), None)
        return bucket if watch in (None, bucket.watch) else replace(bucket, watch=watch)
