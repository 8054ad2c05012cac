"""Port pairs: one instance of a service function, by the ports where traffic enters and leaves it."""

from typing import Any, Final

from sfcci.chain.attribute import REQUIRED, Attribute
from sfcci.chain.collection import Collection
from sfcci.chain.convert import integer, mapping, non_negative, one_of, uuid
from sfcci.chain.index import Index
from sfcci.chain.reference import holder, in_use, port
from sfcci.chain.refused import bad_request
from sfcci.chain.standard import ID, NAME, PROJECT, REVISION, TENANT, TEXT_DESCRIPTION
from sfcci.chain.state import Asked, Resource, State

NAME_IN_STATE: Final = "port_pairs"
ENCAPSULATIONS: Final = ("mpls", "nsh")
PARAMETERS: Final = {"correlation": None, "weight": 1}
MAX_WEIGHT: Final = 65535
"""A bucket's weight has 16 bits (OpenFlow 1.5, section 7.3.4.3)."""
_lost_port: Final = "Port Pair port {id} not found."


def _weight(value: Any) -> int:
    return int(integer(0, MAX_WEIGHT)(non_negative(value)))


_given = mapping({"correlation": one_of((None, *ENCAPSULATIONS)), "weight": _weight})


def _parameters(value: Any) -> dict[str, Any]:
    """The reference leaves a partial object partial, and a group of such pairs ends in an answer 500."""
    return {**PARAMETERS, **_given(value)} if value else PARAMETERS


_by_ports = Index(lambda pair: ((pair["ingress"], pair["egress"]),))


def _creating(state: State, asked: Asked, pair: dict[str, Any]) -> State:
    ingress, egress = (port(state, asked, pair[end], "PortPair", _lost_port) for end in ("ingress", "egress"))
    _unlike_others(state, pair)  # who may not see the ports is not told of the pair
    _on_one_machine(ingress, egress)
    return state.put(NAME_IN_STATE, pair)


def _unlike_others(state: State, pair: Resource) -> None:
    for other in _by_ports.of(state.of(NAME_IN_STATE)).get((pair["ingress"], pair["egress"]), ()):
        raise bad_request(
            f"Port Pair with ingress port {pair['ingress']} and egress port {pair['egress']} "
            f"is already used by another Port Pair {other}.",
            "PortPairIngressEgressInUse",
        )


def _on_one_machine(ingress: Resource, egress: Resource) -> None:
    for end, resource in (("ingress", ingress), ("egress", egress)):
        if not resource["device_id"]:
            message = f"Port Pair {end} port {resource['id']} does not belong to a host."
            raise bad_request(message, f"PortPair{end.capitalize()}NoHost")
    if ingress["device_id"] != egress["device_id"]:
        raise bad_request(
            f"Port Pair ingress port {ingress['id']} and egress port {egress['id']} not in the same host.",
            "PortPairIngressEgressDifferentHost",
        )


def _updating(state: State, _asked: Asked, _old: Resource, pair: dict[str, Any]) -> State:
    return state.put(NAME_IN_STATE, pair)


def _deleting(state: State, _asked: Asked, pair: Resource) -> State:
    if holder(state, "port_pair_groups", "port_pairs", pair["id"]):
        raise in_use("PortPair", "Port Pair", pair["id"])
    return state.without(NAME_IN_STATE, pair["id"])


COLLECTION: Final = Collection(
    name=NAME_IN_STATE,
    member="port_pair",
    path="sfc/port_pairs",
    kind="PortPair",
    lost="Port Pair {id} not found.",
    attributes=(
        ID,
        NAME,
        TEXT_DESCRIPTION,
        PROJECT,
        Attribute("ingress", REQUIRED, convert=uuid),
        Attribute("egress", REQUIRED, convert=uuid),
        Attribute("service_function_parameters", PARAMETERS, convert=_parameters),
        TENANT,
        REVISION,
    ),
    quota=100,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
)
