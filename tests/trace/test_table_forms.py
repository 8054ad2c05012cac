"""Every form of packet that captures of the field have becomes the flows that it is."""

import struct

import pytest
from frames import ALICE, BOB, NS, echo, ethernet, gre, ipv4, ipv6, label, service, tcp, udp, vxlan

from sfcci.trace.flow_json import as_json
from sfcci.trace.table import FlowTable

PING = ipv4(echo(), "10.10.25.1", "192.168.1.2", 1)
SCTP = struct.pack("!HHII", 1000, 2000, 1, 0) + b"\0\0\0\4"
ERSPAN = struct.pack("!HHI", 0x1000, 0x88BE, 5) + b"\x10\x01\0\x64\0\0\0\0" + ethernet(PING)
HOP_BY_HOP, DESTINATION = b"\x3c\0" + bytes(6), b"\x06\0" + bytes(6)
LLDP = b"\x02\x07\x04" + b"a" * 6 + b"\x04\x02\x07a\x06\x02\0\x78\0\0"
MILLISECOND = 1_000_000


def tunnel(payload, port, source=4000):
    return ethernet(ipv4(udp(source, port, payload), "172.16.0.1", "172.16.0.2", 17))


def flows_of(*frames, **asked):
    table = FlowTable("node", "capture", **asked)
    for number, frame in enumerate(frames):
        octets, length = frame if isinstance(frame, tuple) else (frame, len(frame))
        table.add(NS + number * MILLISECOND, octets, length)
    return [as_json(flow) for flow in table.flows()]


FORMS = {
    "GRE in GRE": (
        ethernet(ipv4(gre(ipv4(gre(PING), "10.10.11.2", "10.10.13.2", 47)), "72.0.0.1", "86.0.0.1", 47)),
        {"Ethernet/IPv4/GRE": 106, "IPv4/GRE": 68, "IPv4/ICMPv4": 44},
    ),
    "ERSPAN II": (
        ethernet(ipv4(ERSPAN, "172.16.0.1", "172.16.0.2", 47)),
        {"Ethernet/IPv4/GRE": 108, "Ethernet/IPv4/ICMPv4": 58},
    ),
    "Contrail's label over UDP, with Ethernet": (
        tunnel(label(ethernet(ipv4(tcp()))), 51234),
        {"Ethernet/IPv4/UDP/MPLS": 100, "Ethernet/IPv4/TCP": 54},
    ),
    "Contrail's label over UDP, without": (
        tunnel(label(PING), 51234),
        {"Ethernet/IPv4/UDP/MPLS": 90, "IPv4/ICMPv4": 44},
    ),
    "service header over VXLAN-GPE": (
        tunnel(vxlan(service(PING, following=1, metadata=8, kind=2), 10, 12, 4), 4790),
        {"Ethernet/IPv4/UDP/VXLAN": 110, "NSH": 60, "IPv4/ICMPv4": 44},
    ),
    "ICMP behind a tag": (ethernet(PING, vlans=(8,)), {"Ethernet/Dot1Q/IPv4/ICMPv4": 62}),
    "NTP, cut off": (ethernet(ipv4(udp(40820, 123, b"ntp!"), protocol=17)), {"Ethernet/IPv4/UDP": 46}),
    "SCTP": (ethernet(ipv4(SCTP, protocol=132)), {"Ethernet/IPv4/SCTP": 50}),
    "IPv6 with options": (
        ethernet(ipv6(HOP_BY_HOP + DESTINATION + tcp(), following=0), kind=0x86DD),
        {"Ethernet/IPv6/IPv6HopByHop/IPv6Destination/TCP": 90},
    ),
    "LLDP": (ethernet(LLDP, kind=0x88CC), {"Ethernet/LinkLayerDiscovery": 33}),
    "IP that is said to be Ethernet": (ipv4(tcp(), "10.171.169.243", "192.168.255.1"), {"Ethernet": 40}),
}


@pytest.mark.parametrize("mode", [{}, {"mode": "L3"}, {"tcp_metrics": True, "defragment": True, "dns": True}])
@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_flows_that_it_is(form, mode):
    frame, expected = FORMS[form]
    found = flows_of(frame, frame, **mode)
    assert {flow["LayersPath"]: flow["Metric"]["ABBytes"] / 2 for flow in found} == expected
    assert {flow["Metric"]["ABPackets"] for flow in found} == {2}
    uuids = [flow["UUID"] for flow in found]
    assert [flow["ParentUUID"] for flow in found] == ["", *uuids[:-1]]


def test_the_right_link_type_makes_ip_of_it():
    (flow,) = flows_of(FORMS["IP that is said to be Ethernet"][0], link_type=12)
    assert (flow["LayersPath"], flow["Network"]["A"]) == ("IPv4/TCP", "10.171.169.243")


def test_a_ping_that_the_capture_cut_has_its_own_length_and_its_time():
    there, back = (
        ethernet(ipv4(echo(kind, 10222) + bytes(1008), *ends, 1), *macs)
        for kind, ends, macs in (
            (8, ("10.0.0.3", "10.0.0.8"), (ALICE, BOB)),
            (0, ("10.0.0.8", "10.0.0.3"), (BOB, ALICE)),
        )
    )
    (flow,) = flows_of((there[:96], 1066), (back[:96], 1066))
    metric = flow["Metric"]
    assert [metric[name] for name in ("ABBytes", "BABytes", "RTT")] == [1066, 1066, MILLISECOND]


def test_with_extension_headers_or_without_it_is_one_flow_with_one_id():
    frame = FORMS["IPv6 with options"][0]
    for frames in ((frame, ethernet(ipv6(tcp()), kind=0x86DD)), (ethernet(ipv6(tcp()), kind=0x86DD), frame)):
        (flow,) = flows_of(*frames)
        assert (flow["Metric"]["ABPackets"], flow["Transport"]["B"]) == (2, 80)


@pytest.mark.parametrize(("asked", "many"), [({}, 2), ({"defragment": True}, 1), ({"mode": "L3"}, 2)])
def test_fragments_are_flows_of_their_own_unless_they_are_put_together(asked, many):
    whole = echo() + bytes(1500)
    frames = (
        ethernet(ipv4(whole[:1480], protocol=1, fragment=0x2000)),
        ethernet(ipv4(whole[1480:], protocol=1, fragment=1480 // 8)),
    )
    found = flows_of(*frames, **asked)
    assert len(found) == many
    assert sum(flow["Metric"]["ABBytes"] for flow in found) == sum(map(len, frames))
