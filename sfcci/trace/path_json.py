"""A path as a document."""

from collections.abc import Iterator, Sequence
from typing import Any

from sfcci.trace import carried
from sfcci.trace.chainpath import ChainPath, Hop, Role, Step
from sfcci.trace.meant import Meant
from sfcci.trace.passes import Pass


def as_json(path: ChainPath, meant: Meant) -> dict[str, Any]:
    """Give one path. Times are nanoseconds; `hops` are the nodes in order, `passes` every frame seen of the packet."""
    flow = path.flow
    return {
        "verdict": path.verdict,
        "says": path.says,
        "node": path.node or None,
        "where": path.where,
        "told": path.told or None,
        "chain": path.chain or None,
        "direction": path.direction,
        "back": path.back,
        "flow": {
            "src": flow.src,
            "dst": flow.dst,
            "protocol": flow.protocol,
            "sport": flow.sport,
            "dport": flow.dport,
        },
        "l3_tracking_id": path.tracking_id,
        "begin_ns": path.begin_ns,
        "packets": path.packets,
        "alike": path.alike,
        "packet": path.first,
        "meant": [_step(step, meant) for step in path.meant],
        "hops": [_hop(hop, meant) for hop in path.hops],
        "passes": list(_passes(path, meant)),
    }


def document(paths: Sequence[ChainPath], meant: Meant) -> dict[str, Any]:
    """Give paths as one document."""
    return {"ok": all(path.ok for path in paths), "paths": [as_json(path, meant) for path in paths]}


def _hop(hop: Hop, meant: Meant) -> dict[str, Any]:
    return {
        "node": hop.node,
        "role": hop.role,
        "port_in": _port(hop.given, meant),
        "port_out": _port(hop.returned, meant),
        "time_ns": hop.time_ns,
        "delta_ns": hop.delta_ns,
        "inside_ns": hop.inside_ns,
        "ttl": [one.ttl if one else None for one in (hop.given, hop.returned)],
        "chain": hop.chain or None,
        "group": hop.group or None,
        "pair": hop.pair or None,
        "spi": hop.spi,
        "si": hop.si,
        "label": hop.label,
        "on_wire": hop.on_wire,
        "number": hop.number,
        "buckets": list(hop.buckets),
        "choices": hop.choices,
        "fault": hop.fault or None,
    }


def _port(one: Pass | None, meant: Meant) -> dict[str, str] | None:
    if one is None:
        return None
    port = meant.port(one.port)
    return (
        {"name": port.name, "tap": port.tap, "id": port.id}
        if port
        else {"name": one.port, "tap": "", "id": ""}
    )


def _passes(path: ChainPath, meant: Meant) -> Iterator[dict[str, Any]]:
    """Every frame in time order, copies among them."""
    inside = {hop.returned: hop.inside_ns for hop in path.hops if hop.returned}
    copies = {hop.given for hop in path.hops if hop.role is Role.TAP}
    frames = [one for hop in path.hops for one in (hop.given, hop.returned) if one]
    before = path.begin_ns
    for one in sorted(frames, key=lambda one: one.time_ns):
        named = _port(one, meant) or {}
        yield {
            "time_ns": one.time_ns,
            "delta_ns": one.time_ns - before,
            "node": one.node,
            "port": named["name"],
            "tap": named["tap"],
            "direction": one.direction,
            "encap": carried.as_json(one.encap),
            "eth_src": one.eth_src,
            "eth_dst": one.eth_dst,
            "ttl": one.ttl,
            "length": one.length,
            "inside_ns": inside.get(one),
            "copy": one in copies,
        }
        before = before if one in copies else one.time_ns


def _step(step: Step, meant: Meant) -> dict[str, Any]:
    ends = {meant.layout.name(pair.id): pair for pair in meant.layout.chains.port_pairs}
    return {
        "group": step.group,
        "pairs": list(step.pairs),
        "nodes": list(step.nodes),
        "taps": [
            [_tap(end, meant) for end in (ends[n].ingress, ends[n].egress)] for n in step.pairs if n in ends
        ],
        "visited": step.visited,
        "tap": step.tap,
    }


def _tap(id_: str, meant: Meant) -> str:
    port = meant.port(id_)
    return port.tap if port else ""
