"""`sfcci enable`: from an installed package to a service that runs it."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "controller": (
        "enable_role",
        "Where neutron-server runs: its plugins and their drivers, tables, restart.",
    ),
    "compute": ("enable_role", "Where neutron-openvswitch-agent runs: its extension, restart."),
    "devstack": ("enable_devstack", "The lines of local.conf with which devstack installs networking-sfc."),
}
"""Name → module with the command of that name, one line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci enable controller --dry-run")
def enable() -> None:
    """Switch networking-sfc on in Neutron's configuration, on a controller, a compute node, in devstack."""
