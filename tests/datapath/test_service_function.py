"""Functions of every kind in a lab, and what tells of the packets: streams, probes, taps' counters."""

import contextlib
from dataclasses import replace

import pytest
from functions_world import counting, probe, working
from kinds_world import DEST, DEST6, SOURCE, chain, scenario

from sfcci.chain.model import ChainState, Rewrite
from sfcci.datapath.lab import raised
from sfcci.datapath.plug import carry_out
from sfcci.datapath.stream import running, streaming
from sfcci.datapath.topology import Function, change
from sfcci.errors import ToolError

pytestmark = pytest.mark.lab
COUNT = 60


@pytest.fixture(scope="module")
def hosts():
    with raised(scenario(room=38)) as up:
        yield up


@pytest.fixture
def lab(hosts):
    """Give the lab without a chain."""
    hosts.apply(ChainState())
    return hosts


@pytest.fixture(scope="module")
def wires():
    with raised(scenario(bare=("a", "b"))) as up:
        yield up


def flows(lab, address=DEST):
    """Send to the chain's port and, for control, to another; give both. Where the control lost some, the run does not count."""
    targets = [f"{address}/5000", f"{address}/6000"]
    for _ in range(3):
        with streaming(lab, "source", "dest", targets, rate=500, count=COUNT) as stream:
            pass
        udp, control = (stream.flowing[target] for target in targets)
        if not control.lost:
            break
    return udp, control


def everything_passes(lab, address=DEST, ttl=64):
    """UDP, ICMP and TCP get through, and every function has had each packet of the stream."""
    udp, control = flows(lab, address)
    assert (control.lost, control.duplicated, control.ttls) == (0, 0, {64: COUNT})
    assert (udp.lost, udp.duplicated, udp.late, udp.ttls) == (0, 0, 0, {ttl: COUNT})
    assert probe(lab, "icmp", address, "56", "30")["answered"]
    answer = probe(lab, "tcp", address, "80", "50000", "30")
    assert (answer.get("error"), answer["answered"]) == (None, True)
    return udp


@contextlib.contextmanager
def all_working(lab, kind, *hosts, one_port=False, **options):
    with contextlib.ExitStack() as stack:
        outs = [f"{host}in" if one_port else f"{host}out" for host in hosts]
        yield [
            stack.enter_context(working(lab, kind, f"{h}in", out, **options))
            for h, out in zip(hosts, outs, strict=True)
        ]


@pytest.mark.parametrize("one_port", [False, True])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("kind", ["mpls", "nsh"])
def test_functions_that_know_the_encapsulation(lab, kind, swap, one_port):
    lab.apply(chain("a", "b", correlation=kind, aware=True, one_port=one_port))
    with all_working(lab, kind, "a", "b", swap=swap, one_port=one_port) as works:
        everything_passes(lab)
    assert all(work.counts["passed"] >= COUNT and not work.counts["unsent"] for work in works)


@pytest.mark.parametrize("kind", ["mpls", "nsh"])
def test_functions_that_know_the_encapsulation_of_ipv6(lab, kind):
    lab.apply(chain("a", "b", correlation=kind, aware=True, ethertype="IPv6"))
    with all_working(lab, kind, "a", "b") as works:
        everything_passes(lab, DEST6)
    assert all(work.counts["passed"] >= COUNT for work in works)


@pytest.mark.parametrize("correlation", ["mpls", "nsh"])
@pytest.mark.parametrize(("ethertype", "address"), [("IPv4", DEST), ("IPv6", DEST6)])
def test_routers_take_a_hop_each(lab, ethertype, address, correlation):
    lab.apply(chain("a", "b", ethertype=ethertype, correlation=correlation))
    with all_working(lab, "router", "a", "b") as works:
        everything_passes(lab, address, ttl=62)
    assert all(work.counts["passed"] >= COUNT for work in works)


@pytest.mark.parametrize(("kind", "aware", "ttl"), [("router", False, 62), ("mpls", True, 64)])
def test_functions_that_hold_packets(lab, kind, aware, ttl):
    lab.apply(chain("a", "b", aware=aware))
    with all_working(lab, kind, "a", "b", hold_ms=30) as works:
        udp = everything_passes(lab, ttl=ttl)
    assert udp.delays_us["p50"] >= 60_000
    assert all(work.counts["passed"] >= COUNT for work in works)


def test_a_function_that_drops_everything_is_seen(lab):
    lab.apply(chain("a", "b", correlation="mpls", aware=True))
    with all_working(lab, "nsh", "a", "b") as works:
        udp, control = flows(lab)
    assert control.lost == 0
    assert (udp.lost, udp.missing, udp.ttls) == (COUNT, ((0, COUNT - 1),), {})
    assert works[0].counts["dropped"] >= COUNT


@pytest.mark.parametrize(("ethertype", "address"), [("IPv4", DEST), ("IPv6", DEST6)])
def test_bumps_in_the_wire(wires, ethertype, address):
    wires.apply(chain("a", "b", ethertype=ethertype))
    with all_working(wires, "wire", "a", "b") as works:
        everything_passes(wires, address)
    assert all(work.counts["passed"] >= COUNT for work in works)


def test_a_translator_changes_addresses_and_answers_come_back(lab):
    mapping = {
        "incoming": Rewrite(source_ip_prefix=f"{SOURCE}/32"),
        "outgoing": Rewrite(source_ip_prefix="10.1.0.77/32"),
    }
    lab.apply(chain("a", "b", groups={"a": mapping}))
    lab.run(
        "dest",
        ["ip", "neigh", "replace", "10.1.0.77", "lladdr", "02:00:00:00:00:01", "dev", "dest"],
        timeout_s=30,
        check=True,
    )
    with (
        working(lab, "translator", "ain", "aout", maps=[(SOURCE, "10.1.0.77")]) as first,
        working(lab, "router", "bin", "bout") as second,
    ):
        everything_passes(lab, ttl=62)
    assert first.counts["passed"] >= COUNT
    assert second.counts["passed"] >= COUNT


@pytest.mark.parametrize(("kind", "correlation"), [("router", "mpls"), ("mpls", "mpls"), ("nsh", "nsh")])
def test_a_tap_gets_a_copy_of_each_packet_as_it_is_without_the_chain(lab, kind, correlation):
    lab.apply(chain("a", "b", tap=True, symmetric=False, aware=kind != "router", correlation=correlation))
    with all_working(lab, kind, "a", "b"), counting(lab, "tap") as tap:
        udp, control = flows(lab)
    assert (udp.lost, control.lost) == (0, 0)
    assert tap.counts["0800/17/5000"] == COUNT
    assert "0800/17/6000" not in tap.counts


def test_packets_of_the_largest_size_pass_whole(lab):
    lab.apply(chain("a", "b", correlation="nsh", aware=True))
    with all_working(lab, "nsh", "a", "b"):
        assert probe(lab, "icmp", DEST, "1472", "30")["answered"]
        assert probe(lab, "mtu", DEST, "1472", "1473") == {"taken": [1472], "mtu": 1500}


def test_a_function_sends_packets_of_its_own_no_longer_than_its_network_allows(lab):
    assert probe(lab, "mtu", DEST, "1472", "1473", host="a") == {"taken": [1472], "mtu": 1500}


def test_room_on_a_cable_comes_and_goes_while_it_is_plugged(lab):
    def mtus():
        links = [("switch", lab.topology.port("ain").tap), ("a", "ain")]
        words = [
            lab.run(host, ["ip", "-o", "link", "show", "dev", dev], timeout_s=30).stdout.split()
            for host, dev in links
        ]
        return [int(word[word.index("mtu") + 1]) for word in words]

    assert mtus() == [1538, 1538]
    without = scenario().topology
    step = change(lab.topology, without)
    assert (step.pull, step.plug) == ((), ())
    carry_out(lab.keeper, step)
    assert mtus() == [1500, 1500]
    carry_out(lab.keeper, change(without, lab.topology))
    assert mtus() == [1538, 1538]


def test_a_stream_goes_on_until_its_block_ends(lab):
    lab.apply(chain("a"))
    targets = [f"{DEST}/5000", f"{DEST6}/6000"]
    with working(lab, "router", "ain", "aout"):
        with streaming(lab, "source", "dest", targets, rate=200) as stream:
            assert probe(lab, "icmp", DEST, "8", "30")["answered"]
        udp, control = (stream.flowing[target] for target in targets)
    assert udp.sent == control.sent > 0
    assert (udp.missing, control.missing) == ((), ())


def test_packets_that_functions_hold_for_long_are_waited_for():
    slow = Function("router", hold_ms=900)
    given = scenario(room=38)
    hosts = tuple(
        replace(host, function=slow) if host.name in ("a", "b") else host for host in given.topology.hosts
    )
    with raised(replace(given, topology=replace(given.topology, hosts=hosts))) as lab:
        lab.apply(chain("a", "b"))
        udp, control = flows(lab)
    assert (udp.missing, control.missing, udp.delays_us["p50"] >= 1_800_000) == ((), (), True)


def test_a_function_whose_cable_was_down_works_again(lab):
    lab.apply(chain("a"))
    with working(lab, "router", "ain", "aout") as work:
        assert flows(lab)[0].lost == 0
        tap = lab.topology.port("ain").tap
        lab.run("switch", ["ip", "link", "set", tap, "down"], timeout_s=30, check=True)
        lost, control = flows(lab)
        assert (lost.lost, control.lost) == (COUNT, 0)
        lab.run("switch", ["ip", "link", "set", tap, "up"], timeout_s=30, check=True)
        assert flows(lab)[0].lost == 0
    assert work.counts["passed"] == 2 * COUNT


def test_a_host_that_cannot_be_reached_is_told(lab):
    told = probe(lab, "tcp", "10.1.0.200", "80", "1", "0.2")
    assert (told["answered"], bool(told["error"])) == (False, True)
    assert not probe(lab, "icmp", "10.1.0.200", "8", "0.2")["answered"]
    assert probe(lab, "icmp", DEST6, "8", "30")["answered"]


def test_a_function_that_cannot_begin_says_why(lab):
    with (
        pytest.raises(ToolError, match="No such device"),
        running(lab, "a", "service_function.py", "wire", "x", "y", ready=True),
    ):
        pytest.fail("it works")
