"""A lab for every kind of function: source and dest with both IP versions, two hosts with two ports, one tap."""

from dataclasses import replace

from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.datapath.scenario import Scenario
from sfcci.datapath.topology import Host, Port, Topology
from sfcci.document import Document

HOSTS = (("source", 1), ("dest", 1), ("a", 2), ("b", 2), ("tap", 1))
SOURCE, DEST = "10.1.0.1", "10.1.0.2"
SOURCE6, DEST6 = "fd00:1::1", "fd00:1::2"


def _ports():
    names = [
        f"{host}{end}" for host, count in HOSTS for end in (("in", "out")[:count] if count > 1 else ("",))
    ]
    for number, name in enumerate(names, 1):
        host = name.removesuffix("out").removesuffix("in")
        addresses = (f"10.1.0.{number}/24", f"fd00:1::{number}/64")
        yield Port(f"{number:08x}-0000-0000-0000-000000000000", name, host, f"02:00:00:00:00:{number:02x}",
                   f"10.1.0.{number}", number, addresses)  # fmt: skip


TOPOLOGY = Topology(
    tuple(Host(name, services={"http": 80} if name == "dest" else {}) for name, _ in HOSTS), tuple(_ports())
)


def id_of(name):
    """Give the id of a port."""
    return TOPOLOGY.port(name).id


def scenario(*, bare=(), room=0):
    """Give the lab's scenario, without chains; `bare` hosts have ports without addresses."""
    ports = tuple(
        replace(port, ip="", addresses=()) if port.host in bare else port for port in TOPOLOGY.ports
    )
    ports = tuple(replace(port, room=room) if port.host not in ("source", "dest") else port for port in ports)
    return Scenario("kinds", replace(TOPOLOGY, ports=ports), ChainState(), Document("kinds", "", {}))


def chain(
    *hops,
    correlation="mpls",
    aware=False,
    one_port=False,
    ethertype="IPv4",
    symmetric=True,
    tap=False,
    groups=None,
):
    """Give a chain through these hosts for UDP port 5000, ICMP and TCP port 80; `aware`: they know the encapsulation.

    `groups` host → PortPairGroup arguments.
    """
    pairs = [
        PortPair(
            f"pair-{h}",
            h,
            id_of(f"{h}in"),
            id_of(f"{h}in" if one_port else f"{h}out"),
            correlation if aware else None,
        )
        for h in hops
    ]
    made = [
        PortPairGroup(f"group-{h}", h, number, (f"pair-{h}",), **(groups or {}).get(h, {}))
        for number, h in enumerate(hops, 1)
    ]
    if tap:
        pairs.append(PortPair("pair-tap", "tap", id_of("tap"), id_of("tap")))
        made.insert(1, PortPairGroup("group-tap", "tap", 9, ("pair-tap",), tap_enabled=True))
    sixth = ethertype == "IPv6"
    classifiers = [
        FlowClassifier(
            f"fc-{protocol}", protocol, id_of("source"), ethertype, protocol,
            f"{SOURCE6}/128" if sixth else f"{SOURCE}/32", f"{DEST6}/128" if sixth else f"{DEST}/32",
            destination_port_range_min=port, destination_port_range_max=port, logical_destination_port=id_of("dest"),
        )
        for protocol, port in (("udp", 5000), ("tcp", 80), ("icmp", None))
    ]  # fmt: skip
    one = PortChain(
        "chain",
        "chain",
        7,
        tuple(g.id for g in made),
        tuple(c.id for c in classifiers),
        correlation,
        symmetric,
    )
    return ChainState(tuple(pairs), tuple(made), tuple(classifiers), (one,))
