"""The lab: a scenario raised for real. Hosts are network namespaces, the switch is an Open vSwitch of its own.

with raised(load_scenario("demo")) as lab:
    lab.run("source", ["curl", "http://10.0.0.128/"], timeout_s=5)
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sfcci import command
from sfcci.chain.compiler import Compiled, compiled, program
from sfcci.chain.model import ChainState
from sfcci.chain.port import SwitchPort
from sfcci.chain.program import Program
from sfcci.chain.transition import versions
from sfcci.datapath import capture as capture_module
from sfcci.datapath import ovs, plug, programs
from sfcci.datapath.driver import RESIDENCY_S, Driver
from sfcci.datapath.namespace import Keeper, Raising
from sfcci.datapath.plug import FORWARDING
from sfcci.datapath.scenario import Scenario
from sfcci.datapath.topology import SWITCH, Topology, change

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
        """Give the words that run a program on a host, or beside the switch ("switch"). Raises UsageError."""
        if host == SWITCH:  # where ovs-vsctl, ovs-ofctl and ovs-appctl find this lab's sockets without a word
            return (*self.keeper.prefix(), "env", "OVS_RUNDIR=/run/lab")
        return self.keeper.prefix(self.topology.host(host).name)

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
        return capture_module.capture(self.prefix(SWITCH), wanted, path)

    @cached_property
    def driver(self) -> Driver:
        """What brings the switch from program to program."""
        holds = (host.function.hold_ms for host in self.topology.hosts if host.function)
        residency_s = RESIDENCY_S + max(holds, default=0.0) / 1000
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
        """Give the switch's flows, sorted, without counters."""
        return ovs.dump(self.keeper, "flows")

    def groups(self) -> str:
        """Give the switch's groups, sorted."""
        return ovs.dump(self.keeper, "groups")

    def trace(self, flow: str) -> str:
        """Give what the switch would do with a packet (ovs-appctl ofproto/trace)."""
        return ovs.trace(self.keeper, flow)

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
        switch = pool.submit(ovs.start, keeper, datapath)
        plug.furnish(keeper, change(Topology(), scenario.topology))
        working = pool.submit(programs.start, keeper, scenario.topology, scenario.topology.hosts)
        switch.result()
        ovs.add_bridge(keeper, datapath, scenario.topology.ports)
        lab.apply(first)
        working.result()
    return lab


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
