"""What a function that translates addresses and ports makes of one packet, as its group's mapping says."""

from collections.abc import Mapping
from ipaddress import ip_network

from sfcci.chain.model import PortPairGroup, Rewrite
from sfcci.chain.ntuple import IPV6, NAMES
from sfcci.chain.walk import Packet

SIDES = {"source": "src", "destination": "dst"}
OTHER = {"src": "dst", "dst": "src"}


def rewritten(packet: Packet, group: PortPairGroup, *, back: bool) -> dict[str, int]:
    """Give the packet behind the group's functions; `back`: it is an answer, and comes from their far side.

    What stands within a prefix or a range keeps its place in it.
    """
    before, after = (group.outgoing, group.incoming) if back else (group.incoming, group.outgoing)
    found = dict(packet)
    for side, end in SIDES.items():
        where = OTHER[end] if back else end
        _address(found, _layer(packet) + where, getattr(after, f"{side}_ip_prefix"))
        if name := NAMES.get(packet.get("nw_proto", -1)):
            _port(found, f"{name}_{where}", before, after, side)
    return found


def restored(packet: Packet, before: Packet, after: Packet) -> dict[str, int]:
    """Give an answer as it is behind the function that once made `after` of `before`: what it changed is put back."""
    found = dict(packet)
    for name in _tuple_fields(packet):
        stem, _, end = name.rpartition("_")
        answered = f"{stem}_{OTHER[end]}"
        if before[name] != after[name] and packet[answered] == after[name]:
            found[answered] = before[name]
    return found


def answer(packet: Packet) -> dict[str, int]:
    """Give the packet that answers this one: sender and receiver change places, in every layer."""
    found = dict(packet)
    for name in (*_tuple_fields(packet), "eth_src", "eth_dst"):
        stem, _, end = name.rpartition("_")
        found[f"{stem}_{OTHER[end]}"] = packet[name]
    return found


def _tuple_fields(packet: Packet) -> tuple[str, ...]:
    name = NAMES.get(packet.get("nw_proto", -1))
    layers = (_layer(packet), f"{name}_") if name else (_layer(packet),)
    return tuple(f"{layer}{end}" for layer in layers for end in OTHER)


def _layer(packet: Mapping[str, int]) -> str:
    return "ipv6_" if packet["eth_type"] == IPV6 else "ip_"


def _address(packet: dict[str, int], name: str, prefix: str | None) -> None:
    if prefix is None or (":" in prefix) != name.startswith("ipv6"):
        return
    network = ip_network(prefix, strict=False)
    packet[name] = int(network.network_address) | (packet[name] & int(network.hostmask))


def _port(packet: dict[str, int], name: str, before: Rewrite, after: Rewrite, side: str) -> None:
    low, high = (getattr(after, f"{side}_port_range_{end}") for end in ("min", "max"))
    if low is None and high is None:
        return
    first = getattr(before, f"{side}_port_range_min") or 0
    low = low or 0
    moved = packet[name] - first + low
    packet[name] = moved if low <= moved <= (65535 if high is None else high) else low
