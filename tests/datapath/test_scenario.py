"""Scenarios: the demo as the articles tell it, and every fault of a bad one with its place."""

import uuid
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoilt_text import spoilt

from sfcci import document
from sfcci.datapath.scenario import SCHEMA, load_scenario, parse_scenario, shipped
from sfcci.errors import InputError, UsageError


def parsed(text, path="lab.yaml"):
    return parse_scenario(document.parse(text, path, SCHEMA))


def faults(text):
    with pytest.raises(InputError) as refused:
        parsed(text)
    return str(refused.value).splitlines()


SMALL = """\
name: small
network: 192.0.2.0/29
hosts:
  a: {}
  b: {}
ports:
  a0: {host: a}
  b0: {host: b, ip: 192.0.2.1, mac: "02:00:00:00:00:01", id: 01234567-89ab-cdef-0123-456789abcdef}
"""


def test_the_demo_is_the_one_of_the_articles():
    demo = load_scenario("demo")
    assert [host.name for host in demo.topology.hosts] == ["source", "dest", "vm1", "vm2", "vm3"]
    assert {port.name: port.ip for port in demo.topology.ports} == {
        "source_vm_port": "10.0.0.103",
        "dest_vm_port": "10.0.0.128",
        "p1in": "10.0.0.61",
        "p1out": "10.0.0.181",
        "p2in": "10.0.0.130",
        "p2out": "10.0.0.38",
        "p3in": "10.0.0.47",
        "p3out": "10.0.0.247",
    }
    chains = demo.chains
    name = {
        r.id: r.name
        for rs in (chains.port_pairs, chains.port_pair_groups, chains.flow_classifiers)
        for r in rs
    }
    assert {g.name: [name[p] for p in g.port_pairs] for g in chains.port_pair_groups} == {
        "PG1": ["PP1", "PP2"],
        "PG2": ["PP3"],
    }
    (chain,) = chains.port_chains
    assert (chain.name, chain.chain_id) == ("PC1", 1)
    assert [name[g] for g in chain.port_pair_groups] == ["PG1", "PG2"]
    assert [name[f] for f in chain.flow_classifiers] == ["FC_udp", "FC_http"]


def test_ids_addresses_and_taps_are_the_same_in_every_run():
    first, second = parsed(SMALL), parsed(SMALL)
    assert first == second
    a, b = first.topology.ports
    assert str(uuid.UUID(a.id)) == a.id
    assert (a.ip, a.number) == ("192.0.2.2", 1)  # the first address that nobody has
    assert a.mac.startswith("fa:16:3e:")
    assert (b.tap, b.mac, b.number) == ("tap01234567-89", "02:00:00:00:00:01", 2)
    assert len(a.tap) == 14


def test_another_scenario_has_other_ids():
    assert parsed(SMALL).topology.ports[0].id != parsed(SMALL.replace("small", "tiny")).topology.ports[0].id


def test_a_port_is_found_by_name_id_and_tap_and_the_nearest_is_told():
    topology = parsed(SMALL).topology
    for word in ("b0", "01234567-89ab-cdef-0123-456789abcdef", "tap01234567-89"):
        assert topology.port(word).name == "b0"
    with pytest.raises(UsageError, match=r"no port 'tap01234567-88'; did you mean tap01234567-89\?"):
        topology.port("tap01234567-88")
    with pytest.raises(UsageError, match=r"no host 'zebra'; there are: a, b"):
        topology.host("zebra")


def test_all_faults_of_a_document_come_together_with_their_places():
    assert faults("""\
name: bad name!
network: 10.0.0.0/24
hosts:
  source: {forward: true}
ports:
  a_name_that_is_far_too_long: {host: source, mac: 01:00:00:00:00:00}
port_chains:
  PC1: {}
""") == [
        'lab.yaml:1:1: name: found "bad name!"; expected a name of letters, digits, - and _',
        "lab.yaml:4:12: hosts.source.forward: unknown key; expected one of forwards, function, node, services; did you mean forwards?",
        (
            "lab.yaml:5:1: ports: found \"a_name_that_is_far_too_long\"; expected a port's name, which is its interface's:"
            " letters, digits, - and _, at most 15"
        ),
        (
            'lab.yaml:6:47: ports.a_name_that_is_far_too_long.mac: found "01:00:00:00:00:00"; expected a unicast MAC address'
            " in lower case, in quotes"
        ),
        "lab.yaml:8:3: port_chains.PC1: port_pair_groups is missing",
    ]


def test_names_that_lead_nowhere_are_told_with_the_nearest():
    text = (
        SMALL.replace("a0: {host: a}", "a0: {host: aa}")
        + """\
port_pairs:
  PP1: {ingress: a0, egress: b1}
port_pair_groups:
  PG1: {port_pairs: [PP1, PP3]}
port_chains:
  PC1: {port_pair_groups: [PG2], flow_classifiers: [FC]}
"""
    )
    assert faults(text) == [
        "lab.yaml:7:8: ports.a0.host: no host aa; expected one of a, b; did you mean a?",
        "lab.yaml:4:3: hosts.a: has no port; expected a port with this host",
        "lab.yaml:10:22: port_pairs.PP1.egress: no port b1; expected one of a0, b0",
        "lab.yaml:12:27: port_pair_groups.PG1.port_pairs[1]: no port pair PP3; expected one of PP1; did you mean PP1?",
        (
            "lab.yaml:14:28: port_chains.PC1.port_pair_groups[0]: no port pair group PG2; expected one of PG1; did you mean"
            " PG1?"
        ),
        "lab.yaml:14:53: port_chains.PC1.flow_classifiers[0]: no flow classifier FC; expected one that flow_classifiers declares",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("192.0.2.0/29", "192.0.2.1/29", "lab.yaml:2:1: network: 192.0.2.1/29 has host bits set; expected an IPv4 prefix, for example 10.0.0.0/24"),
        ("192.0.2.0/29", "192.0.2.0/31", "lab.yaml:2:1: network: found 192.0.2.0/31; expected room for 2 ports, at most a /16"),
        ("192.0.2.1,", "192.0.2.0,", "lab.yaml:8:17: ports.b0.ip: found 192.0.2.0; expected an address of a host in 192.0.2.0/29"),
        ("{host: a}", "{host: a, ip: 192.0.2.1}", "lab.yaml:8:17: ports.b0.ip: 192.0.2.1 is port a0's; expected each once"),
        ("  b: {}", "  b: {}\n  switch: {}", "lab.yaml:6:3: hosts.switch: is the switch's own name; expected another name"),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_is_told(old, new, line):
    assert line in faults(SMALL.replace(old, new))


def test_a_port_without_an_address_is_a_bump_in_the_wire_s():
    scenario = parse_scenario(
        document.parse(SMALL.replace("{host: a}", "{host: a, ip: null}"), "lab.yaml", SCHEMA)
    )
    port = scenario.topology.port("a0")
    assert (port.ip, port.addresses) == ("", ())


def test_what_the_compiler_refuses_is_a_fault_of_the_document():
    text = (
        SMALL
        + """\
port_pairs:
  PP1: {ingress: b0, egress: b0, weight: 2}
port_pair_groups:
  PG1: {port_pairs: [PP1]}
  PG2: {port_pairs: [PP1], lb_fields: [ip_src]}
"""
    )
    assert faults(text) == [
        "lab.yaml:13:9: port_pair_groups.PG2.port_pairs: PP1 is group PG1's; expected one group for it",
    ]


def test_shipped_scenarios_are_good_and_an_unknown_one_is_told():
    assert "demo" in shipped()
    for name in shipped():
        assert load_scenario(name).topology.ports
    with pytest.raises(UsageError, match=r"no scenario 'dmeo'; did you mean demo\?"):
        load_scenario("dmeo")
    with pytest.raises(InputError, match=r"none\.yaml: No such file or directory; expected a readable file"):
        load_scenario("./none.yaml")


def test_a_scenario_is_read_from_a_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL)
    assert load_scenario(path).name == load_scenario(str(path)).name == "small"


DEMO = load_scenario("demo").source.text.splitlines()
WORDS = [
    "1",
    "null",
    "[]",
    "{}",
    "a b",
    "true",
    "1.5",
    "'",
    "-1",
    "10.0.0.0/8",
    "p1in",
    "PP1",
    "2024-01-01",
    "!x",
    "99999",
]


@settings(max_examples=150)
@given(st.data())
def test_a_spoilt_scenario_is_a_scenario_or_an_input_error(data):
    with suppress(InputError):
        parsed(spoilt(data, DEMO, WORDS))
