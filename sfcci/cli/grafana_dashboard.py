"""The program `grafana-dashboard` for those who used grafyaml: its words, files and settings; sfcci does the work.

A dashboard keeps the uid that grafyaml gave it (from the title), so links stay; targets that Graphite will misread are
told, and stop nothing, as grafyaml takes them.
"""

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

import click

from sfcci import __version__
from sfcci.errors import EXIT_FINDINGS, Fault, InputError, Place, UsageError
from sfcci.finding import Severity, exit_status
from sfcci.settings import Grafana

if TYPE_CHECKING:
    from sfcci.dashboard.grafana_client import Client
    from sfcci.dashboard.source import Sources

CONFIG = "/etc/grafyaml/grafyaml.conf"
DEFAULTS = {"url": "http://localhost:8080", "apikey": "", "folderid": "0"}
VARIABLES = {
    "url": ("GRAFANA_URL",),
    "apikey": ("GRAFANA_APIKEY", "GRAFANA_API_KEY", "GRAFANA_TOKEN"),
    "folderid": ("GRAFANA_FOLDERID",),
}
"""The first that is set counts; a file's setting counts less, an option more."""


@dataclass(frozen=True)
class Target:
    """Which Grafana, and the number (or uid) of the folder in it."""

    grafana: Grafana
    folder: str


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: grafana-dashboard update grafana/",
)
@click.option("--config-file", metavar="PATH", help=f"Settings in grafyaml's form; {CONFIG} by default.")
@click.option("--debug", is_flag=True, help="Print every request.")
@click.option("--grafana-url", metavar="URL", help=f"{DEFAULTS['url']} by default; GRAFANA_URL.")
@click.option(
    "--grafana-apikey", metavar="KEY", help="Better in the file, or in GRAFANA_APIKEY: others see options."
)
@click.option("--grafana-folderid", metavar="ID", help="Number or uid of the folder; 0 is Grafana's own.")
@click.version_option(__version__, prog_name="grafana-dashboard")
@click.pass_context
def grafana_dashboard(
    ctx: click.Context,
    config_file: str | None,
    debug: bool,
    grafana_url: str | None,
    grafana_apikey: str | None,
    grafana_folderid: str | None,
) -> None:
    """Bring grafyaml's dashboards into Grafana: grafyaml's words, sfcci's work.

    PATH is a file or a folder, or several with colons between.
    """
    if debug:
        import logging

        logging.basicConfig(level=logging.DEBUG)
    given = {"url": grafana_url, "apikey": grafana_apikey, "folderid": grafana_folderid}
    ctx.obj = lambda: target(config_file, given)  # `validate` needs no settings


@grafana_dashboard.command(epilog="Example: grafana-dashboard validate grafana/")
@click.argument("path")
@click.pass_context
def validate(ctx: click.Context, path: str) -> None:
    """Say what is wrong with dashboards. Exit status 1 when one cannot be pushed."""
    try:
        _warn(_sources(path))
    except (InputError, UsageError) as error:
        click.echo(f"{path}: ERROR: {error}")
        ctx.exit(EXIT_FINDINGS)
    click.echo("SUCCESS!")


@grafana_dashboard.command(
    epilog="Example: grafana-dashboard update grafana/:more/x.yaml --datasource OpenStack=graphite"
)
@click.argument("path")
@click.option(
    "--datasource", "datasources", metavar="NAME=NAME", multiple=True, help="Another data source's name."
)
@click.option("--legacy", is_flag=True, help="Send rows, as grafyaml did.")
@click.pass_context
def update(ctx: click.Context, path: str, datasources: tuple[str, ...], legacy: bool) -> None:
    """Push dashboards and data sources; a second time nothing is written."""
    from sfcci.cli.dashboard_server import pair
    from sfcci.dashboard import grafana
    from sfcci.dashboard.model import grafyaml_uid

    sources = _sources(path)
    _warn(sources)
    options = grafana.Options(
        datasources=dict(pair(text) for text in datasources),
        legacy=legacy,
        uid=lambda dashboard: grafyaml_uid(dashboard.title),
    )
    goal: Target = ctx.obj()
    with _connected(goal) as client:
        placed = _placed(sources, _folder(client, goal.folder))
        report = grafana.update(client, placed, goal.grafana, options, _say)
    for one in report.pushed:
        _say(f"{one.title}: {'unchanged' if one.action == 'same' else one.action + 'd'}, {one.url}")
    for found in report.findings:
        _say(str(found))
    ctx.exit(exit_status(report.findings))


@grafana_dashboard.command(epilog="Example: grafana-dashboard delete grafana/old.yaml")
@click.argument("path")
@click.pass_context
def delete(ctx: click.Context, path: str) -> None:
    """Delete the dashboards of files, and the data sources that were made from them."""
    from sfcci.dashboard import grafana, grafana_datasource
    from sfcci.dashboard.model import grafyaml_uid

    sources = _sources(path)
    with _connected(ctx.obj()) as client:
        for item in sources.items:
            title = item.dashboard.title
            gone = grafana.remove(client, grafyaml_uid(title))
            _say(f"{title}: {'deleted' if gone else 'was not there'}")
        for one in sources.datasources:
            _say(grafana_datasource.remove(client, one.name) or f"data source {one.name}: deleted")


def main() -> NoReturn:
    """Run the program `grafana-dashboard`."""
    from sfcci.cli import main as program

    program.main(grafana_dashboard)


def target(
    config: str | None, given: Mapping[str, str | None], environ: Mapping[str, str] = os.environ
) -> Target:
    """Give the Grafana that options, environment and grafyaml's file name, in this order. Raises InputError."""
    file = _config(config)

    def value(key: str) -> str:
        variables = (environ[name] for name in VARIABLES[key] if environ.get(name))
        return given.get(key) or next(variables, "") or file.get(key) or DEFAULTS[key]

    parts = urlsplit(value("url"))
    host = parts.netloc.rpartition("@")[2]  # grafyaml's users write http://USER:PASSWORD@HOST
    url = urlunsplit((parts.scheme, host, parts.path, "", ""))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    grafana = Grafana(url=url, token=value("apikey"), user=user, password=password, datasource="")
    return Target(grafana, value("folderid"))


def _config(path: str | None) -> dict[str, str]:
    """Read the section [grafana] of grafyaml's file; {} where there is none, unless it was asked for."""
    file = Path(path or CONFIG).expanduser()
    if not file.exists():
        if path:
            raise InputError(Fault(Place(path), "does not exist", "grafyaml's settings"))
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text())
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        what = str(error).splitlines()[0] if isinstance(error, OSError) else type(error).__name__
        line = getattr(error, "lineno", None)
        raise InputError(
            Fault(Place(str(file), line), f"cannot be read: {what}", "grafyaml's settings")
        ) from None
    section = dict(parser["grafana"]) if parser.has_section("grafana") else {}
    return {key: text.replace("%%", "%") for key, text in section.items()}  # as grafyaml's parser reads it


def _sources(path: str) -> "Sources":
    """Read the files that grafyaml would read: of a folder those in it, not below it. Raises InputError, UsageError."""
    from sfcci.dashboard.model import grafyaml_uid
    from sfcci.dashboard.source import load
    from sfcci.dashboard.validate import dashboard_files

    files = dashboard_files((Path(one) for one in path.split(":") if one), below=False)
    sources = load(files, "General", checked=False)
    seen: dict[str, str] = {}
    for item in sources.items:
        other = seen.setdefault(grafyaml_uid(item.dashboard.title), item.dashboard.path)
        if other != item.dashboard.path:
            raise UsageError(
                f"{item.dashboard.path} has the title of {other}; grafyaml's uid comes from the title"
            )
    return sources


def _warn(sources: "Sources") -> None:
    for one in sources.findings:
        _say(str(one).replace(f": {Severity.ERROR}:", f": {Severity.WARNING}:", 1))


def _connected(goal: Target) -> "Client":
    from sfcci.dashboard.grafana_client import Client

    client = Client(goal.grafana)
    client.connect()
    return client


def _folder(client: "Client", given: str) -> str:
    """Give the title of the folder of that number or uid. Raises UsageError."""
    if given in ("", "0"):
        return "General"
    for one in client.items("/api/folders?limit=1000"):
        if given in (str(one.get("id")), one.get("uid")):
            return str(one.get("title"))
    raise UsageError(f"Grafana at {client.url} has no folder of the number or uid {given!r}")


def _placed(sources: "Sources", folder: str) -> Any:
    from dataclasses import replace

    return replace(sources, items=tuple(replace(item, folder=folder) for item in sources.items))


def _say(text: str) -> None:
    click.echo(text, err=True)
