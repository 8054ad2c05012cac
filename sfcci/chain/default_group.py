"""Security groups as other resources need them: rules, and each project's default group, made on first need."""

from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.chain.standard import child_id
from sfcci.chain.state import Asked, Resource, State

DEFAULT = "default"
ANY = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


def default_group(state: State, project: str) -> Resource | None:
    """Give a project's default group, None where it has none yet."""
    groups = state.of("security_groups").values()
    return next(
        (group for group in groups if group["name"] == DEFAULT and group["project_id"] == project), None
    )


def with_default_group(state: State, asked: Asked, project: str) -> State:
    """Give the state with that project's default group."""
    if not project or default_group(state, project):
        return state
    group = {
        "id": child_id(asked, "default group", project),
        "name": DEFAULT,
        "project_id": project,
        "tenant_id": project,
        "description": "Default security group",
        "stateful": True,
        "shared": False,
        "security_group_rules": [],
        "tags": [],
        "created_at": asked.now,
        "updated_at": asked.now,
        "revision_number": 1,
    }
    return with_rules(state, asked, group, [*egress(), *_ingress(str(group["id"]))])


def egress() -> Iterator[dict[str, Any]]:
    """Give the rules that every new group has: everything may leave."""
    for ethertype in ANY:
        yield {"direction": "egress", "ethertype": ethertype}


def _ingress(group_id: str) -> Iterator[dict[str, Any]]:
    for ethertype in ANY:
        yield {"direction": "ingress", "ethertype": ethertype, "remote_group_id": group_id}


def with_rules(state: State, asked: Asked, group: Mapping[str, Any], wanted: list[dict[str, Any]]) -> State:
    """Give the state with the group and its rules, both in the group and as resources of their own."""
    rules = [_rule(asked, group, number, rule) for number, rule in enumerate(wanted)]
    for rule in rules:
        state = state.put("security_group_rules", rule)
    return state.put("security_groups", {**group, "security_group_rules": rules})


def _rule(asked: Asked, group: Mapping[str, Any], number: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": child_id(asked, "rule", str(group["id"]), str(number)),
        "project_id": group["project_id"],
        "tenant_id": group["project_id"],
        "security_group_id": group["id"],
        "ethertype": rule["ethertype"],
        "direction": rule["direction"],
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "normalized_cidr": None,
        "remote_group_id": rule.get("remote_group_id"),
        "belongs_to_default_sg": group["name"] == DEFAULT,
        "description": "",
        "created_at": asked.now,
        "updated_at": asked.now,
        "revision_number": 0,
    }
