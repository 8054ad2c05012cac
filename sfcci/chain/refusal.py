"""What the compiler refuses, and why: nothing that a state asks for is silently left out.

Rules: references exist; a classifier leads into one chain, and no packet is wanted by two (but for chains of a service
graph, one behind the other); every packet that leaves a function has one place on its path.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network

from sfcci.chain.classifier_value import IP_VERSIONS, MAX_PORT, PROTOCOLS, SIDES, WITH_PORTS
from sfcci.chain.conflict import KNOWN_PREFIXES
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.overlap import basic_conflicts
from sfcci.chain.path import MOST_HOPS, WAY_BACK

MAX_SPI = {"mpls": 4095, "nsh": 65535}
"""A label is spi * 256 + si in 20 bits (RFC 3032); a path id of NSH has 24 (RFC 8300), Neutron's 16."""
LB_FIELDS = ("eth_src", "eth_dst", "ip_src", "ip_dst", "tcp_src", "tcp_dst", "udp_src", "udp_dst")
EXAMPLES = {4: "10.0.0.0/24", 6: "fd00::/64"}


@dataclass(frozen=True)
class Refusal:
    """One thing that cannot be compiled: collection, resource name and attribute; found; expected."""

    keys: tuple[str, ...]
    found: str
    expected: str = ""


def refusals(state: ChainState, ports: Collection[str]) -> tuple[Refusal, ...]:
    """Give everything that stands against compiling the state; `ports` are the ids that the switch has."""
    pairs = {pair.id: pair for pair in state.port_pairs}
    groups = {group.id: group for group in state.port_pair_groups}
    classifiers = {one.id for one in state.flow_classifiers}
    functions = {port for pair in state.port_pairs for port in (pair.ingress, pair.egress)}
    inner = _inner(state)
    return (
        *(fault for pair in state.port_pairs for fault in _pair(pair, ports)),
        *(fault for group in state.port_pair_groups for fault in _group(group, pairs)),
        *(fault for one in state.flow_classifiers for fault in _classifier(one)),
        *(
            fault
            for one in state.flow_classifiers
            if one.id not in inner
            for fault in _source(one, functions, ports)
        ),
        *(fault for chain in state.port_chains for fault in _chain(chain, groups, classifiers)),
        *(fault for chain in state.port_chains for fault in _strangers(chain, groups, pairs)),
        *(fault for chain in state.port_chains for fault in _crossings(chain, groups, pairs)),
        *_one_sided(state),
        *_graphs(state),
        *_doubles(state),
        *_conflicts(state),
    )


def _pair(pair: PortPair, ports: Collection[str]) -> Iterator[Refusal]:
    at = ("port_pairs", pair.name)
    for attribute, port in (("ingress", pair.ingress), ("egress", pair.egress)):
        if port not in ports:
            yield Refusal((*at, attribute), f"no port {port}", "a port of the switch")
    if pair.correlation not in (None, *MAX_SPI):
        yield Refusal((*at, "correlation"), f"found {pair.correlation}", "mpls, nsh or none")
    if pair.weight < 0:
        yield Refusal((*at, "weight"), f"found {pair.weight}", "0 or more")


def _group(group: PortPairGroup, pairs: Collection[str]) -> Iterator[Refusal]:
    at = ("port_pair_groups", group.name)
    yield from _references((*at, "port_pairs"), group.port_pairs, pairs)
    if not 1 <= group.group_id < WAY_BACK:
        yield Refusal((*at, "group_id"), f"found {group.group_id}", f"1 to {WAY_BACK - 1}")
    if unknown := [name for name in group.lb_fields if name not in LB_FIELDS]:
        yield Refusal((*at, "lb_fields"), "found " + ", ".join(unknown), "some of " + ", ".join(LB_FIELDS))


def _inner(state: ChainState) -> set[str]:
    """The classifiers of chains that begin where others end: it does not matter where their packets came from."""
    ends = {end for graph in state.service_graphs for _, ends in graph.port_chains for end in ends}
    return {word for chain in state.port_chains if chain.id in ends for word in chain.flow_classifiers}


def _classifier(classifier: FlowClassifier) -> Iterator[Refusal]:
    at = ("flow_classifiers", classifier.name)
    if classifier.ethertype not in IP_VERSIONS:
        yield Refusal((*at, "ethertype"), f"found {classifier.ethertype}", "IPv4 or IPv6")
    if classifier.protocol not in (None, *PROTOCOLS):
        yield Refusal(
            (*at, "protocol"), f"found {classifier.protocol}", "one of " + ", ".join(PROTOCOLS) + ", or none"
        )
    yield from _prefixes(classifier)
    for side in SIDES:
        yield from _range(at, side, classifier)


def _source(
    classifier: FlowClassifier, functions: Collection[str], ports: Collection[str]
) -> Iterator[Refusal]:
    at = ("flow_classifiers", classifier.name, "logical_source_port")
    port = classifier.logical_source_port
    if port is None:
        yield Refusal(at, "is missing", "the port whose traffic is classified")
    elif port not in ports:
        yield Refusal(at, f"no port {port}", "a port of the switch")
    elif port in functions:
        expected = "a port of no port pair, or a service graph that leads to its chain"
        yield Refusal(at, "is a service function's port", expected)


def _prefixes(classifier: FlowClassifier) -> Iterator[Refusal]:
    version = IP_VERSIONS.get(classifier.ethertype, 4)
    for name in ("source_ip_prefix", "destination_ip_prefix"):
        prefix = getattr(classifier, name)
        if prefix is not None and _version(prefix) != version:
            at = ("flow_classifiers", classifier.name, name)
            example = EXAMPLES[version]
            yield Refusal(at, f"found {prefix}", f"an IPv{version} prefix, for example {example}")


@lru_cache(maxsize=KNOWN_PREFIXES)
def _version(text: str) -> int:
    """Give the IP version of a prefix, 0 for what is none: Neutron wants the length written out."""
    try:
        return ip_network(text, strict=False).version if "/" in text else 0
    except ValueError:
        return 0


def _range(at: tuple[str, ...], side: str, classifier: FlowClassifier) -> Iterator[Refusal]:
    low, high = (getattr(classifier, f"{side}_port_range_{end}") for end in ("min", "max"))
    name = (*at, f"{side}_port_range_min")
    given = [bound for bound in (low, high) if bound is not None]
    if given and classifier.protocol not in WITH_PORTS:
        yield Refusal(name, "ports without tcp or udp", "protocol tcp or udp")
    if not all(0 <= bound <= MAX_PORT for bound in given):
        yield Refusal(name, f"found {low} to {high}", f"0 to {MAX_PORT}")
    elif low is not None and high is not None and low > high:
        yield Refusal(name, f"found {low} to {high}", "min at most max")


def _chain(chain: PortChain, groups: Collection[str], classifiers: Collection[str]) -> Iterator[Refusal]:
    at = ("port_chains", chain.name)
    yield from _references((*at, "port_pair_groups"), chain.port_pair_groups, groups)
    yield from _references((*at, "flow_classifiers"), chain.flow_classifiers, classifiers)
    most = MAX_SPI.get(chain.correlation, 0)
    if not most:
        yield Refusal((*at, "correlation"), f"found {chain.correlation}", "mpls or nsh")
    elif not 1 <= chain.chain_id <= most:
        yield Refusal((*at, "chain_id"), f"found {chain.chain_id}", f"1 to {most} ({chain.correlation})")
    if not 1 <= len(chain.port_pair_groups) <= MOST_HOPS:
        found = f"{len(chain.port_pair_groups)} groups"
        yield Refusal((*at, "port_pair_groups"), found, f"1 to {MOST_HOPS} groups")


def _strangers(
    chain: PortChain, groups: Mapping[str, PortPairGroup], pairs: Mapping[str, PortPair]
) -> Iterator[Refusal]:
    """Functions that know another encapsulation than the chain has."""
    for group in _groups_of(chain, groups):
        for pair in (pairs[word] for word in group.port_pairs if word in pairs):
            if pair.correlation in MAX_SPI and pair.correlation != chain.correlation:
                at = ("port_pairs", pair.name, "correlation")
                yield Refusal(at, f"found {pair.correlation}", f"{chain.correlation} or none, as its chain")


def _one_sided(state: ChainState) -> Iterator[Refusal]:
    """Classifiers of symmetric chains that do not say where the way back begins."""
    both = {word for chain in state.port_chains if chain.symmetric for word in chain.flow_classifiers}
    for classifier in state.flow_classifiers:
        if classifier.id in both and classifier.logical_destination_port is None:
            at = ("flow_classifiers", classifier.name, "logical_destination_port")
            yield Refusal(at, "is missing", "the port where the way back of a symmetric chain begins")


def _graphs(state: ChainState) -> Iterator[Refusal]:
    """Chains of a service graph that shall have a way back: at a branching point it would be one of many."""
    inside = {
        id_ for graph in state.service_graphs for source, ends in graph.port_chains for id_ in (source, *ends)
    }
    for chain in state.port_chains:
        if chain.symmetric and chain.id in inside:
            at = ("port_chains", chain.name, "symmetric")
            yield Refusal(at, "found true", "false: chains of a service graph have no way back")


def _groups_of(chain: PortChain, groups: Mapping[str, PortPairGroup]) -> list[PortPairGroup]:
    return [groups[word] for word in dict.fromkeys(chain.port_pair_groups) if word in groups]


def _crossings(
    chain: PortChain, groups: Mapping[str, PortPairGroup], pairs: Mapping[str, PortPair]
) -> Iterator[Refusal]:
    """A port from which packets come back twice in one direction: their place on the path could not be told.

    Taps give nothing back.
    """
    members = [group.port_pairs for group in _groups_of(chain, groups) if not group.tap_enabled]
    for side in ("egress", "ingress") if chain.symmetric else ("egress",):
        ends = [{getattr(pairs[word], side) for word in words if word in pairs} for words in members]
        for port, count in Counter(port for ports in ends for port in ports).items():
            if count > 1:
                at = ("port_chains", chain.name, "port_pair_groups")
                yield Refusal(
                    at, f"{side} port {port} is in two groups", f"another {side} port in each group"
                )


def _references(at: tuple[str, ...], words: Collection[str], known: Collection[str]) -> Iterator[Refusal]:
    for word, count in Counter(words).items():
        if word not in known:
            yield Refusal(at, f"no {at[-1].removesuffix('s').replace('_', ' ')} {word}", "one that exists")
        if count > 1:
            yield Refusal(at, f"{word} stands there {count} times", "each once")


def _doubles(state: ChainState) -> Iterator[Refusal]:
    """Things that may exist once: ids on the switch, a pair's group, a classifier's chain."""
    chains, groups = state.port_chains, state.port_pair_groups
    yield from _twice(("port_chains", "chain_id"), [(c.name, c.chain_id) for c in chains], "chain")
    yield from _twice(("port_pair_groups", "group_id"), [(g.name, g.group_id) for g in groups], "group")
    members = [(g.name, word) for g in groups for word in dict.fromkeys(g.port_pairs)]
    yield from _twice(("port_pair_groups", "port_pairs"), members, "group")
    used = [(c.name, word) for c in chains for word in dict.fromkeys(c.flow_classifiers)]
    yield from _twice(("port_chains", "flow_classifiers"), used, "chain")


def _twice(at: tuple[str, str], uses: Iterable[tuple[str, object]], owner: str) -> Iterator[Refusal]:
    first: dict[object, str] = {}
    for name, value in uses:
        if value in first:
            yield Refusal((at[0], name, at[1]), f"{value} is {owner} {first[value]}'s", f"one {owner} for it")
        first.setdefault(value, name)


def _conflicts(state: ChainState) -> Iterator[Refusal]:
    """Classifiers of two chains that want the same packet where nothing else tells whose it is."""
    chains = state.port_chains
    if len(chains) < 2:  # noqa: PLR2004 - a conflict takes two
        return
    known = {one.id: one for one in state.flow_classifiers if not any(_prefixes(one))}
    uses = [(n, known[i]) for n, chain in enumerate(chains) for i in chain.flow_classifiers if i in known]
    owners = [number for number, _ in uses]
    found = basic_conflicts([vars(one) for _, one in uses], owners)
    places = _places(state) if state.service_graphs else None
    for a, b in sorted(found, key=lambda two: (owners[two[0]], owners[two[1]], two)):
        (first, one), (second, other) = uses[a], uses[b]
        if one is not other and (places is None or places[first] & places[second]):
            at = ("port_chains", chains[second].name, "flow_classifiers")
            overlap = f"{other.name} overlaps {one.name} of chain {chains[first].name}"
            yield Refusal(at, overlap, "disjoint packets")


def _places(state: ChainState) -> list[set[tuple[str, str]]]:
    """Give for each chain where its packets are known by its classifiers.

    At the end of which chain, or at anybody's source; and behind every function that does not know the chain.
    """
    begins: dict[str, set[tuple[str, str]]] = {}
    for graph in state.service_graphs:
        for source, ends in graph.port_chains:
            for end in ends:
                begins.setdefault(end, set()).add(("end", source))
    groups = {group.id: group for group in state.port_pair_groups if not group.tap_enabled}
    pairs = {pair.id: pair for pair in state.port_pairs}
    return [
        begins.get(chain.id, {("source", "")}) | {("port", port) for port in _exits(chain, groups, pairs)}
        for chain in state.port_chains
    ]


def _exits(
    chain: PortChain, groups: Mapping[str, PortPairGroup], pairs: Mapping[str, PortPair]
) -> Iterator[str]:
    for group in _groups_of(chain, groups):
        for pair in (pairs[word] for word in group.port_pairs if word in pairs):
            if pair.correlation is None:
                yield from (pair.egress, pair.ingress) if chain.symmetric else (pair.egress,)
