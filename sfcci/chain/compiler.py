"""The compiler: chain state and switch ports to an OpenFlow program.

Tables, in the order in which a packet sees them (one node, functions that know nothing of chains):

| table | key | does |
|---|---|---|
| 0 dispatch | in_port | a function's port → 1; a classified port → 10; others NORMAL |
| 1 function | what the function itself says | ARP, neighbour discovery, its own addresses NORMAL; the rest → 10 |
| 10 classify | the n-tuple | reg0 = spi << 8, → 15; a miss: from a function drop, else NORMAL |
| 15 place | in_port, spi | reg0 = spi << 8 | si: where on the path the packet is, → 20 |
| 20 hop | spi, si | the hop's group, or its one function, or the end of the path |
| 30 deliver | eth_dst | out of the port that has the address |

reg2 is the network in which a packet goes, where the switch has several: only its ports are delivered to. What a chain
that cannot be carried out claims may be blocked (`blocked`): it is dropped in table 10, from its own port only.

reg0 holds the 20 bits that are the MPLS label on a wire (spi << 8 | si); on one node push and pop cancel, so none is
pushed. reg1 says that a packet came from a function. A flow of another chain never depends on this one: changing
a chain changes its own flows only.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from sfcci.chain.classifier_value import MAX_PORT, WITH_PORTS
from sfcci.chain.model import ChainState, FlowClassifier
from sfcci.chain.openflow import (
    OUR_COOKIE,
    Action,
    Bucket,
    Flow,
    Goto,
    Group,
    Match,
    Normal,
    Output,
    Program,
    Resubmit,
    SetField,
    ToGroup,
    match,
    program_of,
)
from sfcci.chain.path import FIRST_INDEX, Hop, ServiceFunctionPath, paths
from sfcci.chain.refusal import PROTOCOLS, bounds, refusals
from sfcci.document import key_path
from sfcci.errors import Fault, InputError, Place

DISPATCH, FUNCTION, CLASSIFY, PLACE, HOP, DELIVER = 0, 1, 10, 15, 20, 30
ARP, IPV4, IPV6, ICMPV6 = 0x0806, 0x0800, 0x86DD, 58
NEIGHBOUR_DISCOVERY = (133, 134, 135, 136)
"""ICMPv6 types of router and neighbour solicitation and advertisement (RFC 4861)."""
HASH_FIELDS = ("ip_src", "ip_dst", "nw_proto", "tcp_src", "tcp_dst", "udp_src", "udp_dst")
LOW, MIDDLE, HIGH = 0, 100, 200
SI_BITS = 8


@dataclass(frozen=True)
class SwitchPort:
    """What the compiler knows of a port: OpenFlow number, MAC, and the addresses of the machine behind it.

    `network` is a number from 1 where the switch has several networks, else 0: ports of two never meet.
    """

    number: int
    mac: str
    addresses: tuple[str, ...]
    network: int = 0


Ports = Mapping[str, SwitchPort]
"""Port id → port."""


def base_program() -> Program:
    """Give the program of a switch without chains: a learning switch."""
    return program_of([Flow(DISPATCH, LOW, Match(), (Normal(),))])


def program(state: ChainState, ports: Ports, blocked: Sequence[FlowClassifier] = ()) -> Program:
    """Give the program for the state, in which packets of `blocked` are dropped where they come from.

    The order of resources means nothing. Raises InputError with all refusals; those of `blocked` have ports.
    """
    if refused := refusals(state, ports):
        raise InputError(*(Fault(Place(key_path(r.keys)), r.found, r.expected) for r in refused))
    return compiled(state, ports, blocked)


def compiled(state: ChainState, ports: Ports, blocked: Sequence[FlowClassifier] = ()) -> Program:
    """Give the same for a state that is known to have no refusals."""
    routes = paths(state)
    if not routes and not blocked:
        return base_program()
    functions = _function_ports(state)
    flows = [
        *base_program().flows,
        *_dispatch(routes, functions, ports),
        *_block(blocked, {source for route in routes for source in _sources(route)}, ports),
        *_function(functions, ports),
        *_classify(routes, ports),
        *(flow for route in routes for flow in _place(route, ports)),
        *(flow for route in routes for flow in _hops(route, ports)),
        *_misses(),
        *_deliver(ports),
    ]
    return program_of(flows, _groups(routes, ports))


def label(spi: int, si: int) -> int:
    """Give the 20-bit label of a place on a path: what stands in reg0, and in MPLS on a wire."""
    return spi << SI_BITS | si


def masked_ranges(low: int, high: int) -> tuple[tuple[int, int], ...]:
    """Give the fewest (value, mask) pairs that match exactly the 16-bit numbers from `low` to `high`."""
    pairs = []
    while low <= high:
        size = low & -low or MAX_PORT + 1
        while low + size - 1 > high:
            size >>= 1
        pairs.append((low, MAX_PORT & ~(size - 1)))
        low += size
    return tuple(pairs)


def _function_ports(state: ChainState) -> list[str]:
    """Ports of every pair, in a chain or not: what an instance still holds when it leaves a group may not escape."""
    return sorted({port for pair in state.port_pairs for port in (pair.ingress, pair.egress)})


def _sources(route: ServiceFunctionPath) -> list[str]:
    return sorted({c.logical_source_port for c in route.classifiers if c.logical_source_port})


def _dispatch(routes: tuple[ServiceFunctionPath, ...], functions: list[str], ports: Ports) -> Iterator[Flow]:
    for port in sorted({source for route in routes for source in _sources(route)}):
        yield _classified(ports[port])
    for port in functions:
        steps = (*_network(ports[port]), SetField("reg1", 1), Goto(FUNCTION))
        yield Flow(DISPATCH, MIDDLE, match(in_port=ports[port].number), steps)


def _classified(port: SwitchPort) -> Flow:
    return Flow(DISPATCH, MIDDLE, match(in_port=port.number), (*_network(port), Goto(CLASSIFY)))


def _network(port: SwitchPort) -> tuple[Action, ...]:
    return (SetField("reg2", port.network),) if port.network else ()


def _block(blocked: Sequence[FlowClassifier], sources: set[str], ports: Ports) -> Iterator[Flow]:
    """Drop what the classifiers claim, neighbour discovery aside; what a chain of that port claims goes its way."""
    for classifier in blocked:
        source = classifier.logical_source_port or ""
        port, priority = ports[source], MIDDLE - 1 if source in sources else MIDDLE + 1
        yield _classified(port)
        for fields in tuples(classifier):
            yield Flow(CLASSIFY, priority, match(in_port=port.number, **fields), ())
        if classifier.ethertype == "IPv6":
            for kind in NEIGHBOUR_DISCOVERY:
                asks = match(in_port=port.number, eth_type=IPV6, nw_proto=ICMPV6, icmpv6_type=kind)
                yield Flow(CLASSIFY, HIGH, asks, (Normal(),))


def _function(functions: list[str], ports: Ports) -> Iterator[Flow]:
    """What a function itself sends is switched; what it passes on is a packet of a chain or nothing."""
    yield Flow(FUNCTION, HIGH, match(eth_type=ARP), (Normal(),))
    for kind in NEIGHBOUR_DISCOVERY:
        yield Flow(FUNCTION, HIGH, match(eth_type=IPV6, nw_proto=ICMPV6, icmpv6_type=kind), (Normal(),))
    for port in functions:
        for address in ports[port].addresses:
            own = match(in_port=ports[port].number, **_from(address))
            yield Flow(FUNCTION, MIDDLE, own, (Normal(),))
    yield Flow(FUNCTION, LOW, Match(), (Goto(CLASSIFY),))


def _from(address: str) -> dict[str, int]:
    source = ip_address(address)
    if source.version == 4:  # noqa: PLR2004 - the version's number is its name
        return {"eth_type": IPV4, "ip_src": int(source)}
    return {"eth_type": IPV6, "ipv6_src": int(source)}


def _classify(routes: tuple[ServiceFunctionPath, ...], ports: Ports) -> Iterator[Flow]:
    for route in routes:
        sources = _sources(route)
        for classifier in route.classifiers:
            origins: tuple[dict[str, int], ...] = ({},)
            if len(sources) > 1 and classifier.logical_source_port:
                # The sources of this chain have classifiers of their own: one's may not catch the other's packets.
                origins = ({"in_port": ports[classifier.logical_source_port].number}, {"reg1": 1})
            steps = (SetField("reg0", label(route.spi, 0)), Goto(PLACE))
            for origin in origins:
                for fields in tuples(classifier):
                    yield Flow(CLASSIFY, MIDDLE, match(**origin, **fields), steps, _cookie(route))


def tuples(classifier: FlowClassifier) -> Iterator[dict[str, int | tuple[int, int]]]:
    """Give the matches that together are the classifier: one per pair of source and destination port masks."""
    sixth = classifier.ethertype == "IPv6"
    fields: dict[str, int | tuple[int, int]] = {"eth_type": IPV6 if sixth else IPV4}
    if classifier.protocol is not None:
        fields["nw_proto"] = (
            ICMPV6 if sixth and classifier.protocol == "icmp" else PROTOCOLS[classifier.protocol]
        )
    for name, prefix in (
        ("ipv6_src" if sixth else "ip_src", classifier.source_ip_prefix),
        ("ipv6_dst" if sixth else "ip_dst", classifier.destination_ip_prefix),
    ):
        if prefix is not None:
            network = ip_network(prefix, strict=False)
            fields[name] = (int(network.network_address), int(network.netmask))
    if classifier.protocol not in WITH_PORTS:
        yield fields
        return
    source_name, destination_name = f"{classifier.protocol}_src", f"{classifier.protocol}_dst"
    for source in masked_ranges(*bounds(classifier, "source")):
        for destination in masked_ranges(*bounds(classifier, "destination")):
            yield {**fields, source_name: source, destination_name: destination}


def _place(route: ServiceFunctionPath, ports: Ports) -> Iterator[Flow]:
    entries = [(port, FIRST_INDEX) for port in _sources(route)]
    entries += [(pair.egress, hop.si - 1) for hop in route.hops for pair in hop.pairs]
    for port, si in entries:
        here = match(in_port=ports[port].number, reg0=label(route.spi, 0))
        steps = (SetField("reg0", label(route.spi, si)), Goto(HOP))
        yield Flow(PLACE, MIDDLE, here, steps, _cookie(route))


def _misses() -> Iterator[Flow]:
    """What no chain wants: from a function it is dropped, from elsewhere it is not classified.

    In PLACE: another chain's source sent what looks like this chain's.
    """
    for table in (CLASSIFY, PLACE):
        yield Flow(table, LOW + 1, match(reg1=1), ())
        yield Flow(table, LOW, Match(), (Normal(),))


def _hops(route: ServiceFunctionPath, ports: Ports) -> Iterator[Flow]:
    for hop in route.hops:
        yield Flow(HOP, MIDDLE, match(reg0=label(route.spi, hop.si)), _next_hop(hop, ports), _cookie(route))
    end = match(reg0=label(route.spi, route.end))
    yield Flow(HOP, MIDDLE, end, (Goto(DELIVER),), _cookie(route))


def _next_hop(hop: Hop, ports: Ports) -> tuple[Action, ...]:
    """One function needs no group (and keeps the cache of flows small); no function means no way on."""
    if len(hop.pairs) > 1:
        return (ToGroup(hop.group_id),)
    return tuple(
        action
        for pair in hop.pairs
        for action in (SetField("eth_dst", mac_number(ports[pair.ingress].mac)), Goto(DELIVER))
    )


def _groups(routes: tuple[ServiceFunctionPath, ...], ports: Ports) -> Iterator[Group]:
    for hop in (hop for route in routes for hop in route.hops if len(hop.pairs) > 1):
        taken: set[int] = set()
        buckets = []
        for pair in hop.pairs:
            address = SetField("eth_dst", mac_number(ports[pair.ingress].mac))
            buckets.append(Bucket(_bucket_id(pair.id, taken), (address, Resubmit(DELIVER))))
        yield Group(hop.group_id, HASH_FIELDS, tuple(sorted(buckets, key=lambda bucket: bucket.id)))


def _bucket_id(pair: str, taken: set[int]) -> int:
    """Give a number that is the pair's own whoever else is in the group, so that few flows move when others come."""
    number = int.from_bytes(hashlib.sha256(pair.encode()).digest()[:3], "big")
    while number in taken:
        number += 1
    taken.add(number)
    return number


def _deliver(ports: Ports) -> Iterator[Flow]:
    for port in ports.values():
        inside = {"reg2": port.network} if port.network else {}
        yield Flow(DELIVER, MIDDLE, match(**inside, eth_dst=mac_number(port.mac)), (Output(port.number),))


def mac_number(mac: str) -> int:
    """Give a MAC address as a number."""
    return int(mac.replace(":", ""), 16)


def _cookie(route: ServiceFunctionPath) -> int:
    return OUR_COOKIE | route.spi
