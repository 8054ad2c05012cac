"""A flow's fields by their dotted JSON names: "Metric.ABPackets", "Network.A", "Link"."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sfcci.trace.flow import BYTES, MS, FlowRecord
from sfcci.trace.flow_json import as_json


class Absent:
    """The answer to a key that a flow does not have; there is one: `ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()

Getter = Callable[[FlowRecord], Any]


def _of(present: str, value: Getter) -> Getter:
    """A getter of a field that is there when the flow's shape has `present`."""
    return lambda flow: value(flow) if getattr(flow.shape, present) else ABSENT


GETTERS: Final[dict[str, Getter]] = {
    "UUID": lambda flow: flow.uuid,
    "LayersPath": lambda flow: flow.shape.layers_path,
    "Application": lambda flow: flow.shape.application,
    "Link": lambda flow: (flow.link_a, flow.link_b) if flow.shape.link_protocol else ABSENT,
    "Link.Protocol": _of("link_protocol", lambda flow: flow.shape.link_protocol),
    "Link.A": _of("link_protocol", lambda flow: flow.link_a),
    "Link.B": _of("link_protocol", lambda flow: flow.link_b),
    "Link.ID": _of("link_protocol", lambda flow: flow.shape.link_id),
    "Network": lambda flow: (flow.network_a, flow.network_b) if flow.shape.network_protocol else ABSENT,
    "Network.Protocol": _of("network_protocol", lambda flow: flow.shape.network_protocol),
    "Network.A": _of("network_protocol", lambda flow: flow.network_a),
    "Network.B": _of("network_protocol", lambda flow: flow.network_b),
    "Network.ID": _of("network_protocol", lambda flow: flow.shape.network_id),
    "Transport": lambda flow: (flow.port_a, flow.port_b) if flow.shape.transport_protocol else ABSENT,
    "Transport.Protocol": _of("transport_protocol", lambda flow: flow.shape.transport_protocol),
    "Transport.A": _of("transport_protocol", lambda flow: flow.port_a),
    "Transport.B": _of("transport_protocol", lambda flow: flow.port_b),
    "Transport.ID": _of("transport_protocol", lambda flow: flow.shape.transport_id),
    "ICMP.Type": lambda flow: flow.shape.icmp_type if flow.shape.icmp_type is not None else ABSENT,
    "ICMP.Code": _of("icmp_type", lambda flow: flow.shape.icmp_code),
    "ICMP.ID": _of("icmp_type", lambda flow: flow.port_a or 0),
    "Metric.ABPackets": lambda flow: flow.ab >> 48,
    "Metric.ABBytes": lambda flow: flow.ab & BYTES,
    "Metric.BAPackets": lambda flow: flow.ba >> 48,
    "Metric.BABytes": lambda flow: flow.ba & BYTES,
    "Metric.Start": lambda flow: flow.start_ns // MS,
    "Metric.Last": lambda flow: flow.last_ns // MS,
    "Metric.RTT": lambda flow: flow.rtt_ns,
    "Start": lambda flow: flow.start_ns // MS,
    "Last": lambda flow: flow.last_ns // MS,
    "TrackingID": lambda flow: flow.tracking_id,
    "L3TrackingID": lambda flow: flow.l3_tracking_id,
    "ParentUUID": lambda flow: flow.parent_uuid,
    "NodeTID": lambda flow: flow.owner.node_tid,
    "CaptureID": lambda flow: flow.owner.capture_id,
    "RawPacketsCaptured": lambda flow: flow.more.raw_captured if flow.more else 0,
    "FinishType": lambda flow: flow.finish,
}
"""The keys of most questions, answered without making the flow's JSON."""


def getter(key: str) -> Getter:
    """Give the function that reads a field by its dotted JSON name; it gives `ABSENT` for a flow without it.

    Link, Network and Transport give both ends (A, B); objects and lists come as in `as_json`, and a name behind a list
    gives the list of what its items have.
    """
    if found := GETTERS.get(key):
        return found
    names = key.split(".")
    return lambda flow: _walk(as_json(flow, raw=names[0] == "LastRawPackets"), names)


def _walk(value: Any, names: list[str]) -> Any:
    for at, name in enumerate(names):
        if isinstance(value, list):
            found = [_walk(one, names[at:]) for one in value]
            return [one for one in found if one is not ABSENT] or ABSENT
        if not isinstance(value, dict) or name not in value:
            return ABSENT
        value = value[name]
    return value


def keys(flow: FlowRecord) -> Iterator[str]:
    """Give the dotted names of every field that the flow has, in the order of `as_json`."""
    return _names(as_json(flow), "")


def _names(value: Mapping[str, Any], before: str) -> Iterator[str]:
    for name, part in value.items():
        if isinstance(part, dict):
            yield from _names(part, f"{before}{name}.")
        else:
            yield before + name
