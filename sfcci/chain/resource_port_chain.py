"""Port chains: an ordered list of groups and the classifiers that lead packets through them."""

from typing import Any, Final

from sfcci.chain import resource_flow_classifier, resource_port_pair_group
from sfcci.chain.attribute import REQUIRED, Attribute
from sfcci.chain.collection import Collection, found, visible
from sfcci.chain.conflict import basic_conflicts_with, rivals
from sfcci.chain.convert import boolean, integer, mapping, one_of, uuid_list
from sfcci.chain.correlation import check_groups, members
from sfcci.chain.index import Index
from sfcci.chain.reference import holder, in_use, lowest_free
from sfcci.chain.refused import bad_request, conflict
from sfcci.chain.resource_port_pair import ENCAPSULATIONS
from sfcci.chain.standard import ID, NAME, PROJECT, REVISION, TENANT, TEXT_DESCRIPTION
from sfcci.chain.state import Asked, Resource, State

NAME_IN_STATE: Final = "port_chains"
PARAMETERS: Final = {"correlation": "mpls", "symmetric": False}
MAX_CHAIN_ID: Final = {"mpls": 4095, "nsh": 65535}
"""An MPLS label is chain_id * 256 + index in 20 bits (RFC 3032); beyond, the API's own limit."""
FAIL_MODES: Final = ("closed", "open")
_given = mapping({"correlation": one_of(ENCAPSULATIONS), "symmetric": boolean})


def _parameters(value: Any) -> dict[str, Any]:
    return {**PARAMETERS, **_given(value)} if value else PARAMETERS


def _listed(value: Any) -> Any:
    """One id alone is understood as a list of it."""
    return [value] if isinstance(value, str) else value


def _groups(value: Any) -> list[str]:
    if value is None or value in ([], {}):
        message = "Port Pair Group is not specified in Port Chain."
        raise bad_request(message, "PortPairGroupNotSpecified")
    return list(uuid_list(_listed(value)))


def _classifiers(value: Any) -> list[str]:
    return list(uuid_list(_listed(value)))


def _creating(state: State, asked: Asked, chain: dict[str, Any]) -> State:
    _check_groups(state, asked, chain)
    _check_classifiers(state, asked, chain)
    chain["chain_id"] = _chain_id(state, chain)
    _check_way_back(state, chain)
    return state.put(NAME_IN_STATE, chain)


def _updating(state: State, asked: Asked, old: Resource, chain: dict[str, Any]) -> State:
    regrouped = chain["port_pair_groups"] is not old["port_pair_groups"]
    reclassified = chain["flow_classifiers"] is not old["flow_classifiers"]
    if regrouped or reclassified:
        _in_no_graph(state, chain)
    if regrouped:
        _check_groups(state, asked, chain)
    if reclassified:
        _check_classifiers(state, asked, chain)
        _check_way_back(state, chain)
    return state.put(NAME_IN_STATE, chain)


_by_groups = Index(lambda chain: (tuple(chain["port_pair_groups"]),))
_by_number = Index(lambda chain: (chain["chain_id"],))


def _check_groups(state: State, asked: Asked, chain: Resource) -> None:
    groups = []
    for id_ in chain["port_pair_groups"]:
        groups.append(found(state, resource_port_pair_group.COLLECTION, id_, asked))
        if len(groups) > 1 and groups[-1]["tap_enabled"] and groups[-2]["tap_enabled"]:
            message = "Consecutive Tap PPG in port-chain is not supported now."
            raise bad_request(message, "ConsecutiveTapPPGNotSupported")
    chains = state.of(NAME_IN_STATE)
    for other in _by_groups.of(chains).get(tuple(chain["port_pair_groups"]), ()):
        if _another(chains[other], chain, asked):
            raise conflict(
                "InvalidPortPairGroups",
                f"Port Pair Group(s) {chain['port_pair_groups']} in use by Port Chain {other}.",
            )
    check_groups(state, groups, chain)


def _another(other: Resource, chain: Resource, asked: Asked) -> bool:
    return bool(other["id"] != chain["id"]) and visible(other, asked)


def _check_classifiers(state: State, asked: Asked, chain: Resource) -> None:
    ids = chain["flow_classifiers"]
    wanted = [found(state, resource_flow_classifier.COLLECTION, id_, asked) for id_ in ids]
    for id_ in ids:
        if _elsewhere(state, id_, chain):
            raise in_use("FlowClassifier", "Flow Classifier", id_)
    for classifier in wanted:
        _check_conflicts(state, asked, classifier, chain)


def _elsewhere(state: State, classifier: str, chain: Resource) -> Resource | None:
    """Give the other chain into which a classifier leads."""
    user = holder(state, NAME_IN_STATE, "flow_classifiers", classifier)
    return user if user and user["id"] != chain["id"] else None


def _check_conflicts(state: State, asked: Asked, classifier: Resource, chain: Resource) -> None:
    conflicts = basic_conflicts_with(classifier)
    for rival in rivals(state.of("flow_classifiers"), classifier):
        if not conflicts(rival) or _told_apart(state, classifier, rival):
            continue
        other = _elsewhere(state, rival["id"], chain)
        if other and visible(other, asked):
            raise bad_request(
                f"Flow Classifier {classifier['id']} conflicts with Flow Classifier {rival['id']} "
                f"in port chain {other['id']}.",
                "PortChainFlowClassifierInConflict",
            )


_by_telling_exit = Index(
    lambda pair: [pair["egress"]] if pair["service_function_parameters"]["correlation"] else ()
)
"""Pairs whose function knows its chain's header, by the port at which it gives packets back."""


def _told_apart(state: State, one: Resource, other: Resource) -> bool:
    """Whether classifiers begin at two ports, and one of these is the exit of a function that knows its chain's header.

    What comes back there with the header is the chain's before. Without this no service graph could take a part of a
    chain's packets further: what leaves a chain was wanted by its classifiers first.
    """
    begins = {one["logical_source_port"], other["logical_source_port"]}
    exits = _by_telling_exit.of(state.of("port_pairs"))
    return len(begins) > 1 and None not in begins and any(port in exits for port in begins)


def _chain_id(state: State, chain: Resource) -> int:
    """The chain's own number, else the lowest free one."""
    taken = _by_number.of(state.of(NAME_IN_STATE))
    highest = MAX_CHAIN_ID[chain["chain_parameters"]["correlation"]]
    number: int = chain["chain_id"] or lowest_free(taken)
    if number in taken:
        message = f"Chain id {number} conflicts with Chain id in port chain {taken[number][0]}."
        raise bad_request(message, "PortChainChainIdInConflict")
    if number <= highest:
        return number
    if chain["chain_id"]:
        raise bad_request(
            f"Invalid input for chain_id. Reason: '{number}' is too large - must be no larger than '{highest}'."
        )
    raise bad_request(f"Port Chain {chain['id']} no available chain id.", "PortChainUnavailableChainId")


def _check_way_back(state: State, chain: Resource) -> None:
    """A symmetric chain's way back begins at the port where its way there ends."""
    known = state.of("flow_classifiers")
    for id_ in chain["flow_classifiers"] if chain["chain_parameters"]["symmetric"] else ():
        if known[id_]["logical_destination_port"] is None:
            raise bad_request(
                f"FlowClassifier {id_} does not setlogical_destination_port. logical_destination_port needed "
                "when symmetric has been set. Please recreate FlowClassifier with logical_destination_port "
                "and destination_ip_prefix.",
                "SfcBadRequest",
            )


def _in_no_graph(state: State, chain: Resource) -> None:
    for graph in state.of("service_graphs").values():
        if chain["id"] in members(graph["port_chains"]):
            raise conflict("ServiceGraphPortChainInUse", f"Port Chain {chain['id']} in use.")


def _deleting(state: State, _asked: Asked, chain: Resource) -> State:
    _in_no_graph(state, chain)
    return state.without(NAME_IN_STATE, chain["id"])


COLLECTION: Final = Collection(
    name=NAME_IN_STATE,
    member="port_chain",
    path="sfc/port_chains",
    kind="PortChain",
    lost="Port Chain {id} not found.",
    attributes=(
        ID,
        NAME,
        PROJECT,
        TEXT_DESCRIPTION,
        Attribute("port_pair_groups", REQUIRED, update=True, convert=_groups),
        Attribute("flow_classifiers", [], update=True, convert=_classifiers),
        Attribute("chain_parameters", PARAMETERS, convert=_parameters),
        Attribute("chain_id", 0, convert=integer(0, MAX_CHAIN_ID["nsh"])),
        TENANT,
        REVISION,
        Attribute("fail_mode", "closed", update=True, convert=one_of(FAIL_MODES)),
    ),
    quota=10,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
)
