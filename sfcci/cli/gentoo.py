"""`sfcci gentoo`: for who uses the overlay on a Gentoo machine."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "use": ("gentoo_use", "Say which flags a package has, what masks it, and what is wrong in package.use."),
    "repos-conf": ("gentoo_repos_conf", "Print the entry of repos.conf that brings the overlay in."),
}
"""Name → module with the command of that name, one line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci gentoo use sys-cluster/networking-sfc")
def gentoo() -> None:
    """Use the overlay on Gentoo: flags, masks, the entry in repos.conf."""
