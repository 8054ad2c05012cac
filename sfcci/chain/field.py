"""The fields of a packet on the switch: how wide each is, how ovs-ofctl writes its values. Source: ovs-fields(7)."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address

WIDTHS: Mapping[str, int] = {
    "in_port": 32,
    "packet_type": 32,
    "tun_id": 64,
    "tun_src": 32,
    "tun_dst": 32,
    "tun_ipv6_src": 128,
    "tun_ipv6_dst": 128,
    "reg0": 32,
    "reg1": 32,
    "reg2": 32,
    "reg3": 32,
    "reg12": 32,
    "reg13": 32,
    "reg14": 32,
    "reg15": 32,
    "xxreg1": 128,
    "xxreg2": 128,
    "eth_type": 16,
    "eth_src": 48,
    "eth_dst": 48,
    "mpls_label": 20,
    "mpls_tc": 3,
    "nsh_mdtype": 4,
    "nsh_spi": 24,
    "nsh_si": 8,
    "nw_proto": 8,
    "ip_frag": 2,
    "ip_src": 32,
    "ip_dst": 32,
    "ipv6_src": 128,
    "ipv6_dst": 128,
    "icmpv6_type": 8,
    "tcp_src": 16,
    "tcp_dst": 16,
    "udp_src": 16,
    "udp_dst": 16,
}
"""Field → width in bits. Order: prerequisites in front, as they are printed."""
REGISTERS = tuple(name for name in WIDTHS if "reg" in name)
"""Those that are no packet's but the switch's own, 0 at the start. xxreg1 is reg4 to reg7, xxreg2 reg8 to reg11."""
TUNNEL_FIELDS = tuple(name for name in WIDTHS if name.startswith("tun_"))
"""Those of the tunnel that a packet came by or goes into."""
LATE_FRAGMENT = 3
"""`ip_frag` of every fragment but the first: it has no ports."""


def _hex(value: int) -> str:
    return f"0x{value:x}"


def _mac(value: int) -> str:
    return ":".join(f"{byte:02x}" for byte in value.to_bytes(6, "big"))


def _ip(value: int) -> str:
    return str(IPv4Address(value))


def _ipv6(value: int) -> str:
    return str(IPv6Address(value))


def _packet_type(value: int) -> str:
    return f"({value >> 16},{value & 0xFFFF:#x})"


def _fragment(value: int) -> str:
    return {0: "no", 1: "first", LATE_FRAGMENT: "later"}[value]


_SPELLINGS: Mapping[str, Callable[[int], str]] = {
    "in_port": str,
    "packet_type": _packet_type,
    "tun_src": _ip,
    "tun_dst": _ip,
    "tun_ipv6_src": _ipv6,
    "tun_ipv6_dst": _ipv6,
    "eth_type": _hex,
    "nw_proto": str,
    "icmpv6_type": str,
    "mpls_label": str,
    "mpls_tc": str,
    "nsh_mdtype": str,
    "nsh_si": str,
    "eth_src": _mac,
    "eth_dst": _mac,
    "ip_frag": _fragment,
    "ip_src": _ip,
    "ip_dst": _ip,
    "ipv6_src": _ipv6,
    "ipv6_dst": _ipv6,
}


def spelled(name: str, value: int) -> str:
    """Give a field's value as ovs-ofctl writes it."""
    return _SPELLINGS.get(name, _hex)(value)
