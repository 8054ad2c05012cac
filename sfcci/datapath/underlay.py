"""What joins a lab's nodes: an Ethernet between them, an address for each, and the port by which frames go from one to another.

Each node is a network namespace with a switch of its own. Tunnels are Open vSwitch's userspace tunnels: the bridge
`br-phy` has the node's address and its cable to the underlay, the tunnel port in `br-int` takes any destination and any
number (ovs-vswitchd.conf.db(5): `remote_ip=flow`, `key=flow`). The addresses are a network for examples (RFC 5737).
"""

import json
import sys
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import Any, Final

from sfcci import command, files
from sfcci.chain.encapsulation import VXLAN_GPE
from sfcci.chain.node import Node, PlacedPort, Places, overhead
from sfcci.chain.port import mac_number
from sfcci.datapath import ovs
from sfcci.datapath.namespace import INSIDE, Keeper
from sfcci.datapath.placement import UNDERLAY
from sfcci.datapath.topology import Topology

NETWORK: Final = IPv4Network("192.0.2.0/24")
PHYSICAL, UPLINK, TUNNEL = "br-phy", "uplink", "tunnel"
TUNNEL_NUMBER: Final = 65001
"""Above every number that a port gets (datapath.wanted.LAST_NUMBER)."""
NO_NETWORK: Final = 4094
"""The tunnel port's VLAN: what the switch floods by itself never goes into a tunnel."""
PLAIN_MTU = 1500
QUIET: Final = {
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
    "net/ipv4/ip_forward": "0",
}
"""A node's kernel says nothing of its own on its cables, and routes nothing."""


def address(topology: Topology, node: str) -> str:
    """Give the address of a node's end of its tunnels."""
    return str(NETWORK[topology.nodes.index(node) + 1])


def hardware_address(topology: Topology, node: str) -> str:
    """Give the MAC address that belongs to a node's address: a local one that is made of it."""
    octets = [2, 0, *(int(octet) for octet in address(topology, node).split("."))]
    return ":".join(f"{octet:02x}" for octet in octets)


def mtu(topology: Topology) -> int:
    """Give the MTU that the underlay has to have, in octets: each port's longest packet, and what a tunnel puts before it."""
    longest = max((port.cable_mtu for port in topology.ports), default=PLAIN_MTU)
    return max(longest, PLAIN_MTU) + overhead(topology.encapsulation)


def places(topology: Topology) -> Places:
    """Give the nodes and where each port is."""
    nodes = {name: Node(name, address(topology, name), TUNNEL_NUMBER) for name in topology.nodes}
    ports = {
        port.number: PlacedPort(port.node, mac_number(port.mac), max(port.network, 0))
        for port in topology.ports
    }
    return Places(nodes, ports, topology.encapsulation)


def make(keeper: Keeper, topology: Topology) -> None:
    """Make the nodes' namespaces and the Ethernet that they hang on. Raises ToolError, MissingTool."""
    size = mtu(topology)
    lines = [f"link add name {UNDERLAY} mtu {size} type bridge", f"link set dev {UNDERLAY} up"]
    for node in topology.nodes:
        peer = f"peer name {UPLINK} mtu {size} netns {node}"
        lines += [f"netns add {node}", f"link add name {node} mtu {size} type veth {peer}"]
        lines += [f"link set dev {node} master {UNDERLAY} up"]
    own = ["link set dev lo up", f"link set dev {UPLINK} arp off up"]  # its bridge answers, not it
    inside = {node: furnishing(QUIET, own) for node in topology.nodes}
    network(keeper, {"": furnishing({}, lines)}, inside)


def widen(keeper: Keeper, topology: Topology) -> None:
    """Have the underlay take the longest frames of the topology; it is never made narrower. Raises ToolError."""
    size = mtu(topology)
    links = json.loads(keeper.run([command.find("ip"), "-j", "link"]).stdout or "[]")
    if min((link["mtu"] for link in links if link["ifname"] in topology.nodes), default=size) >= size:
        return
    lines = [f"link set dev {name} mtu {size}" for name in (*topology.nodes, UNDERLAY)]
    inside = {node: furnishing({}, [f"link set dev {UPLINK} mtu {size}"]) for node in topology.nodes}
    network(keeper, {"": furnishing({}, lines)}, inside)


def furnishing(settings: Mapping[str, str], lines: Iterable[str]) -> dict[str, Any]:
    """Give what network.py does in one namespace: the kernel's settings, then `ip`'s lines."""
    run = {"argv": [str(command.find("ip")), "-b", "-"], "lines": "".join(f"{line}\n" for line in lines)}
    return {"settings": dict(settings), "interfaces": [], "ip": [{**run, "force": False}]}


def network(keeper: Keeper, *plans: Mapping[str, Any]) -> None:
    """Have namespaces furnished, plan after plan. Raises ToolError, MissingTool."""
    words = [sys.executable, "-I", "-S", str(INSIDE / "network.py")]
    keeper.run(words, stdin=json.dumps(plans), timeout_s=30 + sum(map(len, plans)))


def join(keeper: Keeper, topology: Topology, datapath: str) -> None:
    """Give a node's switch, whose daemons run, its ports, and join it to the others. Raises MissingTool, ToolError."""
    mine = [port for port in topology.ports if port.node == keeper.node]
    ovs.add_bridge(keeper, datapath, mine, bridges(topology, keeper.node, datapath))
    files.write_text(ovs.file(keeper, "underlay.json"), json.dumps(_told(topology, keeper.node, datapath)))
    words = (sys.executable, "-I", "-S", str(INSIDE / "underlay.py"), ovs.folder(keeper))
    keeper.run(words)
    ovs.leave(keeper, UNDERLAY, *words)


def bridges(topology: Topology, node: str, datapath: str) -> list[str]:
    """Give what ovs-vsctl makes of a node's two bridges what joins it to the others."""
    kind = "vxlan" if topology.encapsulation == VXLAN_GPE else topology.encapsulation
    words = ["--", "--may-exist", "add-br", PHYSICAL, "--", "set", "bridge", PHYSICAL]
    words += [f"datapath_type={datapath}", f"other-config:hwaddr={hardware_address(topology, node)}"]
    words += ["--", "--may-exist", "add-port", PHYSICAL, UPLINK]
    words += ["--", "--may-exist", "add-port", ovs.BRIDGE, TUNNEL, "--", "set", "port", TUNNEL]
    words += [f"tag={NO_NETWORK}", "--", "set", "interface", TUNNEL, f"type={kind}"]
    words += [f"ofport_request={TUNNEL_NUMBER}", "options:remote_ip=flow", "options:key=flow"]
    if topology.encapsulation == VXLAN_GPE:
        words += ["options:exts=gpe", "options:packet_type=ptap"]
    return words


def _told(topology: Topology, node: str, datapath: str) -> dict[str, Any]:
    neighbours = {address(topology, n): hardware_address(topology, n) for n in topology.nodes if n != node}
    return {
        "bridge": PHYSICAL,
        "address": address(topology, node),
        "length": NETWORK.prefixlen,
        "mac": hardware_address(topology, node),
        "dummy": datapath == "dummy",
        "neighbours": neighbours,
    }
