"""A plane and the state that it follows, as tests change it: by the API's own rules, without a server."""

import sys
import time
import uuid

from sfcci.chain.catalogue import COLLECTIONS
from sfcci.chain.collection import create, delete, update
from sfcci.chain.state import Asked, State
from sfcci.chain.status import shown
from sfcci.datapath import pcapng, standing
from sfcci.datapath.adoption import adopted
from sfcci.datapath.plane import Plane
from sfcci.datapath.scenario import load_scenario

ARRIVAL_S = 5
NOW = "2026-01-01T00:00:00Z"
SEND = "import socket; s = socket.socket(2, 2); s.sendto(b'x' * 100, ('10.0.0.128', 9999))"


class World:
    """A plane and the state that it follows, changed as requests change it."""

    def __init__(self, folder, name="sfc", nodes=()):
        self.folder, self.name = folder, name
        self.state = State()
        self.plane = Plane.start(folder, name, nodes=nodes)

    def asked(self):
        return Asked("p", admin=True, id=str(uuid.uuid4()), now=NOW)

    def create(self, collection, **body):
        asked = self.asked()
        self.follow(create(self.state, COLLECTIONS[collection], body, asked))
        return asked.id

    def set(self, collection, name, **body):
        self.follow(
            update(self.state, COLLECTIONS[collection], self.id(collection, name), body, self.asked())
        )

    def delete(self, collection, name):
        self.follow(delete(self.state, COLLECTIONS[collection], self.id(collection, name), self.asked()))

    def follow(self, state):
        self.state = state
        self.plane.follow(state)

    def id(self, collection, name):
        return next(r["id"] for r in self.state.of(collection).values() if name in (r["name"], r["id"]))

    def shown(self, collection, name):
        return shown(collection, self.state.of(collection)[self.id(collection, name)], self.plane.facts())

    def comes(self, status, name="PC1", collection="port_chains"):
        """Wait until a chain or port has that status, and give it as it is shown."""
        return self.until(lambda one: one["status"] == status, name, collection)

    def until(self, is_so, name="PC1", collection="port_chains"):
        end = time.monotonic() + 60
        while not is_so(one := self.shown(collection, name)):
            assert time.monotonic() < end, str({k: one.get(k) for k in ("status", "status_reason")})
            time.sleep(0.01)
        return one

    def settled(self):
        """Wait until all that was asked is done: of a chain that was changed last nothing is known before."""
        self.set("port_chains", "PC1", description=self.asked().id)
        self.comes("ACTIVE")

    def lab(self):
        return standing.one(self.folder, self.name).lab

    def run(self, host, *words, **more):
        return self.lab().run(host, words, timeout_s=60, **more).stdout

    def close(self, *, down=True):
        self.plane.close()
        there = standing.there(self.folder, self.name)
        if there and down:
            standing.down(self.folder, there)


def received(world):
    """Give how many datagrams have come to the destination, for whom nobody listens there (RFC 4113)."""
    words = [line.split() for line in world.run("dest", "cat", "/proc/net/snmp").splitlines()]
    names, values = (line[1:] for line in words if line[0] == "Udp:")
    return int(dict(zip(names, values, strict=True))["NoPorts"])


def ways(world, tmp_path, count=20):
    """Send datagrams from `count` source ports and give how many passed each port of the switch.

    They are under way for some time: it is waited until all have come, or none has for ARRIVAL_S.
    """
    path = tmp_path / "seen.pcapng"
    wanted = ["p1in", "p2in", "p3in", "dest_vm_port"]
    with world.lab().capture(path, wanted):
        program = f"{SEND}\n" * count
        before = received(world)
        world.run("source", sys.executable, "-I", "-S", "-c", program, check=True)
        end, last = time.monotonic() + ARRIVAL_S, before
        while (now := received(world)) < before + count and time.monotonic() < end:
            if now != last:
                end, last = time.monotonic() + ARRIVAL_S, now
    frames = [
        f for f in pcapng.read(path) if f.direction == "out" and f.data[23] == 17 and len(f.data) >= 142
    ]
    return {port: sum(frame.interface == port for frame in frames) for port in wanted}


def link(world, tap):
    """The number that the kernel gave to a cable: another when it was pulled and plugged."""
    return world.run("switch", "ip", "-o", "link", "show", tap).partition(":")[0]


def demonstration(folder):
    """Give a world whose state is that of the demonstration, once its chain is ACTIVE."""
    made = World(folder)
    made.follow(adopted(State(), load_scenario("demo"), "p", NOW))
    made.comes("ACTIVE")
    return made
