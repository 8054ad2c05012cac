"""Filters of packets as tcpdump writes them (pcap-filter(7)), compiled by libpcap; for frames in hand and for sockets.

`compiled("tcp port 80").matches(frame)` says whether a frame is meant; `attach` has the kernel give a socket those alone. A
filter means the same in both places: the frame as it was on the wire. A kernel takes the VLAN tag out of a frame that came
in, so it lets those that had one pass, and who puts the tag back asks the filter itself.
Sources: bpf(4), linux/filter.h, pcap_compile(3PCAP).
"""

import ctypes
import functools
import socket
import struct
import threading
from dataclasses import dataclass

from sfcci.errors import Fault, InputError, MissingTool, Place
from sfcci.machine import install_hint

ETHERNET, RAW_IP = 1, 101
WHOLE = 262144
"""A snap length that cuts nothing."""
LONGEST = 2048
"""Characters of an expression: libpcap's time and memory grow with it."""
LIBRARIES = ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so")
LINK_TYPES = {RAW_IP: 12}
"""Link types whose number in files is not libpcap's own (pcap-linktype(7))."""
SO_ATTACH_FILTER = 26
MOST_INSTRUCTIONS = 4096
INSTRUCTION = struct.Struct("=HBBI")
"""code, jump if true, jump if false, operand."""
LOAD_TAG = INSTRUCTION.pack(0x20, 0, 0, 0xFFFFF000 + 48)
"""Load whether the kernel holds a VLAN tag of this frame (SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)."""
UNLESS_TAG = INSTRUCTION.pack(0x15, 1, 0, 0)
LOAD_KIND = INSTRUCTION.pack(0x20, 0, 0, 0xFFFFF000 + 4)
"""Load how the frame passed (SKF_AD_OFF + SKF_AD_PKTTYPE)."""
IF_OUTGOING = INSTRUCTION.pack(0x15, 1, 0, 4)
_RETURN = 0x06


@dataclass(frozen=True)
class Filter:
    """A filter for frames of a link type (as numbered in captures); "" takes all. It gives the first `snap` octets."""

    expression: str
    link_type: int
    snap: int
    program: bytes

    def matches(self, frame: bytes, length: int | None = None) -> bool:
        """Say whether it takes a frame of which `frame` is the beginning; `length` is the whole frame's own."""
        if not self.expression:
            return True
        kept = len(frame)
        return bool(_library().bpf_filter(self.program, frame, kept if length is None else length, kept))


@functools.lru_cache(256)
def compiled(expression: str, link_type: int = ETHERNET, snap: int = WHOLE) -> Filter:
    """Give the filter of an expression. Raises InputError in libpcap's words, MissingTool without libpcap.

    "" needs no libpcap.
    """
    if not expression.strip():
        return Filter("", link_type, snap, INSTRUCTION.pack(_RETURN, 0, 0, snap))
    if len(expression) > LONGEST or not expression.isprintable():
        raise _bad(expression[:60], f"a filter of at most {LONGEST} printable characters")
    with _compiling:  # libpcap's parser is nobody's to share
        program = _program(expression, link_type, snap)
    if len(program) > (MOST_INSTRUCTIONS - 6) * INSTRUCTION.size:
        raise _bad(f"{len(program) // INSTRUCTION.size} instructions", "a filter of at most 4090")
    return Filter(expression, link_type, snap, program)


def attach(sock: socket.socket, wanted: Filter, *, outgoing_only: bool = False) -> None:
    """Have a packet socket hear only what the filter takes, cut to its length, and what had a VLAN tag. Raises OSError."""
    program = wanted.program
    if wanted.expression:
        program = LOAD_TAG + UNLESS_TAG + INSTRUCTION.pack(_RETURN, 0, 0, wanted.snap) + program
    if outgoing_only:
        program = LOAD_KIND + IF_OUTGOING + INSTRUCTION.pack(_RETURN, 0, 0, 0) + program
    held = ctypes.create_string_buffer(program, len(program))
    count = len(program) // INSTRUCTION.size
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", count, ctypes.addressof(held)))


class _Program(ctypes.Structure):
    """struct bpf_program (pcap/bpf.h)."""

    _fields_ = (("count", ctypes.c_uint), ("instructions", ctypes.c_void_p))


_compiling = threading.Lock()


@functools.cache
def _library() -> ctypes.CDLL:
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.pcap_open_dead.restype = ctypes.c_void_p
        library.pcap_geterr.restype = ctypes.c_char_p
        library.pcap_geterr.argtypes = library.pcap_close.argtypes = (ctypes.c_void_p,)
        whom = (ctypes.c_void_p, ctypes.POINTER(_Program), ctypes.c_char_p, ctypes.c_int, ctypes.c_uint32)
        library.pcap_compile.argtypes = whom
        library.bpf_filter.restype = ctypes.c_uint
        library.bpf_filter.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint, ctypes.c_uint)
        return library
    raise MissingTool("filters need libpcap, which is not installed", install_hint("tcpdump"))


def _program(expression: str, link_type: int, snap: int) -> bytes:
    library, made = _library(), _Program()
    handle = library.pcap_open_dead(LINK_TYPES.get(link_type, link_type), snap)
    try:
        netmask_unknown = 0xFFFFFFFF
        if library.pcap_compile(handle, ctypes.byref(made), expression.encode(), 1, netmask_unknown):
            raise _bad(f"{expression}: {library.pcap_geterr(handle).decode(errors='replace')}", "")
        program = ctypes.string_at(made.instructions, made.count * INSTRUCTION.size)
        library.pcap_freecode(ctypes.byref(made))
        return program
    finally:
        library.pcap_close(handle)


def _bad(found: str, expected: str) -> InputError:
    return InputError(Fault(Place("filter"), found, expected))
