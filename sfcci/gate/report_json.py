"""The gate's report as JSON-ready values; the keys are stable: new ones may come, none changes its meaning.

Times are ISO 8601 in UTC, shares 0 to 1, a missing figure is null. A rate is {bad, n, rate, low, high, level}.
"""

from datetime import UTC, datetime
from typing import Any

from sfcci.gate.buildsets import ChangeFigures
from sfcci.gate.figures import Rate
from sfcci.gate.query import Tested
from sfcci.gate.report import JobReport, PipelineReport, Regression, Report, WindowReport

Json = dict[str, Any]


def report_json(report: Report) -> Json:
    """Give the whole report."""
    return {
        "now": _time(report.now_s),
        "since": _time(report.since_s),
        "results": report.results,
        "pipelines": [_pipeline(one) for one in report.pipelines],
        "changes": [_changes(one) for one in report.changes],
    }


def _pipeline(found: PipelineReport) -> Json:
    return {
        **found.key._asdict(),
        "windows": {name: _window(one) for name, one in found.windows.items()},
        "silent_since": _time(found.silent_s),
        "jobs": [_job(one) for one in found.jobs],
    }


def _window(found: WindowReport) -> Json:
    return {
        "pass_probability": found.probability,
        "voting_jobs": found.jobs,
        "too_few": list(found.few),
        "failed_buildsets": _rate(found.buildsets),
    }


def _job(job: JobReport) -> Json:
    found = job.figures
    return {
        "job": job.name,
        "voting": found.voting,
        "level": found.level,
        "window": found.window,
        "marks": list(job.marks),
        "rates": {**{name: _rate(one) for name, one in found.rates.items()}, "all": _rate(found.total)},
        "days": [{"bad": day.bad, "n": day.n} for day in found.days],
        "flaky": list(found.flaky),
        "flips": found.flips,
        "flip_rate": found.flip_rate,
        "last": _time(found.last_s),
        "last_green": _time(found.last_green_s),
        "last_bad": _time(found.last_bad_s),
        "green_streak": found.green_streak,
        "interval_s": found.interval_s,
        "stopped_since": _time(found.last_s) if found.silent else None,
        "p50_ms": found.p50_ms,
        "p95_ms": found.p95_ms,
        "regression": _regression(job.regression) if job.regression else None,
        "link": job.link,
    }


def _regression(found: Regression) -> Json:
    return {
        "since": _time(found.since_s),
        "earliest": _time(found.earliest_s),
        "before": _rate(found.before),
        "after": _rate(found.after),
        "probability": found.probability,
        "over": found.over,
        "first_bad": {"run": found.run, **found.first._asdict()},
        "last_good": {"ended": _time(found.last_good_s), **found.last_good._asdict()},
        "merged_between": [_tested(one) for one in found.merged],
        "changes_hit": found.hit,
        "hitters": [{**_tested(one.tested), "bad": one.bad, "n": one.n} for one in found.hitters],
    }


def _changes(found: ChangeFigures) -> Json:
    return {
        "tenant": found.key.tenant,
        "host": found.key.host,
        "project": found.key.project,
        "branch": found.key.branch,
        "merged": found.merged,
        "failed_buildsets": dict(found.failed),
        "failed_per_merged": found.failed_per_merged,
        "checked": found.checked,
        "rechecks": found.rechecks,
        "rechecks_per_change": found.rechecks_per_change,
    }


def _tested(found: Tested) -> Json:
    return found._asdict()


def _rate(rate: Rate) -> Json:
    low, high = rate.interval
    return {
        "bad": rate.bad,
        "n": rate.n,
        "rate": rate.value,
        "low": low,
        "high": high,
        "level": rate.level,
    }


def _time(time_s: float | None) -> str | None:
    return None if time_s is None else datetime.fromtimestamp(int(time_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
