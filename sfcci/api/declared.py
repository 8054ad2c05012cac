"""What a file of `sfcci sfc apply` may say of each collection: words, their shapes, what they are when nobody says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.classifier_value import ETHERTYPES, MAX_PORT, PROTOCOLS
from sfcci.chain.classifier_value import SIDES as ENDS
from sfcci.chain.resource_port_chain import FAIL_MODES, MAX_CHAIN_ID
from sfcci.chain.resource_port_chain import PARAMETERS as CHAIN_PARAMETERS
from sfcci.chain.resource_port_pair import ENCAPSULATIONS
from sfcci.chain.resource_port_pair import PARAMETERS as PAIR_PARAMETERS
from sfcci.chain.resource_port_pair_group import LB_FIELDS, N_TUPLE, SIDES
from sfcci.chain.resource_port_pair_group import PARAMETERS as GROUP_PARAMETERS

VALUE, ONE, MANY, GRAPH, ADDRESSES = "value", "one", "many", "graph", "addresses"
"""Shapes: a value; one name, a list of names; names to lists of names; a port's addresses with names of subnets."""
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Word:
    """One word of a resource. `attribute` is the API's, when it is called otherwise there.

    `fixed`: only a new resource takes another value, so that a change replaces it. `kept`: where the file does not say
    it, it stays as it is (the server or others choose it); else it becomes `default`. `ordered`: the order of a list
    means something. `refers`: the collection that names are of.
    """

    name: str
    schema: Schema
    attribute: str = ""
    default: Any = None
    fixed: bool = False
    kept: bool = False
    required: bool = False
    shape: str = VALUE
    refers: str = ""
    ordered: bool = False

    @property
    def of_api(self) -> str:
        """The API's name for it."""
        return self.attribute or self.name


@dataclass(frozen=True)
class Section:
    """One collection in the file: `words` by name; `path`, `member` as in the API; `noun` for people."""

    collection: str
    words: Mapping[str, Word]

    @property
    def member(self) -> str:
        """The API's name for one."""
        return COLLECTIONS[self.collection].member

    @property
    def path(self) -> str:
        """Where they are below /v2.0/."""
        return COLLECTIONS[self.collection].path

    @property
    def noun(self) -> str:
        """What one is called."""
        return self.member.replace("_", " ")


TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 255, "description": "a name"}
NAMES: Final[Schema] = {"type": "array", "items": NAME, "uniqueItems": True}
PORT_NUMBER: Final[Schema] = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_PORT}
PREFIX: Final[Schema] = {"type": ["string", "null"], "description": "a prefix, as in 10.0.0.0/24"}
ADDRESS: Final[Schema] = {"type": ["string", "null"], "description": "an address"}


def _record(**words: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": words}


def _words(*words: Word) -> Mapping[str, Word]:
    common = (
        Word("description", {"type": "string", "maxLength": 255}, default=""),
        Word("name", {"type": "string", "maxLength": 255}, kept=True),
    )
    return MappingProxyType({word.name: word for word in (*words, *common)})


def _refers(name: str, collection: str, attribute: str = "", *, required: bool = True) -> Word:
    schema = NAME if required else {**NAME, "type": ["string", "null"]}
    return Word(name, schema, attribute, fixed=True, required=required, shape=ONE, refers=collection)


_N_TUPLE = _record(**{key: PREFIX if key.endswith("prefix") else PORT_NUMBER for key in N_TUPLE})
_POOLS = {"type": "array", "items": {**_record(start=TEXT, end=TEXT), "required": ["start", "end"]}}
_ROUTES = {
    "type": "array",
    "items": {**_record(destination=TEXT, nexthop=TEXT), "required": ["destination", "nexthop"]},
}
_IPV6_MODE = {"enum": [None, "slaac", "dhcpv6-stateful", "dhcpv6-stateless"]}

NETWORKS = Section(
    "networks",
    _words(
        Word("port_security_enabled", FLAG, default=True),
        Word("admin_state_up", FLAG, default=True),
        Word("shared", FLAG, default=False),
        Word("mtu", {"type": "integer", "minimum": 68}, kept=True),
    ),
)
SUBNETS = Section(
    "subnets",
    _words(
        _refers("network", "networks", "network_id"),
        Word(
            "cidr",
            {"type": "string", "description": "a prefix, as in 10.0.0.0/24"},
            fixed=True,
            required=True,
        ),
        Word("enable_dhcp", FLAG, default=True),
        Word("gateway_ip", ADDRESS, kept=True),
        Word("allocation_pools", _POOLS, kept=True),
        Word("dns_nameservers", {"type": "array", "items": TEXT}, default=[], ordered=True),
        Word("host_routes", _ROUTES, default=[]),
        Word("ipv6_ra_mode", _IPV6_MODE, fixed=True),
        Word("ipv6_address_mode", _IPV6_MODE, fixed=True),
    ),
)
PORTS = Section(
    "ports",
    _words(
        _refers("network", "networks", "network_id"),
        Word(
            "fixed_ips",
            {"type": "array", "items": {**_record(subnet=NAME, ip_address=TEXT), "minProperties": 1}},
            kept=True,
            shape=ADDRESSES,
            refers="subnets",
        ),
        Word("mac_address", {"type": "string", "description": "a MAC address, in quotes"}, kept=True),
        Word("device_id", {"type": "string", "maxLength": 255}, kept=True),
        Word("device_owner", {"type": "string", "maxLength": 255}, kept=True),
        Word("host", {"type": "string", "maxLength": 255}, "binding:host_id", kept=True),
        Word("port_security_enabled", FLAG, kept=True),
        Word("admin_state_up", FLAG, default=True),
    ),
)
PORT_PAIRS = Section(
    "port_pairs",
    _words(
        _refers("ingress", "ports"),
        _refers("egress", "ports"),
        Word(
            "service_function_parameters",
            _record(correlation={"enum": [None, *ENCAPSULATIONS]}, weight={"type": "integer", "minimum": 0}),
            default=PAIR_PARAMETERS,
            fixed=True,
        ),
    ),
)
PORT_PAIR_GROUPS = Section(
    "port_pair_groups",
    _words(
        Word("port_pairs", NAMES, default=[], shape=MANY, refers="port_pairs"),
        Word("tap_enabled", FLAG, default=False, fixed=True),
        Word(
            "port_pair_group_parameters",
            _record(
                lb_fields={"type": "array", "items": {"enum": list(LB_FIELDS)}},
                ppg_n_tuple_mapping=_record(**dict.fromkeys(SIDES, _N_TUPLE)),
            ),
            default=GROUP_PARAMETERS,
            fixed=True,
        ),
    ),
)
FLOW_CLASSIFIERS = Section(
    "flow_classifiers",
    _words(
        Word("ethertype", {"enum": ETHERTYPES}, default="IPv4", fixed=True),
        Word("protocol", {"enum": [None, *PROTOCOLS]}, fixed=True),
        *(
            Word(f"{side}_port_range_{end}", PORT_NUMBER, fixed=True)
            for side in ENDS
            for end in ("min", "max")
        ),
        Word("source_ip_prefix", PREFIX, fixed=True),
        Word("destination_ip_prefix", PREFIX, fixed=True),
        _refers("logical_source_port", "ports", required=False),
        _refers("logical_destination_port", "ports", required=False),
    ),
)
PORT_CHAINS = Section(
    "port_chains",
    _words(
        Word(
            "port_pair_groups",
            {**NAMES, "minItems": 1},
            required=True,
            shape=MANY,
            refers="port_pair_groups",
            ordered=True,
        ),
        Word("flow_classifiers", NAMES, default=[], shape=MANY, refers="flow_classifiers"),
        Word(
            "chain_parameters",
            _record(correlation={"enum": list(ENCAPSULATIONS)}, symmetric=FLAG),
            default=CHAIN_PARAMETERS,
            fixed=True,
        ),
        Word(
            "chain_id",
            {"type": "integer", "minimum": 1, "maximum": max(MAX_CHAIN_ID.values())},
            fixed=True,
            kept=True,
        ),
        Word("fail_mode", {"enum": list(FAIL_MODES)}, default="closed"),
    ),
)
SERVICE_GRAPHS = Section(
    "service_graphs",
    _words(
        Word(
            "port_chains",
            {"type": "object", "propertyNames": NAME, "additionalProperties": {**NAMES, "minItems": 1}},
            fixed=True,
            required=True,
            shape=GRAPH,
            refers="port_chains",
        ),
    ),
)
SECTIONS: Final[Mapping[str, Section]] = MappingProxyType(
    {
        section.collection: section
        for section in (
            NETWORKS,
            SUBNETS,
            PORTS,
            PORT_PAIRS,
            PORT_PAIR_GROUPS,
            FLOW_CLASSIFIERS,
            PORT_CHAINS,
            SERVICE_GRAPHS,
        )
    }
)
"""In the order in which they are made: a resource refers to those of earlier sections only."""


def _section_schema(section: Section) -> Schema:
    words = section.words.values()
    resource = {
        "type": "object",
        "additionalProperties": False,
        "properties": {word.name: word.schema for word in words},
        "required": [word.name for word in words if word.required],
    }
    return {"type": "object", "propertyNames": NAME, "additionalProperties": resource}


SCHEMA: Final[Schema] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "What sfcci sfc apply brings about",
    "type": "object",
    "additionalProperties": False,
    "properties": {name: _section_schema(section) for name, section in SECTIONS.items()},
}
