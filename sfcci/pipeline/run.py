"""A run of the pipeline: steps in their order. One that cannot run stops no other, and the summary says so."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from sfcci import command
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, SfcciError, UsageError
from sfcci.pipeline.dashboards import dashboard_step
from sfcci.pipeline.report import (
    BROKEN_PACKAGE,
    FAULTS,
    Options,
    Outcome,
    PipelineReport,
    Run,
    Say,
    Status,
    StepReport,
)
from sfcci.pipeline.steps import gate_step, metric_step, package_step, results_step
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sfcci.metric.instance import Instance

WITH_GRAPHITE = ("gate", "metric", "dashboard")
"""Steps that read or write Graphite; the gate notes what the panels show before its jobs."""
STEPS: dict[str, Callable[[Run], Outcome]] = {
    "package": package_step,
    "gate": gate_step,
    "results": results_step,
    "metric": metric_step,
    "dashboard": dashboard_step,
}
"""The steps in their order."""


def run_pipeline(
    settings: Settings,
    options: Options,
    say: Say,
    on_step: Callable[[StepReport], None],
    *,
    serve: Callable[[PipelineReport, str], None] | None = None,
) -> PipelineReport:
    """Run the steps in order; `on_step` hears of each as it ends.

    `serve` is called at the end with the address where the dashboards are shown, which is up until it returns ("":
    there is none). Raises UsageError for an unknown fault or step.
    """
    chosen = _chosen_steps(options)
    _check_fault(options.fault, chosen)
    wanted = not set(chosen).isdisjoint(WITH_GRAPHITE)
    with _graphite_starting(settings, say, wanted) as instance, contextlib.ExitStack() as shown:
        run = Run(settings, options, say, instance, shown)
        steps = []
        for name in chosen:
            steps.append(_report(name, run))
            on_step(steps[-1])
        report = PipelineReport(tuple(steps), tuple(run.results))
        if serve:
            serve(report, run.address)
    return report


def _chosen_steps(options: Options) -> tuple[str, ...]:
    for name in options.only:
        if name not in STEPS:
            raise UsageError(f"no step is named {name!r}; there are: {', '.join(STEPS)}")
    return tuple(name for name in STEPS if not options.only or name in options.only)


def _check_fault(fault: str, chosen: Sequence[str]) -> None:
    """See that the fault can show: one that nobody looks for would make a green run. Raises UsageError."""
    if not fault:
        return
    if fault not in FAULTS:
        raise UsageError(f"no fault is named {fault!r}; there are: {', '.join(FAULTS)}")
    for step in ("package", "gate") if fault == BROKEN_PACKAGE else ("gate",):
        if step not in chosen:
            raise UsageError(f"the fault {fault} needs the step {step}, too: --step {step}")


@contextlib.contextmanager
def _graphite_starting(settings: Settings, say: Say, wanted: bool) -> Iterator["Future[Instance]"]:
    """Start Graphite beside the first steps: it is wanted only later, and making its environment takes a while."""
    from sfcci.metric.instance import running

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1, thread_name_prefix="graphite") as pool:
        yield pool.submit(lambda: stack.enter_context(running(settings, say))) if wanted else Future()


def _report(name: str, run: Run) -> StepReport:
    command.stop_if_interrupted()
    run.say(f"step {name}")
    begin = time.monotonic()
    try:
        summary, details, status = STEPS[name](run)
    except SfcciError as error:
        lines = str(error).splitlines()
        return StepReport(
            name, Status.NOT_RUN, lines[0], tuple(lines[1:]), time.monotonic() - begin, error.exit_status
        )
    kind = Status.OK if status == EXIT_OK else Status.FINDINGS if status == EXIT_FINDINGS else Status.NOT_RUN
    return StepReport(name, kind, summary, tuple(details), time.monotonic() - begin, status)
