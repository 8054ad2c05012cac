"""What the flows and groups of a part need to be of use on a node, whatever ports are where.

Each flow is looked at by itself: it says by its match where its packets come from, and by its actions what they meet
next (a place on a path, a delivery, a group, the end of the chain). A node needs what its packets can meet.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sfcci.chain.action import Action, Clone, Goto, Normal, Output, Resubmit, SetField, ToGroup
from sfcci.chain.openflow import Flow, Group
from sfcci.chain.program import Part
from sfcci.chain.table import (
    ANSWERS,
    BRANCH,
    CLASSIFY,
    DISPATCH,
    END,
    NETWORK_REG,
    PLACE_REG,
    PORT_REG,
)

Thing = tuple[str, int]
"""What packets can meet on a node: ("reg0", a place on a path), ("reg3", a delivery), ("group", its number), ..."""
EVERYWHERE: Thing = ("everywhere", 0)
"""What every node has."""
CHAINED: Thing = ("chained", 0)
"""What is met where a port is that chains know."""
PAST_CHAINS: Thing = ("past chains", 0)
"""What is met behind the last function of a chain, together with ("network", number)."""
_KNOWING = {CLASSIFY, ANSWERS}


@dataclass(frozen=True)
class Viewed:
    """A flow: `port` is the one that its packets come in at (None: any), `needs` what they have to meet to be looked at.

    A flow of any port is of use where all that it needs can be met. `neutral`: it is the same on every node.
    """

    flow: Flow
    port: int | None
    needs: tuple[Thing, ...]
    neutral: bool


@dataclass(frozen=True)
class PartView:
    """A part's flows, and its groups; `roots`: what packets from a port (its number) meet first; `edges`: what is next."""

    flows: tuple[Viewed, ...]
    groups: tuple[Group, ...]
    roots: frozenset[tuple[Thing, int]]
    edges: frozenset[tuple[Thing, Thing]]

    @cached_property
    def ports(self) -> frozenset[int]:
        """Every port that it names."""
        found = {number for _, number in self.roots}
        for viewed in self.flows:
            found |= set(_outputs(viewed.flow.actions))
        for group in self.groups:
            for bucket in group.buckets:
                found |= {*_outputs(bucket.actions)} | ({bucket.watch} if bucket.watch is not None else set())
        return frozenset(found)

    @cached_property
    def needs(self) -> frozenset[Thing]:
        """Everything that decides where a flow or group of it is of use."""
        groups = (("group", group.number) for group in self.groups)
        return frozenset((*(need for viewed in self.flows for need in viewed.needs), *groups))


def viewed(part: Part) -> PartView:
    """Give the view of a part."""
    roots: set[tuple[Thing, int]] = set()
    edges: set[tuple[Thing, Thing]] = set()
    flows = []
    for flow in part.flows:
        here, port, network = _known_by(flow)
        meets = tuple(_meets(flow.actions))
        if port is not None:
            roots |= {(thing, port) for thing in (CHAINED, *here, *meets)}
            needs: tuple[Thing, ...] = ()
        elif flow.table in _KNOWING and meets:
            needs = meets
        else:
            needs = here or (_elsewhere(flow, network))
            edges |= {(thing, met) for thing in here for met in meets}
        flows.append(Viewed(flow, port, needs, port is None and not _local(flow.actions)))
    for group in part.groups:
        for bucket in group.buckets:
            edges |= {(("group", group.number), met) for met in _meets(bucket.actions)}
    return PartView(tuple(flows), part.groups, frozenset(roots), frozenset(edges))


def _elsewhere(flow: Flow, network: int) -> tuple[Thing, ...]:
    if flow.table == END:
        return PAST_CHAINS, ("network", network)
    return (EVERYWHERE,) if flow.table == DISPATCH else (CHAINED,)


def _known_by(flow: Flow) -> tuple[tuple[Thing, ...], int | None, int]:
    """Give what a match says of the place on the path or the delivery, of the port, and of the network."""
    here: list[Thing] = []
    port, network = None, 0
    for name, value, _ in flow.match.bits:
        if name == "in_port":
            port = value
        elif name in {PLACE_REG, PORT_REG}:
            here.append((name, value))
        elif name == NETWORK_REG:
            network = value
    return tuple(here), port, network


def _meets(actions: Iterable[Action]) -> Iterator[Thing]:
    for action in actions:
        match action:
            case SetField(name, value) if name in {PLACE_REG, PORT_REG} and value:
                yield name, value
            case ToGroup(number):
                yield "group", number
            case Goto(table) | Resubmit(table) if table in {BRANCH, END}:
                yield PAST_CHAINS
            case Clone(inner):
                yield from _meets(inner)


def _outputs(actions: Iterable[Action]) -> Iterator[int]:
    for action in actions:
        if isinstance(action, Output):
            yield action.port
        elif isinstance(action, Clone):
            yield from _outputs(action.actions)


def _local(actions: Iterable[Action]) -> bool:
    """Whether what they do depends on the node."""
    return any(
        isinstance(action, Output | Normal) or (isinstance(action, Clone) and _local(action.actions))
        for action in actions
    )
