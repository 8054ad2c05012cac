"""`sfcci-skydive client query`, `topology`, `status` and `pcap`: what there is, and what passed."""

from pathlib import Path

import click

from sfcci.cli.skydive import asked_client, configured, print_object
from sfcci.errors import UsageError

ACCEPT = {"json": "application/json", "dot": "text/vnd.graphviz", "pcap": "application/vnd.tcpdump.pcap"}
_format = click.option(
    "--format",
    "form",
    type=click.Choice(list(ACCEPT)),
    default="json",
    show_default=True,
    help="dot for nodes and edges, pcap for RawPackets().",
)


def answer(gremlin: str, form: str) -> None:
    """Ask, and print what comes: JSON as Skydive does, all else as it is."""
    found = asked_client().ask("POST", "/api/topology", {"GremlinQuery": gremlin}, {"Accept": ACCEPT[form]})
    if form == "json":
        print_object(found.json(), "\t")
    else:
        click.echo(found.body, nl=False)


@configured
@click.command(epilog="Example: sfcci-skydive client query \"G.Flows().Has('Network', '10.0.0.3').Limit(1)\"")
@click.argument("gremlin", metavar="QUERY")
@_format
def query(gremlin: str, form: str) -> None:
    """Ask a Gremlin expression."""
    answer(gremlin, form)


@configured
@click.group(epilog="Example: sfcci-skydive client topology query --gremlin \"G.V().Has('Type', 'netns')\"")
def topology() -> None:
    """Ask about the topology; export it."""


@topology.command(
    "query", epilog='Example: sfcci-skydive client topology query --gremlin "G.Flows().Limit(1)"'
)
@click.option("--gremlin", default="G", show_default=True, metavar="QUERY", help="The expression.")
@_format
def topology_query(gremlin: str, form: str) -> None:
    """Ask a Gremlin expression."""
    answer(gremlin, form)


@topology.command(epilog="Example: sfcci-skydive client topology export > topology.json")
def export() -> None:
    """Print the whole topology."""
    answer("G", "json")


@configured
@click.command(epilog="Example: sfcci-skydive client status")
def status() -> None:
    """Show what the analyzer does, in figures."""
    print_object(asked_client().ask("GET", "/api/status").json())


@configured
@click.command(epilog="Example: sfcci-skydive client pcap --trace traffic.pcap")
@click.option(
    "-t",
    "--trace",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A capture (pcap or pcapng).",
)
def pcap(trace: Path) -> None:
    """Import the flows of a file of packets."""
    try:
        with trace.open("rb") as file:
            length = {"Content-Length": str(trace.stat().st_size)} if trace.is_file() else {}
            asked_client().ask("POST", "/api/pcap", file, length)
    except OSError as error:
        raise UsageError(f"{trace} cannot be read: {error.strerror}") from None
    click.echo(f"{trace} was successfully imported")


configured(topology_query)
configured(export)
