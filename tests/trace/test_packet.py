import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.trace import packet
from sfcci.trace.packet import FiveTuple, MplsLabel, decode

ETHERNET = bytes.fromhex("020000000002 020000000001")
MACS = {"eth_src": "02:00:00:00:00:01", "eth_dst": "02:00:00:00:00:02"}


def ipv4(payload=b"", protocol=packet.UDP, ttl=64, fragment=0, length=None, first=0x45):
    total = 20 + len(payload) if length is None else length
    addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    return struct.pack("!BBHHHBBH", first, 0, total, 1, fragment, ttl, protocol, 0) + addresses + payload


def ipv6(payload=b"", following=packet.UDP):
    addresses = bytes.fromhex("fd00" + "00" * 13 + "01" + "fd00" + "00" * 13 + "02")
    return struct.pack("!IHBB", 6 << 28, len(payload), following, 63) + addresses + payload


def udp(payload=b"", sport=4000, dport=53):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def tcp(payload=b"", flags=packet.SYN, words=5):
    return struct.pack("!HHIIBBHHH", 40000, 80, 1, 0, words << 4, flags, 0, 0, 0) + payload


def frame(ethertype, payload, *tags):
    return ETHERNET + b"".join(tags) + struct.pack("!H", ethertype) + payload


def label(value, bottom, ttl=255):
    return struct.pack("!I", value << 12 | bottom << 8 | ttl)


def classic_pcap(data):
    """Frames of a classic pcap file (magic, 24 octets; then 16 octets and the frame, each)."""
    order = "<" if data[:4] in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"} else ">"
    at, frames = 24, []
    while at < len(data):
        _, _, kept, _ = struct.unpack_from(order + "IIII", data, at)
        frames.append(data[at + 16 : at + 16 + kept])
        at += 16 + kept
    return frames


def test_a_udp_datagram_gives_its_addresses_ports_and_payload_length():
    seen = decode(frame(0x0800, ipv4(udp(b"hello"))))
    assert seen == packet.Packet(
        **MACS,
        ethertype=0x0800,
        ip_version=4,
        src="10.0.0.1",
        dst="10.0.0.2",
        ttl=64,
        protocol=17,
        ip_id=1,
        sport=4000,
        dport=53,
        payload_length=5,
    )
    assert seen.five_tuple == FiveTuple("10.0.0.1", "10.0.0.2", 17, 4000, 53)


def test_padding_of_a_short_frame_is_no_payload():
    seen = decode(frame(0x0800, ipv4(tcp(flags=packet.ACK), protocol=6)) + b"\0" * 6)
    assert (seen.payload_length, seen.tcp_flags, seen.truncated) == (0, packet.ACK, False)


def test_padding_is_not_read_as_a_header():
    seen = decode(frame(0x0800, ipv4(b"", protocol=packet.TCP)) + tcp())
    assert (seen.dst, seen.sport, seen.truncated) == ("10.0.0.2", None, True)


def test_tcp_options_are_not_payload():
    assert decode(frame(0x0800, ipv4(tcp(b"\1" * 12 + b"GET", words=8), protocol=6))).payload_length == 3


def test_vlan_tags_are_told_from_the_outermost():
    tags = (struct.pack("!HH", 0x88A8, 8), struct.pack("!HH", 0x8100, 0xE00A))
    seen = decode(frame(0x0800, ipv4(udp()), *tags))
    assert (seen.vlans, seen.ethertype, seen.dport) == ((8, 10), 0x0800, 53)


def test_a_label_stack_is_told_from_the_outermost_and_the_packet_below_it_too():
    seen = decode(frame(0x8847, label(511, 0) + label(512, 1, 254) + ipv4(udp())))
    assert seen.mpls == (MplsLabel(511, 0, False, 255), MplsLabel(512, 0, True, 254))
    assert (seen.ethertype, seen.dst, seen.dport) == (0x8847, "10.0.0.2", 53)


def service_header(following, spi=1, si=255, length=6, version=0):
    return struct.pack("!HBBI", version << 14 | 63 << 6 | length, 1, following, spi << 8 | si) + bytes(
        max(0, 4 * length - 8)
    )


def test_a_service_header_is_read_and_the_packet_below_it_too():
    inner = ipv4(udp(b"abc"))
    for following, behind in ((3, frame(packet.ETHERTYPE_IPV4, inner)), (1, inner)):
        found = decode(frame(packet.ETHERTYPE_NSH, service_header(following, 258, 254) + behind))
        assert (found.nsh, found.ethertype) == (packet.ServiceHeader(258, 254, 63), packet.ETHERTYPE_NSH)
        assert (found.sport, found.dport, found.payload_length, found.truncated) == (4000, 53, 3, False)
    sixth = decode(frame(packet.ETHERTYPE_NSH, service_header(2) + ipv6(udp())))
    assert sixth.ip_version == 6
    metadata = decode(frame(packet.ETHERTYPE_NSH, service_header(1, length=2) + inner))
    assert metadata.dport == 53
    assert decode(frame(packet.ETHERTYPE_NSH, service_header(1, version=1) + inner)).truncated
    assert decode(frame(packet.ETHERTYPE_NSH, service_header(1, length=1) + inner)).truncated


def test_a_segment_tells_its_acknowledgement():
    assert decode(frame(packet.ETHERTYPE_IPV4, ipv4(tcp(), packet.TCP))).tcp_ack is not None


def test_ipv6_is_read_behind_its_extension_headers():
    hop_by_hop = bytes([60, 0]) + b"\1\4\0\0\0\0"
    options = bytes([packet.TCP, 1]) + b"\0" * 14
    seen = decode(frame(0x86DD, ipv6(hop_by_hop + options + tcp(b"x"), following=0)))
    assert (seen.src, seen.dst, seen.ttl, seen.protocol) == ("fd00::1", "fd00::2", 63, packet.TCP)
    assert (seen.dport, seen.payload_length) == (80, 1)


def test_only_the_first_fragment_has_ports():
    first = decode(frame(0x0800, ipv4(udp(b"12345678"), fragment=0x2000)))
    later = decode(frame(0x0800, ipv4(udp(), fragment=2)))
    assert (first.fragment, first.dport) == (True, 53)
    assert (later.fragment, later.dport, later.payload_length) == (True, None, 8)


def test_a_later_fragment_of_ipv6_has_no_ports():
    fragment = struct.pack("!BBHI", packet.UDP, 0, 8 << 3 | 1, 7)
    seen = decode(frame(0x86DD, ipv6(fragment + udp(), following=44)))
    assert (seen.protocol, seen.fragment, seen.dport, seen.truncated) == (packet.UDP, True, None, False)


def test_an_echo_request_gives_its_identifier_and_sequence():
    seen = decode(frame(0x0800, ipv4(struct.pack("!BBHHH", 8, 0, 0, 77, 3) + b"ping", protocol=1)))
    assert (seen.icmp_type, seen.icmp_code, seen.icmp_id, seen.icmp_seq) == (8, 0, 77, 3)
    assert (seen.payload_length, seen.icmp_inner) == (4, None)


@pytest.mark.parametrize(
    ("quoted", "inner"),
    [
        (ipv4(udp()), FiveTuple("10.0.0.1", "10.0.0.2", 17, 4000, 53)),
        (ipv4(tcp(), protocol=6)[:28], FiveTuple("10.0.0.1", "10.0.0.2", 6, 40000, 80)),
        (ipv4(b"\x08\0\0\0\0\1\0\1", protocol=1), FiveTuple("10.0.0.1", "10.0.0.2", 1)),
        (ipv4()[:12], None),
    ],
    ids=["udp", "tcp, eight octets of it", "echo", "cut off"],
)
def test_an_icmp_error_tells_of_the_packet_that_it_quotes(quoted, inner):
    error = struct.pack("!BBHI", 11, 0, 0, 0) + quoted
    seen = decode(frame(0x0800, ipv4(error, protocol=1)))
    assert (seen.icmp_type, seen.icmp_inner, seen.truncated) == (11, inner, False)


def test_errors_about_errors_do_not_nest():
    quoted = b""
    for _ in range(3000):
        quoted = ipv4(struct.pack("!BBHI", 3, 1, 0, 0), protocol=1, length=0) + quoted
    assert decode(frame(0x0800, quoted)).icmp_inner == FiveTuple("10.0.0.1", "10.0.0.2", 1)


def test_deep_stacks_do_not_recurse():
    assert len(decode(frame(0x0800, b"", *[struct.pack("!HH", 0x8100, 5)] * 20_000)).vlans) == 20_000
    assert len(decode(frame(0x8847, label(7, 0) * 20_000)).mpls) == 20_000


def test_a_frame_that_the_capture_cut_says_so_and_keeps_its_headers():
    seen = decode(frame(0x0800, ipv4(udp(b"x" * 500)))[:60])
    assert (seen.dport, seen.payload_length, seen.truncated) == (53, 500, True)


@pytest.mark.parametrize(
    "hostile",
    [
        frame(0x0800, ipv4(udp(), first=0x44)),
        frame(0x0800, ipv4(udp(), first=0x65)),
        frame(0x0800, ipv4(udp(), length=19)),
        frame(0x0800, ipv4(tcp(words=4), protocol=6)),
        frame(0x0800, ipv4(tcp(words=15), protocol=6)),
        frame(0x86DD, b"\x45" + ipv6(udp())[1:]),
        ETHERNET[:9],
        b"",
    ],
)
def test_lengths_that_contradict_each_other_are_no_packet_to_trust(hostile):
    seen = decode(hostile)
    assert seen.truncated
    assert seen.payload_length == 0


WHOLE = (
    frame(0x0800, ipv4(udp(b"hello"))),
    frame(0x0800, ipv4(tcp(b"GET / HTTP/1.1"), protocol=6), struct.pack("!HH", 0x8100, 5)),
    frame(0x8847, label(511, 0) + label(512, 1) + ipv4(udp(b"x"))),
    frame(0x86DD, ipv6(bytes([17, 0]) + b"\0" * 6 + udp(b"x"), following=60)),
    frame(0x0800, ipv4(struct.pack("!BBHI", 11, 0, 0, 0) + ipv4(udp()), protocol=1)),
)


@given(st.sampled_from(WHOLE), st.integers(0, 80))
def test_a_shorter_frame_never_says_something_else(whole, cut):
    full, part = decode(whole), decode(whole[:cut])
    shown = {name: getattr(part, name) for name in packet.Packet.__dataclass_fields__}
    for name in set(shown) - {
        "truncated",
        "payload_length",
        "vlans",
        "mpls",
        "layers",
        "encap",
        "inner",
        "ethertype",
        "icmp_inner",
        "protocol",
    }:
        assert shown[name] in {None, "", b"", False, getattr(full, name)}
    assert full.vlans[: len(part.vlans)] == part.vlans
    for stack in ("mpls", "layers", "encap"):
        assert getattr(full, stack)[: len(getattr(part, stack))] == getattr(part, stack)


@given(st.binary(max_size=200))
def test_any_octets_give_a_packet(octets):
    decode(octets)


@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_frame_gives_a_packet(whole, damage):
    broken = bytearray(whole)
    for at, value in damage:
        broken[at % len(broken)] = value
    assert decode(bytes(broken)).payload_length >= 0


def _flow_key(flow):
    ends = frozenset({flow["Link"]["A"], flow["Link"]["B"]})
    network = flow.get("Network", {})
    return (ends, frozenset({network.get("A"), network.get("B")}))


@pytest.mark.parametrize("name", ["simple-tcpv4", "simple-tcpv6", "dns", "eth-ip4-arp-dns-req-http-google"])
def test_recorded_flows_have_the_recorded_packets_and_ends(shared, name):
    frames = classic_pcap((shared / "data/pcap" / f"{name}.pcap").read_bytes())
    expected = json.loads((shared / "data/pcap/expected.json").read_text())["pcaps"][name]
    flows = expected["flows"]["default"]
    seen = [decode(octets) for octets in frames]
    ports = {frozenset({p.sport, p.dport}) for p in seen if p.sport}
    assert ports >= {frozenset({f["Transport"]["A"], f["Transport"]["B"]}) for f in flows if "Transport" in f}
    ends = {(frozenset({p.eth_src, p.eth_dst}), frozenset({p.src, p.dst})) for p in seen}
    assert ends >= {_flow_key(flow) for flow in flows if flow.get("Network")}
    assert sum(f["Metric"]["ABPackets"] + f["Metric"]["BAPackets"] for f in flows) <= len(frames)
    assert not any(p.truncated for p in seen)


def test_the_recorded_label_of_a_chain_is_read(shared):
    (octets,) = classic_pcap((shared / "data/pcap/sfc-4_brint_mpls.pcap").read_bytes())
    seen = decode(octets)
    assert [(entry.label, entry.ttl, entry.bottom) for entry in seen.mpls] == [(511, 255, True)]
    assert seen.tcp_flags == packet.SYN


def test_four_recorded_tags_are_read(shared):
    octets = classic_pcap((shared / "data/pcap/icmpv4-4vlanQinQ-id-8-10-20-30.pcap").read_bytes())
    assert (8, 10, 20, 30) in {decode(frame).vlans for frame in octets}


def test_every_recording_is_decoded(shared):
    for path in sorted((shared / "data/pcap").glob("*.pcap")):
        for octets in classic_pcap(path.read_bytes()):
            assert decode(octets).ethertype is not None


def test_a_frame_is_read_by_the_link_type_of_its_capture():
    inner = ipv4(udp())
    cooked = struct.pack("!HHH8sH", 0, 1, 6, b"\2\0\0\0\0\1\0\0", 0x0800) + inner
    again = struct.pack("!HxxIHBB8s", 0x0800, 3, 1, 0, 6, b"\2\0\0\0\0\1\0\0") + inner
    kinds = {0: b"\2\0\0\0" + inner, 12: inner, 101: inner, 113: cooked, 276: again, 1: frame(0x0800, inner)}
    for link_type, octets in kinds.items():
        seen = decode(octets, link_type)
        assert (seen.dst, seen.dport, seen.truncated) == ("10.0.0.2", 53, False), link_type
        assert seen.eth_src == ("02:00:00:00:00:01" if link_type in (1, 113, 276) else "")
    assert decode(ipv6(udp()), 101).ip_version == 6
    assert decode(inner, 9999).truncated


def test_frames_that_are_not_ip_name_their_layer():
    asks = (
        bytes.fromhex("0001080006040001") + b"\2" * 6 + bytes([10, 0, 0, 1]) + bytes(6) + bytes([10, 0, 0, 2])
    )
    seen = decode(frame(0x0806, asks))
    assert (seen.layers, seen.arp) == (("Ethernet", "ARP"), (1, "10.0.0.1", "10.0.0.2"))
    assert decode(frame(0x88CC, b"\2\7")).layers == ("Ethernet", "LinkLayerDiscovery")
    assert decode(frame(0x0026, bytes(38))).layers == ("Ethernet", "LLC")


@pytest.mark.parametrize(("port", "name", "least"), [(53, "DNS", 12), (67, "DHCPv4", 240), (123, "NTP", 48)])
def test_a_datagram_too_short_for_its_ports_application_is_just_udp(port, name, least):
    for length, layers in ((least, ("UDP", name)), (least - 1, ("UDP",))):
        datagram = struct.pack("!HHHH", 40820, port, 8 + length, 0) + bytes(length)
        assert decode(frame(0x0800, ipv4(datagram))).layers[2:] == layers


def test_what_a_tunnel_carries_is_a_packet_of_its_own():
    inside = frame(0x0800, ipv4(tcp(), protocol=6))
    vxlan = struct.pack("!BxxBI", 8, 0, 10 << 8) + inside
    seen = decode(frame(0x0800, ipv4(udp(vxlan, dport=4789))))
    assert (seen.dport, seen.number, seen.layers[-1], seen.encap) == (4789, 10, "VXLAN", (("vxlan", 10),))
    assert (seen.inner.dport, seen.inner.eth_src, seen.inner.at) == (80, "02:00:00:00:00:01", 50)
    assert decode(frame(0x0800, ipv4(udp(vxlan, sport=4789)))).inner is None


def test_packets_in_packets_have_an_end():
    packet = ipv4(b"", protocol=47)
    for _ in range(50):
        packet = ipv4(struct.pack("!HH", 0, 0x0800) + packet, protocol=47)
    depth, seen = 0, decode(frame(0x0800, packet))
    while seen.inner:
        depth, seen = depth + 1, seen.inner
    assert (depth, seen.truncated) == (8, True)
