"""RPMs made out of nothing but bytes: for tests of what reads them."""

import gzip
import struct

from sfcci.package.headers import TAGS

INT16, INT32, STRING, BIN, STRINGS = 3, 4, 6, 7, 8
KINDS = {"Filemodes": INT16, "Name": STRING, "Version": STRING, "Release": STRING, "Arch": STRING}


def header_bytes(tags):
    """A header: number → (kind, values)."""
    index, store = b"", b""
    for number, (kind, values) in sorted(tags.items()):
        width = {INT16: 2, INT32: 4}.get(kind, 1)
        store += b"\0" * (-len(store) % width)
        count = len(values)
        index += struct.pack(">IIII", number, kind, len(store), count)
        if kind in {INT16, INT32}:
            store += struct.pack(f">{count}{'H' if kind == INT16 else 'I'}", *values)
        elif kind == BIN:
            store += values
        else:
            store += b"".join(value.encode() + b"\0" for value in values)
    return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", len(tags), len(store)) + index + store


def cpio_bytes(members):
    """A cpio archive: path → (mode, mtime, data)."""
    out = b""
    for path, (mode, mtime, data) in [*members.items(), ("TRAILER!!!", (0, 0, b""))]:
        name = (path if path == "TRAILER!!!" else f".{path}").encode() + b"\0"
        fields = (1, mode, 0, 0, 1, mtime, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        out += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    return out


def rpm_bytes(members=None, **tags):
    """A whole RPM: names of tags → texts or numbers, as lists or alone."""
    given = {
        "Name": "sample",
        "Version": "1",
        "Release": "1",
        "Arch": "noarch",
        "Sourcerpm": "s.src.rpm",
        **tags,
    }
    found = {}
    for name, value in given.items():
        values = value if isinstance(value, list | tuple) else [value]
        default = INT32 if isinstance(values[0], int) else STRING if not isinstance(value, list) else STRINGS
        found[TAGS[name]] = (KINDS.get(name, default), values)
    signature = header_bytes({1000: (INT32, [1])})
    signature += b"\0" * (-(96 + len(signature)) % 8)
    payload = gzip.compress(cpio_bytes(members or {}), mtime=0)
    return b"\xed\xab\xee\xdb".ljust(96, b"\0") + signature + header_bytes(found) + payload
