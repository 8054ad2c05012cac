"""Service function chains as Neutron names them: port pairs, groups, classifiers, chains; and states of all four.

A state is checked where it is compiled (`refusals`), so that an update may pass through any order of steps.
Resources refer to each other by id; functions that a person calls take a name or an id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sfcci.document import did_you_mean
from sfcci.errors import UsageError


@dataclass(frozen=True)
class PortPair:
    """One instance of a service function: traffic enters at port `ingress` and leaves at port `egress` (ids).

    `correlation` None: the function knows nothing of the chain, the switch acts for it (proxy).
    """

    id: str
    name: str
    ingress: str
    egress: str
    correlation: str | None = None
    weight: int = 1


@dataclass(frozen=True)
class Rewrite:
    """What packets look like on one side of functions that change them; None: as on the other side."""

    source_ip_prefix: str | None = None
    destination_ip_prefix: str | None = None
    source_port_range_min: int | None = None
    source_port_range_max: int | None = None
    destination_port_range_min: int | None = None
    destination_port_range_max: int | None = None


UNCHANGED = Rewrite()


@dataclass(frozen=True)
class PortPairGroup:
    """Interchangeable instances: one hop. `group_id` is its number on the switch, unique, from 1.

    `incoming`, `outgoing`: what packets look like before and behind its functions (ppg_n_tuple_mapping).
    """

    id: str
    name: str
    group_id: int
    port_pairs: tuple[str, ...] = ()
    lb_fields: tuple[str, ...] = ()
    tap_enabled: bool = False
    incoming: Rewrite = UNCHANGED
    outgoing: Rewrite = UNCHANGED


@dataclass(frozen=True)
class FlowClassifier:
    """Which packets enter a chain; None matches everything. Prefixes are CIDR text, port ranges inclusive."""

    id: str
    name: str
    logical_source_port: str | None
    ethertype: str = "IPv4"
    protocol: str | None = None
    source_ip_prefix: str | None = None
    destination_ip_prefix: str | None = None
    source_port_range_min: int | None = None
    source_port_range_max: int | None = None
    destination_port_range_min: int | None = None
    destination_port_range_max: int | None = None
    logical_destination_port: str | None = None


@dataclass(frozen=True)
class PortChain:
    """An ordered list of groups and the classifiers that lead into it. `chain_id` is the path id (SPI).

    `fail_open`: a group without a live pair is passed by; else what comes to it is dropped.
    """

    id: str
    name: str
    chain_id: int
    port_pair_groups: tuple[str, ...]
    flow_classifiers: tuple[str, ...] = ()
    correlation: str = "mpls"
    symmetric: bool = False
    fail_open: bool = False


@dataclass(frozen=True)
class ServiceGraph:
    """Chains that end where others begin: chain id → the chains among which their classifiers choose."""

    id: str
    name: str
    port_chains: tuple[tuple[str, tuple[str, ...]], ...]


Resource = TypeVar("Resource", PortPair, PortPairGroup, FlowClassifier, PortChain)


@dataclass(frozen=True)
class ChainState:
    """All resources of a switch; the order of a collection means nothing."""

    port_pairs: tuple[PortPair, ...] = ()
    port_pair_groups: tuple[PortPairGroup, ...] = ()
    flow_classifiers: tuple[FlowClassifier, ...] = ()
    port_chains: tuple[PortChain, ...] = ()
    service_graphs: tuple[ServiceGraph, ...] = ()

    def with_groups(self, chain: str, groups: Sequence[str]) -> "ChainState":
        """Give the state in which `chain` has exactly these groups, in this order. Raises UsageError."""
        ids = tuple(found(self.port_pair_groups, word).id for word in groups)
        changed = replace(found(self.port_chains, chain), port_pair_groups=ids)
        return replace(self, port_chains=_swapped(self.port_chains, changed))

    def with_classifiers(self, chain: str, classifiers: Sequence[str]) -> "ChainState":
        """Give the state in which `chain` has exactly these classifiers. Raises UsageError."""
        ids = tuple(found(self.flow_classifiers, word).id for word in classifiers)
        changed = replace(found(self.port_chains, chain), flow_classifiers=ids)
        return replace(self, port_chains=_swapped(self.port_chains, changed))

    def with_pairs(self, group: str, pairs: Sequence[str]) -> "ChainState":
        """Give the state in which `group` has exactly these port pairs. Raises UsageError."""
        ids = tuple(found(self.port_pairs, word).id for word in pairs)
        changed = replace(found(self.port_pair_groups, group), port_pairs=ids)
        return replace(self, port_pair_groups=_swapped(self.port_pair_groups, changed))

    def without_chain(self, chain: str) -> "ChainState":
        """Give the state without that chain; its groups and classifiers stay. Raises UsageError."""
        gone = found(self.port_chains, chain).id
        return replace(self, port_chains=tuple(c for c in self.port_chains if c.id != gone))


def found(resources: Iterable[Resource], word: str) -> Resource:
    """Give the resource with that id, else the one with that name. Raises UsageError."""
    kept = tuple(resources)
    for key in ("id", "name"):
        for resource in kept:
            if getattr(resource, key) == word:
                return resource
    names = [resource.name for resource in kept]
    hint = did_you_mean(word, names) or "there are: " + (", ".join(names) or "none")
    raise UsageError(f"no resource {word!r}; {hint}")


def _swapped(resources: tuple[Resource, ...], changed: Resource) -> tuple[Resource, ...]:
    return tuple(changed if resource.id == changed.id else resource for resource in resources)
