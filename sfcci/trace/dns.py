"""DNS messages read: octets → the object that Skydive's flows have for them.

Compressed names may point in circles and records may lie about their number: names have at most 255 octets, and a
message that ends early is no message. Source: RFC 1035 section 4, RFC 3596 (AAAA), RFC 2782 (SRV).
"""

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Any

TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 41: "OPT", 255: "ANY",
}  # fmt: skip
CLASSES = {1: "IN", 2: "CS", 3: "CH", 4: "HS", 255: "ANY"}
OPERATIONS = {0: "Query", 1: "Inverse Query", 2: "Status", 4: "Notify", 5: "Update"}
RESPONSES = {
    0: "No Error", 1: "Format Error", 2: "Server Failure", 3: "Non-Existent Domain", 4: "Not Implemented",
    5: "Query Refused",
}  # fmt: skip
FLAGS = {"QR": 0x8000, "AA": 0x0400, "TC": 0x0200, "RD": 0x0100, "RA": 0x0080}
COUNTS = ("q_d_count", "a_n_count", "n_s_count", "a_r_count")
SECTIONS = ("questions", "answers", "authorities", "additionals")
MAX_NAME = 255
_HEADER, _QUESTION, _RECORD = struct.Struct("!6H"), struct.Struct("!HH"), struct.Struct("!HHIH")
_SOA = struct.Struct("!5I")


def read_message(data: bytes) -> dict[str, Any] | None:
    """Give a message's fields (those that are 0 or empty are left out), or None when it cannot be read."""
    try:
        return _message(data)
    except (struct.error, ValueError, IndexError):
        return None


def _message(data: bytes) -> dict[str, Any]:
    identifier, flags, *counts = _HEADER.unpack_from(data)
    told: dict[str, Any] = {"ID": identifier}
    told |= {name: bool(flags & bit) for name, bit in FLAGS.items()}
    told["Z"] = flags >> 4 & 7
    told = {name: value for name, value in told.items() if value}
    told["op_code"] = OPERATIONS.get(flags >> 11 & 15, "Unknown")
    told["response_code"] = RESPONSES.get(flags & 15, "Unknown")
    told |= {name: count for name, count in zip(COUNTS, counts, strict=True) if count}
    at = _HEADER.size
    for section, count in zip(SECTIONS, counts, strict=True):
        found = []
        for _ in range(count):
            one, at = _question(data, at) if section == "questions" else _record(data, at)
            found.append(one)
        if found:
            told[section] = found
    return told


def _question(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    name, at = _name(data, at)
    kind, class_ = _QUESTION.unpack_from(data, at)
    return {"name": name, "type": _word(TYPES, kind), "class": _word(CLASSES, class_)}, at + _QUESTION.size


def _record(data: bytes, at: int) -> tuple[dict[str, Any], int]:
    name, at = _name(data, at)
    kind, class_, ttl, length = _RECORD.unpack_from(data, at)
    at += _RECORD.size
    if at + length > len(data):
        raise ValueError
    told = {"name": name, "type": _word(TYPES, kind), "class": _word(CLASSES, class_), "TTL": ttl}
    shown = {**told, "data_length": length, **_value(data, at, length, TYPES.get(kind, ""))}
    return {name: value for name, value in shown.items() if value not in (0, "")}, at + length


def _value(data: bytes, at: int, length: int, kind: str) -> dict[str, Any]:  # noqa: PLR0911 - one per type
    octets = data[at : at + length]
    if kind in ("A", "AAAA") and length == (4 if kind == "A" else 16):
        return {"IP": str(IPv4Address(octets) if kind == "A" else IPv6Address(octets))}
    if kind in ("NS", "CNAME", "PTR"):
        return {{"NS": "NS", "CNAME": "c_name", "PTR": "PTR"}[kind]: _name(data, at)[0]}
    if kind == "MX":
        return {"MX": {"preference": struct.unpack_from("!H", octets)[0], "name": _name(data, at + 2)[0]}}
    if kind == "SRV":
        priority, weight, port = struct.unpack_from("!3H", octets)
        name = _name(data, at + 6)[0]
        return {"SRV": {"priority": priority, "weight": weight, "port": port, "name": name}}
    if kind == "TXT":
        return {"TXT": octets[1:].decode("ascii", "replace")}
    if kind == "SOA":
        return {"SOA": _authority(data, at)}
    return {}


def _authority(data: bytes, at: int) -> dict[str, Any]:
    primary, at = _name(data, at)
    mailbox, at = _name(data, at)
    numbers = _SOA.unpack_from(data, at)
    names = ("serial", "refresh", "retry", "expire", "minimum")
    return {"m_name": primary, "r_name": mailbox, **dict(zip(names, numbers, strict=True))}


def _name(data: bytes, at: int) -> tuple[str, int]:
    """Give a name and where what follows it begins. Each pointer must lead back: no circles."""
    parts: list[str] = []
    after, size, before = None, 0, at
    while data[at]:
        length = data[at]
        if length >= 0xC0:  # noqa: PLR2004 - the two bits of a pointer
            after = after or at + 2
            at = (length & 0x3F) << 8 | data[at + 1]
            if at >= before:
                raise ValueError
            before = at
            continue
        size += length + 1
        if size > MAX_NAME or at + 1 + length > len(data):
            raise ValueError
        parts.append(data[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(parts), after or at + 1


def _word(words: dict[int, str], number: int) -> str:
    return words.get(number, str(number))
