"""What `preview`, `metrics browse` and `gate browse` share: the same pages, begun at one of them, until Ctrl-C."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sfcci.cli import console
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sfcci.dashboard.latest import Prepare

_Command = TypeVar("_Command", bound=Callable[..., Any])

port_option = click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The page's port; by default a free one."
)
graphite_option = click.option("--graphite", metavar="URL", help="Draw from this Graphite, read only.")
html_option = click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a page that needs no server and no network.",
)


def time_options(command: _Command) -> _Command:
    """Give a command that draws into a file the time that it draws: `begin` and `end`."""
    usual = "by default the dashboard's own"
    for option in (
        click.option("--until", "end", metavar="TIME", default="", help=f"End; {usual}."),
        click.option(
            "--from",
            "begin",
            metavar="TIME",
            default="",
            help=f"Begin of what the file draws: now-24h, 7d, 2026-11-20T14:30Z; {usual}.",
        ),
    ):
        command = option(command)
    return command


def options(command: _Command) -> _Command:
    """Give a command the options that those who begin at a page have."""
    for option in (
        click.option("--no-open", is_flag=True, help="Only print the address; open no browser."),
        port_option,
        click.option("--graphite", metavar="URL", help="Read from this Graphite."),
    ):
        command = option(command)
    return command


def graphite_there(settings: Settings, url: str | None) -> str:
    """Give the address of a Graphite without starting one; "" when there is none."""
    from sfcci.metric import instance

    return url or settings.graphite.url or instance.status(settings).url


def serve(
    settings: Settings,
    graphite: str,
    path: str,
    port: int,
    no_open: bool,
    json_output: bool,
    paths: tuple[Path, ...] = (),
    prepare: "Prepare" = lambda found: found,
) -> None:
    """Serve the pages, tell the address of the one to begin at, and open it where there is a desktop; until Ctrl-C."""
    from sfcci.web.server import start_preview

    with start_preview(
        settings, graphite, port, paths=paths, say=console.progress(), prepare=prepare
    ) as address:
        begin = address.rstrip("/") + path
        if json_output:
            console.print_json({"address": begin, "graphite": graphite})
        else:
            source = f", with Graphite at {graphite}" if graphite else ""
            click.echo(f"{begin} shows it{source}; Ctrl-C ends it")
        if not no_open and not json_output:
            open_page(begin)
        console.until_interrupted()


def open_page(address: str) -> None:
    """Open the page in the desktop's browser; without a desktop nothing happens: the address has been told."""
    from sfcci import command

    if (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and command.available("xdg-open"):
        command.launch(["xdg-open", address], log=Path(os.devnull))
