"""Names of metrics as Zuul gives them, and of the series that StatsD makes of them.

Two forms are in use: the one of today, and the short one from before Zuul v3 that old dashboards still ask for. All are
rows of one table, read and printed by the same rules, so `parse_name` and `str` are inverses. Sources: Zuul's
documentation (Monitoring), StatsD's `docs/graphite.md` and `docs/metric_types.md` with `legacyNamespace: true`.

What is told of a job's results (and its `wait_time`) is a `MetricName`; what is told of a whole pipeline, or of a project in
it (`all_jobs`, `current_changes`, `resident_time`, ...), is a `PipelineName`. One such figure is ours: the gauge
`pass_probability`, which Zuul does not know; it stands where Zuul puts its own figures of a project in a pipeline.
"""

import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from sfcci.errors import Fault, InputError, Place
from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import SeriesKey

FORMS = (
    "zuul.tenant.{tenant}.pipeline.{pipeline}.project.{host}.{project}.{branch}.job.{job}.{result}",
    "zuul.pipeline.{pipeline}.job.{job}.{result}",
)
"""Today's form, and the one from before Zuul v3. A part in braces is a field of `MetricName`."""
PIPELINE_FORMS = (
    "zuul.tenant.{tenant}.pipeline.{pipeline}.project.{host}.{project}.{branch}.{figure}",
    "zuul.tenant.{tenant}.pipeline.{pipeline}.{figure}",
    "zuul.pipeline.{pipeline}.{figure}",
)
"""A project in a pipeline, a pipeline, and the latter from before Zuul v3. A part in braces is a field of `PipelineName`."""
PASS_PROBABILITY = "pass_probability"  # noqa: S105 - no password
"""The probability that all voting jobs pass: the product of (1 - failure rate), over the 24 hours up to a step's end."""
TIMED = (Result.SUCCESS, Result.FAILURE, Result.POST_FAILURE, Result.TIMED_OUT)
"""Results of which Zuul also sends the duration."""
LEGAL_PART = re.compile(r"[A-Za-z0-9_-]+")


class Kind(StrEnum):
    """What StatsD makes of what Zuul sends; the value is the prefix of the series."""

    COUNT = "stats_counts"
    """How many in one step (a sum)."""
    TIMER = "stats.timers"
    """Figures of the durations in one step, in milliseconds."""
    GAUGE = "stats.gauges"
    """A value that holds until the next one."""
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
        _check_parts(self.pipeline, self.job, self.result, *(scope if any(scope) else ()))

    def __str__(self) -> str:
        return FORMS[0 if self.tenant else 1].format(**asdict(self))


@dataclass(frozen=True)
class PipelineName:
    """The name of a figure of a pipeline. Without a project: host, project and branch are ""; the short form has no tenant."""

    pipeline: str
    figure: str
    tenant: str = ""
    host: str = ""
    project: str = ""
    branch: str = ""

    def __post_init__(self) -> None:
        of_project = (self.host, self.project, self.branch)
        _check_parts(self.pipeline, self.figure, *((self.tenant, *of_project) if any(of_project) else ()))
        _check_parts(*((self.tenant,) if self.tenant else ()))

    def __str__(self) -> str:
        form = PIPELINE_FORMS[0 if self.project else 1 if self.tenant else 2]
        return form.format(**asdict(self))


def _check_parts(*parts: str) -> None:
    for text in parts:
        if not LEGAL_PART.fullmatch(text):
            raise InputError(Fault(Place("metric name"), f"the part {text!r}", "letters, digits, _ and -"))


@dataclass(frozen=True)
class SeriesName:
    """The name of a series in Graphite: what StatsD makes of a metric. `figure` is a timer's last part (mean, ...)."""

    kind: Kind
    metric: MetricName | PipelineName
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


def name_of(series: SeriesKey, result: str) -> MetricName:
    """Give the name, in today's form, under which a result in a series is counted."""
    given = {key: part(text) for key, text in series._asdict().items()}
    return MetricName(**given, result=part(result))


def parse_name(text: str) -> MetricName | PipelineName:
    """Read a name in any form; the inverse of `str`. Raises InputError with the part that does not fit."""
    parts = text.split(".")
    today = parts[:2] == ["zuul", "tenant"]
    forms = [form for form in (*FORMS, *PIPELINE_FORMS) if form.startswith("zuul.tenant.") is today]
    fitting = [form for form in forms if form.count(".") == len(parts) - 1]
    if not fitting:
        counts = ", ".join(str(form.count(".") + 1) for form in forms)
        raise InputError(Fault(Place(text), f"{len(parts)} parts", f"{counts} as in {' or '.join(forms)}"))
    given = {}
    for number, (word, found) in enumerate(zip(fitting[0].split("."), parts, strict=True), 1):
        if word.startswith("{"):
            given[word.strip("{}")] = found
        elif word != found:
            raise InputError(Fault(Place(text), f"part {number} is {found!r}", repr(word)))
    return MetricName(**given) if fitting[0] in FORMS else PipelineName(**given)


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
