"""Proof that Graphite has what it was sent. carbon confirms nothing: its cache dies with it, a full disk takes nothing.

The private Graphite's files are read, so what is proven is on the disk. Of another Graphite graphite-web is asked; it
answers out of carbon's cache too, and what carbon loses after that nobody sees but the sums (`audit`).
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Protocol

from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance
from sfcci.metric.point import Point
from sfcci.metric.retention import Archive
from sfcci.metric.whisper import WhisperFile

SETTLE_S = 10.0
"""Nothing more having come for so long, it is not waited for: carbon writes once a second, a busy machine later."""
POLL_S = 0.1
ENOUGH_MISSING = 40
"""So many series not there, and the others are not looked at yet: carbon is at work."""
SERIES_AT_ONCE = 200
Steps = Mapping[int, float]
"""Begin of a step → value."""


class Proof(Protocol):
    """How it is found out what a Graphite has."""

    def lacking(self, wanted: Mapping[str, Steps]) -> Iterator[str]:
        """Give those of the series that do not hold all of their steps, as they are found."""


def proof_of(instance: Instance) -> Proof | None:
    """Give the strongest proof that can be had of a Graphite; None when it cannot be read."""
    if instance.folder:
        return OnDisk(instance.folder / "storage" / "whisper")
    return Answered(GraphiteReader(instance.url), instance.retentions) if instance.url else None


def missing(points: Iterable[Point], proof: Proof, settle_s: float = SETTLE_S) -> frozenset[str]:
    """Wait until the points are there; give the series that still lack some when nothing more comes for `settle_s`."""
    wanted = {
        name: {point.time_s: point.value for point in series}
        for name, series in groupby(points, key=lambda point: point.name)
    }
    deadline = time.monotonic() + settle_s
    while wanted:
        asked = list(wanted)
        lacking = set(islice(proof.lacking(wanted), ENOUGH_MISSING))
        settled = asked[: max(map(asked.index, lacking))] if len(lacking) == ENOUGH_MISSING else asked
        there = [name for name in settled if name not in lacking]
        for name in there:
            del wanted[name]
        deadline = time.monotonic() + settle_s if there else deadline
        if wanted and time.monotonic() > deadline:
            break
        time.sleep(POLL_S if wanted else 0)
    return frozenset(wanted)


class OnDisk:
    """Reads whisper's files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lacking(self, wanted: Mapping[str, Steps]) -> Iterator[str]:
        """Give the series whose files lack steps, in the order of `wanted`."""
        for name, steps in wanted.items():
            if not self._holds(name, steps):
                yield name

    def _holds(self, name: str, steps: Steps) -> bool:
        try:
            data = (
                self.folder.joinpath(*name.split("."))
                .with_name(f"{name.rpartition('.')[2]}.wsp")
                .read_bytes()
            )
            return WhisperFile(data).holds(steps, time.time())
        except (FileNotFoundError, ValueError):
            return False


class Answered:
    """Asks graphite-web."""

    def __init__(self, reader: GraphiteReader, retentions: Sequence[Archive]) -> None:
        self.reader, self.retentions = reader, retentions

    def lacking(self, wanted: Mapping[str, Steps]) -> Iterator[str]:
        """Give the series in whose answers steps are lacking, in the order of `wanted`."""
        left = iter(wanted)
        while names := list(islice(left, SERIES_AT_ONCE)):
            found = self._values({name: wanted[name] for name in names})
            oldest_s = (
                self.retentions[-1].start(time.time() - self.retentions[-1].kept_s)
                + 2 * self.retentions[-1].step_s
            )
            for name in names:
                seen = found.get(name, {})
                if any(
                    not _equal(seen.get(at), value) for at, value in wanted[name].items() if at >= oldest_s
                ):
                    yield name

    def _values(self, wanted: Mapping[str, Steps]) -> dict[str, dict[int, float]]:
        """Give what is there, each archive's steps asked for from a time that only this archive and coarser ones reach."""
        found: dict[str, dict[int, float]] = {}
        now_s, younger = time.time(), -1
        for archive in self.retentions:
            times = {
                name: [at for at in steps if younger < now_s - at <= archive.kept_s]
                for name, steps in wanted.items()
            }
            asked = [name for name, found_times in times.items() if found_times]
            younger = archive.kept_s
            if asked:
                begin = min(min(times[name]) for name in asked)
                end = max(max(times[name]) for name in asked)
                for series in self.reader.render(asked, begin - 1, end, only_values=True):
                    found.setdefault(series.name, {}).update(
                        {at: value for value, at in series.values if value is not None}
                    )
        return found


def _equal(found: float | None, wanted: float) -> bool:
    return found is not None and abs(found - wanted) <= 1e-9 * max(abs(found), abs(wanted))
