"""The runs behind a point of a series: which runs of the database made the value that Graphite shows at a moment.

A point is a step of the archive that Graphite reads, and that depends on the left edge of what is asked for: whisper takes
the finest archive that still covers it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sfcci.errors import UsageError
from sfcci.gate.job import BAD, Result
from sfcci.gate.query import Query, SeriesKey
from sfcci.metric import probability
from sfcci.metric.glob import pattern
from sfcci.metric.name import FORMS, PIPELINE_FORMS, TIMED, Kind, part
from sfcci.metric.retention import Archive
from sfcci.metric.series import FIGURES

COUNTED = (Result.SUCCESS, *BAD)
ALL_JOBS = "all_jobs"
ANY_PARTS = "**"


@dataclass(frozen=True)
class Step:
    """What one shown point covers: [begin, end), in an archive; `first_s`: the begin of the first step that is shown."""

    begin_s: int
    end_s: int
    archive: Archive
    first_s: int


@dataclass(frozen=True)
class Window:
    """A path expression (a series, a bare name of Zuul's, a glob), and the time [begin, end) of it that made a value."""

    path: str
    begin_s: int
    end_s: int


@dataclass(frozen=True)
class Asked:
    """A question to the run database; of the runs, only those that voted when `voting_only`."""

    query: Query
    voting_only: bool = False


def step_at(
    at_s: float,
    retentions: Sequence[Archive],
    now_s: float,
    *,
    from_s: float | None = None,
    point_s: int | None = None,
) -> Step:
    """Give the step that holds a moment, as Graphite shows it from `from_s` on (None: from the moment on).

    `point_s` is the distance of the points where there were more than the graph has room for: graphite-web then draws
    several steps as one, whose time is that of the second of them. Raises UsageError for what Graphite does not keep.
    """
    left_s = at_s if from_s is None else min(from_s, at_s)
    archive = next((one for one in retentions if now_s - left_s <= one.kept_s), None)
    if archive is None and now_s - at_s <= retentions[-1].kept_s:
        archive = retentions[-1]
    if archive is None:
        raise UsageError(
            f"Graphite keeps no values of that time; it goes back {retentions[-1].kept_s // 86400} days"
        )
    first_s = archive.start(left_s) + (archive.step_s if from_s is not None else 0)
    begin_s = archive.start(at_s)
    if point_s and point_s > archive.step_s:
        begin_s = begin_s // point_s * point_s - archive.step_s
        return Step(begin_s, begin_s + point_s, archive, first_s)
    return Step(begin_s, begin_s + archive.step_s, archive, first_s)


def asked(
    windows: Iterable[Window], known: Iterable[SeriesKey], retentions: Sequence[Archive]
) -> tuple[tuple[Asked, ...], tuple[str, ...]]:
    """Give the questions whose answers are the runs of the windows, no run twice, and the paths that mean none of `known`."""
    keys = tuple(known)
    names: dict[int, dict[str, _Places]] = {}
    times: dict[tuple[SeriesKey, Result, bool], list[tuple[int, int]]] = defaultdict(list)
    unknown = []
    for window in dict.fromkeys(windows):
        fits = _pattern(window.path).fullmatch
        found = []
        for dots in _DOTS if ANY_PARTS in window.path else (window.path.count("."),):
            if dots not in names:
                names[dots] = _names(keys, dots)
            found += [places for name, places in names[dots].items() if fits(name)]
        if not found:
            unknown.append(window.path)
        for gauge, places in found:
            begin, end = _of_gauge(window, retentions) if gauge else (window.begin_s, window.end_s)
            for key, result in places:
                times[key, result, gauge].append((begin, end))
    return tuple(_asked(times)), tuple(dict.fromkeys(unknown))


def _pattern(path: str) -> "re.Pattern[str]":
    """Give what a path matches; in it `**` stands for any number of parts, as Graphite's search has it."""
    if ANY_PARTS not in path:
        return pattern(path)
    parts = path.split(".")
    texts = [r"(?:[^.]+\.)*" if one == ANY_PARTS else rf"{pattern(one).pattern}\." for one in parts[:-1]]
    last = r"[^.]+(?:\.[^.]+)*" if parts[-1] == ANY_PARTS else pattern(parts[-1]).pattern
    return re.compile("".join([*texts, last]))


_Places = tuple[bool, list[tuple[SeriesKey, Result]]]


def _names(known: Iterable[SeriesKey], dots: int) -> dict[str, _Places]:
    """Give every name with so many dots that runs are told under: series of StatsD, bare names, both forms; and whose they are.

    Each with whether it is the gauge, of which a whole day is behind a value.
    """
    names: dict[str, _Places] = {}
    results = [one for one in _RESULTS if one[0].count(".") == dots]
    pipelines = [form for form in _ALL_JOBS if form.count(".") == dots]
    gauge = probability.GAUGE if probability.GAUGE.count(".") == dots else ""
    for key in known:
        words = {name: part(text) for name, text in key._asdict().items()}
        for form, result in results:
            names.setdefault(form.format(**words), (False, []))[1].append((key, result))
        for form in pipelines:
            names.setdefault(form.format(**words), (False, []))[1].extend((key, result) for result in Result)
        if gauge:
            names.setdefault(gauge.format(**words), (True, []))[1].extend((key, result) for result in COUNTED)
    return names


def _forms() -> Iterator[tuple[str, Result]]:
    """Give the forms of the names that a result is told under."""
    for result in Result:
        for form in FORMS:
            metric = form.replace("{result}", result)
            yield from ((f"{prefix}{metric}", result) for prefix in (f"{Kind.COUNT}.", f"{Kind.RATE}.", ""))
            if result in TIMED:
                yield from ((f"{Kind.TIMER}.{metric}.{figure}", result) for figure in FIGURES)


_RESULTS = tuple(_forms())
_ALL_JOBS = tuple(f"{Kind.COUNT}.{form.replace('{figure}', ALL_JOBS)}" for form in PIPELINE_FORMS[1:])
_DOTS = sorted({form.count(".") for form in (*(form for form, _ in _RESULTS), *_ALL_JOBS, probability.GAUGE)})


def _of_gauge(window: Window, retentions: Sequence[Archive]) -> tuple[int, int]:
    """Give the 24 hours up to the end of the gauge's step."""
    step_s = probability.grid_s(retentions)
    first, last = (at // step_s * step_s + step_s for at in (window.begin_s, window.end_s - 1))
    return first - probability.WINDOW_S, last


def _asked(times: dict[tuple[SeriesKey, Result, bool], list[tuple[int, int]]]) -> Iterator[Asked]:
    """Put what has the same time together: first the results of a series, then the series with the same results."""
    results: dict[tuple[int, int, bool, SeriesKey], list[Result]] = defaultdict(list)
    for (key, result, gauge), spans in times.items():
        for begin, end in _joined(spans):
            results[begin, end, gauge, key].append(result)
    series: dict[tuple[int, int, bool, tuple[Result, ...]], list[SeriesKey]] = defaultdict(list)
    for (begin, end, gauge, key), found in results.items():
        series[begin, end, gauge, tuple(sorted(found, key=[*Result].index))].append(key)
    for (begin, end, gauge, found_results), keys in series.items():
        query = Query(
            series=tuple(keys), results=found_results, since_s=begin, until_s=end, newest_first=True
        )
        yield Asked(query, voting_only=gauge)


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join times that overlap."""
    begin = end = 0
    for first, last in sorted(spans):
        if first > end:
            if end > begin:
                yield begin, end
            begin, end = first, last
        end = max(end, last)
    if end > begin:
        yield begin, end
