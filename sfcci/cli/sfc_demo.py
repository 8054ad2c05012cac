"""`sfcci sfc demo`: the demonstration as a script for the unmodified OpenStack client."""

import click


@click.command(epilog="Example: sfcci sfc demo | sh")
def demo() -> None:
    """Print the demonstration as a shell script.

    It works with the unmodified openstack client against a running server (sfcci sfc serve): a network, eight ports
    on five machines of the lab, three functions in two groups, a chain, and a request that is diverted through
    them. OS_ENDPOINT names another server than http://127.0.0.1:9696, SFC_LAB another lab than sfc.
    """
    from importlib import resources

    click.echo(resources.files("sfcci.datapath").joinpath("scenarios/demo.sh").read_text(), nl=False)
