"""A list of jobs → a dashboard in grafyaml's form: every job on a panel, all bad results counted, n beside each rate.

A failure rate is weighted: bad results over results that count, both summed from the left edge of the graph on (integral), so
that the last value is the rate over the range shown. An average of percentages, the usual form, gives an hour with 1 of 1
failed the weight of an hour with 1 of 50. `consolidateBy(..., 'last')` keeps the last value exact when a graph has fewer
pixels than Graphite has points. A result that never happened has no series: `fallbackSeries` puts zeros in its place.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from sfcci.dashboard.generate_recipe import Recipe, check_names, header_text, link
from sfcci.errors import UsageError
from sfcci.gate.job import BAD, Result
from sfcci.gate.running import ProjectJobs, RunningJob
from sfcci.metric.name import FORMS, Kind, part


def dashboard_text(title: str, recipe: Recipe, jobs: ProjectJobs) -> str:
    """Give the text of a new dashboard; the same arguments give the same text. Raises UsageError when it would be empty."""
    check_names(title, *(name for job in jobs.jobs for name in (job.name, job.pipeline)))
    pipelines = wanted(recipe, jobs)
    if not pipelines:
        shown = ", ".join(recipe.pipelines) or "any pipeline"
        known = ", ".join(jobs.pipelines) or "none"
        raise UsageError(f"no job of {recipe.project} runs in {shown}; its pipelines with jobs: {known}")
    rows = "".join(rows_text(recipe, jobs, pipeline) for pipeline in pipelines)
    header = header_text(replace(recipe, holds=pipelines))
    return DASHBOARD.format(header=header, title=scalar(title), rows=rows)


def wanted(recipe: Recipe, jobs: ProjectJobs) -> tuple[str, ...]:
    """Give the pipelines that are to be shown and have jobs, in the order of the configuration."""
    return tuple(name for name in jobs.pipelines if not recipe.pipelines or name in recipe.pipelines)


def rows_text(recipe: Recipe, jobs: ProjectJobs, pipeline: str) -> str:
    """Give the rows of one pipeline, as they stand below `rows:`."""
    titles = {key: scalar(text.format(pipeline)) for key, text in TITLES.items()}
    regions = {
        kind: "\n".join(region_lines(recipe, jobs, kind, pipeline, " " * 12, with_marks=True))
        for kind in KINDS
    }
    return ROWS.format(**titles, **{f"{kind}_region": text for kind, text in regions.items()})


def region_lines(
    recipe: Recipe, jobs: ProjectJobs, kind: str, pipeline: str, indent: str, *, with_marks: bool = False
) -> list[str]:
    """Give the lines of one region, each behind `indent`, with or without the marks around them."""
    running = [job for job in jobs.jobs if job.pipeline == pipeline]
    lines = list(KINDS[kind](recipe, running, pipeline))
    if with_marks:
        before, after = ("[//]: # (", ")") if kind == "runs" else ("# ", "")
        lines = [f"{before}sfcci: begin {kind} {pipeline}{after}", *lines, f"{before}sfcci: end{after}"]
    return [f"{indent}{line}" if line else "" for line in lines]


def scalar(text: str) -> str:
    """Give a text as YAML's plain scalar where that is safe, else in single quotes."""
    if (
        re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ()/.,-]*", text)
        and text.lower() not in _WORDS
        and text == text.strip()
    ):
        return text
    return "'" + text.replace("'", "''") + "'"


_WORDS = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n"))


def _scope(recipe: Recipe, pipeline: str, job: str, kind: Kind = Kind.COUNT) -> str:
    words = {key: part(getattr(recipe, key)) for key in ("tenant", "host", "project", "branch")}
    name = FORMS[0].format(**words, pipeline=part(pipeline), job=job, result="")
    return f"{kind}.{name}"


def _counted(scope: str) -> str:
    return f"sumSeries({scope}{{{','.join((Result.SUCCESS, *BAD))}}})"


def _bad(scope: str) -> str:
    """Give the sum of the bad results, zeros when there were none."""
    return f"fallbackSeries(sumSeries({scope}{{{','.join(BAD)}}}),scale({_counted(scope)},0))"


def _running_sum(series: str) -> str:
    return f"integral(transformNull({series}))"


def _last(series: str, alias: str) -> str:
    return f"- target: alias(consolidateBy({series},'last'),{_string(alias)})"


def _string(text: str) -> str:
    """Give a string of Graphite's; what it cannot hold in quotes is told as metric names tell it."""
    return (
        f"'{text}'"
        if re.fullmatch(r"[ !#-&(-\[\]-~]+", text) and ": " not in text and " #" not in text
        else f"'{part(text)}'"
    )


def _rate(scope: str, alias: str) -> str:
    return _last(f"asPercent({_running_sum(_bad(scope))},{_running_sum(_counted(scope))})", alias)


def _all(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> str:
    """Give the scope of all jobs of a pipeline: each is named, so that a job that is gone weighs nothing."""
    names = tuple(dict.fromkeys(part(job.name) for job in jobs))
    return _scope(recipe, pipeline, names[0] if len(names) == 1 else f"{{{','.join(names)}}}")


def _rate_of_all(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> Iterator[str]:
    yield _rate(_all(recipe, jobs, pipeline), "failure rate")


def _n(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> Iterator[str]:
    yield _last(_running_sum(_counted(_all(recipe, jobs, pipeline))), "n")


def _bad_of_all(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> Iterator[str]:
    yield _last(_running_sum(_bad(_all(recipe, jobs, pipeline))), "bad")


def _runs(recipe: Recipe, jobs: list[RunningJob], _pipeline: str) -> Iterator[str]:
    """Give a list of the jobs in markdown, each with a link to its runs."""
    yield ""
    for job in jobs:
        note = "" if job.voting else " (non-voting)"
        name = re.sub(r"([\\`*_\[\]<>])", r"\\\1", job.name)
        yield f"- [{name}]({link(recipe, job)}){note}" if recipe.link else f"- {name}{note}"
    yield ""


def _rates(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> Iterator[str]:
    for job in jobs:
        yield _rate(_scope(recipe, pipeline, part(job.name)), job.name)


def _counts(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> Iterator[str]:
    for job in jobs:
        yield _last(_running_sum(_counted(_scope(recipe, pipeline, part(job.name)))), job.name)


def _kinds(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> Iterator[str]:
    for result in BAD:
        yield f"- target: alias(consolidateBy(sumSeries({_all(recipe, jobs, pipeline)}{result}),'sum'),'{result}')"


def _durations(recipe: Recipe, jobs: list[RunningJob], pipeline: str) -> Iterator[str]:
    for job in jobs:
        scope = _scope(recipe, pipeline, part(job.name), Kind.TIMER)
        yield f"- target: alias(scale({scope}{Result.SUCCESS}.mean,0.001),{_string(job.name)})"


KINDS: dict[str, Callable[[Recipe, list[RunningJob], str], Iterator[str]]] = {
    "rate": _rate_of_all,
    "n": _n,
    "bad": _bad_of_all,
    "runs": _runs,
    "rates": _rates,
    "counts": _counts,
    "kinds": _kinds,
    "durations": _durations,
}
"""Kind of region → its lines."""
TITLES = {
    "summary": "Summary of {}",
    "rate": "Failure rate of {}",
    "n": "Results counted in {} (n)",
    "bad": "Bad results in {}",
    "runs": "Runs in {}",
    "each": "Each job of {}",
    "rates": "Failure rate of each job in {}",
    "counts": "Results counted for each job in {} (n)",
    "wrong": "What goes wrong in {}, and how long it takes",
    "kinds": "Bad results by kind in {}",
    "durations": "Duration of good runs in {}",
}
"""Row or panel → its title when it is new."""
DASHBOARD = """\
# Made by `sfcci dashboard new` from a list of jobs. `sfcci dashboard regenerate` makes anew what stands between
# "sfcci: begin" and "sfcci: end", adds the rows of new pipelines and takes out panels that have no jobs left.
# All else is yours and stays: titles, panels, rows, their order, this text. A row that you take out stays out.
#
{header}
dashboard:
  title: {title}
  tags:
    - zuul
  time:
    from: now-7d
    to: now
  rows:
    - title: About
      height: 114px
      panels:
        - title: How to read this
          type: text
          content: |
            A **failure rate** is *bad results / results that count*, summed from the left edge on: the last value is the
            rate over the range shown. Bad: FAILURE, TIMED_OUT, POST_FAILURE, RETRY_LIMIT, NODE_FAILURE, DISK_FULL; SUCCESS
            counts too, whatever else happens does not. A rate of **fewer than 10** results says little: look at *n*.
{rows}    # sfcci: rows
"""
ROWS = """\
    - title: {summary}
      height: 190px
      showTitle: true
      panels:
        - title: {rate}
          type: singlestat
          span: 3
          format: percent
          decimals: 1
          valueName: current
          thresholds: '10,33'
          colorValue: true
          sparkline:
            show: true
          targets:
{rate_region}
        - title: {n}
          type: singlestat
          span: 2
          format: none
          decimals: 0
          valueName: current
          sparkline:
            show: true
          targets:
{n_region}
        - title: {bad}
          type: singlestat
          span: 2
          format: none
          decimals: 0
          valueName: current
          thresholds: '1,1'
          colorValue: true
          sparkline:
            show: true
          targets:
{bad_region}
        - title: {runs}
          type: text
          span: 5
          content: |
{runs_region}
    - title: {each}
      height: 342px
      panels:
        - title: {rates}
          type: graph
          span: 7
          fill: 0
          steppedLine: true
          yaxes:
            - format: percent
              min: 0
              max: 100
            - show: false
          legend:
            show: true
            values: true
            current: true
            alignAsTable: true
            rightSide: true
          targets:
{rates_region}
        - title: {counts}
          type: graph
          span: 5
          fill: 0
          steppedLine: true
          yaxes:
            - format: none
              min: 0
            - show: false
          legend:
            show: true
            values: true
            current: true
            alignAsTable: true
            rightSide: true
          targets:
{counts_region}
    - title: {wrong}
      height: 342px
      panels:
        - title: {kinds}
          type: graph
          span: 5
          bars: true
          lines: false
          stack: true
          fill: 8
          yaxes:
            - format: none
              min: 0
            - show: false
          legend:
            show: true
            values: true
            total: true
            alignAsTable: true
            rightSide: true
          targets:
{kinds_region}
        - title: {durations}
          type: graph
          span: 7
          fill: 0
          points: true
          pointradius: 4
          nullPointMode: connected
          yaxes:
            - format: s
              min: 0
            - show: false
          legend:
            show: true
            values: true
            current: true
            avg: true
            max: true
            alignAsTable: true
            rightSide: true
          targets:
{durations_region}
"""
