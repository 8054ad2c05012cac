"""What an RPM installs, file by file: its payload unpacked by rpm2cpio, read in memory, installed nowhere."""

import tempfile
from pathlib import Path

from sfcci import command, files
from sfcci.package.headers import Package, header, rpm_bytes
from sfcci.package.rpm_format import members, sections

TIMEOUT_S = 120.0


def read_package(path: Path) -> Package:
    """Read an RPM with its payload. Raises InputError (no whole RPM), MissingTool, ToolError."""
    found = header(sections(rpm_bytes(path), str(path)))
    return Package(found, members(unpacked(path), str(path)))


def unpacked(path: Path) -> bytes:
    """Give an RPM's payload, unpacked: a cpio archive. Raises MissingTool, ToolError."""
    with tempfile.TemporaryDirectory(prefix="sfcci-payload-") as folder:
        archive = Path(folder, "payload.cpio")
        with files.disk_errors(archive):
            command.run(["rpm2cpio", path], timeout_s=TIMEOUT_S, log=archive)
            return archive.read_bytes()
