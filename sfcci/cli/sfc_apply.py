"""`sfcci sfc apply|export`: what shall be there, declared by names in one file."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console, sfc_door
from sfcci.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sfcci.api.client import Door
    from sfcci.api.fate import Change
    from sfcci.api.plan import Plan
    from sfcci.document import Document

SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "yellow"),
    "delete": ("-", "red"),
}
_project = click.option("--project", default="", metavar="ID", help="Only what is this project's.")


@click.command(epilog="Example: sfcci sfc apply chains.yaml --dry-run")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--dry-run", is_flag=True, help="Only show what would change; exit status 1 when something would."
)
@click.option("--yes", is_flag=True, help="Delete and replace without asking.")
@click.option(
    "--prune", is_flag=True, help="Delete what the file does not name, in the sections that it has."
)
@_project
@partial(sfc_door.asks, makes=lambda given: not given["dry_run"])
@console.as_json
def apply(
    file: Path, dry_run: bool, yes: bool, prune: bool, project: str, json_output: bool, door: "Door"
) -> None:
    """Bring about what FILE declares; - is standard input.

    Sections networks, subnets, ports, port_pairs, port_pair_groups, flow_classifiers, port_chains, service_graphs hold
    resources by name; `sfcci sfc export` prints such a file. What differs is shown first, then done with the least
    requests. What cannot be changed is made anew, beside the old one where both can stand. When a request is refused
    it says how far it came; run again, it goes on from there. What the API would refuse for what can be seen is told
    before anything is changed. Exit status 1: refused, or --dry-run has found changes; 2: the file cannot be done.
    """
    from sfcci.api.applying import carry_out, seen
    from sfcci.api.declaration import declaration, there
    from sfcci.api.plan import plan
    from sfcci.api.rehearsal import rehearse

    source, tell = _read(file), console.progress()
    with _alone(door.address):
        resources = seen(door, project)
        here = there(resources)
        made = plan(declaration(source, here), here, prune=prune)
        rehearse(made, resources, here, source)
        if json_output:
            console.print_json(_as_json(made))
        else:
            _show(made)
        if dry_run:
            raise click.exceptions.Exit(EXIT_FINDINGS if made.changes else 0)
        if made.deletions and not yes:
            _ask(made)
        carry_out(door, made, here, lambda step: tell(str(step)), project)
    if not json_output and made.changes:
        click.echo(f"done: {console.counted(len(made.steps), 'request')} to {door.address}")


@click.command(epilog="Example: sfcci sfc export > chains.yaml")
@_project
@sfc_door.asks
@console.as_json
def export(project: str, json_output: bool, door: "Door") -> None:
    """Print what is there as a file that `sfcci sfc apply` takes.

    Resources stand by their names; one whose name is empty or repeats stands by its id, with a word on standard error.
    """
    from sfcci.api.applying import read
    from sfcci.api.declaration import exported
    from sfcci.chain.convert import is_id

    made = exported(read(door, project))
    if json_output:
        console.print_json(made)
    else:
        click.echo(_yaml(made), nl=False)
    if by_id := sum(is_id(key) for resources in made.values() for key in resources):
        click.echo(
            f"{console.counted(by_id, 'resource')} without a name of its own: only this API knows that id",
            err=True,
        )


def _alone(address: str) -> "AbstractContextManager[object]":
    """Two runs at once would both make what neither has found: the second waits, and finds it."""
    import hashlib

    from sfcci import files

    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    return files.locked(console.settings().state / f"apply-{name}.lock")


def _read(file: Path) -> "Document":
    from sfcci import document
    from sfcci.api.declared import SCHEMA

    if str(file) != "-":
        return document.read(file, SCHEMA)
    return document.parse(sys.stdin.read(document.MAX_BYTES), "stdin.yaml", SCHEMA)


def _ask(made: "Plan") -> None:
    from sfcci.api.declared import SECTIONS

    names = ", ".join(f"{SECTIONS[change.collection].noun} {change.key}" for change in made.deletions)
    if not sys.stdin.isatty():
        raise UsageError(f"this deletes or makes anew: {names}; say --yes when that is meant")
    click.confirm(f"Delete or make anew {names}?", abort=True, err=True)


def _show(made: "Plan") -> None:
    for change in made.changes:
        sign, colour = SIGNS[change.verb]
        click.secho(f"{sign} {_told(change)}", fg=colour)
    if not made.changes:
        click.echo("nothing to change")


def _told(change: "Change") -> str:
    from sfcci.api.declared import SECTIONS

    head = f"{SECTIONS[change.collection].noun} {change.key}"
    if change.verb == "create":
        parts = [f"{name} {_plain(new)}" for name, (_, new) in change.words.items()]
    else:
        parts = [f"{name} {_plain(old)} → {_plain(new)}" for name, (old, new) in change.words.items()]
    text = f"{head}: {', '.join(parts)}" if parts else head
    return f"{text} (made anew: {change.why})" if change.why else text


def _plain(value: Any) -> str:
    import json

    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _as_json(made: "Plan") -> dict[str, Any]:
    return {
        "changes": [
            {
                "verb": change.verb,
                "collection": change.collection,
                "name": change.key,
                "words": {name: {"old": old, "new": new} for name, (old, new) in change.words.items()},
                "reason": change.why,
            }
            for change in made.changes
        ],
        "requests": [str(step) for step in made.steps],
    }


def _yaml(made: dict[str, dict[str, Any]]) -> str:
    """Give YAML with a line for each resource, as people write it."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    lines = []
    for section, resources in made.items():
        lines.append(f"{section}:" if resources else f"{section}: {{}}")
        for key, words in resources.items():
            one = yaml.dump(
                {key: words},
                Dumper=dumper,
                default_flow_style=None,
                sort_keys=False,
                allow_unicode=True,
                width=10**6,
            )
            lines += [f"  {line}" for line in one.splitlines()]
    return "\n".join(lines) + "\n"
