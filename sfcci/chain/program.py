"""A program: all flows and groups of ours on a switch, in parts; and the changes between two programs.

A part is what one thing asks for (a port, a group, a chain in one version, the base). Parts share no key. Who compiles
a changed state hands unchanged parts on as they are, so that a change costs what changed, not what there is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from sfcci.chain.openflow import Flow, FlowKey, Group

PartKey = tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Flows and groups that come and go together; each key once."""

    flows: tuple[Flow, ...] = ()
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, eq=False)
class Program:
    """Parts by what asks for them. Two are equal when a switch holds the same for both, in whatever parts."""

    parts: Mapping[PartKey, Part] = field(default_factory=dict)
    origin: tuple[Mapping[PartKey, Part], frozenset[PartKey]] | None = field(default=None, repr=False)
    """The parts that these were derived from, and the keys of all that differ."""

    def derived(self, made: Mapping[PartKey, Part | None]) -> "Program":
        """Give the program with these parts in the place of those with their keys; None takes one away."""
        differing = {key: part for key, part in made.items() if self.parts.get(key) is not part}
        if not differing:
            return self
        parts = dict(self.parts)
        for key, part in differing.items():
            if part is None:
                del parts[key]
            else:
                parts[key] = part
        return Program(parts, (self.parts, frozenset(differing)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        return self.flow_of == other.flow_of and self.group_of == other.group_of

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def flow_of(self) -> Mapping[FlowKey, Flow]:
        """Flows by key."""
        return {flow.key: flow for part in self.parts.values() for flow in part.flows}

    @cached_property
    def group_of(self) -> Mapping[int, Group]:
        """Groups by number."""
        return {group.number: group for part in self.parts.values() for group in part.groups}

    @cached_property
    def size(self) -> tuple[int, int]:
        """How many flows and groups its parts have."""
        parts = self.parts.values()
        return sum(len(part.flows) for part in parts), sum(len(part.groups) for part in parts)

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Every flow, by table, highest priority first."""
        return tuple(sorted(self.flow_of.values(), key=lambda f: (f.table, -f.priority, f.match)))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Every group, by number."""
        return tuple(self.group_of[number] for number in sorted(self.group_of))

    @cached_property
    def tables(self) -> Mapping[int, tuple[Flow, ...]]:
        """Flows by table, highest priority first."""
        tables: dict[int, list[Flow]] = {}
        for flow in self.flows:
            tables.setdefault(flow.table, []).append(flow)
        return {table: tuple(flows) for table, flows in tables.items()}

    def __str__(self) -> str:
        return "\n".join([*(f"group add {g}" for g in self.groups), *(f"flow add {f}" for f in self.flows)])


def program_of(flows: Iterable[Flow], groups: Iterable[Group] = ()) -> Program:
    """Give the program of these flows and groups in one part, doubles taken out: the last one counts."""
    part = Part(tuple({f.key: f for f in flows}.values()), tuple({g.number: g for g in groups}.values()))
    return Program({(): part})


class Verb(StrEnum):
    """What a change does. Order: a flow never names a group that is not there yet, or no longer."""

    GROUP_ADD = "group add"
    GROUP_MODIFY = "group modify"
    FLOW_ADD = "flow add"
    FLOW_DELETE = "flow delete_strict"
    GROUP_DELETE = "group delete"


@dataclass(frozen=True)
class Change:
    """One line of a bundle."""

    verb: Verb
    item: Flow | Group

    def __str__(self) -> str:
        if self.verb is Verb.FLOW_DELETE and isinstance(self.item, Flow):
            return f"{self.verb} {self.item.selector}"
        if self.verb is Verb.GROUP_DELETE and isinstance(self.item, Group):
            return f"{self.verb} group_id={self.item.number}"
        return f"{self.verb} {self.item}"


def changes(old: Program, new: Program) -> tuple[Change, ...]:
    """Give what turns `old` into `new`, in the order in which a switch takes it; nothing when they are equal."""
    before, after = _differing(old, new)
    old_groups, new_groups = before.group_of, after.group_of
    return (
        *(Change(Verb.GROUP_ADD, g) for n, g in new_groups.items() if n not in old_groups),
        *(Change(Verb.GROUP_MODIFY, g) for n, g in new_groups.items() if old_groups.get(n, g) != g),
        *(Change(Verb.FLOW_ADD, f) for k, f in after.flow_of.items() if before.flow_of.get(k) != f),
        *(Change(Verb.FLOW_DELETE, f) for k, f in before.flow_of.items() if k not in after.flow_of),
        *(Change(Verb.GROUP_DELETE, g) for n, g in old_groups.items() if n not in new_groups),
    )


def _differing(old: Program, new: Program) -> tuple[Program, Program]:
    """The parts that are not the same in both."""
    keys = differing(old, new)
    return (
        Program({key: old.parts[key] for key in keys if key in old.parts}),
        Program({key: new.parts[key] for key in keys if key in new.parts}),
    )


def differing(old: Program, new: Program) -> Collection[PartKey]:
    """Give the keys of the parts that are not the same in both: at once where one was derived from the other."""
    for one, other in ((old, new), (new, old)):
        if other.origin and other.origin[0] is one.parts:
            return other.origin[1]
    if old.parts is new.parts:
        return ()
    before, after = old.parts, new.parts
    gone = [key for key in before if key not in after]
    return [*gone, *(key for key, part in after.items() if before.get(key) is not part)]


def applied(steps: Iterable[Change], program: Program) -> Program:
    """Give the program after the changes: what a switch holds once it has taken them."""
    flows, groups = dict(program.flow_of), dict(program.group_of)
    for step in steps:
        if isinstance(step.item, Group):
            groups.pop(step.item.number, None)
            if step.verb is not Verb.GROUP_DELETE:
                groups[step.item.number] = step.item
        else:
            flows.pop(step.item.key, None)
            if step.verb is not Verb.FLOW_DELETE:
                flows[step.item.key] = step.item
    return program_of(flows.values(), groups.values())


def doubles(program: Program) -> Iterator[FlowKey]:
    """Give the keys that two parts share: none, or a part's changes would harm another."""
    seen: set[FlowKey] = set()
    for part in program.parts.values():
        keys = {flow.key for flow in part.flows}
        yield from seen & keys
        seen |= keys
