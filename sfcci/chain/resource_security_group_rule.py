"""Rules of security groups (api-ref: security-group-rules)."""

from ipaddress import ip_network
from typing import Any, Final

from sfcci.chain.attribute import REQUIRED, Attribute, Invalid, server_made
from sfcci.chain.collection import Collection
from sfcci.chain.convert import network_of, none_or, one_of, text, text_or_empty, whole_number
from sfcci.chain.default_group import DEFAULT
from sfcci.chain.refused import NOT_FOUND, Refused, bad_request, conflict
from sfcci.chain.resource_security_group import without_rule
from sfcci.chain.standard import ID, PROJECT, TENANT, TIMES
from sfcci.chain.state import Asked, Resource, State

PROTOCOLS: Final = {
    "any": None,
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "hopopt": 0,
    "icmp": 1,
    "icmpv6": 58,
    "igmp": 2,
    "ip": 0,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-icmp": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "sctp": 132,
    "tcp": 6,
    "udp": 17,
    "udplite": 136,
    "vrrp": 112,
}
"""IANA's assigned internet protocol numbers, under the names that Neutron knows."""
LARGEST_PROTOCOL, LARGEST_PORT, LARGEST_ICMP = 255, 65535, 255
_WITH_PORTS = frozenset({"tcp", "udp", "sctp", "dccp", "udplite", "6", "17", "33", "132", "136"})
_ICMP = frozenset({"icmp", "icmpv6", "ipv6-icmp", "1", "58"})
_IPV6_ONLY = frozenset(str(PROTOCOLS[name]) for name in PROTOCOLS if name.startswith("ipv6-"))


def _protocol(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value.lower() == "any"):
        return None
    word = str(value).lower()
    if word in PROTOCOLS:
        return word
    if word.isascii() and word.isdigit() and int(word) <= LARGEST_PROTOCOL:
        return word
    raise bad_request(
        f"Security group rule protocol {value} not supported. "
        f"Only protocol values {sorted(PROTOCOLS)} and integer representations [0 to 255] are supported.",
        "SecurityGroupRuleInvalidProtocol",
    )


def _ethertype(value: Any) -> str:
    for known in ("IPv4", "IPv6"):
        if str(value).lower() == known.lower():
            return known
    raise Invalid(f"Ethertype {value} is not a valid ethertype, must be one of IPv4, IPv6")


def _port(value: Any) -> int | None:
    if value is None or value == "":
        return None
    number = whole_number(value)
    if not -1 <= number <= LARGEST_PORT:
        raise invalid_port(value)
    return number


def invalid_port(value: Any) -> Refused:
    """Give the refusal of a port that is none."""
    return bad_request(f"Invalid value for port {value}", "SecurityGroupInvalidPortValue")


def _prefix(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if network_of(value) is None:
        raise bad_request(f"Invalid CIDR {value} given as IP prefix", "InvalidCIDR")
    return str(value) if "/" in value else str(ip_network(value))


ATTRIBUTES = (
    ID,
    PROJECT,
    Attribute("security_group_id", REQUIRED, convert=text()),
    Attribute("ethertype", "IPv4", convert=_ethertype),
    Attribute("direction", REQUIRED, convert=one_of(("ingress", "egress"))),
    Attribute("protocol", None, convert=_protocol),
    Attribute("port_range_min", None, convert=_port),
    Attribute("port_range_max", None, convert=_port),
    Attribute("remote_ip_prefix", None, convert=_prefix),
    server_made("normalized_cidr"),
    Attribute("remote_group_id", None, convert=none_or(text())),
    server_made("belongs_to_default_sg", default=False),
    Attribute("description", "", convert=text_or_empty),
    *TIMES,
    TENANT,
)


def _creating(state: State, asked: Asked, rule: dict[str, Any]) -> State:
    group = _group(state, asked, rule["security_group_id"])
    if rule["remote_group_id"] is not None:
        _group(state, asked, rule["remote_group_id"])
    _remote(rule)
    _ports(rule)
    _family(rule)
    _unlike_others(rule, group)
    rule |= {"project_id": group["project_id"], "tenant_id": group["project_id"]}
    rule["belongs_to_default_sg"] = group["name"] == DEFAULT
    changed = {
        **group,
        "security_group_rules": [*group["security_group_rules"], rule],
        "revision_number": group["revision_number"] + 1,
    }
    return state.put("security_group_rules", rule).put("security_groups", changed)


def _group(state: State, asked: Asked, id_: str) -> Resource:
    group = state.get("security_groups", id_)
    if group is None or not (asked.admin or group["project_id"] == asked.project):
        raise Refused(NOT_FOUND, "SecurityGroupNotFound", f"Security group {id_} does not exist.")
    return group


def _remote(rule: dict[str, Any]) -> None:
    if rule["remote_ip_prefix"] and rule["remote_group_id"]:
        raise bad_request(
            "Only remote_ip_prefix or remote_group_id may be provided.", "SecurityGroupMultipleRemoteEntites"
        )
    if rule["remote_ip_prefix"]:
        network = network_of(rule["remote_ip_prefix"])
        rule["normalized_cidr"] = str(network)
        if network is None or f"IPv{network.version}" != rule["ethertype"]:
            raise bad_request(
                f"Conflicting value ethertype {rule['ethertype']} for CIDR {rule['remote_ip_prefix']}",
                "SecurityGroupRuleParameterConflict",
            )


def _ports(rule: dict[str, Any]) -> None:
    if rule["port_range_min"] == rule["port_range_max"] == -1:  # Amazon's way to say any
        rule |= {"port_range_min": None, "port_range_max": None}
    first, last, protocol = rule["port_range_min"], rule["port_range_max"], rule["protocol"]
    for bound in (first, last):
        if bound == -1:
            raise invalid_port(bound)
    if first is None and last is None:
        return
    if protocol in _ICMP:
        _icmp(first, last)
    elif protocol not in _WITH_PORTS:
        raise bad_request(
            "Must also specify protocol if port range is given."
            if protocol is None
            else f"Port range cannot be specified for protocol {protocol}",
            "SecurityGroupProtocolRequiredWithPorts"
            if protocol is None
            else "SecurityGroupInvalidProtocolForPort",
        )
    elif first is None or last is None or first > last:
        raise bad_request(
            "For TCP/UDP protocols, port_range_min must be <= port_range_max", "SecurityGroupInvalidPortRange"
        )
    elif first == 0 and protocol in {"tcp", "udp", "6", "17"}:
        raise invalid_port(first)


def _icmp(kind: int | None, code: int | None) -> None:
    for name, value in (("type", kind), ("code", code)):
        if value is not None and value > LARGEST_ICMP:
            attribute = "port_range_min" if name == "type" else "port_range_max"
            raise bad_request(
                f"Invalid value for ICMP {name} ({attribute}) {value}. It must be 0 to 255.",
                "SecurityGroupInvalidIcmpValue",
            )
    if kind is None:
        raise bad_request(
            f"ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing.",
            "SecurityGroupMissingIcmpType",
        )


def _family(rule: dict[str, Any]) -> None:
    number = PROTOCOLS.get(rule["protocol"], rule["protocol"])
    if str(number) in _IPV6_ONLY and rule["ethertype"] != "IPv6":
        raise bad_request(
            f"Invalid ethertype {rule['ethertype']} for protocol {rule['protocol']}.",
            "SecurityGroupEthertypeConflictWithProtocol",
        )


_SAME = ("ethertype", "direction", "port_range_min", "port_range_max", "remote_group_id")


def _meaning(rule: Resource) -> tuple[Any, ...]:
    protocol = rule["protocol"]
    number = PROTOCOLS.get(protocol, protocol) if protocol else None
    everything = {"0.0.0.0/0", "::/0"}
    cidr = None if rule["normalized_cidr"] in everything else rule["normalized_cidr"]
    return (*(rule[name] for name in _SAME), str(number), cidr)


def _unlike_others(rule: Resource, group: Resource) -> None:
    meaning = _meaning(rule)
    for other in group["security_group_rules"]:
        if other["direction"] == rule["direction"] and _meaning(other) == meaning:
            raise conflict(
                "SecurityGroupRuleExists", f"Security group rule already exists. Rule id is {other['id']}."
            )


def _deleting(state: State, _asked: Asked, rule: Resource) -> State:
    return without_rule(state, rule)


COLLECTION = Collection(
    name="security_group_rules",
    member="security_group_rule",
    path="security-group-rules",
    kind="SecurityGroupRule",
    lost="Security group rule {id} does not exist.",
    attributes=ATTRIBUTES,
    quota=100,
    creating=_creating,
    deleting=_deleting,
)
