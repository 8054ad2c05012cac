"""By what the packets of a group are spread over its functions, so that answers meet the function of what they answer.

A switch hashes the fields of a packet in an order of its own. One side of a layer is no trouble: the way there hashes
ip_src, the way back ip_dst. Both sides of one would come out in another order on the way back, so they are copied into
registers first: what the chain's source says of itself into the near ones, the rest into the far ones. All groups do so,
for a group may belong to chains that go one way and to others that go both.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sfcci.chain.action import Action, Move, Resubmit
from sfcci.chain.field import WIDTHS
from sfcci.chain.openflow import Flow, match
from sfcci.chain.table import (
    ADDRESSES,
    IPV4,
    IPV6,
    MIDDLE,
    ON_WAY_BACK,
    ORIGIN_REG,
    PORTS,
)

CONNECTION = ("ip_src", "ip_dst", "nw_proto", "tcp_src", "tcp_dst", "udp_src", "udp_dst")
"""What packets of a group without lb_fields are spread by: each connection stays with its instance."""
NEAR_ADDRESS, FAR_ADDRESS = "xxreg1", "xxreg2"
NEAR_PORT: Mapping[str, str] = {"tcp": "reg12", "udp": "reg14"}
FAR_PORT: Mapping[str, str] = {"tcp": "reg13", "udp": "reg15"}
WHOLE = 0
"""`ip_frag` of a packet that is no fragment."""
_PROTOCOLS = {"tcp": 6, "udp": 17}
_PLACE = {name: place for place, name in enumerate(WIDTHS)}


@dataclass(frozen=True)
class Spread:
    """What a group hashes, in the order of WIDTHS, and what fills the registers among it beforehand."""

    fields: tuple[str, ...]
    steps: tuple[Action, ...] = ()


def spread(lb_fields: Sequence[str], back: bool) -> Spread:
    """Give how a group with these lb_fields (none: by connections) spreads what passes it on the way there, or back.

    Both sides of eth count as the near one alone: there are no registers for them, and whatever agrees in both still
    stays together.
    """
    return _spread(tuple(lb_fields), back)


@lru_cache(maxsize=1024)
def _spread(lb_fields: tuple[str, ...], back: bool) -> Spread:
    wanted = lb_fields or CONNECTION
    fields, tables = {"nw_proto"} & set(wanted), set[int]()
    for layer in ("eth", "ip", "tcp", "udp"):
        sides = [side for side in ("src", "dst") if f"{layer}_{side}" in wanted]
        if len(sides) > 1 and layer != "eth":
            tables.add(ADDRESSES if layer == "ip" else PORTS)
            fields |= {NEAR_ADDRESS, FAR_ADDRESS} if layer == "ip" else {NEAR_PORT[layer], FAR_PORT[layer]}
        elif sides:
            side = {"src": "dst", "dst": "src"}[sides[0]] if back else sides[0]
            fields |= {f"{layer}_{side}", *([f"ipv6_{side}"] if layer == "ip" else [])}
    ordered = tuple(sorted(fields, key=lambda name: _PLACE[name]))
    return Spread(ordered, tuple(Resubmit(table) for table in sorted(tables)))


def spreading() -> Iterator[Flow]:
    """Give the flows that fill the registers.

    Of the fragments of a packet only the first one has ports: none counts as having any, so all meet one function.
    """
    for back in (False, True):
        ends = ("dst", "src") if back else ("src", "dst")
        direction = {ORIGIN_REG: (ON_WAY_BACK if back else 0, ON_WAY_BACK)}
        for kind, layer in ((IPV4, "ip"), (IPV6, "ipv6")):
            here = direction | {"eth_type": (kind, 0xFFFF)}
            sides = zip(ends, (NEAR_ADDRESS, FAR_ADDRESS), strict=True)
            moves = (_whole(f"{layer}_{end}", register) for end, register in sides)
            yield Flow(ADDRESSES, MIDDLE, match(**here), tuple(moves))
            for protocol, number in _PROTOCOLS.items():
                sides = zip(ends, (NEAR_PORT[protocol], FAR_PORT[protocol]), strict=True)
                moves = (_whole(f"{protocol}_{end}", register) for end, register in sides)
                yield Flow(PORTS, MIDDLE, match(**here, nw_proto=number, ip_frag=WHOLE), tuple(moves))


def _whole(source: str, target: str) -> Move:
    return Move(source, 0, WIDTHS[source], target)
