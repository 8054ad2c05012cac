"""`sfcci gentoo repos-conf`: how the overlay gets into portage's configuration."""

from pathlib import Path

import click

from sfcci.cli import console


@click.command(
    epilog="Examples: sfcci gentoo repos-conf > /etc/portage/repos.conf/sfcci.conf | "
    "sfcci gentoo repos-conf --location /var/db/repos/sfcci"
)
@click.option(
    "--location",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where the overlay lies on the machine that it is for. [default: this project's gentoo/]",
)
@click.option(
    "--priority",
    type=int,
    help="Which repository goes first where two have the same version: the higher one.",
)
@console.as_json
def repos_conf(location: Path | None, priority: int | None, json_output: bool) -> None:
    """Print the entry of repos.conf that brings the overlay in.

    It goes into a file in /etc/portage/repos.conf/. Portage does not update the overlay: whoever keeps the project does.
    """
    from sfcci.package import pkgcheck, repos_conf
    from sfcci.package.ebuild import OVERLAY

    own = console.settings().project.absolute() / OVERLAY
    name = pkgcheck.repository_at(own).name
    text = repos_conf.entry(name, location or own, priority)
    if json_output:
        console.print_json({"name": name, "location": location or own, "priority": priority, "text": text})
    else:
        click.echo(text, nl=False)
