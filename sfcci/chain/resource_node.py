"""Nodes: the machines whose Open vSwitch the server drives. No part of Neutron's API, which knows them as agents.

Only administrators see and change them. Where a key or a certificate lies is told, never what is in it.
"""

import re
from ipaddress import IPv4Address, ip_address
from typing import Any, Final

from sfcci.chain import remote
from sfcci.chain.attribute import REQUIRED, UNSPECIFIED, Attribute, Converter, Invalid, server_made
from sfcci.chain.collection import Collection, revised
from sfcci.chain.convert import integer, ip, one_of, shown, text
from sfcci.chain.encapsulation import ENCAPSULATIONS
from sfcci.chain.refused import bad_request, conflict
from sfcci.chain.resource_agent import left, with_agent
from sfcci.chain.standard import DESCRIPTION, ID, PROJECT, TENANT, TIMES
from sfcci.chain.state import Asked, Resource, State

TLS: Final = ("certificate", "key", "ca")
"""The controller's certificate, its key and the authority, as files of the server's machine; "": those that it made itself."""
BROADCAST: Final = IPv4Address("255.255.255.255")
RUN: Final = "/var/run/openvswitch"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_BRIDGE = re.compile(r"[A-Za-z0-9_.-]{1,15}")
"""What a network interface may be called (IFNAMSIZ); the bridge has one of its name."""


def _matching(pattern: re.Pattern[str], expected: str) -> Converter:
    def converted(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Invalid(f"'{shown(value)}' is not {expected}")
        return value

    return converted


def _remote(default_port: int) -> Converter:
    def converted(value: Any) -> str:
        try:
            return str(remote.read(str(text()(value)), default_port))
        except ValueError as error:
            raise Invalid(f"'{shown(value)}' is no place where Open vSwitch listens: {error}") from None

    return converted


def _path(value: Any) -> str:
    path = str(text(4096)(value))
    if path and not path.startswith("/"):
        raise Invalid(f"'{path}' is no absolute path of the server's machine")
    return path


def _tunnel_ip(value: Any) -> str:
    """Give an address that a tunnel can end at: a machine's own, no group's, nobody's."""
    address = ip_address(ip(value))
    if address.is_unspecified or address.is_multicast or address == BROADCAST:
        raise Invalid(f"'{address}' is no machine's own address")
    return str(address)


def _printable(value: Any) -> str:
    said = str(text(253)(value))
    if not said.isprintable():
        raise Invalid(f"'{shown(said)}' is no name in a certificate")
    return said


ATTRIBUTES = (
    ID,
    Attribute(
        "name",
        REQUIRED,
        convert=_matching(_NAME, "a node's name: letters, digits, dots and hyphens, 63 at most"),
    ),
    DESCRIPTION,
    Attribute("ovsdb", REQUIRED, update=True, convert=_remote(remote.OVSDB_PORT), admin=True),
    Attribute("openflow", UNSPECIFIED, update=True, convert=_remote(remote.OPENFLOW_PORT)),
    Attribute("tunnel_ip", REQUIRED, update=True, convert=_tunnel_ip),
    Attribute("bridge", "br-int", convert=_matching(_BRIDGE, "a bridge's name, 15 characters at most")),
    Attribute("encapsulation", "vxlan", update=True, convert=one_of(ENCAPSULATIONS)),
    *(Attribute(name, "", update=True, convert=_path) for name in TLS),
    Attribute("underlay_mtu", 1500, update=True, convert=integer(576, 65535)),
    Attribute("datapath_type", "", update=True, convert=one_of(("", "system", "netdev", "dummy"))),
    Attribute("peer", "", update=True, convert=_printable),
    *(
        server_made(name)
        for name in (
            "status",
            "status_reason",
            "status_since",
            "heard_at",
            "ports",
            "flows",
            "ovs_version",
            "needed_mtu",
        )
    ),
    *TIMES,
    PROJECT,
    TENANT,
)
"""`underlay_mtu`: the MTU of what carries its tunnels, which Open vSwitch does not tell. `peer`: the name in the node's certificate, where it is neither the node's nor that of its address."""


def _creating(state: State, asked: Asked, node: dict[str, Any]) -> State:
    for one in state.of("nodes").values():  # names in certificates have no case
        if one["name"].lower() == node["name"].lower():
            raise conflict("NodeInUse", f"There is a node {one['name']} already.")
    node |= {"project_id": None, "tenant_id": None, "revision_number": 1}
    if node["openflow"] is UNSPECIFIED:
        node["openflow"] = _beside(remote.read(node["ovsdb"]), node["bridge"])
    return _put(state, asked, node)


def _beside(ovsdb: remote.Remote, bridge: str) -> str:
    """Where the bridge listens, where nothing else is told: as Open vSwitch does beside its database."""
    if ovsdb.way == "unix":
        return f"unix:{ovsdb.place.rpartition('/')[0] or RUN}/{bridge}.mgmt"
    return str(remote.Remote(ovsdb.way, ovsdb.place, remote.OPENFLOW_PORT))


def _put(state: State, asked: Asked, node: dict[str, Any]) -> State:
    _check(state, node)
    return _told(state.put("nodes", node), asked, node)


def _told(state: State, asked: Asked, node: Resource) -> State:
    """Give the state in which the node's agent says of itself what the node is."""
    told = {
        "integration_bridge": node["bridge"],
        "tunnel_types": [node["encapsulation"]],
        "tunneling_ip": node["tunnel_ip"],
    }
    return with_agent(state, asked, node["name"], told)


def _check(state: State, node: Resource) -> None:
    """Refuse two nodes at one place, certificates in part, and tunnels of two kinds. Raises Refused."""
    for other in state.of("nodes").values():
        if other["id"] == node["id"]:
            continue
        for name in ("tunnel_ip", "ovsdb", "openflow"):
            same_bridge = name != "ovsdb" or other["bridge"] == node["bridge"]
            if other[name] == node[name] and same_bridge:
                raise conflict("NodeInUse", f"Node {other['name']} has {name} {node[name]} already.")
        if other["encapsulation"] != node["encapsulation"]:
            raise conflict(
                "NodeInUse",
                f"The other nodes' tunnels are {other['encapsulation']}: both ends of a tunnel have one encapsulation.",
            )
        if (":" in other["tunnel_ip"]) != (":" in node["tunnel_ip"]):
            raise conflict(
                "NodeInUse", f"Node {other['name']} has {other['tunnel_ip']}: tunnels have one IP version."
            )
    given = [name for name in TLS if node[name]]
    if given and len(given) < len(TLS):
        raise bad_request("certificate, key and ca belong together: give all of them or none")


def _updating(state: State, asked: Asked, old: Resource, new: dict[str, Any]) -> State:
    if new["encapsulation"] != old["encapsulation"]:  # all change together, or none could be changed
        for other in state.of("nodes").values():
            changed = revised({**other, "encapsulation": new["encapsulation"]}, asked)
            state = _told(state.put("nodes", changed), asked, changed)
    return _put(state, asked, new)


def _deleting(state: State, _asked: Asked, node: Resource) -> State:
    return left(state.without("nodes", node["id"]), node["name"])


COLLECTION = Collection(
    name="nodes",
    member="node",
    path="nodes",
    kind="Node",
    lost="Node {id} could not be found.",
    attributes=ATTRIBUTES,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
)
