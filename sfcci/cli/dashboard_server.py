"""What the commands that talk to Grafana share: which one, which files, which dashboard is meant."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sfcci.cli import console
from sfcci.errors import UsageError
from sfcci.settings import Grafana

if TYPE_CHECKING:
    from sfcci.dashboard.grafana import Options
    from sfcci.dashboard.grafana_client import Client
    from sfcci.dashboard.plan import Kept
    from sfcci.dashboard.source import Sources

F = TypeVar("F", bound=Callable[..., Any])
MAX_PARALLEL = 16

paths_argument = click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
legacy_option = click.option("--legacy", is_flag=True, help="Send rows, as grafyaml does, for old Grafanas.")
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Overwrite what somebody else made, or changed meanwhile."
)
unchecked_option = click.option(
    "--unchecked", is_flag=True, help="Go on with targets that Graphite will misread; they are told."
)
datasource_option = click.option(
    "--datasource",
    "datasources",
    metavar="NAME=NAME",
    multiple=True,
    help="Use the data source on the right, of Grafana, for the one on the left, of the files. Can be repeated.",
)


def server_options(function: F) -> F:
    """Add what says which Grafana is meant, and how to talk to it."""
    for option in (
        click.option(
            "--parallel",
            type=click.IntRange(1, MAX_PARALLEL),
            default=6,
            show_default=True,
            help="Requests under way at a time.",
        ),
        click.option(
            "--timeout",
            metavar="SECONDS",
            type=click.FloatRange(min=0, min_open=True),
            default=30.0,
            show_default=True,
            help="How long one answer may take.",
        ),
        click.option("--folder", metavar="TITLE", help="Use this folder instead of the one in the settings."),
        click.option(
            "--grafana", metavar="URL", help="Talk to this Grafana instead of the one in the settings."
        ),
    ):
        function = option(function)
    return function


def settings(given: Mapping[str, Any]) -> Grafana:
    """Give the settings of Grafana with what the options say otherwise. Raises UsageError where none is named."""
    found = console.settings().grafana
    found = replace(found, url=given.get("grafana") or found.url, folder=given.get("folder") or found.folder)
    if not found.url:
        raise UsageError(
            "no Grafana is configured; give --grafana URL, or set [grafana] url in sfcci.toml; "
            "`sfcci preview` shows dashboards without one"
        )
    return found


@contextmanager
def connected(given: Mapping[str, Any]) -> "Iterator[Client]":
    """Give a client that knows who it is there, for the block. Raises Unreachable, UsageError."""
    from sfcci.dashboard.grafana_client import Client

    with Client(settings(given), timeout_s=given["timeout"], workers=given["parallel"]) as client:
        client.connect()
        yield client


def asked(paths: tuple[Path, ...], given: Mapping[str, Any]) -> "tuple[Sources, Options]":
    """Read the files and the options of an update."""
    from sfcci.dashboard.grafana import Options
    from sfcci.dashboard.source import load

    mapping = dict(pair(text) for text in given.get("datasources", ()))
    project = console.settings().project
    sources = load(
        paths or (project / "dashboards",), settings(given).folder, checked=not given.get("unchecked")
    )
    overwrite, legacy = bool(given.get("overwrite")), bool(given.get("legacy"))
    return sources, Options(datasources=mapping, legacy=legacy, overwrite=overwrite)


def pair(text: str) -> tuple[str, str]:
    """Read NAME=NAME. Raises UsageError."""
    left, found, right = text.partition("=")
    if not (left and found and right):
        raise UsageError(f"--datasource {text!r}: expected NAME=NAME, of the files and of Grafana")
    return left, right


def one_named(client: "Client", name: str) -> "Kept":
    """Give the one dashboard of that uid or title. Raises UsageError."""
    found = {uid: kept for uid, kept in named(client, name).items() if kept}
    if not found:
        raise UsageError(f"Grafana at {client.url} has no dashboard {name!r}; see `sfcci dashboard list`")
    if len(found) > 1:
        raise UsageError(f"several dashboards are called {name!r}; give a uid: {', '.join(sorted(found))}")
    return next(iter(found.values()))


def named(client: "Client", name: str) -> "dict[str, Kept | None]":
    """Give the dashboard of that uid, else all of that title, by uid; None where there is none."""
    from sfcci.dashboard import grafana

    if kept := grafana.fetch(client, name):
        return {name: kept}
    uids = [one.uid for one in grafana.listing(client) if one.title == name]
    return {uid: grafana.fetch(client, uid) for uid in uids} or {name: None}
