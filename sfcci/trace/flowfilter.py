"""Which requests are meant, in words: `10.0.0.3 -> 10.0.0.8 tcp 80`, `source -> dest`, `udp`, `-> 10.0.0.8:443`, or an id.

An end is an address, a network (10.0.0.0/24), the name of a host or port, or `any`; `:PORT` may follow it ([fd00::1]:80). Behind
the ends come a protocol and the destination's port. `to` stands for `->`, which a shell takes for itself.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from sfcci.document import did_you_mean
from sfcci.errors import UsageError
from sfcci.trace.packet import ICMP, ICMPV6, TCP, UDP, FiveTuple
from sfcci.trace.tracking import ICMP_NAMES, NOTHING, PORT_TYPES, icmp_part, l3_tracking_id, ports_part

PROTOCOLS: Mapping[str, tuple[int, ...]] = {
    "tcp": (TCP,),
    "udp": (UDP,),
    "icmp": (ICMP, ICMPV6),
    "sctp": (132,),
}
ARROW, ARROWS, ANY = "->", ("->", "→", "to"), "any"
FORM = "[FROM] -> [TO] [tcp|udp|icmp|sctp [PORT]], or an L3TrackingID"
NAMED = "expected an address, a network, a host, a port, or any"
NAMELESS = "expected an address, a network, or any: names are known in a lab or a scenario only"
MOST_PORT = 65535
_ID = re.compile(r"[0-9a-f]{5,16}")
_WITH_PORT = re.compile(r"(?:\[(?P<sixth>[^]]+)\]|(?P<word>[^:\[\]]+)):(?P<port>\d+)")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class End:
    """One side: the networks of which its address is one, and its port; None: any."""

    networks: tuple[Network, ...] | None = None
    port: int | None = None

    def has(self, address: str, port: int | None) -> bool:
        """Say whether a packet's address and port are this side's."""
        return self.port in (None, port) and (self.networks is None or _within(address, self.networks))


ANYONE = End()


@dataclass(frozen=True)
class Filter:
    """Which requests are meant. `id`: that conversation alone."""

    source: End = ANYONE
    destination: End = ANYONE
    protocols: tuple[int, ...] = ()
    id: str = ""

    def __call__(self, flow: FiveTuple) -> bool:
        """Say whether a request is meant; of an echo the identifier stands for its ports."""
        if self.id:
            return tracked(flow) == self.id
        if self.protocols and flow.protocol not in self.protocols:
            return False
        return self.source.has(flow.src, flow.sport) and self.destination.has(flow.dst, flow.dport)

    def either(self, flow: FiveTuple) -> bool:
        """Say whether a packet is of a request that is meant, or of the answer to one."""
        return self(flow) or self(FiveTuple(flow.dst, flow.src, flow.protocol, flow.dport, flow.sport))


def parse(words: Iterable[str], names: Mapping[str, Collection[str]]) -> Filter:
    """Give the filter of a text's words. `names`: hosts and ports with their addresses. Raises UsageError."""
    text = " ".join(words)
    tokens = text.replace(ARROW, f" {ARROW} ").replace("→", f" {ARROW} ").split()
    tokens = [ARROW if token in ARROWS else token for token in tokens]
    if (
        len(tokens) == 1
        and tokens[0] not in names
        and tokens[0] not in PROTOCOLS
        and _ID.fullmatch(tokens[0])
    ):
        return Filter(id=tokens[0])
    cut = next((n for n, token in enumerate(tokens) if token in PROTOCOLS), len(tokens))
    source, destination = _ends(tokens[:cut], names, text)
    return _with_protocol(Filter(source, destination), tokens[cut:], text)


def is_id(words: Iterable[str]) -> bool:
    """Say whether a text can be nothing but an L3TrackingID."""
    text = " ".join(words)
    return _ID.fullmatch(text) is not None and any(letter.isalpha() for letter in text)


@lru_cache(maxsize=65536)
def tracked(flow: FiveTuple) -> str:
    """Give the L3TrackingID of a flow; it is the same for its answers. Of ICMP the echoes' is told."""
    source, destination = (ip_address(address).packed for address in (flow.src, flow.dst))
    return f"{l3_tracking_id(source, destination, _above(flow)):x}"


def _above(flow: FiveTuple) -> tuple[bytes, bytes, bytes]:
    if flow.sport is None or flow.dport is None:
        return NOTHING
    if flow.protocol in PORT_TYPES:
        return ports_part(flow.protocol, flow.sport, flow.dport)
    return icmp_part(ICMP_NAMES.index("ECHO"), 0, flow.sport)


def _ends(tokens: Sequence[str], names: Mapping[str, Collection[str]], text: str) -> tuple[End, End]:
    if ARROW in tokens:
        at = tokens.index(ARROW)
        sides = (tokens[:at], tokens[at + 1 :])
    else:
        sides = (tokens[:1], tokens[1:])
    if any(len(side) > 1 for side in sides):
        extra = next(side for side in sides if len(side) > 1)[1]
        raise UsageError(f"{text!r}: {extra!r} is too much; expected {FORM}")
    first, last = (_end(side[0], names) if side else ANYONE for side in sides)
    return first, last


def _end(word: str, names: Mapping[str, Collection[str]]) -> End:
    if found := _WITH_PORT.fullmatch(word):
        return replace(_end(found["sixth"] or found["word"], names), port=_port(found["port"]))
    if word == ANY:
        return ANYONE
    if word in names:
        return End(tuple(ip_network(address) for address in names[word]))
    try:
        return End((ip_network(word, strict=False),))
    except ValueError:
        hint = did_you_mean(word, list(names)) or (NAMED if names else NAMELESS)
        raise UsageError(f"no address and no host {word!r}; {hint}") from None


def _with_protocol(given: Filter, tokens: Sequence[str], text: str) -> Filter:
    if not tokens:
        return given
    name, *rest = tokens
    rest = rest[1:] if rest[:1] == ["port"] else rest
    if len(rest) > 1 or (rest and name == "icmp"):
        raise UsageError(f"{text!r}: {rest[-1]!r} is too much; expected {FORM}")
    found = replace(given, protocols=PROTOCOLS[name])
    return replace(found, destination=replace(found.destination, port=_port(rest[0]))) if rest else found


def _port(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) > MOST_PORT:
        raise UsageError(f"{word!r} is no port; expected a number up to {MOST_PORT}")
    return int(word)


def _within(address: str, networks: Iterable[Network]) -> bool:
    return any(_is_in(address, network) for network in networks)


@lru_cache(maxsize=65536)
def _is_in(address: str, network: Network) -> bool:
    return ip_address(address) in network
