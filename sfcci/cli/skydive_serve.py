"""`sfcci-skydive analyzer` and `allinone`: our analyzer, told by Skydive's configuration where and for whom it serves."""

from pathlib import Path

import click

from sfcci.cli import completion, console
from sfcci.cli.skydive import conf, configured


@configured
@click.command(epilog="Example: sfcci-skydive --conf /etc/skydive/skydive.yml analyzer")
@click.option(
    "--lab", default="", metavar="NAME", shell_complete=completion.labs, help="As for sfcci trace serve."
)
@click.option("--machine", is_flag=True, help="As for sfcci trace serve.")
@click.option(
    "--listen", default="", metavar="HOST:PORT", help="Default: analyzer.listen, else 127.0.0.1:8082."
)
@click.option("--insecure-http", is_flag=True, help="As for sfcci trace serve.")
def analyzer(lab: str, machine: bool, listen: str, insecure_http: bool) -> None:
    """Serve the topology, captures and flows; see also `sfcci trace serve`."""
    from sfcci.cli.trace_serving import Wish, serve_analyzer

    found = conf()
    chain, key = found.text("analyzer.X509_cert"), found.text("analyzer.X509_key")
    wish = Wish(
        lab=lab,
        machine=machine,
        listen=listen or found.text("analyzer.listen") or "127.0.0.1:8082",
        users=found.users,
        certificate=(Path(chain) if chain else None, Path(key) if key else None),
        insecure_http=insecure_http,
        query=found.text("analyzer.startup.capture_gremlin"),
        bpf=found.text("analyzer.startup.capture_bpf"),
    )
    serve_analyzer(console.settings(), wish)


allinone = analyzer
