"""pcapng: captured frames to bytes and back, with the interface's name and the direction of each frame.

One section, one interface block per port, one enhanced packet block per frame; `epb_flags` carries the direction as
the switch sees it. The reader takes either byte order, several sections, any time resolution; what it does not know
it skips, and what is broken is an InputError.

Source: draft-ietf-opsawg-pcapng (block types and options).
"""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sfcci.errors import Fault, InputError, Place

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
BYTE_ORDER = 0x1A2B3C4D
ETHERNET = 1
IF_NAME, IF_TSRESOL, IF_TSOFFSET, EPB_FLAGS = 2, 9, 14, 2
DIRECTIONS = ("", "in", "out", "")
"""epb_flags bits 0-1 → direction: 1 inbound, 2 outbound (draft, section 4.3.1)."""
NANOSECONDS = 9
SNAP_LENGTH = 262144
MAX_FRAME = 1 << 20
MAX_BLOCK = 1 << 24
"""Octets of a block at most: a damaged length must not ask for all memory."""
MAX_NAME = 255
_HEAD, _LAST = 8, 4


@dataclass(frozen=True)
class CapturedFrame:
    """A frame as it passed a port: `direction` "in" into the switch, "out" of it, "" unknown.

    `time_ns` is since the epoch; `length` is the frame's own, `data` may be shorter (cut by the capture).
    """

    time_ns: int
    interface: str
    direction: str
    data: bytes
    length: int
    link_type: int = ETHERNET

    @property
    def time_s(self) -> float:
        """The time in seconds (to about 200 ns, as a float can)."""
        return self.time_ns / 1e9


def header(interfaces: Sequence[str]) -> bytes:
    """Give a section header and one interface block per name, in nanoseconds."""
    section = struct.pack("<IHHq", BYTE_ORDER, 1, 0, -1)
    return _block(SECTION, section) + b"".join(_interface(name) for name in interfaces)


def packet(interface: int, time_ns: int, direction: str, data: bytes, length: int) -> bytes:
    """Give the enhanced packet block of one frame of the interface with that number."""
    padded = len(data) + -len(data) % 4
    size = 32 + padded + 12
    flags = DIRECTIONS.index(direction)
    return (
        struct.pack(
            "<IIIIIII",
            ENHANCED_PACKET,
            size,
            interface,
            time_ns >> 32,
            time_ns & 0xFFFFFFFF,
            len(data),
            length,
        )
        + data.ljust(padded, b"\0")
        + struct.pack("<HHIII", EPB_FLAGS, 4, flags, 0, size)
    )


def dump(frames: Iterable[CapturedFrame], interfaces: Sequence[str] = ()) -> bytes:
    """Give a whole capture; interfaces that are not named are added in the order of their first frame."""
    kept = tuple(frames)
    names = list(dict.fromkeys([*interfaces, *(frame.interface for frame in kept)]))
    numbers = {name: number for number, name in enumerate(names)}
    return header(names) + b"".join(
        packet(numbers[f.interface], f.time_ns, f.direction, f.data, f.length) for f in kept
    )


def read(source: bytes | Path) -> tuple[CapturedFrame, ...]:
    """Give the frames of a capture in file order. Raises InputError."""
    if isinstance(source, bytes):
        return tuple(stream(io.BytesIO(source), "capture"))
    try:
        with source.open("rb") as file:
            return tuple(stream(file, str(source)))
    except OSError as error:
        raise InputError(
            Fault(Place(str(source)), error.strerror or str(error), "a readable capture")
        ) from None


def stream(file: BinaryIO, name: str, begun: bytes = b"") -> Iterator[CapturedFrame]:
    """Give the frames of an open capture one at a time; `begun` was read of it already. Raises InputError, OSError."""
    return _Reader(file, name, begun).frames()


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def _interface(name: str) -> bytes:
    options = (
        _option(IF_NAME, name.encode()[:MAX_NAME])
        + _option(IF_TSRESOL, bytes([NANOSECONDS]))
        + _option(0, b"")
    )
    return _block(INTERFACE, struct.pack("<HHI", ETHERNET, 0, SNAP_LENGTH) + options)


@dataclass(frozen=True)
class _Interface:
    name: str
    units_per_s: int
    offset_s: int
    link_type: int


@dataclass
class _Reader:
    """A walk over the blocks of one file; `order` is the section's byte order as struct spells it."""

    file: BinaryIO
    path: str
    ahead: bytes = b""
    """Octets that were read and not yet used."""
    order: str = "<"
    interfaces: list[_Interface] = field(default_factory=list)

    def frames(self) -> Iterator[CapturedFrame]:
        at = 0
        while head := self._octets(_HEAD):
            if at == 0 and head[:4] != struct.pack("<I", SECTION):
                raise self._broken(0, "is not a pcapng capture", "a section header block")
            kind, body = self._block(head, at)
            if kind == INTERFACE:
                self.interfaces.append(self._interface(body, at))
            elif kind == ENHANCED_PACKET:
                yield self._packet(body, at)
            elif kind in (OLD_PACKET, SIMPLE_PACKET):
                raise self._broken(at, f"packet block type {kind}", "enhanced packet blocks")
            at += _HEAD + len(body) + _LAST
        if at == 0:
            raise self._broken(0, "is not a pcapng capture", "a section header block")

    def _octets(self, count: int) -> bytes:
        found, self.ahead = self.ahead[:count], self.ahead[count:]
        return found + self.file.read(count - len(found)) if len(found) < count else found

    def _block(self, head: bytes, at: int) -> tuple[int, bytes]:
        """Give kind and body of the block at `at`; a section header changes the byte order first."""
        if head[:4] == struct.pack("<I", SECTION) and len(head) == _HEAD:
            self.ahead = self._octets(_LAST)
            self._section(self.ahead, at)
        if len(head) < _HEAD:
            raise self._broken(at, "ends in the middle of a block" if at else "is not a pcapng capture")
        kind, size = struct.unpack(self.order + "II", head)
        if size < _HEAD + _LAST or size % 4:
            raise self._broken(at, f"block length {size}", "a multiple of 4, at least 12")
        if size > MAX_BLOCK:
            raise self._broken(at, f"block length {size}", f"at most {MAX_BLOCK}")
        rest = self._octets(size - _HEAD)
        if len(rest) < size - _HEAD:
            raise self._broken(at, "ends in the middle of a block")
        if struct.unpack_from(self.order + "I", rest, len(rest) - _LAST)[0] != size:
            raise self._broken(at, "the two lengths of a block differ")
        return kind, rest[:-_LAST]

    def _section(self, magic: bytes, at: int) -> None:
        orders = {struct.pack(order + "I", BYTE_ORDER): order for order in "<>"}
        if magic not in orders:
            raise self._broken(at, "no byte-order magic in a section header")
        self.order, self.interfaces = orders[magic], []

    def _interface(self, body: bytes, at: int) -> _Interface:
        if len(body) < 8:  # noqa: PLR2004 - link type, reserved, snap length
            raise self._broken(at, "a short interface block")
        link_type = struct.unpack_from(self.order + "H", body)[0]
        options = self._options(body[8:], at)
        resolution = options.get(IF_TSRESOL, b"\x06")[:1] or b"\x06"
        base, power = (2, resolution[0] & 0x7F) if resolution[0] & 0x80 else (10, resolution[0])
        offset = options.get(IF_TSOFFSET, b"")
        return _Interface(
            options.get(IF_NAME, b"").decode(errors="replace"),
            base**power,
            struct.unpack(self.order + "q", offset)[0] if len(offset) == 8 else 0,  # noqa: PLR2004 - int64
            link_type,
        )

    def _packet(self, body: bytes, at: int) -> CapturedFrame:
        if len(body) < 20:  # noqa: PLR2004 - five words in front of the data
            raise self._broken(at, "a short packet block")
        number, high, low, kept, length = struct.unpack_from(self.order + "IIIII", body)
        if number >= len(self.interfaces):
            raise self._broken(at, f"a packet of interface {number}, which no block describes")
        if kept > len(body) - 20:
            raise self._broken(at, f"a packet of {kept} bytes in a smaller block")
        flags = self._options(body[20 + kept + -kept % 4 :], at).get(EPB_FLAGS, b"")
        word = struct.unpack(self.order + "I", flags)[0] if len(flags) == 4 else 0  # noqa: PLR2004 - uint32
        interface = self.interfaces[number]
        ticks = (high << 32) | low
        time_ns = interface.offset_s * 10**9 + ticks * 10**9 // interface.units_per_s
        data = body[20 : 20 + kept]
        return CapturedFrame(time_ns, interface.name, DIRECTIONS[word & 3], data, length, interface.link_type)

    def _options(self, data: bytes, at: int) -> dict[int, bytes]:
        options: dict[int, bytes] = {}
        place = 0
        while place + 4 <= len(data):
            code, size = struct.unpack_from(self.order + "HH", data, place)
            if code == 0:
                break
            if size > len(data) - place - 4:
                raise self._broken(at, "an option is longer than its block")
            options.setdefault(code, data[place + 4 : place + 4 + size])
            place += 4 + size + -size % 4
        return options

    def _broken(self, at: int, found: str, expected: str = "") -> InputError:
        return InputError(Fault(Place(self.path), f"byte {at}: {found}", expected))
