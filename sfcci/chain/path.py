"""Service function paths: what a chain means once its references are followed (RFC 7665, RFC 8300 for spi and si)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup, Resource, found

FIRST_INDEX = 255
"""The service index of a packet on its way to the first function (RFC 8300, section 2.3)."""


@dataclass(frozen=True)
class Hop:
    """One group on a path: packets on the way to it carry service index `si`. Pairs are in the order of their ids."""

    si: int
    group: str
    group_id: int
    pairs: tuple[PortPair, ...]


@dataclass(frozen=True)
class ServiceFunctionPath:
    """A chain with everything it refers to; classifiers are in the order of their ids."""

    spi: int
    chain: str
    classifiers: tuple[FlowClassifier, ...]
    hops: tuple[Hop, ...]

    @property
    def end(self) -> int:
        """The service index of a packet that has passed the last function."""
        return FIRST_INDEX - len(self.hops)


def paths(state: ChainState) -> tuple[ServiceFunctionPath, ...]:
    """Give the path of every chain, by spi. Raises UsageError for a reference to nothing."""
    known = _Known(_of_id(state.port_pairs), _of_id(state.port_pair_groups), _of_id(state.flow_classifiers))
    chains = sorted(state.port_chains, key=lambda chain: (chain.chain_id, chain.id))
    return tuple(_path(known, chain) for chain in chains)


@dataclass(frozen=True)
class _Known:
    pairs: Mapping[str, PortPair]
    groups: Mapping[str, PortPairGroup]
    classifiers: Mapping[str, FlowClassifier]


def _of_id(resources: Iterable[Resource]) -> dict[str, Resource]:
    return {one.id: one for one in resources}


def _one(known: Mapping[str, Resource], word: str) -> Resource:
    """Give the resource with that id, else the one with that name."""
    return known.get(word) or found(known.values(), word)


def _path(known: _Known, chain: PortChain) -> ServiceFunctionPath:
    classifiers = (_one(known.classifiers, word) for word in chain.flow_classifiers)
    return ServiceFunctionPath(
        chain.chain_id,
        chain.name,
        tuple(sorted(classifiers, key=lambda classifier: classifier.id)),
        tuple(
            _hop(known, FIRST_INDEX - number, group) for number, group in enumerate(chain.port_pair_groups)
        ),
    )


def _hop(known: _Known, si: int, word: str) -> Hop:
    group = _one(known.groups, word)
    pairs = (_one(known.pairs, pair) for pair in group.port_pairs)
    return Hop(si, group.name, group.group_id, tuple(sorted(pairs, key=lambda pair: pair.id)))
