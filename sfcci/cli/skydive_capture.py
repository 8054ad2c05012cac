"""`sfcci-skydive client capture`: what is captured."""

from typing import Any

import click

from sfcci.cli.skydive import asked_client, configured, crud, print_object
from sfcci.errors import UsageError

PATH = "/api/capture"


@configured
@click.group(epilog="Example: sfcci-skydive client capture list")
def capture() -> None:
    """Create, list, show and delete captures."""


@capture.command(
    epilog="Example: sfcci-skydive client capture create --gremlin \"G.V().Has('Name', 'br-int', 'Type', 'ovsbridge')\""
)
@click.option("--gremlin", default="", metavar="QUERY", help="An expression for the nodes to capture.")
@click.option("--node", default="", metavar="TID", help="One node, by its TID.")
@click.option(
    "--bpf", default="", metavar="FILTER", help="Only packets that the filter takes (pcap-filter(7))."
)
@click.option("--name", default="", help="A name for people.")
@click.option("--description", default="", help="What it is for.")
@click.option(
    "--type", "kind", default="", metavar="TYPE", help="Skydive's way of capturing; ours is one for all."
)
@click.option(
    "--header-size", type=int, default=0, metavar="OCTETS", help="Octets of each packet to look at."
)
@click.option(
    "--rawpacket-limit", type=int, default=0, metavar="N", help="Packets to keep of each flow; -1: all."
)
@click.option("--extra-tcp-metric", is_flag=True, help="Count TCP's flags, gaps and packets out of order.")
@click.option("--ip-defrag", is_flag=True, help="Put fragments together.")
@click.option(
    "--reassamble-tcp", "--reassemble-tcp", "reassemble", is_flag=True, help="Accepted; changes nothing."
)
@click.option("--layer-key-mode", default="", metavar="L2|L3", help="What tells one flow from another.")
@click.option("--extra-layer", multiple=True, metavar="LAYER", help="Layers to look into, such as DNS.")
@click.option("--port", type=int, default=0, help="For sFlow; accepted.")
@click.option("--samplingrate", type=int, default=1, help="For sFlow; accepted.")
@click.option("--pollinginterval", type=int, default=10, help="For sFlow; accepted.")
@click.option("--target", default="", help="For mirrors; accepted.")
@click.option("--target-type", default="", help="For mirrors; accepted.")
@click.option("--ttl", type=int, default=0, metavar="MS", help="End the capture after so many milliseconds.")
def create(gremlin: str, node: str, ttl: int, **given: Any) -> None:
    """Create a capture; when it is printed, no packet is missed any more."""
    if not gremlin and not node:
        raise UsageError("say what to capture: --gremlin QUERY, or --node TID")
    if "'" in node:
        raise UsageError(f"{node!r} is no TID")
    names = {
        "bpf": "BPFFilter",
        "name": "Name",
        "description": "Description",
        "kind": "Type",
        "header_size": "HeaderSize",
        "rawpacket_limit": "RawPacketLimit",
        "extra_tcp_metric": "ExtraTCPMetric",
        "ip_defrag": "IPDefrag",
        "reassemble": "ReassembleTCP",
        "layer_key_mode": "LayerKeyMode",
        "extra_layer": "ExtraLayers",
        "port": "Port",
        "samplingrate": "SamplingRate",
        "pollinginterval": "PollingInterval",
        "target": "Target",
        "target_type": "TargetType",
    }
    body = {"GremlinQuery": gremlin or f"G.V().Has('TID', '{node}')"}
    body |= {names[key]: value for key, value in given.items() if value}
    headers = {"X-Resource-TTL": f"{ttl}ms"} if ttl else {}
    print_object(asked_client().ask("POST", PATH, body, headers).json())


configured(create)
crud(capture, "capture", PATH)
