"""The socket, the HTTP protocol with its patience, and the process's life: what `sfcci sfc serve` runs."""

import contextlib
import errno
import ipaddress
import resource
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sfcci.api.server import Application, Site
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from uvicorn import Config

BACKLOG: Final = 2048
FILES: Final = 10_000
"""Open files at most: patient.MOST_CONNECTIONS, and room for the rest."""


@dataclass(frozen=True)
class Certificate:
    """A certificate (chain) and its key, both PEM files."""

    chain: Path
    key: Path


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach that address."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def own_names(host: str) -> frozenset[str]:
    """Give the names under which a server on that address of the machine itself is called."""
    return frozenset(("localhost", "127.0.0.1", "::1", host))


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give the socket for the block; port 0 takes any free one. Raises UsageError."""
    reasons = {
        errno.EADDRINUSE: "another program listens there; end it, or choose another port with --port",
        errno.EACCES: "ports below 1024 are for root; choose another with --port",
        errno.EADDRNOTAVAIL: "it is no address of this machine",
    }
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = reasons.get(getattr(error, "errno", None) or 0) or getattr(error, "strerror", None) or error
        raise UsageError(f"cannot listen on {shown(host, port)}: {reason}") from None
    with listener:
        # asyncio sets it only where a socket says its protocol, and these say 0: each answer would wait 40 ms for an ACK
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def shown(host: str, port: int) -> str:
    """Give an address as URLs have it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def serve(
    site: Site, listener: socket.socket, begun: Callable[[], None], certificate: Certificate | None = None
) -> None:
    """Answer requests until SIGTERM or SIGINT, which is raised again (KeyboardInterrupt) when all is ended.

    `begun` is called when the first request may come. Raises UsageError for a certificate that cannot be used.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            begun()

    _more_files()
    check_certificate(certificate)
    with ThreadPoolExecutor(2, "writer") as pool:
        state = site.store.load()
        site.plane.follow(state)
        application = Application(site, state, pool)
        try:
            Server(configuration(application, certificate)).run([listener])
        finally:
            application.end()


def configuration(application: Application, certificate: Certificate | None = None) -> "Config":
    """Give uvicorn's configuration: nothing of it is left to its defaults or to what happens to be installed."""
    from uvicorn import Config

    from sfcci.api.patient import HEAD_S, Patient

    return Config(
        application,
        loop="asyncio",
        http=Patient,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(HEAD_S),
        timeout_graceful_shutdown=1,
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )


def _more_files() -> None:
    """Allow as many open connections as the machine lets us have: 1 024 is what many shells begin with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def check_certificate(certificate: Certificate | None) -> None:
    """Raise UsageError for a certificate and key that do not work; a key with a passphrase is asked for nowhere."""
    if certificate is None:
        return
    import ssl

    def locked() -> str:
        raise UsageError(f"the key {certificate.key} has a passphrase; give one without")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate.chain, certificate.key, locked)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot use {certificate.chain} with {certificate.key}: {reason}") from None
