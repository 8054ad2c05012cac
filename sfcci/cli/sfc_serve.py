"""`sfcci sfc serve`: Neutron's API, served."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.chain.encapsulation import ENCAPSULATIONS, VXLAN
from sfcci.cli import completion, console, users_and_tls
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.api.server import Gate, Plane, Site
    from sfcci.api.writer import Store
    from sfcci.settings import Settings


@click.command(
    epilog="Example: sfcci sfc serve, and then: openstack --os-auth-type none --os-endpoint http://127.0.0.1:9696 network list"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9696,
    show_default=True,
    help="The port; 0 takes any free one.",
)
@click.option(
    "--database", default="", metavar="URL", help="Where the state is kept; [api] database, when not given."
)
@click.option(
    "--lab",
    default="sfc",
    show_default=True,
    metavar="NAME",
    shell_complete=completion.labs,
    help="The lab that plugs ports and carries chains.",
)
@click.option(
    "--nodes",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Raise the lab over so many nodes: a port's --host node2 puts its machine there.",
)
@click.option(
    "--encapsulation",
    type=click.Choice(ENCAPSULATIONS),
    default=VXLAN,
    show_default=True,
    help="How frames go from node to node of the lab.",
)
@click.option(
    "--residency",
    type=click.FloatRange(0, 60_000),
    default=50.0,
    show_default=True,
    metavar="MS",
    help="How long a function may hold a packet: so much later a changed chain forgets its old way.",
)
@click.option("--no-datapath", is_flag=True, help="Serve the API alone: no lab, no packets.")
@users_and_tls.options
@click.option(
    "--quota",
    "quotas",
    multiple=True,
    metavar="NAME=N",
    help="A default quota, as in port_chain=50; -1: none.",
)
@click.option("--no-quota", is_flag=True, help="No default quotas.")
@click.option("--verbose", is_flag=True, help="Print a line per request on standard error.")
@console.as_json
def serve(  # noqa: PLR0917 - click passes them by name
    host: str,
    port: int,
    database: str,
    lab: str,
    nodes: int | None,
    encapsulation: str,
    residency: float,
    no_datapath: bool,
    auth_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    insecure_http: bool,
    quotas: tuple[str, ...],
    no_quota: bool,
    verbose: bool,
    json_output: bool,
) -> None:
    """Serve Neutron's API, so that the unmodified openstack client works.

    Ports with a host are plugged in the lab, chains are carried by its switch. On another address than this machine's own
    it asks for a user (--auth-file) and for TLS. SIGTERM and Ctrl-C end it; what was answered is kept.
    """
    from sfcci.api import listen

    limits = _limits(quotas, no_quota=no_quota)
    certificate = users_and_tls.certificate(tls_cert, tls_key)
    users_and_tls.check_address(host, asks=bool(auth_file), tls=bool(certificate), insecure=insecure_http)
    settings = console.settings()
    with contextlib.ExitStack() as stack:
        gate = _gate(stack, auth_file)
        listener = stack.enter_context(listen.listening(host, port))
        store = _store(stack, database or settings.api.database)
        plane = (
            None
            if no_datapath
            else _plane(stack, settings, lab, residency / 1000, store, nodes or 0, encapsulation)
        )
        site = _site(store, plane, gate, limits, host, verbose=verbose)
        url = f"{'https' if certificate else 'http'}://{listen.shown(host, listener.getsockname()[1])}"
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it
            listen.serve(
                site, listener, lambda: _say(url, auth=bool(auth_file), json_output=json_output), certificate
            )
    if not json_output:
        click.echo("the server has ended; what was answered is kept")


def _say(url: str, *, auth: bool, json_output: bool) -> None:
    if json_output:
        click.echo(json.dumps({"url": url}))  # one line: who reads it does not wait for more
    else:
        way = "http_basic" if auth else "none"
        hint = f"openstack --os-auth-type {way} --os-endpoint {url} network list"
        who = " (with OS_USERNAME and OS_PASSWORD)" if auth else ""
        click.echo(f"listening on {url}; try: {hint}{who}")


def _store(stack: contextlib.ExitStack, url: str) -> "Store":
    from sfcci.api.store import open_store

    store = open_store(url)
    stack.callback(store.close)
    return store


def _plane(
    stack: contextlib.ExitStack,
    settings: "Settings",
    lab: str,
    residency_s: float,
    store: "Store",
    nodes: int,
    encapsulation: str,
) -> "Plane":
    """Raise the data plane, or say why there is none; a lab that is up already brings its ports and chains along.

    While nodes are registered they are the data plane, and the lab is left as it is.
    """
    from sfcci.api.caller import EVERYBODY
    from sfcci.api.server import asked_by
    from sfcci.chain.state import writes
    from sfcci.datapath.placement import numbered_names
    from sfcci.datapath.plane import Plane
    from sfcci.datapath.planes import Planes

    plane = Plane.start(
        settings.state, lab, console.progress(), residency_s, numbered_names(nodes), encapsulation
    )
    planes = Planes(plane, settings.state / "pki", console.progress(), residency_s)
    stack.callback(planes.close)
    state = store.load()
    if state.of("nodes"):
        return planes
    if plane.obstacle:
        click.echo(f"no data plane: {plane.obstacle}", err=True)
    adopted = plane.adopted(state, asked_by(EVERYBODY).now)
    store.commit(writes(state, adopted))
    return planes


def _gate(stack: contextlib.ExitStack, auth_file: Path | None) -> "Gate | None":
    if auth_file is None:
        return None
    from sfcci.api.auth import UsersGate

    gate = UsersGate(auth_file, lambda text: click.echo(text, err=True))
    stack.callback(gate.close)
    return gate


def _site(
    store: "Store",
    plane: "Plane | None",
    gate: "Gate | None",
    limits: Mapping[str, int],
    host: str,
    *,
    verbose: bool,
) -> "Site":
    from sfcci.api import listen, server

    def say(line: str) -> None:
        click.echo(line, err=True)

    return server.Site(
        store,
        plane or server.NoPlane(),
        gate or server.OpenGate(),
        limits,
        frozenset() if gate else listen.own_names(host),
        say if verbose else lambda _line: None,
        say,
    )


def _limits(quotas: tuple[str, ...], *, no_quota: bool) -> dict[str, int]:
    from sfcci.api.handlers import DEFAULTS
    from sfcci.document import did_you_mean

    limits: dict[str, int] = dict.fromkeys(DEFAULTS, -1) if no_quota else dict(DEFAULTS)
    for text in quotas:
        name, _, number = text.partition("=")
        if name not in limits:
            raise UsageError(f"--quota {text}: no such kind of resource; {did_you_mean(name, list(limits))}")
        if not number.removeprefix("-").isdecimal():
            raise UsageError(f"--quota {text}: expected a whole number, as in {name}=50")
        limits[name] = int(number)
    return limits
