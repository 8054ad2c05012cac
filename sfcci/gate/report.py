"""The gate's report as values: each pipeline's figures, its jobs with what needs a look first, what changes cost.

`report_of` makes it of results by column. How it is told is elsewhere: `report_text`, `report_json`, `report_html`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import compress, islice
from typing import NamedTuple

from sfcci.gate import buildsets, figures
from sfcci.gate.buildsets import ChangeFigures, ProjectKey, Verdicts
from sfcci.gate.figures import ENOUGH, WINDOWS, JobFigures, Level, Rate
from sfcci.gate.link import job_link
from sfcci.gate.query import Outcomes, Query, SeriesKey, SeriesOutcomes, Tested, asked_for

HITTERS = 3
"""So many changes with the most bad results are told of a regression."""
SUSPECTS = 5
"""So many changes that merged right before a regression are told."""
CHANCE = 0.05
"""A regression seems over when so many good results in a row are less likely than this at the rate since it began."""


class Mark(StrEnum):
    """What a job is marked with beside its level."""

    REGRESSED = "regressed"
    STOPPED = "stopped"
    FLAKY = "flaky"


_WEIGHTS: Mapping[str, int] = {
    Level.ALARM: 6,
    Level.RED: 5,
    Mark.REGRESSED: 4,
    Level.AMBER: 3,
    Mark.STOPPED: 3,
    Level.LOOK: 2,
    Mark.FLAKY: 1,
}


class PipelineKey(NamedTuple):
    """A pipeline of a branch of a project."""

    tenant: str
    pipeline: str
    host: str
    project: str
    branch: str


@dataclass(frozen=True)
class Hitter:
    """A change (or a commit that is of no known change) and its results since a regression began."""

    tested: Tested
    bad: int
    n: int


@dataclass(frozen=True)
class Regression:
    """Since when a job fails more often, and what is known of why."""

    since_s: float
    """The end of the first bad run."""
    earliest_s: float
    """The fault may have come so early: results after it may have been good by luck."""
    before: Rate
    after: Rate
    probability: float
    """That chance did it."""
    first: Tested
    """What the first bad run tested."""
    last_good_s: float
    last_good: Tested
    """The run right before."""
    hit: int
    """So many changes have bad results since."""
    hitters: tuple[Hitter, ...]
    """Whose runs failed most since; when one change has nearly all of them, the fault is its own."""
    merged: tuple[Tested, ...]
    """What merged between the last run that was good for sure and the first bad one, the newest first: one of these brought
    it, if the branch is at fault."""
    over: bool
    """It seems to be over: so many good results in a row would hardly come at this rate."""
    run: str = ""
    """The id of the first bad run; "" when nobody looked it up."""


@dataclass(frozen=True)
class JobReport:
    """A job of a pipeline."""

    figures: JobFigures
    regression: Regression | None
    link: str = ""
    """The page with its runs."""

    @property
    def name(self) -> str:
        """The job's name."""
        return self.figures.key.job

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks, the heaviest first; a regression that seems over is none."""
        regressed = self.regression is not None and not self.regression.over
        marked = {
            Mark.REGRESSED: regressed,
            Mark.STOPPED: self.figures.silent,
            Mark.FLAKY: bool(self.figures.flaky),
        }
        return tuple(mark for mark, is_so in marked.items() if is_so)

    @property
    def weight(self) -> int:
        """How much it needs a look; 0: not at all."""
        return max(_WEIGHTS.get(one, 0) for one in (self.figures.level, *self.marks))


@dataclass(frozen=True)
class WindowReport:
    """Whether changes pass a pipeline, in one window."""

    probability: float | None
    """The product of (1 - failure rate) over the voting jobs."""
    jobs: int
    """How many voting jobs are in it."""
    few: tuple[str, ...]
    """Those of them with too few results."""
    buildsets: Rate
    """The buildsets that failed: what the product predicts if jobs fail independently of each other."""


@dataclass(frozen=True)
class PipelineReport:
    """A pipeline and its jobs, what needs a look first."""

    key: PipelineKey
    windows: Mapping[str, WindowReport]
    jobs: tuple[JobReport, ...]
    silent_s: float | None
    """Since when no job of it has reported, where all have stopped."""


@dataclass(frozen=True)
class Report:
    """All that `sfcci gate report` tells. Times are epoch seconds."""

    now_s: float
    since_s: float | None
    results: int
    """How many results were looked at."""
    pipelines: tuple[PipelineReport, ...]
    """Gates first, check pipelines (where changes under review fail) last."""
    changes: tuple[ChangeFigures, ...]

    def above(self, percent: float) -> tuple[JobReport, ...]:
        """Give the voting jobs with enough results whose failure rate is above a percentage."""
        return tuple(
            job
            for pipeline in self.pipelines
            for job in pipeline.jobs
            if job.figures.voting and _is_above(job.figures.rates[job.figures.window], percent)
        )


def report_of(outcomes: Outcomes, now_s: float, query: Query = Query(), link: str = "") -> Report:  # noqa: B008 - a frozen value
    """Give the report of results at a moment.

    `query` says which jobs are listed (its times: what `outcomes` holds); other jobs count where the whole pipeline is
    judged. `link` is a pattern for the page with a job's runs (see `link`).
    """
    listed = frozenset(asked_for((one.key for one in outcomes.series), query))
    groups: dict[PipelineKey, list[SeriesOutcomes]] = defaultdict(list)
    for one in outcomes.series:
        groups[pipeline_key(one.key)].append(one)
    verdicts = {key: buildsets.verdicts(group, outcomes.tested) for key, group in groups.items()}
    maker = _Maker(outcomes, figures.retested(outcomes.tested), groups, verdicts, now_s, link)
    wanted = sorted((key for key in groups if any(one.key in listed for one in groups[key])), key=_order)
    return Report(
        now_s=now_s,
        since_s=query.since_s,
        results=sum(len(one.results) for one in outcomes.series),
        pipelines=tuple(maker.pipeline(key, listed) for key in wanted),
        changes=tuple(_changes(verdicts, {_project(key) for key in wanted}, outcomes.tested)),
    )


def pipeline_key(key: SeriesKey) -> PipelineKey:
    """Give the pipeline that a series is in."""
    return PipelineKey(*key[:-1])


@dataclass(frozen=True)
class _Maker:
    """What every part of a report is made from."""

    outcomes: Outcomes
    same: Mapping[int, tuple[int, ...]]
    groups: Mapping[PipelineKey, Sequence[SeriesOutcomes]]
    verdicts: Mapping[PipelineKey, Verdicts]
    now_s: float
    link: str

    def pipeline(self, key: PipelineKey, listed: frozenset[SeriesKey]) -> PipelineReport:
        """Give a pipeline's report."""
        tested = self.outcomes.tested
        group = [(one, figures.job_figures(one, tested, self.same, self.now_s)) for one in self.groups[key]]
        jobs = [self.job(*one) for one in group if one[0].key in listed]
        silent = all(found.silent for _, found in group)
        return PipelineReport(
            key,
            {name: self.window(key, name, [found for _, found in group]) for name in WINDOWS},
            tuple(sorted(jobs, key=_urgency)),
            max(found.last_s for _, found in group) if silent else None,
        )

    def window(self, key: PipelineKey, name: str, jobs: Iterable[JobFigures]) -> WindowReport:
        """Give whether changes pass a pipeline in a window."""
        rates = {one.key.job: one.rates[name] for one in jobs if one.voting and one.rates[name].n}
        since_ms = (self.now_s - WINDOWS[name]) * 1000
        return WindowReport(
            figures.pass_probability(rates.values()),
            len(rates),
            tuple(job for job, rate in rates.items() if rate.n < ENOUGH),
            buildsets.verdicts(self.groups[key], self.outcomes.tested, since_ms).rate,
        )

    def job(self, series: SeriesOutcomes, found: JobFigures) -> JobReport:
        """Give a job's report."""
        return JobReport(found, self.regression(series, found), job_link(self.link, series.key))

    def regression(self, series: SeriesOutcomes, found: JobFigures) -> Regression | None:
        """Tell the story of a job's regression."""
        split, tested = found.split, self.outcomes.tested
        if split is None:
            return None
        places = list(islice(figures.counted(series), split.at + 1))
        good, first = places[-2:]
        early = split.earliest or split.at
        after, hitters = Rate(split.bad_after, split.after), _hitters(series, first, tested)
        return Regression(
            since_s=series.ended_ms[first] / 1000,
            earliest_s=series.ended_ms[places[early]] / 1000,
            before=Rate(split.bad_before, split.at),
            after=after,
            probability=split.probability,
            first=tested[series.tested[first]],
            last_good_s=series.ended_ms[good] / 1000,
            last_good=tested[series.tested[good]],
            hit=len(hitters),
            hitters=hitters[:HITTERS],
            merged=self.merged(series, places[early - 1], first),
            over=(1 - after.bad / after.n) ** found.green_streak < CHANCE,
        )

    def merged(self, series: SeriesOutcomes, good: int, first: int) -> tuple[Tested, ...]:
        """Give what merged from the begin of a good run to the end of the first bad one."""
        from_ms = series.ended_ms[good] - series.duration_ms[good]
        keys = [
            key
            for pipeline, group in self.groups.items()
            if buildsets.is_gate(pipeline.pipeline)
            and _project(pipeline) == buildsets.project_key(series.key)
            for key in buildsets.ended_between(
                group, self.verdicts[pipeline].passed, from_ms, series.ended_ms[first]
            )
        ]
        merged = (self.outcomes.tested[key] for key in keys)
        return tuple(islice((one for one in merged if one.change), SUSPECTS))


def with_runs(report: Report, runs: Mapping[tuple[SeriesKey, float], str]) -> Report:
    """Give the report with ids of runs: `runs` has them by series and end of the first bad run of a regression."""

    def told(job: JobReport) -> JobReport:
        found = job.regression
        if found is None:
            return job
        run = runs.get((job.figures.key, found.since_s), "")
        return replace(job, regression=replace(found, run=run))

    return replace(
        report,
        pipelines=tuple(replace(one, jobs=tuple(map(told, one.jobs))) for one in report.pipelines),
    )


def _hitters(series: SeriesOutcomes, first: int, tested: Mapping[int, Tested]) -> tuple[Hitter, ...]:
    """Give the changes (where none is known: commits) with bad results since a regression's first bad run, the worst first."""
    keys = series.tested[first:]
    bad = _by_change(Counter(compress(keys, figures.bad(series)[first:])), tested)
    good = _by_change(Counter(compress(keys, figures.good(series)[first:])), tested)
    latest = {_name(tested[key]): tested[key] for key in dict.fromkeys(keys)}
    bad.pop("", None)
    return tuple(Hitter(latest[name], count, count + good[name]) for name, count in bad.most_common())


def _by_change(counts: Mapping[int, int], tested: Mapping[int, Tested]) -> Counter[str]:
    summed: Counter[str] = Counter()
    for key, count in counts.items():
        summed[_name(tested[key])] += count
    return summed


def _name(tested: Tested) -> str:
    return tested.change or tested.commit


def _changes(
    verdicts: Mapping[PipelineKey, Verdicts], wanted: set[ProjectKey], tested: Mapping[int, Tested]
) -> Iterable[ChangeFigures]:
    for project in sorted(wanted):
        own = {key.pipeline: one for key, one in verdicts.items() if _project(key) == project}
        found = buildsets.change_figures(project, own, tested)
        if found.merged or found.checked:
            yield found


def _project(key: PipelineKey) -> ProjectKey:
    return ProjectKey(key.tenant, key.host, key.project, key.branch)


def _order(key: PipelineKey) -> tuple[int, PipelineKey]:
    """Gates first; in check pipelines changes under review fail, which counts less."""
    return (0 if buildsets.is_gate(key.pipeline) else 2 if buildsets.is_check(key.pipeline) else 1), key


def _urgency(job: JobReport) -> tuple[int, bool, float, str]:
    """What needs a look first: by weight, voting ones before others, then by rate."""
    rate = job.figures.rates[job.figures.window].value or 0
    return -job.weight, not job.figures.voting, -rate, job.name


def _is_above(rate: Rate, percent: float) -> bool:
    return rate.n >= ENOUGH and rate.bad * 100 > percent * rate.n
