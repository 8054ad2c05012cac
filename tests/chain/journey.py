"""A packet's journey: through the program, into functions, out of them again, until it has left; all on values."""

from dataclasses import dataclass

from sfcci.chain.field import REGISTERS
from sfcci.chain.table import MPLS, NSH
from sfcci.chain.walk import walk

FRAME = ("in_port", "eth_type", "eth_src", "eth_dst", "nw_proto", "ip_frag", "icmpv6_type")
INNER = (*FRAME, *(f"{layer}_{end}" for layer in ("ip", "ipv6", "tcp", "udp") for end in ("src", "dst")))


@dataclass(frozen=True)
class Machine:
    """What hangs on two ports, or on one: a router, a wire, or one that knows labels or headers; or a tap."""

    kind: str
    ports: tuple[int, ...]
    macs: tuple[int, ...]

    def gives(self, packet, entered, way_on):
        """Give the packet that comes back for one that went in, by the other port; None from a tap."""
        if self.kind == "tap":
            return None
        out = self.ports[-1] if entered == self.ports[0] else self.ports[0]
        mac = self.macs[self.ports.index(out)]
        back = dict(packet) | {"in_port": out}
        if self.kind == "router":
            assert packet["eth_dst"] == self.macs[self.ports.index(entered)]
            return back | {"eth_src": mac, "eth_dst": way_on}
        if self.kind == "mpls":
            assert (packet["eth_type"], packet["mpls_ttl"]) == (MPLS, packet["mpls_label"] & 255)
            return back | {"mpls_label": packet["mpls_label"] - 1}
        if self.kind == "nsh":
            assert packet["eth_type"] == NSH
            return back | {"nsh_si": packet["nsh_si"] - 1}
        return back


def journey(program, packet, machine_of, way_on, choose):
    """Give the ports that a packet enters, in order, and every place where it, or a copy, ends: (port or None, packet)."""
    entered, ends, todo = [], [], [dict(packet)]
    for _ in range(200):
        if not todo:
            return entered, ends
        for sent in walk(program, todo.pop(), choose):
            machine = machine_of.get(sent.port)
            if machine is None:
                ends.append((sent.port, sent.packet))
                continue
            entered.append((sent.port, sent.packet))
            back = machine.gives(sent.packet, sent.port, way_on)
            if back is not None:
                todo.append({name: back[name] for name in back if on_a_wire(name)})
    raise AssertionError("a packet without an end")


def on_a_wire(name):
    return name not in REGISTERS and name != "bare"
