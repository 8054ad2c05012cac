"""`sfcci trace serve`: the analyzer, for people (a page), for Skydive's clients, and for `sfcci trace` itself."""

from pathlib import Path

import click

from sfcci.cli import completion, console, users_and_tls

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command(
    epilog="Example: sfcci lab up && sfcci trace serve, and then: sfcci-skydive client query \"G.V().Has('Name', 'br-int')\""
)
@click.option(
    "--lab",
    default="",
    metavar="NAME",
    shell_complete=completion.labs,
    help="The lab to look into, also one that is not up yet; default: the only one that is up, else this machine.",
)
@click.option(
    "--machine", is_flag=True, help="Look into this machine's own namespaces, whatever labs are up."
)
@click.option(
    "--listen",
    default="127.0.0.1:8082",
    show_default=True,
    metavar="HOST:PORT",
    help="Port 0 takes any free one.",
)
@users_and_tls.options
@click.option(
    "--database",
    default="",
    metavar="URL",
    help="Where captures, alerts and the history are kept; default: a file of this place in the state folder.",
)
@click.option(
    "--no-history", is_flag=True, help="Keep nothing: no At and Since, no captures after a restart."
)
@click.option(
    "--keep", default="24h", show_default=True, metavar="SPAN", help="How long the history is kept."
)
@click.option(
    "--alert-scripts",
    type=_FOLDER,
    metavar="DIR",
    help="The folder of the programs that alerts may start (file://).",
)
@click.option(
    "--push", is_flag=True, help="Send what alerts find to Graphite: the settings' one, else the private one."
)
@click.option("--capture", "query", default="", metavar="GREMLIN", help="Capture these nodes from the start.")
@console.as_json
def serve(  # noqa: PLR0917 - click passes them by name
    lab: str,
    machine: bool,
    listen: str,
    auth_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    insecure_http: bool,
    database: str,
    no_history: bool,
    keep: str,
    alert_scripts: Path | None,
    push: bool,
    query: str,
    json_output: bool,
) -> None:
    """Serve the topology, captures and flows of a lab, or of this machine: Skydive's API and a page.

    The lab may go and come back. On another address than this machine's own it asks for a user (--auth-file) and for
    TLS. SIGTERM and Ctrl-C end it; captures, alerts and the history are kept.
    """
    from sfcci.cli.trace_serving import Wish, serve_analyzer

    wish = Wish(
        lab=lab,
        machine=machine,
        listen=listen,
        auth_file=auth_file,
        certificate=(tls_cert, tls_key),
        insecure_http=insecure_http,
        database=database,
        history=not no_history,
        keep=keep,
        alert_scripts=alert_scripts,
        push=push,
        query=query,
    )
    serve_analyzer(console.settings(), wish, json_output=json_output)
