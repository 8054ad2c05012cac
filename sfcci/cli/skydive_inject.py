"""`sfcci-skydive client injection` (and inject-packet): packets that are sent from a node."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sfcci.cli.skydive import asked_client, configured, contents, crud, print_object
from sfcci.errors import UsageError

PATH = "/api/injectpacket"
_Function = TypeVar("_Function", bound=Callable[..., Any])
_NAMES = {
    "src": "Src",
    "dst": "Dst",
    "src_ip": "SrcIP",
    "dst_ip": "DstIP",
    "src_mac": "SrcMAC",
    "dst_mac": "DstMAC",
    "src_port": "SrcPort",
    "dst_port": "DstPort",
    "kind": "Type",
    "payload": "Payload",
    "inc_payload": "IncrementPayload",
    "id_": "ICMPID",
    "count": "Count",
    "interval": "Interval",
    "mode": "Mode",
    "ttl": "TTL",
}


def _options(command: _Function) -> _Function:
    for names, settings in (
        (
            ("--src",),
            {"default": "", "metavar": "QUERY", "help": "An expression for the interface that sends."},
        ),
        (("--dst",), {"default": "", "metavar": "QUERY", "help": "An expression for the destination."}),
        (("--src-ip", "--srcIP", "src_ip"), {"default": "", "help": "Default: the sending node's address."}),
        (("--dst-ip", "--dstIP", "dst_ip"), {"default": "", "help": "Default: the destination's address."}),
        (("--src-mac", "--srcMAC", "src_mac"), {"default": "", "help": "Default: the interface's own."}),
        (("--dst-mac", "--dstMAC", "dst_mac"), {"default": "", "help": "Default: the destination's."}),
        (("--src-port", "--srcPort", "src_port"), {"type": int, "default": 0, "help": "0: by chance."}),
        (("--dst-port", "--dstPort", "dst_port"), {"type": int, "default": 0, "help": "0: by chance."}),
        (
            ("--type", "kind"),
            {"default": "icmp4", "show_default": True, "help": "icmp4, icmp6, tcp4, tcp6, udp4 or udp6."},
        ),
        (("--payload",), {"default": "", "help": "Default: 56 letters by chance."}),
        (("--inc-payload",), {"type": int, "default": 0, "help": "Letters more with each packet."}),
        (("--id", "id_"), {"type": int, "default": 0, "help": "ICMP's identifier."}),
        (("--count",), {"type": int, "default": 1, "show_default": True, "help": "Packets to send."}),
        (("--interval",), {"type": int, "default": 1000, "show_default": True, "help": "ms between two."}),
        (
            ("--mode",),
            {"default": "unique", "show_default": True, "help": "random: each packet is of another flow."},
        ),
        (("--ttl",), {"type": int, "default": 64, "show_default": True, "help": "The packets' TTL."}),
        (
            ("--pcap",),
            {"type": click.Path(path_type=Path), "default": None, "help": "Send the frames of a capture."},
        ),
    ):
        command = click.option(*names, **settings)(command)
    return command


def _send(given: dict[str, Any]) -> None:
    file: Path | None = given.pop("pcap")
    if not given["src"]:
        raise UsageError("say from where: --src QUERY")
    body = {_NAMES[key]: value for key, value in given.items() if value or key == "interval"}
    if file is not None:
        import base64

        body["Pcap"] = base64.b64encode(contents(file)).decode()
    print_object(asked_client().ask("POST", PATH, body).json())


EXAMPLE = (
    "Example: sfcci-skydive client injection create --src \"G.V().Has('Name','eth0','IPV4',Regex('10.0.0.3/.*'))\" "
    "--dst \"G.V().Has('IPV4',Regex('10.0.0.128/.*'))\" --type icmp4"
)


@configured
@_options
@click.group(invoke_without_command=True, epilog=EXAMPLE)
@click.pass_context
def injection(ctx: click.Context, /, **given: Any) -> None:
    """Send packets. Without a command of its own it sends, as Skydive 0.9 did."""
    if ctx.invoked_subcommand is None:
        _send(given)


@configured
@injection.command(epilog=EXAMPLE)
@_options
def create(**given: Any) -> None:
    """Send packets."""
    _send(given)


crud(injection, "injection", PATH)
inject_packet = injection
