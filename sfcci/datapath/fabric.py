"""Many switches as one: a fabric of nodes, which a driver brings from program to program as it would one switch.

What each node is to hold follows from the program and from where ports are (`chain.nodes`). A change is sent to all nodes
and looked at by all before any does it, in stages (`chain.stages`). A node that is away delays nobody: it is dialled
again beside the caller (`node_link`), compared when it answers, and brought up to date.
"""

import select
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sfcci.chain.node import Places
from sfcci.chain.nodes import NodePrograms, on_nodes
from sfcci.chain.nodes_joined import joined
from sfcci.chain.program import Program, changes
from sfcci.datapath.driver import concerns, ours
from sfcci.datapath.fabric_change import carry_out
from sfcci.datapath.node_link import Link, NodeState, NodeStatus, settle
from sfcci.datapath.node_link import Reach as Reach  # noqa: PLC0414 - who makes a fabric needs no other module
from sfcci.datapath.openflow_client import Event, Held, Refused, Switch
from sfcci.datapath.openflow_decode import Stray
from sfcci.datapath.openflow_event import Paused
from sfcci.datapath.ready import Bell, readable
from sfcci.errors import Unreachable

PATIENCE_S: Final = 2.0
"""How long a node may say nothing while it is asked something, before it counts as away."""
FIRST_S: Final = 5.0
"""How long nodes have to answer at first."""
ECHO_S: Final = 5.0
"""A node that has said nothing for so long is asked whether it is there."""
LAG_S: Final = 0.2
"""How long a datapath that nobody can have settle may go by old flows."""


class Fabric:
    """The switches of many nodes. One thread's, but for `nodes`, which any may read."""

    def __init__(self, reaches: Mapping[str, Reach], places: Places, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._places = places
        self._bell = Bell()
        self._ready = select.epoll()
        self._ready.register(self._bell, select.EPOLLIN)
        self._links = {name: self._link(name, reach) for name, reach in reaches.items()}
        self._open = False
        self._wanted: NodePrograms | None = None
        """What nodes are to hold; None before anybody said it."""
        self._paused: list[Event] = []
        self.repairs = 0
        """How often a node did not hold what it was left with, and was put right."""

    @property
    def nodes(self) -> Mapping[str, NodeStatus]:
        """How each node is, by name."""
        return {name: link.status() for name, link in tuple(self._links.items())}

    def gone(self, grace_s: float) -> frozenset[str]:
        """Give the nodes (names) that have been away for so long: what is plugged there counts as down."""
        long_ago = time.time() - grace_s
        links = self._links.values()
        return frozenset(one.name for one in links if one.state is NodeState.AWAY and one.since <= long_ago)

    def connected(self) -> "Fabric":
        """Give this with every node that answers, each within its time: `Driver(fabric.connected)`.

        Raises Unreachable where none does.
        """
        if not self._open:
            self._open = True
            for link in self._links.values():
                link.dial()
        end = time.monotonic() + FIRST_S
        while not all(link.answered for link in self._links.values()):
            if not readable([self._bell], max(end - time.monotonic(), 0)):
                break
            self._take()
        self._take()
        if self._links and not self._there:
            reasons = "".join(f"\n  {link.name}: {link.reason}" for link in self._links.values())
            self.close()
            raise Unreachable(f"no node answers{reasons}")
        return self

    def place(self, places: Places) -> None:
        """Say where ports are from now on; what nodes hold follows at the driver's next `bring`."""
        self._places = places

    def reach(self, reaches: Mapping[str, Reach]) -> None:
        """Say which nodes there are from now on: new ones are dialled, and those whose Reach is another one."""
        for name, link in tuple(self._links.items()):
            if reaches.get(name) is not link.reach:
                link.close()
                del self._links[name]
        for name, reach in reaches.items():
            if name not in self._links:
                self._links[name] = self._link(name, reach)
                if self._open:
                    self._links[name].dial()

    def close(self) -> None:
        """End every connection; nodes keep what they hold. Again is allowed."""
        self._open = False
        for link in self._links.values():
            link.close()

    def held(self) -> Held:
        """Give what nodes that answer hold of ours, as one switch would."""
        there = joined({link.name: link.program for link in self._there}, self._places)
        return Held(there.flows, there.groups)

    def shown(self, program: Program) -> Program:
        """Give what `held` will tell when the nodes that answer hold a program."""
        wanted = on_nodes(program, self._places, self._wanted)
        return joined(
            {link.name: wanted[link.name] for link in self._there if link.name in wanted}, self._places
        )

    def become(self, old: Program, new: Program) -> int:
        """Have the nodes that answer hold `new`, whatever they hold: all of it, or none where one refuses a chain's.

        A node of which no place is known stays as it is: what is plugged there is not known yet. A node that refuses what is no chain's is left as it is, and its status tells. Gives the number of changes.
        Raises Refused.
        """
        del old
        self._take()
        wanted = on_nodes(new, self._places, self._wanted)
        count = carry_out({link: wanted[link.name] for link in self._there if link.name in wanted})
        self._wanted = wanted
        for link in self._there:
            if link.has_strays and link.name in wanted:
                self._tidy(link)
        return count

    @property
    def has_events(self) -> bool:
        """Whether `events` has something to hand out, or a node has said something that nobody has looked at."""
        return bool(self._paused) or any(link.switch.has_events for link in self._there if link.switch)

    @property
    def due(self) -> float | None:
        """Seconds until `look` has something to do, whatever the nodes say; None: nothing."""
        now = time.monotonic()
        waits = [self._next_question(link) for link in self._there]
        return max(min(waits) - now, 0.0) if waits else None

    @property
    def lag_s(self) -> float:
        """How much longer than it takes to say so packets go the ways of old flows."""
        return LAG_S if any(link.reach.settle is None for link in self._links.values()) else 0.0

    def fileno(self) -> int:
        """What becomes readable when a node has said something, or has come back."""
        return self._ready.fileno()

    def want_paused(self) -> None:
        """Nothing: each node was asked to when it answered."""

    def watch(self) -> None:
        """Nothing: each node was asked to when it answered."""

    def remove(self, strays: Iterable[Stray]) -> None:
        """Nothing: what is in our name and not in our words goes when a node answers."""

    def barrier(self) -> None:
        """Wait until the nodes have done all that was sent to them."""
        _pass(self._there)

    def resume(self, packets: Iterable[Paused]) -> int:
        """Give packets back to the nodes where they paused, and wait until they have gone on; give how many went."""
        of_node: dict[str, list[Paused]] = {}
        for packet in packets:
            of_node.setdefault(packet.node, []).append(packet)
        return sum(self._resumed(name, some) for name, some in of_node.items())

    def look(self, seconds: float = 0.0) -> None:
        """Take in what nodes say, waiting so long for the first of it; what others changed of a node is put right."""
        if seconds:
            readable([self._ready.fileno()], seconds if self.due is None else min(seconds, self.due))
        self._take()
        for link in self._there:
            link.ask(Switch.look)
        for link in self._there:
            self._hear(link)
        self._question()

    def events(self) -> tuple[Event, ...]:
        """Hand out the packets that paused, at whichever node."""
        events, self._paused = tuple(self._paused), []
        return events

    @property
    def _there(self) -> list[Link]:
        """The nodes that answer."""
        return [link for link in self._links.values() if link.switch]

    def _link(self, name: str, reach: Reach) -> Link:
        return Link(name, reach, self._patience_s, self._bell)

    def _take(self) -> None:
        """Take in nodes that have come, and bring them up to date."""
        self._bell.hear()
        for link in tuple(self._links.values()):
            held = link.taken()
            if held and link.switch:
                self._ready.register(link.switch.fileno(), select.EPOLLIN)
                self._update(link, held)

    def _update(self, link: Link, held: Held) -> None:
        """Have a node hold what it is to hold, whatever it was found with; before anybody said so it stays as it is."""
        wanted = self._wanted.get(link.name) if self._wanted is not None else None
        link.program = ours(held, wanted or Program())
        if wanted is None:
            link.has_strays = bool(held.strays)
            link.be(NodeState.CONNECTED)
            return
        steps = changes(link.program, wanted)
        try:
            link.ask(lambda switch: switch.apply(steps))
            link.ask(lambda switch: switch.remove(switch.held().strays if held.strays else ()))
        except Refused as error:
            link.refuse(error)
            return
        if link.switch:
            link.program = wanted
            link.be(NodeState.CONNECTED)
            self.repairs += bool(steps or held.strays)
            settle([link])

    def _tidy(self, link: Link) -> None:
        """Take from a node what was found there in our name and is not in our words: it waited until ours was there."""
        link.has_strays = False
        try:
            link.ask(lambda switch: switch.remove(switch.held().strays))
        except Refused as error:
            link.refuse(error)
            return
        self.repairs += 1

    def _resumed(self, name: str, packets: Sequence[Paused]) -> int:
        link = self._links.get(name)
        return (link.ask(lambda switch: switch.resume(packets)) or 0) if link else 0

    def _hear(self, link: Link) -> None:
        """Take in what a node has said of its own accord."""
        if link.switch is None:
            return
        events = link.switch.events()
        self._paused += [replace(event, node=link.name) for event in events if isinstance(event, Paused)]
        if self._wanted is not None and any(concerns(event, link.program) for event in events):
            self._read(link)

    def _read(self, link: Link) -> None:
        """Look at what a node holds, and put right what of it is not as it is to be."""
        if held := link.ask(Switch.held):
            self._update(link, held)

    def _next_question(self, link: Link) -> float:
        """When a node is asked something though nothing has changed, seconds of the monotonic clock."""
        heard = max(link.switch.heard if link.switch else 0.0, link.asked_at) + ECHO_S
        return min(heard, link.retry_at) if link.state is NodeState.REFUSED else heard

    def _question(self) -> None:
        """Ask nodes that have been silent whether they are there, all at once, and those that have refused something once more."""
        now = time.monotonic()
        due = [link for link in self._there if self._next_question(link) <= now]
        for link in due:
            link.asked_at = now
        _pass(link for link in due if link.state is not NodeState.REFUSED)
        for link in due:
            if link.state is NodeState.REFUSED:
                self._read(link)


def _pass(links: Iterable[Link]) -> None:
    """Wait until these nodes have done all that was sent to them; those that are silent are waited for at the same time."""
    marks = {link: link.ask(Switch.mark) for link in links}
    for link, mark in marks.items():
        if mark is not None:
            link.ask(lambda switch, mark=mark: switch.passed(mark))  # type: ignore[misc]
