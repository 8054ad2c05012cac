"""Flows of all captures together are bounded, and what has to go is counted."""

from types import SimpleNamespace

import pytest

from sfcci.trace import bpf, flow_store, table_more
from sfcci.trace.captures import Capture, Tapped
from sfcci.trace.flow_json import as_json, parse_flow
from sfcci.trace.flow_store import FlowStore
from sfcci.trace.tapping import Tapping

from .frames import NS, ethernet, ipv4, request, tcp


def frames(count, first=0):
    made = (ethernet(ipv4(tcp(sport=1000 + number))) for number in range(first, first + count))
    return [(NS + number, frame, len(frame), False) for number, frame in enumerate(made, first)]


def test_the_fullest_tables_give_way_and_the_longest_silent_go_first():
    store = FlowStore(most_flows=30)
    for name, count in (("quiet", 2), ("busy", 20), ("busiest", 28)):
        store.table(name, Capture("c", "G.V()")).add_all(frames(count))
    store.tick(NS)
    kept = {name: len(store.table(name, Capture("c", "G.V()"))) for name in ("quiet", "busy", "busiest")}
    assert kept == {"quiet": 2, "busy": 18, "busiest": 10}
    assert {flow.port_a for flow in store.flows() if flow.owner.node_tid == "busiest"} == {
        1000 + number for number in range(18, 28)
    }
    assert (store.statistics()["Flows"], store.statistics()["Evicted"]) == (30, 20)


def test_frames_are_kept_as_long_as_there_is_room(monkeypatch):
    monkeypatch.setattr(table_more, "MOST_RAW", 5)
    monkeypatch.setattr(flow_store, "MOST_RAW", 7)
    store = FlowStore()
    capture = Capture("c", "G.V()", raw_packet_limit=-1)
    for round_ in range(3):
        table = store.table("node", capture)
        table.add_all([(NS + number, request(), 80, False) for number in range(8)])
        assert [len(flow.raw_packets) for flow in table.flows()] == [5]
        store.tick(NS + 700 * 10**9)
        assert [len(flow.raw_packets) for flow in store.flows()] == [5], round_
    assert store.statistics()["RawPacketsLost"] == 9
    store.keep_only(())
    assert store.statistics()["RawPacketsLost"] == 9


@pytest.mark.parametrize("kind", ["ipgre", "unknown519", "none"])
def test_a_link_without_ethernet_has_a_table_for_such_packets(kind):
    from sfcci.trace import captures
    from sfcci.trace.graph import Graph

    graph = Graph()
    node = graph.put_node("n", {"Name": "t0", "Type": "tun", "IfIndex": 3, "EncapType": kind}, now_ms=1)
    (tapped,) = captures.tapped(Capture("c", "G.V()"), graph.nodes(), graph)
    table = FlowStore().table("n", tapped.capture, tapped.link_type)
    packet = ipv4(tcp())
    table.add(NS, packet, len(packet))
    assert [flow.network_a for flow in table.flows()] == ["10.0.0.3"], node


def test_a_frame_that_was_cut_knows_its_own_length():
    store = FlowStore()
    table = store.table("node", Capture("c", "G.V()", raw_packet_limit=-1))
    frame = request()
    table.add_all([(NS, frame, 1454, False), (NS + 1, frame, len(frame), False)])
    (flow,) = store.flows()
    assert [(len(one.data), one.length) for one in flow.raw_packets] == [
        (len(frame), 1454), (len(frame), len(frame)),
    ]  # fmt: skip
    told = as_json(flow, raw=True)
    assert [one.get("Length") for one in told["LastRawPackets"]] == [1454, None]
    assert [one.length for one in parse_flow(told).raw_packets] == [1454, len(frame)]
    long = bpf.compiled("greater 1000")
    assert [long.matches(one.data, one.length) for one in flow.raw_packets] == [True, False]


def test_only_taps_that_lost_nothing_tell_where_a_packet_was_not():
    class Live:
        """Taps as they are wanted, with states by the interface."""

        def want(self, wanted):
            self.wanted = wanted

        def states(self):
            told = {"whole": ("active", 0), "lossy": ("active", 3), "failed": ("failed", 0)}
            return {
                key: SimpleNamespace(state=told[key[3]][0], dropped=told[key[3]][1]) for key in self.wanted
            }

    tapping = Tapping(Live(), FlowStore(), str, {"switch"})
    capture = Capture("c", "G.V()")
    tapping.want([Tapped(capture, name, name, "switch", name) for name in ("whole", "lossy", "failed")])
    assert tapping.beside_switch() == {"whole"}
