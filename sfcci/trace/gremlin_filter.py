"""Flows that have what is wanted, among a hundred thousand in some milliseconds.

What is wanted is asked of each different value once, not of each flow: flows of one kind share a `Shape`, those of one
place an `Owner`, and many have the same addresses. What is left for each flow is whether its value is among the good.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from sfcci.trace.flow import FlowRecord
from sfcci.trace.flow_key import ABSENT, GETTERS
from sfcci.trace.gremlin_field import of_flow
from sfcci.trace.gremlin_parser import Parameter, Predicate, Step, shown
from sfcci.trace.gremlin_predicate import Match, Test, match
from sfcci.trace.gremlin_scanner import Expression

Flows = Sequence[FlowRecord]
Filter = Callable[[Flows], list[FlowRecord]]

OF_SHAPE: Final = frozenset(
    (
        *("LayersPath", "Application", "Link.Protocol", "Link.ID", "Network.Protocol", "Network.ID"),
        *("Transport.Protocol", "Transport.ID", "ICMP.Type", "ICMP.Code"),
    )
)
"""Keys whose value is the same for all flows of a shape."""

OF_OWNER: Final = frozenset(("NodeTID", "CaptureID"))
"""Keys whose value is the same for all flows of an owner."""

OLD_PROTOCOLS: Final = {"TCPPORT": "TCP", "UDPPORT": "UDP", "SCTPPORT": "SCTP"}
"""Transport.Protocol as 0.9 wrote it."""


def filters(expression: Expression, step: Step, given: Sequence[Parameter]) -> list[Filter]:
    """One filter for each key and its value. Link, Network and Transport stand for either end of a flow.

    Raises:
        InputError: They are no pairs.
    """
    if len(given) % 2 or not all(isinstance(key, str) for key in given[::2]):
        found = f"{step.written}({', '.join(map(shown, given[:6]))})"
        raise expression.fault(step.at, found, "keys and values in pairs")
    twos = zip(given[::2], given[1::2], strict=True)
    return [_filter(str(key), match(expression, _as_now(str(key), value), step.at)) for key, value in twos]


def kept_by(found: Iterable[Filter], flows: Flows) -> Flows:
    """The flows that every filter keeps."""
    for keep in found:
        flows = keep(flows)
    return flows


def _as_now(key: str, value: Parameter) -> Parameter:
    """A value as flows have it now: v0.9 wrote TCPPORT for TCP."""
    if key != "Transport.Protocol":
        return value
    if isinstance(value, Predicate) and value.name != "REGEX":
        return replace(value, parameters=tuple(_as_now(key, one) for one in value.parameters))
    return OLD_PROTOCOLS.get(value, value) if isinstance(value, str) else value


def _filter(key: str, want: Match) -> Filter:  # noqa: PLR0911 - one way for each kind of key
    if key in SIDES:
        return lambda flows: SIDES[key](flows, want)
    read, test, equals = of_flow(key), want.test, want.equals
    if key in OF_SHAPE:
        return lambda flows: _shared(flows, "shape", read, test)
    if key in OF_OWNER:
        return lambda flows: _shared(flows, "owner", read, test)
    if key in IDS and equals is not None:
        return lambda flows: IDS[key](flows, _numbers(equals))
    if key in GETTERS and equals is not None:
        return lambda flows: [flow for flow in flows if read(flow) in equals]
    if key in GETTERS:
        return lambda flows: _by_value(flows, read, test)
    return lambda flows: [flow for flow in flows if test(read(flow))]


def _by_value(flows: Flows, read: Callable[[FlowRecord], Any], test: Test) -> list[FlowRecord]:
    """By a value that can stand in a set; each different one is asked once."""
    known: dict[Any, bool] = {}
    kept = []
    for flow in flows:
        value = read(flow)
        good = known.get(value)
        if good is None:
            good = known[value] = test(value)
        if good:
            kept.append(flow)
    return kept


def _shared(flows: Flows, part: str, read: Callable[[FlowRecord], Any], test: Test) -> list[FlowRecord]:
    """By a part that many flows have in common: the first flow with it speaks for all."""
    known: dict[int, bool] = {}
    kept = []
    for flow, one in zip(flows, map(id, map(attrgetter(part), flows)), strict=True):
        good = known.get(one)
        if good is None:
            good = known[one] = test(read(flow))
        if good:
            kept.append(flow)
    return kept


def _good(flows: Flows, want: Match, a: str, b: str) -> frozenset[Any] | set[Any]:
    """Which values of the ends fit; None, of a flow without such a layer, as ABSENT does."""
    if want.equals is not None:
        return want.equals
    ends = set(map(attrgetter(a), flows)) | set(map(attrgetter(b), flows))
    return {end for end in ends if want.test(ABSENT if end is None else end)}


def _link(flows: Flows, want: Match) -> list[FlowRecord]:
    good = _good(flows, want, "link_a", "link_b")
    return [flow for flow in flows if flow.link_a in good or flow.link_b in good]


def _network(flows: Flows, want: Match) -> list[FlowRecord]:
    good = _good(flows, want, "network_a", "network_b")
    return [flow for flow in flows if flow.network_a in good or flow.network_b in good]


def _transport(flows: Flows, want: Match) -> list[FlowRecord]:
    good, none = _good(flows, want, "port_a", "port_b"), want.test(ABSENT)
    # What has no ports has ICMP's identifier there, or nothing.
    return [
        flow
        for flow in flows
        if (none or flow.port_a in good or flow.port_b in good)
        and (flow.port_a in good or flow.port_b in good if flow.shape.transport_protocol else none)
    ]


SIDES: Final[dict[str, Callable[[Flows, Match], list[FlowRecord]]]] = {
    "Link": _link,
    "Network": _network,
    "Transport": _transport,
}
"""Keys that stand for either end of a flow."""


def _numbers(equals: Iterable[str | float]) -> set[str | float]:
    """Tracking ids as flows hold them: the numbers that the texts write in hexadecimal, and texts that are none."""
    found: set[str | float] = {one for one in equals if isinstance(one, str)}
    for text in tuple(found):
        digits = str(text)
        if len(digits) <= 16 and not set(digits) - set("0123456789abcdef") and digits:  # noqa: PLR2004 - 64 bits
            number = int(digits, 16)
            found |= {number} if f"{number:x}" == digits else set()
    return found


def _l3_ids(flows: Flows, ids: set[str | float]) -> list[FlowRecord]:
    return [flow for flow in flows if flow._l3 in ids]  # noqa: SLF001 - a text for each flow costs as much as all the rest


def _ids(flows: Flows, ids: set[str | float]) -> list[FlowRecord]:
    return [flow for flow in flows if flow._id in ids]  # noqa: SLF001 - as above


NUMBERS: Final = {"L3TrackingID": "_l3", "TrackingID": "_id"}
"""Keys whose texts are numbers in a flow → the slot: a text for each of many flows costs as much as all the rest."""

IDS: Final[dict[str, Callable[[Flows, set[str | float]], list[FlowRecord]]]] = {
    "L3TrackingID": _l3_ids,
    "TrackingID": _ids,
}
"""Keys whose texts are numbers in a flow."""
