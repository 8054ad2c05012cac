"""`sfcci dashboard delete|prune`: dashboards taken out of Grafana."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.dashboard_server import asked, connected, named, paths_argument, server_options, settings
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, UsageError

if TYPE_CHECKING:
    from sfcci.dashboard.grafana_client import Client
    from sfcci.dashboard.plan import Kept


@click.command(epilog="Example: sfcci dashboard delete sfc-gate")
@click.argument("names", metavar="UID|TITLE|PATH...", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Delete it although it does not carry our tag.")
@click.option("--dry-run", is_flag=True, help="Delete nothing; say what would be deleted.")
@server_options
@console.as_json
@click.pass_context
def delete(
    ctx: click.Context, /, names: tuple[str, ...], force: bool, dry_run: bool, json_output: bool, **given: Any
) -> None:
    """Delete dashboards from Grafana, by uid, by title or by their files.

    Exit status 1 when there is nothing of that name, or when it is someone else's.
    """
    from sfcci.dashboard import grafana

    deleted, problems = [], []
    with connected(given) as client:
        for name in names:
            for uid, found in _meant(client, name).items():
                if found is None:
                    problems.append(f"Grafana at {client.url} has no dashboard {name}")
                elif not (found.ours or force):
                    problems.append(
                        f"{found.title} ({uid}) does not carry our tag; give --force to delete it all the same"
                    )
                elif dry_run or grafana.remove(client, uid):
                    deleted.append({"uid": uid, "title": found.title})
    _show_deleted(deleted, problems, dry_run, json_output)
    ctx.exit(EXIT_FINDINGS if problems else EXIT_OK)


@click.command(epilog="Example: sfcci dashboard prune dashboards/ --dry-run")
@paths_argument
@click.option("--dry-run", is_flag=True, help="Delete nothing; say what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--everywhere", is_flag=True, help="Look into every folder, not only into those of the files.")
@server_options
@console.as_json
def prune(
    paths: tuple[Path, ...], dry_run: bool, yes: bool, everywhere: bool, json_output: bool, **given: Any
) -> None:
    """Delete the dashboards that carry our tag and are in no file (PATH) any more.

    Only in the folders that the files go to, so that two projects can share a Grafana.
    """
    from sfcci.dashboard import grafana

    sources, _ = asked(paths, {**given, "unchecked": True})
    folders = {one.folder for one in sources.items} or {settings(given).folder}
    uids = {one.dashboard.uid for one in sources.items}
    with connected(given) as client:
        orphans = [
            one
            for one in grafana.listing(client, ours=True)
            if one.uid not in uids and (everywhere or one.folder in folders)
        ]
        problems: list[str] = []
        asks = orphans and not dry_run and not yes
        if asks and not _confirmed([f"{one.title} ({one.uid}) in {one.folder}" for one in orphans]):
            orphans, problems = [], ["as you wish: nothing was deleted"]
        deleted = [
            {"uid": one.uid, "title": one.title}
            for one in orphans
            if dry_run or grafana.remove(client, one.uid)
        ]
    _show_deleted(deleted, problems, dry_run, json_output)


def _meant(client: "Client", name: str) -> "dict[str, Kept | None]":
    """Give the dashboards that a word of `delete` means: those of a path's files, else one by uid or title."""
    from sfcci.dashboard import grafana
    from sfcci.dashboard.source import load

    if not Path(name).exists():
        found = named(client, name)
        if len(found) > 1:
            raise UsageError(
                f"several dashboards are called {name!r}; give a uid: {', '.join(sorted(found))}"
            )
        return found
    items = load([Path(name)], "", checked=False).items
    return {one.dashboard.uid: grafana.fetch(client, one.dashboard.uid) for one in items}


def _confirmed(lines: Any) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "prune deletes only what it may: give --yes, or --dry-run to see what it would delete"
        )
    for line in lines:
        click.echo(f"  {line}", err=True)
    return click.confirm("Delete these dashboards?", err=True)


def _show_deleted(deleted: Any, problems: Any, dry_run: bool, json_output: bool) -> None:
    if json_output:
        console.print_json({"deleted": deleted, "problems": problems, "dry_run": dry_run})
        return
    for one in deleted:
        click.echo(f"{'would delete' if dry_run else 'deleted'} {one['title']} ({one['uid']})")
    for text in problems:
        click.echo(text, err=True)
    if not deleted and not problems:
        click.echo("nothing to delete")
