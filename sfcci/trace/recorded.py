"""Paths told from flow records: what the flow tables of the switch's ports say of the first packet each way.

A record does not say whether a packet came or went. It came from the port that has its source's MAC address, and went to
the one that has its destination's; where neither is so, as at a bump in the wire, a function was given it before it gave it back.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sfcci.errors import UsageError
from sfcci.trace.chainpath import ChainPath
from sfcci.trace.flow import FlowRecord
from sfcci.trace.judging import Wants, answered, paths
from sfcci.trace.meant import Meant
from sfcci.trace.packet import ICMP, ICMPV6, SCTP, TCP, UDP, FiveTuple
from sfcci.trace.passes import IN, OUT, Pass, Trail
from sfcci.trace.tunnel import Carried

PROTOCOLS = {"TCP": TCP, "UDP": UDP, "SCTP": SCTP}
SHOWN = 4


@dataclass(frozen=True)
class _Seen:
    """The first packet of a flow one way at one port; `direction` "" where the frame does not tell; the port's pair (id)."""

    one: Pass
    flow: FiveTuple
    pair: str


def of_flows(
    flows: Iterable[FlowRecord],
    port_of: Mapping[str, str],
    meant: Meant,
    *,
    wants: Wants | None = None,
    captured: Collection[str] | None = None,
) -> tuple[ChainPath, ...]:
    """Give the paths of the requests that flow records tell of, oldest first; of each direction its first packet's.

    `port_of`: a record's node (TID) → the port, by tap, name or id; records of other nodes say nothing here. `captured`: the ports that
    are looked at (None: all of them). Raises UsageError: some are not, so that nobody could say who was passed by.
    """
    if captured is not None and (
        unseen := [p.tap for p in meant.topology.ports if not {p.tap, p.name, p.id} & set(captured)]
    ):
        more = f" and {len(unseen) - SHOWN} more" if len(unseen) > SHOWN else ""
        raise UsageError(
            f"{', '.join(unseen[:SHOWN])}{more} not captured; a path wants every port: create a capture of G.V().Has('Name', Regex('^tap.*'))"
        )
    seen: dict[FiveTuple, dict[tuple[str, str | None], _Seen]] = {}
    for flow in flows:
        word = port_of.get(flow.node_tid)
        if word is not None and word in meant.nodes:
            for one in _passes(flow, word, meant):
                of_flow = seen.setdefault(one.flow, {})
                key = (one.one.port, one.one.direction)
                if key not in of_flow or one.one.time_ns < of_flow[key].one.time_ns:
                    of_flow[key] = one
    trails = [_trail(flow, ones.values(), meant) for flow, ones in seen.items()]
    return paths(sorted(trails, key=lambda trail: trail.begin_ns), meant, wants)


def _passes(record: FlowRecord, word: str, meant: Meant) -> Iterator[_Seen]:
    """The first packet each way at the record's port."""
    flow = five_tuple(record)
    if flow is None:
        return
    link = record
    while link.link_a is None and isinstance(link.parent, FlowRecord):
        link = link.parent
    a, b = link.link_a or "", link.link_b or ""
    yield _seen(meant, word, record.first_ab_ns, (a, b), flow, record.encap)
    if record.first_ba_ns is not None:
        yield _seen(meant, word, record.first_ba_ns, (b, a), answered(flow), ())


def _seen(
    meant: Meant,
    word: str,
    time_ns: int,
    macs: tuple[str, str],
    flow: FiveTuple,
    encap: tuple[Carried, ...],
) -> _Seen:
    port = meant.port(word)
    mac, id_ = (port.mac, port.id) if port else ("", "")
    direction = IN if macs[0] == mac else OUT if macs[1] == mac else ""
    alias = meant.aliases
    known = (
        flow._replace(src=alias.get(flow.src, flow.src), dst=alias.get(flow.dst, flow.dst)) if alias else flow
    )
    one = Pass(time_ns, meant.nodes[word], word, direction, encap, *macs, None, 0, flow)
    return _Seen(one, known, meant.pair_at.get(id_, ""))


def _trail(flow: FiveTuple, seen: Iterable[_Seen], meant: Meant) -> Trail:
    """The trail of a direction's first packet."""
    ordered = sorted(seen, key=lambda one: one.one.time_ns)
    given: set[str] = set()
    passes: list[Pass] = []
    for one in ordered:
        direction = one.one.direction or (IN if one.pair in given else OUT)
        given.add(one.pair)
        passes.append(one.one._replace(direction=direction))
    copies = tuple(one for one in passes if one.node in meant.taps)
    return Trail(flow, tuple(one for one in passes if one.node not in meant.taps), copies)


def five_tuple(record: FlowRecord) -> FiveTuple | None:
    """Give whom a flow's packets are from and to; None for what is no IP, or carries other flows."""
    shape = record.shape
    if record.network_a is None or record.network_b is None:
        return None
    if shape.icmp_type is not None:
        protocol = ICMPV6 if shape.network_protocol == "IPV6" else ICMP
        return FiveTuple(record.network_a, record.network_b, protocol, record.port_a, record.port_a)
    protocol = PROTOCOLS.get(shape.transport_protocol, 0)
    return FiveTuple(record.network_a, record.network_b, protocol, record.port_a, record.port_b)
