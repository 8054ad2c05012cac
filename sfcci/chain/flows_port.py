"""The flows that belong to a port, whatever chains use it, and those that every switch has."""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from sfcci.chain.action import Action, Goto, Move, Normal, Output, Push, SetField
from sfcci.chain.address import number
from sfcci.chain.ntuple import Fields
from sfcci.chain.openflow import Flow, Match, match
from sfcci.chain.port import SwitchPort, mac_number
from sfcci.chain.spread import spreading
from sfcci.chain.table import (
    ANSWERS,
    ARP,
    BRANCH,
    CLASSIFY,
    DECODE,
    DELIVER,
    DISPATCH,
    END,
    FROM_FUNCTION,
    FUNCTION,
    HIGH,
    ICMPV6,
    IPV4,
    IPV6,
    LOW,
    LOWEST,
    MIDDLE,
    MPLS,
    MPLS_WAY,
    NEIGHBOUR_DISCOVERY,
    NETWORK_REG,
    NSH,
    NSH_WAY,
    ORIGIN_REG,
    PLACE,
    PLACE_BACK,
    PORT_REG,
    WIRE_WAY,
    delivery,
)

NORMAL = (Normal(),)
MOST_FLOODED = 4000
"""More outputs than that no message of OpenFlow can carry."""
LOCALLY_ADMINISTERED = 0x02_00_00_00_00_00
"""The bit of a MAC address that says so: with it flipped a port's address is nobody's."""


def base() -> Iterator[Flow]:
    """Give the flows of a switch without chains: a learning switch."""
    yield Flow(DISPATCH, LOWEST, Match(), (Normal(),))


def shared() -> Iterator[Flow]:
    """Give the flows that every switch with chains has: what no chain wants is switched, or dropped if a function has it.

    What a function itself asks of its neighbours is switched.
    """
    yield Flow(FUNCTION, HIGH, match(eth_type=ARP), (Normal(),))
    for kind in NEIGHBOUR_DISCOVERY:
        yield Flow(FUNCTION, HIGH, match(eth_type=IPV6, nw_proto=ICMPV6, icmpv6_type=kind), (Normal(),))
    yield Flow(FUNCTION, LOWEST, Match(), (Goto(DECODE),))
    for encapsulated in (MPLS, NSH):
        yield Flow(DECODE, LOW, match(eth_type=encapsulated), ())
    yield Flow(DECODE, LOWEST, Match(), (Goto(CLASSIFY),))
    for (
        kind
    ) in NEIGHBOUR_DISCOVERY:  # never routed (RFC 4861): what a source asks of its neighbours enters no chain
        asked = match(**{ORIGIN_REG: (0, FROM_FUNCTION)}, eth_type=IPV6, nw_proto=ICMPV6, icmpv6_type=kind)
        yield Flow(CLASSIFY, HIGH + 1, asked, (Normal(),))
    for table in (CLASSIFY, PLACE):
        yield Flow(table, LOWEST, Match(), (Goto(ANSWERS),))
    for table in (ANSWERS, PLACE_BACK):
        yield Flow(table, LOW, match(**{ORIGIN_REG: (FROM_FUNCTION, FROM_FUNCTION)}), ())
        yield Flow(table, LOWEST, Match(), (Normal(),))
    yield from spreading()
    yield Flow(BRANCH, LOWEST, Match(), (Goto(END),))


def floods(ports: Iterable[SwitchPort]) -> Iterator[Flow]:
    """Give the flows by which a packet that has passed its chain and has nobody's address goes to every port of its network.

    `ports`: those of no function. As a learning switch does it would go round through every bump in the wire for ever,
    and its sender would be looked for behind a function from then on.
    """
    networks: dict[int, list[Action]] = {}
    for port in sorted(ports, key=lambda port: port.number):
        networks.setdefault(port.network, []).append(Output(port.number))
    for network, steps in sorted(networks.items()):
        yield Flow(END, LOWEST, match(**{NETWORK_REG: network}), tuple(steps[:MOST_FLOODED]))


def port_flows(port: SwitchPort, is_function: bool, is_source: bool, ways: Collection[int]) -> Iterator[Flow]:
    """Give the flows of a plugged port: how its packets begin, and how packets reach it in these ways."""
    if is_function:
        yield from _function(port)
    elif is_source:
        yield Flow(DISPATCH, MIDDLE, match(in_port=port.number), (*_network(port.network), Goto(CLASSIFY)))
    yield from _deliveries(port, ways)
    if not is_function:
        yield from _ends(port)


def _function(port: SwitchPort) -> Iterator[Flow]:
    """Give the flows of a function's port: what it sends itself is switched, what it passes on is looked at.

    A port without an address says nothing of its own: what a bump in the wire is flooded with may not go round.
    """
    steps = _from_function(port.network, FUNCTION if port.addresses else DECODE)
    yield Flow(DISPATCH, MIDDLE, match(in_port=port.number), steps)
    for address in port.addresses:
        yield Flow(FUNCTION, MIDDLE, match(in_port=port.number, **_with(address, "src")), NORMAL)


@lru_cache(1024)
def _from_function(network: int, then: int) -> tuple[Action, ...]:
    return (*_network(network), SetField(ORIGIN_REG, FROM_FUNCTION), Goto(then))


def _deliveries(port: SwitchPort, ways: Collection[int]) -> Iterator[Flow]:
    """Give the flows that deliver to a function's port in these ways."""
    for way in sorted(ways):
        steps: tuple[Action, ...] = (*wrapping(port, way), Output(port.number))
        if way == MPLS_WAY:  # a label does not say what is below it: IPv6 has traffic class 1
            sixth = match(**{PORT_REG: delivery(port.number, way)}, eth_type=IPV6)
            yield Flow(DELIVER, HIGH, sixth, (steps[0], SetField("mpls_tc", 1), *steps[1:]))
        yield Flow(DELIVER, MIDDLE, match(**{PORT_REG: delivery(port.number, way)}), steps)


def wrapping(port: SwitchPort, way: int) -> tuple[Action, ...]:
    """Give what is done with a packet that goes out of a function's port in this way."""
    address = SetField("eth_dst", mac_number(port.mac))
    if way == WIRE_WAY:
        return ()
    if way == MPLS_WAY:
        return (Push("mpls"), Move("reg0", 0, 20, "mpls_label"), Move("reg0", 0, 8, "mpls_ttl"), address)
    if way == NSH_WAY:  # a header of its own around the whole frame; without a source some devices drop it
        header = (Push("nsh"), Move("reg0", 8, 24, "nsh_spi"), Move("reg0", 0, 8, "nsh_si"))
        return (
            *header,
            Push("ethernet"),
            address,
            SetField("eth_src", mac_number(port.mac) ^ LOCALLY_ADMINISTERED),
        )
    return (address,)


def _ends(port: SwitchPort) -> Iterator[Flow]:
    """Give the flows by which a packet that has passed its chain reaches the port that has its address."""
    inside: Fields = {NETWORK_REG: port.network} if port.network else {}
    address = SetField("eth_dst", mac_number(port.mac))
    for own in port.own:
        yield Flow(END, HIGH, match(**inside, **_with(own, "dst")), (address, Output(port.number)))
    yield Flow(END, MIDDLE, match(**inside, eth_dst=mac_number(port.mac)), (Output(port.number),))


@lru_cache(1024)
def _network(network: int) -> tuple[Action, ...]:
    return (SetField(NETWORK_REG, network),) if network else ()


def _with(address: str, end: str) -> Fields:
    if ":" in address:
        return {"eth_type": IPV6, f"ipv6_{end}": number(address)}
    return {"eth_type": IPV4, f"ip_{end}": number(address)}
