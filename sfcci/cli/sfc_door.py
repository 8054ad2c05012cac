"""Which API `sfcci sfc` asks: the server that is named, the one on this machine, or the state file without a server."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sfcci.cli import console
from sfcci.errors import EXIT_FINDINGS, SfcciError, Unreachable, UsageError

if TYPE_CHECKING:
    from sfcci.api.client import Door, Login
    from sfcci.settings import Api, Settings

DEFAULT = "http://127.0.0.1:9696"
Command = TypeVar("Command", bound=Callable[..., Any])
Makes = Callable[[Mapping[str, Any]], bool]


class NotTaken(SfcciError):  # noqa: N818 - an answer of the API
    """The API said no."""

    exit_status = EXIT_FINDINGS


def asks(command: Command, makes: Makes = lambda _given: False, *, anywhere: bool = False) -> Command:
    """Give the command the options that say whom it asks; its `door` is an open one, and refusals end it.

    `makes` says of the command's words whether it is one that begins a state file that is not there yet; `anywhere`: also
    that of the settings, which nobody has named, for the server that will be started.
    """

    @click.option("--url", metavar="URL", help="The server; default: [api] url, OS_ENDPOINT, this machine's.")
    @click.option(
        "--state",
        "state_file",
        metavar="FILE",
        help="A state file (or a database's URL) in the place of a server: that of [api] database, for example.",
    )
    @wraps(command)
    def asking(*args: Any, url: str | None, state_file: str | None, **kwargs: Any) -> Any:
        from sfcci.chain.refused import Refused

        try:
            with opened(url, state_file, begins=makes(kwargs), anywhere=anywhere) as door:
                return command(*args, door=door, **kwargs)
        except Refused as no:
            raise NotTaken(no.sentence) from None

    return asking  # type: ignore[return-value] # the wrapper takes two options more


@contextlib.contextmanager
def opened(
    url: str | None = None, state_file: str | None = None, *, begins: bool = False, anywhere: bool = False
) -> "Iterator[Door]":
    """Give the API that is meant, for the block; `begins`, `anywhere`: as for `asks`.

    Raises UsageError, Unreachable.
    """
    if url and state_file:
        raise UsageError("--url names a server, --state a file: give one of them")
    if state_file and not begins:
        _check_is_there(state_file)
    door = _door(console.settings(), url, state_file, begins=begins and anywhere)
    try:
        yield door
    finally:
        door.close()


def _door(settings: "Settings", url: str | None, state_file: str | None, *, begins: bool) -> "Door":
    from sfcci.api import client

    if state_file:
        return _file(state_file if "://" in state_file else f"sqlite:///{Path(state_file).absolute()}")
    named = url or _named(settings)
    if named or client.answers(DEFAULT):
        ca = settings.api.ca or os.environ.get("OS_CACERT", "")
        return client.HttpDoor(named or DEFAULT, _login(settings.api), ca)
    if not (begins or _is_there(settings.api.database)):
        raise Unreachable(
            f"no server at {DEFAULT}, and no state file yet; start one with: sfcci sfc serve, name one with --url, "
            "or a file with --state"
        )
    return _file(settings.api.database)


def is_anywhere() -> bool:
    """Whether the API is found without its being named: as the settings say, on this machine, or in a state file."""
    from sfcci.api import client

    settings = console.settings()
    return bool(_named(settings)) or _is_there(settings.api.database) or client.answers(DEFAULT)


def _named(settings: "Settings") -> str:
    return settings.api.url or os.environ.get("OS_ENDPOINT", "")


def _file(database: str) -> "Door":
    from sfcci.api.file_door import FileDoor

    return FileDoor(database)


def _is_there(database: str) -> bool:
    path = database.partition("?")[0].removeprefix("sqlite:///")
    return not database.startswith("sqlite:///") or Path(path).exists()


def _check_is_there(state_file: str) -> None:
    if not (_is_there(state_file) if "://" in state_file else Path(state_file).exists()):
        raise UsageError(
            f"there is no state file {state_file}; look at its name: only `create` and `apply` begin a new one"
        )


def _login(api: "Api") -> "Login":
    """Who asks: the settings say so, else the variables of the openstack client, if they are meant for such a server."""
    from sfcci.api.client import NOBODY, Login

    if token := api.secret():
        return Login(token=token)
    if api.user:
        return Login(api.user, api.password_secret())
    way = os.environ.get("OS_AUTH_TYPE", "" if "OS_AUTH_URL" not in os.environ else "password")
    if way in ("", "admin_token", "token") and (token := os.environ.get("OS_TOKEN", "")):
        return Login(token=token)
    if way in ("", "http_basic") and (user := os.environ.get("OS_USERNAME", "")):
        return Login(user, os.environ.get("OS_PASSWORD", ""))
    return NOBODY
