"""The lab that a plane works at: found or raised, plugged, its switch brought to each state, and put right.

A lab that its user ended is left; one that was killed, and a daemon of its switch that was, is found or raised again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from sfcci.chain.encapsulation import VXLAN
from sfcci.chain.plan import Plan, plan
from sfcci.chain.state import Resource, State
from sfcci.chain.status import ACTIVE, DOWN, ERROR, ChainStatus, Facts
from sfcci.datapath import ovs, plug, standing, underlay
from sfcci.datapath.driver import RESIDENCY_S, Driver
from sfcci.datapath.fabric import Fabric
from sfcci.datapath.lab import Lab, Say
from sfcci.datapath.lab_watch import LabWatch
from sfcci.datapath.live_ports import LivePorts
from sfcci.datapath.namespace import Keeper
from sfcci.datapath.node_link import GRACE_S
from sfcci.datapath.planned import PlannedDriver
from sfcci.datapath.topology import Change, Port, Topology, change
from sfcci.datapath.wanted import READ, last_number, wanted
from sfcci.datapath.watch import Lost
from sfcci.errors import ToolError, UsageError

NO_TOPOLOGY: Final = Topology()
SETTLE_S = 2.0
SETTING_UP: Final = "it is being set up"


class Bench:
    """The lab that a plane works at: found or raised, and known as it is. One thread's."""

    def __init__(
        self,
        folder: Path,
        name: str,
        say: Say,
        residency_s: float = RESIDENCY_S,
        nodes: Sequence[str] = (),
        encapsulation: str = VXLAN,
    ) -> None:
        """`nodes`: those that the lab gets when it is raised; none: one switch."""
        self._folder, self._name, self._say, self._residency_s = folder, name, say, residency_s
        self._nodes, self._encapsulation = nodes, encapsulation
        self._fabric: Fabric | None = None
        self._there: standing.StandingLab | None = None
        self._watch: LabWatch | None = None
        self._last = 0
        self._fresh = self._whole = False
        """Whether routes were set once; whether what is written down is what is plugged."""
        self._gone = ""
        self._lost = False
        """Whether there was a lab, and it is not known whether there still is."""
        self._bad: dict[str, Resource] = {}
        self._ports = LivePorts()
        self._asked: tuple[State, Topology, int, Topology] | None = None
        self._planned: PlannedDriver | None = None

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
        own = self._planned.driver.handles() if self._planned else ()
        return (*self._watch.handles(), *own) if self._watch else ()

    @property
    def due(self) -> float | None:
        """Seconds until `bring` has something to do, whatever happens; None: nothing."""
        return self._planned.driver.due if self._planned else None

    def left(self) -> str:
        """Leave the lab after a failure; say so where its user ended it, "" where it lives or is raised again.

        One where nothing was being plugged is still known: only its daemons are to be found again.
        """
        alive = self._there is not None and self._there.lab.keeper.alive()
        self._lost = self._lost or self._there is not None
        if self._there and not alive and standing.was_ended(self._folder, self._name):
            self._gone = self._end
        if not alive or not self._whole:
            self.leave()
        elif self._watch and self._watch.lost:
            self._watch.close()
            self._watch = None
        return self._gone

    def trouble(self, state: State, reason: str) -> Facts:
        """Give the facts where no lab works."""
        return trouble(state, reason)

    @property
    def _end(self) -> str:
        return f"the lab has ended; the next change raises lab {self._name} again"

    def leave(self) -> None:
        """Forget what is known of the lab: the next time it is looked at anew."""
        if self._watch:
            self._watch.close()
        if self._planned:
            self._planned.driver.close()
        if self._fabric:
            self._fabric.close()
        self._watch = self._there = self._planned = self._fabric = None
        self._whole = False

    def bring(self, state: State, *, new: bool, again: bool) -> Facts:
        """Bring the lab to the state, which is `new` or tried `again`, and give the facts. Raises SfcciError."""
        self._look()
        if self._there is None and not ((new or again) and self._attach(state, new=new)):
            return trouble(state, self._gone) if self._gone else _facts(plan(state, {}), {})
        assert self._there is not None  # noqa: S101 - attached
        assert self._planned is not None  # noqa: S101 - attached
        if self._watch is None:
            self._watch = LabWatch(self._there.lab.keeper, self._there.lab.nodes)
            self._watch.expect(self._there.lab.topology.ports)
            self._watch.wait_for_bridge(SETTLE_S)
        shall = self._pluggable(state, self._there.lab.topology, self._last)
        with_old = self._lingering(shall, state)
        topology = self._plug(with_old, state)
        self._look()
        if self._there is None:
            return trouble(state, self._gone)
        self._mend(topology)
        self._whole = True
        gone = self._fabric.gone(GRACE_S) if self._fabric else ()
        links = {
            port.id: bool(self._watch.links.get(port.tap)) and port.node not in gone
            for port in topology.ports
        }
        ports = self._ports.of(topology, links)
        if self._fabric:
            self._fabric.place(underlay.places(topology))
        made = self._planned.bring(state, ports)
        self._note(state)
        self._fresh = True
        if with_old is not shall and self._left_alone(state):
            return self.bring(state, new=False, again=False)
        return _facts(made, {id_: ACTIVE if up else DOWN for id_, up in links.items()})

    def _look(self) -> None:
        """Take in what has happened in the lab; one that its user ended is left. Raises Lost."""
        while self._watch and self._watch.look():
            pass
        if not self._watch or not self._watch.lost:
            return
        lost = self._watch.lost
        if not self._watch.ended:
            raise Lost(f"{lost} and is started again; if it stays so: sfcci lab down --name {self._name}")
        if not standing.was_ended(self._folder, self._name):
            raise Lost(f"{lost}: its keeper was killed; it is raised again")
        self._gone = self._end
        self.leave()

    def _mend(self, topology: Topology) -> None:
        """Put right what somebody changed of the switch by hand. Raises ToolError, Lost."""
        assert self._there is not None  # noqa: S101 - attached
        assert self._watch is not None  # noqa: S101 - attached
        if not self._watch.take_changed():
            return
        if gone := self._watch.without_device(topology.ports):
            self._whole = False
            raise Lost(f"the cable of port {gone[0].name} is gone and is plugged again")
        lab = self._there.lab
        for node, awry in self._watch.awry(topology).items():
            at = f"switch of {node}" if node else "switch"
            self._say(f"put right in the {at}: {', '.join(port.tap for port in awry) or ovs.BRIDGE}")
            if node:  # no database keeps all of what joins it to the others
                underlay.join(lab.keeper.at(node), topology, lab.datapath)
            else:
                ovs.add_bridge(lab.keeper, lab.datapath, awry)
            self._watch.settle([port for port in awry if port.up], SETTLE_S)

    def _attach(self, state: State, *, new: bool) -> bool:
        """Find the lab, or raise it when a port wants it; say whether there is one. What it holds is looked at."""
        there = standing.there(self._folder, self._name)
        self.leave()
        self._gone = ""
        if there is None:
            if self._lost and not new and standing.was_ended(self._folder, self._name):
                self._gone, self._lost = self._end, False
                return False
            if not wanted(state, Topology(), 0).ports:
                return False
            there = standing.up_empty(self._folder, self._name, self._say, self._nodes, self._encapsulation)
            self._last = 0
        if self.scenario_lab(state):
            raise UsageError(self.foreign(there))
        if self._nodes and there.lab.nodes != tuple(self._nodes):
            named = ", ".join(there.lab.nodes) or "one switch"
            self._say(
                f"lab {there.name} is up with {named}; it gets other nodes when it is ended and raised again"
            )
        self._watch = LabWatch(there.lab.keeper, there.lab.nodes)
        there.lab.forget()
        plugged = plug.plugged(there.lab.keeper, there.lab.nodes)
        known = _numbered(there.lab.topology, plugged)
        self._bad = {}
        shall = wanted(state, known, max((port.number for port in known.ports), default=0))
        kept, plugs, hosts = plug.found(shall, plugged, known)
        plug.pull(there.lab.keeper, plugs, hosts)
        self._there = replace(
            there, lab=replace(there.lab, scenario=replace(there.lab.scenario, topology=kept))
        )
        self._drive(there.lab)
        self._fresh = self._lost = False
        return True

    def _drive(self, lab: Lab) -> None:
        """Begin to drive the lab's switch, or its nodes'."""
        if lab.nodes:
            self._fabric = Fabric(lab.reaches(), lab.places())
            driver = Driver(self._fabric.connected, residency_s=self._residency_s)
        else:
            keeper = lab.keeper
            driver = Driver(partial(ovs.switch, keeper), partial(ovs.settle, keeper), self._residency_s)
        self._planned = PlannedDriver(driver)

    def _pluggable(self, state: State, known: Topology, last: int) -> Topology:
        """What the state wants, without ports that could not be plugged and have not changed since."""
        topology = self._wanted(state, known, last)
        self._bad = {id_: port for id_, port in self._bad.items() if state.get("ports", id_) is port}
        if not self._bad:
            return topology
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

    def _lingering(self, shall: Topology, state: State) -> Topology:
        """What is to be plugged, with ports that are to go as long as the switch leads packets to them or they hold some.

        At once goes a port whose place on its host another takes.
        """
        assert self._there is not None  # noqa: S101 - attached
        assert self._planned is not None  # noqa: S101 - attached
        driver = self._planned.driver
        now, ids = self._there.lab.topology, {port.id for port in shall.ports}
        taken = {(port.host, port.name) for port in shall.ports}
        gone = [port for port in now.ports if port.id not in ids and (port.host, port.name) not in taken]
        if not gone or not (driver.aim.ways or driver.drains) or self._left_alone(state):
            return shall
        names = {port.host for port in gone} - {host.name for host in shall.hosts}
        hosts = [host for host in now.hosts if host.name in names]
        return replace(shall, hosts=(*shall.hosts, *hosts), ports=(*shall.ports, *gone))

    def _left_alone(self, state: State) -> bool:
        """Whether the switch carries the state out, and nothing of what was before is on its way."""
        made = self._planned
        return made is not None and made.carried is state and not made.driver.drains

    def _plug(self, topology: Topology, state: State) -> Topology:
        """Pull and plug what differs, write down what is plugged, and give it."""
        assert self._there is not None  # noqa: S101 - attached
        assert self._watch is not None  # noqa: S101 - attached
        step = change(self._there.lab.topology, topology)
        self._whole = self._whole and step == Change()
        if not self._fresh:
            step = replace(step, route={host.name: topology.routes(host.name) for host in topology.hosts})
        if topology.nodes and (step.plug or step.switch or not self._fresh):
            underlay.widen(self._there.lab.keeper, topology)
        try:
            plug.carry_out(self._there.lab.keeper, step)
        except ToolError:
            topology = self._one_by_one(self._there.lab.keeper, topology, state)
        self._last = last_number(topology, self._last)
        self._watch.settle([port for port in step.plug if port.up and port in topology.ports], SETTLE_S)
        if not self._there.served or self._there.lab.topology != topology:
            self._there = standing.keep(self._folder, self._there, topology, self._there.chains)
        return topology

    def _note(self, state: State) -> None:
        """Write down which chains there are: for who asks for labs, so no packet has to wait for the disk."""
        assert self._there is not None  # noqa: S101 - attached
        names = [str(chain["name"]) for chain in state.of("port_chains").values()]
        if list(self._there.chains) != names:
            self._there = standing.keep(self._folder, self._there, self._there.lab.topology, names)

    def _one_by_one(self, keeper: Keeper, shall: Topology, state: State) -> Topology:
        """Plug port after port where all at once failed: one that cannot be plugged hinders no other.

        Raises ToolError where it is the lab that fails.
        """
        assert self._there is not None  # noqa: S101 - attached
        now, plugs, hosts = plug.found(shall, plug.plugged(keeper, shall.nodes), self._there.lab.topology)
        plug.pull(keeper, plugs, hosts)
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
                plug.pull(keeper, [port.plug], [])
                self._bad[port.id] = state.of("ports")[port.id]
                self._say(f"port {port.name} of {port.host} cannot be plugged: {error}")
        final = _only(shall, [port for port in shall.ports if port.id in whole])
        plug.carry_out(keeper, change(now, final))
        return final


def _only(topology: Topology, ports: Sequence[Port], besides: Topology = NO_TOPOLOGY) -> Topology:
    """The topology with these ports alone, and their hosts; hosts of `besides` stay."""
    names = {port.host for port in ports} | {host.name for host in besides.hosts}
    hosts = tuple(host for host in topology.hosts if host.name in names)
    return replace(topology, hosts=hosts, ports=tuple(ports))


def _numbered(known: Topology, there: plug.Plugged) -> Topology:
    """The record's topology with the numbers that the switch gives: a record may be one step behind."""
    ports = [replace(p, number=there.ports[p.plug][0]) for p in known.ports if p.plug in there.ports]
    return replace(known, ports=tuple(ports))


def _facts(made: Plan, ports: Mapping[str, str]) -> Facts:
    return Facts(ports, made.chains, SETTING_UP)


def trouble(state: State, reason: str) -> Facts:
    """The facts where no lab works: nothing is up, and every chain says why."""
    return Facts({}, {id_: ChainStatus(ERROR, reason) for id_ in state.of("port_chains")}, SETTING_UP)
