"""An sdist as an archive: judged member by member, and the few texts in it that metadata is read from.

Nothing is unpacked. What no honest author makes is refused at the first member that shows it: paths that leave the
folder, links out, devices, bombs (in the files or in tar's own headers).
"""

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath

from sfcci.errors import Fault, InputError, Place

MAX_UNPACKED_BYTES = 2 * 2**30
MAX_MEMBERS = 200_000
MAX_TEXT_BYTES = 4 * 2**20
TOLD = re.compile(
    r"PKG-INFO|pyproject\.toml|([^/]+/)?[^/]*requirements[^/]*\.txt|([^/]+/){1,3}conf\.py"
    r"|[^/]+\.egg-info/(entry_points|requires|top_level)\.txt"
)
"""Paths below the archive's folder of what is read as text."""


@dataclass(frozen=True)
class Archive:
    """What an honest sdist holds. Paths are those below its one folder, with "/"."""

    folder: str
    """As in networking_sfc-23.0.0."""
    files: frozenset[str]
    texts: Mapping[str, str]


def read_archive(sdist: Path) -> Archive:
    """Judge an sdist (.tar.gz) and read the texts in it. Raises InputError (truncated, hostile, empty)."""
    texts: dict[str, str] = {}
    names: list[str] = []
    folder = ""
    try:
        with _Careful(sdist, "rb") as raw, tarfile.open(fileobj=raw, mode="r:") as archive:
            for member in _judged(sdist, archive):
                folder, _, inner = member.name.partition("/")
                if not member.isdir():
                    names.append(inner)
                if member.isreg() and member.size <= MAX_TEXT_BYTES and TOLD.fullmatch(inner):
                    texts[inner] = _text(archive, member)
            _read_to_the_end(raw)
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        raise refused(sdist, f"is no whole archive: {error}", "a .tar.gz as its author made it") from None
    return Archive(folder, frozenset(names), texts)


def refused(path: Path, found: str, expected: str) -> InputError:
    """Give the error of a source that cannot be used."""
    return InputError(Fault(Place(str(path)), found, expected))


class _Careful(gzip.GzipFile):
    """A file that nobody reads much of at once: tar's own headers may claim to be gigabytes long."""

    def read(self, size: int | None = -1) -> bytes:
        """Give the next bytes. Raises ReadError for more than a text's worth."""
        if size is None or not 0 <= size <= MAX_TEXT_BYTES:
            raise tarfile.ReadError("a header of it is longer than any text")
        return super().read(size)


def _read_to_the_end(file: gzip.GzipFile) -> None:
    """See that the compressed stream is whole: its checksum stands behind the last member."""
    size = 0
    while block := file.read(2**16):
        size += len(block)
        if size > MAX_UNPACKED_BYTES:
            raise tarfile.ReadError("it does not end")


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = archive.extractfile(member)
    return file.read().decode("utf-8", "replace") if file else ""


def _judged(sdist: Path, archive: tarfile.TarFile) -> Iterable[tarfile.TarInfo]:
    """Give the members one by one. Raises InputError at the first that an honest sdist has not."""
    size, tops = 0, set()
    for number, member in enumerate(archive):
        size += member.size
        tops.add(PurePosixPath(member.name).parts[:1])
        if why := _hostile(member):
            raise refused(sdist, f"member {member.name!r} {why}", "files below one folder")
        if size > MAX_UNPACKED_BYTES or number >= MAX_MEMBERS:
            raise refused(sdist, "unpacks to too much", f"at most {MAX_UNPACKED_BYTES >> 30} GiB")
        if len(tops) > 1:
            raise refused(sdist, "holds more than one folder", "one folder NAME-VERSION")
        yield member


def _hostile(member: tarfile.TarInfo) -> str:
    """Say what a member would do outside its folder; "" for an honest one."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        return "lies outside the archive's folder"
    if member.issym() or member.islnk():
        start = path.parent if member.issym() else PurePosixPath()
        target = normpath(str(start / member.linkname))
        if PurePosixPath(target).parts[:1] != path.parts[:1]:
            return f"links out of the archive, to {member.linkname!r}"
        return ""
    return "" if member.isreg() or member.isdir() else "is a device or a pipe"
