"""`sfcci sfc trace` as a user runs it: with no privilege, on a state file, a scenario, a lab and a served lab."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sfcci import settings
from sfcci.api import client
from sfcci.cli.lab import lab
from sfcci.cli.sfc import sfc
from sfcci.datapath import standing
from sfcci.errors import Unreachable

DECLARED = """\
networks: {net: {port_security_enabled: false}}
subnets: {sub: {network: net, cidr: 10.1.0.0/24}}
ports:
  source: {network: net, host: n, device_id: s, fixed_ips: [{subnet: sub, ip_address: 10.1.0.11}]}
  dest: {network: net, host: n, device_id: d, fixed_ips: [{subnet: sub, ip_address: 10.1.0.12}]}
  nowhere: {network: net}
  ain: {network: net, host: n, device_id: a}
  aout: {network: net, host: n, device_id: a}
  bin: {network: net, host: n, device_id: b}
  bout: {network: net, host: n, device_id: b}
port_pairs:
  PA: {ingress: ain, egress: aout}
  PB: {ingress: bin, egress: bout}
port_pair_groups: {G1: {port_pairs: [PA]}, G2: {port_pairs: [PB]}}
flow_classifiers:
  F: {protocol: tcp, logical_source_port: source, destination_port_range_min: 80, destination_port_range_max: 90}
port_chains: {C: {port_pair_groups: [G1, G2], flow_classifiers: [F]}}
"""
OWN = "switch: trace: Open vSwitch of this command's own, with what the chains ask for\n"


def run(*words):
    return CliRunner().invoke(sfc, ["trace", *map(str, words)])


@pytest.fixture
def declared(tmp_path):
    """Words that bring a state file to a declaration, and name it."""

    def apply(text=DECLARED):
        (tmp_path / "chains.yaml").write_text(text)
        words = ["apply", str(tmp_path / "chains.yaml"), "--yes", "--state", str(tmp_path / "state.db")]
        done = CliRunner().invoke(sfc, words)
        assert done.exit_code == 0, done.output
        return "--state", tmp_path / "state.db"

    return apply


def test_the_path_of_a_packet_is_told_hop_by_hop(declared):
    done = run("source", "dest", "--protocol", "tcp", "--dport", 85, *declared())
    assert done.exit_code == 0
    assert done.output == OWN + (
        "tcp 10.1.0.11:40000 → 10.1.0.12:85 (F)\n"
        "   1. source sends it\n"
        "   2. G1: PA (ain → aout), path 1 index 255, by its MAC\n"
        "   3. G2: PB (bin → bout), path 1 index 254, by its MAC\n"
        "   4. dest gets it\n"
        "✓ as C says: PA, PB, dest\n"
    )


def test_ports_are_known_by_name_id_address_and_host(declared):
    words = declared()
    for source, dest in (("source", "dest"), ("10.1.0.11", "10.1.0.12"), ("s", "d")):
        assert "as C says: PA, PB, dest" in run(source, dest, *words).output
    told = json.loads(run("source", "dest", "--json", *words).output)["traces"][0]
    assert "as C says" in run(told["source"]["id"], told["destination"]["id"], *words).output


def test_a_packet_that_no_chain_wants_is_switched(declared):
    done = run("source", "dest", "--icmp", "--reverse", *declared())
    assert done.exit_code == 0
    assert "no chain wants it; it is switched to dest\n" in done.output
    assert "no chain wants it; it is switched to source\n" in done.output


def test_the_document_says_what_the_lines_say(declared):
    told = json.loads(run("source", "dest", "--flows", "--json", *declared()).output)
    assert (told["switch"], told["lab"], told["untold"]) == ("trace", None, [])
    (one,) = told["traces"]
    assert [(v["pair"]["name"], v["spi"], v["si"], v["reached"]) for v in one["visits"]] == [
        ("PA", 1, 255, "routed"),
        ("PB", 1, 254, "routed"),
    ]
    assert (one["right"], one["verdict"], one["chain"]["name"]) == (True, "as C says: PA, PB, dest", "C")
    assert len(one["flows"]) == 3
    assert all("Datapath actions" in text for text in one["flows"])


def test_a_group_without_a_live_pair_is_told_with_where_the_packet_ends(declared):
    done = run(
        "source", "dest", *declared(DECLARED.replace("bin: {network", "bin: {admin_state_up: false, network"))
    )
    assert done.exit_code == 1
    assert "✗ C wants it; G2 has no live port pair: it is dropped" in done.output
    assert "   3. dropped in table 20. reg0=0x1fe" in done.output


def test_all_asks_for_a_packet_of_every_classifier_and_tells_of_which_it_cannot(declared):
    words = declared()
    done = run("--all", *words)
    assert (done.exit_code, len(done.output.splitlines())) == (0, 3)
    more = DECLARED.replace(
        "flow_classifiers:\n", "flow_classifiers:\n  N: {protocol: udp, logical_source_port: nowhere}\n"
    )
    done = run("--all", *declared(more.replace("[F]", "[F, N]")))
    assert done.exit_code == 1
    assert done.output.endswith("N: not asked: port nowhere has no host\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("source",), "name SOURCE and DEST, or say --all"),
        (("--all", "source", "dest"), "name SOURCE and DEST, or say --all"),
        (("--all", "--icmp"), "no packet can be named with it"),
        (("source", "dest", "--dport", "80"), "say --protocol tcp or --protocol udp"),
        (("source", "dest", "--icmp", "--sport", "80"), "ICMP has no ports"),
        (("source", "dest", "--ipv6"), "source and dest have no IPv6 address each in one network"),
        (("sorce", "dest"), "no plugged port 'sorce'; did you mean source?"),
        (("nowhere", "dest"), "port nowhere has no host: it is not plugged"),
        (("source", "dest", "--scenario", "demo"), "leave --lab, --url and --state out"),
        (("source", "dest", "--lab", "x", "--own-switch"), "give one of them"),
        (("source", "dest", "--lab", "x"), "no lab x is up"),
    ],
)
def test_words_that_make_no_sense_are_told(declared, words, says):
    done = run(*words, *declared())
    assert says in str(done.exception)
    assert done.exception.exit_status == 2


@pytest.mark.parametrize(
    "name", ["demo", "symmetric", "nsh", "mpls", "proxy", "wire", "graph", "mapping", "ipv6", "taps"]
)
def test_a_scenarios_chains_are_right(name):
    done = run("--all", "--scenario", name)
    assert done.exit_code == 0, done.output


def ordinary():
    """Words that run Python as somebody without any privilege; a capability is what root has beyond its files."""
    if os.geteuid() != 0:
        return [sys.executable]
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed; apt-get install util-linux")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", sys.executable]


def test_nobody_needs_a_privilege_for_it(tmp_path):
    program = (
        "import sys\n"
        "print([line for line in open('/proc/self/status') if line.startswith('CapEff')][0].split()[1], flush=True)\n"
        "from sfcci.cli.main import main\nmain()"
    )
    words = [*ordinary(), "-c", program, "sfc", "trace", "--all", "--scenario", "demo"]
    done = subprocess.run(
        words,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0000000000000000\n" + OWN)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("sfcci")]


@pytest.mark.lab
def test_in_a_lab_its_own_switch_is_asked():
    raised = CliRunner().invoke(lab, ["up", "symmetric", "--name", "traced"])
    assert raised.exit_code == 0, raised.output
    try:
        assert "sfcci sfc trace --lab traced source dest_port" in raised.output
        done = run("--all", "--lab", "traced")
        assert done.exit_code == 0, done.output
        assert done.output.startswith(("switch: netdev: ", "switch: dummy: "))
        there = standing.one(settings.load().state, "traced").lab
        there.run(
            "switch",
            ["ovs-ofctl", "-O", "OpenFlow15", "del-flows", "unix:/run/lab/br-int.mgmt", "table=20"],
            timeout_s=60,
        )
        done = run("source", "dest", "--lab", "traced")
        assert done.exit_code == 1
        assert "it does not reach dest_port: it is dropped" in done.output
    finally:
        CliRunner().invoke(lab, ["down", "--name", "traced"])


@pytest.mark.lab
def test_where_no_api_is_the_only_lab_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path))
    monkeypatch.setattr(client, "answers", lambda _url: False)
    assert CliRunner().invoke(lab, ["up", "wire"]).exit_code == 0
    try:
        done = run("source", "dest")
        assert (done.exit_code, "of lab wire\n" in done.output) == (0, True), done.output
        assert isinstance(run("source", "dest", "--own-switch").exception, Unreachable)
        (tmp_path / "sfc.db").touch()  # there is a state: it is meant
        assert run("source", "dest").exit_code != 0
    finally:
        assert CliRunner().invoke(lab, ["down"]).exit_code == 0
