"""Where a daemon of Open vSwitch listens, as its users write it: unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT.

Source: ovsdb(7), "Connection Methods".
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

OVSDB_PORT: Final = 6640
OPENFLOW_PORT: Final = 6653
"""Those that IANA gave."""
LAST_PORT: Final = 65535
_PLACE = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True)
class Remote:
    """Where a daemon listens. `way`: unix, tcp or ssl; `place`: a path for unix, else a host's name or address."""

    way: str
    place: str
    port: int = 0

    def __str__(self) -> str:
        if self.way == "unix":
            return f"unix:{self.place}"
        host = f"[{self.place}]" if ":" in self.place else self.place
        return f"{self.way}:{host}:{self.port}"


def read(text: str, default_port: int = OVSDB_PORT) -> Remote:
    """Read where a daemon listens. Raises ValueError with what is expected."""
    way, _, rest = text.partition(":")
    if way == "unix" and rest.startswith("/") and rest.isprintable():
        return Remote(way, rest)
    found = _PLACE.fullmatch(rest) if way in ("tcp", "ssl") else None
    port = int(found["port"] or default_port) if found else 0
    if not found or not 0 < port <= LAST_PORT or (found["six"] and not is_address(found["six"])):
        raise ValueError(
            "expected unix:/PATH, tcp:HOST:PORT or ssl:HOST:PORT, as in ssl:192.0.2.5:6640 or ssl:[2001:db8::5]:6640"
        )
    return Remote(way, found["six"] or found["host"], port)


def is_address(text: str) -> bool:
    """Say whether a text is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
