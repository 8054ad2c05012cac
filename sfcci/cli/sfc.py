"""`sfcci sfc`: Service Function Chaining by name: Neutron's API served, asked, declared."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "serve": ("sfc_serve", "Serve Neutron's API, so that the unmodified openstack client works."),
    "user": ("sfc_user", "Keep the users who may ask the server."),
    "node": ("sfc_node", "Register the machines whose Open vSwitch the server drives."),
    "status": ("sfc_status", "Show each chain's status, why, and which port pairs live."),
    "trace": ("sfc_trace", "Show the path that a packet would take, hop by hop, and judge it."),
    "apply": ("sfc_apply", "Bring the server, or a state file, to what a file declares."),
    "demo": ("sfc_demo", "Print the demonstration, a script for the openstack client."),
    "export": ("sfc_apply", "Print what is there as such a file."),
    "flow": ("sfc_verbs", "Flow classifiers: which traffic is meant."),
    "port": ("sfc_verbs", "Ports, port pairs, port pair groups, port chains."),
    "service": ("sfc_verbs", "Service graphs: chains that branch into chains."),
    "network": ("sfc_verbs", "Networks."),
    "subnet": ("sfc_verbs", "Subnets."),
    "router": ("sfc_verbs", "Routers."),
}


@click.group(
    cls=LateGroup,
    table=COMMANDS,
    epilog="Example: sfcci sfc port chain create --port-pair-group PG1 --flow-classifier FC1 PC1",
)
def sfc() -> None:
    """Serve Neutron's API for Service Function Chaining; chains by name, or declared in a file.

    The words are those of `openstack sfc`, without that client. Asks the server at --url ([api] url, OS_ENDPOINT, http://127.0.0.1:9696), or works on its state file when no server
    is there. Exit status: 0 well, 1 refused, 2 bad input, 3 it cannot be reached.
    """
