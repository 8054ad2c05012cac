"""What an RPM installs, file by file: its payload unpacked and read in memory, installed nowhere."""

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from sfcci import command, files
from sfcci.errors import Fault, InputError, Place
from sfcci.package.headers import Package, header, rpm_bytes
from sfcci.package.rpm_format import members, sections

TIMEOUT_S = 120.0


def read_package(path: Path) -> Package:
    """Read an RPM with its payload. Raises InputError (no whole RPM), MissingTool, ToolError (zstd)."""
    data = rpm_bytes(path)
    parts = sections(data, str(path))
    found = header(parts)
    archive = unpacked(data[parts.payload_start :], found.compressor, str(path))
    return Package(found, members(archive, str(path)))


def unpacked(data: bytes, compressor: str, path: str) -> bytes:
    """Give a payload unpacked: a cpio archive. Raises as `read_package`."""
    unpack = UNPACK.get(compressor)
    if unpack is None:
        expected = f"one that is packed with {', '.join(sorted(UNPACK))}"
        raise InputError(Fault(Place(path), f"has a payload packed with {compressor!r}", expected))
    try:
        return unpack(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise InputError(
            Fault(Place(path), f"has a payload that cannot be unpacked: {error}", "a whole RPM")
        ) from None


def _from_zstd(data: bytes) -> bytes:
    """By the program: Python knows it from 3.14 on only."""
    with tempfile.TemporaryDirectory(prefix="sfcci-payload-") as folder:
        packed, cpio = Path(folder, "payload.zst"), Path(folder, "payload.cpio")
        with files.disk_errors(packed):
            packed.write_bytes(data)
            command.run(["zstd", "--decompress", "--quiet", "-o", cpio, packed], timeout_s=TIMEOUT_S)
            return cpio.read_bytes()


UNPACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "bzip2": bz2.decompress,
    "xz": lzma.decompress,
    "lzma": lzma.decompress,
    "zstd": _from_zstd,
}
"""rpm's name of a way to pack → its inverse."""
