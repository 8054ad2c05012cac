"""`sfcci sfc user`: the users who may ask the server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.api.users import User

_file = click.option(
    "--auth-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file; api-users.json of the state folder, when not given.",
)


@click.group(epilog="Example: sfcci sfc user add alice --project demo")
def user() -> None:
    """Keep the users who may ask the server.

    They stand in a private file that `sfcci sfc serve --auth-file FILE` reads, and reads again when it changes.
    """


@user.command(epilog="Example: sfcci sfc user add alice --project demo --admin")
@click.argument("name")
@click.option(
    "--project", required=True, metavar="ID", help="The project whose resources the user sees and makes."
)
@click.option("--admin", is_flag=True, help="Sees and changes every project's resources.")
@click.option(
    "--token", is_flag=True, help="Make a token, printed this once, instead of asking for a password."
)
@_file
@console.as_json
def add(name: str, project: str, admin: bool, token: bool, auth_file: Path | None, json_output: bool) -> None:
    """Add a user, or replace the one of that name.

    Asks for the password; where standard input is no terminal, its first line is the password.
    """
    from sfcci.api import users

    _check_name(name)
    path = _path(auth_file)
    secret = users.new_token() if token else ""
    made = users.User(
        name,
        project,
        admin,
        "" if token else users.hashed_password(_password()),
        users.hashed_token(secret) if token else "",
    )
    known = users.add(path, made)
    if json_output:
        console.print_json({**_shown(made), "file": str(path), **({"token": secret} if token else {})})
        return
    click.echo(f"{'replaced' if known else 'added'} {name} of project {project} in {path}")
    if token:
        click.echo(f"token, shown this once: {secret}")


@user.command("list", epilog="Example: sfcci sfc user list")
@_file
@console.as_json
def list_(auth_file: Path | None, json_output: bool) -> None:
    """Show who may ask."""
    from sfcci.api import users

    path = _path(auth_file)
    found = users.read(path)
    if json_output:
        console.print_json([_shown(one) for one in found.values()])
        return
    rows = ((one["name"], one["project"], one["admin"], one["by"]) for one in map(_shown, found.values()))
    console.table(f"users of {path}", ("name", "project", "admin", "known by"), rows)


@user.command(epilog="Example: sfcci sfc user remove alice")
@click.argument("name")
@_file
def remove(name: str, auth_file: Path | None) -> None:
    """Remove a user; a running server lets it in no more."""
    from sfcci.api import users

    path = _path(auth_file)
    users.remove(path, name)
    click.echo(f"removed {name} from {path}")


def _path(given: Path | None) -> Path:
    return given or console.settings().state / "api-users.json"


def _shown(one: "User") -> dict[str, Any]:
    by = "token" if one.token else "password"
    return {"name": one.name, "project": one.project, "admin": one.admin, "by": by}


def _check_name(name: str) -> None:
    if not name or ":" in name or not name.isprintable():
        raise UsageError(f"a user cannot be named {name!r}; expected printable text without a colon")


def _password() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    if not password:
        raise UsageError("the password is empty; write it on standard input, or use a terminal")
    return password
