"""`sfcci trace follow`: each request as it passes, one line with its path."""

import json
import sys
from collections import OrderedDict
from math import inf
from typing import TYPE_CHECKING

import click

from sfcci.cli import console, trace_seen
from sfcci.errors import EXIT_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sfcci.trace.chainpath import ChainPath
    from sfcci.trace.packet import FiveTuple
    from sfcci.trace.passes import Trail

MOST_REMEMBERED = 100_000
"""So many flows are known again; of one that was forgotten the next packet is a new request."""


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: sfcci trace follow '-> dest tcp 80' --duration 60",
)
@trace_seen.options
@click.option(
    "--duration",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End after so long; else Ctrl-C does.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="End after so many requests; with --wrong, after so many wrong paths.",
)
@click.option("--wrong", is_flag=True, help="Only what did not go as its chain says.")
@click.option("--answers", is_flag=True, help="The answers' paths, too.")
@click.option("--json", "json_output", is_flag=True, help="Print one JSON document per line.")
def follow(  # noqa: PLR0917 - click passes them by name
    request: tuple[str, ...],
    lab: str,
    pcap: str | None,
    scenario: str,
    duration: float | None,
    count: int | None,
    wrong: bool,
    answers: bool,
    json_output: bool,
) -> None:
    """Show each request as it passes, one line with its path: who had it, how long each function kept it, the verdict.

    A flow has one line, and one more whenever its packets begin to go another way. An answer that went wrong is shown always.
    Words for requests are those of `sfcci trace path`. It ends with Ctrl-C, after --duration or --count.

    Exit status 1: something did not go as its chain says.
    """
    seen = trace_seen.Seen(request, lab, pcap, scenario)
    if seen.lab:
        console.progress(piped=True)(f"watching lab {seen.lab.name}; Ctrl-C ends it")
    following = _Following(seen, wrong_only=wrong)
    try:
        for path in following.paths(duration if duration is not None else inf, count or inf):
            if (not path.ok) if wrong else (not path.ok or answers or path.direction == "forward"):
                _show(path, following, json_output)
    except KeyboardInterrupt:
        click.echo(err=True)
    words = f"{console.counted(following.requests, 'request')}, {following.wrong} went wrong"
    click.echo(words, err=True)
    if following.wrong:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _show(path: "ChainPath", following: "_Following", json_output: bool) -> None:
    from sfcci.trace import path_json, path_text

    if json_output:
        text = json.dumps(path_json.as_json(path, following.seen.meant))
    else:
        line = path_text.line(path)
        text = click.style(line, fg=None if path.ok else "red") if sys.stdout.isatty() else line
    click.echo(text)
    sys.stdout.flush()


class _Following:
    """Paths as they come; what was told of a flow is not told again."""

    def __init__(self, seen: trace_seen.Seen, *, wrong_only: bool) -> None:
        self.seen, self._wrong_only = seen, wrong_only
        self.requests = self.wrong = 0
        self._told: OrderedDict[tuple[FiveTuple, str], tuple[object, ...]] = OrderedDict()

    def paths(self, seconds: float, count: float) -> "Iterator[ChainPath]":
        """Give each path that is new, until the time is up or there were so many requests."""
        for batch in self.seen.batches(seconds, lambda _left: self._counted < count):
            for path in self._judged(batch) if batch else ():
                if self._counted >= count:
                    return
                if not self._is_new(path):
                    continue
                self.requests += path.direction == "forward"
                self.wrong += not path.ok
                yield path

    @property
    def _counted(self) -> int:
        return self.wrong if self._wrong_only else self.requests

    def _judged(self, batch: "list[Trail]") -> "tuple[ChainPath, ...]":
        """The paths; before one is called wrong it is seen to that the chains are still those."""
        from sfcci.trace.judging import paths

        found = paths(batch, self.seen.meant, self._is_request)
        if self.seen.lab and not all(path.ok for path in found):
            self.seen.refresh()
            found = paths(batch, self.seen.meant, self._is_request)
        return found

    def _is_request(self, flow: "FiveTuple") -> bool:
        from sfcci.trace.judging import answered

        return self.seen.wanted(flow) and (answered(flow), "forward") not in self._told

    def _is_new(self, path: "ChainPath") -> bool:
        key, way = (path.flow, path.direction), (path.verdict, path.says, path.pairs)
        if self._told.get(key) == way:
            return False
        again = key in self._told
        self._told[key] = way
        self._told.move_to_end(key)
        while len(self._told) > MOST_REMEMBERED:
            self._told.popitem(last=False)
        if again and path.direction == "forward":
            self.requests -= 1  # it is the same request, on another way
        return True
