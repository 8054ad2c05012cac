"""Ids in few octets: half of the run database would be UUIDs in hexadecimal digits."""

import re
import uuid

_HEX, _UUID, _TEXT = b"\x00", b"\x01", b"\x02"
_LAST = b"\xff" * 64
"""Behind every id: UTF-8 has no such octet, and ids in hexadecimal digits are shorter."""
_IS_HEX = re.compile(r"(?:[0-9a-f]{2}){4,}")


def packed(text: str) -> bytes:
    """Give an id in few octets: UUIDs and hexadecimal digits take half, other texts one more than they have.

    Texts that are equal give equal octets, others do not.
    """
    if _IS_HEX.fullmatch(text):
        return _HEX + bytes.fromhex(text)
    if len(text) == 36 and text[8] == "-" and (found := _uuid(text)) and str(found) == text:  # noqa: PLR2004 - a UUID's
        return _UUID + found.bytes
    return _TEXT + text.encode() if text else b""


def unpacked(data: bytes) -> str:
    """Give the id again; the inverse of `packed`."""
    kind, rest = data[:1], data[1:]
    if kind == _HEX:
        return rest.hex()
    return str(uuid.UUID(bytes=rest)) if kind == _UUID else rest.decode()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def between(prefix: str) -> tuple[tuple[bytes, bytes], ...]:
    """Give ranges (both ends belong to them) of octets that hold every packed id whose text begins with `prefix`.

    They may hold a few others.
    """
    ranges = [(_TEXT + prefix.encode(), _TEXT + prefix.encode() + _LAST)]
    digits = prefix.replace("-", "")
    if re.fullmatch("[0-9a-f]*", digits):
        low, high = (bytes.fromhex(digits + filler * (len(digits) % 2)) for filler in "0f")
        ranges += [(kind + low, kind + high + _LAST) for kind in (_HEX, _UUID)]
    return tuple(ranges)
