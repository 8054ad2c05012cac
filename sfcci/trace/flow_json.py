"""Flows as JSON: what Skydive writes, with its omissions, and back from it.

Source: Skydive's flow schema. Of our own: Encap (see `carried`), FirstABns and FirstBAns.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from sfcci.trace import carried
from sfcci.trace.flow import MS, NOT_FINISHED, ONE, FlowRecord, Metric, More, Owner, RawPacket, Shape


def as_json(flow: FlowRecord, *, raw: bool = False) -> dict[str, Any]:
    """Give a flow as Skydive writes it, with its omissions; with `raw`, LastRawPackets too.

    Of our own: Encap (see `carried`), FirstABns and FirstBAns.
    """
    shape, more = flow.shape, flow.more
    shown: dict[str, Any] = {
        "UUID": flow.uuid,
        "LayersPath": shape.layers_path,
        "Application": shape.application,
        **_layers(flow),
    }
    if more:
        shown |= {name: part for name, part in (("DNS", more.dns), *(more.other or {}).items()) if part}
    if update := flow.update:
        shown["LastUpdateMetric"] = update.json()
    shown["Metric"] = flow.metric.json()
    if more:
        shown |= {name: part for name, part in (("TCPMetric", more.tcp), ("IPMetric", more.ip)) if part}
    shown |= _identity(flow)
    if raw:
        shown["LastRawPackets"] = [raw_json(one) for one in flow.raw_packets]
    return shown


def _layers(flow: FlowRecord) -> dict[str, Any]:
    shape = flow.shape
    shown: dict[str, Any] = {}
    if shape.link_protocol:
        shown["Link"] = _layer(shape.link_protocol, flow.link_a, flow.link_b, shape.link_id)
    if shape.network_protocol:
        shown["Network"] = _layer(shape.network_protocol, flow.network_a, flow.network_b, shape.network_id)
    if shape.transport_protocol:
        shown["Transport"] = _layer(shape.transport_protocol, flow.port_a, flow.port_b, shape.transport_id)
    if shape.icmp_type is not None:
        icmp = {"Type": shape.icmp_type, "Code": shape.icmp_code, "ID": flow.port_a}
        shown["ICMP"] = {name: part for name, part in icmp.items() if part}
    return shown


def _layer(protocol: str, a: Any, b: Any, identifier: int) -> dict[str, Any]:
    return {"Protocol": protocol, "A": a, "B": b, "ID": identifier}


def _identity(flow: FlowRecord) -> dict[str, Any]:
    """The flow's fields behind its metrics."""
    shown: dict[str, Any] = {"Start": flow.start_ns // MS, "Last": flow.last_ns // MS}
    shown |= {"TrackingID": flow.tracking_id, "L3TrackingID": flow.l3_tracking_id}
    shown |= {"ParentUUID": flow.parent_uuid, "NodeTID": flow.node_tid, "CaptureID": flow.capture_id}
    shown["RawPacketsCaptured"] = flow.more.raw_captured if flow.more else 0
    if flow.finish != NOT_FINISHED:
        shown["FinishType"] = flow.finish
    if flow.encap:
        shown["Encap"] = carried.as_json(flow.encap)
    shown["FirstABns"] = flow.start_ns
    if flow.first_ba_ns is not None:
        shown["FirstBAns"] = flow.first_ba_ns
    return shown


def raw_json(packet: RawPacket) -> dict[str, Any]:
    """Give a raw packet as Skydive writes it: Timestamp in ms, Data in base64; of our own: Length, of one that is cut."""
    told: dict[str, Any] = {
        "Timestamp": packet.time_ns // MS,
        "Index": packet.number,
        "Data": b64encode(packet.data).decode(),
        "LinkType": packet.link_type,
    }
    return told | ({"Length": packet.length} if packet.length != len(packet.data) else {})


def parse_flow(document: Mapping[str, Any]) -> FlowRecord:
    """Give the flow that a JSON object describes (`as_json`'s, or Skydive's of any version); what is absent stays so.

    Raises ValueError, TypeError or AttributeError where a value is of a kind that no flow has.
    """
    link, network = document.get("Link") or {}, document.get("Network") or {}
    transport, icmp = document.get("Transport") or {}, document.get("ICMP") or {}
    shape = Shape(
        str(document.get("LayersPath", "")),
        str(link.get("Protocol", "")),
        int(link.get("ID") or 0),
        str(network.get("Protocol", "")),
        int(network.get("ID") or 0),
        str(transport.get("Protocol", "")).removesuffix("PORT"),
        int(transport.get("ID") or 0),
        str(icmp.get("Type", "")) if icmp else None,
        int(icmp.get("Code") or 0),
        str(document.get("Application", "")),
        carried.parse(document.get("Encap") or []),
    )
    owner = Owner(str(document.get("NodeTID", "")), str(document.get("CaptureID", "")))
    metric = _parse_metric(document.get("Metric") or document)
    flow = FlowRecord(shape, owner, str(document.get("UUID", "")), 0)
    flow.start_ns = int(document.get("FirstABns") or int(document.get("Start", 0)) * MS)
    flow.last_ns = int(document.get("Last", 0)) * MS
    flow.first_ba_ns = document.get("FirstBAns")
    flow.parent = str(document.get("ParentUUID", "")) or None
    flow.link_a, flow.link_b = link.get("A"), link.get("B")
    flow.network_a, flow.network_b = network.get("A"), network.get("B")
    flow.port_a, flow.port_b = _number(transport.get("A", icmp.get("ID"))), _number(transport.get("B"))
    flow.tracking_id, flow.l3_tracking_id = (str(document.get(k, "")) for k in ("TrackingID", "L3TrackingID"))
    flow.ab, flow.ba = metric.ab_packets * ONE + metric.ab_bytes, metric.ba_packets * ONE + metric.ba_bytes
    flow.rtt = metric.rtt_ns or None
    flow.finish = str(document.get("FinishType", NOT_FINISHED))
    flow.more = _parse_more(document)
    return flow


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _parse_metric(document: Mapping[str, Any]) -> Metric:
    numbers = [int(document.get(name) or 0) for name in ("ABPackets", "ABBytes", "BAPackets", "BABytes")]
    start, last = (int(document.get(name) or 0) * MS for name in ("Start", "Last"))
    return Metric(numbers[0], numbers[1], numbers[2], numbers[3], start, last, int(document.get("RTT") or 0))


def _parse_more(document: Mapping[str, Any]) -> More | None:
    more = More(
        tcp=document.get("TCPMetric"),
        ip=document.get("IPMetric"),
        dns=document.get("DNS"),
        raw_captured=int(document.get("RawPacketsCaptured") or 0),
        other={k: document[k] for k in ("DHCPv4", "VRRPv2", "SFlow") if document.get(k)} or None,
    )
    if document.get("LastUpdateMetric"):
        more.update = _parse_metric(document["LastUpdateMetric"])
    for one in document.get("LastRawPackets") or ():
        data, link_type = b64decode(one.get("Data", "")), int(one.get("LinkType") or 1)
        number, length = int(one["Index"]), int(one.get("Length") or len(data))
        more.raw_packets.append(RawPacket(int(one["Timestamp"]) * MS, number, data, link_type, length))
    return None if more == More() else more
