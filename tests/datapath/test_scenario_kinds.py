"""Scenarios of every kind of function: what their words become, and what is wrong in bad ones, with its place."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoilt_text import spoilt

from sfcci import document
from sfcci.chain.model import Rewrite, ServiceGraph
from sfcci.datapath.scenario import SCHEMA, load_scenario, parse_scenario, shipped
from sfcci.datapath.topology import Function
from sfcci.errors import InputError

KINDS = """\
name: kinds
network: 10.0.0.0/24
network6: fd00::/64
mtu: 1400
hosts:
  source: {}
  dest: {services: {http: 80, echo: 7}}
  nat: {function: {kind: translator, maps: [[10.0.0.1, 10.0.0.101]]}}
  bump: {function: {kind: wire, hold_ms: 2.5}}
  aware: {function: {kind: mpls, address: swap}}
ports:
  s: {host: source, ip: 10.0.0.1}
  d: {host: dest, ip: 10.0.0.103, ip6: "fd00:0::D"}
  n1: {host: nat, ip: 10.0.0.11}
  n2: {host: nat, ip: 10.0.0.12, ip6: null}
  b1: {host: bump, ip: null}
  b2: {host: bump, ip: null}
  a: {host: aware, ip: 10.0.0.31}
port_pairs:
  PN: {ingress: n1, egress: n2}
  PB: {ingress: b1, egress: b2}
  PA: {ingress: a, egress: a, correlation: mpls}
port_pair_groups:
  GN:
    port_pairs: [PN]
    ppg_n_tuple_mapping:
      ingress_n_tuple: {source_ip_prefix: 10.0.0.1/32}
      egress_n_tuple: {source_ip_prefix: 10.0.0.101/32, source_port_range_min: 0}
  GB: {port_pairs: [PB]}
  GA: {port_pairs: [PA]}
flow_classifiers:
  FC: {logical_source_port: s, protocol: tcp}
  FC2: {logical_source_port: n2, protocol: tcp, destination_port_range_max: 80}
port_chains:
  A: {port_pair_groups: [GN, GA], flow_classifiers: [FC], fail_mode: open}
  B: {port_pair_groups: [GB], flow_classifiers: [FC2], fail_mode: closed}
service_graphs:
  SG: {port_chains: {A: [B]}}
"""


def parsed(text):
    return parse_scenario(document.parse(text, "lab.yaml", SCHEMA))


def faults(*changes):
    text = KINDS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(InputError) as refused:
        parsed(text)
    return str(refused.value).splitlines()


def test_words_of_every_kind_become_hosts_and_chains():
    kinds = parsed(KINDS)
    hosts = {host.name: host for host in kinds.topology.hosts}
    assert hosts["dest"].services == {"http": 80, "echo": 7}
    assert hosts["nat"].function == Function("translator", maps=(("10.0.0.1", "10.0.0.101"),))
    assert hosts["bump"].function == Function("wire", hold_ms=2.5)
    assert hosts["aware"].function == Function("mpls", swap=True)
    assert hosts["source"].function is None
    chains = kinds.chains
    group = next(group for group in chains.port_pair_groups if group.name == "GN")
    assert group.incoming == Rewrite(source_ip_prefix="10.0.0.1/32")
    assert group.outgoing == Rewrite(source_ip_prefix="10.0.0.101/32", source_port_range_min=0)
    assert [chain.fail_open for chain in chains.port_chains] == [True, False]
    a, b = (chain.id for chain in chains.port_chains)
    (graph,) = chains.service_graphs
    assert graph == ServiceGraph(graph.id, "SG", ((a, (b,)),))


def test_an_ipv6_address_ends_in_the_digits_of_the_ipv4_one():
    ports = {port.name: port for port in parsed(KINDS).topology.ports}
    assert ports["s"].addresses == ("10.0.0.1/24", "fd00::1/64")
    assert ports["d"].addresses == ("10.0.0.103/24", "fd00::d/64")
    assert ports["n1"].addresses == ("10.0.0.11/24", "fd00::11/64")
    assert ports["n2"].addresses == ("10.0.0.12/24",)
    assert ports["b1"].addresses == ()
    assert load_scenario("demo").topology.port("source_vm_port").addresses == ("10.0.0.103/24",)


def test_ports_know_the_networks_mtu_their_header_s_room_and_the_other_end_of_their_pair():
    ports = {port.name: port for port in parsed(KINDS).topology.ports}
    assert {port.mtu for port in ports.values()} == {1400}
    assert {name: port.room for name, port in ports.items() if port.room} == {"a": 4}
    assert {name: port.onward for name, port in ports.items()} == {
        "s": "", "d": "", "n1": "n2", "n2": "n1", "b1": "b2", "b2": "b1", "a": "a",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("fd00::/64", "fd00::1/64", "lab.yaml:3:1: network6: fd00::1/64 has host bits set; expected an IPv6 prefix of 64 bits, for example fd00::/64"),
        ("fd00::/64", "fd00::/96", "lab.yaml:3:1: network6: found fd00::/96; expected an IPv6 prefix of 64 bits, for example fd00::/64"),
        ("network6: fd00::/64\n", "", "lab.yaml:12:35: ports.d.ip6: found fd00:0::D; expected network6 beside network"),
        ('"fd00:0::D"', '"fd01::d"', "lab.yaml:13:35: ports.d.ip6: found fd01::d; expected an address of a host in fd00::/64"),
        ('"fd00:0::D"', '"fd00::11"', "lab.yaml:14:3: ports.n1: its fd00::11 is port d's; expected each address once"),
        ("mtu: 1400", "mtu: 100", "lab.yaml:4:1: mtu: found 100; expected octets of an IP packet, 1280 to 9000"),
        ("kind: wire", "kind: bump", 'lab.yaml:9:21: hosts.bump.function.kind: found "bump"; expected one of router, wire, mpls, nsh, translator'),
        ("hold_ms: 2.5", "hold_ms: -1", "lab.yaml:9:33: hosts.bump.function.hold_ms: found -1; expected milliseconds, 0 to 10000"),
        ("echo: 7", "echo: 80", "lab.yaml:7:10: hosts.dest.services: two servers at one port; expected each its own port"),
        (", maps: [[10.0.0.1, 10.0.0.101]]", "", "lab.yaml:8:9: hosts.nat.function.maps: found none; expected at least one [before, behind]"),
        ("10.0.0.101]]", "fd00::9]]", "lab.yaml:8:45: hosts.nat.function.maps[0]: found 10.0.0.1, fd00::9; expected two addresses of one IP version"),
        ("10.0.0.101]]", "10.0.1.1]]", "lab.yaml:8:56: hosts.nat.function.maps[0][1]: found 10.0.1.1; expected an address in the scenario's network"),
        ("10.0.0.101]]", "10.0.0.31]]", "lab.yaml:8:56: hosts.nat.function.maps[0][1]: 10.0.0.31 is port a's; expected an address that nobody has"),
        ("kind: wire,", "kind: wire, address: swap,", "lab.yaml:9:33: hosts.bump.function.address: found swap; expected it with kind mpls or nsh alone"),
        ("bump: {", "bump: {forwards: true, ", "lab.yaml:9:10: hosts.bump.forwards: the kernel would route what the function passes; expected no"),
        ("{host: bump, ip: null}", "{host: bump}", "lab.yaml:16:3: ports.b1: a bump in the wire has an address: what is broadcast would go round; expected ip: null"),
        ("{host: nat, ip: 10.0.0.11}", "{host: nat, ip: null}", "lab.yaml:14:19: ports.n1.ip: a translator's port has no address; expected one, or kind wire"),
        ("b1: {host: bump, ip: null}", "b1: {host: bump, ip: null}\n  b3: {host: bump, ip: null}", "lab.yaml:9:10: hosts.bump.function: the host has 3 ports; expected one or two: what comes in at one leaves by the other"),
        ("  PB: {ingress: b1, egress: b2}\n", "", "lab.yaml:9:10: hosts.bump.function: the wire is in no port pair: what is broadcast would go round; expected a port pair of its ports"),
        ("{ingress: b1, egress: b2}", "{ingress: b1, egress: b1}", "lab.yaml:21:3: port_pairs.PB: its function's ports are b1, b2; expected all ports of bump, and no other"),
        ("egress_n_tuple: {source_ip_prefix: 10.0.0.101/32", "egress_n_tuple: {source_ip_prefix: abc", "lab.yaml:28:24: port_pair_groups.GN.ppg_n_tuple_mapping.egress_n_tuple.source_ip_prefix: found abc; expected an IP prefix, for example 10.0.0.0/24"),
        ("source_port_range_min: 0}", "source_port_range_min: 9, source_port_range_max: 8}", "lab.yaml:28:57: port_pair_groups.GN.ppg_n_tuple_mapping.egress_n_tuple.source_port_range_min: found 9 to 8; expected min at most max"),
        ("hold_ms: 2.5", "hold_ms: .nan", "lab.yaml:9:33: hosts.bump.function.hold_ms: found no number; expected milliseconds, 0 to 10000"),
        ("10.0.0.101]]", "10.0.0.101], [10.0.0.1, 10.0.0.102]]", "lab.yaml:8:38: hosts.nat.function.maps: 10.0.0.1 stands 2 times before the function; expected each address once, so that answers find back"),
        ("{ingress: n1, egress: n2}", "{ingress: n1, egress: a}", "lab.yaml:20:3: port_pairs.PN: n1 is nat's, a is aware's; expected two ports of one host, or one port"),
        ("correlation: mpls}", "correlation: mpls, weight: 65536}", "lab.yaml:22:50: port_pairs.PA.weight: found 65536; expected at most 65535"),
        ("fail_mode: open", "fail_mode: ajar", 'lab.yaml:35:59: port_chains.A.fail_mode: found "ajar"; expected one of closed, open'),
        ("{A: [B]}", "{A: [C]}", "lab.yaml:38:26: service_graphs.SG.port_chains.A[0]: no port chain C; expected one of A, B"),
        ("{A: [B]}", "{A: [B], B: [A]}", "lab.yaml:38:22: service_graphs.SG.port_chains.A: A leads to itself; expected chains that come to an end"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_place(old, new, line):
    assert line in faults((old, new))


def test_the_documentation_s_example_is_good_and_its_table_names_every_shipped_scenario():
    text = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text()
    example = text.split("```yaml\n")[1].split("```")[0]
    assert {host.function.kind for host in parsed(example).topology.hosts if host.function} == {
        "mpls", "wire", "translator",
    }  # fmt: skip
    table = text.split("## What comes with sfcci")[1]
    assert re.findall(r"^\| ([a-z0-9-]+) \|", table, re.MULTILINE)[1:] == list(shipped())


WORDS = [
    *[
        "1",
        "null",
        "[]",
        "{}",
        "true",
        "-1",
        "fd00::1",
        "10.0.0.1",
        "wire",
        "translator",
        "mpls",
        "b1",
        "PN",
        "A",
    ],
    "a b",
    "[[]]",
]


@settings(max_examples=150)
@given(st.data())
def test_a_spoilt_scenario_is_a_scenario_or_an_input_error(data):
    with suppress(InputError):
        parsed(spoilt(data, KINDS.splitlines(), WORDS))
