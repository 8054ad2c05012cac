"""Nodes: machines with a switch each, tunnels between them, and which ports are where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import Final

from sfcci.chain.encapsulation import VXLAN, VXLAN_GPE
from sfcci.chain.port import Ports, mac_number

_OUTER: Final = {4: 20, 6: 40}
_UDP, _TUNNEL, _ETHERNET, _LABEL, _NSH = 8, 8, 14, 4, 24
"""Octets of headers: RFC 768; RFC 7348, RFC 8926 without options; RFC 3032; RFC 8300 with metadata type 1."""


def overhead(encapsulation: str = VXLAN, ip_version: int = 4, correlation: str | None = None) -> int:
    """Give the octets by which the underlay's MTU has to be larger than that of the networks on it.

    `correlation`: what packets carry between functions that know their chain ("mpls", "nsh", None: nothing).
    """
    tunnel = _OUTER[ip_version] + _UDP + _TUNNEL + _ETHERNET
    if correlation == "mpls":
        return tunnel + _LABEL
    if correlation == "nsh":  # around the whole frame; VXLAN-GPE needs no Ethernet header in front of it
        return tunnel + _NSH + (0 if encapsulation == VXLAN_GPE else _ETHERNET)
    return tunnel


@dataclass(frozen=True)
class Node:
    """A node: the address that tunnels to it end at, and the OpenFlow number of its tunnel port.

    `numbers`: network-wide port number → the one that the port has on this node, where it differs.
    """

    name: str
    address: str
    tunnel: int
    numbers: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def tunnel_ends(self) -> tuple[str, str, int]:
        """The fields of a tunnel's source and destination, and this node's address as a number."""
        address = ip_address(self.address)
        names = ("tun_src", "tun_dst") if address.version == 4 else ("tun_ipv6_src", "tun_ipv6_dst")  # noqa: PLR2004 - its name
        return *names, int(address)


@dataclass(frozen=True)
class PlacedPort:
    """A port that is plugged: its node, MAC address (a number) and network (as `SwitchPort.network`)."""

    node: str
    mac: int
    network: int = 0


@dataclass(frozen=True)
class Places:
    """Nodes by their own names, plugged ports by their network-wide number, and the tunnels' encapsulation."""

    nodes: Mapping[str, Node]
    ports: Mapping[int, PlacedPort] = field(default_factory=dict)
    encapsulation: str = VXLAN

    @property
    def alone(self) -> bool:
        """Whether there is one node: it needs no tunnel."""
        return len(self.nodes) == 1

    @cached_property
    def of_network(self) -> Mapping[int, Mapping[str, tuple[int, ...]]]:
        """Network → node → the numbers of its ports there, ascending."""
        found: dict[int, dict[str, list[int]]] = {}
        for number, port in sorted(self.ports.items()):
            if port.node in self.nodes:
                found.setdefault(port.network, {}).setdefault(port.node, []).append(number)
        return {
            network: {node: tuple(numbers) for node, numbers in by_node.items()}
            for network, by_node in found.items()
        }

    def node_of(self, number: int) -> Node | None:
        """Give the node that has a port; None: nobody has it."""
        port = self.ports.get(number)
        return self.nodes.get(port.node) if port else None


def places(
    nodes: Mapping[str, Node], ports: Ports, at: Mapping[str, str], encapsulation: str = VXLAN
) -> Places:
    """Give the places of the planner's ports; `at`: port id → name of its node. Those that it does not name are nowhere."""
    placed = {
        port.number: PlacedPort(at[id_], mac_number(port.mac), port.network)
        for id_, port in ports.items()
        if id_ in at
    }
    return Places(nodes, placed, encapsulation)
