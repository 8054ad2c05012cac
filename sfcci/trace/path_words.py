"""Words for paths, the same in every form: a flow, a time, a hop's function, what carries a packet, the verdict."""

from datetime import UTC, datetime

from sfcci.trace.chainpath import ChainPath, Hop, Role, Step, Where
from sfcci.trace.meant import Meant
from sfcci.trace.packet import FiveTuple
from sfcci.trace.passes import Pass
from sfcci.trace.tunnel import Carried

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp", 132: "sctp"}
UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))
TENS = 10


def flow(given: FiveTuple) -> str:
    """Give a flow in a few words: tcp 10.0.0.1:40000 → 10.0.0.2:80."""
    name = PROTOCOLS.get(given.protocol, f"protocol {given.protocol}")
    if name == "icmp" or given.sport is None:
        number = f" id {given.sport}" if given.sport is not None else ""
        return f"{name} {given.src} → {given.dst}{number}"
    ends = ((given.src, given.sport), (given.dst, given.dport))
    return f"{name} " + " → ".join(f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for ip, port in ends)


def span(ns: int) -> str:
    """Give a span of time with two or three digits: 850 ns, 1.9 µs, 189 µs, 2.1 ms."""
    for unit, name in UNITS:
        if abs(ns) >= unit:
            value = ns / unit
            return f"{value:.1f} {name}" if abs(value) < TENS and unit > 1 else f"{value:.0f} {name}"
    return "0"


def clock(ns: int) -> str:
    """Give a moment to the microsecond, in UTC."""
    return (
        datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        + f".{ns // 1000 % 1_000_000:06} UTC"
    )


def ports(hop: Hop, meant: Meant) -> str:
    """Give the ports by which a packet came to a node and left it."""
    names = [port_name(one, meant) for one in (hop.given, hop.returned) if one]
    return " → ".join(dict.fromkeys(names))


def port_name(one: Pass, meant: Meant) -> str:
    """Give a port's name, else its interface."""
    port = meant.port(one.port)
    return (port.name or port.tap) if port else one.port


def ttl(hop: Hop) -> str:
    """Give the TTL, before and behind a node."""
    seen = [str(one.ttl) for one in (hop.given, hop.returned) if one and one.ttl is not None]
    return "→".join(dict.fromkeys(seen))


def carried(hop: Hop) -> str:
    """Give what a packet is carried in, and where it is on its path; of a label that is on no wire the switch's tables tell."""
    frame = hop.given or hop.returned
    words = [encap(one) for one in frame.encap] if frame else []
    if hop.spi is not None and not hop.on_wire:
        place = f"label {hop.label}" if hop.label is not None else f"spi {hop.spi} si {hop.si}"
        words.append(f"{place}, in the switch only")
    return ", ".join(words)


def encap(one: Carried) -> str:
    """Give one header in words."""
    kind, *numbers = one
    match kind:
        case "mpls":
            return f"MPLS label {numbers[0]} ttl {numbers[1]}"
        case "nsh":
            return f"NSH spi {numbers[0]} si {numbers[1]} ttl {numbers[2]}"
    return " ".join([str(kind), *map(str, numbers)])


def served(hop: Hop) -> str:
    """Give which function a node is to the packet, and how it was chosen."""
    if hop.role is Role.OTHER:
        return "got it, though it is not for it"
    if not hop.pair:
        return "gets it" if hop.role is Role.DESTINATION else "sends it" if hop.role is Role.SOURCE else ""
    copy = " gets a copy" if hop.role is Role.TAP else ""
    return f"{hop.group}: {hop.pair}{copy}{chosen(hop)}"


def chosen(hop: Hop) -> str:
    """Give how the switch chose a function."""
    if hop.number is None:
        return ""
    shown = ", ".join(map(str, hop.buckets[:3])) + (", …" if len(hop.buckets) > 3 else "")  # noqa: PLR2004 - a glance
    word = "bucket" if len(hop.buckets) == 1 else f"one of {len(hop.buckets)} buckets"
    return f", chosen of {hop.choices} (group {hop.number}, {word} {shown})"


def verdict(path: ChainPath) -> str:
    """Give the verdict and where."""
    if path.where is Where.FUNCTION:
        return f"{path.verdict} {path.node}, in the function"
    if path.where is Where.SWITCH:
        return f"{path.verdict} the switch, behind {path.node}"
    if path.where is Where.CLASSIFIER:
        return f"{path.verdict} the switch, behind {path.node}, before the classifier"
    return f"{path.verdict} {path.node}".rstrip()


def meant_way(path: ChainPath) -> str:
    """Give the way that was meant: PG1 (vm1 | vm2) → PG2 (vm3)."""
    return " → ".join(step(one) for one in path.meant)


def step(one: Step) -> str:
    """Give a group and the hosts of its pairs."""
    copies = "copies to " if one.tap else ""
    return f"{copies}{one.group} ({' | '.join(dict.fromkeys(one.nodes))})" if one.nodes else one.group


def others(path: ChainPath) -> str:
    """Give how many packets of the flow went so; "" for a single one."""
    if path.packets == 1:
        return ""
    if path.alike == path.packets:
        return f"all {path.packets} packets went so"
    return f"packet {path.first} of {path.packets}; {path.alike} of them went so"
