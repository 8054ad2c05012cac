"""Route netlink's octets: what is asked, what is read, and that nothing a kernel may send is an error."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from sfcci.trace import netlink
from sfcci.trace.netlink import Address, Done, Heard, Hop, Link, NamespaceId, Neighbour, Refused, Route


def attribute(number, data):
    return struct.pack("=HH", 4 + len(data), number) + data + bytes(-len(data) % 4)


def u32(value):
    return struct.pack("=I", value)


def message(about, body, *, seq=0, flags=0):
    return struct.pack("=IHHII", 16 + len(body), about, flags, seq, 0) + body


def link(*own, about=16, ifindex=3, family=0, arp=1, flags=0x1043, **more):
    return message(about, struct.pack("=BxHiII", family, arp, ifindex, flags, 0) + b"".join(own), **more)


def read(data):
    return list(netlink.read(memoryview(data)))


def told(data):
    return [heard.fact for heard in read(data)]


def test_a_cable_tells_its_other_end_and_the_namespace_of_that():
    about = attribute(18, attribute(1, b"veth\0"))
    own = (
        attribute(3, b"tap0\0"),
        attribute(1, bytes.fromhex("fa163e22 99ed")),
        attribute(4, u32(1500)),
        attribute(5, u32(7)),
        attribute(37, struct.pack("=i", 2)),
        about,
    )
    assert told(link(*own)) == [Link(3, "tap0", "veth", "ether", 0x1043, "fa:16:3e:22:99:ed", 1500, 0, 7, 2)]


def test_numbers_of_a_vlan_a_tunnel_and_a_bond_are_read_by_their_kind():
    def of(kind, data):
        return told(
            link(attribute(3, b"x\0"), attribute(18, attribute(1, kind + b"\0") + attribute(2, data)))
        )[0]

    assert of(b"vlan", attribute(1, struct.pack("=H", 42))).vlan == 42
    assert of(b"vxlan", attribute(1, u32(77))).vni == 77
    assert of(b"geneve", attribute(1, u32(78))).vni == 78
    assert of(b"bond", attribute(1, b"\x01")).bond_mode == "active-backup"
    assert of(b"bond", attribute(1, b"\x77")).bond_mode == ""
    assert of(b"dummy", attribute(1, u32(5)))[-4:] == (-1, -1, "", ())


def test_a_link_that_leaves_a_bridge_has_not_left_the_machine():
    assert told(link(attribute(3, b"tap0\0"), about=17, family=7)) == []


def test_addresses_routes_and_neighbours_are_read_in_their_words():
    address = (
        struct.pack("=BBBBI", 2, 24, 0, 0, 5)
        + attribute(1, bytes([10, 0, 0, 9]))
        + attribute(2, bytes([10, 0, 0, 3]))
    )
    assert told(message(20, address)) == [Address(5, 2, "10.0.0.3/24")]
    sixth = struct.pack("=BBBBI", 10, 64, 0, 0, 5) + attribute(1, bytes([0xFD, *bytes(14), 2]))
    assert read(message(21, sixth)) == [Heard(Address(5, 10, "fd00::2/64"), removed=True)]
    route = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0)
    route += (
        attribute(5, bytes([10, 0, 0, 1]))
        + attribute(4, u32(5))
        + attribute(6, u32(100))
        + attribute(15, u32(10001))
    )
    assert told(message(24, route)) == [Route(2, 10001, "0.0.0.0/0", 0, 100, 3, 1, (Hop(5, "10.0.0.1"),))]
    neighbour = (
        struct.pack("=BxxxiHBB", 2, 5, 2, 0, 1) + attribute(1, bytes([10, 0, 0, 8])) + attribute(2, bytes(6))
    )
    assert told(message(28, neighbour)) == [Neighbour(5, 2, "10.0.0.8", "00:00:00:00:00:00", 2, 0, 0, 0)]


def test_a_route_of_several_ways_has_them_all():
    hop = attribute(5, bytes([10, 0, 0, 1]))
    ways = struct.pack("=HBBi", 8 + len(hop), 0, 0, 5) + hop + struct.pack("=HBBi", 8, 0, 0, 6)
    body = (
        struct.pack("=BBBBBBBBI", 2, 16, 0, 0, 254, 3, 0, 1, 0)
        + attribute(1, bytes([10, 1, 0, 0]))
        + attribute(9, ways)
    )
    assert told(message(24, body))[0].hops == (Hop(5, "10.0.0.1"), Hop(6, ""))


def test_a_gateway_of_the_other_version_is_a_gateway():
    via = struct.pack("=H", 10) + bytes([0xFE, 0x80, *bytes(13), 1])
    body = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0) + attribute(18, via) + attribute(4, u32(5))
    assert told(message(24, body))[0].hops == (Hop(5, "fe80::1"),)


def test_ends_and_refusals_say_of_which_request_they_are():
    assert read(message(3, struct.pack("=i", 0), seq=9, flags=0x12)) == [Heard(Done(), 9, torn=True)]
    assert read(message(2, struct.pack("=i", -1), seq=4)) == [Heard(Refused(1), 4)]
    body = struct.pack("=Bxxx", 0) + attribute(1, struct.pack("=i", -1))
    assert read(message(88, body, seq=5)) == [Heard(NamespaceId(-1), 5)]


def test_requests_are_what_the_kernel_reads():
    assert netlink.ask_addresses(7) == struct.pack("=IHHII", 24, 22, 0x301, 7, 0) + bytes(8)
    assert netlink.ask_namespace_id(8, 33) == struct.pack("=IHHII", 28, 90, 1, 8, 0) + bytes(4) + attribute(
        3, u32(33)
    )
    assert len(netlink.ask_links(1)) == len(netlink.ask_links(1, counters=True)) + 8


def test_counters_come_by_their_names():
    own = (attribute(3, b"x\0"), attribute(23, struct.pack("=25Q", *range(25))))
    assert dict(zip(netlink.COUNTERS, told(link(*own))[0].counters, strict=True))["TxBytes"] == 3


@given(
    st.binary(max_size=200),
    st.sampled_from([16, 17, 20, 21, 24, 25, 28, 29, 88, 2, 3, 99]),
    st.binary(max_size=60),
)
def test_whatever_comes_is_read_or_left_out(body, about, rest):
    for heard in read(message(about, body) + rest):
        assert isinstance(heard, Heard)
    read(body)


@given(st.data())
def test_a_message_that_is_cut_off_tells_no_more_than_the_whole(data):
    whole = link(attribute(3, b"tap0\0"), attribute(4, u32(1500))) + message(3, bytes(4))
    cut = data.draw(st.integers(0, len(whole)))
    assert told(whole[:cut]) in ([], told(whole)[:1], told(whole))
