"""A lab over nodes with real packets: chains from node to node, what is seen of them, and what is put right."""

import json
import sys
import time

import pytest
from click.testing import CliRunner

from sfcci.chain.nodes import on_nodes as program_of_nodes
from sfcci.cli.main import sfcci
from sfcci.datapath import ovs, pcapng, standing, tracing, underlay
from sfcci.datapath.node_found import found_nodes
from sfcci.datapath.scenario import load_scenario, on_nodes
from sfcci.errors import UsageError

pytestmark = pytest.mark.lab
FETCH = """
import socket, sys
for _ in range(int(sys.argv[1])):
    with socket.create_connection(("10.0.0.128", 80), timeout=30) as s:
        s.sendall(b"GET /bytes/8000 HTTP/1.1\\r\\n\\r\\n")
        data = b""
        while part := s.recv(65536):
            data += part
        print(data.endswith(b"x" * 8000))
"""
LIMIT_S = 60


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A state folder with the demonstration up over three nodes."""
    folder = tmp_path_factory.mktemp("nodes")
    up = standing.up(folder, "demo", on_nodes(load_scenario("demo"), 3), lambda _text: None)
    yield folder
    standing.down(folder, up)


@pytest.fixture(scope="module")
def lab(state):
    return standing.one(state, "demo").lab


def fetched(lab, count=1):
    words = [sys.executable, "-I", "-S", "-c", FETCH, str(count)]
    return lab.run("source", words, timeout_s=LIMIT_S, check=True).stdout.split() == ["True"] * count


def until(is_so):
    end = time.monotonic() + LIMIT_S
    while not (found := is_so()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_who_asks_for_the_lab_finds_its_nodes(lab):
    assert lab.nodes == ("node1", "node2", "node3")
    assert {host.name: host.node for host in lab.topology.hosts} == {
        "source": "node1",
        "dest": "node2",
        "vm1": "node3",
        "vm2": "node1",
        "vm3": "node2",
    }
    assert {lab.places().ports[port.number].node for port in lab.topology.ports} == set(lab.nodes)


def test_requests_go_through_functions_of_other_nodes(lab, tmp_path):
    with lab.capture(tmp_path / "seen.pcapng") as path:
        assert fetched(lab, 8)
    frames = [f for f in pcapng.read(path) if f.data[12:14] == b"\x08\x00" and f.data[23] == 6]
    assert [f.time_ns for f in frames] == sorted(f.time_ns for f in frames)
    ways = {}
    for frame in frames:
        if frame.data[36:38] == b"\x00\x50" and frame.data[47] & 0x12 == 0x02:
            ways.setdefault(frame.data[34:36], []).append((frame.interface, frame.direction))
    assert len(ways) == 8
    first = {(f"p{number}in", "out"): [(f"p{number}in", "out"), (f"p{number}out", "in")] for number in (1, 2)}
    for way in ways.values():
        assert way == [
            ("source_vm_port", "in"),
            *first[way[1]],
            ("p3in", "out"),
            ("p3out", "in"),
            ("dest_vm_port", "out"),
        ]


def test_the_switches_hold_what_concerns_their_nodes_and_together_the_whole_program(lab):
    installed = lab.held()
    for node, program in program_of_nodes(installed, lab.places()).items():
        flows = lab.run(node, ["ovs-ofctl", "-O", "OpenFlow15", "dump-flows", ovs.BRIDGE], timeout_s=LIMIT_S)
        assert flows.stdout.count(" table=") == sum(map(len, program.tables.values()))
    assert lab.apply(lab.scenario.chains) == 0  # who comes later finds it so


def test_each_node_s_switch_answers_and_no_other_is_taken_for_the_lab_s(lab):
    shown = lab.run("node2", ["ovs-vsctl", "show"], timeout_s=LIMIT_S, check=True).stdout
    assert underlay.TUNNEL in shown
    with pytest.raises(UsageError, match="node1, node2, node3"):
        lab.prefix("switch")
    with pytest.raises(UsageError, match=r"no host or node 'node9'; did you mean node\d\?"):
        lab.prefix("node9")
    assert lab.flows().startswith("node1:\n")


def test_a_packet_s_path_is_told_from_node_to_node(lab):
    packet = {
        "in_port": lab.topology.port("source_vm_port").number,
        "eth_type": 0x0800,
        "eth_src": int(lab.topology.port("source_vm_port").mac.replace(":", ""), 16),
        "eth_dst": int(lab.topology.port("dest_vm_port").mac.replace(":", ""), 16),
        "ip_src": 0x0A000067,
        "ip_dst": 0x0A000080,
        "nw_proto": 17,
        "udp_src": 4000,
        "udp_dst": 5000,
    }
    with tracing.lab_switch(lab, named=False) as carry:
        carried = carry(packet)
    (left,) = carried.departures
    assert left.port in {lab.topology.port(name).number for name in ("p1in", "p2in")}
    assert left.path == (1, 255)
    assert carried.told.startswith("node node1:\n")


def test_status_tells_of_each_node(state, monkeypatch):
    monkeypatch.setenv("SFCCI_RUN_STATE", str(state))
    said = CliRunner().invoke(sfcci, ["lab", "status", "--json"])
    (told,) = json.loads(said.stdout)
    assert [(node["name"], node["address"], node["trouble"]) for node in told["nodes"]] == [
        ("node1", "192.0.2.1", []),
        ("node2", "192.0.2.2", []),
        ("node3", "192.0.2.3", []),
    ]
    assert said.exit_code == 0
    text = CliRunner().invoke(sfcci, ["lab", "status"]).stdout
    assert "joined by vxlan" in text
    assert text.count("well") == 3


def test_an_underlay_that_is_too_narrow_is_told_and_widened(lab):
    needed = underlay.mtu(lab.topology)
    lab.keeper.run(["ip", "link", "set", "dev", "node2", "mtu", "1500"])
    narrow = {node.name: node.trouble for node in found_nodes(lab.keeper, lab.topology)}
    assert narrow == {
        "node1": (),
        "node2": (f"its underlay's MTU is 1500; longest frames need {needed}",),
        "node3": (),
    }
    underlay.widen(lab.keeper, lab.topology)
    assert not any(node.trouble for node in found_nodes(lab.keeper, lab.topology))


def test_a_switch_that_is_frozen_is_told_and_is_not_waited_for(lab, monkeypatch):
    monkeypatch.setattr("sfcci.datapath.node_found.PATIENCE_S", 1)

    def signalled(word):
        pid = f"{ovs.folder(lab.keeper.at('node3'))}/ovs-vswitchd.pid"
        lab.run("node3", ["sh", "-c", f"kill -{word} $(cat {pid})"], timeout_s=LIMIT_S, check=True)

    signalled("STOP")
    try:
        *_others, frozen = found_nodes(lab.keeper, lab.topology)
    finally:
        signalled("CONT")
    assert "its switch does not answer" in frozen.trouble


def test_a_switch_that_is_killed_comes_back_with_its_program_and_its_way_to_the_others(lab):
    there = lab.keeper.at("node1")
    lab.run("node1", ["sh", "-c", f"kill -9 $(cat {ovs.folder(there)}/ovs-vswitchd.pid)"], timeout_s=LIMIT_S)
    until(lambda: ovs.restarts(there) and not ovs.silent(there))
    flows = program_of_nodes(lab.installed, lab.places())["node1"]
    wanted = sum(map(len, flows.tables.values()))
    until(lambda: count(there) >= wanted)
    until(lambda: "192.0.2.2" in lab.run("node1", neighbours(there), timeout_s=LIMIT_S).stdout)
    assert fetched(lab)
    (first, *others) = found_nodes(lab.keeper, lab.topology)
    assert [name for _, name in first.restarts] == ["ovs-vswitchd"]
    assert not first.trouble
    assert not any(node.restarts for node in others)


def count(keeper):
    """Count the flows of a switch that may just begin."""
    words = ("-O", "OpenFlow15", "dump-flows", ovs.bridge(keeper))
    return keeper.run(["ovs-ofctl", *words], check=False).stdout.count(" table=")


def neighbours(keeper):
    return ["ovs-appctl", "-t", ovs.control(keeper), "tnl/neigh/show"]
