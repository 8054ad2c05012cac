"""What ofproto/trace tells, read: which frames leave, from which place on a path, by whose choice.

The frames are those of its last line ("Datapath actions"), which has the datapath's numbers of ports; the lines of the
tables, which have OpenFlow's, say how it came to them. Source: ovs-vswitchd(8), "ofproto/trace"; odp syntax as ovs-dpctl(8) prints it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sfcci.chain.action import Decap, PopMpls, Push
from sfcci.chain.field import REGISTERS, TUNNEL_FIELDS, WIDTHS, spelled
from sfcci.chain.journey import Departure
from sfcci.chain.port import mac_number
from sfcci.chain.table import MPLS, NSH, ON_WAY_BACK
from sfcci.chain.walk import Packet, wrapped

TTL = 64
PLACE, ORIGIN = 0, 1
"""The registers that hold the place on the path, and whether it is the way back (`chain.table`)."""
_OUTSIDE = ("in_port", "eth_src", "eth_dst", "eth_type")
_SET_REG = re.compile(r"set_field:(0x[0-9a-f]+|\d+)(?:/(0x[0-9a-f]+|\d+))?->reg(\d+)")
_FLOW_LINE = re.compile(r"( *)(\d+)\. ")
_FINAL_REG = re.compile(r"\b(reg\d+)=(0x[0-9a-f]+|\d+)")
PAUSED = re.compile(r"^ *controller\(pause\)$", re.MULTILINE)
_PORT_LINE = re.compile(r"^    \S.* (\d+)/(\d+): ", re.MULTILINE)
_OUTER = re.compile(r"ipv[46]\(src=[^,]*,dst=(?P<dst>[^,]*),.*\bvni=(?P<vni>\w+)")
_PAIR = re.compile(r"(\w+)=([^,()]*)")


Choice = tuple[int, bool, int | None, int | None]
"""Place on the path, whether on the way back, group and bucket."""
NO_CHOICE: Choice = (0, False, None, None)


@dataclass(frozen=True)
class Tunneled:
    """A frame that leaves through a tunnel: to which address, under which number, and how the switch knew it."""

    address: str
    number: int
    packet: Packet
    known: Choice


@dataclass(frozen=True)
class Told:
    """What was told. `again`: the packet comes into the switch once more, as it is then, with these registers."""

    departures: tuple[Departure, ...]
    again: Packet | None = None
    waits: bool = False
    """It waits with whoever controls the switch."""
    tunneled: tuple[Tunneled, ...] = ()


def flow_text(packet: Packet) -> str:
    """Give a packet as ofproto/trace reads it, registers too; of an encapsulated one the outside."""
    names = [name for name in WIDTHS if name in packet]
    if packet["eth_type"] in (MPLS, NSH):
        outside = ("in_port", "packet_type") if "packet_type" in packet else _OUTSIDE
        kept = (*outside, *REGISTERS, *TUNNEL_FIELDS)
        names = [name for name in names if name in kept or name.startswith(("mpls_", "nsh_"))]
    words = [
        f"{name}={spelled(name, packet[name])}" for name in names if packet[name] or name not in REGISTERS
    ]
    if packet["eth_type"] == MPLS:
        words += [f"mpls_ttl={packet.get('mpls_ttl', TTL)}", "mpls_bos=1"]
    elif packet["eth_type"] == NSH:
        words += [f"nsh_ttl={TTL - 1}", "nsh_np=3"]
    else:
        words.append(f"nw_ttl={TTL}")
        words += [f"icmp_type={packet['icmp_type']}"] if "icmp_type" in packet else []
    return ",".join(words)


def port_numbers(text: str, bridge: str) -> dict[str, int]:
    """Give OpenFlow's numbers of a bridge's ports by the datapath's, from what `dpif/show` tells."""
    section = re.search(rf"^  {re.escape(bridge)}:\n((?:    .*\n?)*)", text, re.MULTILINE)
    return {there: int(ours) for ours, there in _PORT_LINE.findall(section[1] if section else "")}


def read(text: str, packet: Packet, numbers: Mapping[str, int], tunnel: int = 0) -> Told:
    """Give what became of the packet. `numbers`: OpenFlow's by the datapath's; what went elsewhere is left out.

    `tunnel`: OpenFlow's number of the port to other nodes, where there is one.

    Raises ValueError: it is no such text.
    """
    actions = re.search(r"^Datapath actions: (.*)$", text, re.MULTILINE)
    final = re.search(r"^Final flow: (.*)$", text, re.MULTILINE)
    if not actions or not final:
        raise ValueError('no line "Datapath actions"')
    tree = _Tree({int(name[3:]): packet[name] for name in REGISTERS if name in packet and name[3:].isdigit()})
    for line in text[: final.start()].splitlines():
        tree.take(line)
    frames = _Frames({name: value for name, value in packet.items() if name not in REGISTERS}, numbers)
    frames.carry_out(actions[1].strip())
    choices = dict(tree.outputs)
    departures = [
        Departure(
            numbers[port],
            frame,
            *choices.get(numbers[port], NO_CHOICE),
            switched=numbers[port] not in choices,
        )
        for port, frame in frames.sent
    ]
    again = None
    if frames.again is not None:
        registers = {name: int(value, 0) for name, value in _FINAL_REG.findall(final[1])}
        again = {**frames.again, **{name: value for name, value in registers.items() if name in REGISTERS}}
    known = [choice for port, choice in tree.outputs if port == tunnel]
    tunneled = [
        Tunneled(*sent, known[n] if n < len(known) else NO_CHOICE) for n, sent in enumerate(frames.tunneled)
    ]
    return Told(tuple(departures), again, PAUSED.search(text) is not None, tuple(tunneled))


@dataclass
class _Tree:
    """The lines of the tables, one after the other: which register had what value when a frame left."""

    registers: dict[int, int]
    outputs: list[tuple[int, Choice]] = field(default_factory=list)
    group: int | None = None
    bucket: int | None = None
    clones: list[tuple[int, int, dict[int, int]]] = field(default_factory=list)
    """Copies that are being made: indentation, actions of them left, and the registers that hold behind them."""

    def take(self, line: str) -> None:
        """Take the next line."""
        said = line.strip()
        if said.startswith(("->", ">>")):
            self._remark(said)
            return
        table = _FLOW_LINE.match(line)
        indent = table.end(2) - 2 if table else len(line) - len(line.lstrip())
        self._end_clones(indent, counts=not table)
        if table or not said:
            return
        if said.startswith("clone("):
            inner = _parts(said.removeprefix("clone(").removesuffix(")"))
            self.clones.append((indent, len(inner), dict(self.registers)))
        elif found := _SET_REG.fullmatch(said):
            value, mask, number = int(found[1], 0), int(found[2] or "0xffffffff", 0), int(found[3])
            self.registers[number] = self.registers.get(number, 0) & ~mask | value
        elif said.startswith("group:"):
            self.group, self.bucket = int(said.removeprefix("group:")), None
        elif said.startswith("output:") and (port := said.removeprefix("output:")).isdigit():
            place, back = self.registers.get(PLACE, 0), bool(self.registers.get(ORIGIN, 0) & ON_WAY_BACK)
            self.outputs.append((int(port), (place, back, self.group, self.bucket)))

    def _remark(self, said: str) -> None:
        if said.startswith("-> using bucket"):
            self.bucket = int(said.rsplit(maxsplit=1)[1])
        elif said.startswith(">> skipping output") and self.outputs:
            self.outputs.pop()

    def _end_clones(self, indent: int, *, counts: bool) -> None:
        while self.clones:
            depth, left, registers = self.clones[-1]
            if indent > depth or (indent == depth and not counts):
                return
            if indent == depth and left:
                self.clones[-1] = depth, left - 1, registers
                return
            self.clones.pop()
            self.registers = registers
            self.group = self.bucket = None


@dataclass
class _Frames:
    """The datapath's actions, carried out on a packet."""

    packet: dict[str, int]
    numbers: Mapping[str, int]
    sent: list[tuple[str, Packet]] = field(default_factory=list)
    again: Packet | None = None
    tunneled: list[tuple[str, int, Packet]] = field(default_factory=list)

    def carry_out(self, text: str) -> None:
        """Carry out a list of actions."""
        for part in _parts(text):
            name, _, rest = part.partition("(")
            self._act(name, rest.removesuffix(")"))

    def _act(self, name: str, words: str) -> None:
        given = dict(_PAIR.findall(words))
        match name:
            case "clone":
                inner = _Frames(dict(self.packet), self.numbers)
                inner.carry_out(words)
                self.sent += inner.sent
                self.tunneled += inner.tunneled
            case "set":
                self.packet |= _fields(words)
            case "push_mpls" | "push_nsh" | "push_eth":
                kind, layer = _PUSHED[name]
                self.packet = {**wrapped(self.packet, Push(kind)), **_fields(f"{layer}({words})")}
            case "pop_mpls":
                self.packet = wrapped(self.packet, PopMpls(int(given["eth_type"], 0)))
            case "pop_eth" | "pop_nsh":
                self.packet = wrapped(self.packet, Decap())
            case "tnl_push" if found := _OUTER.search(words):
                self.tunneled.append((found["dst"], int(found["vni"], 0), dict(self.packet)))
            case "recirc":
                self.again = dict(self.packet)
            case _ if name in self.numbers:
                self.sent.append((name, dict(self.packet)))


_PUSHED: Final = {"push_mpls": ("mpls", "mpls"), "push_nsh": ("nsh", "nsh"), "push_eth": ("ethernet", "eth")}
"""What chains call a header, and what the datapath does."""
_LAYERS = {
    "eth": {"src": "eth_src", "dst": "eth_dst"},
    "mpls": {"label": "mpls_label", "tc": "mpls_tc", "ttl": "mpls_ttl"},
    "nsh": {"spi": "nsh_spi", "si": "nsh_si"},
}


def _fields(words: str) -> dict[str, int]:
    """Give the fields that `LAYER(name=value,...)` sets, of the layers that chains write; masks say nothing new."""
    layer, _, rest = words.partition("(")
    names = _LAYERS.get(layer, {})
    return {
        names[name]: mac_number(value) if layer == "eth" else int(value, 0)
        for name, value in ((name, value.partition("/")[0]) for name, value in _PAIR.findall(rest))
        if name in names
    }


def _parts(text: str) -> list[str]:
    """Split at the commas that are in no parentheses."""
    return [part for part in _split(text) if part]


def _split(text: str) -> Iterator[str]:
    depth = begin = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            yield text[begin:at].strip()
            begin = at + 1
    yield text[begin:].strip()
