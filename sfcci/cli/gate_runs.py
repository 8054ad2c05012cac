"""`sfcci gate runs`: the runs in the run database."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import completion, console

if TYPE_CHECKING:
    from sfcci.dashboard.behind import Behind
    from sfcci.gate.history import History
    from sfcci.gate.job import JobResult
    from sfcci.gate.query import Query

GLOBS = {"job": "jobs", "pipeline": "pipelines", "project": "projects", "branch": "branches"}
COLUMNS = ("ended", "result", "pipeline", "job", "took", "tested", "run")


def which_runs(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which runs are meant; `query_of` makes a query of them."""
    options = [
        click.option(
            f"--{word}",
            name,
            metavar="GLOB",
            multiple=True,
            help=f"Only {name} like this (may be given several times).",
            shell_complete=completion.jobs if word == "job" else None,
        )
        for word, name in GLOBS.items()
    ]
    options += [
        click.option(
            "--result",
            "results",
            multiple=True,
            help="Only this result: FAILURE, TIMED_OUT ...; bad: all that count as failed.",
        ),
        click.option(
            "--since",
            metavar="TIME",
            default="",
            help="Ended since: 36h or 7d ago, 2026-11-20T14:30Z, epoch seconds.",
        ),
        click.option("--until", metavar="TIME", default="", help="Ended before."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def query_of(given: dict[str, Any], now_s: float, limit: int | None) -> "Query":
    """Give the query of the options' values. Raises UsageError."""
    from sfcci.gate.query import Query
    from sfcci.moment import parse_moment

    begin, end = (parse_moment(given[name], now_s) if given[name] else None for name in ("since", "until"))
    globs = {name: given[name] for name in GLOBS.values()}
    return Query(
        **globs,
        results=_results(given["results"]),
        since_s=begin,
        until_s=end,
        limit=limit,
        newest_first=True,
    )


@click.command(epilog="Example: sfcci gate runs --job 'sfc-*' --result bad --since 7d")
@which_runs
@click.option(
    "--metric",
    "metrics",
    metavar="NAME",
    multiple=True,
    help="Only the runs behind a point: a series, a name of Zuul's, a glob or a dashboard's target ...",
)
@click.option("--at", metavar="TIME", default="", help="... and the time of the point.")
@click.option("--from", "from_", metavar="TIME", default="", help="The left edge of the graph that shows it.")
@click.option(
    "--step",
    metavar="TIME",
    default="",
    help="The distance of the graph's points, such as 110s, where it is not Graphite's.",
)
@click.option(
    "--limit", type=click.IntRange(0), default=50, show_default=True, help="At most so many; 0: all."
)
@console.as_json
def runs(
    *, limit: int, json_output: bool, metrics: tuple[str, ...], at: str, from_: str, step: str, **given: Any
) -> None:
    """List runs, the newest first. `sfcci gate show RUN` opens one.

    With `--metric NAME --at TIME` those that made the value which Graphite shows for NAME at that time. `--from` says which
    archive Graphite reads (the finest that goes back so far), and where running sums (integral) begin. Example: sfcci gate
    runs --metric 'stats_counts.**.job.sfc-http.FAILURE' --at 2h

    Exit status: 0, also when there are none; 2 bad input; 3 the database cannot be used.
    """
    from sfcci.gate.history import History

    point = _point(metrics, at, from_, step, given)
    query = query_of(given, time.time(), limit or None)
    with History(console.settings()) as history:
        found = tuple(point(history, query) if point else history.select(query))
        why = "" if found else "no run is behind this point" if point else _why_none(history, query)
    if json_output:
        console.print_json([as_document(run) for run in found])
    elif found:
        console.table("Runs", COLUMNS, map(_row, found))
        if len(found) == limit:
            click.echo(f"the newest {limit}; --limit 0 lists all", err=True)
    else:
        click.echo(why)


def _why_none(history: "History", query: "Query") -> str:
    """Say why no run is listed, and what may help."""
    from sfcci.document import did_you_mean
    from sfcci.gate.query import asked_for

    there, count = history.series(), history.count()
    if not count:
        return "no run is recorded; sfcci gate run makes some, sfcci gate import brings others'"
    text = f"none of the {console.counted(count, 'run')} is such a one"
    if asked_for(there, query):
        return f"{text}; look at a longer time or at other results"
    names = {"jobs": "job", "pipelines": "pipeline", "projects": "project", "branches": "branch"}
    near = [
        f"--{word}: {hint}"
        for field, word in names.items()
        for name in getattr(query, field)
        if (hint := did_you_mean(name, sorted({getattr(one, word) for one in there})))
    ]
    return "; ".join([text, *near])


def _point(
    metrics: tuple[str, ...], at: str, from_: str, step: str, given: dict[str, Any]
) -> "Callable[[History, Query], list[JobResult]] | None":
    """Give what finds the runs behind a point; None when none is asked for. Raises UsageError."""
    from sfcci.errors import UsageError
    from sfcci.moment import parse_moment, parse_span

    if not metrics:
        if at or from_ or step:
            raise UsageError("--at, --from and --step say which point of a --metric NAME is meant")
        return None
    if not at or given["since"] or given["until"]:
        raise UsageError("--metric wants the time of the point: --at TIME, and neither --since nor --until")
    now_s = time.time()
    at_s = parse_moment(at, now_s)
    from_s = parse_moment(from_, now_s) if from_ else None
    point_s = parse_span(step, "--step") if step else None

    def behind_point(history: "History", query: "Query") -> "list[JobResult]":
        from sfcci.dashboard.behind import behind, runs_behind
        from sfcci.metric.instance import kept

        retentions = kept(console.settings())
        found = behind(metrics, at_s, history.series(), retentions, now_s, from_s=from_s, point_s=point_s)
        _tell_point(found)
        runs = runs_behind(found, history.select, query.limit, query)
        if not runs:
            _tell_nearest(history, found)
        return runs

    return behind_point


def _tell_point(found: "Behind") -> None:
    from sfcci.moment import moment_text

    begin, end = moment_text(found.step.begin_s), moment_text(found.step.end_s)
    click.echo(f"the point is of the time from {begin} to {end}", err=True)
    for name in found.unknown:
        hint = f"see: sfcci metrics find '{name}'"
        click.echo(f"no series of the run database is meant by {name}; {hint}", err=True)


def _tell_nearest(history: "History", found: "Behind") -> None:
    """Say when the last run before an empty point ended: a step is short, and people do not aim well."""
    from sfcci.moment import moment_text

    earlier = (replace(one.query, since_s=None, limit=1) for one in found.asked)
    ends = [run.ended_at for query in earlier for run in history.select(query)]
    if ends:
        click.echo(f"the last run before it: --at '{moment_text(max(ends))}'", err=True)


def as_document(run: "JobResult") -> dict[str, Any]:
    """Give a run as JSON has it."""
    return {**asdict(run), "ended_at": run.ended_at}


def _results(words: tuple[str, ...]) -> "tuple[Any, ...]":
    from sfcci.document import did_you_mean
    from sfcci.errors import UsageError
    from sfcci.gate.job import BAD, Result

    known = {str(result): (result,) for result in Result} | {"BAD": BAD}
    for word in words:
        if word.upper() not in known:
            hint = did_you_mean(word.upper(), list(known)) or f"one of {', '.join(known)}"
            raise UsageError(f"--result {word!a} is no result of Zuul; {hint}")
    return tuple(result for word in words for result in known[word.upper()])


def _row(run: "JobResult") -> tuple[Any, ...]:
    from rich.text import Text

    from sfcci.gate.job import BAD, Result
    from sfcci.moment import moment_text

    colour = "green" if run.result is Result.SUCCESS else "red" if run.result in BAD else "yellow"
    result = Text(str(run.result) + ("" if run.voting else " (non-voting)"), style=colour)
    change = f"{run.change},{run.patchset}" if run.patchset else run.change
    tested = change or run.commit[:12]
    took = f"{run.duration_ms / 1000:.1f} s"
    return moment_text(run.ended_at), result, run.pipeline, run.job, took, tested, run.run
