"""What a packet looks like to a classifier: ethertype, protocol, addresses, ports; and the matches that say it.

A packet with ports (TCP, UDP) has them in its first fragment only; see `Tuple.late_fragments`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address, ip_network

from sfcci.chain.field import LATE_FRAGMENT
from sfcci.chain.model import FlowClassifier, Rewrite

IPV4, IPV6 = 0x0800, 0x86DD
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
PORTS = (0, 65535)
"""Every port: 0 is one."""
NAMES = {TCP: "tcp", UDP: "udp"}
Fields = dict[str, int | tuple[int, int]]
Prefix = tuple[int, int]
"""Address and mask, both as numbers; the mask 0 is every address."""
ANY: Prefix = (0, 0)
Range = tuple[int, int]


@dataclass(frozen=True)
class Tuple:
    """All packets of one ethertype, protocol (None: any), source and destination. Ranges are inclusive."""

    ethertype: int = IPV4
    protocol: int | None = None
    source: Prefix = ANY
    destination: Prefix = ANY
    source_ports: Range = PORTS
    destination_ports: Range = PORTS

    def swapped(self) -> "Tuple":
        """Give the packets of the answers: source and destination change places."""
        return replace(
            self,
            source=self.destination,
            destination=self.source,
            source_ports=self.destination_ports,
            destination_ports=self.source_ports,
        )

    def rewritten(self, rewrite: Rewrite) -> "Tuple":
        """Give the packets as they are where a function's own translation holds; what it names takes the old one's place.

        Addresses of the other IP version are none of these packets'.
        """
        return replace(
            self,
            source=self._of_kind(rewrite.source_ip_prefix) or self.source,
            destination=self._of_kind(rewrite.destination_ip_prefix) or self.destination,
            source_ports=_range(rewrite, "source") or self.source_ports,
            destination_ports=_range(rewrite, "destination") or self.destination_ports,
        )

    def between(self, sources: Sequence[str], destinations: Sequence[str]) -> "Tuple":
        """Give the packets of a port with one address of this kind to another, where no prefix says something else."""
        return replace(
            self,
            source=self.source if self.source != ANY else self._alone(sources),
            destination=self.destination if self.destination != ANY else self._alone(destinations),
        )

    def _of_kind(self, prefix: str | None) -> Prefix | None:
        return _network(prefix) if prefix and (":" in prefix) == (self.ethertype == IPV6) else None

    def _alone(self, addresses: Sequence[str]) -> Prefix:
        version = 6 if self.ethertype == IPV6 else 4
        same = [address for address in map(ip_address, addresses) if address.version == version]
        return (int(same[0]), (1 << same[0].max_prefixlen) - 1) if len(same) == 1 else ANY

    def fields(self) -> Iterator[Fields]:
        """Give the matches that together are these packets: one per pair of source and destination port masks."""
        fields = self._without_ports()
        if self.protocol not in NAMES:
            yield fields
            return
        name = NAMES[self.protocol]
        for source in masked_ranges(*self.source_ports):
            for destination in masked_ranges(*self.destination_ports):
                yield {**fields, f"{name}_src": source, f"{name}_dst": destination}

    @property
    def has_ports(self) -> bool:
        """Whether a packet's ports decide."""
        return self.protocol in NAMES and (self.source_ports, self.destination_ports) != (PORTS, PORTS)

    def late_fragments(self) -> Fields:
        """Give the match of fragments that may be of these packets: all but the first, which have no ports to tell."""
        return {**self._without_ports(), "ip_frag": LATE_FRAGMENT}

    def _without_ports(self) -> Fields:
        sixth = "ipv6" if self.ethertype == IPV6 else "ip"
        fields: Fields = {"eth_type": self.ethertype}
        if self.protocol is not None:
            fields["nw_proto"] = self.protocol
        fields[f"{sixth}_src"], fields[f"{sixth}_dst"] = self.source, self.destination
        return fields


def tuple_of(classifier: FlowClassifier) -> Tuple:
    """Give the packets of a classifier, logical ports aside."""
    sixth = classifier.ethertype == "IPv6"
    protocols: Mapping[str | None, int | None] = {
        None: None,
        "tcp": TCP,
        "udp": UDP,
        "icmp": ICMPV6 if sixth else ICMP,
    }
    return Tuple(
        IPV6 if sixth else IPV4,
        protocols[classifier.protocol],
        _network(classifier.source_ip_prefix) or ANY,
        _network(classifier.destination_ip_prefix) or ANY,
        _range(classifier, "source") or PORTS,
        _range(classifier, "destination") or PORTS,
    )


@lru_cache(maxsize=4096)
def masked_ranges(low: int, high: int) -> tuple[tuple[int, int], ...]:
    """Give the fewest (value, mask) pairs that match exactly the 16-bit numbers from `low` to `high`."""
    pairs = []
    while low <= high:
        size = low & -low or PORTS[1] + 1
        while low + size - 1 > high:
            size >>= 1
        pairs.append((low, PORTS[1] & ~(size - 1)))
        low += size
    return tuple(pairs)


@lru_cache(maxsize=65536)
def _network(prefix: str | None) -> Prefix | None:
    if prefix is None:
        return None
    network = ip_network(prefix, strict=False)
    return int(network.network_address), int(network.netmask)


def _range(given: FlowClassifier | Rewrite, side: str) -> Range | None:
    low, high = (getattr(given, f"{side}_port_range_{end}") for end in ("min", "max"))
    if low is None and high is None:
        return None
    return PORTS[0] if low is None else low, PORTS[1] if high is None else high
