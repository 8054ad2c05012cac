"""A lab whose chain is changed under a stream: four functions of one kind, and the states of each kind of update."""

import contextlib
from dataclasses import dataclass, replace

from functions_world import working

from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.datapath.lab import raised
from sfcci.datapath.placement import placed
from sfcci.datapath.scenario import Scenario
from sfcci.datapath.topology import Host, Port, Topology
from sfcci.document import Document

SOURCE, DEST = "10.1.0.1", "10.1.0.2"
SOURCE_BESIDE, DEST_BESIDE = "10.1.0.101", "10.1.0.102"
"""Second addresses, which no classifier names: the control stream's."""
FUNCTIONS = ("a", "b", "c", "d")
FLOWS = 4
WEB = 80
FIRST, FIRST_BESIDE = 5000, 6000


@dataclass(frozen=True)
class Kind:
    """Functions of one kind. `work` as for `working`; "": the kernel of the function's host routes."""

    name: str
    work: str = ""
    hold_ms: int = 0
    correlation: str = "mpls"
    aware: bool = False
    bare: bool = False
    symmetric: bool = False
    one_port: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("routed"),
        Kind("router-30", "router", 30),
        Kind("mpls-30", "mpls", 30, aware=True),
        Kind("nsh-30", "nsh", 30, "nsh", aware=True),
        Kind("wire-30", "wire", 30, bare=True),
        Kind("one-port-30", "mpls", 30, aware=True, one_port=True),
        Kind("symmetric", symmetric=True),
        Kind("symmetric-30", "router", 30, symmetric=True),
        Kind("symmetric-nsh-30", "nsh", 30, "nsh", aware=True, symmetric=True),
    )
}

UPDATES = {
    "pairs": ({"groups": ("a", "b")}, {"groups": ("c", "b")}, {"groups": ("c", "d")}, {"groups": ("a", "d")}),
    "groups": ({"hops": "ab"}, {"hops": "abc"}, {"hops": "bc"}, {"hops": "b"}),
    "order": ({"hops": "ab"}, {"hops": "ba"}),
    "order of three": ({"hops": "abc"}, {"hops": "cab"}, {"hops": "bca"}, {"hops": "cba"}),
    "classifier": ({}, {"classifier": "wide"}),
    "members": (
        {"groups": ("a", "b")},
        {"groups": ("ac", "b")},
        {"groups": ("acd", "b")},
        {"groups": ("cd", "b")},
    ),
    "weights": ({"groups": ("ac", "b")}, {"groups": ("ac", "b"), "weights": {"c": 3}}),
    "chain": ({}, {"chain": "other"}),
}
"""Kind of update → the states through which it goes, again and again."""
MIXED = {
    "each": tuple(words for states in UPDATES.values() for words in (*states, *states)[:4]),
    "some": (*UPDATES["pairs"][:3], *UPDATES["groups"][:3], *UPDATES["order"]),
}
"""Three updates of each kind; and some of those that have to wait for functions."""


def _ports():
    names = ["source", "dest", *(f"{host}{end}" for host in FUNCTIONS for end in ("in", "out"))]
    beside = {"source": (f"{SOURCE_BESIDE}/24",), "dest": (f"{DEST_BESIDE}/24",)}
    for number, name in enumerate(names, 1):
        host = name.removesuffix("out").removesuffix("in")
        addresses = (*beside.get(name, ()), f"10.1.0.{number}/24")  # by the last one it sends
        yield Port(f"{number:08x}-0000-0000-0000-000000000000", name, host, f"02:00:00:00:00:{number:02x}",
                   f"10.1.0.{number}", number, addresses)  # fmt: skip


PORTS = {port.name: port for port in _ports()}


def scenario(kind):
    """Give the lab's scenario for functions of a kind, without chains."""
    functions = {f"{host}{end}" for host in FUNCTIONS for end in ("in", "out")}
    ports = [
        replace(port, ip="", addresses=()) if kind.bare and port.name in functions else port
        for port in PORTS.values()
    ]
    room = {"mpls": 4, "nsh": 38}[kind.correlation] if kind.aware else 0
    ports = [
        replace(port, room=room, onward=_other(port.name)) if port.name in functions else port
        for port in ports
    ]
    hosts = [Host(name, forwards=name in FUNCTIONS and not kind.work) for name in ("dest", *FUNCTIONS)]
    hosts.append(Host("source", services={"http": WEB}))
    return Scenario(
        "hitless",
        Topology(tuple(hosts), tuple(ports)),
        ChainState(),
        Document("hitless", "", {"network": "10.1.0.0/24"}),
    )


def _other(name):
    """Give the port by which what comes in at one of a function leaves it."""
    return f"{name[0]}out" if name.endswith("in") else f"{name[0]}in"


def state(kind, *, hops="", groups=("a", "b"), classifier="exact", weights=None, chain="one", protocol="udp"):
    """Give a state: a chain through groups of one function each (`hops`), or through these `groups` ("ac": two)."""
    members = (
        {f"g{word}": word for word in hops} if hops else {f"g{n}": word for n, word in enumerate(groups, 1)}
    )
    made = {
        word: PortPair(
            f"pair-{word}", word, PORTS[f"{word}in"].id, PORTS[f"{word}in" if kind.one_port else f"{word}out"].id,
            kind.correlation if kind.aware else None, (weights or {}).get(word, 1),
        )
        for word in FUNCTIONS
    }  # fmt: skip
    numbered = {name: number for number, name in enumerate(["ga", "gb", "gc", "gd", "g1", "g2"], 1)}
    listed = [
        PortPairGroup(name, name, numbered[name], tuple(f"pair-{word}" for word in words))
        for name, words in members.items()
    ]
    one = FlowClassifier(
        f"fc-{classifier}", classifier, PORTS["source"].id, "IPv4", protocol,
        f"{SOURCE}/32" if classifier == "exact" else "10.1.0.0/28", f"{DEST}/32", logical_destination_port=PORTS["dest"].id,
    )  # fmt: skip
    number = {"one": 7, "other": 8}[chain]
    path = PortChain(
        f"chain-{chain}", chain, number, tuple(members), (one.id,), kind.correlation, kind.symmetric
    )
    return ChainState(tuple(made.values()), tuple(listed), (one,), (path,))


def order_of(wanted, back):
    """Give the order of functions of a state: each hop the names of the ports by which packets enter."""
    named = {port.id: name for name, port in PORTS.items()}
    pairs = {pair.id: pair for pair in wanted.port_pairs}
    groups = {group.id: group for group in wanted.port_pair_groups}
    (chain,) = wanted.port_chains
    side = "egress" if back else "ingress"
    order = [frozenset(named[getattr(pairs[word], side)] for word in groups[id_].port_pairs)
             for id_ in chain.port_pair_groups]  # fmt: skip
    return tuple(order[::-1] if back else order)


@contextlib.contextmanager
def world(kind, nodes=0, encapsulation="vxlan"):
    """Give a lab with functions of a kind that work; over so many nodes, those that follow each other on different ones."""
    made = scenario(kind)
    if nodes:
        names = tuple(f"node{number}" for number in range(1, nodes + 1))
        made = replace(made, topology=placed(made.topology, names, encapsulation))
    with raised(made) as lab, functions_working(lab, kind):
        yield lab


@contextlib.contextmanager
def functions_working(lab, kind):
    """Have the functions of a lab work while the block runs."""
    with contextlib.ExitStack() as stack:
        for host in FUNCTIONS if kind.work else ():
            out = f"{host}in" if kind.one_port else f"{host}out"
            stack.enter_context(working(lab, kind.work, f"{host}in", out, hold_ms=kind.hold_ms))
        yield
