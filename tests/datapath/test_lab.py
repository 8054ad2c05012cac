"""The lab with real packets: the demo's chain, changes on the fly, evidence, and nothing left behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfcci.chain.action import ToGroup
from sfcci.chain.compiler import Compiled, base_program
from sfcci.chain.openflow import Flow, match
from sfcci.chain.program import program_of
from sfcci.chain.walk import walk
from sfcci.datapath import namespace, pcapng
from sfcci.datapath.lab import raised
from sfcci.datapath.namespace import Raising
from sfcci.datapath.openflow_client import Refused
from sfcci.datapath.scenario import load_scenario
from sfcci.errors import InputError, MissingTool, ToolError, UsageError

pytestmark = pytest.mark.lab
SOURCE, DEST = "10.0.0.103", "10.0.0.128"
CLIENT = """
import socket, sys
good = 0
for number in range(int(sys.argv[1])):
    try:
        with socket.create_connection(("10.0.0.128", int(sys.argv[2])), timeout=float(sys.argv[3])) as s:
            s.sendall(b"GET /bytes/4000 HTTP/1.1\\r\\n\\r\\n")
            data = b""
            while part := s.recv(65536):
                data += part
            good += data.startswith(b"HTTP/1.1 200 OK") and data.endswith(b"x" * 4000)
    except OSError as error:
        print(type(error).__name__)
print(good)
"""


@pytest.fixture(scope="module")
def lab():
    with raised(load_scenario("demo")) as up:
        yield up


@pytest.fixture(autouse=True)
def demo_restored(request):
    yield
    if "lab" in request.fixturenames:
        lab = request.getfixturevalue("lab")
        lab.apply(lab.scenario.chains)


def ask(lab, count, port=80, patience_s=30):
    """Ask the web server `count` times, each time in a new connection; give what the client says."""
    words = ["-c", CLIENT, str(count), str(port), str(patience_s)]
    return lab.run("source", [sys.executable, "-I", "-S", *words], timeout_s=60, check=True).stdout.split()


def requests(lab, count):
    """Give how many of `count` requests were answered with all that was asked for."""
    return int(ask(lab, count)[-1])


def syns(path, port, direction):
    """Count TCP connection requests to port 80 that passed a port of the switch."""
    return sum(
        frame.interface == port
        and frame.direction == direction
        and frame.data[12:14] == b"\x08\x00"
        and frame.data[23] == 6
        and frame.data[36:38] == b"\x00\x50"
        and frame.data[47] & 0x12 == 0x02
        for frame in pcapng.read(path)
    )


def passed(lab, path, count=20):
    """Ask `count` times and give how many connections went into each function."""
    with lab.capture(path):
        assert requests(lab, count) == count
    return {port: syns(path, port, "out") for port in ("p1in", "p2in", "p3in", "dest_vm_port")}


def test_http_is_diverted_through_one_of_the_first_group_and_then_the_third(lab, tmp_path):
    seen = passed(lab, tmp_path / "http.pcapng", 40)
    assert seen["p1in"] + seen["p2in"] == 40
    assert min(seen["p1in"], seen["p2in"]) > 0
    assert seen["p3in"] == seen["dest_vm_port"] == 40
    assert syns(tmp_path / "http.pcapng", "p3out", "in") == 40


def test_traceroute_shows_the_three_hops(lab):
    shown = lab.run("source", ["traceroute", "-n", DEST], timeout_s=30, check=True).stdout
    hops = [set(re.findall(r"10\.0\.0\.\d+", line)) for line in shown.splitlines()[1:]]
    assert len(hops) == 3
    assert hops[0] <= {"10.0.0.61", "10.0.0.130"}
    assert hops[0]
    assert hops[1:] == [{"10.0.0.47"}, {DEST}]


def test_the_chain_changes_on_the_fly(lab, tmp_path):
    chains = lab.scenario.chains
    assert lab.apply(chains.with_pairs("PG1", ["PP2"])) > 0
    assert passed(lab, tmp_path / "1.pcapng") == {"p1in": 0, "p2in": 20, "p3in": 20, "dest_vm_port": 20}
    lab.apply(chains.with_groups("PC1", ["PG1"]))
    assert passed(lab, tmp_path / "2.pcapng")["p3in"] == 0
    lab.apply(chains.with_classifiers("PC1", ["FC_udp"]))
    assert passed(lab, tmp_path / "3.pcapng") == {"p1in": 0, "p2in": 0, "p3in": 0, "dest_vm_port": 20}
    lab.apply(chains)
    assert passed(lab, tmp_path / "4.pcapng")["p3in"] == 20


def test_a_second_apply_changes_nothing_and_deleting_restores_the_base_flows(lab):
    chains = lab.scenario.chains
    before, groups = lab.flows(), lab.groups()
    assert groups.count("bucket_id") == 2
    assert lab.apply(chains) == 0
    assert lab.apply(chains.without_chain("PC1")) > 0
    assert (lab.flows(), lab.groups()) == (
        "cookie=0x5fc0000000000000, priority=0 actions=NORMAL\n",
        "",
    )
    lab.apply(chains)
    assert (lab.flows(), lab.groups()) == (before, groups)


def test_a_refused_change_leaves_the_switch_as_it_was(lab):
    before = lab.flows()
    with pytest.raises(InputError, match=r"port_chains\.PC1\.port_pair_groups: 0 groups"):
        lab.apply(lab.scenario.chains.with_groups("PC1", []))
    good, bad = Flow(0, 7, match(in_port=1), ()), Flow(0, 8, match(in_port=2), (ToGroup(99),))
    broken = program_of([*base_program().flows, good, bad])
    with pytest.raises(Refused, match="an action was refused: a group that it does not have"):
        lab.apply(Compiled(broken))
    assert lab.flows() == before


@pytest.mark.parametrize(("protocol", "dst"), [(6, 80), (6, 81), (17, 53)])
def test_the_walk_agrees_with_the_switch_s_own_trace(lab, protocol, dst):
    """Hop by hop from source to dest: where our walk sends a packet, ofproto/trace sends it too."""
    name = {6: "tcp", 17: "udp"}[protocol]
    port_of = {port.number: port for port in lab.topology.ports}
    macs = {port.ip: port.mac for port in lab.topology.ports}
    at, hops = lab.topology.port("source_vm_port"), []
    while at.host != "dest" and len(hops) < 5:
        packet = {
            "in_port": at.number,
            "eth_type": 0x800,
            "eth_dst": int(macs[DEST].replace(":", ""), 16),
            "nw_proto": protocol,
            "ip_src": 0x0A000067,
            "ip_dst": 0x0A000080,
            f"{name}_src": 4000,
            f"{name}_dst": dst,
        }
        flow = f"in_port={at.number},{name},dl_src={at.mac},dl_dst={macs[DEST]},nw_src={SOURCE},nw_dst={DEST}"
        told = lab.trace(f"{flow},nw_ttl=64,{name}_src=4000,{name}_dst={dst}")
        choices = {
            sent[0].port
            for chosen in range(2)
            if (sent := walk(lab.installed, packet, lambda group, _, n=chosen: group.buckets[n]))
        }
        if choices == {None}:
            hops.append("NORMAL")
            assert re.search(r"\bNORMAL\b", told)
            break
        outputs = [int(number) for number in re.findall(r"^ *output:(\d+)$", told, re.MULTILINE)]
        assert len(outputs) == 1
        assert outputs[0] in choices
        arrived = port_of[outputs[0]]
        hops.append(arrived.host)
        at = lab.topology.ports_of(arrived.host)[-1]
    if (protocol, dst) == (6, 81):
        assert hops == ["NORMAL"]
    else:
        assert hops[0] in ("vm1", "vm2")
        assert hops[1:] == ["vm3", "dest"]


def test_a_function_that_drops_stops_the_chain_and_the_rest_goes_on(lab):
    lab.set_forwarding("vm3", False)
    try:
        assert ask(lab, 1, patience_s=0.3) == ["TimeoutError", "0"]
        assert ask(lab, 1, port=81) == [
            "ConnectionRefusedError",
            "0",
        ]  # not of the chain: dest itself refuses
    finally:
        lab.set_forwarding("vm3", True)
    assert requests(lab, 1) == 1


def test_a_capture_holds_every_frame_of_the_ports_asked_for(lab, tmp_path):
    with lab.capture(tmp_path / "a.pcapng", ports=["p3in", lab.topology.port("p3out").tap]) as path:
        assert requests(lab, 5) == 5
    frames = pcapng.read(path)
    assert {frame.interface for frame in frames} <= {"p3in", "p3out"}
    assert syns(path, "p3in", "out") == syns(path, "p3out", "in") == 5
    assert [f.time_ns for f in frames if f.interface == "p3in"] == sorted(
        f.time_ns for f in frames if f.interface == "p3in"
    )
    assert all(len(frame.data) == frame.length for frame in frames)
    if shutil.which("tcpdump"):
        subprocess.run(["tcpdump", "-n", "-r", path], check=True, capture_output=True)


def test_a_full_disk_is_no_fault_of_the_chain(lab):
    with pytest.raises(MissingTool, match="the disk is full"), lab.capture(Path("/dev/full")):
        pass


def test_a_capture_of_a_block_that_fails_is_kept(lab, tmp_path):
    def fail():
        assert requests(lab, 3) == 3
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), lab.capture(tmp_path / "a.pcapng"):
        fail()
    assert syns(tmp_path / "a.pcapng", "p3in", "out") == 3


def test_words_that_name_nothing_are_told(lab, tmp_path):
    with pytest.raises(UsageError, match=r"no host 'vm4'; did you mean vm"):
        lab.run("vm4", ["true"], timeout_s=1)
    with pytest.raises(UsageError, match=r"no port 'p3inn'; did you mean p3in\?"):
        lab.capture(tmp_path / "x", ports=["p3inn"])
    with pytest.raises(ToolError, match=r"out of time after 0\.1 s"):
        lab.run("source", ["sleep", "5"], timeout_s=0.1)


def test_a_program_on_a_host_ends_with_its_block(lab):
    before = set(inhabitants(lab.keeper.pid))
    with lab.start("vm1", ["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"here\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"here\n"
        assert set(inhabitants(lab.keeper.pid)) - before
    assert {pid for pid in inhabitants(lab.keeper.pid) if not gone(pid)} <= before


def test_hosts_see_nothing_of_the_machine_and_the_machine_nothing_of_them(lab):
    names = lab.run("vm1", ["ip", "-o", "link"], timeout_s=60, check=True).stdout
    assert set(re.findall(r"^\d+: (\w+)", names, re.MULTILINE)) == {"lo", "p1in", "p1out"}
    taps = lab.run("switch", ["ip", "-o", "link"], timeout_s=60, check=True).stdout
    assert all(port.tap in taps for port in lab.topology.ports)
    assert not [path for path in Path("/sys/class/net").iterdir() if path.name.startswith("tap")]
    assert not Path("/run/netns/vm1").exists()
    assert not Path("/run/lab").exists()


def test_two_labs_do_not_meet(lab):
    with raised(load_scenario("demo")) as other:
        other.set_forwarding("vm3", forwards=False)
        assert ask(other, 1, patience_s=0.3) == ["TimeoutError", "0"]
        assert requests(lab, 2) == 2
    assert requests(lab, 2) == 2


TOOL = """
import sys, time
from sfcci.datapath.lab import raised
from sfcci.datapath.openflow_client import Refused
from sfcci.datapath.scenario import load_scenario
with raised(load_scenario("demo")) as lab, lab.start("vm1", ["sleep", "100"]), lab.capture(__import__("pathlib").Path(sys.argv[1])):
    print(lab.keeper.pid, flush=True)
    time.sleep(100)
"""


def inhabitants(keeper):
    """Give the processes in the keeper's process-id namespace, as the machine sees them."""
    own = Path(f"/proc/{keeper}/ns/pid").readlink()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "ns/pid").readlink() == own:
                found.append(int(path.name))
        except OSError:
            continue
    return found


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_when_the_tool_is_killed(tmp_path, number):
    before = set(Path("/sys/class/net").iterdir())
    with subprocess.Popen(
        [sys.executable, "-c", TOOL, tmp_path / "k.pcapng"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as tool:
        keeper = int(tool.stdout.readline())
        inside = inhabitants(keeper)
        assert len(inside) >= 5  # keeper, ovsdb-server, ovs-vswitchd, web server, sleep, capture
        tool.send_signal(number)
        tool.wait(60)
    end = time.monotonic() + 60
    while time.monotonic() < end and not all(gone(pid) for pid in inside):
        time.sleep(0.01)
    assert [pid for pid in inside if not gone(pid)] == []
    assert set(Path("/sys/class/net").iterdir()) == before
    assert pcapng.read(tmp_path / "k.pcapng") is not None


def test_a_lab_that_fails_half_way_leaves_nothing(monkeypatch):
    keepers = []

    def failing(keeper, *_):
        keepers.append((keeper, inhabitants(keeper.pid)))
        raise RuntimeError

    monkeypatch.setattr("sfcci.datapath.ovs.add_bridge", failing)
    with pytest.raises(RuntimeError), raised(load_scenario("demo")):
        pytest.fail("it was raised")
    ((keeper, inside),) = keepers
    assert not keeper.alive()
    assert inside
    assert all(gone(pid) for pid in inside)


def test_a_keeper_is_told_from_a_later_process_with_its_number():
    raising = Raising()
    keeper = raising.keeper
    assert keeper.alive()
    raising.end()
    raising.end()
    assert not keeper.alive()
    impostor = namespace.Keeper(os.getpid(), keeper.identity, user=False)
    impostor.end()  # would kill this very process


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
        ("kernel/other", "0", "run as root, or where user namespaces are allowed"),
    ],
)  # fmt: skip
def test_a_machine_that_forbids_namespaces_is_told_how_to_allow_them(tmp_path, setting, value, told):
    path = tmp_path / setting
    path.parent.mkdir(parents=True)
    path.write_text(value + "\n")
    assert told in namespace.remedy(tmp_path)


def test_no_namespaces_is_a_clear_error(monkeypatch, tmp_path):
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(
        MissingTool, match="no namespaces for a lab here: unshare: unshare failed: Operation not permitted"
    ):
        Raising()


def test_no_open_vswitch_is_a_clear_error(monkeypatch):
    monkeypatch.setattr("sfcci.command.search_path", lambda: "/nowhere")
    with pytest.raises(MissingTool, match="unshare is not installed"), raised(load_scenario("demo")):
        pytest.fail("it was raised")
