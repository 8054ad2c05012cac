"""Which functions may stand on which chains: the encapsulation that each of them understands ("correlation").

A function that understands none is served by a proxy and fits everywhere; one that understands some fits only chains of
that encapsulation; and where a service graph branches, functions must understand the chain's.
"""

from collections.abc import Iterable, Iterator

from sfcci.chain.refused import bad_request
from sfcci.chain.state import Resource, State


def correlations(state: State, group: Resource) -> Iterator[str | None]:
    """Give what the group's functions understand, in order."""
    pairs = state.of("port_pairs")
    return (pairs[id_]["service_function_parameters"]["correlation"] for id_ in group["port_pairs"])


def check_groups(state: State, groups: Iterable[Resource], chain: Resource) -> None:
    """Raise Refused where a function of these groups does not fit the chain's encapsulation."""
    spoken = chain["chain_parameters"]["correlation"]
    for group in groups:
        if any(understood not in (None, spoken) for understood in correlations(state, group)):
            raise bad_request(
                f"Port Chain attempted creation included a Port Pair Group ({group['id']}) "
                "with a different protocol used as correlation type.",
                "PortChainInconsistentCorrelations",
            )


def check_branch(state: State, chain: Resource, place: int) -> None:
    """Raise Refused where the group at a place of the chain (0 first, -1 last) has functions that cannot branch."""
    group = state.of("port_pair_groups")[chain["port_pair_groups"][place]]
    spoken = chain["chain_parameters"]["correlation"]
    if any(understood != spoken for understood in correlations(state, group)):
        raise bad_request(
            "Service Graphs require source (branching) and destination port pair groups (their PPs) "
            "to have correlation enabled.",
            "ServiceGraphImpossibleBranching",
        )


def check_branches(state: State, branches: dict[str, list[str]]) -> None:
    """Raise Refused where a group at which this graph branches has functions that cannot branch."""
    chains = state.of("port_chains")
    for source, destinations in branches.items():
        check_branch(state, chains[source], -1)
        for destination in destinations:
            check_branch(state, chains[destination], 0)


def check_users(state: State, group: Resource) -> None:
    """Raise Refused where the group, as it is in the state, does not fit a chain or a graph that uses it."""
    chains = {
        chain["id"]: chain
        for chain in state.of("port_chains").values()
        if group["id"] in chain["port_pair_groups"]
    }
    for chain in chains.values():
        check_groups(state, [group], chain)
    for graph in state.of("service_graphs").values() if chains else ():
        if not chains.keys().isdisjoint(members(graph["port_chains"])):
            check_branches(state, graph["port_chains"])


def members(branches: dict[str, list[str]]) -> set[str]:
    """Give the ids of the chains that a graph's branches name."""
    return {*branches, *(destination for destinations in branches.values() for destination in destinations)}
