"""`sfcci gate list|run`: the declared jobs, and running them."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import completion, console
from sfcci.errors import EXIT_FINDINGS, EXIT_OK

if TYPE_CHECKING:
    from sfcci.gate.job import JobResult


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
            job.description,
        )
        for job in jobs
    ]
    console.table("Jobs", ("job", "pipelines", "voting", "timeout", "what it proves"), rows)


@click.command("run", epilog="Example: sfcci gate run sfc-http-diverted --junit results.xml")
@click.argument("jobs", nargs=-1, shell_complete=completion.jobs)
@click.option(
    "--pipeline",
    default="",
    help="The pipeline whose jobs run when none is named (default: [gate] pipeline).",
)
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the results as JUnit XML, too."
)
@console.as_json
def run(jobs: tuple[str, ...], pipeline: str, junit: Path | None, json_output: bool) -> None:
    """Run jobs: those named, or all of a pipeline.

    Each job raises a lab of its own, sends real packets through the chain, and is judged by what was captured.

    Exit status: 0 well, 1 a voting job failed, 2 bad input, 3 no job can run here.
    """
    from sfcci.gate.declaration import chosen, load_jobs
    from sfcci.gate.job import failed
    from sfcci.gate.junit import junit_xml
    from sfcci.gate.runner import Buildset, head_commit, new_id, run_jobs
    from sfcci.package.install import installer

    settings = console.settings()
    pipeline = pipeline or settings.gate.pipeline
    picked = chosen(load_jobs(settings.gate.jobs), jobs, pipeline)
    buildset = Buildset(settings, pipeline, new_id(), head_commit(settings.project), installer(settings))
    results: list[JobResult] = []
    for result in run_jobs(picked, buildset, console.progress()):
        results.append(result)
        if not json_output:
            show_result(result)
    if junit:
        from sfcci import files

        files.write_text(junit, junit_xml(results))
    if json_output:
        console.print_json([asdict(result) for result in results])
    sys.exit(EXIT_FINDINGS if any(map(failed, results)) else EXIT_OK)


def show_result(result: "JobResult") -> None:
    """Print one line for a result, and its reasons."""
    from sfcci.gate.job import BAD, Result

    colour = "green" if result.result is Result.SUCCESS else "red" if result.result in BAD else "yellow"
    vote = "" if result.voting else " (non-voting)"
    click.echo(
        click.style(f"{result.result:12}", fg=colour)
        + f" {result.job}{vote}  {result.duration_ms / 1000:.1f} s"
    )
    for reason in result.reasons:
        click.echo(f"             {reason}")
    if result.log_dir and result.result in BAD:
        click.echo(f"             evidence: {result.log_dir}")
