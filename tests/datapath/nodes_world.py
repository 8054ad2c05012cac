"""Three nodes, each with a real switch of its own, whose ports are the driver's world's: functions of one chain lie apart."""

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

import driver_world
from openflow_switch import Switch, wait

from sfcci.chain.node import Node, PlacedPort, Places
from sfcci.chain.nodes import on_nodes
from sfcci.chain.program import Program, program_of
from sfcci.datapath import openflow_client as client
from sfcci.datapath.driver import Driver
from sfcci.datapath.fabric import Fabric
from sfcci.datapath.node_link import Reach

AT = {"src": "node1", "ain": "node1", "aout": "node1", "bin": "node2", "bout": "node2"} | dict.fromkeys(
    ("dst", "cin", "cout", "din", "dout"), "node3"
)
"""Port → its node."""
NAMES = ("node1", "node2", "node3")
TUNNEL = 900
PATIENCE_S = 30.0
"""For machines without time: a node that is frozen in a test is waited for with less."""


def places(names=NAMES):
    nodes = {name: Node(name, f"192.0.2.{int(name[-1])}", TUNNEL) for name in names}
    ports = {driver_world.port(name).number: _placed(name) for name in AT}
    return Places(nodes, {number: port for number, port in ports.items() if port.node in names})


def _placed(name):
    return PlacedPort(AT[name], int(driver_world.port(name).mac.replace(":", ""), 16))


class Nodes:
    """The switches by name."""

    def __init__(self, switches):
        self.switches = switches
        for name, number in driver_world.NUMBERS.items():
            switches[AT[name]].add_port(name, number)
        for switch in switches.values():
            switch.add_port("tun", TUNNEL)

    def reaches(self, **others):
        return {
            name: others.get(name)
            or Reach(
                lambda switch=switch: client.connect(switch.address),
                lambda switch=switch: switch.control("revalidator/purge"),
            )
            for name, switch in self.switches.items()
        }

    def fabric(self, patience_s=PATIENCE_S, **others):
        return Fabric(self.reaches(**others), places(), patience_s)

    def dump(self):
        """What every node holds, ours and others'."""
        return {name: self._everything(name) for name in self.switches}

    def _everything(self, name):
        with client.connect(self.switches[name].address) as connection:
            held = connection.held(0, 0)
        return {*map(str, held.flows), *map(str, held.groups), *held.unread}

    def holds(self, driver):
        """Whether every node has what it is to have of the driver's program, and nothing else."""
        wanted = on_nodes(driver.program, places())
        return all(self._held(name) == wanted[name] for name in self.switches)

    def _held(self, name):
        with client.connect(self.switches[name].address) as switch:
            held = switch.held()
        assert not held.unread
        return program_of(held.flows, held.groups)

    def send(self, name, count):
        """Send numbered datagrams from a port."""
        for number in range(count):
            self.switches[AT[name]].receive(name, driver_world.datagram(number))

    def new(self, node, name):
        """Frames that have gone out of a port of a node since everything was cleared."""
        return self.switches[node].sent(name)[self.seen.get(node, 0) :]

    def clear(self):
        self.seen = {name: len(switch.sent("tun")) for name, switch in self.switches.items()}
        for switch in self.switches.values():
            with client.connect(switch.address) as connection:
                held = connection.held(0, 0)  # of whoever it is
                connection.become(program_of(held.flows, held.groups), Program())
                connection.remove(held.strays)


def driver(fabric, residency_s=0.0):
    return Driver(fabric.connected, residency_s=residency_s)


def turned_until(made, happened):
    """Have a driver do what is due until that is so."""

    def so():
        made.turn()
        return happened()

    wait(so)


@contextlib.contextmanager
def three_nodes():
    with contextlib.ExitStack() as stack:
        switches = {}
        for name in NAMES:
            folder = Path(tempfile.mkdtemp(prefix="of", dir="/tmp"))
            stack.callback(shutil.rmtree, folder)
            switches[name] = Switch(folder)
            stack.callback(switches[name].stop)
            switches[name].start()
        yield Nodes(switches)


@contextlib.contextmanager
def frozen(switch):
    """A switch that says nothing, and is there."""
    daemon = switch.daemons[-1].pid
    os.kill(daemon, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon, signal.SIGCONT)
