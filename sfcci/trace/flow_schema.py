"""Every field that a flow of Skydive's schema may have, by its dotted name."""

from typing import Final

_METRIC = ("ABPackets", "ABBytes", "BAPackets", "BABytes", "Start", "Last", "RTT")
_SEGMENTS = (
    "SegmentOutOfOrder",
    "SegmentSkipped",
    "SegmentSkippedBytes",
    "Packets",
    "Bytes",
    "SawStart",
    "SawEnd",
)
_TCP = (
    *(end + name for name in ("SynStart", "SynTTL", "FinStart", "RstStart") for end in ("AB", "BA")),
    *(end + name for end in ("AB", "BA") for name in _SEGMENTS),
)
_RECORD = (
    *("", "Name", "Type", "Class", "TTL", "DataLength", "IP", "NS", "CName", "PTR", "TXTs"),
    *("SOA." + name for name in ("MName", "RName", "Serial", "Refresh", "Retry", "Expire", "Minimum")),
    *("SRV." + name for name in ("Priority", "Weight", "Port", "Name")),
    *("MX.Preference", "MX.Name", "OPT", "OPT.Code", "OPT.Data"),
)
_DNS = (
    *("ID", "QR", "OpCode", "AA", "TC", "RD", "RA", "Z", "ResponseCode"),
    *("QDCount", "ANCount", "NSCount", "ARCount"),
    *("Questions", "Questions.Name", "Questions.Type", "Questions.Class"),
    *(
        part + "." * bool(name) + name
        for part in ("Answers", "Authorities", "Additionals")
        for name in _RECORD
    ),
    *("Timestamp.Seconds", "Timestamp.Nanos"),
)
_DHCP = (
    *("Contents", "Payload", "HardwareLen", "HardwareOpts", "Xid", "Secs", "Flags", "ServerName", "File"),
)
_VRRP = ("Contents", "Payload", "Version", "VirtualRtrID", "Priority", "CountIpaddr", "AdverInt", "Checksum")
_ENDS = ("Protocol", "A", "B", "ID")


def _of(part: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{part}.{name}" for name in names)


FIELDS: Final = (
    *("UUID", "LayersPath", "Application"),
    *_of("Link", _ENDS),
    *_of("Network", _ENDS),
    *_of("Transport", _ENDS),
    *_of("ICMP", ("Type", "Code", "ID")),
    *_of("DHCPv4", _DHCP),
    *_of("DNS", _DNS),
    *_of("VRRPv2", _VRRP),
    *_of("LastUpdateMetric", _METRIC),
    *_of("Metric", _METRIC),
    *_of("TCPMetric", _TCP),
    *_of("IPMetric", ("Fragments", "FragmentErrors")),
    *("Start", "Last", "TrackingID", "L3TrackingID", "ParentUUID", "NodeTID", "CaptureID", "LastRawPackets"),
    *_of("LastRawPackets", ("Timestamp", "Index", "Data", "LinkType")),
    *("RawPacketsCaptured", "FinishType"),
)

OWN: Final = (
    "Encap",
    *_of("Encap", ("Type", "ID", "Label", "TTL", "SPI", "SI", "VNI", "Key")),
    "FirstABns",
    "FirstBAns",
)
"""What flows have beyond that schema."""

NAMES: Final = frozenset(
    ".".join(parts[:count])
    for parts in (field.split(".") for field in (*FIELDS, *OWN))
    for count in range(1, len(parts) + 1)
)
"""Every key that a flow may have: fields, and the parts that they lie in."""
