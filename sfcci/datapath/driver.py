"""The driver of one switch: it brings the switch from program to program without a packet lost, and keeps it there.

It remembers what the switch acknowledged last, reads the switch when it connects and when others have changed it, and
puts right what differs. Nothing runs beside the caller, and only `finish` waits: `turn` does what is due.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from sfcci.chain.action import Resubmit, ToGroup
from sfcci.chain.compiler import Compiled
from sfcci.chain.held import found, held_versions
from sfcci.chain.openflow import OUR_COOKIE, Group
from sfcci.chain.program import Change, Program, Verb, program_of
from sfcci.chain.table import DELIVER
from sfcci.chain.transition import Leftover, hinders, laid, leftover, path_id
from sfcci.datapath.openflow_client import OUR_COOKIES, Event, Held, Refused
from sfcci.datapath.openflow_decode import Stray
from sfcci.datapath.openflow_event import Parking, Paused
from sfcci.datapath.openflow_watch import FlowEvent, GroupEvent, Missed
from sfcci.errors import Unreachable

RESIDENCY_S: Final = 0.05
"""How long a function holds a packet, where nothing else is told."""
MARGIN: Final = 2.5
"""So many times as long the packets of an old program get, at each function, to come back."""
Answer = TypeVar("Answer")
EMPTYING: Final = 10
"""So many times a switch looks at its ports, 32 frames each time, until it has all that one's socket can hold (Open
vSwitch's NETDEV_MAX_BURST; 277 frames)."""
AT_ONCE, PACE_S, SLICES = 16, 0.004, 50
"""So many packets that waited go on at once, and so much later the next; a SLICES-th of all that wait where that is more.
All at once would overflow the socket where they come back from functions."""
MOST_ROUNDS: Final = 300
"""So many times some go on before all others do at once."""


class Switch(Protocol):
    """What a driver wants of a switch, or of many that are one to it (`fabric`). All but `fileno` and `close` raise Unreachable."""

    @property
    def has_events(self) -> bool:
        """Whether `events` has something to hand out."""

    @property
    def due(self) -> float | None:
        """Seconds until `look` has something to do, whatever is said; None: nothing."""

    @property
    def lag_s(self) -> float:
        """How much longer than it takes to say so packets go the ways of old flows."""

    def fileno(self) -> int:
        """What becomes readable when it has said something."""

    def close(self) -> None:
        """End the connection."""

    def want_paused(self) -> None:
        """Have it give us packets that pause."""

    def watch(self) -> None:
        """Have it tell what others change."""

    def held(self) -> Held:
        """What it holds."""

    def shown(self, program: Program) -> Program:
        """What `held` will tell of ours when it holds a program."""

    def become(self, old: Program, new: Program) -> int:
        """Hold `new` where it holds `old`, all of it or none; how many changes that were. Raises Refused."""

    def remove(self, strays: Iterable[Stray]) -> None:
        """Take away flows that are not in our words."""

    def barrier(self) -> object:
        """Wait until all that was sent is done."""

    def resume(self, packets: Iterable[Paused]) -> int:
        """Give packets back; how many went on."""

    def look(self, seconds: float = 0.0) -> None:
        """Take in what it says."""

    def events(self) -> tuple[Event, ...]:
        """Hand out what it has said of its own accord."""


@dataclass
class Draining:
    """What is left of an old program, and until when (seconds of the monotonic clock)."""

    left: Leftover
    until: float


@dataclass
class Counts:
    """What has been done since the driver began."""

    bundles: int = 0
    changes: int = 0
    repairs: int = 0
    parked: int = 0
    lost: int = 0


@dataclass
class Driver:
    """A driver. `connect` gives a connection; `settle` has the datapath forget what it decided by old flows.

    By itself Open vSwitch looks through what it decided, and packets go the old ways until then: with 10 000 flows in
    its cache up to 200 ms (300: 4 ms), which is longer than a drain. To forget takes 40 to 60 ms (300: 1 ms).
    """

    connect: Callable[[], Switch]
    settle: Callable[[], None] = lambda: None
    residency_s: float = RESIDENCY_S
    aim: Compiled = field(default_factory=Compiled)
    """What was acknowledged last: the way that new packets go."""
    program: Program = field(default_factory=Program)
    """What the switch holds: the aim, and what is left beside it."""
    counts: Counts = field(default_factory=Counts)
    _switch: Switch | None = None
    _parking: Parking = field(default_factory=Parking)
    _draining: list[Draining] = field(default_factory=list)
    _held: Program | None = None
    """What the switch was found with, as long as nobody has said what it shall hold."""
    _strayed: bool = False
    """Whether the switch has flows in our name that are not in our words."""

    @property
    def due(self) -> float | None:
        """Seconds until `turn` has something to do; None when only the switch can have."""
        if self._switch and self._switch.has_events:
            return 0.0
        now = time.monotonic()
        waits = [max(one.until - now, 0.0) for one in self._draining]
        if self._switch and self._switch.due is not None:
            waits.append(self._switch.due)
        return min(waits, default=None)

    @property
    def versions(self) -> dict[int, int]:
        """The version of each chain that the switch has, by its path id. Raises Unreachable, Refused."""
        self._connected()
        return held_versions((self._held or self.program).flow_of.values())

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable when the switch has said something."""
        return (self._switch.fileno(),) if self._switch else ()

    @property
    def drains(self) -> bool:
        """Whether functions may still have packets of an old program."""
        return bool(self._draining)

    def waits(self, chain: str) -> bool:
        """Say whether packets of a chain (its id) wait until old ones have gone."""
        lefts = [one.left for one in self._draining if one.left.waits]
        return any(left.chains is None or chain in left.chains for left in lefts)

    def close(self) -> None:
        """End the connection; the switch keeps what it holds. Again is allowed."""
        if self._switch:
            self.counts.lost += len(self._parking.leave())
            self._switch.close()
        self._switch = None

    def bring(self, new: Compiled) -> bool:
        """Have new packets go the ways of `new`; False: not yet, for old packets of a chain that it changes are on their way.

        The switch takes all of it or, where it raises Refused, none. Raises Unreachable.
        """
        self.turn()
        self._connected()
        if self._held is not None:
            self._adopt(self._held, new)
            return True
        if new is self.aim:
            self._hold(self.program)
            return True
        if any(hinders(one.left, self.aim, new) for one in self._draining):
            return False
        self._enter(new, leftover(self.aim, new))
        return True

    def turn(self) -> None:
        """Take in what the switch says, put right what others changed, and take away what has drained.

        Raises Unreachable, Refused.
        """
        if self._switch:
            self._look()
        if due := [one for one in self._draining if one.until <= time.monotonic()]:
            self._drained(due)

    def finish(self) -> None:
        """Wait until nothing is left of old programs. Raises Unreachable, Refused."""
        while self._draining and (due := self.due) is not None:
            if self._switch:
                self._guarded(lambda switch: switch.look(due))
            else:
                time.sleep(due)
            self.turn()

    def reach(self, new: Compiled) -> int:
        """Bring the switch there, and wait until nothing is left of what was; give the number of changes.

        Raises Unreachable, Refused.
        """
        before = self.counts.changes
        while not self.bring(new):
            self.finish()
        self.finish()
        return self.counts.changes - before

    def _connected(self) -> Switch:
        """Give the connection; a new one begins with what the switch holds."""
        if self._switch is None:
            self._switch = self.connect()
            self._guarded(lambda switch: switch.want_paused())
            self._guarded(lambda switch: switch.watch())
            self._read()
        return self._switch

    def _guarded(self, ask: Callable[[Switch], Answer]) -> Answer:
        """Ask the switch something; one that is lost is left, and begun with anew the next time."""
        assert self._switch is not None  # noqa: S101 - connected
        try:
            return ask(self._switch)
        except Unreachable:
            self.close()
            raise

    def _read(self) -> None:
        """Take in what the switch holds: at first as it is; later it is put right where it is not as we left it."""
        held = self._guarded(lambda switch: switch.held())
        there, self._strayed = ours(held, self.program), bool(held.strays)
        known = self.aim.program.parts or self._draining
        if not known:
            self._held = there
            return
        if self._become(there, self.program) or self._strayed:
            self.counts.repairs += 1
            self._without_strays()
            self.settle()

    def _adopt(self, held: Program, new: Compiled) -> None:
        """Begin with a switch that was found as it is."""
        shown = self._connected().shown(new.program)
        self.program = held
        if held == shown:
            self._hold(new.program)
            self.aim = new
        else:
            self._enter(new, found(held, new, shown))
        self._held = None
        self._without_strays()

    def _without_strays(self) -> None:
        """Take away what is in our name and not in our words, and whose place nothing of ours has taken."""
        if self._strayed:
            strays = self._guarded(lambda switch: switch.held()).strays
            self._guarded(lambda switch: switch.remove(strays))
            self._strayed = False

    def _enter(self, new: Compiled, left: Leftover | None) -> None:
        """Have the switch take a new program, with what is left of the old one besides."""
        lefts = [one.left for one in self._draining]
        self._hold(laid(new.program, [*lefts, left] if left else lefts))
        self.aim = new
        if left:
            drain_s = MARGIN * self.residency_s * left.hops + self._connected().lag_s
            self._draining.append(Draining(left, time.monotonic() + drain_s))

    def _drained(self, due: Sequence[Draining]) -> None:
        """The functions are empty of what is old: it goes, and packets that wait go on.

        All that is due goes together: where many chains change, the switch is told once.
        """
        self._connected()
        for _ in range(
            EMPTYING
        ):  # a switch that got no time takes in what old packets come before it answers
            self._guarded(lambda switch: switch.barrier())
        stay = [one for one in self._draining if not any(one is gone for gone in due)]
        others = [one.left for one in stay]
        waiting = [(one, rest) for one in due if (rest := one.left.drained)]
        if waiting:
            self._hold(laid(self.aim.program, [*others, *(rest for _, rest in waiting)]))
            for one, rest in waiting:
                one.left, one.until = rest, time.monotonic()
            self._resume(others, more_come=True)
        self._hold(laid(self.aim.program, others))
        self._draining = stay
        self._resume(others)

    def _resume(self, others: Iterable[Leftover], *, more_come: bool = False) -> None:
        """Let packets go on, in their order, until none waits but those that wait for something else to drain.

        Few at a time, and always more than come meanwhile. `more_come`: until those go that have just come.
        """
        kept = {place for left in others for place in left.places}
        self._look()
        few, came = max(AT_ONCE, len(self._parking) // SLICES), 0
        for _ in range(MOST_ROUNDS):
            if not (packets := self._parking.leave(few + 2 * came, kept)):
                return
            self._go_on(packets)
            if more_come and len(packets) < few + 2 * came:
                return
            time.sleep(PACE_S)
            there = len(self._parking)
            self._look()
            came = len(self._parking) - there
        self._go_on(self._parking.leave(but=kept))

    def _go_on(self, packets: Sequence[Paused]) -> None:
        gone = self._guarded(lambda switch: switch.resume(packets))
        self.counts.lost += len(packets) - gone

    def _hold(self, program: Program) -> None:
        """Have the switch hold a program."""
        self._connected()
        if self._become(self.program, program):
            self.settle()
        self.program = program

    def _become(self, old: Program, new: Program) -> int:
        count = self._guarded(lambda switch: switch.become(old, new))
        self.counts.bundles += count > 0
        self.counts.changes += count
        return count

    def _look(self) -> None:
        """Take in what the switch has said: packets that wait, and that others have changed something of ours."""
        self._guarded(lambda switch: switch.look())
        events = self._guarded(lambda switch: switch.events())
        for event in events:
            if isinstance(event, Paused):
                self.counts.parked += 1
                self.counts.lost += not self._parking.park(event)
        if self._held is None and any(concerns(event, self.program) for event in events):
            self._read()


def concerns(event: Event, program: Program) -> bool:
    """Say whether what others did is about what is ours."""
    if isinstance(event, FlowEvent):
        return event.key in program.flow_of or event.cookie & OUR_COOKIES == OUR_COOKIE
    if isinstance(event, GroupEvent):
        return event.number is None or event.number in program.group_of
    return isinstance(event, Missed)


def ours(held: Held, known: Program) -> Program:
    """Give what of a switch's flows and groups is ours: groups have no mark, but we know ours, and our flows name them.

    A group that somebody made into another kind has no buckets here.
    """
    named = {step.group for flow in held.flows for step in flow.actions if isinstance(step, ToGroup)}
    named |= known.group_of.keys()
    groups = [g for g in held.groups if g.number in named or _made_by_us(g)]
    return program_of(held.flows, [*groups, *(Group(n, (), ()) for n in held.odd_groups if n in named)])


def _made_by_us(group: Group) -> bool:
    return bool(group.buckets) and all(
        bucket.actions and bucket.actions[-1] == Resubmit(DELIVER) for bucket in group.buckets
    )


def blamed(refused: Refused, new: Compiled) -> dict[str, str]:
    """Give the chains (by id) that a switch's refusal is about, each with the switch's words; none: it is about no chain."""
    found: dict[str, str] = {}
    for refusal in refused.refusals:
        for id_ in _users(refusal.change, new):
            found.setdefault(id_, f"the switch refused it: {refusal.reason}")
    return found


def _users(change: Change | None, new: Compiled) -> Iterator[str]:
    """The chains that a change is for: its flow's path id, or who has its group."""
    if change is None or change.verb in {Verb.FLOW_DELETE, Verb.GROUP_DELETE}:
        return
    for id_, ways in new.ways.items():
        for path in ways:
            if isinstance(change.item, Group):
                named = any(hop.group == change.item.number for hop in path.hops)
            else:
                named = path_id(change.item) == path.spi
            if named:
                yield id_
                break
