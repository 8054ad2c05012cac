import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.trace import pcap
from sfcci.trace.flow import TCP_FIN, TCP_RST, TIMEOUT
from sfcci.trace.flow_json import as_json
from sfcci.trace.table import FlowTable

from .frames import (
    ACK,
    ALICE,
    BOB,
    CAROL,
    FIN,
    HOW,
    NS,
    RST,
    SYN,
    answer,
    carried,
    echo,
    ethernet,
    ipv4,
    ipv6,
    label,
    request,
    tcp,
    udp,
)  # fmt: skip

SECOND = 10**9
ID = "942936c3dc588431"


def table_of(*frames, every_s=0.001, **asked):
    table = FlowTable("node", "capture", **asked)
    for number, frame in enumerate(frames):
        table.add(NS + int(number * every_s * SECOND), frame, len(frame))
    return table


def only(table):
    (flow,) = table.flows()
    return flow


def counts(flow):
    return (flow.ab_packets, flow.ab_bytes, flow.ba_packets, flow.ba_bytes)


def shown(table):
    return sorted(flow.layers_path for flow in table.flows())


def test_both_directions_are_one_flow_and_its_first_packet_says_who_is_a():
    flow = only(table_of(request(flags=SYN), answer(flags=SYN | ACK), request(), request()))
    assert flow.ends == ("10.0.0.3", 43210, "10.0.0.8", 80)
    assert (flow.link_a, flow.link_b) == ("fa:16:3e:00:00:10", "fa:16:3e:00:00:20")
    assert counts(flow) == (3, 162, 1, 54)
    assert (flow.first_ab_ns, flow.first_ba_ns, flow.last_ns) == (NS, NS + 1_000_000, NS + 3_000_000)
    assert flow.rtt_ns == 1_000_000


def test_ports_the_other_way_round_are_another_flow():
    there = [
        ethernet(ipv4(tcp(12345, 54321))),
        ethernet(ipv4(tcp(54321, 12345), "10.0.0.8", "10.0.0.3"), BOB, ALICE),
    ]
    swapped = [
        ethernet(ipv4(tcp(54321, 12345))),
        ethernet(ipv4(tcp(12345, 54321), "10.0.0.8", "10.0.0.3"), BOB, ALICE),
    ]
    table = table_of(*(there + swapped) * 10)
    assert [counts(flow)[::2] for flow in table.flows()] == [(10, 10), (10, 10)]
    assert len({flow.l3_tracking_id for flow in table.flows()}) == 2


@pytest.mark.parametrize("how", HOW)
def test_whatever_carries_a_packet_its_flow_has_the_same_id(how):
    """The same frame thrice and answers: what is looked up counts as what was decoded."""
    there = ipv4(tcp())
    table = table_of(*[carried(there, how)] * 3)
    assert all(flow.ab_packets == 3 for flow in table.flows())
    innermost = list(table.flows())[-1]
    assert (innermost.l3_tracking_id, innermost.ends[1::2]) == (ID, (43210, 80))
    outermost = next(flow for flow in table.flows() if not flow.parent_uuid)
    assert outermost.ab_bytes == 3 * len(carried(there, how))
    if outermost.shape.network_protocol == "":
        assert outermost.l3_tracking_id == ID


def test_carried_packets_are_flows_of_their_own_below_what_carries_them():
    packet = ipv4(tcp())
    assert {how: shown(table_of(carried(packet, how))) for how in HOW} == {
        "plain": ["Ethernet/IPv4/TCP"],
        "vlan": ["Ethernet/Dot1Q/IPv4/TCP"],
        "tags": ["Ethernet/Dot1Q/Dot1Q/IPv4/TCP"],
        "label": ["Ethernet/MPLS", "IPv4/TCP"],
        "labels": ["Ethernet/MPLS", "IPv4/TCP"],
        "service": ["Ethernet/IPv4/TCP", "Ethernet/NSH"],
        "service of IP": ["Ethernet/NSH", "IPv4/TCP"],
        "VXLAN": ["Ethernet/IPv4/TCP", "Ethernet/IPv4/UDP/VXLAN"],
        "VXLAN-GPE": ["Ethernet/IPv4/TCP", "Ethernet/IPv4/UDP/VXLAN", "NSH"],
        "Geneve": ["Ethernet/IPv4/TCP", "Ethernet/IPv4/UDP/Geneve"],
        "GRE": ["Ethernet/IPv4/GRE", "IPv4/TCP"],
        "GRE and label": ["Ethernet/IPv4/GRE/MPLS", "IPv4/TCP"],
        "label over UDP": ["Ethernet/IPv4/UDP/MPLS", "IPv4/TCP"],
        "label and Ethernet over GRE": ["Ethernet/IPv4/GRE/MPLS", "Ethernet/IPv4/TCP"],
    }
    encaps = {how: list(table_of(carried(packet, how)).flows())[-1].encap for how in HOW}
    assert encaps["tags"] == (("vlan", 8), ("vlan", 10))
    assert encaps["label"] == (("mpls", 511, 255),)
    assert encaps["service"] == (("nsh", 1, 255, 63),)
    assert encaps["VXLAN-GPE"] == (("vxlan", 10), ("nsh", 1, 255, 63))


def test_answers_in_a_label_are_the_other_direction_of_both_flows():
    back = ipv4(tcp(80, 43210), "10.0.0.8", "10.0.0.3")
    there = ethernet(label(ipv4(tcp())), kind=0x8847)
    answers = ethernet(label(back, 512), BOB, ALICE, 0x8847)
    table = table_of(there, answers, there, answers, there)
    assert [counts(flow) for flow in table.flows()] == [(3, 174, 2, 116), (3, 120, 2, 80)]


@given(st.lists(st.tuples(st.sampled_from(HOW), st.booleans(), st.booleans()), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_what_is_looked_up_and_what_is_decoded_each_time_count_the_same(seen):
    """A table that keeps raw frames decodes each one; one that is asked for nothing looks most of them up."""
    frames = []
    for how, back, over_udp in seen:
        ports = (80, 43210) if back else (43210, 80)
        ends = ("10.0.0.8", "10.0.0.3") if back else ("10.0.0.3", "10.0.0.8")
        above = udp(*ports) if over_udp else tcp(*ports)
        frames.append(carried(ipv4(above, *ends, protocol=17 if over_udp else 6), how))
    quick, slow = table_of(*frames), table_of(*frames, raw_limit=-1)
    told = [
        sorted(
            (flow.layers_path, flow.l3_tracking_id, *map(str, flow.ends), *counts(flow))
            for flow in one.flows()
        )
        for one in (quick, slow)
    ]
    assert told[0] == told[1]


def test_a_vlan_tag_does_not_make_another_flow():
    table = table_of(request(), request(vlans=(5,)), answer(vlans=(5,)))
    assert counts(only(table))[::2] == (2, 1)


def test_mode_l3_knows_flows_by_addresses_alone():
    frames = [request(), request(dst=CAROL), answer(src=CAROL)]
    assert len(table_of(*frames)) == 2
    flow = only(table_of(*frames, mode="L3"))
    assert counts(flow)[::2] == (2, 1)
    assert flow.tracking_id == flow.l3_tracking_id == ID


def test_echoes_and_their_answers_are_one_flow_with_the_time_between_the_first_ones():
    there = [ethernet(ipv4(echo(sequence=n), protocol=1)) for n in (1, 2)]
    back = [ethernet(ipv4(echo(0, sequence=n), "10.0.0.8", "10.0.0.3", 1), BOB, ALICE) for n in (1, 2)]
    flow = only(table_of(there[0], back[0], there[1], back[1]))
    assert counts(flow)[::2] == (2, 2)
    assert as_json(flow)["ICMP"] == {"Type": "ECHO", "ID": 77}
    assert flow.rtt_ns == 1_000_000
    assert only(table_of(there[0], there[1], back[1])).rtt_ns == 0


def test_a_connection_that_ended_is_kept_a_while_and_says_how_it_ended():
    for flags, finish in ((FIN | ACK, TCP_FIN), (RST, TCP_RST)):
        table = table_of(request(flags=SYN), answer(flags=SYN | ACK), answer(flags=flags))
        assert table.tick(NS + 14 * SECOND) == ([], [])
        updated, (ended,) = table.tick(NS + 16 * SECOND)
        assert (updated, ended.finish, len(table)) == ([], finish, 0)
        assert ended.update == ended.metric._replace(last_ns=NS + 16 * SECOND)


def test_the_same_ports_after_an_end_are_a_new_flow():
    table = table_of(
        request(flags=SYN), answer(flags=FIN | ACK), request(flags=ACK), request(flags=SYN), answer()
    )
    (before,) = table.tick(NS + SECOND)[1]
    now = only(table)
    assert (counts(before)[::2], counts(now)[::2]) == ((2, 1), (1, 1))
    assert before.uuid != now.uuid


def test_flows_of_questions_end_early_and_others_after_ten_minutes():
    arp = ethernet(bytes.fromhex("0001080006040001") + ALICE + bytes([10, 0, 0, 3]) + bytes(10), kind=0x0806)
    dns = ethernet(ipv4(udp(payload=bytes(12)), protocol=17))
    table = table_of(arp, dns, request(), every_s=0)
    (ended,) = table.tick(NS + 15 * SECOND)[1]
    assert (ended.layers_path, ended.finish) == ("Ethernet/ARP", TIMEOUT)
    assert shown(table) == ["Ethernet/IPv4/TCP", "Ethernet/IPv4/UDP/DNS"]
    assert [flow.application for flow in table.tick(NS + 20 * SECOND)[1]] == ["DNS"]
    assert [flow.finish for flow in table.tick(NS + 601 * SECOND)[1]] == [TIMEOUT]
    assert len(table) == 0


def test_an_update_tells_what_passed_since_the_one_before():
    table, told = FlowTable(), []
    for minute, packets in enumerate((2, 0, 8, 5)):
        for _ in range(packets):
            table.add(NS + minute * 60 * SECOND, request(), 100)
        (flow,) = table.tick(NS + (minute + 1) * 60 * SECOND)[0]
        told.append((flow.update.ab_packets, flow.update.ab_bytes, flow.ab_packets))
    assert told == [(2, 200, 2), (0, 0, 2), (8, 800, 10), (5, 500, 15)]


def test_a_full_table_lets_those_go_that_were_silent_longest_and_says_how_many():
    frames = [ethernet(ipv4(tcp(1000 + n))) for n in range(40)]
    table = table_of(*frames, frames[0], limit=41)
    table.add(NS + SECOND, ethernet(ipv4(tcp(3000))), 54)
    table.add(NS + SECOND, ethernet(ipv4(tcp(3001))), 54)
    assert (len(table), table.evicted) == (37, 5)
    ports = {flow.port_a for flow in table.flows()}
    assert 1000 in ports
    assert not ports & set(range(1001, 1006))


def test_many_labels_of_one_flow_do_not_fill_the_memory():
    table = FlowTable(limit=10)
    for value in range(500):
        table.add(NS, ethernet(label(ipv4(tcp()), value), kind=0x8847), 58)
    assert len(table) == 2
    assert sum(len(one) for way in table._ways.values() for one in way) + len(table._deep) < 50
    assert {flow.ab_packets for flow in table.flows()} == {500}


def test_the_bytes_of_a_frame_are_its_own_not_those_that_were_kept():
    table = FlowTable(header_size=64)
    table.add(NS, request()[:50], 1514)
    table.add(NS, memoryview(request()), 1514)
    assert counts(only(table)) == (2, 3028, 0, 0)


def test_what_is_no_frame_is_counted_and_nothing_else():
    table = table_of(b"", b"\x01" * 13, ethernet(b"", kind=0x1234))
    assert (table.undecodable, shown(table)) == (2, ["Ethernet"])


def test_frames_without_a_link_layer_are_flows_too():
    table = table_of(ipv4(tcp()), ipv6(tcp()), link_type=101)
    assert shown(table) == ["IPv4/TCP", "IPv6/TCP"]
    assert "Link" not in as_json(next(table.flows()))


def test_fragments_are_put_to_their_flow_on_request():
    whole = udp(payload=b"x" * 40)
    frames = [
        ethernet(ipv4(whole[:24], protocol=17, fragment=0x2000)),
        ethernet(ipv4(whole[24:], protocol=17, fragment=3)),
    ]
    assert shown(table_of(*frames)) == ["Ethernet/IPv4/Fragment", "Ethernet/IPv4/UDP/DNS"]
    flow = only(table_of(*frames, defragment=True))
    assert counts(flow)[0] == 2
    assert as_json(flow)["IPMetric"] == {"Fragments": 2, "FragmentErrors": 0}


def test_frames_are_kept_on_request_up_to_a_limit():
    table = table_of(*[request()] * 5, raw_limit=2)
    flow = only(table)
    assert [(one.number, one.data, one.time_ns) for one in flow.raw_packets] == [
        (0, request(), NS),
        (1, request(), NS + 1_000_000),
    ]
    assert counts(flow)[0] == 5
    assert as_json(flow, raw=True)["LastRawPackets"][0]["LinkType"] == 1


@pytest.mark.parametrize(
    ("came", "skipped", "missing", "out_of_order"),
    [
        ((0, 1, 2, 3), 0, 0, 0),
        ((0, 2, 1, 3, 3), 0, 0, 1),
        ((0, 2, 1, 4, 3, 6, 5), 0, 0, 3),
        ((0, 2, 3, 4, 1), 0, 0, 3),
        ((0, 4, 1, 2, 3), 0, 0, 1),
        ((0, 4, 2, 6, 2), 3, 30, 0),
        ((1, 0, 2), 0, 0, 0),
    ],
)
def test_segments_that_are_missing_or_early_are_counted_on_request(came, skipped, missing, out_of_order):
    start = 2**32 - 5
    frames = (ethernet(ipv4(tcp(flags=ACK, payload=b"x" * 10, seq=(start + at * 10) % 2**32))) for at in came)
    metric = as_json(only(table_of(*frames, tcp_metrics=True)))["TCPMetric"]
    found = [metric[f"ABSegment{name}"] for name in ("Skipped", "SkippedBytes", "OutOfOrder")]
    assert found == [skipped, missing, out_of_order]
    assert (metric["ABPackets"], metric["ABBytes"], metric["BAPackets"]) == (len(came), 10 * len(came), 0)


def test_a_connection_full_of_holes_fills_no_memory():
    frames = (ethernet(ipv4(tcp(flags=ACK, payload=b"x", seq=at * 2))) for at in range(1000))
    metric = as_json(only(table_of(*frames, tcp_metrics=True)))["TCPMetric"]
    assert (metric["ABSegmentSkipped"], metric["ABSegmentSkippedBytes"]) == (999, 999)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_tunnel_of_a_version_that_is_not_known_is_counted_and_nothing_is_raised(version):
    tunnel = bytes([version << 6]) + bytes(7) + request()
    frame = ethernet(ipv4(udp(55555, 6081, tunnel), "172.16.0.1", "172.16.0.2", 17))
    assert shown(table_of(frame, frame)) == ["Ethernet/IPv4/UDP"]


@pytest.mark.parametrize("how", [how for how in HOW if how not in ("plain", "vlan", "tags")])
def test_a_tunnel_that_ends_before_what_it_carries_is_one_flow(how):
    whole = carried(ipv4(tcp()), how)
    for cut in range(14, len(whole)):
        table = table_of(whole[:cut])
        assert "" not in shown(table), cut


@given(
    st.sampled_from(HOW),
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), max_size=5),
    st.integers(0, 150),
)
@settings(max_examples=150, deadline=None)
def test_damaged_frames_are_counted_or_refused_and_nothing_is_raised(how, damage, cut):
    frame = bytearray(carried(ipv4(tcp()), how))
    for at, value in damage:
        frame[at % len(frame)] = value
    for asked in (
        {},
        {"tcp_metrics": True, "dns": True, "defragment": True, "raw_limit": 1},
        {"link_type": 101},
    ):
        table = table_of(bytes(frame[:cut]), bytes(frame), carried(ipv4(tcp()), how), **asked)
        assert len(table) + table.undecodable > 0
        table.tick(NS + 1000 * SECOND)
        assert len(table) == 0


REFERENCE_ONLY = {"UUID", "ParentUUID", "NodeTID", "CaptureID", "L3TrackingID", "TCPMetric"}
"""L3TrackingID: ours is always the one of mode L3. TCPMetric: the reference counts nothing inside tunnels."""


def _known(flow):
    return json.dumps(
        [flow["Start"], *(flow.get(name) for name in ("LayersPath", "Link", "Network", "Transport", "ICMP"))]
    )


@pytest.mark.parametrize("mode", ["default", "l3", "full"])
def test_recorded_captures_give_the_recorded_flows(shared, mode):
    folder = shared / "data/pcap"
    asked = {
        "default": {},
        "l3": {"mode": "L3"},
        "full": {"tcp_metrics": True, "defragment": True, "dns": True, "header_size": 4096},
    }
    for name, told in json.loads((folder / "expected.json").read_text())["pcaps"].items():
        table = FlowTable(**asked[mode])
        table.add_all((f.time_ns, f.data, f.length, False) for f in pcap.read(folder / f"{name}.pcap"))
        found = {_known(flow): flow for flow in map(as_json, table.flows())}
        expected = {_known(flow): flow for flow in told["flows"][mode]}
        assert set(found) == set(expected), name
        for key, flow in expected.items():
            names = set(flow) - REFERENCE_ONLY - ({"TrackingID"} if "IPv6" in key else set())
            for part in names:
                seen = dict(found[key][part]) if isinstance(flow[part], dict) else found[key][part]
                wanted = flow[part]
                if (
                    part == "Metric"
                ):  # of pings the reference tells the last time, not the first; in l3 it counts no ARP
                    seen.pop("RTT", None)
                    wanted.pop("RTT", None)
                    wanted = seen if mode == "l3" and "ARP" in key else wanted
                assert seen == wanted, (name, key, part)
            if mode == "l3" and "IPv6" not in key:
                assert found[key]["L3TrackingID"] == flow["L3TrackingID"]
            if mode == "full" and "TCPMetric" in flow and name.startswith("simple"):
                assert found[key]["TCPMetric"] == flow["TCPMetric"]


def test_a_request_has_one_id_at_every_hop_of_a_recorded_chain(shared):
    seen = {}
    for file in sorted((shared / "data/pcap").glob("sfc-*.pcap")):
        table = FlowTable()
        table.add_all((f.time_ns, f.data, f.length, False) for f in pcap.read(file))
        seen[file.name] = {flow.l3_tracking_id for flow in table.flows()}
    assert len(seen) == 9
    assert set.union(*seen.values()) == {ID}
