"""Names of metrics as Zuul gives them, and of the series that StatsD makes of them.

Two forms are in use: the one of today, and the short one from before Zuul v3 that old dashboards still ask for. Both are
rows of one table, read and printed by the same rules, so `parse_name` and `str` are inverses. Sources: Zuul's
documentation (Monitoring), StatsD's `docs/graphite.md` and `docs/metric_types.md` with `legacyNamespace: true`.
"""

import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.job import JobResult, Result

FORMS = (
    "zuul.tenant.{tenant}.pipeline.{pipeline}.project.{host}.{project}.{branch}.job.{job}.{result}",
    "zuul.pipeline.{pipeline}.job.{job}.{result}",
)
"""Today's form, and the one from before Zuul v3. A part in braces is a field of `MetricName`."""
TIMED = (Result.SUCCESS, Result.FAILURE, Result.POST_FAILURE, Result.TIMED_OUT)
"""Results of which Zuul also sends the duration."""
LEGAL_PART = re.compile(r"[A-Za-z0-9_-]+")


class Kind(StrEnum):
    """What StatsD makes of what Zuul sends; the value is the prefix of the series."""

    COUNT = "stats_counts"
    """How many in one step (a sum)."""
    TIMER = "stats.timers"
    """Figures of the durations in one step, in milliseconds."""
    RATE = "stats"
    """How many per second; read, never written: it is COUNT divided by the step."""


@dataclass(frozen=True)
class MetricName:
    """The name of a job's result. The short form has neither tenant, host, project nor branch: all four are ""."""

    pipeline: str
    job: str
    result: str
    tenant: str = ""
    host: str = ""
    project: str = ""
    branch: str = ""

    def __post_init__(self) -> None:
        scope = (self.tenant, self.host, self.project, self.branch)
        parts = (self.pipeline, self.job, self.result, *(scope if any(scope) else ()))
        for text in parts:
            if not LEGAL_PART.fullmatch(text):
                raise InputError(
                    Fault(Place("metric name"), f"the part {text!r}", "letters, digits, _ and -")
                )

    def __str__(self) -> str:
        return FORMS[0 if self.tenant else 1].format(**asdict(self))


@dataclass(frozen=True)
class SeriesName:
    """The name of a series in Graphite: what StatsD makes of a metric. `figure` is a timer's last part (mean, ...)."""

    kind: Kind
    metric: MetricName
    figure: str = ""

    def __post_init__(self) -> None:
        if (self.kind is Kind.TIMER) != bool(self.figure) or (
            self.figure and not LEGAL_PART.fullmatch(self.figure)
        ):
            raise InputError(
                Fault(Place("series name"), f"the figure {self.figure!r}", "one for a timer, none else")
            )

    def __str__(self) -> str:
        name = f"{self.kind}.{self.metric}"
        return f"{name}.{self.figure}" if self.figure else name


def part(text: str) -> str:
    """Give `text` as one part of a name: Zuul turns `.` and `/` into `_`, StatsD spaces too, and drops what is left."""
    return re.sub(r"[^A-Za-z0-9_-]", "", re.sub(r"[./\s]", "_", text)) or "_"


def metric_name(result: JobResult) -> MetricName:
    """Give the name, in today's form, under which a job's result is counted."""
    given = {field.name: part(str(getattr(result, field.name))) for field in fields(MetricName)}
    return MetricName(**given)


def parse_name(text: str) -> MetricName:
    """Read a name in either form; the inverse of `str`. Raises InputError with the part that does not fit."""
    parts = text.split(".")
    form = FORMS[0 if parts[:2] == ["zuul", "tenant"] else 1].split(".")
    if len(parts) != len(form):
        raise InputError(Fault(Place(text), f"{len(parts)} parts", f"{len(form)}: {'.'.join(form)}"))
    given = {}
    for number, (word, found) in enumerate(zip(form, parts, strict=True), 1):
        if word.startswith("{"):
            given[word.strip("{}")] = found
        elif word != found:
            raise InputError(Fault(Place(text), f"part {number} is {found!r}", repr(word)))
    return MetricName(**given)


def _path_pattern(form: str) -> "re.Pattern[str]":
    """Give the pattern of paths that begin as names of a form do, up to the job; wildcards are words like others."""
    prefixes = "|".join(re.escape(f"{kind}.") for kind in Kind)
    words = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^.]*)", re.escape(form.rpartition(".")[0]))
    return re.compile(rf"(?:{prefixes})?{words}(?![^.])")


_PATHS = tuple(_path_pattern(form) for form in FORMS)


def parts_of(path: str) -> dict[str, tuple[str, int]] | None:
    """Give the parts of a path expression that names jobs, wildcards and all, with their offsets; None for any other path.

    Part by name (pipeline, job, and in today's form tenant, host, project, branch); series of StatsD and bare names alike.
    """
    for pattern in _PATHS:
        if found := pattern.match(path):
            return {name: (word, found.start(name)) for name, word in found.groupdict().items()}
    return None


def parse_series(text: str) -> SeriesName:
    """Read the name of a series; the inverse of `str`. Raises InputError."""
    for kind in Kind:  # in the order of declaration: stats.timers before stats
        if text.startswith(f"{kind}."):
            name = text.removeprefix(f"{kind}.")
            if kind is not Kind.TIMER:
                return SeriesName(kind, parse_name(name))
            name, _, figure = name.rpartition(".")
            return SeriesName(kind, parse_name(name), figure)
    raise InputError(Fault(Place(text), "no prefix of StatsD", ", ".join(f"{kind}." for kind in Kind)))
