"""`sfcci gentoo repos-conf`: the entry that brings the overlay in."""

import click

from sfcci.cli import console


@click.command(epilog="Example: sfcci gentoo repos-conf > /etc/portage/repos.conf/sfcci.conf")
@click.option(
    "--priority",
    metavar="N",
    type=int,
    help="Which repository wins where two have the same version. [default: portage's]",
)
@console.as_json
def repos_conf(priority: int | None, json_output: bool) -> None:
    """Print the entry of repos.conf for the project's overlay, at the folder where it is now."""
    from sfcci.package import pkgcheck
    from sfcci.package.ebuild import OVERLAY
    from sfcci.package.repos_conf import PLACE, entry

    overlay = pkgcheck.repository_at(console.settings().project / OVERLAY)
    text = entry(overlay.name, overlay.path, priority)
    if json_output:
        file = f"{PLACE}/{overlay.name}.conf"
        console.print_json({"name": overlay.name, "location": overlay.path, "file": file, "text": text})
    else:
        click.echo(text, nl=False)
