"""What a lab consists of: hosts, and the ports by which they hang on the one switch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv4Network

from sfcci.document import did_you_mean
from sfcci.errors import UsageError

SWITCH = "switch"
"""The name of the switch's own namespace, where a host's name is asked for."""
TAP_ID_LENGTH = 11


@dataclass(frozen=True)
class Port:
    """A Neutron port: `name` is the interface in its host, `tap` the switch's side of it."""

    id: str
    name: str
    host: str
    mac: str
    ip: str
    number: int
    """The port's OpenFlow number on the switch, from 1."""

    @property
    def tap(self) -> str:
        """The switch's interface: "tap" and the first 11 characters of the id, as Neutron names it."""
        return "tap" + self.id[:TAP_ID_LENGTH]


@dataclass(frozen=True)
class Host:
    """A machine of the lab: `forwards` says whether it routes, `services` which servers listen at which port."""

    name: str
    forwards: bool = False
    services: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Topology:
    """Hosts and ports in the order of the scenario; names are unique, every port's host exists."""

    network: IPv4Network
    hosts: tuple[Host, ...]
    ports: tuple[Port, ...]

    def host(self, name: str) -> Host:
        """Give the host of that name. Raises UsageError."""
        for host in self.hosts:
            if host.name == name:
                return host
        names = [host.name for host in self.hosts]
        raise UsageError(_unknown("host", name, names, names))

    def port(self, word: str) -> Port:
        """Give the port with that name, id or tap name. Raises UsageError."""
        for port in self.ports:
            if word in (port.name, port.id, port.tap):
                return port
        names = [port.name for port in self.ports]
        raise UsageError(_unknown("port", word, names, [*names, *(p.tap for p in self.ports)]))

    def ports_of(self, host: str) -> tuple[Port, ...]:
        """Give a host's ports in order; by the last one it reaches the network."""
        return tuple(port for port in self.ports if port.host == host)

    def interface(self, port: Port) -> IPv4Interface:
        """Give the port's address with the network's prefix length."""
        return IPv4Interface(f"{port.ip}/{self.network.prefixlen}")


def _unknown(kind: str, word: str, shown: list[str], known: list[str]) -> str:
    hint = did_you_mean(word, known)
    return f"no {kind} {word!r}; " + (hint or "there are: " + ", ".join(shown))
