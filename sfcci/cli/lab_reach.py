"""`sfcci lab forward|ssh-config`: reach a lab's hosts with programs that know nothing of labs: a browser, ssh."""

import contextlib

import click

from sfcci.cli import completion, console, lab_choice
from sfcci.cli.lab_tripleo import tripleo

LOOPBACK = "127.0.0.1"


def _listened(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, int]:
    """Give address and port of ADDRESS:PORT, [IPv6]:PORT, or of a port alone, which is loopback's."""
    from ipaddress import ip_address

    address, _, port = value.rpartition(":")
    with contextlib.suppress(ValueError):
        if port.isascii() and port.isdigit() and int(port) < 2**16:
            return str(ip_address(address.strip("[]") or LOOPBACK)), int(port)
    raise click.BadParameter(f"{value!r} is no address and port, as 127.0.0.1:8080 or [::1]:8080")


@click.command(epilog="Example: sfcci lab forward dest 80 --listen 127.0.0.1:8080")
@lab_choice.named
@click.option(
    "--listen",
    default="0",
    callback=_listened,
    metavar="[ADDRESS:]PORT",
    help="Where to listen.  [default: a free port of 127.0.0.1]",
)
@click.option(
    "--from",
    "origin",
    default="",
    metavar="HOST",
    help="Begin connections on this host: they pass the chains that its packets pass.",
    shell_complete=completion.hosts,
)
@click.argument("host", shell_complete=completion.hosts)
@click.argument("port", type=click.IntRange(1, 2**16 - 1))
@console.as_json
def forward(name: str, listen: tuple[str, int], origin: str, host: str, port: int, json_output: bool) -> None:
    """Reach PORT of HOST from this machine.

    With a browser, say: many connections at once, until Ctrl-C or the lab's end. An address other than loopback lets
    other machines in; nobody is asked who they are. `--json` prints one document when it listens.
    """
    from ipaddress import ip_address

    from sfcci.datapath import forward as forwarding

    found = lab_choice.one(name)
    way = forwarding.to_host(found.lab, host, port, origin)
    with forwarding.listener(*listen) as listening:
        shown = forwarding.shown(*listening.getsockname()[:2])
        if json_output:
            console.print_json(
                {"listen": shown, "lab": found.name, "host": host, "port": port, "from": way.origin}
            )
        else:
            through = f" from {way.origin}, through its chains" if way.origin != host else ""
            click.echo(
                f"http://{shown}/ leads to port {port} of {host} in lab {found.name}{through}; Ctrl-C ends it"
            )
        if not ip_address(listen[0]).is_loopback:
            click.echo(f"{shown} is open to other machines, and nobody is asked who they are", err=True)
        forwarding.run(found.lab, way, listening, lambda text: click.echo(text, err=True))


@click.command(
    "ssh-config",
    epilog="Example: sfcci lab ssh-config --write lab.ssh && ssh -F lab.ssh source curl http://10.0.0.128/",
)
@lab_choice.named
@click.option(
    "--write",
    "path",
    type=click.Path(dir_okay=False),
    help="Write it to this file, for you alone.",
)
def ssh_config(name: str, path: str | None) -> None:
    """Print a configuration for ssh: the lab's hosts.

    For ssh -F FILE HOST, scp, ssh -L, ssh -D (a browser's SOCKS proxy), sshuttle. Keys are made for the lab and go with it;
    each connection has a server of its own, started on the host, and no port is opened anywhere.
    """
    from pathlib import Path

    from sfcci import files
    from sfcci.datapath import ssh

    found = lab_choice.one(name)
    text = ssh.configuration(console.settings().state, found)
    if path is None:
        click.echo(text, nl=False)
        return
    files.write_text(Path(path), text, mode=0o600)
    hosts = ssh.names(found)
    click.echo(f"ssh -F {path} {hosts[0] if hosts else 'HOST'}; hosts: {', '.join(hosts) or 'none yet'}")


@click.command("ssh-server", hidden=True, epilog="Example: ProxyCommand sfcci lab ssh-server source")
@lab_choice.named
@click.argument("host", shell_complete=completion.hosts)
def ssh_server(name: str, host: str) -> None:
    """Serve one ssh connection on HOST, on standard input and output: what ssh-config's ProxyCommand runs."""
    from sfcci import command
    from sfcci.datapath import ssh

    command.become(ssh.server_words(lab_choice.one(name), host))


COMMANDS = (forward, ssh_config, ssh_server, tripleo)
"""Those that `sfcci lab` has from here."""
