"""The program `sfcci-skydive`: Skydive's command line, word for word, for our analyzer.

Options of the configuration (--conf, --analyzer, --username, --password) may stand before or behind any command, as with
Skydive. `sfcci trace install-skydive` gives it the name `skydive`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from sfcci import __version__
from sfcci.cli.late import LateGroup

if TYPE_CHECKING:
    from sfcci.cli.skydive_client import Client
    from sfcci.cli.skydive_conf import Conf

_Function = TypeVar("_Function", bound=Callable[..., Any])
_KEY = "sfcci.skydive"
GROUPS = {
    "client": ("skydive", "Ask an analyzer: captures, queries, packets, alerts."),
    "analyzer": ("skydive_serve", "Serve the topology, captures and flows."),
    "allinone": ("skydive_serve", "The same: our analyzer needs no agents."),
    "version": ("skydive", "Print the version."),
}
CLIENT = {
    "capture": ("skydive_capture", "Create, list, show and delete captures."),
    "query": ("skydive_query", "Ask a Gremlin expression."),
    "topology": ("skydive_query", "Ask about the topology; export it."),
    "injection": ("skydive_inject", "Send packets."),
    "inject-packet": ("skydive_inject", "The same, by its older name."),
    "alert": ("skydive_alert", "Create, list, show and delete alerts."),
    "status": ("skydive_query", "Show what the analyzer does."),
    "pcap": ("skydive_query", "Import the flows of a file of packets."),
}


def _remember(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta.setdefault(_KEY, {})[parameter.name] = value


def configured(command: _Function) -> _Function:
    """Give the command the options that say which analyzer is asked, by whom."""
    for names, metavar, text in (
        (("-c", "--conf"), "FILE", "Skydive's configuration (YAML)."),
        (("--analyzer",), "HOST:PORT", "The analyzer; SKYDIVE_ANALYZER."),
        (("--username",), "NAME", "Who asks; SKYDIVE_USERNAME."),
        (("--password",), "WORD", "Better in SKYDIVE_PASSWORD, which is in no list of processes."),
    ):
        command = click.option(
            *names, metavar=metavar, help=text, expose_value=False, callback=_remember, is_eager=True
        )(command)
    return command


@configured
@click.group(
    "skydive",
    cls=LateGroup,
    table=GROUPS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: sfcci-skydive client query \"G.V().Has('Name', 'br-int')\"",
)
def skydive() -> None:
    """Skydive's command line for the analyzer of sfcci."""


@configured
@click.group(
    cls=LateGroup,
    table=CLIENT,
    epilog="Example: sfcci-skydive client capture create --gremlin \"G.V().Has('Name', Regex('^tap.*'))\"",
)
def client() -> None:
    """Ask an analyzer."""


@click.command(epilog="Example: sfcci-skydive version")
def version() -> None:
    """Print the version."""
    click.echo(f"skydive (sfcci {__version__})")


def conf() -> "Conf":
    """Give the configuration that was named. Raises InputError."""
    from sfcci.cli.skydive_conf import load

    return load(_given().get("conf", ""))


def asked_client() -> "Client":
    """Give what asks the analyzer that is meant. Raises InputError."""
    from sfcci.cli.skydive_client import Client

    given, found = _given(), conf()
    return Client(
        (given["analyzer"],) if given.get("analyzer") else found.analyzers,
        given.get("username", found.username),
        given.get("password", found.password),
    )


def _given() -> Mapping[str, str]:
    found: Mapping[str, str] = click.get_current_context().meta.get(_KEY, {})
    return found


def print_object(value: Any, indent: "int | str" = 2) -> None:
    """Print as Skydive does."""
    click.echo(json.dumps(value, indent=indent, ensure_ascii=False))


def crud(group: click.Group, name: str, path: str) -> None:
    """Give a group the commands list, get and delete of a kind of resources."""

    @group.command("list", epilog=f"Example: sfcci-skydive client {name} list")
    def listed() -> None:
        print_object(asked_client().ask("GET", path).json())

    @group.command("get", epilog=f"Example: sfcci-skydive client {name} get ID")
    @click.argument("which", metavar="ID")
    def one(which: str) -> None:
        print_object(asked_client().ask("GET", f"{path}/{quoted(which)}").json())

    @group.command("delete", epilog=f"Example: sfcci-skydive client {name} delete ID")
    @click.argument("which", metavar="ID...", nargs=-1, required=True)
    def ended(which: tuple[str, ...]) -> None:
        asking = asked_client()
        for word in which:
            asking.ask("DELETE", f"{path}/{quoted(word)}")

    listed.help, one.help, ended.help = (
        f"List every {name}.",
        f"Show one {name}.",
        f"End one {name}, or several.",
    )
    for command in (listed, one, ended):
        configured(command)


def quoted(word: str) -> str:
    """Give a word as an address has it."""
    from urllib.parse import quote

    return quote(word, safe="")


def contents(path: Path) -> bytes:
    """Give a file's octets. Raises UsageError."""
    from sfcci.errors import UsageError

    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def main(name: str | None = None) -> NoReturn:
    """Run the program, by the name that its help shows; that of the file that was started, when not given."""
    from sfcci.cli.main import main as run

    run(skydive, name)
