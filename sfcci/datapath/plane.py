"""The data plane under the API: one thread that brings a standing lab to the latest state, and tells how it is.

The lab is raised when the first port gets a host, or attached to when it is up, and outlives the server. The latest
state wins: states that come while one is carried out are taken together. What fails is tried again, later and later;
a lab that its user ended is raised again with the next change, not before.
"""

import contextlib
import os
import select
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Final

from sfcci import files
from sfcci.chain.plan import Plan, plan
from sfcci.chain.port import Ports
from sfcci.chain.refused import Refused
from sfcci.chain.state import NOTHING, Resource, State
from sfcci.chain.status import ACTIVE, DOWN, ERROR, ChainStatus, Facts
from sfcci.chain.transition import touched
from sfcci.datapath import lab, ovs, plug, standing
from sfcci.datapath import openflow_client as switch_client
from sfcci.datapath.adoption import adopted
from sfcci.datapath.driver import Driver, blamed
from sfcci.datapath.lab import Say, switch_ports
from sfcci.datapath.namespace import Keeper
from sfcci.datapath.topology import Port, Topology, change
from sfcci.datapath.wanted import READ, last_number, wanted
from sfcci.datapath.watch import Watch
from sfcci.errors import MissingTool, SfcciError, ToolError, UsageError

NO_TOPOLOGY: Final = Topology()
SETTLE_S = 2.0
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 60.0
CLOSE_S = 1.5
SETTING_UP: Final = "it is being set up"


class Plane:
    """A data plane that follows a state. Thread safe; nothing that happens in the lab ends it."""

    def __init__(self, folder: Path, name: str, lock: IO[bytes], say: Say, obstacle: str) -> None:
        """Use `start`."""
        self.obstacle = obstacle
        """Why this machine has no data plane; "" when it has one."""
        self._bench = Bench(folder, name, say)
        self._lock, self._mutex = lock, threading.Lock()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._latest: State | None = None
        self._told: tuple[State, Facts] | None = None
        self._facts = Facts(reason=obstacle or SETTING_UP)
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="data plane", daemon=True)
        if not obstacle:
            self._thread.start()

    @classmethod
    def start(cls, folder: Path, name: str, say: Say = lambda _text: None) -> "Plane":
        """Give the plane of the lab `name` below the state folder. Raises UsageError: no name, or it has a server."""
        if not standing.NAME.fullmatch(name):
            raise UsageError(f"bad lab name {name!r}; letters, digits, - and _, at most 31")
        lock = files.try_lock(folder / "labs" / f"{name}.served")
        if lock is None:
            raise UsageError(f"lab {name} has a server already; give this one another with --lab NAME")
        try:
            lab.require()
            obstacle = ""
        except MissingTool as error:
            obstacle = str(error)
        return cls(folder, name, lock, say, obstacle)

    def adopted(self, state: State, now: str, project: str = "fake_project_id") -> State:
        """Give the state with what a scenario's lab has, where the state has nothing yet; else the same state.

        Raises UsageError for a lab whose ports are not the state's: it is somebody else's.
        """
        if self.obstacle or (there := self._bench.scenario_lab(state)) is None:
            return state
        if state.of("networks") or state.of("ports"):
            raise UsageError(self._bench.foreign(there))
        try:
            return adopted(state, there.lab.scenario, project, now)
        except Refused as refused:
            raise UsageError(f"lab {there.name} cannot be taken over: {refused.message}") from None

    def follow(self, state: State) -> None:
        """Bring the lab to that state, soon. Returns at once."""
        with self._mutex:
            self._latest = state
            self._tell()
        self._notify()

    def facts(self) -> Facts:
        """Give what is known now of ports and chains."""
        return self._facts

    def close(self) -> None:
        """End the thread, soon; the lab stays as it is."""
        self._closing = True
        self._notify()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
        self._lock.close()

    def _notify(self) -> None:
        with contextlib.suppress(OSError):
            os.eventfd_write(self._wake, 1)

    def _tell(self) -> None:
        """Lay the last known facts over the latest state: of a chain that has changed since nothing is known yet."""
        if self._told and self._latest:
            done, facts = self._told
            was, now = done.of("port_chains"), self._latest.of("port_chains")
            if was is not now:
                known = {id_: how for id_, how in facts.chains.items() if now.get(id_) is was.get(id_)}
                facts = replace(facts, chains=known)
            self._facts = facts

    def _work(self) -> None:
        tried: State | None = None
        delay_s = 0.0
        while not self._closing:
            self._wait(delay_s)
            state = self._latest
            if self._closing or state is None:
                continue
            again = delay_s > 0
            try:
                facts = self._bench.bring(state, changed=state is not tried or again)
                delay_s = 0.0
            except Exception as error:  # noqa: BLE001 - whatever it is: the server lives, and the status tells
                ended = self._bench.left()
                facts = _trouble(state, ended or _reason(error))
                hopeless = bool(ended) or isinstance(error, MissingTool | UsageError)
                delay_s = 0.0 if hopeless else min(max(delay_s * 2, FIRST_RETRY_S), LAST_RETRY_S)
            tried = state
            with self._mutex:
                self._told = (state, facts)
                self._tell()
        self._bench.leave()

    def _wait(self, delay_s: float) -> None:
        """Wait for a state, something in the lab, or the time to try again."""
        select.select([self._wake, *self._bench.handles()], [], [], delay_s or self._bench.due)
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)


class Bench:
    """The lab that a plane works at: found or raised, and known as it is. One thread's."""

    def __init__(self, folder: Path, name: str, say: Say) -> None:
        self._folder, self._name, self._say = folder, name, say
        self._there: standing.StandingLab | None = None
        self._watch: Watch | None = None
        self._last = 0
        self._fresh = False
        self._gone = ""
        self._bad: dict[str, Resource] = {}
        self._asked: tuple[State, Topology, int, Topology] | None = None
        self._planned: Plan | None = None
        self._driver: Driver | None = None

    def scenario_lab(self, state: State) -> standing.StandingLab | None:
        """Give the lab when it is up as a scenario raised it, and its ports are not those of the state."""
        there = standing.there(self._folder, self._name)
        if there is None or there.served:
            return None
        return None if {port.id for port in there.lab.topology.ports} <= state.of("ports").keys() else there

    def foreign(self, there: standing.StandingLab) -> str:
        """Say that the lab is somebody else's."""
        return (
            f"lab {there.name} was raised from {there.lab.scenario.source.path} and is not this state's; "
            f"end it with: sfcci lab down --name {there.name}, or name another lab"
        )

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable when something happens in the lab."""
        own = self._driver.handles() if self._driver else ()
        return (*self._watch.handles(), *own) if self._watch else ()

    @property
    def due(self) -> float | None:
        """Seconds until `bring` has something to do, whatever happens; None: nothing."""
        return self._driver.due if self._driver else None

    def left(self) -> str:
        """Leave the lab after a failure; say so where the lab was ended meanwhile, "" where it lives."""
        if self._there and not self._there.lab.keeper.alive():
            self._gone = f"the lab has ended; the next change raises lab {self._name} again"
        self.leave()
        return self._gone

    def leave(self) -> None:
        """Forget what is known of the lab: the next time it is looked at anew."""
        if self._watch:
            self._watch.close()
        if self._driver:
            self._driver.close()
        self._watch = self._there = self._driver = self._planned = None

    def bring(self, state: State, *, changed: bool) -> Facts:
        """Bring the lab to the state and give the facts. Raises SfcciError. `changed`: the state is new or to be retried."""
        self._look()
        if self._there is None and not self._attach(state, changed=changed):
            return _trouble(state, self._gone) if self._gone else _facts(self._plan(state, {}), {})
        assert self._there is not None  # noqa: S101 - attached
        assert self._watch is not None  # noqa: S101 - attached
        topology = self._plug(self._pluggable(state, self._there.lab.topology, self._last), state)
        self._look()
        if self._there is None:
            return _trouble(state, self._gone)
        links = {port.id: bool(self._watch.links.get(port.tap)) for port in topology.ports}
        ports = {id_: replace(port, up=links[id_]) for id_, port in switch_ports(topology).items()}
        made = self._carried_out(state, ports)
        self._fresh = True
        return _facts(made, {id_: ACTIVE if up else DOWN for id_, up in links.items()})

    def _plan(self, state: State, ports: Ports, refused: Mapping[str, str] = NOTHING) -> Plan:
        """Give the plan; what stays of the one that the switch acknowledged last is kept."""
        held = self._driver.versions if self._driver else NOTHING
        return plan(state, ports, self._planned, held=held, refused=refused)

    def _carried_out(self, state: State, ports: Ports) -> Plan:
        """Have the switch carry the plan out, without chains that it refuses, and give it.

        Where that has to wait for packets on their way nothing is said of the chains that change.
        """
        assert self._driver is not None  # noqa: S101 - attached
        refused: dict[str, str] = {}
        while True:
            made = self._plan(state, ports, refused)
            try:
                done = self._driver.bring(made.compiled)
            except switch_client.Refused as error:
                blame = blamed(error, made.compiled)
                if not blame.keys() - refused.keys():
                    raise
                refused |= blame
            else:
                if done:
                    self._planned = made
                    return made
                changing = touched(self._driver.aim, made.compiled)
                known = {id_: how for id_, how in made.chains.items() if id_ not in changing}
                return replace(made, chains=known)

    def _look(self) -> None:
        """Take in what has happened in the lab; one that has ended is left."""
        while self._watch and self._watch.look():
            pass
        if self._watch and self._watch.lost:
            self._gone = f"{self._watch.lost}; the next change raises lab {self._name} again"
            if not self._watch.ended:
                self._gone = f"{self._watch.lost}; end the lab (sfcci lab down --name {self._name}): the next change raises it again"
            self._there = None
            if self._watch.ended:
                self.leave()

    def _attach(self, state: State, *, changed: bool) -> bool:
        """Find the lab, or raise it when a port wants it; say whether there is one. What it holds is looked at."""
        there = standing.there(self._folder, self._name)
        if not changed:
            return False
        self.leave()
        self._gone = ""
        if there is None:
            if not wanted(state, Topology(), 0).ports:
                return False
            there = standing.up_empty(self._folder, self._name, self._say)
        if self.scenario_lab(state):
            raise UsageError(self.foreign(there))
        self._watch = Watch(there.lab.keeper)
        known = _numbered(there.lab.topology, plug.plugged(there.lab.keeper))
        self._bad = {}
        shall = wanted(state, known, max((port.number for port in known.ports), default=0))
        kept, taps, hosts = plug.found(shall, plug.plugged(there.lab.keeper))
        plug.pull(there.lab.keeper, taps, hosts)
        self._there = replace(
            there, lab=replace(there.lab, scenario=replace(there.lab.scenario, topology=kept))
        )
        self._driver = Driver(partial(ovs.switch, there.lab.keeper), partial(ovs.settle, there.lab.keeper))
        self._planned, self._fresh = None, False
        return True

    def _pluggable(self, state: State, known: Topology, last: int) -> Topology:
        """What the state wants, without ports that could not be plugged and have not changed since."""
        topology = self._wanted(state, known, last)
        self._bad = {id_: port for id_, port in self._bad.items() if state.get("ports", id_) is port}
        return _only(topology, [port for port in topology.ports if port.id not in self._bad])

    def _wanted(self, state: State, known: Topology, last: int) -> Topology:
        """Give what the state wants: the last answer, where the question is the same."""
        if self._asked:
            old, had, highest, topology = self._asked
            same = all(old.of(name) is state.of(name) for name in READ)
            if same and had is known and highest == last:
                return topology
        topology = wanted(state, known, last)
        self._asked = state, known, last, topology
        return topology

    def _plug(self, topology: Topology, state: State) -> Topology:
        """Pull and plug what differs, write down what is plugged, and give it."""
        assert self._there is not None  # noqa: S101 - attached
        assert self._watch is not None  # noqa: S101 - attached
        step = change(self._there.lab.topology, topology)
        if not self._fresh:
            step = replace(step, route={host.name: topology.routes(host.name) for host in topology.hosts})
        try:
            plug.carry_out(self._there.lab.keeper, step)
        except ToolError:
            topology = self._one_by_one(self._there.lab.keeper, topology, state)
        self._last = last_number(topology, self._last)
        self._watch.settle([port.tap for port in step.plug if port.up and port in topology.ports], SETTLE_S)
        names = [str(chain["name"]) for chain in state.of("port_chains").values()]
        if (
            not self._there.served
            or self._there.lab.topology != topology
            or list(self._there.chains) != names
        ):
            self._there = standing.keep(self._folder, self._there, topology, names)
        return topology

    def _one_by_one(self, keeper: Keeper, shall: Topology, state: State) -> Topology:
        """Plug port after port where all at once failed: one that cannot be plugged hinders no other.

        Raises ToolError where it is the lab that fails.
        """
        now, taps, hosts = plug.found(shall, plug.plugged(keeper))
        plug.pull(keeper, taps, hosts)
        whole = {port.id for port in now.ports}
        for port in shall.ports:
            if port.id in whole:
                continue
            more = _only(shall, [p for p in shall.ports if p.id in whole or p is port], now)
            try:
                plug.carry_out(keeper, change(now, more))
                now = more
                whole.add(port.id)
            except ToolError as error:
                plug.pull(keeper, [port.tap], [])
                self._bad[port.id] = state.of("ports")[port.id]
                self._say(f"port {port.name} of {port.host} cannot be plugged: {error}")
        final = _only(shall, [port for port in shall.ports if port.id in whole])
        plug.carry_out(keeper, change(now, final))
        return final


def _only(topology: Topology, ports: Sequence[Port], besides: Topology = NO_TOPOLOGY) -> Topology:
    """The topology with these ports alone, and their hosts; hosts of `besides` stay."""
    names = {port.host for port in ports} | {host.name for host in besides.hosts}
    return Topology(tuple(host for host in topology.hosts if host.name in names), tuple(ports))


def _numbered(known: Topology, there: plug.Plugged) -> Topology:
    """The record's topology with the numbers that the switch gives: a record may be one step behind."""
    ports = [replace(p, number=there.ports[p.tap][0]) for p in known.ports if p.tap in there.ports]
    return replace(known, ports=tuple(ports))


def _facts(made: Plan, ports: Mapping[str, str]) -> Facts:
    return Facts(ports, made.chains, SETTING_UP)


def _trouble(state: State, reason: str) -> Facts:
    """The facts where no lab works: nothing is up, and every chain says why."""
    return Facts({}, {id_: ChainStatus(ERROR, reason) for id_ in state.of("port_chains")}, SETTING_UP)


def _reason(error: Exception) -> str:
    known = isinstance(error, SfcciError)
    return " ".join(str(error).split()) if known else f"{type(error).__name__}: {error}"
