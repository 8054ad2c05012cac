"""A lab whose chain is changed under a stream: four functions of one kind, updates of each kind, control beside it."""

import contextlib
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from hitless_verdict import MORE, PAYLOAD, Era, counted, passages

from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.datapath import pcapng
from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import Scenario
from sfcci.datapath.service_function import working
from sfcci.datapath.stream import streaming
from sfcci.datapath.topology import Host, Port, Topology
from sfcci.document import Document

SOURCE, DEST = "10.1.0.1", "10.1.0.2"
SOURCE_BESIDE, DEST_BESIDE = "10.1.0.101", "10.1.0.102"
"""Second addresses, which no classifier names: the control stream's."""
FUNCTIONS = ("a", "b", "c", "d")
FLOWS = 4
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
        Kind("symmetric", "router", symmetric=True),
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
    ports = [replace(port, room=room) if port.name in functions else port for port in ports]
    hosts = [
        Host(name, forwards=name in FUNCTIONS and not kind.work) for name in ("source", "dest", *FUNCTIONS)
    ]
    return Scenario(
        "hitless", Topology(tuple(hosts), tuple(ports)), ChainState(), Document("hitless", "", {})
    )


def state(kind, *, hops="", groups=("a", "b"), classifier="exact", weights=None, chain="one"):
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
        f"fc-{classifier}", classifier, PORTS["source"].id, "IPv4", "udp",
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


@dataclass(frozen=True)
class Way:
    """What became of the packets one way. `seen`: judged by their captures; `wrong`: past, order, astray, more → packets."""

    sent: int
    seen: int
    lost: int
    late: int
    duplicated: int
    wrong: dict
    delays_us: dict

    @property
    def good(self):
        """Whether none was lost, past a function, in a wrong order of functions, or where no chain leads any more."""
        return (
            not self.lost
            and not self.duplicated
            and not self.wrong.keys() - {MORE}
            and self.seen == self.sent
        )


@dataclass(frozen=True)
class Run:
    """Updates of one kind under a stream. `void`: why it does not count; "" when it does."""

    functions: str
    updates: str
    ways: dict
    void: str
    update_ms: tuple
    longest_stay_ms: float
    switch_cpu: float
    """Processor time of ovs-vswitchd, seconds per second."""

    @property
    def good(self):
        """Whether every packet came, by the functions of the chain."""
        return all(way.good for way in self.ways.values())


@contextlib.contextmanager
def world(kind):
    """Give a lab with functions of a kind that work."""
    with raised(scenario(kind)) as lab, contextlib.ExitStack() as stack:
        for host in FUNCTIONS if kind.work else ():
            out = f"{host}in" if kind.one_port else f"{host}out"
            stack.enter_context(working(lab, kind.work, f"{host}in", out, hold_ms=kind.hold_ms))
        yield lab


def run(lab, apply, kind, updates, *, count, rate, pause_s, residency_ms):
    """Update the chain `count` times under a stream; `apply(state)` is what is tried."""
    states = [state(kind, **words) for words in UPDATES[updates]]
    apply(states[0])
    with _streams(lab, kind, rate):  # neighbours get to know each other
        time.sleep(0.3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.pcapng"
        with lab.capture(path):
            before = cpu_s(lab), time.monotonic()
            with _streams(lab, kind, rate) as streams:
                changes = _updated(apply, states, count, pause_s)
                used = (cpu_s(lab) - before[0]) / (time.monotonic() - before[1])
        found = passages(pcapng.read(path), {"source", "dest"})
    longest = max((stay for passage in found.values() for stay in passage.stays_ns), default=0) / 1e6
    ways = {back: _way(streams[back], found, changes, back) for back in streams}
    took = tuple((end - begin) / 1e6 for begin, end, _ in changes[1:])
    void = _void(streams, longest, residency_ms)
    return Run(kind.name, updates, ways, void, took, longest, used)


def _updated(apply, states, count, pause_s):
    """Go from state to state; give begin, end (ns since the epoch) and the state of each, the first one's too."""
    changes = [(0, 0, states[0])]
    time.sleep(pause_s)
    for number in range(1, count + 1):
        wanted = states[number % len(states)]
        begin = time.time_ns()
        apply(wanted)
        changes.append((begin, time.time_ns(), wanted))
        time.sleep(pause_s)
    return changes


@contextlib.contextmanager
def _streams(lab, kind, rate):
    """Send there, and back where the chain is symmetric, and beside it; give the streams by whether they go back."""
    ways = {False: ("source", "dest", DEST, DEST_BESIDE), True: ("dest", "source", SOURCE, SOURCE_BESIDE)}
    with contextlib.ExitStack() as stack:
        streams = {}
        for back in (False, True) if kind.symmetric else (False,):
            source, destination, through, beside = ways[back]
            targets = [f"{through}/{FIRST + n}" for n in range(FLOWS)]
            targets += [f"{beside}/{FIRST_BESIDE + n}" for n in range(FLOWS)]
            streams[back] = stack.enter_context(
                streaming(lab, source, destination, targets, rate=rate / FLOWS, length=PAYLOAD, quiet_s=1.0)
            )
        yield streams


def _way(stream, found, changes, back):
    """Give what became of the packets of a stream through the chain."""
    ends = [end for _, end, _ in changes[1:]] + [float("inf")]
    eras = [
        Era(begin, end, order_of(wanted, back)) for (begin, _, wanted), end in zip(changes, ends, strict=True)
    ]
    address = SOURCE if back else DEST
    mine = [flowing for target, flowing in stream.flowing.items() if target.startswith(f"{address}/")]
    verdicts = counted(found, eras, address)
    wrong = {word: many for word, many in verdicts.items() if word}
    delays = {
        name: max(flowing.delays_us.get(name, 0) for flowing in mine) for name in ("p50", "p99", "most")
    }
    total = {name: sum(getattr(one, name) for one in mine) for name in ("sent", "lost", "late", "duplicated")}
    return Way(**total, seen=verdicts.total(), wrong=wrong, delays_us=delays)


def _void(streams, longest_ms, residency_ms):
    """Say why a run does not count: the control lost packets, or a function held one longer than drains wait for."""
    for stream in streams.values():
        beside = [
            flowing for target, flowing in stream.flowing.items() if f"/{FIRST_BESIDE // 1000}" in target
        ]
        if lost := sum(flowing.lost for flowing in beside):
            return f"the control lost {lost} packets"
        if refused := sum(flowing.refused for flowing in stream.flowing.values()):
            return f"the sender's kernel refused {refused} packets"
    if longest_ms > 2.5 * residency_ms:
        return f"a function held a packet for {longest_ms:.0f} ms"
    return ""


def cpu_s(lab):
    """Give the processor time that ovs-vswitchd has used."""
    pid = lab.run("switch", ["cat", "/run/lab/ovs-vswitchd.pid"], timeout_s=30, check=True).stdout.strip()
    fields = (
        lab.run("switch", ["cat", f"/proc/{pid}/stat"], timeout_s=30, check=True)
        .stdout.rpartition(")")[2]
        .split()
    )
    return (int(fields[11]) + int(fields[12])) / 100


def median_ms(one):
    """Give the median time of a run's updates."""
    return statistics.median(one.update_ms)
