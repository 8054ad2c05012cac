"""Flows that begin without decoding are those that decoding gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

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
    carried,
    ethernet,
    ipv4,
    ipv6,
    service,
    tcp,
    udp,
)

UNLIKE = ("UUID", "ParentUUID", "RawPacketsCaptured")
"""What a table that keeps frames names or counts in another way."""
FRAMES = st.tuples(
    st.sampled_from((*HOW, "plain", "label", "service", "vlan", "six")),
    st.integers(3, 6),
    st.sampled_from((80, 53, 4789)),
    st.booleans(),
    st.sampled_from((None, SYN, SYN | ACK, ACK, FIN | ACK, RST)),
)


def frame_of(how, host, port, back, flags):
    ports, ends = (43210, port), (f"10.0.0.{host}", "10.0.0.8")
    if back:
        ports, ends = ports[::-1], ends[::-1]
    above = udp(*ports) if flags is None else tcp(*ports, flags)
    protocol = 17 if flags is None else 6
    octets = [b"\xfd" + bytes(14) + bytes([int(one.rpartition(".")[2])]) for one in ends]
    frame = (
        ethernet(ipv6(above, *octets, protocol), kind=0x86DD)
        if how == "six"
        else carried(ipv4(above, *ends, protocol=protocol), how)
    )
    if not back:
        return frame
    if how == "service":
        frame = frame[:38] + turned(frame[38:])
    return turned(frame)


def turned(frame):
    return frame[6:12] + frame[:6] + frame[12:]


def table_of(frames, **asked):
    table = FlowTable("node", "capture", **asked)
    table.add_all((NS + 10**6 * number, one, len(one), False) for number, one in enumerate(frames))
    return table


def shown(table):
    flows = [as_json(flow) for flow in table.flows()]
    return sorted(str({name: part for name, part in one.items() if name not in UNLIKE}) for one in flows)


@given(st.lists(FRAMES, min_size=1, max_size=40))
@settings(max_examples=80, deadline=None)
def test_whatever_begins_a_flow_it_says_what_decoding_each_frame_says(seen):
    frames = [frame_of(*one) for one in seen]
    assert shown(table_of(frames)) == shown(table_of(frames, raw_limit=-1))


def test_what_stands_at_the_place_of_ports_behind_options_tells_no_flows():
    options = b"\x94\x04\x00\x00"
    frames = []
    for port in (80, 81):
        plain = ethernet(ipv4(tcp(dport=port)))
        frames.append(
            plain[:14] + b"\x46" + plain[15:17] + bytes([plain[17] + 4]) + plain[18:34] + options + plain[34:]
        )
    table = table_of(frames * 2)
    assert sorted((flow.port_b, flow.ab_packets) for flow in table.flows()) == [(80, 2), (81, 2)]


def test_an_update_that_was_kept_as_octets_says_the_numbers_of_before():
    table = table_of([frame_of("plain", 3, 80, back, ACK) for back in (False, True, True)])
    (updated,), _ = table.tick(NS + 61 * 10**9)
    assert updated.update == (1, 54, 2, 108, NS, NS + 61 * 10**9, 0)


def test_what_carries_a_flow_that_begins_the_other_way_counts_its_own_way():
    ask = service(ethernet(ipv4(tcp(4000, 80))))
    reply = service(ethernet(ipv4(tcp(80, 4000), "10.0.0.8", "10.0.0.3"), CAROL, ALICE), 2)
    asked, replied = ethernet(ask, kind=0x894F), ethernet(reply, BOB, ALICE, kind=0x894F)
    table = table_of([asked, replied, replied, replied])
    (outer,) = (flow for flow in map(as_json, table.flows()) if flow["LayersPath"] == "Ethernet/NSH")
    assert (outer["Metric"]["ABPackets"], outer["Metric"]["BAPackets"]) == (1, 3)


def test_a_connection_that_begins_again_has_a_first_answer_of_its_own():
    ask = ethernet(ipv4(tcp(4000, 80, SYN)))
    refuse = ethernet(ipv4(tcp(80, 4000, RST), "10.0.0.8", "10.0.0.3"), BOB, ALICE)
    (flow,) = table_of([ask, refuse, ask, refuse]).flows()
    assert flow.first_ba_ns is not None
    assert flow.first_ba_ns > flow.start_ns
