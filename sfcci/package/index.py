"""The package index: an sdist fetched from whichever index pip is set to, checked by its hash. None of its code runs."""

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import command, files
from sfcci.errors import Fault, InputError, Place, SfcciError, Unreachable
from sfcci.package.component import Component
from sfcci.package.sdist import SdistMetadata, project_metadata
from sfcci.package.sdist_known import known_metadata

SDISTS = "sdists"
"""The folder of the cache with what was fetched, each file in a folder named by its hash."""
PIP_TIMEOUT_S = 60.0
FETCH_TIMEOUT_S = 300.0
READ_TIMEOUT_S = 30.0
MAX_SDIST_BYTES = 512 * 2**20
SECTIONS = (":env:", "download", "install", "global")
"""Where pip looks a setting up, the strongest first."""
SHOWN = 5


def fetch_sdist(component: Component, cache: Path, say: Callable[[str], None] = lambda _text: None) -> Path:
    """Give the component's sdist in the cache, fetched now if need be.

    Raises Unreachable when no index has it or answers, InputError when its hash is not the pinned one.
    """
    source = component.source
    if path := kept(cache, source.sha256, source.sdist):
        return path

    def accept(digest: str) -> None:
        if digest != source.sha256:
            raise InputError(_wrong_hash(component, digest))

    say(f"fetching {source.sdist}")
    return fetch(component.name, source.sdist, cache, accept, source.sha256)


def fetch(project: str, sdist: str, cache: Path, accept: Callable[[str], None], sha256: str = "") -> Path:
    """Fetch an sdist into the cache. `accept` is told the SHA-256 of what came, and raises to refuse it: nothing is kept.

    Raises Unreachable. Where several indexes have the file, the one that tells `sha256` is asked.
    """
    folder = cache / SDISTS
    with asking() as asked, files.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        link = _link(asked, project, sdist, sha256)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as here:
            part = Path(here, sdist)
            digest = _download(asked.finder, link, part)
            accept(digest)
            path = _cached(cache, digest, sdist)
            path.parent.mkdir(exist_ok=True)
            part.replace(path)
    return path


def kept(cache: Path, sha256: str, sdist: str) -> Path | None:
    """Give an sdist that is in the cache, whole and with that hash."""
    path = _cached(cache, sha256, sdist)
    return path if path.is_file() and file_digest(path) == sha256 else None


def _cached(cache: Path, sha256: str, sdist: str) -> Path:
    return cache / SDISTS / sha256[:16] / sdist


@dataclass(frozen=True)
class Asked:
    """The indexes and folders that pip would ask."""

    finder: Any
    warnings: list[str]
    """What the client said of those that did not answer."""

    def packages(self, project: str, what: str = "") -> list[Any]:
        """Give everything that there is of a project. Raises Unreachable: `what` could not be had (else the project)."""
        try:
            found = list(self.finder.find_all_packages(project, allow_yanked=True))
        except Exception as error:  # the client's own exceptions differ between its versions
            raise unreachable(what or project, _reason(error)) from error
        if not found:
            raise unreachable(what or project, "; ".join(self.warnings[-2:]) or "it has no such project")
        return found


@contextlib.contextmanager
def asking() -> Iterator[Asked]:
    """Give the indexes that pip is set to, for the block."""
    with _finder(pip_settings()) as finder, _heard() as warnings:
        yield Asked(finder, warnings)


def told_hash(link: Any) -> str:
    """Give the SHA-256 that an index tells of a file; "" when it does not."""
    if (link.hashes or {}).get("sha256"):
        return str(link.hashes["sha256"])
    return str(link.hash) if link.hash_name == "sha256" else ""


def pip_settings() -> dict[str, str]:
    """Give what pip's files and environment say of indexes: setting → text as pip keeps it (lists split by spaces)."""
    done = command.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"],
        timeout_s=PIP_TIMEOUT_S,
        check=False,
    )
    if done.status != 0:
        found = [(":env:", k[4:].lower(), v) for k, v in os.environ.items() if k.startswith("PIP_")]
    else:
        found = [_pip_line(line) for line in done.stdout.splitlines() if "=" in line]
    weakest_first = sorted(
        (entry for entry in found if entry[0] in SECTIONS), key=lambda e: -SECTIONS.index(e[0])
    )
    return {key.replace("_", "-"): value for _section, key, value in weakest_first}


def _pip_line(line: str) -> tuple[str, str, str]:
    """Split a line of `pip config list`: SECTION.KEY='VALUE'."""
    name, _, value = line.partition("=")
    section, _, key = name.partition(".")
    return section, key, str(literal_eval(value))


@contextlib.contextmanager
def _finder(settings: Mapping[str, str]) -> Iterator[Any]:
    """A finder of links on the indexes and folders that pip would ask; it never asks for a password."""
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers import PyPIClient

    default = "" if _is_true(settings.get("no-index", "")) else _default_index()
    indexes = [settings.get("index-url") or default, *settings.get("extra-index-url", "").split()]
    hosts = settings.get("trusted-host", "").split()
    client: Any  # unearth's own two types for it disagree
    with PyPIClient(trusted_hosts=hosts, **_connection(settings)) as client:
        client.auth = MultiDomainBasicAuth(prompting=False, index_urls=[url for url in indexes if url])
        finder = PackageFinder(
            client,
            index_urls=[url for url in indexes if url],
            find_links=[link for link in settings.get("find-links", "").split() if _exists(link)],
            trusted_hosts=hosts,
            ignore_compatibility=True,
        )
        yield finder


def _default_index() -> str:
    """The index that a finder asks when it is told none: the library knows it, we need not."""
    from unearth import PackageFinder

    return str(PackageFinder().sources[0]["url"])


def _connection(settings: Mapping[str, str]) -> dict[str, Any]:
    import ssl

    options: dict[str, Any] = {"timeout": READ_TIMEOUT_S}
    if settings.get("cert") or settings.get("client-cert"):
        try:
            context = ssl.create_default_context(cafile=settings.get("cert") or None)
            if settings.get("client-cert"):
                context.load_cert_chain(settings["client-cert"])
        except OSError as error:  # SSLError is one, too
            raise Unreachable(f"pip's certificate cannot be used: {error}; see pip config list") from error
        options["verify"] = context
    if settings.get("proxy"):
        options["proxy"] = settings["proxy"]
    return options


def _exists(link: str) -> bool:
    return "://" in link or Path(link).exists()


def _is_true(text: str) -> bool:
    return text.lower() in {"1", "true", "yes", "on"}


def _link(asked: Asked, project: str, sdist: str, sha256: str) -> Any:
    """Find the link to the file; where several have it, the one that tells the hash."""
    packages = asked.packages(project, sdist)
    links = [package.link for package in packages if package.link.filename == sdist]
    if not links:
        there = list(dict.fromkeys(p.link.filename for p in packages if not p.link.is_wheel))[:SHOWN]
        raise unreachable(sdist, f"it has {', '.join(there)}" if there else "it has wheels only")
    return next((link for link in links if told_hash(link) == sha256), links[0])


def _download(finder: Any, link: Any, part: Path) -> str:
    """Write what the link gives into `part` and give its SHA-256. Bounded in size and time."""
    digest, size, end = hashlib.sha256(), 0, time.monotonic() + FETCH_TIMEOUT_S
    try:
        with finder.session.get_stream(link.normalized) as response, part.open("wb") as file:
            response.raise_for_status()
            for block in response.iter_bytes(2**16):
                size += len(block)
                _within(link, size, end)
                digest.update(block)
                file.write(block)
    except (OSError, SfcciError):
        raise
    except Exception as error:  # as above
        raise Unreachable(f"cannot fetch {link.redacted}: {_reason(error)}") from error
    return digest.hexdigest()


def _within(link: Any, size: int, end: float) -> None:
    if size > MAX_SDIST_BYTES or time.monotonic() > end:
        raise Unreachable(
            f"{link.redacted}: more than {MAX_SDIST_BYTES >> 20} MiB, or more than {FETCH_TIMEOUT_S:g} s"
        )


def _wrong_hash(component: Component, digest: str) -> Fault:
    return Fault(
        Place(component.path),
        f"source.sha256: the package index gives {component.source.sdist} with SHA-256 {digest}",
        component.source.sha256,
        "correct the description, or find out who changed the file",
    )


def unreachable(what: str, reason: str) -> Unreachable:
    """Give the error of a file or project that no index gives."""
    return Unreachable(
        f"no index that pip is set to gives {what}: {reason}; check the network and pip's index (pip config list)"
    )


def _reason(error: Exception) -> str:
    """What went wrong, on one line; that there is nothing (404) is no trouble with the network."""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return "it has no such project" if "(404)" in said else said


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file, in lower-case hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    """Gather what the finder warns of: it says there, not in an exception, that an index did not answer."""
    import logging

    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("unearth")
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


@dataclass(frozen=True)
class Subject:
    """A component with what its source says of itself."""

    component: Component
    metadata: SdistMetadata
    sdist: Path | None
    """The archive from the index; None for a component that lies in this project."""


def subject(
    component: Component, project: Path, cache: Path, say: Callable[[str], None] = lambda _text: None
) -> Subject:
    """Give a component with its metadata; fetches its sdist if need be. Raises InputError, Unreachable."""
    if component.source.path:
        return Subject(
            component, project_metadata(project / component.source.path, component.source_files), None
        )
    return _fetched(component, cache, say)


def other_versions(
    component: Component, cache: Path, say: Callable[[str], None] = lambda _text: None
) -> tuple[Subject, ...]:
    """Give the versions that the overlay carries beside the component's own. Raises as `subject`."""
    told = (version for version in component.gentoo.versions if version.sha256)
    return tuple(_fetched(component.at(version), cache, say) for version in told)


def _fetched(component: Component, cache: Path, say: Callable[[str], None]) -> Subject:
    sdist = fetch_sdist(component, cache, say)
    return Subject(component, known_metadata(sdist), sdist)
