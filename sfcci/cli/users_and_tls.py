"""What `sfcci sfc serve` and `sfcci trace serve` share: who may come in from where, and how passwords pass."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.api.listen import Certificate

_PATH = click.Path(path_type=Path, dir_okay=False)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its options for users and for TLS."""
    words = (
        click.option(
            "--auth-file",
            type=_PATH,
            metavar="FILE",
            help="Ask who it is: users and tokens of FILE (sfcci sfc user add).",
        ),
        click.option(
            "--tls-cert", type=_PATH, metavar="FILE", help="Serve HTTPS with this certificate (PEM)."
        ),
        click.option(
            "--tls-key", type=_PATH, metavar="FILE", help="The certificate's key (PEM, no passphrase)."
        ),
        click.option(
            "--insecure-http",
            is_flag=True,
            help="Take passwords without TLS on another address than this machine's own.",
        ),
    )
    for word in reversed(words):
        command = word(command)
    return command


def certificate(chain: Path | None, key: Path | None) -> "Certificate | None":
    """Give the certificate that both make. Raises UsageError for one without the other."""
    from sfcci.api.listen import Certificate

    if chain and key:
        return Certificate(chain, key)
    if chain or key:
        raise UsageError("--tls-cert and --tls-key belong together; give both")
    return None


def check_address(host: str, *, asks: bool, tls: bool, insecure: bool) -> None:
    """Refuse to hand the network to everybody, or passwords to those who listen in. Raises UsageError."""
    from sfcci.api.listen import is_loopback

    if is_loopback(host):
        return
    if not asks:
        raise UsageError(
            f"{host} can be reached by others, and nobody would have to say who he is; name the users with --auth-file "
            "(sfcci sfc user add), or listen on 127.0.0.1"
        )
    if not tls and not insecure:
        raise UsageError(
            f"{host} can be reached by others, and passwords and tokens would pass in the clear; give --tls-cert and "
            "--tls-key, or --insecure-http where something else encrypts the way (a proxy, a VPN)"
        )
