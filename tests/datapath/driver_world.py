"""A driver at a real switch whose functions are the test itself: it holds packets and gives them back when it likes."""

import struct

from openflow_switch import wait

from sfcci.chain.compiler import compiled
from sfcci.chain.model import ChainState, FlowClassifier, PortChain, PortPair, PortPairGroup
from sfcci.chain.port import SwitchPort
from sfcci.chain.transition import versions
from sfcci.datapath import openflow_client as client
from sfcci.datapath.driver import Driver

NUMBERS = {"src": 1, "dst": 2} | {
    f"{name}{side}": 10 * at + n for at, name in enumerate("abcd", 1) for n, side in ((1, "in"), (2, "out"))
}


def port(name):
    number = NUMBERS[name]
    own = (f"10.0.0.{number}",) if number < 10 else ()
    return SwitchPort(number, f"02:00:00:00:00:{number:02x}", own, own=own)


PORTS = {name: port(name) for name in NUMBERS}
PAIRS = tuple(PortPair(name.upper(), name.upper(), f"{name}in", f"{name}out") for name in "abcd")
GROUPS = (
    PortPairGroup("ga", "ga", 1, ("A",)),
    PortPairGroup("gb", "gb", 2, ("B",)),
    PortPairGroup("gab", "gab", 3, ("A", "B")),
    PortPairGroup("gc", "gc", 4, ("C",)),
    PortPairGroup("gd", "gd", 5, ("D",)),
)
CLASSIFIERS = (
    FlowClassifier("inner", "inner", "aout", "IPv4", "udp"),
    FlowClassifier(
        "fc", "fc", "src", "IPv4", "udp", destination_port_range_min=2000, destination_port_range_max=2000
    ),
    FlowClassifier(
        "back", "back", "dst", "IPv4", "udp", destination_port_range_min=2001, destination_port_range_max=2001
    ),
)


def state(*chains, graphs=()):
    """Chains with all that they may use; no chain: nothing at all."""
    return ChainState(PAIRS, GROUPS, CLASSIFIERS, chains, graphs) if chains else ChainState()


def chain(*groups, number=1, name="pc", classifier="fc"):
    return PortChain(name, name, number, groups, (classifier,))


def program(driver, *chains, graphs=()):
    """What `chains` ask for, each in the version that a change from the present one asks for."""
    wanted = state(*chains, graphs=graphs)
    held = {one.id: driver.versions.get(one.chain_id, 0) for one in chains}
    first = compiled(wanted, PORTS, versions=held, before=driver.aim)
    asked = versions(driver.aim, first) if driver.aim.ways else held
    return compiled(wanted, PORTS, versions=asked, before=first)


def datagram(number, to=2000):
    """A frame from src to dst, to that port; its number is told by `number_of`."""
    payload = struct.pack("!I", number) + bytes(20)
    udp = struct.pack("!HHHH", 1000, to, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 10, 0, 0, 1, 10, 0, 0, 2)
    addresses = bytes.fromhex("020000000002" + "020000000001" + "0800")
    return addresses + head + udp


def number_of(frame):
    return struct.unpack_from("!I", frame, 42)[0]


class Bridge:
    """The switch with its ports; `arrived` waits for frames at a port."""

    def __init__(self, switch):
        self.switch = switch
        for name, number in NUMBERS.items():
            switch.add_port(name, number)
        self.seen = dict.fromkeys(NUMBERS, 0)

    def driver(self, residency_s=0.0):
        return Driver(lambda: client.connect(self.switch.address), self.settle, residency_s)

    def settle(self):
        self.switch.control("revalidator/purge")

    def send(self, name, frame):
        self.switch.receive(name, frame)

    def new(self, name):
        """Frames that have gone out of a port since the last time."""
        frames = self.switch.sent(name)
        found, self.seen[name] = frames[self.seen[name] :], len(frames)
        return found

    def arrived(self, name, count=1):
        """Wait for so many frames out of a port."""
        found = []

        def there():
            found.extend(self.new(name))
            return len(found) >= count

        wait(there)
        assert len(found) == count
        return found

    def ofctl(self, *words):
        return self.switch.run("ovs-ofctl", "-O", "OpenFlow15", words[0], self.switch.address, *words[1:])
