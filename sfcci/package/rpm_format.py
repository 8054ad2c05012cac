"""The bytes of an RPM: lead, signature, header, payload; and of the cpio archive in the payload. Pure: bytes to values.

Source: RPM file format, version 4 (rpm.org, manual/format_v4); cpio's "new ASCII" format (cpio(5)).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from sfcci.errors import Fault, InputError, Place

Value = tuple[int, ...] | tuple[str, ...] | bytes
"""What a tag holds: numbers, texts, or bytes (BIN)."""
LEAD_BYTES = 96
LEAD_MAGIC = b"\xed\xab\xee\xdb"
HEADER_MAGIC = b"\x8e\xad\xe8\x01"
PREAMBLE_BYTES, ENTRY_BYTES = 16, 16
MAX_ENTRIES, MAX_STORE_BYTES = 65535, 256 * 2**20
"""rpm's own limits: nobody reads what is larger."""
NUMBERS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "Q"}
"""Type → struct's letter: CHAR, INT8, INT16, INT32, INT64."""
BIN, TEXTS = 7, (6, 8, 9)
"""BIN; STRING, STRING_ARRAY and I18NSTRING."""
CPIO_MAGIC, CPIO_BYTES, CPIO_END = b"070701", 110, "TRAILER!!!"


@dataclass(frozen=True)
class Tag:
    """One entry of a header."""

    number: int
    kind: int
    value: Value


@dataclass(frozen=True)
class Sections:
    """An RPM taken apart. The payload is compressed as the header says."""

    lead: bytes
    signature: dict[int, Tag]
    header: dict[int, Tag]
    header_start: int
    """Where the header begins in the file, in octets."""
    payload_start: int


def sections(data: bytes, path: str) -> Sections:
    """Take an RPM's bytes apart. Raises InputError: it is none, or it is cut off."""
    if data[:4] != LEAD_MAGIC or len(data) < LEAD_BYTES:
        raise _refused(path, "does not begin as an RPM")
    signature, end = _header(data, LEAD_BYTES, path)
    start = end + -end % 8
    header, payload = _header(data, start, path)
    return Sections(data[:LEAD_BYTES], signature, header, start, payload)


@dataclass(frozen=True)
class Member:
    """One file of a cpio archive."""

    path: str
    """As an installed path: absolute."""
    mode: int
    mtime: int
    data: bytes


def members(archive: bytes, path: str) -> tuple[Member, ...]:
    """Give the files in a cpio archive, in its order. Raises InputError for one that is cut off or no such archive."""
    return tuple(_members(archive, path))


def _members(archive: bytes, path: str) -> Iterator[Member]:
    at = 0
    while True:
        head = archive[at : at + CPIO_BYTES]
        if head[:6] != CPIO_MAGIC or len(head) < CPIO_BYTES:
            raise _refused(path, f"has a payload that is no cpio archive at octet {at}")
        fields = _hexadecimal(head, path)
        name_end = at + CPIO_BYTES + fields[11]
        name = archive[at + CPIO_BYTES : name_end].rstrip(b"\0").decode(errors="replace")
        if name == CPIO_END:
            return
        begin = name_end + -name_end % 4
        end = begin + fields[6]
        if end > len(archive):
            raise _refused(path, f"has a payload that ends in the middle of {name}")
        place = name.removeprefix(".") if name.startswith("./") else name
        yield Member(place, fields[1], fields[5], archive[begin:end])
        at = end + -end % 4


def _hexadecimal(head: bytes, path: str) -> list[int]:
    try:
        return [int(head[at : at + 8], 16) for at in range(6, CPIO_BYTES, 8)]
    except ValueError:
        raise _refused(path, "has a payload with a broken cpio header") from None


def _header(data: bytes, start: int, path: str) -> tuple[dict[int, Tag], int]:
    """Give a header's tags and where it ends."""
    preamble = data[start : start + PREAMBLE_BYTES]
    if preamble[:4] != HEADER_MAGIC or len(preamble) < PREAMBLE_BYTES:
        raise _refused(path, f"has no header at octet {start}")
    count, size = struct.unpack(">II", preamble[8:])
    index = start + PREAMBLE_BYTES
    store = index + count * ENTRY_BYTES
    if count > MAX_ENTRIES or size > MAX_STORE_BYTES or store + size > len(data):
        raise _refused(path, "is cut off, or has a header that lies about its size")
    held = data[store : store + size]
    tags = {}
    for at in range(index, store, ENTRY_BYTES):
        number, kind, offset, length = struct.unpack(">IIII", data[at : at + ENTRY_BYTES])
        tags[number] = Tag(number, kind, _value(held, kind, offset, length, path))
    return tags, store + size


def _value(store: bytes, kind: int, offset: int, count: int, path: str) -> Value:
    if kind in NUMBERS:
        letter = NUMBERS[kind]
        end = offset + count * struct.calcsize(letter)
        if end <= len(store):
            return struct.unpack(f">{count}{letter}", store[offset:end])
    elif kind == BIN:
        if offset + count <= len(store):
            return store[offset : offset + count]
    elif kind in TEXTS:
        parts = store[offset:].split(b"\0", count)
        if count < len(parts):
            return tuple(part.decode(errors="replace") for part in parts[:count])
    elif kind == 0:
        return b""
    raise _refused(path, "has a header whose entries lie beyond its end")


def _refused(path: str, found: str) -> InputError:
    return InputError(Fault(Place(path), found, "a whole RPM (format 4)"))
