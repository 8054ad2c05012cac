"""`sfcci graphite`: the private Graphite, kept up by hand."""

from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.settings import Settings


@click.group(epilog="Example: sfcci graphite up")
def graphite() -> None:
    """Run a private Graphite.

    Commands that need a Graphite start it themselves and end it with their last user; `up` keeps it running.
    """


@graphite.command("up", epilog="Example: sfcci graphite up --port 8080 --carbon-port 2003")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the web part (default: a free one).")
@click.option("--carbon-port", type=click.IntRange(1, 65535), help="Port of carbon (default: a free one).")
@console.as_json
def up(port: int | None, carbon_port: int | None, json_output: bool) -> None:
    """Start the private Graphite on the loopback address and keep it up until `down`."""
    from sfcci.metric import instance

    settings = console.settings()
    _refuse_configured(settings)
    started = instance.up(settings, console.progress(), web_port=port or 0, carbon_port=carbon_port or 0)
    if json_output:
        console.print_json({"url": started.url, "carbon": str(started.carbon)})
        return
    click.echo(
        f"Graphite is up at {started.url}, carbon at {started.carbon}; end it with: sfcci graphite down"
    )


@graphite.command("down", epilog="Example: sfcci graphite down")
@console.as_json
def down(json_output: bool) -> None:
    """End the private Graphite; its series stay. While another run uses it, it ends when that run does."""
    from sfcci.metric import instance

    settings = console.settings()
    _refuse_configured(settings)
    ending = instance.down(settings)
    if json_output:
        console.print_json({"graphite": ending})
        return
    click.echo(
        {
            instance.Ending.STOPPED: "Graphite is down",
            instance.Ending.NOT_RUNNING: "Graphite was not running",
            instance.Ending.IN_USE: "Graphite is in use by another run and ends when that does",
        }[ending]
    )


@graphite.command("status", epilog="Example: sfcci graphite status --json")
@console.as_json
def status(json_output: bool) -> None:
    """Say which Graphite is used, whether it runs, where, and how much it keeps."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from sfcci.metric import instance

    settings = console.settings()
    if settings.graphite.url or settings.graphite.carbon:
        _show_configured(settings, json_output)
        return
    found = instance.status(settings)
    if json_output:
        console.print_json(asdict(found))
        return
    kept = f"{found.storage_bytes / 2**20:.1f} MiB in {found.storage}"
    if not found.running:
        click.echo(f"the private Graphite does not run; {kept}")
        return
    since = datetime.fromtimestamp(found.started_at or 0, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    click.echo(f"the private Graphite runs at {found.url}, carbon at {found.carbon}, since {since}; {kept}")
    click.echo(
        "it stays until: sfcci graphite down" if found.kept else "it ends with the last run that uses it"
    )


def _show_configured(settings: "Settings", json_output: bool) -> None:
    from sfcci.metric import instance
    from sfcci.metric.push import reader

    named = instance.configured(settings)
    source = reader(named)
    names = len(source.expand("*", leaves_only=False))
    if json_output:
        console.print_json({"configured": True, "url": source.shown, "carbon": str(named.carbon or "")})
        return
    carbon = f"carbon at {named.carbon}" if named.carbon else "no [graphite] carbon: it is only read"
    click.echo(
        f"the settings name the Graphite at {source.shown}, {carbon}; it answers, with {names} top-level names"
    )


def _refuse_configured(settings: "Settings") -> None:
    named = settings.graphite
    if named.url or named.carbon:
        raise UsageError(
            "the settings name a Graphite already ([graphite] in sfcci.toml, or SFCCI_GRAPHITE_...), "
            "so the private one is not used; remove them to use it"
        )
