"""The gate's report for a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sfcci.gate import report_words as words
from sfcci.gate.figures import Level, Rate
from sfcci.gate.report import JobReport, PipelineReport, Report

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

STYLES = {
    Level.ALARM: "bold white on red",
    Level.RED: "bold red",
    Level.AMBER: "yellow",
    Level.LOOK: "cyan",
    Level.WELL: "green",
    Level.FEW: "dim",
}
SIGNS = {Level.ALARM: "!!!", Level.RED: "!! ", Level.AMBER: "!  ", Level.LOOK: "?  "}
"""Level → what stands before a job's name, so that colours are not the only sign."""
WIDE = 130
"""Columns from which on each window has a place of its own."""


def report_text(report: Report, width: int) -> Iterable["RenderableType"]:
    """Give the report for a terminal of so many columns, part by part."""
    from rich.text import Text

    yield Text(words.scope_words(report), style="dim")
    if not report.pipelines:
        yield Text(words.NOTHING)
    for pipeline in report.pipelines:
        yield from _pipeline(pipeline, wide=width >= WIDE)
    for changes in report.changes:
        yield Text(f"\n{changes.key.project} {changes.key.branch}: changes", style="bold")
        for line in words.change_words(changes):
            yield Text(f"  {line}")
    if report.pipelines:
        yield Text(f"\n{words.WEIGHTED}", style="dim")


def _pipeline(pipeline: PipelineReport, *, wide: bool) -> Iterable["RenderableType"]:
    from rich.text import Text

    where = f"  {pipeline.key.host}, tenant {pipeline.key.tenant}"
    yield Text.assemble("\n", (words.title(pipeline.key), "bold"), (where, "dim"))
    yield _windows(pipeline)
    for remark in words.remarks(pipeline):
        yield Text(f"  {remark}", style="yellow")
    yield _table(pipeline.jobs, wide=wide)
    for job in pipeline.jobs:
        yield from _notes(job)


def _windows(pipeline: PipelineReport) -> "Table":
    from rich.table import Table

    shown = Table.grid(padding=(0, 2))
    for name, window in pipeline.windows.items():
        told = words.pass_words(window), words.buildset_words(window.buildsets)
        shown.add_row(f"  {words.WINDOW_WORDS[name]:>4}", *told)
    return shown


def _table(jobs: Iterable[JobReport], *, wide: bool) -> "Table":
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    names = list(words.WINDOW_WORDS.values()) if wide else ["rate"]
    for name in ("job", "level", *names, "p50 / p95", "marks"):
        shown.add_column(name, overflow="fold", no_wrap=name in names)
    for job in jobs:
        found = job.figures
        rates = found.rates.values() if wide else [found.rates[found.window]]
        marks = ", ".join([*job.marks, *([] if found.voting else ["non-voting"])])
        shown.add_row(
            f"{SIGNS.get(found.level, '   ')} {job.name}",
            _level(job),
            *map(_rate, rates),
            words.durations(found),
            marks,
        )
    return shown


def _level(job: JobReport) -> "Text":
    from rich.text import Text

    return Text(words.level_words(job.figures), style=STYLES[job.figures.level])


def _rate(rate: Rate) -> "Text":
    from rich.text import Text

    return Text(words.rate_words(rate), style=STYLES[rate.level])


def _notes(job: JobReport) -> Iterable["RenderableType"]:
    from rich.padding import Padding
    from rich.text import Text

    for first, *rest in words.notes(job):
        yield Padding(Text.assemble((job.name, "bold"), f" {first}"), (0, 0, 0, 2), expand=False)
        yield from (Padding(Text(line), (0, 0, 0, 6), expand=False) for line in rest)
