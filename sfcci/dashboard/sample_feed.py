"""Made-up series put into a Graphite: one of their own that lives as long as it is looked at, or a pod's.

Only names below `sample.` are ever written, by carbon's listener; the run database is neither read nor written.
"""

import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sfcci import files
from sfcci.address import without_user
from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.sample import Sample, sampled
from sfcci.errors import MissingTool, SfcciError, Unreachable
from sfcci.metric import carbon, instance
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance
from sfcci.metric.supervisor import SCRATCH
from sfcci.settings import Graphite, Settings

HOUR_S, DAY_S = 3600, 86400
STAGES = ((60, DAY_S + HOUR_S), (600, 8 * DAY_S), (HOUR_S, 31 * DAY_S))
"""Step → how far back; each begins where the one before it ends."""
FIRST = ((60, DAY_S + HOUR_S), (60, 6 * HOUR_S), (120, 6 * HOUR_S), (300, 6 * HOUR_S), (600, 6 * HOUR_S))
"""The first stage, of which as much is written before a page is shown ..."""
FIRST_POINTS = 100_000
"""... as these points reach."""
SERIES_BYTES = 128 * 1024
"""What a month of a series takes on the disk."""
BEAT_S = 60
KNOWN_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.1
Say = Callable[[str], None]


def _quietly(_text: str) -> None:
    pass


def feed(
    sample: Sample, to: Instance, say: Say = _quietly, *, ahead_s: int = 0, only_new: bool = False
) -> None:
    """Write a month of all series into a Graphite (`only_new`: of those that it does not know) and wait until it knows them.

    With `ahead_s` the series go on so long without anybody who feeds them: Graphite shows of the future what has come.
    Raises Unreachable.
    """
    there = set(GraphiteReader(to.url).expand(list(sample.names))) if only_new and sample.names else set()
    names = [name for name in sample.names if name not in there]
    say(f"writing made-up values of {len(names)} series to carbon at {to.carbon}")
    for span in spans(time.time(), ahead_s):
        _send(sample, to, span, names)
    _wait_until_known(names, to)


def spans(now_s: float, ahead_s: int = 0) -> Iterator[tuple[float, float, int]]:
    """Give begin, end and step of what is written, the newest first."""
    end = now_s + ahead_s
    for step_s, back_s in STAGES:
        yield now_s - back_s, end, step_s
        end = now_s - back_s


def _send(
    sample: Sample, to: Instance, span: tuple[float, float, int], only: Iterable[str] | None = None
) -> None:
    if to.carbon is None:
        raise Unreachable(f"carbon's address beside {without_user(to.url)} is not known")
    carbon.send(sample.series(*span, only), to.carbon, to.pickle)


def _wait_until_known(names: Sequence[str], to: Instance) -> None:
    """Wait until Graphite answers for all names: carbon makes the files after it has taken the points."""
    if not to.url or not names:
        return
    reader = GraphiteReader(to.url)
    deadline = time.monotonic() + KNOWN_TIMEOUT_S
    while len(reader.expand(list(names))) < len(names):
        if time.monotonic() > deadline:
            raise Unreachable(f"Graphite at {reader.shown} does not show what carbon at {to.carbon} was sent")
        time.sleep(POLL_S)


class Feeder:
    """Keeps a Graphite filled with what some dashboards ask for; `prepare` makes of dashboards their sample."""

    def __init__(self, to: Instance, say: Say = _quietly) -> None:
        self.to, self.say = to, say
        self._sample = Sample((), ())
        self._fed: dict[str, None] = {}
        self._new: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._beat_s = time.time()

    def prepare(self, dashboards: Sequence[Dashboard]) -> tuple[Dashboard, ...]:
        """Give the sample of dashboards once Graphite has the last hours of all that they ask for. Raises Unreachable."""
        sample = sampled(dashboards)
        if new := tuple(name for name in sample.names if name not in self._fed):
            self.say(f"making up {len(new)} series" + (", not all that are asked for" if sample.cut else ""))
            _check_disk(self.to, len(new))
            now_s = time.time()
            step_s, back_s = _first(len(new))
            _send(sample, self.to, (now_s - back_s, now_s, step_s), new)
            _wait_until_known(new, self.to)
            self._fed |= dict.fromkeys(new)
            self._new.put(new)
        self._sample = sample
        return sample.dashboards

    @contextlib.contextmanager
    def going(self) -> Iterator["Feeder"]:
        """Write what is older, and what comes, for the block."""
        thread = threading.Thread(target=self._go, name="sample", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._new.put(())
            thread.join(STOP_TIMEOUT_S)

    def _go(self) -> None:
        while not self._ended.is_set():
            try:
                new: tuple[str, ...] = ()
                with contextlib.suppress(queue.Empty):
                    new = self._new.get(timeout=BEAT_S)
                self._older(new)
                self._newer()
            except SfcciError as error:
                self.say(f"no more made-up values: {error}")
                return

    def _older(self, names: Sequence[str]) -> None:
        """Write a month of some series, piece by piece, so that an end need not wait."""
        for span in spans(time.time()):
            for at in range(0, len(names), 20):
                if self._ended.is_set():
                    return
                _send(self._sample, self.to, span, names[at : at + 20])

    def _newer(self) -> None:
        """Write what has come since the last beat."""
        begin_s, self._beat_s = self._beat_s - BEAT_S, time.time()
        if not self._ended.is_set():
            _send(self._sample, self.to, (begin_s, self._beat_s, STAGES[0][0]), list(self._fed))


def _check_disk(to: Instance, count: int) -> None:
    if to.folder and count * SERIES_BYTES > instance.free_bytes(to.folder):
        need = count * SERIES_BYTES // 2**20 + 1
        raise MissingTool(
            f"no room for {count} series below {to.folder}", f"free {need} MiB and run it again"
        )


def _first(count: int) -> tuple[int, int]:
    """Give step and reach of what so many series begin with."""
    return next((one for one in FIRST if count * one[1] // one[0] <= FIRST_POINTS), FIRST[-1])


@contextlib.contextmanager
def running(settings: Settings, say: Say = _quietly) -> Iterator[Feeder]:
    """Give what feeds a Graphite of its own, which is up for the block and gone after it, with all that it held.

    It lies in `sample` of the state folder, and goes also when this process is killed. Raises Unreachable, MissingTool.
    """
    root = settings.state / "sample"
    with contextlib.ExitStack() as stack:
        with files.locked(root / "lock"):
            _sweep(root)
            own = replace(settings, state=root / uuid.uuid4().hex[:8], graphite=Graphite())
            folder = instance.folder_of(own)
            files.write_text(folder / SCRATCH, "goes with its Graphite\n")
            stack.callback(_wait_until_gone, folder)
            found = stack.enter_context(instance.running(own, say))
        yield stack.enter_context(Feeder(found, say).going())


def _sweep(root: Path) -> None:
    """Remove what is left of those that ended with the machine. The caller holds the lock, so none is just beginning."""
    for mark in root.glob(f"*/graphite/{SCRATCH}"):
        locks = [mark.parent / name for name in ("users", "supervisor.lock")]
        if all(_is_free(lock) for lock in locks):
            files.remove_tree(mark.parents[1])


def _is_free(path: Path) -> bool:
    if not path.exists():
        return True
    lock = files.try_lock(path)
    if lock:
        lock.close()
    return lock is not None


def _wait_until_gone(folder: Path) -> None:
    """Wait until Graphite has taken its folder away; do it where none was started, or it could not."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while folder.exists() and not _is_free(folder / "supervisor.lock") and time.monotonic() < deadline:
        time.sleep(POLL_S / 2)
    files.remove_tree(folder.parent)
