"""Changes that begin while earlier ones drain: the switch holds what it is told, and no packet is lost or past a function."""

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field, replace
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.chain.compiler import compiled
from sfcci.chain.model import ChainState, FlowClassifier, PortChain
from sfcci.chain.port import mac_number
from sfcci.chain.program import Program, applied, changes, doubles
from sfcci.chain.table import CLASSIFY, ORIGIN_REG, PLACE_REG, RESUMED
from sfcci.chain.transition import versions
from sfcci.chain.walk import walk
from sfcci.datapath import driver as driver_module
from sfcci.datapath.driver import Driver
from sfcci.datapath.openflow_client import Held
from sfcci.datapath.openflow_event import Paused

from ..chain.journey import journey, on_a_wire  # noqa: TID252 - tests are no package that has a name
from ..chain.test_transition import resources  # noqa: TID252
from ..chain.test_ways import HOSTS, by_hash, packet  # noqa: TID252

GROUPS, SLOTS = 3, 2
HOSTS_AT = {mac_number(port.mac): port.number for port in HOSTS.values()}
RESIDENCY_S = 0.05
LIMIT_S = 60


@st.composite
def plans(draw):
    """Resources, what is wanted one after the other and when, and when packets are sent and how long functions hold them."""
    ports, machines, pairs, groups = draw(resources(GROUPS))
    classifiers = tuple(
        FlowClassifier(f"fc{slot}", f"fc{slot}", "src", "IPv4", "tcp", destination_port_range_min=slot + 1,
                       destination_port_range_max=slot + 1, logical_destination_port="dst")
        for slot in range(SLOTS)
    )  # fmt: skip
    symmetric = draw(st.lists(st.booleans(), min_size=SLOTS, max_size=SLOTS))

    def chain(slot, number):
        name = f"pc{slot}{number}"
        order = draw(st.permutations([group.id for group in groups]))[: draw(st.integers(1, 2))]
        return PortChain(name, name, number, tuple(order), (f"fc{slot}",), symmetric=symmetric[slot])

    def wanted():
        members = st.sampled_from([("0",), ("1",), ("0", "1")])
        mine = [
            replace(group, port_pairs=tuple(f"f{group.id[1:]}{m}" for m in draw(members))) for group in groups
        ]
        numbers = draw(st.permutations(range(1, SLOTS + 2)))  # one that was freed may be another's at once
        chains = [chain(slot, numbers[slot]) for slot in range(SLOTS) if draw(st.booleans())]
        return ChainState(tuple(pairs), tuple(mine), classifiers, tuple(chains))

    states = [wanted() for _ in range(draw(st.integers(2, 5)))]
    times = st.integers(0, 400)
    asked = sorted(draw(times) / 1000 for _ in states)
    sent = st.tuples(
        times, st.integers(1, SLOTS), st.booleans(), st.lists(st.integers(0, 50), min_size=6, max_size=6)
    )
    return states, asked, draw(st.lists(sent, min_size=1, max_size=12)), ports, machines


@dataclass
class Life:
    """A packet: where it goes, what functions hold it for, what it has passed, and since when it is known whose it is."""

    receiver: object
    first: dict
    holds: list
    groups: list = field(default_factory=list)
    expected: list = field(default_factory=list)
    arrived: int = 0


class World:
    """A switch in memory with its functions, a clock, and a driver that is told what is wanted."""

    def __init__(self, ports, machines):
        self.ports, self.machines = ports, machines
        self.program, self.now, self.events_, self.waiting = Program(), 0.0, deque(), {}
        self.queue, self.count, self.lives = [], itertools.count(), []
        self.driver = Driver(lambda: self, residency_s=RESIDENCY_S)
        self.wanted = None
        self.past = []
        """What was aimed at before, as long as something of it is left."""

    # The clock that the driver has.

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.run(self.now + seconds)

    def at(self, when, what, *words):
        heapq.heappush(self.queue, (when, next(self.count), what, words))

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            self.now, _, what, words = heapq.heappop(self.queue)
            what(*words)
        self.now = max(self.now, until)

    # What a driver wants of a switch.

    has_events = property(lambda self: bool(self.events_))
    due, lag_s = None, 0.0

    def fileno(self):
        return 0

    def close(self):
        pass

    want_paused = watch = barrier = close

    def look(self, seconds=0.0):
        self.sleep(seconds)

    def held(self):
        return Held(tuple(self.program.flows), tuple(self.program.groups))

    def shown(self, program):
        return program

    def remove(self, strays):
        assert not [*strays]

    def become(self, old, new):
        assert self.program == old
        assert not [*doubles(new)]
        steps = changes(old, new)
        self.program = applied(steps, self.program)
        assert self.program == new
        return len(steps)

    def events(self):
        found = tuple(self.events_)
        self.events_.clear()
        return found

    def resume(self, packets):
        for one in packets:
            life, paused = self.waiting.pop(one.octets)
            life.expected = []
            back = {**paused, PLACE_REG: 0, ORIGIN_REG: paused[ORIGIN_REG] | RESUMED}
            self.step(life, {name: value for name, value in back.items() if name != "parked"}, CLASSIFY)
        return len(packets)

    # Packets.

    def send(self, to, back, holds):
        ends = [HOSTS[name] for name in (("dst", "src") if back else ("src", "dst"))]
        port = {"tcp_src": to, "tcp_dst": 9} if back else {"tcp_src": 9, "tcp_dst": to}
        life = Life(ends[1], packet(*ends, **port), [one / 1000 for one in holds])
        self.lives.append(life)
        self.step(life, life.first)

    def step(self, life, todo, table=0):
        now = self.order(life, self.driver.aim)
        if not life.expected:  # a chain that takes over what another has may have to wait for that
            life.expected = [now, *(self.order(life, aim) for aim in self.past)]
        elif now:  # what has begun with a chain goes on with it, or with what it has become
            life.expected.append(now)
        (sent,) = walk(self.program, todo, by_hash, table)  # nothing: it is lost
        if sent.packet.get("parked"):
            octets = str(next(self.count)).encode()
            self.waiting[octets] = life, sent.packet
            self.events_.append(Paused(octets, 0, b"", todo["in_port"], sent.packet[PLACE_REG]))
        elif sent.port in self.machines:
            life.groups.append(sent.port // 10)
            self.at(self.now + life.holds[len(life.groups) % 6], self.back, life, sent)
        else:
            # its port, or NORMAL: by the address
            assert (sent.port or HOSTS_AT[sent.packet["eth_dst"]]) == life.receiver.number
            life.arrived += 1

    def back(self, life, sent):
        given = self.machines[sent.port].gives(sent.packet, sent.port, mac_number(life.receiver.mac))
        self.step(life, {name: value for name, value in given.items() if on_a_wire(name)})

    def order(self, life, aim):
        """The groups that a packet passes by what is aimed at."""
        way_on = mac_number(life.receiver.mac)
        entered, _ = journey(aim.program, life.first, self.machines, way_on, by_hash)
        return [port // 10 for port, _ in entered]

    # What is wanted.

    def want(self, state):
        self.wanted = state

    def drive(self):
        """Do what is due, as the plane does."""
        self.driver.turn()
        if self.wanted is not None:
            aim = self.driver.aim
            first = compiled(self.wanted, self.ports, before=aim)
            new = compiled(self.wanted, self.ports, versions=versions(aim, first), before=aim)
            if self.driver.bring(new):
                self.past = [*self.past, aim] if self.driver.drains else []
                self.wanted = None
        if not self.driver.drains:
            self.past = []

    def live(self):
        """Until nothing is left to do."""
        while True:
            self.drive()
            due = self.driver.due
            times = [*(when for when, *_ in self.queue[:1]), *(() if due is None else (self.now + due,))]
            if not times:
                return
            self.run(max(min(times), self.now + 1e-6))
            assert self.now < LIMIT_S


def visits(order, passed):
    left = iter(passed)
    return all(one in left for one in order)


@given(plans())
@settings(max_examples=300)
def test_law_changes_that_overlap_neither_harm_each_other_nor_any_packet(plan):
    states, asked, sent, ports, machines = plan
    world = World(ports, machines)
    with mock.patch.object(driver_module, "time", world):
        world.want(replace(states[0], port_chains=()))
        world.drive()
        for when, state in zip(asked, states, strict=True):
            world.at(when, world.want, state)
        for when, *words in sent:
            world.at(when / 1000, world.send, *words)
        world.live()
    assert world.program == world.driver.program == world.driver.aim.program
    assert not world.waiting
    for life in world.lives:
        assert life.arrived == 1
        assert any(visits(order, life.groups) for order in life.expected), life
