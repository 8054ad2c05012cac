"""Connections to where a daemon of Open vSwitch listens: unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT (ovsdb(7), "Connection Methods").

With TLS both show a certificate, and ours checks whose the other's is: signed by the authority alone says only that it is
one of the nodes.
"""

import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from sfcci.chain.remote import OPENFLOW_PORT as OPENFLOW_PORT  # noqa: PLC0414 - who connects takes all from here
from sfcci.chain.remote import OVSDB_PORT, Remote, is_address, read
from sfcci.datapath.unix_socket import connected
from sfcci.errors import Fault, InputError, Place, Unreachable, UsageError

LIMIT_S: Final = 5.0
_OVS_PKI = re.compile(r" id:[0-9a-f-]+$")
"""What ovs-pki(8) puts behind the name that it was given."""


class WrongCertificate(Unreachable):
    """Who answers shows a certificate that is not the expected one's, or does not take ours."""


@dataclass(frozen=True)
class Tls:
    """What is shown and asked for, all PEM files: our certificate and its key, the authority that signs the others'.

    `names`: the other's certificate has one of these (name or address); (): it is one of the authority's, that is all.
    """

    certificate: Path
    key: Path
    ca: Path
    names: tuple[str, ...] = ()

    def context(self) -> ssl.SSLContext:
        """Give what TLS wants. Raises InputError for a file that cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = (
            False  # nodes are known by their names, which stay when addresses do not: see `_check_name`
        )
        context.verify_mode = ssl.CERT_REQUIRED
        _load(self.ca, "the certificate of an authority", lambda: context.load_verify_locations(self.ca))
        _load(
            self.certificate,
            f"a certificate that belongs to the key {self.key}",
            lambda: context.load_cert_chain(self.certificate, self.key, lambda: b""),
        )
        return context


def remote(text: str, default_port: int = OVSDB_PORT) -> Remote:
    """Read where a daemon listens. Raises UsageError."""
    try:
        return read(text, default_port)
    except ValueError as error:
        raise UsageError(f"{text!r} is no place where a daemon listens: {error}") from None


def opened(at: Remote, tls: Tls | None = None, limit_s: float = LIMIT_S) -> socket.socket:
    """Give a connection, shaken hands with where it is TLS; all of it takes no longer than that.

    Raises Unreachable, WrongCertificate, InputError (our own files), UsageError (ssl without `tls`).
    """
    end = time.monotonic() + limit_s
    if at.way == "ssl" and tls is None:
        raise UsageError(
            f"{at} wants a certificate; give --certificate, --key and --ca, or --certificate made"
        )
    try:
        if at.way == "unix":
            return connected(Path(at.place), limit_s)
        sock = _dialled(at, tls.context() if at.way == "ssl" and tls else None, limit_s)
    except OSError as error:
        raise Unreachable(f"{at} does not answer: {_said(error)}") from None
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(max(end - time.monotonic(), 0.1))
        if isinstance(sock, ssl.SSLSocket) and tls:
            _shake_hands(sock, at, tls)
    except BaseException:
        sock.close()
        raise
    return sock


def _dialled(at: Remote, context: ssl.SSLContext | None, limit_s: float) -> socket.socket:
    """Give a connection to the first of its addresses that takes one. Raises OSError.

    It is made TLS's before it is connected: where the other has ended again already, Python would lose the socket.
    """
    refused: OSError = socket.gaierror(f"{at.place} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(at.place, at.port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            if context:
                sock = context.wrap_socket(sock, server_hostname=at.place, do_handshake_on_connect=False)
            sock.settimeout(limit_s)
            sock.connect(address)
        except OSError as error:
            refused = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
        sock.close()
    raise refused


def _shake_hands(sock: ssl.SSLSocket, at: Remote, tls: Tls) -> None:
    try:
        sock.do_handshake()
        sock.settimeout(LIMIT_S)
        shown = sock.getpeercert()
    except (OSError, ValueError) as error:
        raise refusal(error, at, tls) from None
    _check_name(shown or {}, at, tls.names)


def refusal(error: Exception, at: Remote, tls: Tls) -> Unreachable:
    """Give an error of TLS in our words: of the handshake, or (TLS 1.3: whoever is called looks at us last) of what is read first."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return WrongCertificate(
            f"{at} shows a certificate that {tls.ca} has not signed or that does not hold: {error.verify_message}"
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        if "CERTIFICATE_EXPIRED" in str(error.reason):
            hint = "sfcci sfc node certificates --renew --own makes another"
            return WrongCertificate(f"our certificate {tls.certificate} has expired, says {at}; {hint}")
        return WrongCertificate(f"{at} does not take our certificate, or speaks no TLS: {error.reason}")
    return Unreachable(f"{at} does not finish the handshake of TLS: {_said(error)}")


def _check_name(shown: Mapping[str, Any], at: Remote, wanted: tuple[str, ...]) -> None:
    """Refuse another's certificate: one of the same authority, but of another node."""
    has = names_in(shown)
    if wanted and not {_plain(name) for name in wanted} & {_plain(name) for name in has}:
        raise WrongCertificate(
            f"{at} shows the certificate of {', '.join(has) or 'nobody'}; expected one of {', '.join(wanted)}; "
            "is it another node's place, or was the node made anew?"
        )


def names_in(shown: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names and addresses of a certificate, in the form of `SSLSocket.getpeercert`."""
    alternative = [value for _, value in shown.get("subjectAltName", ())]
    common = [value for part in shown.get("subject", ()) for key, value in part if key == "commonName"]
    return tuple(dict.fromkeys([*alternative, *(_OVS_PKI.sub("", name) for name in common)]))


def _plain(name: str) -> str:
    return str(ip_address(name)) if is_address(name) else name.lower()


def _load(path: Path, expected: str, load: Any) -> None:
    try:
        load()
    except (OSError, ssl.SSLError) as error:
        raise InputError(Fault(Place(str(path)), _said(error), expected)) from None


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long"
    return getattr(error, "strerror", None) or str(error)
