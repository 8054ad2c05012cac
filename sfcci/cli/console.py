"""What the commands share: settings from the context, JSON on request, findings and progress on the terminal."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sfcci.errors import UsageError
from sfcci.finding import Finding, Severity

if TYPE_CHECKING:
    from sfcci.settings import Settings

as_json = click.option(
    "--json", "json_output", is_flag=True, help="Print one JSON document on standard output."
)
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def settings() -> "Settings":
    """Load the settings of the project in the current folder (or SFCCI_PROJECT)."""
    from sfcci.settings import load

    return load()


def print_json(value: Any) -> None:
    """Print a JSON document; what JSON does not know becomes text."""
    import json

    click.echo(json.dumps(value, indent=2, default=str))


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings one per line, coloured on a terminal."""
    for finding in findings:
        click.secho(str(finding), fg=COLOURS[finding.severity])


def progress(*, piped: bool = False) -> Callable[[str], None]:
    """Give a function that says what is going on: on standard error, when that is a terminal, or `piped`: always."""
    if not sys.stderr.isatty() and not piped:
        return lambda _text: None
    return lambda text: click.secho(f"  {text}", dim=True, err=True)


def until_interrupted() -> NoReturn:
    """Wait for Ctrl-C or SIGTERM; the handler's KeyboardInterrupt ends it.

    A signal that comes when Python has looked for signals for the last time and does not wait yet would be lost on a lock
    (`Event.wait`), for it wakes nothing. Here its number is in a socket by then, which is what is waited for.
    """
    import socket

    heard, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        while True:
            heard.recv(1)  # the handler runs now, where there is one
    finally:
        signal.set_wakeup_fd(before)
        heard.close()
        told.close()


def counted(number: int, thing: str) -> str:
    """Give a number of things: 1 run, 2 runs."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def plain(text: object) -> str:
    r"""Give a text without power over a terminal: control characters but line ends are told by their escapes (\x1b)."""
    found = str(text)
    if found.isprintable():
        return found
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in found)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print a table with rich: no word of it is cut off. Where standard output is no terminal it is plain and wide."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    wide = not sys.stdout.isatty()
    heads = [
        Column(name, overflow="fold", no_wrap=wide and not number) for number, name in enumerate(columns)
    ]
    shown = Table(*heads, title=title, title_justify="left")
    for row in rows:
        shown.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
    console = Console(width=160 if wide else None)
    # rich itself would end the program with status 1 when the reader is gone
    with console.capture() as written:
        console.print(shown)
    click.echo(written.get(), nl=False)


@contextlib.contextmanager
def graphite_url(given: "Settings", url: str | None) -> Iterator[str]:
    """Give the address of the Graphite to read: `url`, else the settings' one, else the private one, up for the block."""
    if url or given.graphite.url:
        yield url or given.graphite.url
        return
    from sfcci.metric import instance

    with instance.running(given, progress()) as found:
        if not found.url:
            raise UsageError(
                "nothing to read from: set [graphite] url beside carbon, or name one with --graphite"
            )
        yield found.url
