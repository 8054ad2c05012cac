"""What packets are carried in as JSON, in flows and in paths alike: {"Type": "mpls", "Label": 511, "TTL": 64}, and back.

The names are ours: Skydive's flows do not tell it.
"""

from collections.abc import Mapping
from typing import Any, Final

from sfcci.trace.tunnel import Carried

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "vlan": ("ID",),
    "mpls": ("Label", "TTL"),
    "nsh": ("SPI", "SI", "TTL"),
    "vxlan": ("VNI",),
    "geneve": ("VNI",),
    "gre": ("Key",),
}


def as_json(encap: tuple[Carried, ...]) -> list[dict[str, Any]]:
    """Give the headers as objects, the outermost first."""
    return [
        {"Type": kind, **dict(zip(FIELDS.get(str(kind), ()), told, strict=True))} for kind, *told in encap
    ]


def parse(document: list[Mapping[str, Any]]) -> tuple[Carried, ...]:
    """Give the headers that objects describe; a number that is absent is 0. Raises ValueError, TypeError, AttributeError."""
    return tuple(_parsed(one) for one in document)


def _parsed(document: Mapping[str, Any]) -> Carried:
    kind = str(document.get("Type", ""))
    return (kind, *(int(document.get(name) or 0) for name in FIELDS.get(kind, ())))
