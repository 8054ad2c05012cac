"""What a node's Open vSwitch database says of its ports, and what is to be said to it so that the node is as it shall be.

Source of tables and columns: ovs-vswitchd.conf.db(5).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sfcci.chain.encapsulation import VXLAN_GPE
from sfcci.chain.remote import Remote, is_address
from sfcci.datapath.ovsdb import Operation, Row, Tables
from sfcci.datapath.topology import LAST_TAG

WATCHED: Final[Tables] = MappingProxyType(
    {
        "Open_vSwitch": ("ovs_version", "bridges"),
        "Bridge": ("name", "ports", "controller", "datapath_type", "fail_mode", "protocols", "other_config"),
        "Port": ("name", "interfaces", "tag"),
        "Interface": (
            "name",
            "type",
            "ofport",
            "link_state",
            "admin_state",
            "error",
            "options",
            "external_ids",
        ),
        "Controller": ("target", "is_connected", "external_ids"),
    }
)
Rows = Mapping[str, Mapping[str, Row]]
PORT_ID, NUMBER = "iface-id", "sfcci-number"
"""Keys of an interface's external_ids: the API's port, as who plugs it writes it; the port's number over all nodes."""
OURS: Final = "sfcci"
"""A key of external_ids: a listener that was made here, and goes with the node."""
OPENFLOW: Final = "OpenFlow15"
ANYWHERE: Final = "::"
"""Who listens there takes IPv4's connections, too (ovsdb(7))."""
OUTSIDE_TAG: Final = 4094
"""The tunnel port's VLAN: no network's, so nothing reaches it but what flows send there."""
GPE_OPTIONS: Final = {"exts": "gpe", "packet_type": "ptap"}
"""What lets a VXLAN tunnel carry what is no Ethernet frame (draft-ietf-nvo3-vxlan-gpe; ovs-vswitchd.conf.db(5))."""
MEMORY_S: Final = "3600"
"""Open vSwitch's limit for mac-aging-time: an address that ages out is flooded to every port."""


@dataclass(frozen=True)
class NodeSpec:
    """A node as it was registered: where its daemons listen, and what its bridge and tunnels shall be."""

    name: str
    ovsdb: Remote
    openflow: Remote
    tunnel_ip: str
    bridge: str = "br-int"
    encapsulation: str = "vxlan"
    tls_files: tuple[str, str, str] = ("", "", "")
    """Certificate, key, authority; "": those that the server made."""
    peer: str = ""
    underlay_mtu: int = 1500
    datapath_type: str = ""
    """Of the bridge: system (the kernel's), netdev (userspace); "": as it is, or Open vSwitch's default."""

    @property
    def names(self) -> tuple[str, ...]:
        """Whom its certificate may name: one that the server made is known by the node's name alone, for addresses change hands."""
        if self.peer or not all(self.tls_files):
            return (self.peer or self.name,)
        return tuple(dict.fromkeys((self.name, self.tunnel_ip, self.openflow.place, self.ovsdb.place)))

    @property
    def tunnel(self) -> str:
        """The name of its tunnel port."""
        return tunnel_name(self.bridge)


def tunnel_name(bridge: str) -> str:
    """Give the name of a bridge's tunnel port: an interface's name has 15 characters at most."""
    return f"tun-{bridge}"[:15]


@dataclass(frozen=True)
class Plugged:
    """A port of the API on a node: its interface, OpenFlow number there (0: none), and whether it carries traffic.

    `number`, `tag`: those that were given to it and to its network (0: none yet).
    """

    id: str
    interface: str
    ofport: int
    up: bool
    number: int = 0
    tag: int = 0


@dataclass(frozen=True)
class NodeRows:
    """What the database of a node says: ports by id, the tunnel port's OpenFlow number (0: none), Open vSwitch's version.

    `faults`: what Open vSwitch could not do, in its words.
    """

    ports: Mapping[str, Plugged] = field(default_factory=dict)
    tunnel: int = 0
    version: str = ""
    faults: tuple[str, ...] = ()


Marks = Mapping[str, tuple[int, int]]
"""Port id → its number over all nodes, and the tag of its network."""


def read(rows: Rows, spec: NodeSpec) -> NodeRows:
    """Give what the rows say of the node's bridge."""
    ports: dict[str, Plugged] = {}
    tunnel, faults = 0, []
    for port, interface in _interfaces(rows, spec.bridge):
        if interface["error"]:
            faults.append(f"{interface['name']}: {interface['error']}")
        if port["name"] == spec.tunnel:
            tunnel = _number(interface["ofport"])
        elif id_ := (interface["external_ids"] or {}).get(PORT_ID):
            found = _plugged(id_, port, interface)
            ports[id_] = max(ports.get(id_, found), found, key=lambda one: (one.up, one.ofport > 0))
    version = next((str(row["ovs_version"] or "") for row in rows["Open_vSwitch"].values()), "")
    return NodeRows(ports, tunnel, version, tuple(faults))


def _plugged(id_: str, port: Row, interface: Row) -> Plugged:
    ofport = _number(interface["ofport"])
    up = ofport > 0 and interface["link_state"] != "down" and interface["admin_state"] != "down"
    mark = interface["external_ids"].get(NUMBER, "")
    number = int(mark) if mark.isascii() and mark.isdecimal() and len(mark) < 10 else 0  # noqa: PLR2004 - 32 bits
    tag = port["tag"] if isinstance(port["tag"], int) and port["tag"] <= LAST_TAG else 0
    return Plugged(id_, interface["name"], ofport, up, number, tag)


def _number(ofport: Any) -> int:
    return ofport if isinstance(ofport, int) and ofport > 0 else 0


def _interfaces(rows: Rows, bridge: str) -> Iterator[tuple[Row, Row]]:
    """Give the bridge's ports, each with its interface; a bond has several and is nobody's port."""
    for _, found in _named(rows["Bridge"], bridge):
        for uuid in found["ports"]:
            port = rows["Port"].get(uuid)
            for inner in port["interfaces"] if port else ():
                if interface := rows["Interface"].get(inner):
                    yield port, interface  # type: ignore[misc] # there is a port


def _named(rows: Mapping[str, Row], name: str) -> Iterator[tuple[str, Row]]:
    return ((uuid, row) for uuid, row in rows.items() if row["name"] == name)


def repairs(rows: Rows, spec: NodeSpec, marks: Marks) -> list[Operation]:
    """Give the steps that make the node as it shall be; none where it is.

    The bridge is there, forwards nothing of its own accord, speaks our OpenFlow, and listens where the node's
    `openflow` is; it has a tunnel port; its ports have their numbers and their networks' tags.
    """
    bridge = next(_named(rows["Bridge"], spec.bridge), None)
    if bridge is None:
        return _new_bridge(rows, spec)
    return [
        *_bridge(*bridge, rows, spec),
        *_tunnel(*bridge, rows, spec),
        *(
            step
            for port, interface in _interfaces(rows, spec.bridge)
            for step in _marked(rows, port, interface, marks)
        ),
    ]


def _new_bridge(rows: Rows, spec: NodeSpec) -> list[Operation]:
    """Make the bridge as `ovs-vsctl add-br` does, closed; the rest follows when it is told of."""
    row = {"name": spec.bridge, "fail_mode": "secure", "ports": _fresh("port")}
    if spec.datapath_type:
        row["datapath_type"] = spec.datapath_type
    return [
        _insert("Interface", "interface", {"name": spec.bridge, "type": "internal"}),
        _insert("Port", "port", {"name": spec.bridge, "interfaces": _fresh("interface")}),
        _insert("Bridge", "bridge", row),
        *(
            _mutate("Open_vSwitch", uuid, ("bridges", "insert", _fresh("bridge")))
            for uuid in rows["Open_vSwitch"]
        ),
    ]


def _bridge(uuid: str, bridge: Row, rows: Rows, spec: NodeSpec) -> Iterator[Operation]:
    if bridge["fail_mode"] != "secure":
        yield _update("Bridge", uuid, {"fail_mode": "secure"})
    if spec.datapath_type and bridge["datapath_type"] != spec.datapath_type:
        yield _update("Bridge", uuid, {"datapath_type": spec.datapath_type})
    if bridge["protocols"] and OPENFLOW not in bridge["protocols"]:
        yield _mutate("Bridge", uuid, ("protocols", "insert", OPENFLOW))
    if "mac-aging-time" not in (bridge["other_config"] or {}):
        yield _mutate("Bridge", uuid, ("other_config", "insert", ["map", [["mac-aging-time", MEMORY_S]]]))
    yield from _listener(uuid, bridge, rows, spec.openflow)


def _listener(uuid: str, bridge: Row, rows: Rows, openflow: Remote) -> Iterator[Operation]:
    """Have the bridge listen where the node is to be reached, and no more where it was before.

    The old one goes first, in a step of its own: Open vSwitch begins to listen before it ends to, and of two at one port
    the second fails.
    """
    there = {id_: rows["Controller"][id_] for id_ in bridge["controller"] if id_ in rows["Controller"]}
    wanted = listening(openflow)
    old = [id_ for id_, row in there.items() if OURS in _ids(row) and row["target"] != wanted]
    if old:
        yield from (_mutate("Bridge", uuid, ("controller", "delete", ["uuid", id_])) for id_ in old)
    elif wanted and not any(_listens(str(row["target"]), openflow) for row in there.values()):
        yield _insert("Controller", "controller", {"target": wanted, "external_ids": _map({OURS: "made"})})
        yield _mutate("Bridge", uuid, ("controller", "insert", _fresh("controller")))


def listening(openflow: Remote) -> str:
    """Give what the bridge is told so that it listens there (ovs-vsctl set-controller); "": it does by itself.

    Without TLS it listens at that address alone, where it is one. Without an address it listens to IPv4 only (ovsdb(7)).
    """
    if openflow.way == "unix":
        return ""
    place = openflow.place if is_address(openflow.place) else ""
    if openflow.way == "ssl":
        place = ANYWHERE if ":" in place else ""
    host = f"[{place}]" if ":" in place else place
    return ":".join(filter(None, (f"p{openflow.way}", str(openflow.port), host)))


def _listens(target: str, at: Remote) -> bool:
    """Whether who listens at a target is reached there; of a name it is not known which address it has."""
    way, port, host = [*target.split(":", 2), "", ""][:3]
    if (way, port) != (f"p{at.way}", str(at.port)):
        return False
    everywhere = (ANYWHERE,) if ":" in at.place else ("", "0.0.0.0", ANYWHERE)  # noqa: S104 - what another listens at
    return not is_address(at.place) or host.strip("[]") in (at.place, *everywhere)


def _tunnel(uuid: str, bridge: Row, rows: Rows, spec: NodeSpec) -> Iterator[Operation]:
    """The one port that all tunnels begin at: whereto and which number is told by flows (key=flow, remote_ip=flow).

    Other options of it are its owner's (csum, df_default ...), and stay.
    """
    kind = "vxlan" if spec.encapsulation == VXLAN_GPE else spec.encapsulation
    options = _options(spec, bridge["datapath_type"])
    port = next(
        ((id_, row) for id_, row in _named(rows["Port"], spec.tunnel) if id_ in bridge["ports"]), None
    )
    if port is None:
        row = {"name": spec.tunnel, "type": kind, "options": _map(options)}
        inner = {"name": spec.tunnel, "interfaces": _fresh("tunnel_interface"), "tag": OUTSIDE_TAG}
        yield _insert("Interface", "tunnel_interface", row)
        yield _insert("Port", "tunnel", inner)
        yield _mutate("Bridge", uuid, ("ports", "insert", _fresh("tunnel")))
        return
    if port[1]["tag"] != OUTSIDE_TAG:
        yield _update("Port", port[0], {"tag": OUTSIDE_TAG})
    for id_ in port[1]["interfaces"]:
        if has := rows["Interface"].get(id_):
            there = has["options"] or {}
            others = {key: value for key, value in there.items() if key not in GPE_OPTIONS}
            if (has["type"], there) != (kind, {**others, **options}):
                yield _update("Interface", id_, {"type": kind, "options": _map({**others, **options})})


def _options(spec: NodeSpec, datapath_type: str) -> dict[str, str]:
    options = {"remote_ip": "flow", "key": "flow"}
    if datapath_type != "dummy":  # it has no addresses of its own
        options["local_ip"] = spec.tunnel_ip
    return {**options, **GPE_OPTIONS} if spec.encapsulation == VXLAN_GPE else options


def _marked(rows: Rows, port: Row, interface: Row, marks: Marks) -> Iterator[Operation]:
    ids = interface["external_ids"] or {}
    if not (wanted := marks.get(ids.get(PORT_ID, ""))):
        return
    number, tag = wanted
    if ids.get(NUMBER) != str(number):
        uuid = next(id_ for id_, row in rows["Interface"].items() if row is interface)
        yield _mutate(
            "Interface",
            uuid,
            ("external_ids", "delete", ["set", [NUMBER]]),
            ("external_ids", "insert", _map({NUMBER: str(number)})),
        )
    if port["tag"] != (tag or None):
        uuid = next(id_ for id_, row in rows["Port"].items() if row is port)
        yield _update("Port", uuid, {"tag": tag or ["set", []]})


def farewell(rows: Rows, spec: NodeSpec) -> list[Operation]:
    """Give the steps that leave a bridge as it was before: without our tunnel port, our listener, our numbers."""
    steps: list[Operation] = []
    for uuid, bridge in _named(rows["Bridge"], spec.bridge):
        gone = [id_ for id_, _ in _named(rows["Port"], spec.tunnel) if id_ in bridge["ports"]]
        steps += [_mutate("Bridge", uuid, ("ports", "delete", ["uuid", id_])) for id_ in gone]
        made = [id_ for id_ in bridge["controller"] if OURS in _ids(rows["Controller"].get(id_))]
        steps += [_mutate("Bridge", uuid, ("controller", "delete", ["uuid", id_])) for id_ in made]
    mark = ("external_ids", "delete", ["set", [NUMBER]])
    steps += [
        _mutate("Interface", uuid, mark) for uuid, row in rows["Interface"].items() if NUMBER in _ids(row)
    ]
    return steps


def _ids(row: Row | None) -> Mapping[str, str]:
    return (row["external_ids"] or {}) if row else {}


def _fresh(name: str) -> list[str]:
    return ["named-uuid", name]


def _map(values: Mapping[str, str]) -> list[Any]:
    return ["map", [[key, value] for key, value in values.items()]]


def _insert(table: str, name: str, row: Mapping[str, Any]) -> Operation:
    return {"op": "insert", "table": table, "uuid-name": name, "row": row}


def _update(table: str, uuid: str, row: Mapping[str, Any]) -> Operation:
    return {"op": "update", "table": table, "where": [["_uuid", "==", ["uuid", uuid]]], "row": row}


def _mutate(table: str, uuid: str, *mutations: tuple[str, str, Any]) -> Operation:
    where = [["_uuid", "==", ["uuid", uuid]]]
    return {"op": "mutate", "table": table, "where": where, "mutations": [list(one) for one in mutations]}
