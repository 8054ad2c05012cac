"""The data plane under the API, with real packets: ports are plugged, chains carried out, and the status tells."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openflow_switch import wait
from plane_world import NOW, link, ways

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import update
from sfcci.datapath import standing
from sfcci.datapath.driver import Driver
from sfcci.datapath.openflow_client import Switch
from sfcci.datapath.plane import Plane
from sfcci.errors import UsageError

pytestmark = pytest.mark.lab

POOLS = [{"start": "192.0.2.10", "end": "192.0.2.20"}]
REACH = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), timeout=float(sys.argv[2]))
except ConnectionRefusedError:
    print("reached")
except OSError:
    print("not reached")
"""


def reaches(world, host, address, patience_s=30):
    """Say whether a machine answers (that it does not listen)."""
    words = [sys.executable, "-I", "-S", "-c", REACH, address, str(patience_s)]
    return world.run(host, *words, check=True) == "reached\n"


def test_chain_and_ports_are_active_and_traffic_takes_the_chain_s_way(world, tmp_path):
    chain = world.comes("ACTIVE")
    assert chain["status_reason"] == ""
    assert [len(pairs) for pairs in chain["live_port_pairs"].values()] == [2, 1]
    assert world.shown("ports", "p1in")["status"] == "ACTIVE"
    seen = ways(world, tmp_path)
    assert seen["p1in"] + seen["p2in"] == seen["p3in"] == seen["dest_vm_port"] == 20
    shown = world.run("source", "traceroute", "-n", "10.0.0.128")
    hops = [set(re.findall(r"10\.0\.0\.\d+", line)) for line in shown.splitlines()[1:]]
    assert hops[1:] == [{"10.0.0.47"}, {"10.0.0.128"}]


def test_a_link_that_goes_down_degrades_the_chain_until_it_is_up_again(world, tmp_path):
    world.run("vm1", "ip", "link", "set", "p1in", "down", check=True)
    assert "PP1: port p1in is down" in world.comes("DEGRADED")["status_reason"]
    assert world.shown("ports", "p1in")["status"] == "DOWN"
    assert ways(world, tmp_path)["p2in"] == 20
    world.run("vm1", "ip", "link", "set", "p1in", "up", check=True)
    world.comes("ACTIVE")


def test_a_group_without_a_live_pair_stops_traffic_or_lets_it_past(world, tmp_path):
    world.set("ports", "p3in", admin_state_up=False)
    assert "PG2 has no live port pair (PP3: port p3in is down)" in world.comes("ERROR")["status_reason"]
    seen = ways(world, tmp_path)
    assert (seen["p3in"], seen["dest_vm_port"]) == (0, 0)
    world.set("port_chains", "PC1", fail_mode="open")
    world.comes("ERROR")
    seen = ways(world, tmp_path)
    assert seen["p1in"] + seen["p2in"] == seen["dest_vm_port"] == 20
    assert seen["p3in"] == 0
    world.set("port_chains", "PC1", fail_mode="closed")
    world.set("ports", "p3in", admin_state_up=True)
    world.comes("ACTIVE")
    assert ways(world, tmp_path)["p3in"] == 20


def test_a_port_without_a_host_is_pulled_and_its_device_ends_with_its_last_port(world):
    words = [*world.lab().prefix("vm2"), "sleep", "1000"]
    running = subprocess.Popen(words)
    world.set("ports", "p2in", **{"binding:host_id": ""})
    assert "PP2: port p2in has no host" in world.comes("DEGRADED")["status_reason"]
    assert set(re.findall(r"^\d+: (\w+)", world.run("vm2", "ip", "-o", "link"), re.MULTILINE)) == {
        "lo",
        "p2out",
    }
    world.set("ports", "p2out", device_id="")
    world.until(lambda one: one["status"] == "DOWN", "p2out", "ports")
    world.until(lambda _: "vm2" not in [host.name for host in world.lab().topology.hosts])
    assert "vm2" not in world.run("switch", "ip", "netns")
    assert running.wait(60) != 0
    with pytest.raises(UsageError, match="no host 'vm2'"):
        world.run("vm2", "true")
    for name in ("p2in", "p2out"):
        world.set("ports", name, **{"binding:host_id": "lab", "device_id": "vm2"})
    world.comes("ACTIVE")
    assert world.run("vm2", "cat", "/proc/sys/net/ipv4/ip_forward") == "1\n"
    assert world.run("source", "cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"


def test_two_networks_do_not_see_each_other_though_their_addresses_are_the_same(world):
    other = world.create("networks", name="other", port_security_enabled=False)
    subnet = world.create("subnets", network_id=other, cidr="10.0.0.0/24", ip_version=4, gateway_ip=None)
    for device, ip in (("a", "10.0.0.128"), ("b", "10.0.0.5")):
        bound = {"binding:host_id": "lab", "device_id": device, "network_id": other}
        world.create("ports", name=device, fixed_ips=[{"subnet_id": subnet, "ip_address": ip}], **bound)
    world.comes("ACTIVE", "b", "ports")
    macs = {port.name: port.mac for port in world.lab().topology.ports}
    assert reaches(world, "b", "10.0.0.128")
    assert macs["a"] in world.run("b", "ip", "neigh", "show", "10.0.0.128")
    assert reaches(world, "vm1", "10.0.0.128")
    assert macs["dest_vm_port"] in world.run("vm1", "ip", "neigh", "show", "10.0.0.128")
    assert not reaches(world, "b", "10.0.0.103", patience_s=1)
    for name in ("a", "b"):
        world.delete("ports", name)
    world.until(lambda _: not {"a", "b"} & {host.name for host in world.lab().topology.hosts})


def test_a_gateway_comes_changes_and_goes_and_no_cable_is_pulled(world):
    network = world.id("networks", "demo")
    cidr = {"cidr": "192.0.2.0/24", "ip_version": 4, "allocation_pools": POOLS}
    subnet = world.create("subnets", name="gated", network_id=network, gateway_ip=None, **cidr)
    bound = {"binding:host_id": "lab", "device_id": "gated", "network_id": network}
    world.create("ports", name="gatedport", fixed_ips=[{"subnet_id": subnet}], **bound)
    world.comes("ACTIVE", "gatedport", "ports")
    cable = link(world, world.lab().topology.port("gatedport").tap)

    def default():
        return re.findall("via ([0-9.]+)", world.run("gated", "ip", "route", "show", "default"))

    assert default() == []
    for gateway in ("192.0.2.1", "192.0.2.254", None):
        world.set("subnets", "gated", gateway_ip=gateway)
        wait(lambda wanted=[gateway] if gateway else []: default() == wanted)
    world.set("subnets", "gated", gateway_ip="192.0.2.1")
    wait(lambda: default() == ["192.0.2.1"])
    world.plane.close()
    world.state = update(world.state, COLLECTIONS["subnets"], subnet, {"gateway_ip": None}, world.asked())
    world.plane = Plane.start(world.folder, world.name)
    world.follow(world.state)
    wait(lambda: default() == [])
    assert link(world, world.lab().topology.port("gatedport").tap) == cable
    world.delete("ports", "gatedport")
    world.until(lambda _: "gated" not in [host.name for host in world.lab().topology.hosts])


def test_ipv6_addresses_are_plugged_too(world):
    network = world.id("networks", "demo")
    subnet = world.create("subnets", network_id=network, cidr="2001:db8::/64", ip_version=6, gateway_ip=None)
    for device in ("six", "sixth"):
        bound = {"binding:host_id": "lab", "device_id": device, "network_id": network}
        ip = {"subnet_id": subnet, "ip_address": f"2001:db8::{len(device)}"}
        world.create("ports", name=device, fixed_ips=[ip], **bound)
    world.comes("ACTIVE", "sixth", "ports")
    assert reaches(world, "six", "2001:db8::5")
    for name in ("six", "sixth"):
        world.delete("ports", name)
    world.until(lambda _: "sixth" not in [host.name for host in world.lab().topology.hosts])


def test_a_chain_that_cannot_be_carried_out_harms_no_other(world, tmp_path):
    group = world.create("port_pair_groups", name="empty")
    back = {"protocol": "tcp", "source_ip_prefix": "10.0.0.128/32"}
    source = world.id("ports", "dest_vm_port")
    classifier = world.create("flow_classifiers", name="back", logical_source_port=source, **back)
    world.create("port_chains", name="bad", port_pair_groups=[group], flow_classifiers=[classifier])
    assert "group empty has no port pair" in world.comes("ERROR", "bad")["status_reason"]
    assert world.comes("ACTIVE")
    assert ways(world, tmp_path)["p3in"] == 20
    assert not reaches(world, "dest", "10.0.0.61", patience_s=1)
    world.delete("port_chains", "bad")
    world.comes("ACTIVE")
    assert reaches(world, "dest", "10.0.0.61")


def test_a_port_that_cannot_be_plugged_is_told_and_harms_no_other(world):
    subnet, network = world.id("subnets", "demo-subnet"), world.id("networks", "demo")
    bound = {"binding:host_id": "lab", "device_id": "twice", "network_id": network}
    ip = {"subnet_id": subnet, "ip_address": "10.0.0.77"}
    world.settled()
    before = {port.tap: link(world, port.tap) for port in world.lab().topology.ports}
    world.create("ports", name="bad", mac_address="01:00:00:00:00:01", fixed_ips=[ip], **bound)
    world.create("ports", name="good", **bound)
    world.comes("ACTIVE", "good", "ports")
    assert before.items() <= {port.tap: link(world, port.tap) for port in world.lab().topology.ports}.items()
    assert world.shown("ports", "bad")["status"] == "DOWN"
    world.comes("ACTIVE")
    for name in ("bad", "good"):
        world.delete("ports", name)
    world.until(lambda _: "twice" not in [host.name for host in world.lab().topology.hosts])


def test_one_lab_has_one_server(world):
    with pytest.raises(
        UsageError, match="lab sfc has a server already; give this one another with --lab NAME"
    ):
        Plane.start(world.folder, "sfc")
    with pytest.raises(UsageError, match=r"bad lab name '\.\./x'"):
        Plane.start(world.folder, "../x")


def test_a_lab_that_its_user_ended_is_raised_again_with_the_next_change(world, tmp_path):
    world.settled()
    standing.down(world.folder, standing.one(world.folder))
    chain = world.until(lambda one: "has ended; the next change raises lab sfc again" in one["status_reason"])
    assert chain["status"] == "ERROR"
    assert world.shown("ports", "p1in")["status"] == "DOWN"
    assert standing.labs(world.folder) == ()
    world.set("port_chains", "PC1", description="again")
    world.comes("ACTIVE")
    assert ways(world, tmp_path)["p3in"] == 20


def test_a_server_that_comes_again_finds_the_lab_as_it_is(world, tmp_path):
    world.settled()
    keeper, flows = world.lab().keeper, world.lab().flows()
    identity = {port.tap: link(world, port.tap) for port in world.lab().topology.ports}
    world.close(down=False)
    world.plane = Plane.start(world.folder, "sfc")
    world.run("switch", "ip", "link", "add", "tapstray", "type", "veth", check=True)
    assert world.plane.adopted(world.state, NOW) is world.state
    world.follow(world.state)
    world.comes("ACTIVE")
    assert world.lab().keeper == keeper
    assert world.lab().flows().splitlines() == flows.splitlines()
    assert {port.tap: link(world, port.tap) for port in world.lab().topology.ports} == identity
    assert ways(world, tmp_path)["p3in"] == 20


def test_no_process_of_an_ended_lab_stays(world):
    world.settled()
    old = world.lab().keeper.pid
    starter = parent(old)
    standing.down(world.folder, standing.one(world.folder))
    world.until(lambda one: one["status"] == "ERROR")
    world.set("port_chains", "PC1", description="last")
    world.comes("ACTIVE")
    assert not Path(f"/proc/{old}").exists()
    assert parent(starter) != os.getpid()


def parent(process):
    """Give the process that has to wait for this one; None where it has: not even a dead one is there."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return None


def counted(monkeypatch, owner, name):
    """Give a list with an entry for each call of a method from now on."""
    method, calls = getattr(owner, name), []

    def noted(*words, **more):
        calls.append(name)
        return method(*words, **more)

    monkeypatch.setattr(owner, name, noted)
    return calls


def test_what_the_switch_refuses_is_told_at_its_chain_asked_once_and_stops_no_other(world, monkeypatch):
    world.settled()
    back = [
        world.create(
            "port_pairs", ingress=world.id("ports", f"{name}out"), egress=world.id("ports", f"{name}in")
        )
        for name in ("p1", "p2")
    ]
    made = world.create("port_pair_groups", name="PG9", port_pairs=back)
    number = world.state.of("port_pair_groups")[made]["group_id"]
    ofctl = ("ovs-ofctl", "-O", "OpenFlow15")
    bridge = "unix:/run/lab/br-int.mgmt"
    group = f"group_id={number},type=all,bucket=actions=output:1"
    world.run("switch", *ofctl, "add-group", bridge, group, check=True)
    fc = world.create(
        "flow_classifiers",
        name="FC9",
        protocol="tcp",
        destination_port_range_min=9,
        destination_port_range_max=9,
        logical_source_port=world.id("ports", "source_vm_port"),
    )
    world.create("port_chains", name="PC9", port_pair_groups=[made], flow_classifiers=[fc])
    told = world.comes("ERROR", "PC9")["status_reason"]
    assert told.startswith("the switch refused it: the group was refused: there is one of this number")
    assert world.shown("port_chains", "PC1")["status"] == "ACTIVE"
    bundles, turns = counted(monkeypatch, Switch, "apply"), counted(monkeypatch, Driver, "bring")
    for count in (1, 2, 3):
        world.plane._bell.ring()
        wait(lambda count=count: len(turns) >= count)
    assert not bundles
    world.run("switch", *ofctl, "del-groups", bridge, f"group_id={number}", check=True)
    world.set("port_chains", "PC9", description="again")
    world.comes("ACTIVE", "PC9")
    for collection, name in (
        ("port_chains", "PC9"),
        ("flow_classifiers", "FC9"),
        ("port_pair_groups", "PG9"),
        *(("port_pairs", id_) for id_ in back),
    ):
        world.delete(collection, name)
    world.settled()
