"""`sfcci trace`: real packets on their way: the path of one request, flows, topology, what functions cost."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "path": ("trace_path", "Show the path that a real request took, hop by hop, and judge it by its chain."),
    "follow": ("trace_follow", "Show each request as it passes, one line with its path."),
    "balance": ("trace_balance", "Compare how flows spread over port pairs with the weights."),
    "latency": ("trace_latency", "Show how long each function keeps packets: p50, p95, p99."),
    "serve": ("trace_serve", "Serve topology, captures and flows: Skydive's API and a page."),
    "install-skydive": ("trace_install", "Install the program by the name of skydive."),
}


@click.group(
    cls=LateGroup,
    table=COMMANDS,
    epilog="Example: sfcci lab up && sfcci trace path source to dest tcp 80 --send",
)
def trace() -> None:
    """Trace real requests along their chains; topology, captures, flows.

    `sfcci sfc trace` asks the switch what it would do; this shows what it did. Exit status: 0 well, 1 a packet did not go as its chain says,
    2 bad input, 3 it could not be captured.
    """
