"""Which chains may be others than before: those that refer, near or far, to what has changed."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sfcci.chain.index import Index
from sfcci.chain.port import Ports
from sfcci.chain.state import Resource, State

READ: Final = (
    "ports",
    "port_pairs",
    "port_pair_groups",
    "flow_classifiers",
    "port_chains",
    "service_graphs",
)
"""The collections that make up chains."""


def _ends(*attributes: str) -> Index[str]:
    return Index(lambda resource: [resource[name] for name in attributes if resource.get(name)])


pairs_by_port = _ends("ingress", "egress")
_classifiers_by_port = _ends("logical_source_port", "logical_destination_port")
_groups_by_pair: Index[str] = Index(lambda group: group["port_pairs"])
chains_by_group: Index[str] = Index(lambda chain: chain["port_pair_groups"])
chains_by_classifier: Index[str] = Index(lambda chain: chain["flow_classifiers"])


@dataclass(frozen=True)
class Affected:
    """Ids of what has changed itself (by collection), of ports plugged otherwise, and of all that refers to them."""

    changed: Mapping[str, Collection[str]]
    plugged: Collection[str]
    pairs: Collection[str]
    chains: Collection[str]

    @property
    def any(self) -> bool:
        """Whether anything is another."""
        return bool(self.plugged or any(self.changed.values()))


def affected(old: State, new: State, had: Ports, has: Ports) -> Affected:
    """Give what has changed from one state and its plugged ports to another, and the chains of which that may be told."""
    changed = {name: differing(old.of(name), new.of(name)) for name in READ}
    plugged = differing(had, has)
    if not old.collections:
        return Affected(changed, plugged, changed["port_pairs"], changed["port_chains"])
    pairs = set(changed["port_pairs"])
    ports = {*changed["ports"], *plugged, *_ends_of(old, pairs), *_ends_of(new, pairs)}
    pairs |= _referring(pairs_by_port, new.of("port_pairs"), ports)
    groups = _referring(_groups_by_pair, new.of("port_pair_groups"), pairs) | {*changed["port_pair_groups"]}
    classifiers = _referring(_classifiers_by_port, new.of("flow_classifiers"), ports)
    classifiers |= {*changed["flow_classifiers"]}
    chains = {
        *changed["port_chains"],
        *_referring(chains_by_group, new.of("port_chains"), groups),
        *_referring(chains_by_classifier, new.of("port_chains"), classifiers),
        *_in_graphs(old, changed["service_graphs"]),
        *_in_graphs(new, changed["service_graphs"]),
    }
    return Affected(changed, plugged, pairs, chains)


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Collection[str]:
    """Give the keys of what is another, new, or gone."""
    if old is new:
        return ()
    get = old.get
    found = [key for key, value in new.items() if (was := get(key)) is not value and was != value]
    return [*found, *(old.keys() - new.keys())]


def _ends_of(state: State, pairs: Iterable[str]) -> Iterator[str]:
    for pair in filter(None, (state.get("port_pairs", id_) for id_ in pairs)):
        yield from (pair["ingress"], pair["egress"])


def _referring(index: Index[str], resources: Mapping[str, Resource], ids: Collection[str]) -> set[str]:
    if not ids:
        return set()
    known = index.of(resources)
    return {user for id_ in ids for user in known.get(id_, ())}


def _in_graphs(state: State, graphs: Iterable[str]) -> Iterator[str]:
    for graph in filter(None, (state.get("service_graphs", id_) for id_ in graphs)):
        for source, ends in graph["port_chains"].items():
            yield from (source, *ends)
