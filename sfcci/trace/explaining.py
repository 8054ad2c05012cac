"""A lab asked about paths: what its switch holds, and what it says of packets that did not go as they should."""

import contextlib
import re
from collections.abc import Iterable
from dataclasses import replace

from sfcci.chain.journey import Carry
from sfcci.chain.port import mac_number
from sfcci.chain.table import CLASSIFY, IPV6, MPLS, NSH
from sfcci.chain.walk import FRAME
from sfcci.datapath import tracing
from sfcci.datapath.lab import Lab
from sfcci.errors import ToolError, Unreachable
from sfcci.trace.chainpath import ChainPath, Where
from sfcci.trace.meant import Meant, Scene, meant_of, packet_of
from sfcci.trace.passes import Pass
from sfcci.trace.tunnel import Carried

TABLE = re.compile(r"^ *(\d+)\. ", re.MULTILINE)
ECHO = {1: "icmp_type", 58: "icmpv6_type"}
ECHO_TYPES = {"icmp_type": 8, "icmpv6_type": 128}


def meant_now(scene: Scene, lab: Lab) -> Meant:
    """Give what a scene means, with the tables as the lab's switch has them now; those that it should have when it is silent."""
    meant = meant_of(scene)
    with contextlib.suppress(Unreachable):
        return replace(meant, program=lab.held())
    return meant


def explained(paths: Iterable[ChainPath], meant: Meant, lab: Lab) -> tuple[ChainPath, ...]:
    """Give the paths; those on which the switch did something wrong with what it says of such a packet now.

    The answer may be another than it was when the packet passed, for the switch may have been changed since.
    """
    found = tuple(paths)
    if not any(path.at for path in found):
        return found
    try:
        with tracing.lab_switch(lab, named=True) as carry:
            return tuple(_explained(path, meant, carry) if path.at else path for path in found)
    except (ToolError, Unreachable):  # a switch that has died cannot be asked; what was seen is seen
        return found


def _explained(path: ChainPath, meant: Meant, carry: Carry) -> ChainPath:
    packet = _packet(path.at, meant) if path.at else None
    if packet is None:
        return path
    told = carry(packet).told
    where = path.where
    if where is Where.SWITCH and len(path.hops) == 1 and not _classified(told):
        where = Where.CLASSIFIER
    return replace(path, told=told, where=where)


def _classified(told: str) -> bool:
    """Whether a packet came as far as the classifiers."""
    return any(int(number) >= CLASSIFY for number in TABLE.findall(told))


def _packet(one: Pass, meant: Meant) -> dict[str, int] | None:
    """The frame as the switch is asked about it; None for what ofproto/trace cannot be asked."""
    port = meant.port(one.port)
    if port is None or len(one.encap) > 1:
        return None
    found = packet_of(one.flow, port.number)
    found |= {"eth_src": mac_number(one.eth_src), "eth_dst": mac_number(one.eth_dst), "ip_frag": 0}
    if name := ECHO.get(one.flow.protocol):
        found[name] = ECHO_TYPES[name]
    return _inside(found, one.encap[0]) if one.encap else found


def _inside(packet: dict[str, int], around: Carried) -> dict[str, int] | None:
    """The packet in what it is carried in; None for what no chain carries packets in."""
    match around:
        case ("mpls", int(number), int(ttl)):
            sixth = packet["eth_type"] == IPV6  # which one label's traffic class tells (`flows_chain`)
            return {**packet, "eth_type": MPLS, "mpls_label": number, "mpls_tc": int(sixth), "mpls_ttl": ttl}
        case ("nsh", int(spi), int(si), *_):
            below = {f"below_{name}": packet[name] for name in FRAME}
            return {**packet, **below, "eth_type": NSH, "nsh_mdtype": 1, "nsh_spi": spi, "nsh_si": si}
    return None
