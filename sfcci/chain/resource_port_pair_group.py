"""Port pair groups: interchangeable instances of a service function, one hop of a chain."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sfcci.chain import resource_port_pair
from sfcci.chain.attribute import Attribute, Invalid, server_made
from sfcci.chain.classifier_value import check_range, port_number
from sfcci.chain.collection import Collection, found
from sfcci.chain.convert import boolean, dictionary, mapping, prefix_or_none, shown, uuid_list
from sfcci.chain.correlation import check_users
from sfcci.chain.index import Index
from sfcci.chain.reference import holder, in_use, lowest_free
from sfcci.chain.refused import bad_request
from sfcci.chain.standard import ID, NAME, PROJECT, REVISION, TENANT, TEXT_DESCRIPTION
from sfcci.chain.state import Asked, Resource, State

NAME_IN_STATE: Final = "port_pair_groups"
LB_FIELDS: Final = ("eth_src", "eth_dst", "ip_src", "ip_dst", "tcp_src", "tcp_dst", "udp_src", "udp_dst")
N_TUPLE: Final = {
    "source_ip_prefix": prefix_or_none,
    "destination_ip_prefix": prefix_or_none,
    "source_port_range_min": port_number,
    "source_port_range_max": port_number,
    "destination_port_range_min": port_number,
    "destination_port_range_max": port_number,
}
SIDES: Final = ("ingress_n_tuple", "egress_n_tuple")
UNMAPPED: Final[Mapping[str, Any]] = {side: {} for side in SIDES}
PARAMETERS: Final = {"lb_fields": [], "ppg_n_tuple_mapping": UNMAPPED}


def _lb_fields(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Invalid(f"'{shown(value)}' is not a list")
    if illegal := [field for field in value if field not in LB_FIELDS]:
        raise Invalid("Illegal values in a list: " + ", ".join(map(shown, illegal)))
    return value


def _n_tuple_mapping(value: Any) -> dict[str, Any]:
    """Checked like a classifier; the reference stores whatever the values are."""
    given = dictionary({} if value is None else value)
    _known(given, SIDES)
    return {side: _n_tuple(given.get(side)) for side in SIDES}


def _n_tuple(value: Any) -> dict[str, Any]:
    given = dictionary({} if value is None else value)
    _known(given, N_TUPLE)
    converted = mapping(N_TUPLE)(given)
    check_range(converted)
    return converted


def _known(given: Mapping[str, Any], keys: Sequence[str] | Mapping[str, Any]) -> None:
    if unknown := next((key for key in given if key not in keys), None):
        supported = dict.fromkeys(N_TUPLE)
        raise bad_request(
            f"Invalid Port Pair Group N-Tuple Mapping parameters: Unknow key {shown(unknown)}.. "
            f"Supported PPG classifier N-Tuple Mapping parameters are {supported}.",
            "PPGParametersInvalidNTupleMappingParameter",
        )


_given = mapping({"lb_fields": _lb_fields, "ppg_n_tuple_mapping": _n_tuple_mapping})


def _parameters(value: Any) -> dict[str, Any]:
    return {**PARAMETERS, **_given(value)} if value else PARAMETERS


_by_number = Index(lambda group: (group["group_id"],))


def _creating(state: State, asked: Asked, group: dict[str, Any]) -> State:
    _check_pairs(state, asked, group)
    group["group_id"] = lowest_free(_by_number.of(state.of(NAME_IN_STATE)))
    return state.put(NAME_IN_STATE, group)


def _updating(state: State, asked: Asked, old: Resource, group: dict[str, Any]) -> State:
    changed = state.put(NAME_IN_STATE, group)
    if group["port_pairs"] is not old["port_pairs"]:
        _check_pairs(state, asked, group)
        check_users(changed, group)
    return changed


def _check_pairs(state: State, asked: Asked, group: Resource) -> None:
    pairs = [found(state, resource_port_pair.COLLECTION, id_, asked) for id_ in group["port_pairs"]]
    understood = [pair["service_function_parameters"]["correlation"] for pair in pairs]
    for pair, correlation in zip(pairs, understood, strict=True):
        if correlation != understood[0]:
            raise bad_request(
                "Port Pair Group attempted creation included Port Pairs with inconsistent correlation types.",
                "InconsistentCorrelations",
            )
        user = holder(state, NAME_IN_STATE, "port_pairs", pair["id"])
        if user and user["id"] != group["id"]:
            raise in_use("PortPair", "Port Pair", pair["id"])
    if group["tap_enabled"] and len(pairs) > 1:
        raise bad_request(
            "Multiple port pairs in Tap port-pair-group is not allowed.",
            "MultiplePortPairsInTapPPGNotSupported",
        )


def _deleting(state: State, _asked: Asked, group: Resource) -> State:
    if holder(state, "port_chains", "port_pair_groups", group["id"]):
        raise in_use("PortPairGroup", "Port Pair Group", group["id"])
    return state.without(NAME_IN_STATE, group["id"])


COLLECTION: Final = Collection(
    name=NAME_IN_STATE,
    member="port_pair_group",
    path="sfc/port_pair_groups",
    kind="PortPairGroup",
    lost="Port Pair Group {id} not found.",
    attributes=(
        ID,
        NAME,
        TEXT_DESCRIPTION,
        PROJECT,
        Attribute("port_pairs", [], update=True, convert=uuid_list),
        Attribute("tap_enabled", False, convert=boolean),
        Attribute("port_pair_group_parameters", PARAMETERS, convert=_parameters),
        server_made("group_id"),
        TENANT,
        REVISION,
    ),
    quota=10,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
)
