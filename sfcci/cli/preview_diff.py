"""`sfcci preview diff`: two versions of dashboards side by side, with what changed."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import browsing, console
from sfcci.errors import EXIT_FINDINGS, EXIT_INPUT, EXIT_OK
from sfcci.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sfcci.dashboard.difference import DashboardDifference
    from sfcci.dashboard.revision import Side

    Read = Callable[[], tuple[Side, Side]]


@click.command(epilog="Example: sfcci preview diff main dashboards/ --html review.html")
@click.argument("old", default="HEAD")
@click.argument("new", default="")
@click.option("--text", is_flag=True, help="Only say what changed; no page.")
@browsing.html_option
@browsing.time_options
@browsing.port_option
@browsing.graphite_option
@console.as_json
@click.pass_context
def diff(
    ctx: click.Context,
    *,
    old: str,
    new: str,
    text: bool,
    html: Path | None,
    begin: str,
    end: str,
    port: int,
    graphite: str | None,
    json_output: bool,
) -> None:
    """Show two versions of dashboards side by side, drawn from the same Graphite, with what changed; until Ctrl-C.

    OLD and NEW are files, folders, or git revisions: REV:PATH, or REV alone for the other side's path there. Without NEW it is
    `dashboards` of the project, without OLD the last commit.

    With --text, --json or --html there is no server, and the exit status is 0 when both are the same, 1 when they differ,
    2 when a file is not whole.
    """
    from sfcci.dashboard.difference import differences
    from sfcci.dashboard.revision import read_sides

    settings = console.settings()
    usual = settings.project / "dashboards"

    def read() -> "tuple[Side, Side]":
        return read_sides(old, new or str(usual), usual)

    sides = read()
    found = differences(sides[0].dashboards, sides[1].dashboards)
    if html:
        _write(settings, read, html, (begin, end), graphite)
    if text or json_output or html:
        _tell(sides, found, json_output)
        ctx.exit(_status(sides, found))
    _tell(sides, found, json_output=False)
    with console.graphite_url(settings, graphite) as url:
        _serve(settings, read, url, port)


def _serve(settings: Settings, read: "Read", url: str, port: int) -> None:
    from sfcci.web.pages_dashboards import Readers
    from sfcci.web.pages_difference import Compared, routes
    from sfcci.web.server import start_pages

    compared = Compared(read, Readers(url))
    with start_pages(settings, routes(compared), port, say=console.progress()) as address:
        click.echo(f"{address} shows it, with Graphite at {compared.readers.shown}; Ctrl-C ends it")
        console.until_interrupted()


def _write(
    settings: Settings, read: "Read", html: Path, times: tuple[str, str], graphite: str | None
) -> None:
    from sfcci import files
    from sfcci.web import assets, export
    from sfcci.web.pages_dashboards import Readers
    from sfcci.web.pages_difference import Compared

    say = console.progress()
    with console.graphite_url(settings, graphite) as url:
        found = assets.asset_files(settings.cache, say)
        view = export.View(*times)
        say("drawing both sides")
        files.write_text(html, export.difference_html(Compared(read, Readers(url)), view, found, time.time()))


def _tell(sides: "tuple[Side, Side]", found: "Sequence[DashboardDifference]", json_output: bool) -> None:
    from sfcci.dashboard import difference_text

    problems = [str(one) for side in sides for one in side.problems]
    if json_output:
        told = {"old": sides[0].name, "new": sides[1].name, "problems": problems}
        console.print_json({**told, "dashboards": difference_text.as_json(found)})
        return
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(difference_text.text(found) or f"{sides[0].name} and {sides[1].name} have the same dashboards")


def _status(sides: "tuple[Side, Side]", found: "Sequence[DashboardDifference]") -> int:
    from sfcci.dashboard.difference import Kind

    if any(side.problems for side in sides):
        return EXIT_INPUT
    return EXIT_FINDINGS if any(one.kind is not Kind.SAME for one in found) else EXIT_OK
