"""What is seen of runs while they go on: live lines on a terminal, else a line when a job begins and when it ends."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import click

from sfcci.gate.job import Job, JobResult, Result
from sfcci.gate.watch import Watch

if TYPE_CHECKING:
    from rich.console import Group

Show = Callable[[JobResult], None]


class Plain(Watch):
    """Lines on standard error; results go to `show`."""

    def __init__(self, show: Show) -> None:
        self._show = show

    def begins(self, run: str, job: Job, attempt: int) -> None:
        """Say it, with the attempt when it is not the first."""
        click.echo(f"{'begins':12} {label(job, attempt)}", err=True)

    def ends(self, result: JobResult) -> None:
        """Show the result."""
        self._show(result)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        """Leave the lines as they are."""


class Quiet(Plain):
    """Only results."""

    def begins(self, run: str, job: Job, attempt: int) -> None:
        """Say nothing."""


class Live(Plain):
    """A line for each run that goes on, with its seconds, below the results."""

    def __init__(self, show: Show) -> None:
        from rich.console import Console
        from rich.live import Live as Lines

        super().__init__(show)
        self._running: dict[str, tuple[str, str, float]] = {}
        self._planned = self._ended = 0
        self._lines = Lines(
            console=Console(stderr=True), transient=True, refresh_per_second=8, get_renderable=self._rendered
        )

    def plans(self, count: int) -> None:
        """Know how much there is to do."""
        self._planned = count

    def begins(self, run: str, job: Job, attempt: int) -> None:
        """Add a line."""
        self._running[run] = (label(job, attempt), "", time.monotonic())

    def phase(self, run: str, phase: str) -> None:
        """Show it in the run's line."""
        name, _, begin = self._running[run]
        self._running[run] = (name, phase, begin)

    def ends(self, result: JobResult) -> None:
        """Take the line away, show the result above the others: both may be on one terminal."""
        self._running.pop(result.run, None)
        if result.result is Result.RETRY:
            self._planned += 1
        self._ended += 1
        self._lines.stop()
        self._show(result)
        self._lines.start()

    def _rendered(self) -> "Group":
        from rich.console import Group
        from rich.text import Text

        now = time.monotonic()
        lines = (
            (f"{'running':12} {name}  {now - begin:.1f} s", f"  {phase}")
            for name, phase, begin in tuple(self._running.values())
        )
        done = f"{'':12} {self._ended} of {self._planned} done"
        return Group(
            *(Text.assemble(line, (phase, "dim"), no_wrap=True) for line, phase in lines),
            Text(done, style="dim"),
        )

    def __enter__(self) -> Self:
        self._lines.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._lines.stop()


def watch(show: Show, *, quiet: bool) -> Plain:
    """Give what fits to where standard error goes."""
    if quiet:
        return Quiet(show)
    return Live(show) if sys.stderr.isatty() else Plain(show)


def label(job: Job, attempt: int) -> str:
    """Name a job, with the attempt when it is not the first."""
    return job.name + (f" (attempt {attempt} of {job.attempts})" if attempt > 1 else "")
