"""The words of the gate's report, the same on a terminal and on a page."""

from collections.abc import Iterable

from sfcci.gate.buildsets import ChangeFigures, is_check
from sfcci.gate.figures import DAY_S, ENOUGH, WINDOWS, JobFigures, Level, Rate
from sfcci.gate.query import Tested
from sfcci.gate.report import (
    JobReport,
    Mark,
    PipelineKey,
    PipelineReport,
    Regression,
    Report,
    WindowReport,
)
from sfcci.moment import moment_text

WINDOW_WORDS = {"24h": "24 h", "7d": "7 d", "30d": "30 d"}
FINE = 0.1
SHOWN_COMMITS = 3
SHORT = 12
"""So many characters of a commit name it."""
WEIGHTED = (
    "Rates are weighted: bad results / results that count. A Graphite target that averages percentages step by step counts a "
    "step with 1 of 1 failed as much as one with 1 of 50, and shows another number."
)
LEVELS = (
    "Levels (Neutron's triage): above 10 % look, 25 % amber, 33 % red, 50 % alarm; below 10 results too few. Where the last 24 h "
    "have too few, the level is of the window that it names."
)
BARS = "Bars: above the line the failure rate of each day (full height: all failed), below it how many results there were."
MERGED = (
    "A change has merged when it has a gate buildset whose voting jobs all ended well. A recheck is one more check buildset of "
    "the same patch set."
)
NOTHING = (
    "There are no results to report on: run the jobs (sfcci gate run) or import results (sfcci gate import)."
)


def percent(share: float) -> str:
    """Give a share (0 to 1) as a percentage."""
    return f"{share * 100:.1f} %"


def interval(rate: Rate) -> str:
    """Give the 95 % interval of a rate: whole percents, below 10 % tenths."""
    low, high = rate.interval
    digits = 1 if high < FINE else 0
    return f"{low * 100:.{digits}f}-{high * 100:.{digits}f} %"


def rate_words(rate: Rate) -> str:
    """Give a rate with what it is worth: few results as counts only."""
    if rate.value is None:
        return "none"
    if rate.n < ENOUGH:
        return f"{rate.bad} of {rate.n}, too few"
    return f"{percent(rate.value)} of {rate.n} ({interval(rate)})"


def level_words(found: JobFigures) -> str:
    """Give the level, and the window that it was judged in where that is not the first."""
    first = next(iter(found.rates))
    where = "" if found.window == first or found.level is Level.FEW else f" ({WINDOW_WORDS[found.window]})"
    return f"{found.level}{where}"


def duration(duration_ms: int | None) -> str:
    """Give a duration with one unit."""
    return "-" if duration_ms is None else span(duration_ms / 1000)


def durations(found: JobFigures) -> str:
    """Give the p50 and p95 of good runs."""
    first, second = duration(found.p50_ms), duration(found.p95_ms)
    if first.split()[-1] == second.split()[-1]:  # one unit for both
        first = first.split()[0]
    return first if found.p50_ms is None else f"{first} / {second}"


def span(length_s: float) -> str:
    """Give a length of time with one unit."""
    for unit, size in (("d", DAY_S), ("h", 3600), ("min", 60)):
        if length_s >= 2 * size:
            return f"{length_s / size:.1f} {unit}"
    return f"{length_s:.1f} s"


def when(time_s: float | None) -> str:
    """Give a moment, to the minute."""
    return "never" if time_s is None else f"{moment_text(time_s)[:-4]}Z"


def tested_words(tested: Tested) -> str:
    """Name what was tested: change and patch set, commit."""
    change = f"change {','.join(filter(None, (tested.change, tested.patchset)))}" if tested.change else ""
    commit = f"commit {tested.commit[:SHORT]}" if tested.commit else ""
    return ", ".join(filter(None, (change, commit))) or "an unknown commit"


def _name(tested: Tested) -> str:
    """Name it in a list: by its change, else by its commit."""
    return ",".join(filter(None, (tested.change, tested.patchset))) or tested.commit[:SHORT]


def title(key: PipelineKey) -> str:
    """Name a pipeline."""
    return f"{key.pipeline}: {key.project} {key.branch}"


def pass_words(window: WindowReport) -> str:
    """Say how likely changes pass a pipeline."""
    if window.probability is None:
        return "no voting job has a result"
    return f"{percent(window.probability)} pass ({jobs_words(window)})"


def jobs_words(window: WindowReport) -> str:
    """Say what the probability was made of."""
    few = f", too few results of {len(window.few)}" if window.few else ""
    jobs = "1 voting job" if window.jobs == 1 else f"{window.jobs} voting jobs multiplied"
    return f"{jobs}{few}"


def buildset_words(rate: Rate) -> str:
    """Say how many buildsets failed."""
    return f"buildsets failed: {rate_words(rate)}"


def scope_words(report: Report) -> str:
    """Say what was looked at."""
    results = "1 result" if report.results == 1 else f"{report.results} results"
    if report.since_s is None:
        return f"{results} of all times, seen at {when(report.now_s)}"
    cut = report.since_s > report.now_s - max(WINDOWS.values())
    windows = "; longer windows begin there, too" if cut else ""
    return f"{results} since {when(report.since_s)}, seen at {when(report.now_s)}{windows}"


def remarks(pipeline: PipelineReport) -> Iterable[str]:
    """Say what holds for a pipeline as a whole."""
    if pipeline.silent_s is not None:
        yield f"No job has reported since {when(pipeline.silent_s)}."
    if is_check(pipeline.key.pipeline):
        yield "Changes under review fail here: these rates count less than a gate's."


def notes(job: JobReport) -> Iterable[tuple[str, ...]]:
    """Give what is to be said of a job beyond its rates: for each matter a sentence and what belongs to it."""
    found = job.figures
    if job.regression:
        yield tuple(_regression(job.regression, found))
    if found.silent:
        usual = f"; usually there is one every {span(found.interval_s)}" if found.interval_s else ""
        yield (f"{Mark.STOPPED} reporting: the last result is of {when(found.last_s)}{usual}",)
    if found.flaky:
        yield (_flaky(found),)
    if found.level not in (Level.WELL, Level.FEW) and not job.regression:
        yield (f"last green {when(found.last_green_s)}",)


def change_words(found: ChangeFigures) -> Iterable[str]:
    """Say what changes cost."""
    if found.failed_per_merged is not None:
        where = ", ".join(f"{count} in {pipeline}" for pipeline, count in sorted(found.failed.items()))
        yield (
            f"{found.failed_per_merged:.2f} failed buildsets per merged change "
            f"({found.merged} merged{f'; {where}' if where else ''})"
        )
    if found.rechecks_per_change is not None:
        yield f"{found.rechecks_per_change:.2f} rechecks per change ({found.rechecks} of {found.checked} changes)"


def _regression(found: Regression, figures: JobFigures) -> Iterable[str]:
    rates = f"{rate_words(found.before)} before, {rate_words(found.after)} since"
    early = f" (perhaps {when(found.earliest_s)})" if found.earliest_s < found.since_s else ""
    yield f"{Mark.REGRESSED} since {when(found.since_s)}{early}: {rates}; probability of chance {found.probability:.2g}"
    if found.over:
        yield f"seems over: {figures.green_streak} good results in a row since {when(figures.last_bad_s)}"
    run = f"run {found.run}, " if found.run else ""
    yield f"first bad: {run}{tested_words(found.first)}"
    yield f"good before: {tested_words(found.last_good)}, {when(found.last_good_s)}"
    if found.merged:
        yield "merged in between: " + "; ".join(map(_name, found.merged))
    if found.hit == 1:
        yield f"all bad results since are of {tested_words(found.hitters[0].tested)}: the fault may be its own"
    elif found.hitters:
        worst = "; ".join(f"{_name(one.tested)} ({one.bad} of {one.n})" for one in found.hitters)
        yield f"bad results since are of {found.hit} changes; first of them {worst}"


def _flaky(found: JobFigures) -> str:
    shown = ", ".join(commit[:SHORT] for commit in found.flaky[-SHOWN_COMMITS:])
    more = " and others" if len(found.flaky) > SHOWN_COMMITS else ""
    commits = "1 commit has" if len(found.flaky) == 1 else f"{len(found.flaky)} commits have"
    flips = f"; {percent(found.flip_rate)} of consecutive results differ" if found.flip_rate else ""
    return f"{Mark.FLAKY}: {commits} good and bad results ({shown}{more}){flips}"
