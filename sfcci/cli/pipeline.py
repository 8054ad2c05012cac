"""`sfcci pipeline run`: the whole pipeline in one command."""

import contextlib
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from sfcci.cli import console

if TYPE_CHECKING:
    from sfcci.pipeline.report import PipelineReport, StepReport

FAULTS = ("drop", "no-classifier", "broken-package")
STEPS = ("package", "gate", "results", "metric", "dashboard")
COLOURS = {"ok": "green", "findings": "yellow", "not run": "red"}


@click.group(epilog="Example: sfcci pipeline run --serve")
def pipeline() -> None:
    """Run the whole pipeline: package, gate, metric, dashboard, preview."""


@pipeline.command("run", epilog="Example: sfcci pipeline run --inject drop")
@click.option("--force", is_flag=True, help="Reuse nothing that was built before.")
@click.option(
    "--serve", is_flag=True, help="Keep the preview up at the end and print its address; Ctrl-C ends it."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="any free one",
    help="The preview's port.",
)
@click.option(
    "--inject", type=click.Choice(FAULTS), help="Put a fault in on purpose, to see the gate turn red."
)
@click.option(
    "--pipeline", "gate_pipeline", default="", help="The gate's pipeline (default: [gate] pipeline)."
)
@click.option(
    "--step", "steps", multiple=True, type=click.Choice(STEPS), help="Run only this step; may be repeated."
)
@console.as_json
def run(
    force: bool,
    serve: bool,
    port: int,
    inject: str | None,
    gate_pipeline: str,
    steps: tuple[str, ...],
    json_output: bool,
) -> None:
    """Run package, gate, results, metric and dashboard; what cannot run stops no other step.

    What is going on is told on standard error, how each step ended on standard output.

    Exit status: 0 well, 1 a finding or a failed job, 2 bad input, 3 a step could not run.
    """
    from sfcci.pipeline.report import Options, PipelineReport
    from sfcci.pipeline.run import run_pipeline

    begin = time.monotonic()

    def told(report: PipelineReport) -> None:
        if json_output:
            console.print_json(asdict(report) | {"exit_status": report.exit_status})
        else:
            _summary(report, time.monotonic() - begin)

    def kept_up(report: PipelineReport, address: str) -> None:
        told(report)
        click.echo(
            f"the dashboards are at {address}; Ctrl-C ends it" if address else "there is nothing to show",
            err=json_output,
        )
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it, and the report's own status stands
            while address:
                time.sleep(1)

    options = Options(force, inject or "", gate_pipeline, steps, port)
    heard = (lambda _step: None) if json_output else show_step
    report = run_pipeline(
        console.settings(), options, console.progress(piped=True), heard, serve=kept_up if serve else None
    )
    if not serve:
        told(report)
    sys.exit(report.exit_status)


def show_step(step: "StepReport") -> None:
    """Print a step as it ends: one line, then what there is to tell."""
    click.echo(f"{click.style(f'{step.status:9}', fg=COLOURS[step.status])} {step.name}: {step.summary}")
    for line in step.details:
        click.echo(f"          {line}")


def _summary(report: "PipelineReport", duration_s: float) -> None:
    from rich.text import Text

    rows = [
        (step.name, Text(step.status, style=COLOURS[step.status]), f"{step.duration_s:.1f} s", step.summary)
        for step in report.steps
    ]
    click.echo()
    console.table("", ("step", "status", "time", "what"), rows)
    click.echo(f"pipeline ended with exit status {report.exit_status} after {duration_s:.1f} s")
