"""Packets to ask about: one from a port to another, one that a flow classifier wants, the answer to one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from ipaddress import ip_address, ip_network

from sfcci.chain.journey import Journey, Layout
from sfcci.chain.model import FlowClassifier
from sfcci.chain.ntuple import ICMP, ICMPV6, IPV4, IPV6, NAMES, TCP, UDP, tuple_of
from sfcci.chain.port import SwitchPort, mac_number
from sfcci.chain.rewriting import answer
from sfcci.chain.verdict import agrees, inner_chains
from sfcci.chain.walk import Packet
from sfcci.errors import UsageError

SOURCE_PORT, PORT_OF = 40000, {TCP: 80, UDP: 53}
"""What a packet has where nobody says anything else."""
ECHO_TYPES = {"icmp_type": (8, 0), "icmpv6_type": (128, 129)}
"""Of an echo request and its answer (RFC 792, RFC 4443)."""
PROTOCOLS: Mapping[str, int] = {"tcp": TCP, "udp": UDP, "icmp": ICMP}


@dataclass(frozen=True)
class Asked:
    """What is asked of a packet; None: as the classifier that wants it says, or as usual."""

    protocol: str | None = None
    source_port: int | None = None
    destination_port: int | None = None
    ethertype: str | None = None


@dataclass(frozen=True)
class Question:
    """A packet from port `source` to port `goal` (ids; None: an address that no port has), and who wants it (ids)."""

    packet: Packet
    source: str
    goal: str | None
    classifier: str | None = None


def question(layout: Layout, source: str, goal: str, asked: Asked) -> Question:
    """Give the packet of a question from port to port (ids); what it does not say is as the first classifier wants it.

    Raises UsageError: no such packet can be.
    """
    for classifier in _classifiers_at(layout, source, asked):
        made = _filled(layout, classifier, source, goal, asked)
        if made and agrees(tuple_of(classifier), made):
            return Question(made, source, goal, classifier.id)
    sixth = asked.ethertype == "IPv6" or (asked.ethertype is None and not _common(layout, source, goal, 4))
    plain = FlowClassifier("", "", source, "IPv6" if sixth else "IPv4", asked.protocol or "icmp")
    made = _filled(layout, plain, source, goal, asked)
    if made is None:
        version = "IPv6" if sixth else "IPv4"
        raise UsageError(
            f"{layout.name(source)} and {layout.name(goal)} have no {version} address each in one network"
        )
    return Question(made, source, goal)


def samples(layout: Layout) -> Iterator[Question | FlowClassifier]:
    """Give for each classifier of each chain a packet that it wants; the classifier itself where there is none.

    A classifier of a chain within a service graph gets one that the graph's first chain wants, too.
    """
    inner = inner_chains(layout)
    known = {one.id: one for one in layout.chains.flow_classifiers}
    for chain in layout.chains.port_chains:
        for word in chain.flow_classifiers:
            wanted = [known[word]]
            if chain.id in inner:
                wanted = [
                    merged
                    for outer in _outer(layout, chain.id)
                    if (merged := _both(known[outer], known[word]))
                ]
            made = (_sample(layout, one) for one in wanted)
            yield next((one for one in made if one), known[word])


def answered(layout: Layout, journey: Journey, first: Question) -> Question | None:
    """Give the answer to what has arrived; None when nothing has."""
    if first.goal is None or not journey.arrived:
        return None
    goal = layout.ports[first.goal]
    packet = answer(journey.arrived[0].packet)
    packet |= {"in_port": goal.number, "eth_src": mac_number(goal.mac)}
    sixth = packet["eth_type"] == IPV6
    asker = layout.owner(packet["ipv6_dst" if sixth else "ip_dst"], sixth, goal.network)
    packet["eth_dst"] = mac_number((asker or layout.ports[first.source]).mac)
    packet |= {name: types[1] for name, types in ECHO_TYPES.items() if name in packet}
    return Question(packet, first.goal, first.source, first.classifier)


def _classifiers_at(layout: Layout, source: str, asked: Asked) -> Iterator[FlowClassifier]:
    inner = inner_chains(layout)
    used = {
        fc for chain in layout.chains.port_chains if chain.id not in inner for fc in chain.flow_classifiers
    }
    for classifier in layout.chains.flow_classifiers:
        here = classifier.id in used and classifier.logical_source_port == source
        if here and asked.ethertype in (None, classifier.ethertype):
            yield classifier


def _sample(layout: Layout, classifier: FlowClassifier) -> Question | None:
    """A packet of the classifier to the first port that may be meant."""
    source = classifier.logical_source_port or ""
    if source not in layout.ports:
        return None
    functions = {port for pair in layout.chains.port_pairs for port in (pair.ingress, pair.egress)}
    goals: Sequence[str] = (classifier.logical_destination_port or "",)
    if goals == ("",):
        goals = [id_ for id_ in layout.ports if id_ != source and id_ not in functions]
    for goal in goals:
        made = _filled(layout, classifier, source, goal, Asked()) if goal in layout.ports else None
        if made and agrees(tuple_of(classifier), made):
            return Question(made, source, goal, classifier.id)
    return None


def _filled(
    layout: Layout, wanted: FlowClassifier, source: str, goal: str, asked: Asked
) -> dict[str, int] | None:
    """A packet from port to port as asked, else as the classifier has it; None where they have no addresses for it."""
    sender, receiver = layout.ports[source], layout.ports[goal]
    sixth = wanted.ethertype == "IPv6"
    version = 6 if sixth else 4
    froms = [*_own(sender, version), *_first(wanted.source_ip_prefix)]
    inside = [one for one in froms if _within(one, wanted.source_ip_prefix)]
    to = _own(receiver, version)
    if not inside or not to or sender.network != receiver.network:
        return None
    name = asked.protocol or wanted.protocol or "tcp"
    protocol = ICMPV6 if sixth and name == "icmp" else PROTOCOLS[name]
    layer = "ipv6" if sixth else "ip"
    found = {
        "in_port": sender.number,
        "eth_type": IPV6 if sixth else IPV4,
        "eth_src": mac_number(sender.mac),
        "eth_dst": mac_number(receiver.mac),
        "nw_proto": protocol,
        "ip_frag": 0,
        f"{layer}_src": inside[0],
        f"{layer}_dst": to[0],
    }
    if name == "icmp":
        kind = "icmpv6_type" if sixth else "icmp_type"
        found[kind] = ECHO_TYPES[kind][0]
    if protocol in NAMES:
        found[f"{NAMES[protocol]}_src"] = _port(wanted, "source", asked.source_port, SOURCE_PORT)
        found[f"{NAMES[protocol]}_dst"] = _port(
            wanted, "destination", asked.destination_port, PORT_OF[protocol]
        )
    return found


def _port(wanted: FlowClassifier, side: str, asked: int | None, usual: int) -> int:
    if asked is not None:
        return asked
    low, high = (getattr(wanted, f"{side}_port_range_{end}") for end in ("min", "max"))
    low, high = low or 0, 65535 if high is None else high
    return usual if low <= usual <= high else low


def _own(port: SwitchPort, version: int) -> list[int]:
    return [int(one) for one in map(ip_address, port.own) if one.version == version]


def _common(layout: Layout, source: str, goal: str, version: int) -> bool:
    return all(_own(layout.ports[id_], version) for id_ in (source, goal))


def _first(prefix: str | None) -> list[int]:
    """The first address of a prefix: a source may forward for others."""
    return [int(ip_network(prefix, strict=False).network_address)] if prefix else []


def _within(address: int, prefix: str | None) -> bool:
    if prefix is None:
        return True
    network = ip_network(prefix, strict=False)
    return address & int(network.netmask) == int(network.network_address)


def _outer(layout: Layout, chain: str) -> Iterator[str]:
    """The classifiers of the chains that come before one in its graphs, however many lie between."""
    befores = {
        end: source
        for graph in layout.chains.service_graphs
        for source, ends in graph.port_chains
        for end in ends
    }
    seen = {chain}
    while chain in befores and befores[chain] not in seen:
        chain = befores[chain]
        seen.add(chain)
    yield from next((one.flow_classifiers for one in layout.chains.port_chains if one.id == chain), ())


def _both(outer: FlowClassifier, inner: FlowClassifier) -> FlowClassifier | None:
    """A classifier of what both want, under the inner one's id: what the inner one leaves open is the outer one's."""
    if outer.ethertype != inner.ethertype:
        return None
    given = {
        one.name: getattr(inner, one.name)
        for one in fields(inner)
        if getattr(inner, one.name) is not None and one.name != "logical_source_port"
    }
    return replace(outer, **given)
