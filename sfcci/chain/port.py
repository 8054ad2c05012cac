"""A port of the switch as the compiler knows it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SwitchPort:
    """OpenFlow number, MAC, and the addresses of the machine behind it.

    `own`: those of them that are this port's. `network` is a number from 1 where the switch has several networks, else
    0: ports of two never meet. `up`: it carries traffic.
    """

    number: int
    mac: str
    addresses: tuple[str, ...]
    network: int = 0
    own: tuple[str, ...] = ()
    up: bool = True


Ports = Mapping[str, SwitchPort]
"""Port id → port."""


def mac_number(mac: str) -> int:
    """Give a MAC address as a number."""
    return int(mac.replace(":", ""), 16)
