"""What works inside a lab and needs none to be tried: captures of several namespaces, logs that stay short, and a tunnel's words."""

from hypothesis import given
from hypothesis import strategies as st

from sfcci.datapath.inside import keeper
from sfcci.datapath.inside.frames import MOST_AT_ONCE, Merged
from sfcci.datapath.trace_text import NO_CHOICE, Tunneled, read


def ring(times):
    """Give what a ring gives that holds frames of these times."""
    yield from ((time, b"%d" % time) for time in times)
    while True:
        yield 0, b""


@given(st.lists(st.lists(st.integers(1, 10**6), max_size=20).map(sorted), min_size=1, max_size=4))
def test_frames_of_several_rings_come_in_the_order_of_their_time(rings):
    merged = Merged([ring(times) for times in rings])
    assert list(map(int, merged.take())) == sorted(time for times in rings for time in times)
    assert list(merged.take()) == []


def test_a_ring_that_has_more_than_is_taken_at_once_holds_back_the_others():
    many = range(1, MOST_AT_ONCE + 11)
    merged = Merged([ring(many), ring([MOST_AT_ONCE + 5])])
    first, then = list(map(int, merged.take())), list(map(int, merged.take()))
    assert first == list(range(1, MOST_AT_ONCE + 1))
    assert then == sorted([*range(MOST_AT_ONCE + 1, MOST_AT_ONCE + 11), MOST_AT_ONCE + 5])


def test_frames_of_this_moment_wait_for_earlier_ones_of_other_rings(monkeypatch):
    now = [1_000]
    monkeypatch.setattr("sfcci.datapath.inside.frames.time.time_ns", lambda: now[0])
    merged = Merged([ring([900]), ring([])])
    assert list(merged.take()) == []
    assert [time for time, _ in merged.held] == [900]
    now[0] = 10**7
    assert list(merged.take()) == [b"900"]


def test_long_logs_keep_their_last_part_and_go_on_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(keeper, "LAB", str(tmp_path))
    monkeypatch.setattr(keeper, "NODES", str(tmp_path / "nodes"))
    node = tmp_path / "nodes" / "node1"
    node.mkdir(parents=True)
    short, long = tmp_path / "ovsdb-server.log", node / "ovs-vswitchd.log"
    short.write_text("short\n")
    with long.open("ab", buffering=0) as writer:
        writer.write(b"x" * keeper.LONGEST_LOG + b"last words\n")
        keeper.cut_logs()
        writer.write(b"and on\n")
    assert long.read_bytes() == b"and on\n"
    kept = (node / "ovs-vswitchd.log.1").read_bytes()
    assert len(kept) == keeper.KEPT_LOG
    assert kept.endswith(b"last words\n")
    assert short.read_text() == "short\n"


def test_daemons_of_nodes_are_kept_as_the_lab_s_own_are(tmp_path, monkeypatch):
    monkeypatch.setattr(keeper, "LAB", str(tmp_path))
    monkeypatch.setattr(keeper, "NODES", str(tmp_path / "nodes"))
    assert keeper.daemons() == []
    (tmp_path / "nodes" / "node1").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "nodes" / "node1"):
        (folder / "ovsdb-server.start").write_text("")
    assert set(keeper.daemons()) == {f"{tmp_path}/ovsdb-server", f"{tmp_path}/nodes/node1/ovsdb-server"}


def test_a_trace_tells_what_leaves_through_a_tunnel():
    packet = {"in_port": 1, "eth_type": 0x0800, "eth_src": 1, "eth_dst": 2}
    text = """\
bridge("br-int")
----------------
60. priority 10
    set_field:0x2->tun_id
    output:65001
     -> output to native tunnel
     -> tunneling to 192.0.2.2 via br-phy

Final flow: unchanged
Datapath actions: set(eth(dst=00:00:00:00:00:07)),clone(tnl_push(tnl_port(vxlan_sys_4789),header(size=50,type=4,\
eth(dst=02:00:c0:00:02:02,src=02:00:c0:00:02:01,dl_type=0x0800),ipv4(src=192.0.2.1,dst=192.0.2.2,proto=17,tos=0,ttl=64,\
frag=0x4000),udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x2)),out_port(6)),7)
"""
    told = read(text, packet, {"3": 1}, 65001)
    assert told.departures == ()
    assert told.tunneled == (Tunneled("192.0.2.2", 2, {**packet, "eth_dst": 7}, NO_CHOICE),)
