"""The laws of the compiler: what its program does with packets, told by a walk through it."""

import dataclasses
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from sfcci.chain.action import Normal, SetField, ToGroup
from sfcci.chain.compiler import base_program, program
from sfcci.chain.conflict import basically_conflicting, port_span
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.ntuple import masked_ranges
from sfcci.chain.openflow import Flow
from sfcci.chain.port import SwitchPort
from sfcci.chain.program import changes
from sfcci.chain.table import label
from sfcci.chain.walk import walk
from sfcci.errors import InputError

SOURCES = ("s0", "s1", "s2")
FUNCTIONS = 6
PLAIN = {name: f"10.0.0.{number}" for number, name in enumerate((*SOURCES, "d"), 1)}
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}


def switch_ports():
    ports = {
        name: SwitchPort(number, f"02:00:00:00:00:{number:02x}", (ip,))
        for number, (name, ip) in enumerate(PLAIN.items(), 1)
    }
    for function in range(FUNCTIONS):
        addresses = (f"10.0.1.{function}", f"10.0.2.{function}")
        for side in ("in", "out"):
            number = len(ports) + 1
            ports[f"f{function}{side}"] = SwitchPort(number, f"02:00:00:00:00:{number:02x}", addresses)
    return ports


PORTS = switch_ports()
NAME_OF = {port.number: name for name, port in PORTS.items()}
few = settings(max_examples=30)
"""For laws about the program as a whole, which a few states show as well as many."""
FUNCTION_PORTS = [name for name in PORTS if name not in PLAIN]
prefixes = st.sampled_from(["0.0.0.0/0", "10.0.0.0/30", "10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"])


def maybe(strategy):
    return st.none() | strategy


@st.composite
def port_ranges(draw):
    ranges = {}
    for side in ("source", "destination"):
        low, high = sorted(draw(st.tuples(st.integers(0, 5), st.integers(0, 5))))
        ranges[f"{side}_port_range_min"] = draw(maybe(st.just(low)))
        ranges[f"{side}_port_range_max"] = draw(maybe(st.just(high)))
    return ranges


@st.composite
def classifiers(draw, name):
    protocol = draw(maybe(st.sampled_from(list(PROTOCOLS))))
    return FlowClassifier(
        name,
        name,
        draw(st.sampled_from(SOURCES)),
        protocol=protocol,
        source_ip_prefix=draw(maybe(prefixes)),
        destination_ip_prefix=draw(maybe(prefixes)),
        **(draw(port_ranges()) if protocol in ("tcp", "udp") else {}),
    )


@st.composite
def states(draw):
    """A state that is not refused: pairs in one group each, groups shared by chains, chains that do not clash."""
    sides = [draw(st.sampled_from(["in", "out"])) for _ in range(FUNCTIONS)]
    pairs = [PortPair(f"pp{n}", f"PP{n}", f"f{n}in", f"f{n}{side}") for n, side in enumerate(sides)]
    homes = [draw(st.integers(0, 3)) for _ in pairs]
    groups = [
        PortPairGroup(f"pg{g}", f"PG{g}", g + 1, tuple(f"pp{n}" for n, home in enumerate(homes) if home == g))
        for g in range(4)
    ]
    chains: list[PortChain] = []
    known: list[FlowClassifier] = []
    for number in range(1, 1 + draw(st.integers(0, 3))):
        order = draw(st.permutations([group.id for group in groups]))[: draw(st.integers(1, 4))]
        offered = [draw(classifiers(f"fc{number}{n}")) for n in range(draw(st.integers(0, 3)))]
        mine = [
            one
            for one in offered
            if not any(basically_conflicting(vars(one), vars(other)) for other in known)
        ]
        chains.append(
            PortChain(f"pc{number}", f"PC{number}", number, tuple(order), tuple(c.id for c in mine))
        )
        known += mine
    return ChainState(tuple(pairs), tuple(groups), tuple(known), tuple(chains))


@st.composite
def packets(draw, senders=SOURCES):
    addresses = st.sampled_from(sorted(PLAIN.values())).map(IPv4Address).map(int)
    protocol = draw(st.sampled_from([1, 6, 17, 47]))
    packet = {
        "in_port": PORTS[draw(st.sampled_from(senders))].number,
        "eth_type": 0x800,
        "eth_src": mac("s0"),
        "eth_dst": mac("d"),
        "nw_proto": protocol,
        "ip_src": draw(addresses),
        "ip_dst": draw(addresses),
    }
    if name := {6: "tcp", 17: "udp"}.get(protocol):
        packet |= {f"{name}_src": draw(st.integers(0, 6)), f"{name}_dst": draw(st.integers(0, 6))}
    return packet


def functions(state):
    """Give the ports of all pairs: a function with one port for in and out leaves the other one plain."""
    return {port for pair in state.port_pairs for port in (pair.ingress, pair.egress)}


def mac(port):
    return int(PORTS[port].mac.replace(":", ""), 16)


def wants(classifier, packet):
    """Say, straight from the meaning of the words, whether a classifier wants a packet."""
    if PORTS[classifier.logical_source_port].number != packet["in_port"]:
        return False
    if classifier.protocol and PROTOCOLS[classifier.protocol] != packet["nw_proto"]:
        return False
    for field, prefix in (
        ("ip_src", classifier.source_ip_prefix),
        ("ip_dst", classifier.destination_ip_prefix),
    ):
        if prefix and IPv4Address(packet[field]) not in IPv4Network(prefix, strict=False):
            return False
    given = vars(classifier)
    spans = {
        end: port_span(given, f"{side}_port_range_min", f"{side}_port_range_max")
        for side, end in (("source", "src"), ("destination", "dst"))
    }
    return all(
        low <= packet.get(f"{classifier.protocol}_{end}", low) <= high for end, (low, high) in spans.items()
    )


def chain_of(state, packet):
    wanting = {c.id for c in state.flow_classifiers if wants(c, packet)}
    return next((chain for chain in state.port_chains if wanting & set(chain.flow_classifiers)), None)


def destination(packet):
    return next(name for name, ip in PLAIN.items() if int(IPv4Address(ip)) == packet["ip_dst"])


def travel(state, compiled, packet, draw_bucket):
    """Send a packet through the switch and the functions, each of which routes it on; give the ports it went out of."""
    egress = {PORTS[pair.ingress].number: pair.egress for pair in state.port_pairs}
    trail = []
    while len(trail) < 10:
        sent = walk(compiled, packet, lambda group, _: draw_bucket(group.buckets))
        assert len(sent) <= 1, "a packet is never copied"
        if not sent:
            return [*trail, "dropped"]
        if sent[0].port is None:
            return [*trail, "NORMAL"]
        trail.append(NAME_OF[sent[0].port])
        if sent[0].port not in egress:
            return trail
        assert sent[0].packet["eth_dst"] == mac(trail[-1])
        leaves = egress[sent[0].port]
        packet = {
            **packet,
            "in_port": PORTS[leaves].number,
            "eth_src": mac(leaves),
            "eth_dst": mac(destination(packet)),
        }
    return trail


@given(states(), packets(), st.data())
def test_a_classified_packet_visits_one_pair_of_each_group_in_order_then_its_destination(state, packet, data):
    chain = chain_of(state, packet)
    trail = travel(state, program(state, PORTS), packet, lambda buckets: data.draw(st.sampled_from(buckets)))
    if chain is None:
        event("unclassified")
        assert trail == ["NORMAL"]
        return
    event("classified")
    group_of = {group.id: group for group in state.port_pair_groups}
    pair_of = {pair.id: pair for pair in state.port_pairs}
    expected = []
    for group in chain.port_pair_groups:
        members = [pair_of[word].ingress for word in group_of[group].port_pairs]
        expected.append(members or ["dropped"])
        if not members:
            break
    else:
        expected.append([destination(packet)])
    assert len(trail) == len(expected)
    assert all(port in allowed for port, allowed in zip(trail, expected, strict=True))


@given(states(), packets(senders=FUNCTION_PORTS))
def test_what_a_function_passes_on_without_a_place_in_a_chain_is_never_switched(state, packet):
    assume(state.port_chains and NAME_OF[packet["in_port"]] in functions(state))
    sent = walk(program(state, PORTS), packet)
    assert all(one.port is not None for one in sent)


@few
@given(states(), st.sampled_from(FUNCTION_PORTS))
def test_what_a_function_itself_says_is_switched(state, port):
    assume(port in functions(state))
    compiled = program(state, PORTS)
    arp = {"in_port": PORTS[port].number, "eth_type": 0x806}
    neighbour = {"in_port": PORTS[port].number, "eth_type": 0x86DD, "nw_proto": 58, "icmpv6_type": 135}
    own = {
        "in_port": PORTS[port].number,
        "eth_type": 0x800,
        "nw_proto": 1,
        "ip_src": int(IPv4Address(PORTS[port].addresses[0])),
        "ip_dst": int(IPv4Address(PLAIN["s0"])),
    }
    for packet in (arp, neighbour, own):
        assert [one.port for one in walk(compiled, packet)] == [None]


@few
@given(states(), st.randoms(use_true_random=False))
def test_the_order_of_resources_means_nothing(state, random):
    def shuffled(values):
        return tuple(random.sample(values, len(values)))

    groups = [
        dataclasses.replace(group, port_pairs=shuffled(group.port_pairs)) for group in state.port_pair_groups
    ]
    chains = [
        dataclasses.replace(chain, flow_classifiers=shuffled(chain.flow_classifiers))
        for chain in state.port_chains
    ]
    mixed = ChainState(
        shuffled(state.port_pairs), shuffled(groups), shuffled(state.flow_classifiers), shuffled(chains)
    )
    assert program(mixed, PORTS) == program(state, PORTS)


@few
@given(states())
def test_no_flow_names_a_missing_group_and_every_label_fits_in_20_bits(state):
    compiled = program(state, PORTS)
    actions = [action for flow in compiled.flows for action in flow.actions]
    assert {a.group for a in actions if isinstance(a, ToGroup)} <= set(compiled.group_of)
    assert all(a.value < 2**20 for a in actions if isinstance(a, SetField) and a.name == "reg0")
    assert all(
        len({bucket.id for bucket in group.buckets}) == len(group.buckets) for group in compiled.groups
    )


@few
@given(states())
def test_without_chains_the_base_flows_are_left(state):
    bare = dataclasses.replace(state, port_chains=())
    assert program(bare, PORTS) == base_program()
    assert base_program().flows == (Flow(0, 0, base_program().flows[0].match, (Normal(),)),)


@few
@given(states())
def test_a_change_of_one_chain_leaves_the_flows_of_the_others_alone(state):
    if len(state.port_chains) < 2:
        return
    gone = state.port_chains[0]
    steps = changes(program(state, PORTS), program(state.without_chain(gone.id), PORTS))
    cookies = {step.item.cookie & 0xFFFFFF for step in steps if isinstance(step.item, Flow)}
    assert cookies <= {0, gone.chain_id}


@few
@given(states(), st.integers(0, FUNCTIONS - 1))
def test_who_else_is_in_a_group_does_not_change_a_member_s_bucket(state, leaver):
    compiled = program(state, PORTS)
    fewer = dataclasses.replace(
        state,
        port_pair_groups=tuple(
            dataclasses.replace(g, port_pairs=tuple(w for w in g.port_pairs if w != f"pp{leaver}"))
            for g in state.port_pair_groups
        ),
    )
    for group in program(fewer, PORTS).groups:
        assert set(group.buckets) <= set(compiled.group_of[group.number].buckets)


@given(st.integers(0, 65535), st.integers(0, 65535), st.lists(st.integers(0, 65535), max_size=20))
def test_masked_ranges_match_exactly_the_numbers_of_the_range(a, b, samples):
    low, high = min(a, b), max(a, b)
    pairs = masked_ranges(low, high)
    for number in [*samples, low, high, max(low - 1, 0), min(high + 1, 65535)]:
        hits = sum(number & mask == value for value, mask in pairs)
        assert hits == (1 if low <= number <= high else 0)
    assert len(pairs) <= 30


@pytest.mark.parametrize(
    ("low", "high", "pairs"),
    [
        (0, 65535, ((0, 0),)),
        (0, 0, ((0, 0xFFFF),)),
        (80, 80, ((80, 0xFFFF),)),
        (1000, 1010, ((0x3E8, 0xFFF8), (0x3F0, 0xFFFE), (0x3F2, 0xFFFF))),
    ],
)
def test_masked_ranges_are_the_fewest(low, high, pairs):
    assert masked_ranges(low, high) == pairs


def test_labels_are_those_of_the_reference():
    assert [label(1, 255), label(1, 254), label(4095, 255)] == [511, 510, 2**20 - 1]


def test_a_refused_state_compiles_to_nothing_but_all_refusals():
    pair = PortPair("pp", "PP", "nowhere", "f0out", correlation="vxlan", weight=-3)
    with pytest.raises(InputError) as refused:
        program(ChainState(port_pairs=(pair,)), PORTS)
    assert [str(fault) for fault in refused.value.faults] == [
        "port_pairs.PP.ingress: no port nowhere; expected a port of the switch",
        "port_pairs.PP.correlation: found vxlan; expected mpls, nsh or none",
        "port_pairs.PP.weight: found -3; expected 0 or more",
    ]


@pytest.mark.parametrize(
    ("kind", "of_chain", "of_switch"),
    [
        ("by ports", 117, 227),
        ("by addresses", 117, 214),
        ("by both", 117, 326),
        ("of other sources", 316, 612),
    ],
)
def test_a_hundred_classifiers_three_hops_and_four_functions_each_are_few_flows(kind, of_chain, of_switch):
    ports = {
        "s": SwitchPort(1, "02:00:00:00:01:00", ("10.0.0.1",)),
        "d": SwitchPort(2, "02:00:00:00:02:00", ("10.0.0.2",)),
    }
    pairs, groups = [], []
    for number in range(12):
        for side in ("in", "out"):
            at = len(ports) + 1
            ports[f"f{number}{side}"] = SwitchPort(at, f"02:00:00:00:00:{at:02x}", (f"10.0.1.{number}",))
        pairs.append(PortPair(f"pp{number:02}", "", f"f{number}in", f"f{number}out"))
    for number in range(3):
        members = tuple(pair.id for pair in pairs[number * 4 : number * 4 + 4])
        groups.append(PortPairGroup(f"pg{number}", "", number + 1, members))
    if kind == "of other sources":
        ports |= {
            f"s{n}": SwitchPort(100 + n, f"02:00:00:00:03:{n:02x}", (f"10.0.2.{n}",)) for n in range(100)
        }
    many = []
    for n in range(100):
        by_ports = (
            {"destination_port_range_min": n, "destination_port_range_max": n}
            if kind in ("by ports", "by both")
            else {}
        )
        by_addresses = {} if kind == "by ports" else {"source_ip_prefix": f"10.0.2.{n}/32"}
        source = f"s{n}" if kind == "of other sources" else "s"
        many.append(FlowClassifier(f"fc{n:03}", "", source, protocol="tcp", **by_ports, **by_addresses))
    chain = PortChain("pc", "", 1, tuple(g.id for g in groups), tuple(c.id for c in many))
    state = ChainState(tuple(pairs), tuple(groups), tuple(many), (chain,))
    made = program(state, ports)
    assert (len(made.parts["chain", "pc"].flows), len(made.flows)) == (of_chain, of_switch)
