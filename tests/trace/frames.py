"""Frames to look at, made of layers: the last argument of each is what lies behind the header."""

import struct

NS = 1_700_000_000_000_000_000
ALICE, BOB, CAROL = (bytes.fromhex(f"fa163e0000{octet}") for octet in ("10", "20", "30"))
SYN, ACK, FIN, RST = 2, 16, 1, 4


def ethernet(payload, src=ALICE, dst=BOB, kind=0x0800, vlans=()):
    tags = b"".join(b"\x81\x00" + struct.pack("!H", vlan) for vlan in vlans)
    return dst + src + tags + struct.pack("!H", kind) + payload


def ipv4(payload, src="10.0.0.3", dst="10.0.0.8", protocol=6, fragment=0x4000, identifier=7, ttl=64):
    ends = b"".join(bytes(map(int, address.split("."))) for address in (src, dst))
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identifier, fragment, ttl, protocol, 0)
    return head + ends + payload


def ipv6(payload, src=b"\xfd" + bytes(14) + b"\x03", dst=b"\xfd" + bytes(14) + b"\x08", following=6):
    return struct.pack("!IHBB", 6 << 28, len(payload), following, 64) + src + dst + payload


def tcp(sport=43210, dport=80, flags=ACK, payload=b"", seq=1):
    return struct.pack("!HHIIBBHHH", sport, dport, seq, 1, 5 << 4, flags, 512, 0, 0) + payload


def udp(sport=4000, dport=53, payload=b"x" * 20):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def echo(kind=8, identifier=77, sequence=1):
    return struct.pack("!BBHHH", kind, 0, 0, identifier, sequence) + b"ping" * 4


def label(payload, value=511, ttl=255, bottom=1):
    return struct.pack("!I", value << 12 | bottom << 8 | ttl) + payload


def service(payload, spi=1, si=255, following=3, metadata=16, kind=1):
    words = 2 + metadata // 4
    return struct.pack("!HBBI", 63 << 6 | words, kind, following, spi << 8 | si) + bytes(metadata) + payload


def vxlan(payload, vni=10, flags=8, following=0):
    return struct.pack("!BxxBI", flags, following, vni << 8) + payload


def geneve(payload, vni=10, kind=0x6558, options=b""):
    return struct.pack("!BBHI", len(options) // 4, 0, kind, vni << 8) + options + payload


def gre(payload, kind=0x0800, key=None):
    flags = 0 if key is None else 0x2000
    return struct.pack("!HH", flags, kind) + (b"" if key is None else struct.pack("!I", key)) + payload


def request(src=ALICE, dst=BOB, flags=ACK, vlans=()):
    """A segment from 10.0.0.3:43210 to 10.0.0.8:80."""
    return ethernet(ipv4(tcp(flags=flags)), src, dst, vlans=vlans)


def answer(src=BOB, dst=ALICE, flags=ACK, vlans=()):
    """A segment of the other direction."""
    return ethernet(ipv4(tcp(80, 43210, flags), "10.0.0.8", "10.0.0.3"), src, dst, vlans=vlans)


def carried(packet, how):
    """The same packet, in a frame of its own or carried: how a chain hands it from node to node."""
    frame = ethernet(packet)
    return {
        "plain": frame,
        "vlan": ethernet(packet, vlans=(5,)),
        "tags": ethernet(packet, vlans=(8, 10)),
        "label": ethernet(label(packet), kind=0x8847),
        "labels": ethernet(label(label(packet), bottom=0), kind=0x8847),
        "service": ethernet(service(frame), kind=0x894F),
        "service of IP": ethernet(service(packet, following=1, metadata=0, kind=2), kind=0x894F),
        "VXLAN": ethernet(ipv4(udp(55555, 4789, vxlan(frame)), "172.16.0.1", "172.16.0.2", 17)),
        "VXLAN-GPE": ethernet(
            ipv4(udp(55555, 4790, vxlan(service(frame), 10, 12, 4)), "172.16.0.1", "172.16.0.2", 17)
        ),
        "Geneve": ethernet(
            ipv4(udp(55555, 6081, geneve(frame, options=bytes(8))), "172.16.0.1", "172.16.0.2", 17)
        ),
        "GRE": ethernet(ipv4(gre(packet, key=9), "172.16.0.1", "172.16.0.2", 47)),
        "GRE and label": ethernet(ipv4(gre(label(packet), 0x8847), "172.16.0.1", "172.16.0.2", 47)),
        "label over UDP": ethernet(ipv4(udp(55555, 6635, label(packet)), "172.16.0.1", "172.16.0.2", 17)),
        "label and Ethernet over GRE": ethernet(
            ipv4(gre(label(frame), 0x8847), "172.16.0.1", "172.16.0.2", 47)
        ),
    }[how]


HOW = (
    "plain", "vlan", "tags", "label", "labels", "service", "service of IP", "VXLAN", "VXLAN-GPE", "Geneve", "GRE",
    "GRE and label", "label over UDP", "label and Ethernet over GRE",
)  # fmt: skip
