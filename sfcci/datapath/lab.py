"""The lab: a scenario raised for real. Hosts are network namespaces, the switch is an Open vSwitch of its own.

with raised(load_scenario("demo")) as lab:
    lab.run("source", ["curl", "http://10.0.0.128/"], timeout_s=5)
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfcci import command
from sfcci.chain.compiler import Compiled, compiled, program
from sfcci.chain.model import ChainState
from sfcci.chain.node import Places
from sfcci.chain.port import SwitchPort
from sfcci.chain.program import Program, program_of
from sfcci.chain.transition import versions
from sfcci.datapath import capture as capture_module
from sfcci.datapath import ovs, plug, programs, underlay
from sfcci.datapath.driver import RESIDENCY_S, Driver
from sfcci.datapath.namespace import Keeper, Raising
from sfcci.datapath.openflow_client import Switch
from sfcci.datapath.plug import FORWARDING
from sfcci.datapath.scenario import Scenario
from sfcci.datapath.topology import SWITCH, Topology, change, unknown
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.datapath.fabric import Fabric, Reach

Say = Callable[[str], None]
PROGRAMS = (
    "unshare",
    "nsenter",
    "ip",
    "ovsdb-tool",
    "ovsdb-server",
    "ovs-vsctl",
    "ovs-vswitchd",
    "ovs-ofctl",
)


def _silent(_text: str) -> None:
    """Say nothing."""


@dataclass
class Lab:
    """A lab that runs. `datapath` is "netdev" or "dummy"."""

    scenario: Scenario
    keeper: Keeper
    datapath: str
    silent: set[str] = field(default_factory=set)
    """Ids of ports whose hosts are known to be dead."""

    @property
    def topology(self) -> Topology:
        """Hosts and ports."""
        return self.scenario.topology

    @property
    def ports(self) -> dict[str, SwitchPort]:
        """Ports as the compiler wants them, by id."""
        ports = switch_ports(self.topology)
        return ports | {id_: replace(ports[id_], up=False) for id_ in self.silent}

    def prefix(self, host: str) -> tuple[str, ...]:
        """Give the words that run a program on a host, or beside the switch ("switch", or a node). Raises UsageError."""
        if host == SWITCH and self.nodes:
            raise UsageError(
                f"lab {self.scenario.name} has a switch on each of its nodes: {', '.join(self.nodes)}"
            )
        if (
            host == SWITCH or host in self.nodes
        ):  # where ovs-vsctl, ovs-ofctl and ovs-appctl need no socket's name
            there = self.keeper.at(host if self.nodes else "")
            return (*there.prefix(), "env", f"OVS_RUNDIR={ovs.folder(there)}")
        names = [*(one.name for one in self.topology.hosts), *self.nodes]
        if host not in names:
            raise UsageError(unknown("host or node" if self.nodes else "host", host, names, names))
        return self.keeper.prefix(host)

    def run(
        self,
        host: str,
        argv: Sequence[str | Path],
        *,
        timeout_s: float,
        check: bool = False,
        stdin: str | None = None,
    ) -> command.Completed:
        """Run a program on a host to its end. Raises UsageError, MissingTool, ToolError (out of time; `check`)."""
        return command.run([*self.prefix(host), *argv], timeout_s=timeout_s, check=check, stdin=stdin)

    def start(
        self, host: str, argv: Sequence[str | Path], **streams: Any
    ) -> contextlib.AbstractContextManager[command.Process]:
        """Give a program that runs on a host until its block ends; `streams` as for `command.start`."""
        return command.start([*self.prefix(host), *argv], **streams)

    def capture(
        self, path: Path, ports: Iterable[str] | None = None
    ) -> contextlib.AbstractContextManager[Path]:
        """Write what passes the ports (all, or names, ids, taps) to `path` (pcapng) while the block runs.

        No frame is missed from the block's first line to its last. Raises UsageError, ToolError, MissingTool.
        """
        wanted = self.topology.ports if ports is None else tuple(self.topology.port(word) for word in ports)
        return capture_module.capture(self.keeper.prefix(), wanted, path)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of its nodes; none where it has one switch."""
        return self.topology.nodes

    def switches(self) -> dict[str, Callable[[], Switch]]:
        """Give what connects to each node's switch, by the node's name; "" for the only switch of a lab without nodes.

        What it gives raises Unreachable.
        """
        return {node: partial(ovs.switch, self.keeper.at(node)) for node in self.nodes or ("",)}

    def reaches(self) -> "dict[str, Reach]":
        """Give how each node's switch is reached."""
        from sfcci.datapath.fabric import Reach

        return {
            node: Reach(connect, partial(ovs.settle, self.keeper.at(node)))
            for node, connect in self.switches().items()
        }

    @cached_property
    def fabric(self) -> "Fabric":
        """Its nodes' switches as one."""
        from sfcci.datapath.fabric import Fabric

        return Fabric(self.reaches(), self.places())

    def places(self) -> Places:
        """Give its nodes and where each port is; of a lab without nodes, none."""
        return underlay.places(self.topology)

    def settle(self) -> None:
        """Have every datapath forget what it decided by old flows. Raises ToolError."""
        for node in self.nodes or ("",):
            ovs.settle(self.keeper.at(node))

    @property
    def held_s(self) -> float:
        """How long its functions hold a packet that passes them all."""
        return sum(self._holds_ms) / 1000

    @property
    def _holds_ms(self) -> list[float]:
        return [host.function.hold_ms for host in self.topology.hosts if host.function]

    @cached_property
    def driver(self) -> Driver:
        """What brings the switch from program to program."""
        residency_s = RESIDENCY_S + max(self._holds_ms, default=0.0) / 1000
        if self.nodes:  # the fabric has each node that it changes settle
            return Driver(self.fabric.connected, residency_s=residency_s)
        return Driver(partial(ovs.switch, self.keeper), partial(ovs.settle, self.keeper), residency_s)

    @property
    def installed(self) -> Program:
        """What the switch holds since this lab's last change."""
        return self.driver.program

    def apply(self, wanted: ChainState | Compiled) -> int:
        """Bring the switch to the state; give the number of changes, 0 when it is there.

        No packet is lost meanwhile, and none misses a function; when this returns all packets have gone the old way
        or go the new one. Raises InputError, Refused (and nothing is changed), Unreachable.
        """
        new = self.compiled(wanted) if isinstance(wanted, ChainState) else wanted
        try:
            return self.driver.reach(new)
        finally:
            self.driver.close()

    def remember(self) -> None:
        """Leave what the switches hold with the keeper, for those that it starts again. Raises MissingTool, DiskFull.

        For labs that nobody serves.
        """
        for node, held in self.on_nodes(self.installed).items():
            ovs.remember(self.keeper.at(node), held)

    def forget(self) -> None:
        """Leave nothing with the keeper: a switch that is started again waits, closed, for who follows it."""
        for node in self.nodes or ("",):
            ovs.forget(self.keeper.at(node))

    def on_nodes(self, program: Program) -> Mapping[str, Program]:
        """Give what of a program each node's switch holds; that of a lab without nodes all of it, under ""."""
        from sfcci.chain.nodes import on_nodes

        return on_nodes(program, self.places()) if self.nodes else {"": program}

    def held(self) -> Program:
        """Give what the switches hold, as one switch would hold it. Raises Unreachable."""
        from sfcci.chain.nodes_joined import joined

        there = {node: held_by(connect) for node, connect in self.switches().items()}
        return joined(there, self.places()) if self.nodes else there[""]

    def compiled(self, state: ChainState) -> Compiled:
        """Give the program of a state, each chain in the version that a change from the present one asks for.

        Raises InputError, Unreachable.
        """
        program(state, self.ports)
        before, held = self.driver.aim, self.driver.versions
        there = {chain.id: held.get(chain.chain_id, 0) for chain in state.port_chains}
        first = compiled(state, self.ports, versions=there, before=before)
        if not before.ways:
            return first
        return compiled(state, self.ports, versions=versions(before, first), before=first)

    def flows(self) -> str:
        """Give the switch's flows, sorted, without counters; those of nodes one node after the other."""
        return self._dumped("flows")

    def groups(self) -> str:
        """Give the switch's groups, as `flows` does."""
        return self._dumped("groups")

    def _dumped(self, what: str) -> str:
        if not self.nodes:
            return ovs.dump(self.keeper, what)
        return "".join(f"{node}:\n{ovs.dump(self.keeper.at(node), what)}" for node in self.nodes)

    def trace(self, flow: str, node: str = "") -> str:
        """Give what the switch, or a node's, would do with a packet (ovs-appctl ofproto/trace)."""
        return ovs.trace(self.keeper.at(node), flow)

    def set_forwarding(self, host: str, forwards: bool) -> None:
        """Have a host route packets, or drop every packet that is not for itself."""
        word = "1" if forwards else "0"
        settings = [f"/proc/sys/{setting}" for setting in FORWARDING]
        self.run(host, ["tee", *settings], stdin=word, timeout_s=10, check=True)


@contextlib.contextmanager
def raised(scenario: Scenario, say: Say = _silent) -> Iterator[Lab]:
    """Give the scenario's lab, chains applied and services up, for the block. It dies with the tool, kill -9 too.

    Raises MissingTool (no Open vSwitch, no namespaces), ToolError.
    """
    require()
    raising = Raising()
    try:
        yield build(raising.keeper, scenario, say)
    finally:
        raising.end()


def require() -> None:
    """Find every program that a lab is made with. Raises MissingTool."""
    for name in PROGRAMS:
        command.find(name)


def build(keeper: Keeper, scenario: Scenario, say: Say = _silent) -> Lab:
    """Furnish an empty lab: hosts, switch, chains, services."""
    datapath = ovs.kind(keeper)
    say(f"raising {scenario.name}: {len(scenario.topology.hosts)} hosts, Open vSwitch datapath {datapath}")
    lab = Lab(scenario, keeper, datapath)
    program(scenario.chains, lab.ports)
    first = compiled(scenario.chains, lab.ports)
    with ThreadPoolExecutor(2) as pool:
        switches = _switches(pool, lab)
        plug.furnish(keeper, change(Topology(), scenario.topology))
        working = pool.submit(programs.start, keeper, scenario.topology, scenario.topology.hosts)
        for switch in switches:
            switch.result()
        _bridges(pool, lab)
        lab.apply(first)
        working.result()
    return lab


def held_by(connect: Callable[[], Switch]) -> Program:
    """Give what a switch holds. Raises Unreachable."""
    with connect() as switch:
        there = switch.held()
    return program_of(there.flows, there.groups)


def _switches(pool: Executor, lab: Lab) -> list[Future[None]]:
    """Have the daemons of all switches begin."""
    if lab.nodes:
        underlay.make(lab.keeper, lab.topology)
    return [pool.submit(ovs.start, lab.keeper.at(node), lab.datapath) for node in lab.nodes or ("",)]


def _bridges(pool: Executor, lab: Lab) -> None:
    """Give every switch its ports."""
    if not lab.nodes:
        ovs.add_bridge(lab.keeper, lab.datapath, lab.topology.ports)
    for _ in pool.map(lambda node: underlay.join(lab.keeper.at(node), lab.topology, lab.datapath), lab.nodes):
        pass


def switch_ports(topology: Topology) -> dict[str, SwitchPort]:
    """Give the ports as the compiler wants them, by id; a host's addresses belong to all its ports."""
    own = {port.id: tuple(address.partition("/")[0] for address in port.addresses) for port in topology.ports}
    addresses: dict[str, tuple[str, ...]] = {}
    for port in topology.ports:
        addresses[port.host] = addresses.get(port.host, ()) + own[port.id]
    return {
        port.id: SwitchPort(
            port.number, port.mac, addresses[port.host], max(port.network, 0), own[port.id], port.up
        )
        for port in topology.ports
    }
