"""Agents (api-ref: agents): one for each host that a port is bound to, since Open vSwitch plugs them there."""

import uuid as uuids
from collections.abc import Mapping
from typing import Any, Final

from sfcci.chain.attribute import Attribute, server_made
from sfcci.chain.collection import Collection
from sfcci.chain.convert import boolean, none_or, text
from sfcci.chain.state import NOTHING, Asked, Resource, State

_SPACE: Final = uuids.UUID("6f8f3a0e-0c47-5c0b-9f8e-3f6d2f1f9c55")
"""The name space of agents' ids: a host's agent has the same id wherever and whenever it is made."""

_EVERYWHERE: Final[Mapping[str, Any]] = {
    "extensions": ["sfc"],
    "integration_bridge": "br-int",
    "tunnel_types": ["vxlan"],
}
_GIVEN = {
    "admin_state_up": Attribute("admin_state_up", create=False, update=True, convert=boolean),
    "description": Attribute("description", create=False, update=True, convert=none_or(text())),
}
ATTRIBUTES = tuple(
    _GIVEN.get(name) or server_made(name)
    for name in (
        "id",
        "agent_type",
        "binary",
        "topic",
        "host",
        "admin_state_up",
        "created_at",
        "started_at",
        "heartbeat_timestamp",
        "description",
        "resources_synced",
        "availability_zone",
        "alive",
        "configurations",
    )
)


def moved(state: State, asked: Asked, old: str, new: str) -> State:
    """Give the state with the agent of a port's new host, and without that of its old one when no port is left there."""
    if old == new:
        return state
    if old:
        state = left(state, old)
    return with_agent(state, asked, new) if new else state


def left(state: State, host: str) -> State:
    """Give the state without a host's agent, where no port is left there and no node has that name."""
    bound = any(port["binding:host_id"] == host for port in state.of("ports").values())
    named = any(node["name"] == host for node in state.of("nodes").values())
    return (
        state if bound or named or not state.get("agents", _id(host)) else state.without("agents", _id(host))
    )


def _id(host: str) -> str:
    return str(uuids.uuid5(_SPACE, host))


def with_agent(state: State, asked: Asked, host: str, configurations: Mapping[str, Any] = NOTHING) -> State:
    """Give the state with the agent of a host; `configurations`: what it tells of itself beside what all tell."""
    id_ = _id(host)
    if there := state.get("agents", id_):
        if all(there["configurations"].get(name) == value for name, value in configurations.items()):
            return state
        return state.put("agents", {**there, "configurations": {**there["configurations"], **configurations}})
    moment = asked.now.replace("T", " ").removesuffix("Z")
    agent = {
        "id": id_,
        "agent_type": "Open vSwitch agent",
        "binary": "neutron-openvswitch-agent",
        "topic": "N/A",
        "host": host,
        "admin_state_up": True,
        "created_at": moment,
        "started_at": moment,
        "heartbeat_timestamp": moment,
        "description": None,
        "resources_synced": None,
        "availability_zone": None,
        "alive": True,
        "configurations": {**_EVERYWHERE, **configurations},
    }
    return state.put("agents", agent)


def _updating(state: State, _asked: Asked, _old: Resource, new: dict[str, Any]) -> State:
    return state.put("agents", new)


COLLECTION = Collection(
    name="agents",
    member="agent",
    path="agents",
    kind="Agent",
    lost="Agent {id} could not be found.",
    attributes=ATTRIBUTES,
    quota=0,
    updating=_updating,
)
