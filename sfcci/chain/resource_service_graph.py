"""Service graphs: at the end of a chain packets are classified again, and go on through one of several others."""

from typing import Any, Final

from sfcci.chain import convert, resource_port_chain
from sfcci.chain.attribute import REQUIRED, Attribute, Invalid
from sfcci.chain.collection import Collection, found
from sfcci.chain.correlation import check_branch, members
from sfcci.chain.overlap import basic_conflicts
from sfcci.chain.refused import bad_request, conflict
from sfcci.chain.standard import ID, NAME, PROJECT, REVISION, TENANT, TEXT_DESCRIPTION
from sfcci.chain.state import Asked, Resource, State

NAME_IN_STATE: Final = "service_graphs"
FIRST: Final = 0
LAST: Final = -1
Branches = dict[str, list[str]]
"""Source chain → destination chains."""


def _branches(value: Any) -> Branches:
    given = convert.dictionary({} if value is None else value)
    branches: Branches = {}
    for source, destinations in given.items():
        if not isinstance(destinations, list):
            raise Invalid(f"'{convert.shown(destinations)}' is not a list")
        key = _id(source, "source")
        branches[key] = [*branches.get(key, []), *(_id(word, "destination") for word in destinations)]
    return branches


def _id(word: Any, end: str) -> str:
    try:
        return convert.uuid(word)
    except Invalid:
        raise bad_request(
            f"An invalid UUID was specified: UUID of {end} Port-Chain is invalid: {convert.shown(word)}. "
            "Make sure only valid UUIDs are provided.",
            "InvalidUUID",
        ) from None


def _creating(state: State, asked: Asked, graph: dict[str, Any]) -> State:
    branches: Branches = graph["port_chains"]
    _check_unused(state, branches)
    spoken: set[str] = set()
    for source, destinations in branches.items():
        _chain(state, asked, source, LAST, spoken)
        _check_branching_point(
            state, [_chain(state, asked, id_, FIRST, spoken) for id_ in _each_once(destinations)]
        )
    _check_no_loop(branches)
    graph["port_chains"] = {source: destinations for source, destinations in branches.items() if destinations}
    return state.put(NAME_IN_STATE, graph)


def _check_unused(state: State, branches: Branches) -> None:
    wanted = members(branches)
    for graph in state.of(NAME_IN_STATE).values():
        if not members(graph["port_chains"]).isdisjoint(wanted):
            raise conflict(
                "ServiceGraphInvalidPortChains",
                f"Some of the Port Chain(s): {branches}, are already in use by a Service Graph.",
            )


def _chain(state: State, asked: Asked, id_: str, place: int, spoken: set[str]) -> Resource:
    """A chain that may branch at that place; `spoken` collects the encapsulations, of which there may be one."""
    chain = found(state, resource_port_chain.COLLECTION, id_, asked)
    check_branch(state, chain, place)
    spoken.add(chain["chain_parameters"]["correlation"])
    if len(spoken) > 1:
        raise bad_request(
            "Service Graph may only connect port-chains sharing the same correlation.",
            "ServiceGraphInconsistentEncapsulation",
        )
    return chain


def _each_once(destinations: list[str]) -> list[str]:
    seen: set[str] = set()
    for id_ in destinations:
        if id_ in seen:
            raise bad_request(
                f"Port Chain {id_} is duplicated on one of the branching points being created.",
                "ServiceGraphPortChainInConflict",
            )
        seen.add(id_)
    return destinations


def _check_branching_point(state: State, chains: list[Resource]) -> None:
    known = state.of("flow_classifiers")
    classifiers = [known[id_] for chain in chains for id_ in chain["flow_classifiers"]]
    for a, b in basic_conflicts(classifiers, range(len(classifiers))):
        raise bad_request(
            f"Flow Classifier {classifiers[a]['id']} conflicts with Flow Classifier {classifiers[b]['id']} "
            "on one of the branching points being created.",
            "ServiceGraphFlowClassifierInConflict",
        )


def _check_no_loop(branches: Branches) -> None:
    """Take away, again and again, the sources to which nothing leads; a loop is what then stays."""
    left = dict(branches)
    while True:
        reached = {id_ for destinations in left.values() for id_ in destinations}
        begun = {source: destinations for source, destinations in left.items() if source in reached}
        if len(begun) == len(left):
            break
        left = begun
    if left:
        message = "Service Graph defined contains at least one port chain loop."
        raise bad_request(message, "ServiceGraphLoopDetected")


def _updating(state: State, _asked: Asked, _old: Resource, graph: dict[str, Any]) -> State:
    return state.put(NAME_IN_STATE, graph)


def _deleting(state: State, _asked: Asked, graph: Resource) -> State:
    return state.without(NAME_IN_STATE, graph["id"])


COLLECTION: Final = Collection(
    name=NAME_IN_STATE,
    member="service_graph",
    path="sfc/service_graphs",
    kind="ServiceGraph",
    lost="Service Graph {id} not found.",
    attributes=(
        ID,
        NAME,
        PROJECT,
        TEXT_DESCRIPTION,
        Attribute("port_chains", REQUIRED, convert=_branches),
        TENANT,
        REVISION,
    ),
    quota=10,
    creating=_creating,
    updating=_updating,
    deleting=_deleting,
)
