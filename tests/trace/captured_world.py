"""Namespaces with a cable each, and frames to send over it: what tests of live captures stand on."""

import struct

from sfcci.datapath.namespace import Raising

SOURCE, DESTINATION = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


class World:
    """A bare lab: namespace "a" and "b", each with eth0 whose other end is tapa, tapb beside the switch."""

    def __init__(self):
        self.raising = Raising()
        self.keeper = self.raising.keeper
        for name in "ab":
            self.ip(f"netns add {name}", *self.cable(name))

    def cable(self, name):
        """Give the lines that lay a cable into a namespace."""
        up = f"link add tap{name} type veth peer name eth0 netns {name}"
        return up, f"link set tap{name} up", f"netns exec {name} ip link set eth0 up"

    def ip(self, *lines):
        """Do what `ip` does with these lines."""
        for line in lines:
            self.keeper.run(["ip", *line.split()])


def frame(number=0, *, vlan=None, length=100, port=80):
    """Give a UDP datagram whose identification is the number."""
    tag = struct.pack("!HH", 0x8100, vlan) if vlan else b""
    payload = bytes(length - 42 - len(tag))
    udp = struct.pack("!HHHH", 1000, port, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0) + bytes(
        (10, 0, 0, 1, 10, 0, 0, 2)
    )
    return DESTINATION + SOURCE + tag + b"\x08\x00" + ip + udp


def number_of(seen):
    """Give the number of a frame that was made by `frame`."""
    at = 22 if seen[12:14] == b"\x81\x00" else 18
    return struct.unpack_from("!H", seen, at)[0]


class Cable:
    """Sends frames from beside the switch, over the tap of a namespace."""

    def __init__(self, opener, interface, netns=""):
        self.sock = opener.packet_socket(netns)
        self.sock.bind((interface, 0))

    def send(self, *frames):
        for one in frames:
            self.sock.send(one)

    def close(self):
        self.sock.close()


def all_of(live):
    """Give how the wishes of a capture stand, their names left away."""
    return list(live.states().values())
