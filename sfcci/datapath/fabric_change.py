"""A change of many switches: all look at it before any does it, then all do it stage by stage (`chain.stages`).

What is asked of one is sent to all before the first is waited for. One that does not answer is left; the others go on.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sfcci.chain.openflow import Group
from sfcci.chain.program import Program, applied, changes
from sfcci.chain.stages import ENTRY, Stages, at_once, stages
from sfcci.chain.transition import path_id
from sfcci.datapath.node_link import Link, NodeState, settle
from sfcci.datapath.openflow_bundle import Bundles
from sfcci.datapath.openflow_client import Refusal, Refused, Switch

UNSETTLED_S: Final = 0.02
"""How long what comes next waits for a datapath that nobody can have settle."""
Refusals = Mapping[Link, tuple[Refusal, ...]]


class Work:
    """What one node has to do: stages of changes on their way to it."""

    def __init__(self, link: Link, switch: Switch, wanted: Program, steps: Stages) -> None:
        self.link, self.wanted, self.steps = link, wanted, steps
        self.done = 0
        """How many stages are done."""
        self._bundles = Bundles(switch, steps)

    @property
    def there(self) -> bool:
        """Whether the node still answers."""
        return self.link.switch is not None

    def fill(self) -> None:
        """Send all of it; nothing is done yet."""
        self.link.ask(lambda _: self._bundles.fill())

    def checked(self) -> tuple[Refusal, ...]:
        """Wait until the node has looked at it; what it refuses."""
        return self.link.ask(lambda _: self._bundles.checked()) or ()

    def discard(self, first: int = 0) -> None:
        """Have no stage from this one on done."""
        self.link.ask(lambda _: self._bundles.discard(first))

    def commit(self, stage: int) -> None:
        """Have a stage done."""
        self.link.ask(lambda _: self._bundles.commit(stage))

    def committed(self, stage: int) -> tuple[Refusal, ...]:
        """Wait until the stage is done; what the node refuses of it after all."""
        refusals = self.link.ask(lambda _: self._bundles.committed()) or ()
        if not refusals:
            self.done = stage + 1
        return refusals

    def undo(self) -> None:
        """Have the node be as it was before the first stage."""
        now = applied((step for steps in self.steps[: self.done] for step in steps), self.link.program)
        back = changes(now, self.link.program)
        try:
            self.link.ask(lambda switch: switch.apply(back))
        except Refused as error:
            self.link.lost(error)  # it is read, compared and put right when it answers again


def carry_out(wanted: Mapping[Link, Program]) -> int:
    """Have nodes hold these programs; give the number of changes.

    All of it or, where one refuses what is a chain's, none: raises Refused. A node that refuses what is no chain's is
    left as it is, and its state tells.
    """
    work = _agreed(_filled(wanted))
    for stage in range(max((len(one.steps) for one in work), default=0)):
        if stage == ENTRY:
            _settle(one for one in work if any(one.steps[:stage]))
        _do(work, stage)
    _settle(work)
    for one in work:
        if one.there:
            one.link.program = one.wanted
            one.link.be(NodeState.CONNECTED)
    return sum(len(stage) for one in work for stage in one.steps)


def _filled(wanted: Mapping[Link, Program]) -> list[Work]:
    """Send the nodes what they have to do."""
    work = []
    busy: dict[Link, Stages] = {}
    for link, program in wanted.items():
        steps = stages(link.program, program)
        if any(steps):
            busy[link] = steps
        else:
            link.program = program  # it holds that, and the next change is compared with it
    for link, steps in busy.items():
        if link.switch:
            work.append(Work(link, link.switch, wanted[link], steps if len(busy) > 1 else at_once(steps)))
    for one in work:
        one.fill()
    return work


def _agreed(work: Sequence[Work]) -> list[Work]:
    """Give the work that nodes take. Raises Refused where one refuses what is a chain's: then none is done."""
    refusing = {one.link: found for one in work if (found := one.checked())}
    of_chains = any(_is_chains(refusal) for found in refusing.values() for refusal in found)
    for one in work:
        if of_chains or one.link in refusing:
            one.discard()
    if of_chains:
        raise _merged(refusing)
    for link, found in refusing.items():
        link.refuse(Refused(link.name, found))
    return [one for one in work if one.there and one.link not in refusing]


def _do(work: Sequence[Work], stage: int) -> None:
    """Have nodes do a stage. Raises Refused where one does not, after all: then all are as they were."""
    busy = [one for one in work if one.there and one.steps[stage]]
    for one in busy:
        one.commit(stage)
    refusing = {one.link: found for one in busy if (found := one.committed(stage))}
    if not refusing:
        return
    for one in work:
        one.discard(stage + 1)
        one.undo()
    _settle(work)
    raise _merged(refusing)


def _settle(work: Iterable[Work]) -> None:
    """Have datapaths go by the new flows from now on."""
    links = [one.link for one in work if one.there]
    if links and not settle(links):
        time.sleep(UNSETTLED_S)


def _is_chains(refusal: Refusal) -> bool:
    """Whether a refusal is about what is some chain's: it can be left out, and the others carried out."""
    if refusal.change is None:
        return False
    item = refusal.change.item
    return isinstance(item, Group) or path_id(item) != 0


def _merged(refusing: Refusals) -> Refused:
    names = ", ".join(sorted(link.name for link in refusing))
    return Refused(names, tuple(refusal for found in refusing.values() for refusal in found))
