"""The registered nodes that a plane works at: their ports as they are found, their switches brought to each state.

What `bench.Bench` is for a lab this is for machines that somebody else runs: nothing is plugged or raised here.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sfcci.chain.plan import Plan
from sfcci.chain.port import Ports
from sfcci.chain.program import Program, changes
from sfcci.chain.state import NOTHING, State
from sfcci.chain.status import ACTIVE, AWAY, BEHIND, CONNECTED, DOWN, REFUSED, Facts, NodeFacts
from sfcci.datapath import openflow_client as switch_client
from sfcci.datapath.bench import trouble
from sfcci.datapath.driver import RESIDENCY_S, Driver, ours
from sfcci.datapath.fabric import Fabric
from sfcci.datapath.lab import Say
from sfcci.datapath.live_ports import LivePorts
from sfcci.datapath.node_link import GRACE_S, NONSENSE, NodeState, NodeStatus, Reach
from sfcci.datapath.node_ports import (
    NOWHERE,
    Found,
    Placed,
    bound,
    found,
    marks,
    needed_mtus,
    numbered,
    placed,
    places,
    spec_of,
)
from sfcci.datapath.node_rows import NodeRows, NodeSpec
from sfcci.datapath.node_watch import NodeWatch, Seen
from sfcci.datapath.pki import Pki
from sfcci.datapath.planned import PlannedDriver
from sfcci.datapath.ready import Bell
from sfcci.datapath.remote import Tls
from sfcci.datapath.topology import Topology
from sfcci.datapath.wanted import last_number, wanted
from sfcci.errors import SfcciError, Unreachable, in_a_line

if TYPE_CHECKING:
    from sfcci.chain.node import Places

FIRST_S: Final = 6.0
"""So long it is waited for all nodes at first: with some of them alone, what is there would be taken apart."""
RETRY_S: Final = 1.0
DIAL_S: Final = 10.0
"""How long a switch that takes a connection may say nothing."""
SETTING_UP: Final = "nodes have not answered yet"


class NodesBench:
    """The nodes that a plane works at. One thread's; each node's database is followed by a thread of its own."""

    def __init__(self, pki: Path, say: Say, residency_s: float = RESIDENCY_S) -> None:
        self._pki, self._say, self._residency_s = Pki(pki), say, residency_s
        self._bell = Bell()
        self._watches: dict[str, NodeWatch] = {}
        self._reaches: dict[str, Reach] = {}
        self._fabric: Fabric | None = None
        self._retry_at: float | None = None
        self._began = 0.0
        """When the first of the nodes was dialled (monotonic clock)."""
        self._at: Found = NOWHERE
        self._topology, self._last = Topology(), 0
        self._asked: tuple[State, Found, State] | None = None
        self._placed: dict[int, Placed] = {}
        self._places: Places | None = None
        self._ports = LivePorts()
        self._planned: PlannedDriver | None = None
        self._facts: Mapping[str, NodeFacts] = {}

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable when something happens at a node."""
        return (self._bell.fileno(), *(self._planned.driver.handles() if self._planned else ()))

    @property
    def due(self) -> float | None:
        """Seconds until `bring` has something to do, whatever happens; None: nothing."""
        now = time.monotonic()
        due = self._planned.driver.due if self._planned else None
        waits = [] if due is None else [due]
        if self._retry_at is not None:
            waits.append(max(self._retry_at - now, 0.0))
        states = [
            (one.state, one.since) for one in (watch.seen for watch in self._watches.values()) if one.told
        ]
        states += [(str(one.state).upper(), one.since) for one in self._switches().values()]
        waits += [left for state, since in states if (left := _grace(state, since)) > 0]
        return min(waits, default=None)

    def left(self) -> str:
        """Nothing ends by itself here."""
        return ""

    def trouble(self, state: State, reason: str) -> Facts:
        """Give the facts where nothing could be brought to the nodes, with what is known of these."""
        return replace(trouble(state, reason), nodes=self._facts)

    def leave(self) -> None:
        """Forget the nodes: each keeps what it holds."""
        for watch in self._watches.values():
            watch.close()
        self._watches, self._reaches = {}, {}
        self._close()

    def bring(self, state: State, *, new: bool, again: bool) -> Facts:
        """Bring the nodes to the state, as far as they answer, and give the facts. Raises SfcciError."""
        del new, again
        self._bell.hear()
        self._register(state)
        if not self._watches:
            self._close()
            return Facts(reason="no node is registered")
        self._began = self._began or time.monotonic()
        seen = {name: watch.seen for name, watch in self._watches.items()}
        topology = self._found(state, {name: one.rows for name, one in seen.items()})
        for name, wishes in marks(topology, self._at).items():
            self._watches[name].mark(wishes)
        switches = self._switches()
        lives = {name for name, one in seen.items() if self._lives(one, switches.get(name))}
        links = {
            port.id: self._at[port.id][1].up and self._at[port.id][0] in lives for port in topology.ports
        }
        made, reason = self._brought(state, self._ports.of(topology, links), topology, seen)
        self._facts = self._told(state, topology, seen)
        up = {id_: ACTIVE if link else DOWN for id_, link in links.items()}
        if made is None and reason == SETTING_UP:
            return Facts(up, NOTHING, SETTING_UP, self._facts)
        if made is None:
            return replace(self.trouble(state, reason), ports=up)
        return Facts(up, made.chains, SETTING_UP, self._facts)

    def _switches(self) -> Mapping[str, NodeStatus]:
        """How each node's switch is, by name; none before any was reached."""
        return self._fabric.nodes if self._fabric else {}

    def _lives(self, seen: Seen, switch: NodeStatus | None) -> bool:
        """Say whether a node's ports carry traffic as far as it is known: both its daemons answer, or did just now."""
        grace = _grace(seen.state, seen.since) if seen.told else 0.0
        reached = switch is None or switch.state is not NodeState.AWAY or _grace(AWAY, switch.since) > 0
        ready = bool(seen.rows.tunnel) or len(self._watches) == 1
        return (seen.state == CONNECTED or grace > 0) and reached and ready

    def _register(self, state: State) -> None:
        """Follow the nodes that are registered now, and no others; one that is registered otherwise is begun with anew."""
        specs = {node["name"]: spec_of(node) for node in state.of("nodes").values()}
        for name in [name for name in self._watches if name not in specs]:
            watch = self._watches.pop(name)
            del self._reaches[name]
            self._say(f"node {name} is registered no more")
            watch.rest()
            threading.Thread(target=_farewell, args=(watch, self._is_taken_up), daemon=True).start()
        for name, spec in specs.items():
            self._follow(name, spec)
        if self._fabric:
            self._fabric.reach(self._reaches)

    def _is_taken_up(self, spec: NodeSpec) -> bool:
        """Whether the switch of a node that was removed is one's again."""
        return any(watch.spec.ovsdb == spec.ovsdb for watch in tuple(self._watches.values()))

    def _follow(self, name: str, spec: NodeSpec) -> None:
        """Follow a node; one that is reached otherwise than before is dialled anew, and what it said stays known."""
        watch = self._watches.get(name)
        if watch and replace(watch.spec, underlay_mtu=spec.underlay_mtu) == spec:
            watch.spec = spec
            return
        tls = self._tls(spec)
        if watch:
            watch.close()
        self._watches[name] = NodeWatch(spec, tls, self._bell.ring, watch.seen if watch else None)
        connect = partial(switch_client.connect, str(spec.openflow), tls, patience_s=DIAL_S)
        self._reaches[name] = Reach(connect)

    def _tls(self, spec: NodeSpec) -> Tls:
        if all(spec.tls_files):
            certificate, key, authority = map(Path, spec.tls_files)
            return Tls(certificate, key, authority, spec.names)
        return self._pki.tls(spec.names)

    def _found(self, state: State, nodes: Mapping[str, NodeRows]) -> Topology:
        """Give the topology of the ports that are found; the last answer, where the question is the same."""
        at = found(state, nodes, self._at)
        if self._asked and self._asked[0] is state and self._asked[1] == at:
            return self._topology
        there = bound(state, at)
        known = numbered(state, self._topology, at)
        self._topology = wanted(there, known, max(self._last, last_number(known, self._last)))
        self._last = last_number(self._topology, self._last)
        self._at, self._asked = at, (state, at, there)
        return self._topology

    def _brought(
        self, state: State, ports: Ports, topology: Topology, seen: Mapping[str, Seen]
    ) -> tuple[Plan | None, str]:
        """Bring the switches there; None and why, where no node answers."""
        now = placed(topology, self._at)
        old = self._planned
        drains = old is not None and (old.driver.drains or old.carried is not state)
        # old packets still find who is gone from the state
        self._placed = {**self._placed, **now} if drains else now
        self._retry_at = None
        ready = all(map(_is_ready, seen.values()))
        if self._fabric is None and not ready and self._began + FIRST_S > time.monotonic():
            self._retry_at = self._began + FIRST_S
            return None, SETTING_UP
        specs = [watch.spec for watch in self._watches.values()]
        there = places(specs, {name: one.rows for name, one in seen.items()}, self._placed)
        if not there.nodes:
            return None, "no node has answered yet"
        if there != self._places or self._fabric is None or self._planned is None:
            self._places = there
            if self._fabric is None or self._planned is None:
                self._fabric = Fabric(self._reaches, there)
                self._planned = PlannedDriver(Driver(self._fabric.connected, residency_s=self._residency_s))
            self._fabric.place(there)
        try:
            return self._planned.bring(state, ports), ""
        except Unreachable as error:
            self._retry_at = time.monotonic() + RETRY_S
            return None, in_a_line(error)

    def _told(self, state: State, topology: Topology, seen: Mapping[str, Seen]) -> dict[str, NodeFacts]:
        switches = self._switches()
        specs = {name: watch.spec for name, watch in self._watches.items()}
        needed = needed_mtus(state, specs.values(), topology, self._at)
        counts: dict[str, int] = {}
        for node, _ in self._at.values():
            counts[node] = counts.get(node, 0) + 1
        return {
            name: _node_facts(specs[name], one, switches.get(name), counts.get(name, 0), needed.get(name))
            for name, one in seen.items()
        }

    def _close(self) -> None:
        if self._planned:
            self._planned.driver.close()
        if self._fabric:
            self._fabric.close()
        self._fabric = self._planned = self._places = self._asked = None
        self._at, self._placed, self._facts = NOWHERE, {}, {}
        self._topology, self._retry_at, self._began = Topology(), None, 0.0


def _farewell(watch: NodeWatch, is_taken_up: Callable[[NodeSpec], bool]) -> None:
    """Take what a node that is ours no more has of us: flows first, for without our listener it hears nobody.

    One that does not answer keeps it, and is closed; so does one that is ours again.
    """
    dial = partial(switch_client.connect, str(watch.spec.openflow), watch.tls, patience_s=DIAL_S)
    with contextlib.suppress(SfcciError, OSError, *NONSENSE), dial() as switch:
        held = switch.held()
        if not is_taken_up(watch.spec):
            switch.apply(changes(ours(held, Program()), Program()))
            switch.remove(held.strays)
    watch.close(leave=not is_taken_up(watch.spec))


def _is_ready(seen: Seen) -> bool:
    """Whether it is known of a node what can be done with it."""
    waits = seen.state == CONNECTED and not seen.rows.tunnel and not seen.rows.faults
    return seen.tried and not waits


def _grace(state: str, since: float) -> float:
    """Seconds until the ports of a node that is away count as down; 0: they do, or it is not away."""
    return max(since + GRACE_S - time.time(), 0.0) if state == AWAY else 0.0


def _node_facts(
    spec: NodeSpec, seen: Seen, switch: NodeStatus | None, ports: int, needed: int | None
) -> NodeFacts:
    """Give how a node is: its database first, then its switch, then what it could not do."""
    status, reason, since = seen.state, seen.reason, seen.since
    if status == CONNECTED and seen.refusal:
        status, reason = BEHIND, f"its database does not take what it shall be: {seen.refusal}"
    elif status == CONNECTED and not seen.rows.tunnel:
        status, reason = BEHIND, "its tunnel port is not there yet"
    elif status == CONNECTED and switch is None:
        status, reason = BEHIND, "its switch is being reached"
    elif status == CONNECTED and switch:
        status = REFUSED if switch.is_strange else str(switch.state).upper()
        reason, since = switch.reason, max(since, switch.since)
    remarks = list(seen.rows.faults)
    if needed and needed > spec.underlay_mtu:
        remarks.append(
            f"longest packets need an underlay MTU of {needed}, and it is {spec.underlay_mtu}: make the networks' MTU "
            f"{needed - spec.underlay_mtu} less, or the underlay's more (sfcci sfc node set --underlay-mtu)"
        )
    heard = max(filter(None, (seen.heard, switch.last_contact if switch else None)), default=None)
    return NodeFacts(
        status,
        "; ".join(filter(None, (reason, *remarks))),
        _moment(since),
        _moment(heard),
        ports,
        switch.flows if switch else 0,
        seen.rows.version,
        needed,
    )


def _moment(seconds: float | None) -> str | None:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}" if seconds else None
