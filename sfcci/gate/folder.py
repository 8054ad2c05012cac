"""A run's folder: its lock, its note of the result, its end; runs whose tool was killed; how long evidence is kept."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sfcci import command, files
from sfcci.errors import DiskFull, Fault, InputError, MissingTool, Place, SfcciError
from sfcci.gate.evidence import LOG
from sfcci.gate.history import History
from sfcci.gate.job import Flows, Http, Job, JobResult, Result, Stream, Traffic
from sfcci.moment import parse_span
from sfcci.settings import Settings

RESULT = "result.json"
DATABASE = "database"
LOCK = "lock"
RESERVE = "reserve"
RESERVE_BYTES = 2**16
"""Room that is taken at the begin, so that a result can be written down when the disk is full."""
LAB_BYTES = 2**20
INSTALLED_BYTES = 2**24
REQUEST_BYTES = 7 * 2**10
STREAM_S = 10
"""So long a stream may flow, for the room that it takes."""
"""What a run takes on the disk: with a lab or with installed packages, and for each request through a chain of two groups
(measured: 6.5 KiB, of which 5.2 are the capture)."""
YOUNG_S = 60
"""Evidence of the last minute is never removed: its run may be taking its lock, its reader may have read of it just now."""
SIZES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def new_id() -> str:
    """Give an id that sorts by time: UTC to the second and six random hex digits."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def head_commit(project: Path) -> str:
    """Give the commit that the project's work tree stands on; "" when it is no git repository."""
    if not command.available("git"):
        return ""
    with contextlib.suppress(SfcciError):  # a git that is broken keeps no job from running
        return command.run(["git", "-C", project, "rev-parse", "HEAD"], timeout_s=10).stdout.strip()
    return ""


@dataclass(frozen=True)
class Folder:
    """The folder of one run; its name is the run's id."""

    path: Path

    @property
    def run(self) -> str:
        """The run's id."""
        return self.path.name

    @contextlib.contextmanager
    def begun(self, aborted: JobResult, settings: Settings, room_bytes: int = 0) -> Iterator[None]:
        """Hold the folder's lock for the block, with `aborted` noted as what became of it until it ends.

        Raises DiskFull (also where less than `room_bytes` are free), MissingTool (the state folder cannot be written).
        """
        with files.locked(self.path / LOCK):
            _check_room(self.path, room_bytes)
            files.write_text(self.path / DATABASE, database_mark(settings) + "\n")
            files.write_bytes(self.path / RESERVE, bytes(RESERVE_BYTES))
            self._note(aborted)
            yield

    def ended(self, result: JobResult, keep: Callable[[], None]) -> JobResult:
        """Keep the last of the evidence and note the result; give it as it is then.

        POST_FAILURE when it cannot be kept, without evidence when the disk is full.
        """
        (self.path / RESERVE).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            if not (self.path / LOG).stat().st_size:
                (self.path / LOG).unlink()
        try:
            if result.result is Result.DISK_FULL:
                return self._without_evidence(result)
            keep()
            self._note(result)
        except DiskFull as error:
            reasons = (f"{result.result}: {'; '.join(result.reasons)}", str(error))
            return self._without_evidence(replace(result, result=Result.DISK_FULL, reasons=reasons))
        except MissingTool as error:
            reasons = (
                f"{result.result}: {'; '.join(result.reasons)}",
                f"its evidence could not be kept: {error}",
            )
            return replace(result, result=Result.POST_FAILURE, reasons=reasons)
        return result

    def _without_evidence(self, result: JobResult) -> JobResult:
        """Give the room back that the run took; a result must be written down."""
        for path in self.path.iterdir():
            if path.name not in (LOCK, DATABASE, RESULT):
                _remove(path)
        freed = (*result.reasons, "its evidence was removed to make room")
        result = replace(result, reasons=freed, log_dir="")
        with contextlib.suppress(MissingTool):
            self._note(result)
        return result

    def _note(self, result: JobResult) -> None:
        files.write_text(self.path / RESULT, json.dumps(asdict(result), indent=1) + os.linesep)

    def remove(self) -> None:
        """Remove the folder and what lies in it."""
        _remove(self.path)


def room_bytes(job: Job) -> int:
    """Give the room on the disk that a run takes while it goes on: captures, ways of packets, installed packages."""
    kinds = [kind for step in job.steps for kind in step.traffic]
    requests = sum(_flows(kind) for kind in kinds)
    return (INSTALLED_BYTES if job.install else LAB_BYTES) + requests * REQUEST_BYTES


def _flows(kind: Traffic) -> int:
    """Give how many flows' packets are captured; of a stream those of some seconds."""
    if isinstance(kind, Http):
        return kind.requests
    if isinstance(kind, Flows):
        return kind.flows * len(kind.over)
    return round(kind.rate * STREAM_S) if isinstance(kind, Stream) else 0


def _check_room(path: Path, wanted: int) -> None:
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize
    if free < wanted:
        needs = f"the run needs {wanted / 2**20:.1f} MiB, and {free / 2**20:.1f} MiB are free"
        raise DiskFull(f"no room below {path.parent}", f"{needs}; free some space and run it again")


def evidence_folder(settings: Settings, result: JobResult) -> Path | None:
    """Give the folder with a run's evidence; None when it has none here: only the runs' own folders are looked into.

    What a result says about its folder is not trusted: it may have been imported, or come out of a shared database.
    """
    runs = settings.state / "runs"
    folder, told = runs / result.run, Path(result.log_dir)
    if not result.log_dir or "/" in result.run or result.run in {"", ".", ".."}:
        return None
    if told.name != result.run or not told.is_absolute() or told.parent.resolve() != runs.resolve():
        return None
    return folder if folder.is_dir() and not folder.is_symlink() else None


def record_aborted(history: History, settings: Settings) -> None:
    """Give this database the results of its runs whose tool was killed; runs that are alive hold their lock and stay."""
    there = {path.name: path for path in (settings.state / "runs").glob("*/")}
    mark = database_mark(settings)
    for name in sorted(set(there) - history.has(there)):
        if not (held := files.try_lock(there[name] / LOCK)):
            continue
        with held:
            result = _left_result(there[name], mark)
            if result is None:  # only beginning, ended just now, or another database's
                continue
            history.record([result])
            if not result.log_dir:
                _remove(there[name])


def clean(settings: Settings) -> None:
    """Remove the evidence that is older or more than is to be kept, the oldest first; never that of a run that goes on.

    Raises InputError for settings that say nothing sensible.
    """
    kept_s, left = kept(settings)
    newest_first = sorted((settings.state / "runs").glob("*/"), reverse=True)
    for path in newest_first:
        size, age_s = _size(path), time.time() - _changed(path)
        left -= size
        if age_s < YOUNG_S or (left >= 0 and age_s <= kept_s):
            continue
        if held := files.try_lock(path / LOCK):
            with held:
                _remove(path)
                left += size


def kept(settings: Settings) -> tuple[float, int]:
    """Give for how many seconds and up to how many octets evidence is kept. Raises InputError."""
    gate = settings.gate
    size = re.fullmatch(r"(\d+)([KMGT]?)", gate.keep_evidence_size.strip())
    if not size:
        found = repr(gate.keep_evidence_size)
        raise InputError(
            Fault(Place("[gate] keep_evidence_size"), found, "octets, or with K, M, G or T, such as 2G")
        )
    return parse_span(gate.keep_evidence, "[gate] keep_evidence"), int(size[1]) * SIZES[size[2]]


def database_mark(settings: Settings) -> str:
    """Give what tells run databases apart without telling their passwords."""
    return hashlib.sha256(settings.database_url.encode()).hexdigest()[:16]


def read_result(path: Path) -> JobResult | None:
    """Give the result that is noted in a run's folder; None when there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        told = json.loads((path / RESULT).read_text())
        return JobResult(**{**told, "result": Result(told["result"]), "reasons": tuple(told["reasons"])})
    return None


def _left_result(path: Path, mark: str) -> JobResult | None:
    """Give the result that a run noted for the database `mark`: ABORTED from its begin on, its verdict from its end on."""
    with contextlib.suppress(OSError):
        if (path / DATABASE).read_text().strip() == mark:
            (path / RESERVE).unlink(missing_ok=True)
            return read_result(path)
    return None


def _size(path: Path) -> int:
    """Give the octets that a folder takes on the disk."""
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(Path(root, name)).st_blocks * 512
    return total


def _changed(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return time.time()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


@contextlib.contextmanager
def alone(settings: Settings, *, wanted: bool) -> Iterator[None]:
    """Hold the lock of runs that shall not overlap, if that is `wanted`. Raises MissingTool when such a run goes on."""
    if not wanted:
        yield
        return
    path = settings.state / "alone.lock"
    held = files.try_lock(path)
    if held is None:
        raise MissingTool(
            f"nothing was run: another run with --no-overlap goes on ({path} is held)", "wait for its end"
        )
    with held:
        yield
