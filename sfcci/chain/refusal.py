"""What the compiler refuses, and why: nothing that a state asks for is silently left out.

Rules: references exist; a classifier leads into one chain, and no packet is wanted by two; every packet that leaves a
function has one place on its path.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from itertools import combinations

from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.path import MOST_HOPS

MAX_SPI = {"mpls": 4095, "nsh": 65535}
"""A label is spi * 256 + si in 20 bits (RFC 3032); a path id of NSH has 24 (RFC 8300), Neutron's 16."""
MAX_PORT = 65535
MAX_GROUP = 0xFFFFFF00
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1}
"""Protocol → IP protocol number; with the first two, ports may be given."""
WITH_PORTS = ("tcp", "udp")
ENCAPSULATIONS = ("mpls", "nsh")
VERSIONS = {"IPv4": 4, "IPv6": 6}
LB_FIELDS = ("eth_src", "eth_dst", "ip_src", "ip_dst", "tcp_src", "tcp_dst", "udp_src", "udp_dst")


@dataclass(frozen=True)
class Refusal:
    """One thing that cannot be compiled: collection, resource name and attribute; found; expected."""

    keys: tuple[str, ...]
    found: str
    expected: str = ""


def refusals(state: ChainState, ports: Collection[str]) -> tuple[Refusal, ...]:
    """Give everything that stands against compiling the state; `ports` are the ids that the switch has."""
    return (
        *(fault for pair in state.port_pairs for fault in _pair(pair, ports)),
        *(fault for group in state.port_pair_groups for fault in _group(group, state)),
        *(fault for classifier in state.flow_classifiers for fault in _classifier(classifier, state, ports)),
        *(fault for chain in state.port_chains for fault in _chain(chain, state)),
        *_doubles(state),
        *_conflicts(state),
    )


def _pair(pair: PortPair, ports: Collection[str]) -> Iterator[Refusal]:
    at = ("port_pairs", pair.name)
    for attribute, port in (("ingress", pair.ingress), ("egress", pair.egress)):
        if port not in ports:
            yield Refusal((*at, attribute), f"no port {port}", "a port of the switch")
    if pair.correlation not in (None, *ENCAPSULATIONS):
        yield Refusal((*at, "correlation"), f"found {pair.correlation}", "mpls, nsh or none")
    if pair.weight < 0:
        yield Refusal((*at, "weight"), f"found {pair.weight}", "0 or more")


def _group(group: PortPairGroup, state: ChainState) -> Iterator[Refusal]:
    at = ("port_pair_groups", group.name)
    yield from _references((*at, "port_pairs"), group.port_pairs, {pair.id for pair in state.port_pairs})
    if not 1 <= group.group_id < MAX_GROUP:
        yield Refusal((*at, "group_id"), f"found {group.group_id}", f"1 to {MAX_GROUP - 1}")
    if unknown := [name for name in group.lb_fields if name not in LB_FIELDS]:
        yield Refusal((*at, "lb_fields"), "found " + ", ".join(unknown), "some of " + ", ".join(LB_FIELDS))


def _classifier(classifier: FlowClassifier, state: ChainState, ports: Collection[str]) -> Iterator[Refusal]:
    at = ("flow_classifiers", classifier.name)
    yield from _source((*at, "logical_source_port"), classifier.logical_source_port, state, ports)
    if classifier.ethertype not in VERSIONS:
        yield Refusal((*at, "ethertype"), f"found {classifier.ethertype}", "IPv4 or IPv6")
    if classifier.protocol not in (None, *PROTOCOLS):
        yield Refusal(
            (*at, "protocol"), f"found {classifier.protocol}", "one of " + ", ".join(PROTOCOLS) + ", or none"
        )
    for side in ("source", "destination"):
        prefix = getattr(classifier, f"{side}_ip_prefix")
        yield from _prefix((*at, f"{side}_ip_prefix"), prefix, VERSIONS.get(classifier.ethertype))
        yield from _range(at, side, classifier)


def _source(
    at: tuple[str, ...], port: str | None, state: ChainState, ports: Collection[str]
) -> Iterator[Refusal]:
    if port is None:
        yield Refusal(at, "is missing", "the port whose traffic is classified")
    elif port not in ports:
        yield Refusal(at, f"no port {port}", "a port of the switch")
    elif any(port in (pair.ingress, pair.egress) for pair in state.port_pairs):
        yield Refusal(at, "is a service function's port", "a port of no port pair")


def _prefix(at: tuple[str, ...], prefix: str | None, version: int | None) -> Iterator[Refusal]:
    if prefix is None:
        return
    try:
        if "/" not in prefix:  # Neutron wants the length written out
            raise ValueError  # noqa: TRY301 - one answer for all that is no prefix
        if ip_network(prefix, strict=False).version != version:
            raise ValueError  # noqa: TRY301 - as above
    except ValueError:
        example = "fd00::/64" if version == VERSIONS["IPv6"] else "10.0.0.0/24"
        yield Refusal(at, f"found {prefix}", f"an IPv{version or 4} prefix, for example {example}")


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


def _chain(chain: PortChain, state: ChainState) -> Iterator[Refusal]:
    at = ("port_chains", chain.name)
    groups = {group.id: group for group in state.port_pair_groups}
    yield from _references((*at, "port_pair_groups"), chain.port_pair_groups, groups)
    known = {classifier.id for classifier in state.flow_classifiers}
    yield from _references((*at, "flow_classifiers"), chain.flow_classifiers, known)
    most = MAX_SPI.get(chain.correlation, 0)
    if not most:
        yield Refusal((*at, "correlation"), f"found {chain.correlation}", "mpls or nsh")
    elif not 1 <= chain.chain_id <= most:
        yield Refusal((*at, "chain_id"), f"found {chain.chain_id}", f"1 to {most} ({chain.correlation})")
    if not 1 <= len(chain.port_pair_groups) <= MOST_HOPS:
        found = f"{len(chain.port_pair_groups)} groups"
        yield Refusal((*at, "port_pair_groups"), found, f"1 to {MOST_HOPS} groups")
    yield from _strangers(chain, state)
    yield from _one_sided(chain, state)
    yield from _crossings(chain, state)


def _strangers(chain: PortChain, state: ChainState) -> Iterator[Refusal]:
    """Functions that know another encapsulation than the chain has."""
    pairs = {pair.id: pair for pair in state.port_pairs}
    for group in _groups_of(chain, state):
        for pair in (pairs[word] for word in group.port_pairs if word in pairs):
            if pair.correlation not in (None, chain.correlation):
                at = ("port_pairs", pair.name, "correlation")
                yield Refusal(at, f"found {pair.correlation}", f"{chain.correlation} or none, as its chain")


def _one_sided(chain: PortChain, state: ChainState) -> Iterator[Refusal]:
    """Classifiers that do not say where the way back begins."""
    for classifier in state.flow_classifiers:
        missing = classifier.logical_destination_port is None
        if chain.symmetric and missing and classifier.id in chain.flow_classifiers:
            at = ("flow_classifiers", classifier.name, "logical_destination_port")
            yield Refusal(at, "is missing", "the port where the way back of a symmetric chain begins")


def _groups_of(chain: PortChain, state: ChainState) -> list[PortPairGroup]:
    groups = {group.id: group for group in state.port_pair_groups}
    return [groups[word] for word in dict.fromkeys(chain.port_pair_groups) if word in groups]


def _crossings(chain: PortChain, state: ChainState) -> Iterator[Refusal]:
    """A port from which packets come back twice: their place on the path could not be told. Taps give nothing back."""
    pairs = {pair.id: pair for pair in state.port_pairs}
    members = [group.port_pairs for group in _groups_of(chain, state) if not group.tap_enabled]
    for side in ("egress", "ingress") if chain.symmetric else ("egress",):
        ends = [{getattr(pairs[word], side) for word in words if word in pairs} for words in members]
        for port, count in Counter(port for ports in ends for port in ports).items():
            if count > 1:
                at = ("port_chains", chain.name, "port_pair_groups")
                yield Refusal(at, f"{side} port {port} is in two groups", f"another {side} port in each group")


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
    """Classifiers of two chains that want the same packet: a function's port could not tell them apart."""
    known = {classifier.id: classifier for classifier in state.flow_classifiers}
    of_chain = [
        (chain, [known[word] for word in chain.flow_classifiers if word in known])
        for chain in state.port_chains
    ]
    for (first, firsts), (second, seconds) in combinations(of_chain, 2):
        for a in firsts:
            for b in seconds:
                if a is not b and overlap(a, b):
                    found = f"{b.name} overlaps {a.name} of chain {first.name}"
                    yield Refusal(("port_chains", second.name, "flow_classifiers"), found, "disjoint packets")


def overlap(a: FlowClassifier, b: FlowClassifier) -> bool:
    """Say whether some packet matches both, logical ports aside (Neutron's basic conflict)."""
    return (
        a.ethertype == b.ethertype
        and (a.protocol == b.protocol or None in (a.protocol, b.protocol))
        and _prefixes_meet(a.source_ip_prefix, b.source_ip_prefix)
        and _prefixes_meet(a.destination_ip_prefix, b.destination_ip_prefix)
        and _ranges_meet(a, b, "source")
        and _ranges_meet(a, b, "destination")
    )


def _prefixes_meet(a: str | None, b: str | None) -> bool:
    if a is None or b is None:
        return True
    try:
        first, second = _network(a), _network(b)
    except ValueError:
        return False
    return first[0] <= second[1] and second[0] <= first[1]


@lru_cache(maxsize=4096)
def _network(prefix: str) -> tuple[int, int]:
    """Give the first and the last address of a prefix, kept: each classifier meets every other."""
    network = ip_network(prefix, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def _ranges_meet(a: FlowClassifier, b: FlowClassifier, side: str) -> bool:
    low_a, high_a = bounds(a, side)
    low_b, high_b = bounds(b, side)
    return low_a <= high_b and low_b <= high_a


def bounds(classifier: FlowClassifier, side: str) -> tuple[int, int]:
    """Give the port range of a side ("source", "destination"); an open end is 0 or 65535."""
    low, high = (getattr(classifier, f"{side}_port_range_{end}") for end in ("min", "max"))
    return (0 if low is None else low, MAX_PORT if high is None else high)
