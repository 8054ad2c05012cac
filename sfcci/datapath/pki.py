"""Certificates for a controller and its nodes: an authority of their own, made by openssl(1), kept in one private folder.

A key and its certificate come to be together: the key is laid down first, and one without its certificate is what a run
left that was ended; nobody has a certificate for it, so it is made anew. What is complete is never overwritten.
"""

import contextlib
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from sfcci import command, files
from sfcci.chain.remote import is_address
from sfcci.datapath.remote import Tls
from sfcci.errors import MissingTool

AUTHORITY: Final = "ca"
CONTROLLER: Final = "controller"
AUTHORITY_DAYS, CERTIFICATE_DAYS = 3650, 1825
SOON_DAYS: Final = 30
"""So long before a certificate ends it is told."""
BEFORE: Final = timedelta(days=1)
"""A certificate holds from so long before it was made: clocks of nodes differ."""
LIMIT_S: Final = 60.0
_TIME: Final = "%Y%m%d%H%M%SZ"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, and until when the certificate holds (UTC); `names`: whose it is."""

    certificate: Path
    key: Path
    until: datetime
    names: tuple[str, ...] = ()
    made: bool = False
    """Whether it came to be just now."""

    def ends_soon(self, now: datetime) -> bool:
        """Say whether it has ended, or does soon."""
        return self.until - now < timedelta(days=SOON_DAYS)


class Pki:
    """The certificates of one folder. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def authority(self) -> Path:
        """The authority's certificate, whether it is there or not."""
        return self.folder / f"{AUTHORITY}.crt"

    @property
    def _signing(self) -> Path:
        return self.folder / f"{AUTHORITY}.key"

    def controller(self, *, anew: bool = False) -> Pair:
        """Give the controller's certificate; it is made where there is none, `anew` as `node` says. Raises MissingTool, ToolError."""
        return self._pair(CONTROLLER, (CONTROLLER,), "clientAuth", anew=anew)

    def node(self, name: str, address: str, *, anew: bool = False) -> Pair:
        """Give a node's certificate for its name and address; it is made where there is none.

        It answers, and asks nobody: Open vSwitch obeys whoever shows a certificate of the authority, so with a node's key
        one would be the master of all other nodes (they refuse it as "unsupported certificate").
        `anew`: another takes its place, and the one before stays beside it, in the folder `old`. Raises MissingTool,
        ToolError.
        """
        names = tuple(dict.fromkeys((name, address) if address else (name,)))
        return self._pair(f"nodes/{name}", names, "serverAuth", anew=anew)

    def there(self, name: str) -> Pair | None:
        """Give a node's certificate, None where there is none yet. Raises MissingTool, ToolError."""
        return self._read(f"nodes/{name}")

    def tls(self, names: tuple[str, ...]) -> Tls:
        """Give what the controller shows, and whom it wants to see."""
        return Tls(
            self.folder / f"{CONTROLLER}.crt", self.folder / f"{CONTROLLER}.key", self.authority, names
        )

    def _pair(self, stem: str, names: tuple[str, ...], use: str, *, anew: bool = False) -> Pair:
        with files.disk_errors(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / "nodes").mkdir(mode=0o700, exist_ok=True)
        with files.locked(self.folder / ".lock"):
            found = self._read(stem)
            if found and not anew:
                return found
            if not (self.authority.exists()):
                self._make(AUTHORITY, ("sfcci authority",), "", AUTHORITY_DAYS)
            self._make(stem, names, use, CERTIFICATE_DAYS, found)
            made = self._read(stem)
        if made is None:
            raise MissingTool(f"{self.folder / stem}.crt went away while it was made", "run it again")
        return Pair(made.certificate, made.key, made.until, made.names, made=True)

    def _read(self, stem: str) -> Pair | None:
        certificate, key = (self.folder / f"{stem}.{end}" for end in ("crt", "key"))
        if not certificate.exists():
            return None
        return Pair(certificate, key, *told(certificate))

    def _aside(self, pair: Pair) -> None:
        """Keep what is replaced: its certificate leaves first, so that what is left of it is no pair."""
        folder = self.folder / "old"
        with files.disk_errors(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            for path in (pair.certificate, pair.key):
                path.rename(folder / f"{path.stem}-{pair.until:{_TIME}}{path.suffix}")

    def _make(
        self, stem: str, names: tuple[str, ...], use: str, days: int, before: Pair | None = None
    ) -> None:
        """Make a pair. The one `before` stays in force until the new one is there; without the authority's key nothing is made."""
        if use and not self._signing.exists():
            hint = f"bring it back; or put {self.folder} aside, and every node gets certificates of another authority"
            raise MissingTool(f"the authority's key {self._signing} is not there", hint)
        with _workshop(self.folder) as shop:
            request = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch")
            key, certificate = shop / "key", shop / "crt"
            (shop / "config").write_text(_configuration(shop, names, use))
            _openssl(
                "req", "-new", *request, "-config", shop / "config", "-keyout", key, "-out", shop / "csr"
            )
            by = ("-cert", self.authority, "-keyfile", self._signing)
            signed = by if use else ("-selfsign", "-keyfile", key)
            begin = datetime.now(UTC) - BEFORE
            span = ("-startdate", f"{begin:{_TIME}}", "-enddate", f"{begin + timedelta(days=days):{_TIME}}")
            words = ("-config", "config", "-batch", "-notext", "-extensions", "made")
            _openssl("ca", *words, *span, *signed, "-in", "csr", "-out", certificate, at=shop)
            if before:
                self._aside(before)
            for end, mode in (("key", 0o600), ("crt", 0o644)):
                files.write_bytes(self.folder / f"{stem}.{end}", (shop / end).read_bytes(), mode=mode)


@contextlib.contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Give a private folder for what is half made. What a killed run left of one is swept by the next (the lock is held)."""
    for left in folder.glob(".making-*"):
        files.remove_tree(left)
    with files.disk_errors(folder), tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as made:
        yield Path(made)


def _configuration(shop: Path, names: tuple[str, ...], use: str) -> str:
    """Give what openssl-req(1) and openssl-ca(1) read."""
    kinds = (f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in names)
    made = (
        (
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            f"extendedKeyUsage={use}",
        )
        if use
        else ("basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign")
    )
    (shop / "index").touch()
    (shop / "serial").write_text(f"{secrets.randbits(127) | 1 << 126:032X}\n")
    lines = (
        "[req]",
        "prompt=no",
        "distinguished_name=name",
        "[name]",
        f"CN={names[0]}",
        "[ca]",
        "default_ca=own",
        "[own]",
        "database=index",
        "new_certs_dir=.",
        "serial=serial",
        "default_md=sha256",
        "policy=any",
        "unique_subject=no",
        "[any]",
        "commonName=supplied",
        "[made]",
        *made,
        "subjectKeyIdentifier=hash",
        *([f"subjectAltName={','.join(kinds)}"] if use else []),
    )
    return "\n".join(lines) + "\n"


def told(certificate: Path) -> tuple[datetime, tuple[str, ...]]:
    """Give until when a certificate holds (UTC), and whose it is. Raises MissingTool, ToolError."""
    words = ("-noout", "-enddate", "-subject", "-nameopt", "multiline", "-ext", "subjectAltName")
    lines = [line.strip() for line in _openssl("x509", *words, "-in", certificate).splitlines()]
    end = next(line.removeprefix("notAfter=") for line in lines if line.startswith("notAfter="))
    common = [line.partition("= ")[2] for line in lines if line.startswith("commonName")]
    kinds = [
        part.strip() for line in lines if line.startswith(("DNS:", "IP Address:")) for part in line.split(",")
    ]
    alternative = [_spelled(part.partition(":")[2]) for part in kinds]
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC)
    return until, tuple(dict.fromkeys((*alternative, *common)))


def _spelled(name: str) -> str:
    return str(ip_address(name)) if is_address(name) else name


def _openssl(*words: str | Path, at: Path | None = None) -> str:
    return command.run(["openssl", *words], timeout_s=LIMIT_S, cwd=at).stdout
