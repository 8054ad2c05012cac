"""`sfcci gate list|run`: the declared jobs, and running them."""

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.chain.encapsulation import ENCAPSULATIONS
from sfcci.cli import completion, console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sfcci.gate.job import Job, JobResult


@click.command("list", epilog="Example: sfcci gate list --pipeline gate")
@click.option("--pipeline", default="", help="Only the jobs of this pipeline.")
@console.as_json
def list_(pipeline: str, json_output: bool) -> None:
    """List the declared jobs."""
    from sfcci.gate.declaration import chosen, load_jobs

    jobs = load_jobs(console.settings().gate.jobs)
    jobs = chosen(jobs, (), pipeline) if pipeline else jobs
    if json_output:
        console.print_json([asdict(job) for job in jobs])
        return
    rows = [
        (
            job.name,
            ", ".join(job.pipelines),
            "yes" if job.voting else "no",
            f"{job.timeout_s:g} s",
            job.attempts,
            job.description,
        )
        for job in jobs
    ]
    columns = ("job", "pipelines", "voting", "timeout", "attempts", "what it proves")
    console.table("Jobs", columns, rows)


@click.command("run", epilog="Example: sfcci gate run sfc-http-diverted --repeat 20 --until-failure")
@click.argument("jobs", nargs=-1, shell_complete=completion.jobs)
@click.option(
    "--pipeline",
    default="",
    help="The pipeline whose jobs run when none is named (default: [gate] pipeline).",
)
@click.option(
    "--parallel",
    "-p",
    type=click.IntRange(1, 64),
    metavar="N",
    help="So many jobs at a time, each in a lab of its own (default: the processors).",
)
@click.option(
    "--nodes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Spread each job's hosts over N nodes, each with a switch of its own; it is named NAME-multinode then.",
)
@click.option(
    "--encapsulation",
    type=click.Choice(ENCAPSULATIONS),
    help="How frames go from node to node (default: vxlan).",
)
@click.option(
    "--repeat", type=click.IntRange(1, 100_000), default=1, metavar="N", help="So many rounds of the jobs."
)
@click.option("--until-failure", is_flag=True, help="Begin nothing more after a voting job has failed.")
@click.option("--change", default="", help="The change under review, as the results shall name it.")
@click.option("--patchset", default="", help="Its patch set.")
@click.option("--commit", default="", help="The commit that is tested (default: the project's HEAD).")
@click.option("--buildset", default="", help="What the jobs that run together share (default: a new one).")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the results as JUnit XML, too."
)
@click.option(
    "--results",
    "results_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write them as JSON, too: sfcci gate import reads it elsewhere.",
)
@click.option(
    "--annotations/--no-annotations",
    default=None,
    help="Print GitHub's workflow commands for what failed (default: where GITHUB_ACTIONS is true).",
)
@click.option(
    "--no-overlap", is_flag=True, help="Run nothing (status 3) while another run with --no-overlap goes on."
)
@click.option("--quiet", "-q", is_flag=True, help="Only what is not good.")
@console.as_json
def run(
    jobs: tuple[str, ...],
    pipeline: str,
    *,
    parallel: int | None,
    nodes: int | None,
    encapsulation: str | None,
    repeat: int,
    until_failure: bool,
    change: str,
    patchset: str,
    commit: str,
    buildset: str,
    junit: Path | None,
    results_file: Path | None,
    annotations: bool | None,
    no_overlap: bool,
    quiet: bool,
    json_output: bool,
) -> None:
    """Run jobs: those named, or all of a pipeline. A name may be a glob: 'sfc-mpls*'.

    Every job with a lab has a variant over three nodes: sfc-mpls-multinode, '*-multinode'.

    Each runs in a process and a lab of its own, sends real packets through the chain, and is judged by what was captured.
    What fails before a job's own work begins (raising the lab, installing) is a RETRY, and is tried again as often as
    the job says. The evidence of what is not good is kept: sfcci gate show.

    Exit status: 0 well, 1 a voting job failed, 2 bad input, 3 a job could not be run here or was ended from outside.
    """
    from sfcci.cli import gate_live
    from sfcci.cli.gate_import import check_names
    from sfcci.gate.declaration import chosen, load_jobs
    from sfcci.gate.folder import alone, head_commit, new_id
    from sfcci.gate.job import exit_status
    from sfcci.gate.runner import Buildset, default_parallel, run_jobs
    from sfcci.package.install import built_packages

    settings, begin = console.settings(), time.monotonic()
    picked = chosen(load_jobs(settings.gate.jobs), jobs, pipeline or settings.gate.pipeline)
    picked = _spread(picked, nodes, encapsulation or "")
    check_names(change=change, patchset=patchset, commit=commit, buildset=buildset)
    together = Buildset(
        settings,
        pipeline or settings.gate.pipeline,
        buildset or new_id(),
        commit or head_commit(settings.project),
        built_packages(settings),
        change=change,
        patchset=patchset,
    )

    def show(result: "JobResult") -> None:
        if not (quiet and result.result == "SUCCESS"):
            show_result(result, err=json_output)

    with alone(settings, wanted=no_overlap), gate_live.watch(show, quiet=quiet) as watch:
        results = run_jobs(
            picked,
            together,
            watch,
            parallel=parallel or default_parallel(),
            repeat=repeat,
            until_failure=until_failure,
        )
    _write_junit(junit, results)
    _write_results(results_file, results)
    if json_output:
        console.print_json([asdict(result) for result in results])
    elif not quiet:
        _summary(results, time.monotonic() - begin)
    if annotations or (annotations is None and os.environ.get("GITHUB_ACTIONS") == "true"):
        _annotate(results, picked, err=json_output)
    sys.exit(exit_status(results))


def _spread(jobs: "tuple[Job, ...]", nodes: int | None, encapsulation: str) -> "tuple[Job, ...]":
    """The jobs over so many nodes; of a whole pipeline those that have a lab."""
    from sfcci.gate.multinode import multinode

    if nodes:
        return tuple(multinode(job, nodes, encapsulation) for job in jobs if job.scenario or len(jobs) == 1)
    if not encapsulation:
        return jobs
    if any(not job.nodes for job in jobs):
        raise click.UsageError("--encapsulation is of the tunnels between nodes; say how many with --nodes")
    return tuple(multinode(job, job.nodes, encapsulation) for job in jobs)


def show_result(result: "JobResult", *, err: bool = False, evidence: bool = True) -> None:
    """Print one line for a result, and its reasons."""
    from sfcci.gate.job import BAD, Result

    colour = "green" if result.result is Result.SUCCESS else "red" if result.result in BAD else "yellow"
    vote = "" if result.voting else " (non-voting)"
    word = click.style(f"{result.result:12}", fg=colour)
    click.echo(f"{word} {result.job}{vote}  {result.duration_ms / 1000:.1f} s", err=err)
    for reason in result.reasons:
        click.echo(f"             {reason}", err=err)
    if evidence and result.log_dir:
        click.echo(f"             evidence: sfcci gate show {result.run}", err=err)


def _write_junit(path: Path | None, results: "Sequence[JobResult]") -> None:
    if path:
        from sfcci import files
        from sfcci.gate.junit import junit_xml

        files.write_text(path, junit_xml(results))


def _write_results(path: Path | None, results: "Sequence[JobResult]") -> None:
    if path:
        from sfcci import files
        from sfcci.gate.results_read import results_document

        files.write_text(path, json.dumps(results_document(results), indent=1) + "\n")


def _summary(results: "Sequence[JobResult]", duration_s: float) -> None:
    """Say how many ended how; of jobs that ran several times, what their failure rate is worth."""
    counts = Counter(str(result.result) for result in results)
    told = ", ".join(f"{count} {result}" for result, count in counts.most_common())
    click.echo(f"{console.counted(len(results), 'run')} in {duration_s:.1f} s: {told}")
    by_job = Counter(result.job for result in results)
    if max(by_job.values(), default=0) > 1:
        rows = [_rate(job, [one for one in results if one.job == job]) for job in by_job]
        console.table("", ("job", "runs", "bad", "failure rate"), rows)


def _rate(job: str, results: "Sequence[JobResult]") -> tuple[str, int, int, str]:
    from sfcci.gate.figures import Rate
    from sfcci.gate.job import BAD, Result

    bad = sum(one.result in BAD for one in results)
    rate = Rate(bad, bad + sum(one.result is Result.SUCCESS for one in results))
    return job, rate.n, bad, str(rate)


def _annotate(results: "Sequence[JobResult]", jobs: "Sequence[Job]", *, err: bool) -> None:
    from sfcci.gate.annotations import annotations

    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    for line in annotations(results, jobs, root):
        click.echo(line, err=err)
