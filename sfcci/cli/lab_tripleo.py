"""`sfcci lab tripleo`: the articles' cloud of three machines, from the packages to a request's hops."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console

if TYPE_CHECKING:
    from sfcci.pipeline.tripleo import Demonstration


@click.command(epilog="Example: sfcci lab tripleo && sfcci lab forward dest 80 --from source")
@click.option("--name", default="tripleo", metavar="NAME", show_default=True, help="The lab's name.")
@console.as_json
@click.pass_context
def tripleo(ctx: click.Context, name: str, json_output: bool) -> None:
    """Go through the TripleO demonstration.

    Undercloud, controller and compute: packages, enabled, a chain over the three nodes, and the hops of a request.

    What it does, as commands: sfcci package rpm; sfcci package install-root, one root per machine, filled by dnf out of the signed
    repository; sfcci enable controller and compute, each with its --root; sfcci lab up tripleo; sfcci lab exec source traceroute. Before
    the lab, the controller's own Neutron is started out of its root and creates the chain. What is there already is used again. The lab stays up: sfcci lab down ends it. Exit status 1 when the hops are not the chain's.
    """
    from sfcci.pipeline import tripleo as demonstration

    say = console.progress() if json_output else _told
    done = demonstration.demonstrated(console.settings(), name, say)
    if json_output:
        console.print_json(_as_json(done))
    else:
        _show(done)
    ctx.exit(done.exit_status)


def _told(text: str) -> None:
    """Commands stand out from what is going on."""
    if text.startswith("sfcci "):
        click.secho(f"$ {text}", bold=True)
    else:
        click.echo(f"  {text}")


def _show(done: "Demonstration") -> None:
    console.print_findings(done.findings)
    if done.hops and not done.findings:
        click.echo(
            f"as its chain says; the lab {done.lab} stays up: sfcci lab down --name {done.lab} ends it"
        )


def _as_json(done: "Demonstration") -> dict[str, Any]:
    return {
        "roots": [asdict(root) for root in done.roots],
        "enabled": [asdict(one) for one in done.enabled],
        "neutron": asdict(done.neutron) if done.neutron else None,
        "lab": done.lab,
        "hops": [asdict(hop) for hop in done.hops],
        "findings": [finding.as_json() for finding in done.findings],
    }
