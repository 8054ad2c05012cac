"""Real packets pass the functions that ofproto/trace and the interpreter say, for chains of all kinds and both ways."""

import contextlib
import random
import sys
from dataclasses import dataclass

import pytest

from sfcci import command
from sfcci.chain.compiler import compiled
from sfcci.chain.journey import Layout, journey
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.question import Asked, answered, question
from sfcci.chain.verdict import verdict
from sfcci.datapath import ovs, pcapng
from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import SCHEMA, parse_scenario
from sfcci.datapath.traced import Traced
from sfcci.datapath.unixctl import Control
from sfcci.document import parse

from ..chain.walked import walked  # noqa: TID252 - tests are no package that has a name
from .test_three_agree import chosen_by, seen

pytestmark = pytest.mark.lab
SAMPLES = 20
KINDS = {"r1": "router", "r2": "router", "m1": "mpls", "m2": "mpls", "n1": "nsh", "n2": "nsh", "w1": "wire"}
GIVEN = {"router": ("r1", "r2"), "mpls": ("m1", "m2"), "nsh": ("n1", "n2"), "wire": ("w1",)}
DOCUMENT = (
    "name: agree\nnetwork: 10.0.0.0/24\nnetwork6: fd00::/64\nhosts:\n  source: {}\n  dest: {}\n  tap: {}\n"
)
DOCUMENT += "".join(f"  {host}: {{function: {{kind: {kind}}}}}\n" for host, kind in KINDS.items())
DOCUMENT += "ports:\n  source: {host: source}\n  dest: {host: dest}\n  tap: {host: tap}\n" + "".join(
    f"  {host}{end}: {{host: {host}{', ip: null, ip6: null' if kind == 'wire' else ''}}}\n"
    for host, kind in KINDS.items()
    for end in ("in", "out")
)
DOCUMENT += "port_pairs:\n" + "".join(
    f"  {host}: {{ingress: {host}in, egress: {host}out}}\n" for host in KINDS
)
"""Every function is known as one from the start: what a wire floods back would have the switch learn wrongly."""
ASK = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sock:
    sock.settimeout(60)
    sock.bind(("", int(sys.argv[2])))
    sock.sendto(sys.argv[4].encode(), (sys.argv[1], int(sys.argv[3])))
    print(sock.recv(100).decode())
"""
ANSWER = """
import socket, sys
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
    sock.bind(("::", int(sys.argv[1])))
    print("ready", flush=True)
    while True:
        word, who = sock.recvfrom(100)
        sock.sendto(word.replace(b"there", b"back"), who)
"""
ANSWERS = 20000
"""The port that packets are sent to, and answers come from: not one that a network's own programs use."""


@dataclass(frozen=True)
class Sample:
    state: ChainState
    version: int
    port: int

    @property
    def words(self):
        return f"there-{self.port}", f"back-{self.port}"


def sample(ids, number):
    """Give a chain of one to three groups, drawn by a number; every function is known, in the chain or not."""
    chance = random.Random(number)  # noqa: S311 - the same chains each time
    encapsulation, version = chance.choice(["mpls", "nsh"]), chance.choice([4, 6])
    kinds = chance.sample(["router", "wire", encapsulation], chance.randint(1, 3))
    pairs = [
        PortPair(
            f"P{host}", host, ids[f"{host}in"], ids[f"{host}out"], kind if kind in ("mpls", "nsh") else None
        )
        for host, kind in KINDS.items()
    ]
    pairs.append(PortPair("Ptap", "tap", ids["tap"], ids["tap"]))
    groups = []
    for place, kind in enumerate(kinds, 1):
        members = GIVEN[kind][: chance.randint(1, len(GIVEN[kind]))]
        groups.append(PortPairGroup(f"G{place}", kind, place, tuple(f"P{host}" for host in members)))
    if chance.random() < 0.3:
        groups.insert(
            chance.randint(1, len(groups)), PortPairGroup("Gt", "tap", 9, ("Ptap",), tap_enabled=True)
        )
    symmetric = chance.random() < 0.5
    classifier = FlowClassifier(
        "F", "F", ids["source"], f"IPv{version}", "udp", destination_port_range_min=ANSWERS,
        destination_port_range_max=ANSWERS, logical_destination_port=ids["dest"] if symmetric else None,
    )  # fmt: skip
    chain = PortChain("C", "C", 1 + number, tuple(g.id for g in groups), ("F",), encapsulation, symmetric)
    return Sample(ChainState(tuple(pairs), tuple(groups), (classifier,), (chain,)), version, 30000 + number)


def told(lab, one, ids):
    """What ofproto/trace tells of both ways; the interpreter confirms every step of it."""
    ports = lab.ports
    layout = Layout(one.state, ports, compiled(one.state, ports).ways)
    asked = Asked("udp", one.port, ANSWERS, f"IPv{one.version}")
    with Control(lab.keeper.root / ovs.control(lab.keeper).lstrip("/")) as control:
        carry = Traced(control, ovs.BRIDGE, lambda: lab.installed)
        first = question(layout, ids["source"], ids["dest"], asked)
        went = journey(carry, layout, first.packet)
        back = answered(layout, went, first)
        came = journey(carry, layout, back.packet, asked=went)
    for way, goal, before in ((went, ids["dest"], None), (came, ids["source"], went)):
        found = verdict(layout, way, goal, asked=before)
        assert found.right, found.says
        for leg in way.legs:
            if not any(departure.switched for departure in leg.carried.departures):
                carried = walked(lab.installed, ports, chosen_by(leg.carried))(leg.packet)
                assert seen(leg.carried) == seen(carried)
    return went, came


def on_the_way(way, lab):
    """The ports that frames of the packet pass: where it begins, into and out of functions, copies, where it ends."""
    passed = [way.legs[0].entry]
    for visit in way.visits:
        passed += [visit.entry] if visit.copy else [visit.entry, visit.exit]
    passed.append(way.arrived[0].port)
    return sorted(lab.topology.port(word).name for word in passed)


@contextlib.contextmanager
def answering(lab):
    """Have dest answer every datagram."""
    words = [sys.executable, "-I", "-S", "-c", ANSWER, str(ANSWERS)]
    with lab.start("dest", words, stdout=command.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        yield


def ask(lab, one):
    """Send one datagram and wait for its answer."""
    addresses = (address.partition("/")[0] for address in lab.topology.port("dest").addresses)
    to = next(address for address in addresses if (":" in address) == (one.version == 6))
    there, back = one.words
    words = [sys.executable, "-I", "-S", "-c", ASK, to, str(one.port), str(ANSWERS), there]
    assert lab.run("source", words, timeout_s=120, check=True).stdout.strip() == back


def test_packets_go_where_both_say(tmp_path):
    scenario = parse_scenario(parse(DOCUMENT, "agree.yaml", SCHEMA))
    ids = {port.name: port.id for port in scenario.topology.ports}
    capture = tmp_path / "all.pcapng"
    expected = {}
    with raised(scenario) as lab, answering(lab), lab.capture(capture):
        lab.driver.residency_s = 0.0  # no packet is on its way while chains change
        for number in range(SAMPLES):
            one = sample(ids, number)
            lab.apply(one.state)
            for word, way in zip(one.words, told(lab, one, ids), strict=True):
                expected[word] = on_the_way(way, lab)
            ask(lab, one)
    assert passed(capture, expected) == expected


def passed(path, words):
    """The ports that frames with each word passed; errors that quote a packet are none of it."""
    found = {word: [] for word in words}
    for frame in pcapng.read(path):
        for word in words:
            if frame.data.endswith(word.encode()):
                found[word].append(frame.interface)
    return {word: sorted(names) for word, names in found.items()}
