import json

from sfcci.trace.flow_json import as_json, parse_flow
from sfcci.trace.flow_key import ABSENT, getter, keys
from sfcci.trace.table import FlowTable

from .frames import ACK, NS, SYN, answer, carried, ipv4, request, tcp

OURS = {"Encap", "FirstABns", "FirstBAns"}


def flows_of(*frames, **asked):
    table = FlowTable("node", "capture", **asked)
    for number, frame in enumerate(frames):
        table.add(NS + number * 1_000_000, frame, len(frame))
    return list(table.flows())


def test_a_flow_is_written_as_skydive_writes_it_and_with_our_own_fields_behind():
    (flow,) = flows_of(request(flags=SYN), answer(flags=SYN | ACK))
    told = as_json(flow)
    assert told == {
        "UUID": flow.uuid,
        "LayersPath": "Ethernet/IPv4/TCP",
        "Application": "TCP",
        "Link": {"Protocol": "ETHERNET", "A": "fa:16:3e:00:00:10", "B": "fa:16:3e:00:00:20", "ID": 0},
        "Network": {"Protocol": "IPV4", "A": "10.0.0.3", "B": "10.0.0.8", "ID": 0},
        "Transport": {"Protocol": "TCP", "A": 43210, "B": 80, "ID": 0},
        "Metric": {
            "ABPackets": 1,
            "ABBytes": 54,
            "BAPackets": 1,
            "BABytes": 54,
            "Start": NS // 10**6,
            "Last": NS // 10**6 + 1,
            "RTT": 1_000_000,
        },
        "Start": NS // 10**6,
        "Last": NS // 10**6 + 1,
        "TrackingID": flow.tracking_id,
        "L3TrackingID": "942936c3dc588431",
        "ParentUUID": "",
        "NodeTID": "node",
        "CaptureID": "capture",
        "RawPacketsCaptured": 0,
        "FirstABns": NS,
        "FirstBAns": NS + 1_000_000,
    }
    assert set(told) - OURS == set(json.loads(json.dumps(told))) - OURS


def test_what_is_written_is_read_back_the_same():
    frames = [carried(ipv4(tcp()), how) for how in ("tags", "label", "service", "VXLAN", "GRE")]
    for flow in flows_of(*frames, raw_limit=1):
        told = as_json(flow, raw=True)
        assert {**as_json(parse_flow(told), raw=True), "Last": 0} == {**told, "Last": 0}


def test_a_carried_flow_names_its_carrier():
    outer, inner = flows_of(carried(ipv4(tcp()), "label"))
    assert (outer.parent_uuid, inner.parent_uuid) == ("", outer.uuid)
    assert as_json(inner)["Encap"] == [{"Type": "mpls", "Label": 511, "TTL": 255}]


def test_the_same_capture_gives_the_same_names_and_other_places_other_ones():
    first, again = (flows_of(request())[0] for _ in range(2))
    assert first.uuid == again.uuid
    elsewhere = FlowTable("other", "capture")
    elsewhere.add(NS, request(), 54)
    (other,) = elsewhere.flows()
    assert (other.tracking_id, other.uuid == first.uuid) == (first.tracking_id, False)


def test_every_field_can_be_asked_for_by_its_name():
    for flow in flows_of(request(), carried(ipv4(tcp()), "GRE")):
        told = as_json(flow)
        for key in keys(flow):
            value = told
            for name in key.split("."):
                value = value[name]
            assert getter(key)(flow) == value, key


def test_a_layer_is_asked_for_by_both_ends_and_what_is_not_there_is_absent():
    tcp_flow, (outer, _) = flows_of(request())[0], flows_of(carried(ipv4(tcp()), "label"))
    assert getter("Network")(tcp_flow) == ("10.0.0.3", "10.0.0.8")
    assert getter("Transport")(tcp_flow) == (43210, 80)
    absent = ("Network", "Transport.A", "ICMP.Type", "DNS.questions.name", "no.such", "")
    assert {getter(key)(outer) for key in absent} == {ABSENT}
    assert not ABSENT


def test_fields_of_another_version_are_kept():
    told = {"UUID": "u", "Transport": {"Protocol": "TCPPORT", "A": "80", "B": "1"}, "DHCPv4": {"Xid": 1}}
    flow = parse_flow(told)
    assert (flow.port_a, flow.shape.transport_protocol) == (80, "TCP")
    assert as_json(flow)["DHCPv4"] == {"Xid": 1}
    assert parse_flow({}).uuid == ""
