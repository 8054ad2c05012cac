"""What the graph tells of one thing: metadata with Skydive's names, from what the kernel and Open vSwitch say."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from sfcci.datapath.ovsdb import Row
from sfcci.datapath.topology import Topology as Plugged
from sfcci.trace.netlink import BRIDGE, FLAGS, IPV4, IPV6, NEIGHBOUR_FLAGS, STATES, UP, Link, Neighbour, Route
from sfcci.trace.topology_space import Space

Metadata = dict[str, Any]


class Neutron(NamedTuple):
    """What tells of Neutron's ports by their ids (as `neutron` does), and the file that is written when they change."""

    ports: Callable[[], Mapping[str, Mapping[str, Any]]]
    record: Path


TUNNELS: Final = ("vxlan", "geneve", "gre", "ip6gre", "stt", "lisp", "gtpu", "erspan")


def interface(space: Space, link: Link, peer: Link | None, row: Row | None) -> Metadata:
    """What is told of a link; `peer` is a veth's other end, `row` what the switch says of it, if it is the switch's."""
    driver, speed = space.drivers.get(link.ifindex, ("", 0))
    told: Metadata = {
        "Name": link.name,
        "Type": (row and row.get("type")) or link_type(link),
        "EncapType": link.encapsulation,
        "IfIndex": link.ifindex,
        "MAC": link.mac,
        "MTU": link.mtu,
        "State": "UP" if link.flags & UP else "DOWN",
        "LinkFlags": _names(link.flags, FLAGS),
    }
    found = {
        "Driver": driver or link.kind,
        "Speed": speed,
        "MasterIndex": link.master,
        "PeerIfIndex": link.other if link.kind == "veth" else 0,
        "ParentIndex": link.other if link.kind != "veth" else 0,
        "Vlan": max(link.vlan, 0),
        "VNI": max(link.vni, 0),
        "BondMode": link.bond_mode,
        "LinkNetNsID": link.nsid if link.nsid >= 0 else None,
        "LinkNetNsName": space.spaces.get(link.nsid),
        **_network(space, link.ifindex),
        **(_of_switch(row) if row is not None else {}),
        **_metrics(space, link.ifindex),
    }
    told |= {
        key: value for key, value in found.items() if value or (key == "LinkNetNsID" and value is not None)
    }
    if row is not None and (mac := told.get("ExtID", {}).get("attached-mac") or (peer and peer.mac)):
        told["PeerIntfMAC"] = mac
    return told


def link_type(link: Link) -> str:
    """The type of a link that Open vSwitch does not know."""
    return link.kind or "device"


def _network(space: Space, ifindex: int) -> Metadata:
    addresses = space.addresses.get(ifindex, {})
    neighbours = space.neighbours.get(ifindex, {}).values()
    return {
        "IPV4": [address.text for address in addresses if address.family == IPV4],
        "IPV6": [address.text for address in addresses if address.family == IPV6],
        "RoutingTables": _tables(ifindex, space.ways.get(ifindex, {})),
        "Neighbors": [_neighbour(one) for one in neighbours if one.family != BRIDGE],
        "FDB": [_neighbour(one) for one in neighbours if one.family == BRIDGE],
    }


def _tables(ifindex: int, routes: Iterable[Route]) -> list[Metadata]:
    """The routes by which an interface is left, by table; the lowest number, so the main one before the local one."""
    tables: dict[int, list[Metadata]] = {}
    for route in routes:
        hops = [_hop(route, hop.ifindex, hop.gateway) for hop in route.hops if hop.ifindex == ifindex]
        tables.setdefault(route.table, []).append(
            {"Protocol": route.protocol, "Prefix": route.prefix, "NextHops": hops}
        )
    return [{"ID": number, "Src": None, "Routes": tables[number]} for number in sorted(tables)]


def _hop(route: Route, ifindex: int, gateway: str) -> Metadata:
    return {"Priority": route.priority} | ({"IP": gateway} if gateway else {}) | {"IfIndex": ifindex}


def _neighbour(one: Neighbour) -> Metadata:
    told: Metadata = {
        "Flags": _names(one.flags, NEIGHBOUR_FLAGS),
        "MAC": one.mac,
        "IP": one.ip,
        "State": _names(one.state, STATES),
        "Vlan": one.vlan,
        "VNI": one.vni,
    }
    return {key: value for key, value in told.items() if value} | {"IfIndex": one.ifindex}


def _metrics(space: Space, ifindex: int) -> Metadata:
    metric, added = space.metrics.get(ifindex, ({}, {}))
    return {"Metric": metric, "LastUpdateMetric": added}


def _of_switch(row: Row) -> Metadata:
    """What the switch says of one of its interfaces."""
    number = row.get("ofport")
    ovs = {
        "Options": row.get("options") or {},
        "OtherConfig": row.get("other_config") or {},
        "Error": row.get("error") or "",
    }
    return {
        "UUID": row["UUID"],
        "OfPort": number if isinstance(number, int) and number > 0 else 0,
        "ExtID": row.get("external_ids") or {},
        "Ovs": {key: value for key, value in ovs.items() if value},
    }


def switch_interface(row: Row) -> Metadata:
    """What is told of an interface that only the switch has: a patch, a tunnel, one of a switch without devices."""
    status = row.get("status") or {}
    kind = str(row.get("type") or "")
    told: Metadata = {
        "Name": row["name"],
        "Type": kind or "device",
        "MAC": row.get("mac_in_use") or "",
        "Driver": status.get("driver_name") or "openvswitch",
        **_of_switch(row),
    }
    if kind in TUNNELS:
        options = row.get("options") or {}
        told |= {
            "LocalIP": options.get("local_ip", ""),
            "RemoteIP": options.get("remote_ip", ""),
            "TunEgressIface": status.get("tunnel_egress_iface", ""),
            "TunEgressIfaceCarrier": status.get("tunnel_egress_iface_carrier", ""),
        }
    return {key: value for key, value in told.items() if value}


def bridge(row: Row, version: str, controllers: Iterable[Row]) -> Metadata:
    """What is told of a switch; `version` is Open vSwitch's."""
    ovs = {
        "OtherConfig": row.get("other_config") or {},
        "Protocols": row.get("protocols") or [],
        "Version": version,
        "DatapathType": row.get("datapath_type") or "",
        "FailMode": row.get("fail_mode") or "",
        "Controllers": [
            {
                "Target": one.get("target"),
                "Connected": bool(one.get("is_connected")),
                "Role": one.get("role") or "",
            }
            for one in controllers
        ],
    }
    told: Metadata = {"Name": row["name"], "UUID": row["UUID"], "Type": "ovsbridge"}
    told["Ovs"] = {key: value for key, value in ovs.items() if value or key == "OtherConfig"}
    return told | ({"ExtID": row["external_ids"]} if row.get("external_ids") else {})


def port(row: Row) -> Metadata:
    """What is told of a switch's port; one tag is a number, several (a trunk's) a list."""
    found: Metadata = {
        "Vlans": row.get("tag") or row.get("trunks") or 0,
        "VlanMode": row.get("vlan_mode") or "",
        "BondMode": row.get("bond_mode") or "",
        "LACP": row.get("lacp") or "",
        "ExtID": row.get("external_ids") or {},
    }
    told: Metadata = {"Name": row["name"], "UUID": row["UUID"], "Type": "ovsport"}
    return told | {key: value for key, value in found.items() if value}


def neutron(plugged: Plugged, networks: Mapping[str, tuple[str, str]] | None = None) -> dict[str, Metadata]:
    """What Neutron knows of ports, by their ids, from what is plugged; `networks`: port -> its network's id and name."""
    owners = {host.name: host.owner[0] for host in plugged.hosts}
    told: dict[str, Metadata] = {}
    for one in plugged.ports:
        network, name = (networks or {}).get(one.id, ("", ""))
        found = {
            "PortID": one.id,
            "TenantID": owners.get(one.host, ""),
            "NetworkID": network,
            "NetworkName": name,
            "IPV4": [address for address in one.addresses if ":" not in address],
            "IPV6": [address for address in one.addresses if ":" in address],
        }
        told[one.id] = {key: value for key, value in found.items() if value}
    return told


def _names(bits: int, names: tuple[str, ...]) -> list[str]:
    return [name for number, name in enumerate(names) if bits >> number & 1]
