"""A topology as the analyzer tells of it, in Skydive's shapes: a switch, namespaces on its taps, flows of one request, its path."""

import itertools
import uuid

from sfcci.trace import carried

SPACE = uuid.UUID("1b4e28ba-2fa1-11d2-883f-0016d3cca427")
BEGIN_MS = 1_795_000_000_000
DEMO = {
    "source": ("10.0.0.103",),
    "dest": ("10.0.0.128",),
    "vm1": ("10.0.0.61", "10.0.0.181"),
    "vm2": ("10.0.0.130", "10.0.0.38"),
    "vm3": ("10.0.0.47", "10.0.0.247"),
}
"""Namespace → the addresses of its interfaces."""


def _id(word):
    return str(uuid.uuid5(SPACE, word))


class World:
    """`nodes`, `edges` by id, as they grow."""

    def __init__(self, host="demo"):
        self.nodes, self.edges, self.taps = {}, {}, {}
        self.numbers = itertools.count(1)
        self.host = self.node("host", host, "host")

    def node(self, key, name, type_, **metadata):
        tid = _id(f"tid {key}")
        made = {
            "ID": _id(key), "Host": "demo", "Origin": "analyzer.demo", "CreatedAt": BEGIN_MS, "UpdatedAt": BEGIN_MS,
            "Revision": 1, "Metadata": {"Name": name, "Type": type_, "TID": tid, **metadata},
        }  # fmt: skip
        self.nodes[made["ID"]] = made
        return made["ID"]

    def edge(self, parent, child, relation, **metadata):
        key = _id(f"{parent}{child}{relation}")
        self.edges[key] = {
            "ID": key, "Parent": parent, "Child": child, "Host": "demo", "Origin": "analyzer.demo",
            "CreatedAt": BEGIN_MS, "UpdatedAt": BEGIN_MS, "Metadata": {"RelationType": relation, **metadata},
        }  # fmt: skip

    def owned(self, parent, child):
        self.edge(parent, child, "ownership")

    def switch(self, name):
        bridge = self.node(
            name, name, "ovsbridge", UUID=_id(f"row {name}"), Ovs={"Protocols": ["OpenFlow13"]}
        )
        self.owned(self.host, bridge)
        inside = self.node(
            f"if {name}", name, "internal", MAC=_mac(name), State="UP", OfPort=65534, Driver="openvswitch"
        )
        self.owned(self.host, inside)
        self.edge(self.port(bridge, name), inside, "layer2")
        return bridge

    def port(self, bridge, name):
        port = self.node(f"port {name}", name, "ovsport", UUID=_id(f"row port {name}"))
        self.owned(bridge, port)
        self.edge(bridge, port, "layer2")
        return port

    def namespace(self, name):
        space = self.node(
            f"ns {name}", name, "netns", Path=f"/run/netns/{name}", Inode=4026532000 + next(self.numbers)
        )
        self.owned(self.host, space)
        lo = self.node(f"lo {name}", "lo", "device", IfIndex=1, State="UP", MTU=65536, IPV4=["127.0.0.1/8"])
        self.owned(space, lo)
        return space

    def plug(self, bridge, space, name, ip, *, state="UP"):
        """Give the tap of a new interface `name` of a namespace."""
        number = next(self.numbers)
        host = self.nodes[space]["Metadata"]["Name"]
        tap = f"tap{_id(f'{host} {name}')[:11]}"
        mac = _mac(tap)
        inner = self.node(
            f"if {host} {name}",
            name,
            "veth",
            MAC=mac,
            State=state,
            MTU=1500,
            IfIndex=2,
            Driver="veth",
            IPV4=[f"{ip}/24"],
        )
        outer = self.node(
            f"if {tap}", tap, "veth", MAC=_mac(f"outer {tap}"), State=state, MTU=1500, IfIndex=number + 10, Driver="veth",
            OfPort=number, PeerIntfMAC=mac, ExtID={"iface-id": _id(tap), "attached-mac": mac, "vm-uuid": _id(host)},
        )  # fmt: skip
        self.owned(space, inner)
        self.owned(self.host, outer)
        self.edge(inner, outer, "layer2", Type="veth")
        self.edge(self.port(bridge, tap), outer, "layer2")
        self.taps[host, name] = tap
        return tap

    def patch(self, one, other, names):
        ends = []
        for bridge, name in zip((one, other), names, strict=True):
            inside = self.node(
                f"if {name}", name, "patch", OfPort=next(self.numbers), State="UP", Driver="openvswitch"
            )
            self.owned(self.host, inside)
            self.edge(self.port(bridge, name), inside, "layer2")
            ends.append(inside)
        self.edge(*ends, "layer2", Type="patch")

    def outer(self, tap):
        return self.nodes[_id(f"if {tap}")]

    def whole(self):
        return {
            "whole": True,
            "nodes": list(self.nodes.values()),
            "edges": list(self.edges.values()),
            "gone": [],
        }


def _mac(word):
    digits = _id(f"mac {word}").replace("-", "")[:6]
    return f"fa:16:3e:{digits[:2]}:{digits[2:4]}:{digits[4:]}"


def demo():
    """The demonstration's five namespaces on br-int."""
    world = World()
    bridge = world.switch("br-int")
    names = {"source": ("source_vm_port",), "dest": ("dest_vm_port",)}
    for host, addresses in DEMO.items():
        space = world.namespace(host)
        for ip, name in zip(addresses, names.get(host, (f"p{host[-1]}in", f"p{host[-1]}out")), strict=True):
            world.plug(bridge, space, name, ip)
    return world


def crowded(namespaces=72):
    """Two computes' worth: three switches, patched, `namespaces` namespaces of one or two interfaces."""
    world = World("compute-1")
    inner, tunnels, outside = (world.switch(name) for name in ("br-int", "br-tun", "br-ex"))
    world.patch(inner, tunnels, ("patch-tun", "patch-int"))
    world.patch(inner, outside, ("int-br-ex", "phy-br-ex"))
    for number in range(3):
        name = f"vxlan-0a0000{number + 2:02x}"
        tunnel = world.node(
            f"if {name}", name, "vxlan", OfPort=number + 100, State="UP", RemoteIP=f"10.0.0.{number + 2}"
        )
        world.owned(world.host, tunnel)
        world.edge(world.port(tunnels, name), tunnel, "layer2")
    uplink = world.node(
        "if eth0",
        "eth0",
        "device",
        MAC=_mac("eth0"),
        State="UP",
        IfIndex=2,
        IPV4=["192.0.2.10/24"],
        Driver="virtio_net",
    )
    world.owned(world.host, uplink)
    world.edge(world.port(outside, "eth0"), uplink, "layer2")
    own = world.node(
        "if eth1", "eth1", "device", MAC=_mac("eth1"), State="DOWN", IfIndex=3, Driver="virtio_net"
    )
    world.owned(world.host, own)
    for number in range(namespaces):
        space = world.namespace(f"qvm-{number + 1}" if number % 3 else f"sf-{number // 3 + 1}")
        bridge = inner if number < namespaces - 6 else outside
        for turn in range(1 if number % 3 else 2):
            world.plug(
                bridge,
                space,
                f"eth{turn}",
                f"10.1.{number}.{turn + 10}",
                state="DOWN" if number == 17 else "UP",
            )
    return world


WAY = (
    ("source", "source_vm_port", "in", ()),
    ("vm2", "p2in", "out", (("mpls", 511, 255),)),
    ("vm2", "p2out", "in", ()),
    ("vm3", "p3in", "out", (("mpls", 510, 254),)),
    ("vm3", "p3out", "in", ()),
    ("dest", "dest_vm_port", "out", ()),
)
"""One request's passes: host, interface, direction (in: into the switch), what it was carried in."""
TIMES_NS = (0, 189_000, 405_000, 421_000, 609_000, 660_000)
TRACKED = "942936c3dc588431"


def path(
    world,
    *,
    until=6,
    verdict="OK",
    says="it went through PP2, then PP3, as the chain PC1 means it",
    node="",
    where="",
):
    """A path as the analyzer tells it; one that ends early has `until` passes."""
    passes = [
        {
            "time_ns": BEGIN_MS * 1_000_000 + at, "delta_ns": at - (before or 0), "node": host, "port": name, "tap": world.taps[host, name],
            "direction": direction, "encap": carried.as_json(encap), "eth_src": "", "eth_dst": "", "ttl": 64, "length": 74,
            "inside_ns": at - before if direction == "in" and before is not None else None,
        }
        for (host, name, direction, encap), at, before in zip(WAY, TIMES_NS, (None, *TIMES_NS), strict=False)
    ][:until]  # fmt: skip
    seen = {one["node"] for one in passes}
    groups = (("PG1", ["PP1", "PP2"], ["vm1", "vm2"]), ("PG2", ["PP3"], ["vm3"]))
    meant = [
        {"group": group, "pairs": pairs, "nodes": nodes, "taps": [], "tap": False, "visited": next((pair for pair, one in zip(pairs, nodes, strict=True) if one in seen), "")}
        for group, pairs, nodes in groups
    ]  # fmt: skip
    hops = [
        {
            "node": host, "role": "function", "port_in": {"name": name, "tap": world.taps[host, name], "id": ""}, "port_out": None, "chain": "PC1",
            "group": group, "pair": pair, "spi": 1, "si": index, "label": 256 + index, "on_wire": False, "choices": choices, "fault": None,
        }
        for host, name, group, pair, index, choices in (("vm2", "p2in", "PG1", "PP2", 255, 2), ("vm3", "p3in", "PG2", "PP3", 254, 1))
    ]  # fmt: skip
    return {
        "verdict": verdict, "says": says, "node": node, "where": where, "chain": "PC1", "direction": "forward", "back": False,
        "flow": {"src": "10.0.0.103", "dst": "10.0.0.128", "protocol": 6, "sport": 43210, "dport": 80},
        "l3_tracking_id": TRACKED, "begin_ns": BEGIN_MS * 1_000_000, "packets": 6, "alike": 1, "told": None, "hops": hops, "passes": passes, "meant": meant,
    }  # fmt: skip


def flows(world):
    """A flow for each tap that the request passed."""
    for number, (host, name, _direction, encap) in enumerate(WAY):
        yield {
            "UUID": f"f{number:015x}", "LayersPath": "Ethernet/IPv4/TCP", "Application": "TCP",
            "Link": {"Protocol": "ETHERNET", "A": _mac("a"), "B": _mac(f"b{number}"), "ID": 0},
            "Network": {"Protocol": "IPV4", "A": "10.0.0.103", "B": "10.0.0.128", "ID": 0},
            "Transport": {"Protocol": "TCP", "A": 43210, "B": 80, "ID": 0},
            "Metric": {"ABPackets": 6, "ABBytes": 480, "BAPackets": 4, "BABytes": 1244, "Start": BEGIN_MS, "Last": BEGIN_MS + 900, "RTT": 812_000},
            "Start": BEGIN_MS, "Last": BEGIN_MS + 900 + number, "TrackingID": f"{number:016x}", "L3TrackingID": TRACKED, "ParentUUID": "",
            "NodeTID": world.outer(world.taps[host, name])["Metadata"]["TID"], "CaptureID": "c1", "RawPacketsCaptured": 2,
            "Encap": carried.as_json(encap),
        }  # fmt: skip
