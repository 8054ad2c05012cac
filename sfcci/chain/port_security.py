"""What a port's security asks for: groups only with addresses and security on, address pairs only with security on."""

from collections.abc import Mapping, Sequence
from typing import Any

from sfcci.chain.attribute import UNSPECIFIED
from sfcci.chain.default_group import default_group, with_default_group
from sfcci.chain.refused import FORBIDDEN, NOT_FOUND, Refused, bad_request, conflict
from sfcci.chain.state import Asked, Resource, State


def trusted(port: Mapping[str, Any]) -> bool:
    """Say whether the network itself owns the port (a router's), so that no security is asked of it."""
    return str(port["device_owner"]).startswith("network:")


def secured(state: State, asked: Asked, port: dict[str, Any], network: Resource) -> State:
    """Fill in a new port's security and give the state with the default group that it may need. Raises Refused."""
    if port["port_security_enabled"] is UNSPECIFIED:
        port["port_security_enabled"] = network["port_security_enabled"] and not trusted(port)
    state = with_default_group(state, asked, port["project_id"])
    if port["security_groups"] is UNSPECIFIED:
        port["security_groups"] = _default(state, port)
    check(state, asked, port)
    return state


def _default(state: State, port: Mapping[str, Any]) -> list[str]:
    group = default_group(state, port["project_id"])
    wanted = group and port["port_security_enabled"] and not trusted(port)
    return [group["id"]] if group and wanted else []


def check(state: State, asked: Asked, port: Mapping[str, Any], old: Resource | None = None) -> None:
    """Refuse groups and address pairs that do not go with the port's security. Raises Refused."""
    _known(state, asked, port["security_groups"])
    if port["security_groups"] and not port["port_security_enabled"]:
        if old is not None and old["security_groups"] == port["security_groups"]:
            raise conflict(
                "PortSecurityPortHasSecurityGroup",
                "Port has security group associated. Cannot disable port security or IP address until security "
                "group is removed.",
            )
        raise bad_request(
            "Port security must be enabled and port must have an IP address in order to use security groups.",
            "PortSecurityAndIPRequiredForSecurityGroups",
        )
    if port["allowed_address_pairs"] and not port["port_security_enabled"]:
        raise conflict(
            "AddressPairAndPortSecurityRequired",
            "Port Security must be enabled in order to have allowed address pairs on a port.",
        )


def check_owner(asked: Asked, network: Resource, given: Mapping[str, Any]) -> None:
    """Refuse who asks for a port on somebody else's network what is the network's owner's to give. Raises Refused."""
    if asked.admin or network["project_id"] == asked.project:
        return
    for name in ("mac_address", "port_security_enabled", "allowed_address_pairs"):
        if given.get(name) not in (None, UNSPECIFIED, []):
            raise forbidden(name)
    if trusted({"device_owner": "", **given}):
        raise forbidden("device_owner")
    if any("ip_address" in fixed for fixed in given.get("fixed_ips") or ()):
        raise forbidden("fixed_ips")


def forbidden(name: str) -> Refused:
    """Give the refusal of an attribute of a port that is not the asker's to give."""
    return Refused(
        FORBIDDEN, "PolicyNotAuthorized", f"(rule:port and rule:port:{name}) is disallowed by policy"
    )


def _known(state: State, asked: Asked, ids: Sequence[str]) -> None:
    stateful = set()
    for id_ in ids:
        group = state.get("security_groups", id_)
        if group is None or not (asked.admin or group["project_id"] == asked.project):
            raise Refused(NOT_FOUND, "SecurityGroupNotFound", f"Security group {id_} does not exist.")
        stateful.add(group["stateful"])
    if len(stateful) > 1:
        raise conflict(
            "SecurityGroupConflict",
            "Error Cannot apply both stateful and stateless security groups on the same port while attempting "
            "the operation.",
        )
