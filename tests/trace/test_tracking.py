import json
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from sfcci.trace import tracking

ADDRESSES = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))
PORTS = st.integers(0, 65535)


def test_xxh64_gives_the_published_values():
    known = {
        b"": 0xEF46DB3751D8E999,
        b"a": 0xD24EC4F1A98C6E5B,
        b"abc": 0x44BC2CF5AD770999,
        b"Nobody inspects the spammish repetition": 0xFBCEA83C8A378BF1,
    }
    assert {data: tracking.xxh64(data) for data in known} == known


@given(ADDRESSES, ADDRESSES, PORTS, PORTS)
def test_both_directions_have_one_id_and_ports_swapped_another(one, other, sport, dport):
    there = tracking.l3_tracking_id(one, other, tracking.ports_part(6, sport, dport))
    assert there == tracking.l3_tracking_id(other, one, tracking.ports_part(6, dport, sport))
    if one != other and sport != dport:
        assert there != tracking.l3_tracking_id(one, other, tracking.ports_part(6, dport, sport))


def test_mac_addresses_make_another_id_the_same_in_both_directions():
    ends, macs = (b"\x0a\0\0\3", b"\x0a\0\0\x08"), (b"\2" * 6, b"\4" * 6)
    there = tracking.tracking_id(macs, *ends, tracking.ports_part(6, 1, 2))
    assert there == tracking.tracking_id(macs[::-1], *ends[::-1], tracking.ports_part(6, 2, 1))
    assert there != tracking.l3_tracking_id(*ends, tracking.ports_part(6, 1, 2))
    assert tracking.tracking_id((b"", b""), *ends) == tracking.l3_tracking_id(*ends)


def _above(case):
    if case["LayersPath"].endswith("VXLAN"):
        return tracking.tunnel_part(10, case["dport"])  # the network's number is not in the file
    if case["l4"]:
        return tracking.ports_part(
            {"TCP": 6, "UDP": 17, "SCTP": 132}[case["l4"]], case["sport"], case["dport"]
        )
    if case["icmp_type"]:
        kind = tracking.ICMP_NAMES.index(case["icmp_type"])
        return tracking.icmp_part(kind, case["icmp_code"], case["icmp_id"])
    return tracking.NOTHING


def test_recorded_ids_are_given(shared):
    for case in json.loads((shared / "data/l3-tracking-ids.json").read_text()):
        ends = (ip_address(case[end]).packed for end in "ab")
        assert f"{tracking.l3_tracking_id(*ends, _above(case)):x}" == case["L3TrackingID"], case
