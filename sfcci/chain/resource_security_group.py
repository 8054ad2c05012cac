"""Security groups (api-ref: security-groups): kept for their clients; the data plane filters no packets by them."""

from typing import Any

from sfcci.chain.attribute import Attribute, server_made
from sfcci.chain.collection import Collection
from sfcci.chain.convert import boolean, text
from sfcci.chain.default_group import DEFAULT, egress, with_default_group, with_rules
from sfcci.chain.refused import conflict
from sfcci.chain.standard import DESCRIPTION, ID, PROJECT, TAG_FILTERS, TAGS, TENANT, TIMES
from sfcci.chain.state import Asked, Resource, State

ATTRIBUTES = (
    ID,
    Attribute("name", "", update=True, convert=text()),
    Attribute("stateful", default=True, update=True, convert=boolean),
    PROJECT,
    DESCRIPTION,
    server_made("shared", default=False),
    server_made("security_group_rules", []),
    TAGS,
    *TIMES,
    TENANT,
)


def _creating(state: State, asked: Asked, group: dict[str, Any]) -> State:
    if group["name"] == DEFAULT:
        raise conflict("SecurityGroupDefaultAlreadyExists", "Default security group already exists.")
    group["revision_number"] = 1
    return with_rules(with_default_group(state, asked, group["project_id"]), asked, group, list(egress()))


def _updating(state: State, _asked: Asked, old: Resource, new: dict[str, Any]) -> State:
    if old["name"] == DEFAULT and new["name"] != DEFAULT:
        raise conflict("SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.")
    if new["name"] == DEFAULT and old["name"] != DEFAULT:
        raise conflict("SecurityGroupDefaultAlreadyExists", "Default security group already exists.")
    if old["stateful"] != new["stateful"] and _used(state, old):
        raise _in_use(old)
    return state.put("security_groups", new)


def _deleting(state: State, asked: Asked, group: Resource) -> State:
    if _used(state, group):
        raise _in_use(group)
    if group["name"] == DEFAULT and not asked.admin:
        raise conflict(
            "SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group."
        )
    for rule in state.of("security_group_rules").values():
        if group["id"] in (rule["security_group_id"], rule["remote_group_id"]):
            state = without_rule(state, rule)
    return state.without("security_groups", group["id"])


def _used(state: State, group: Resource) -> bool:
    return any(group["id"] in port["security_groups"] for port in state.of("ports").values())


def _in_use(group: Resource) -> Exception:
    return conflict("SecurityGroupInUse", f"Security Group {group['id']} in use.")


def without_rule(state: State, rule: Resource) -> State:
    """Give the state without a rule, neither as a resource nor in its group."""
    group = state.of("security_groups")[rule["security_group_id"]]
    left = [other for other in group["security_group_rules"] if other["id"] != rule["id"]]
    changed = {**group, "security_group_rules": left, "revision_number": group["revision_number"] + 1}
    return state.without("security_group_rules", rule["id"]).put("security_groups", changed)


def _reading(state: State, asked: Asked) -> State:
    return with_default_group(state, asked, asked.project)


COLLECTION = Collection(
    name="security_groups",
    member="security_group",
    path="security-groups",
    kind="SecurityGroup",
    lost="Security group {id} does not exist.",
    attributes=ATTRIBUTES,
    quota=10,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
    filters=TAG_FILTERS,
    reading=_reading,
)
