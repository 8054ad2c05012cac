"""Results of other CI systems brought into the run database: files read whole or refused whole."""

import gzip
import hashlib
import sys
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.cases import Origin, check_job, runs_of
from sfcci.gate.job import JobResult
from sfcci.gate.junit_read import read_junit
from sfcci.gate.results_read import begins_results, read_results
from sfcci.gate.subunit import SIGNATURE, read_subunit
from sfcci.gate.zuul_builds import read_builds

FORMATS = ("junit", "subunit", "zuul", "sfcci")
CHUNK = 2**20
MAX_BYTES = 4 * 2**30
"""Of JUnit XML and subunit, which are read as they come; what is packed counts unpacked."""
MAX_JSON_BYTES = 256 * 2**20
"""Of JSON, which is held in memory whole."""
CLOCKS_S = 86400
"""Clocks differ, and a JUnit file's times have no zone: so far beyond now a time is believed."""
STDIN = Path("-")
_ENDINGS = (".gz", ".xml", ".subunit", ".json")


@dataclass(frozen=True)
class Imported:
    """What a file has: its format, its runs, how many entries were left out, by reason."""

    path: Path
    kind: str
    runs: tuple[JobResult, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_file(path: Path, kind: str, origin: Origin, *, each: bool = False) -> Imported:
    """Read a file (packed by gzip or not; "-" is standard input); `kind` is one of FORMATS, or "auto".

    `each`: every test is a run of its own. Raises InputError with the place of each fault.
    """
    latest_s = time.time() + CLOCKS_S
    shown = "standard input" if path == STDIN else str(path)
    with _opened(path, shown) as file:
        content = _Content(file, shown)
        kind = _kind(content, shown) if kind == "auto" else kind
        if kind == "zuul":
            found = read_builds(_text(content, shown), shown, origin, latest_s)
            return Imported(path, kind, found.runs, found.left_out)
        if kind == "sfcci":
            return Imported(path, kind, read_results(_text(content, shown), shown, origin, latest_s))
        origin = replace(origin, job=origin.job or job_of(path))
        check_job(origin.job, Place(shown))
        reader = read_junit if kind == "junit" else read_subunit
        tests = reader(content.chunks(MAX_BYTES), shown, latest_s)
    return Imported(path, kind, tuple(runs_of(tests, origin, content.digest(), each=each)))


def job_of(path: Path) -> str:
    """Give the job that a file is of when nobody says it: the file's name without its endings."""
    name = path.name
    while name.endswith(_ENDINGS):
        name = name[: name.rindex(".")]
    return name


class _Content:
    """What a file holds, read once: unpacked, bounded, with a digest at the end."""

    def __init__(self, file: BufferedReader, shown: str) -> None:
        self._shown = shown
        packed = file.peek(2)[:2] == b"\x1f\x8b"
        self._file: gzip.GzipFile | BufferedReader = (
            gzip.GzipFile(fileobj=file, mode="rb") if packed else file
        )
        self._digest = hashlib.sha256()
        self._begin = self._read(CHUNK)

    @property
    def begin(self) -> bytes:
        """The first octets."""
        return self._begin

    def chunks(self, limit: int) -> Iterator[bytes]:
        """Give the content in parts. Raises InputError when it is longer than the limit."""
        chunk, size = self._begin, 0
        while chunk:
            size += len(chunk)
            if size > limit:
                raise InputError(Fault(Place(self._shown), "is too large", f"at most {limit >> 20} MiB"))
            self._digest.update(chunk)
            yield chunk
            chunk = self._read(CHUNK)

    def digest(self) -> str:
        """Give the digest of what has been read."""
        return self._digest.hexdigest()

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(Fault(Place(self._shown), str(error), "a whole file of gzip")) from None
        except OSError as error:
            raise InputError(
                Fault(Place(self._shown), error.strerror or str(error), "a readable file")
            ) from None


def _opened(path: Path, shown: str) -> BufferedReader:
    if path == STDIN:
        return BufferedReader(sys.stdin.buffer)  # type: ignore[arg-type] # any stream of octets will do
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(Fault(Place(shown), error.strerror or str(error), "a readable file")) from None


def _kind(content: _Content, shown: str) -> str:
    """Tell the format by the first octets."""
    begin = content.begin[:1000]
    if begin[:1] == bytes([SIGNATURE]):
        return "subunit"
    text = begin.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<") or begin[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "junit"
    if text[:1] in {b"[", b"{"}:
        return "sfcci" if begins_results(text) else "zuul"
    hint = (
        "for subunit version 1: subunit-1to2 makes version 2 of it"
        if text[:5] in {b"test:", b"time:"}
        else ""
    )
    found = f"begins with {begin[:20]!r}" if begin else "is empty"
    raise InputError(
        Fault(Place(shown), found, "JUnit XML, subunit version 2, JSON of Zuul's API or of sfcci", hint)
    )


def _text(content: _Content, shown: str) -> str:
    data = b"".join(content.chunks(MAX_JSON_BYTES))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Fault(Place(shown), f"octet {error.start} is not UTF-8", "JSON in UTF-8")) from None
