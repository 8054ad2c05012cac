"""Settings: command-line flags, then `SFCCI_<SECTION>_<KEY>`, then `sfcci.toml`, then the defaults here.

Secrets are never on a command line: tokens and passwords come from the environment, `sfcci.toml` (mode 0600) or a
file that a setting names.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from sfcci import document
from sfcci.errors import Fault, InputError, Place, UsageError


@dataclass(frozen=True)
class Gate:
    """Names that a result carries into Zuul's metric names, and where the jobs are declared."""

    tenant: str = "sfcci"
    """Zuul's tenant, a part of the names of metrics."""
    pipeline: str = "gate"
    """The pipeline whose jobs run when none is named; a part of the names, too."""
    host: str = "sfcci.example.org"
    """Where the project's code is kept: a part of the names."""
    project: str = "sfcci/sfcci"
    """The project: a part of the names."""
    branch: str = "main"
    """The branch: a part of the names."""
    jobs: str = ""
    """A folder with job files; "" means the jobs that come with sfcci."""
    link: str = ""
    """The page with the runs of a job, for dashboards: a pattern with {job}, {pipeline} ...; "" means that there is none.

    Those of `sfcci preview --port 8765`: http://127.0.0.1:8765/runs?job={job}&pipeline={pipeline}
    """
    keep_evidence: str = "30d"
    """How long the evidence of runs is kept: a span such as 36h or 30d; "0d" keeps only that of the last minute."""
    keep_evidence_size: str = "2G"
    """How much of it is kept in all: octets, or with K, M, G, T behind the number; the oldest goes first."""


@dataclass(frozen=True)
class Api:
    """Where the API of `sfcci sfc serve` keeps its state, and how `sfcci sfc` reaches a server."""

    database: str = ""
    """A URL as SQLAlchemy has them; "" means SQLite: sfc.db in the state folder (`load` puts it there)."""
    url: str = ""
    """The server to ask; "" means OS_ENDPOINT, else the one on this machine, else the database itself."""
    user: str = ""
    """Who asks; OS_USERNAME comes first."""
    password: str = field(default="", repr=False)
    """The user's password; better in a file."""
    password_file: str = ""
    """A file with it, not readable by everybody."""
    token: str = field(default="", repr=False)
    """A token in the place of user and password; better in a file."""
    token_file: str = ""
    """A file with it, not readable by everybody."""
    ca: str = ""
    """A file with the certificates that the server's is checked against; "" means the system's."""

    def secret(self) -> str:
        """Give the token, read from `token_file` when that is set; "" when there is none. Raises InputError."""
        _check_private(self.token_file)
        return _from_file(self.token_file, "api.token_file") or self.token

    def password_secret(self) -> str:
        """Give the user's password, read from `password_file` when that is set. Raises InputError."""
        _check_private(self.password_file)
        return _from_file(self.password_file, "api.password_file") or self.password


@dataclass(frozen=True)
class Trace:
    """Where `sfcci trace serve` keeps captures, alerts and history."""

    database: str = ""
    """A URL as SQLAlchemy has them; "" means a file of each lab in the state folder."""


@dataclass(frozen=True)
class Gentoo:
    """What ebuilds are checked against, and built for."""

    repo: str = ""
    """The folder of ::gentoo; "" means the system's, else a minimal one of our own."""
    python: str = ""
    """The Python that `sfcci package build` builds for, by name or path; "" means one that the ebuild names."""


@dataclass(frozen=True)
class Rpm:
    """The key that packages and repositories are signed with (nothing set means one of sfcci's own, in the state folder), and who builds."""

    key: str = ""
    """A fingerprint, key id or user id in the user's own keyring."""
    key_file: str = ""
    """A file with a secret key, as gpg --export-secret-keys writes it."""
    passphrase_file: str = ""
    """A file with the key's passphrase."""
    copr: str = ""
    """The project at Copr in which packages are built, as in owner/project."""


@dataclass(frozen=True)
class Graphite:
    """A Graphite that is there already; both url and carbon empty means the private one."""

    url: str = ""
    """Where its graphite-web is read."""
    carbon: str = ""
    """HOST:PORT of carbon's plaintext listener."""
    retentions: str = "10s:1d,60s:30d,1h:1y"
    """How that Graphite keeps `stats_counts` and `stats.timers`: its storage-schemas.conf says so."""
    pickle: str = ""
    """HOST:PORT of its pickle listener, for many points; "" means that the plaintext one takes all."""
    statsd: str = ""
    """HOST:PORT of a StatsD, for `metrics push --to statsd`."""


@dataclass(frozen=True)
class Grafana:
    """The Grafana that dashboards are pushed to."""

    url: str = ""
    """Its address; "" means that there is none."""
    token: str = field(default="", repr=False)
    """A service account's token, or an old API key; better in a file."""
    token_file: str = ""
    """A file with it."""
    user: str = ""
    """A user's name, in the place of a token."""
    password: str = field(default="", repr=False)
    """The user's password; better in a file."""
    password_file: str = ""
    """A file with it."""
    ca: str = ""
    """A file with the certificates that Grafana's is checked against; "" means the system's."""
    datasource: str = "graphite"
    """The name, in Grafana, of the Graphite that panels without a data source of their own ask."""
    folder: str = "SFC CI"
    """The title of the folder that dashboards go to; "General" is Grafana's own."""

    def secret(self) -> str:
        """Give the token, read from `token_file` when that is set; "" when there is none."""
        return _from_file(self.token_file, "grafana.token_file") or self.token

    def password_secret(self) -> str:
        """Give the user's password, read from `password_file` when that is set."""
        return _from_file(self.password_file, "grafana.password_file") or self.password


@dataclass(frozen=True)
class Preview:
    """The pod of `sfcci preview up`: its name, its images, its ports of the loopback address."""

    name: str = "sfcci-preview"
    """The pod's name."""
    grafana_image: str = "docker.io/grafana/grafana-oss:12.0.2"
    """Grafana's image; docker.io/grafana/grafana is the name of later ones."""
    graphite_image: str = "localhost/sfcci-graphite:1"
    """The one that `sfcci preview build` makes; any other must take the same settings."""
    statsd_image: str = "docker.io/statsd/statsd:v0.10.2"
    """StatsD's image, for `--statsd`."""
    grafana_port: str = "23000"
    """Grafana's port of the loopback address; those of the others follow."""
    graphite_port: str = "28080"
    """graphite-web's port."""
    carbon_port: str = "28003"
    """The port of carbon's plaintext listener."""
    pickle_port: str = "28004"
    """The port of carbon's pickle listener."""
    statsd_port: str = "28125"
    """StatsD's port (UDP)."""


def _keys(**told: str) -> dict[str, Any]:
    """Give the schema of a section with these keys; every value is text, what it says stands in the description."""
    properties = {key: {"type": "string", "description": text} for key, text in told.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _fields(kind: type[Any], **told: str) -> dict[str, Any]:
    """Give the schema of a section that a class is made of."""
    return _keys(**{one.name: told.get(one.name, "text") for one in fields(kind)})


_HOST_PORT = dict.fromkeys(("carbon", "pickle", "statsd"), "HOST:PORT")
_PORTS = {one.name: "a port of the loopback address" for one in fields(Preview) if one.name.endswith("_port")}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "run": _keys(
            state="the folder of results, evidence and the private Graphite's series",
            cache="the folder of sdists and environments",
        ),
        "gate": _fields(Gate),
        "database": _keys(
            url="the run database, a URL as SQLAlchemy has them; default: SQLite in the state folder"
        ),
        "api": _fields(Api),
        "trace": _fields(Trace),
        "gentoo": _fields(Gentoo),
        "rpm": _fields(Rpm, copr="a project at Copr, as in owner/project"),
        "graphite": _fields(Graphite, **_HOST_PORT),
        "grafana": _fields(Grafana),
        "preview": _fields(Preview, **_PORTS),
    },
}


def _check_private(path: str) -> None:
    """Refuse a secret that is everybody's; a group may share one. One that is not there is told when it is read."""
    try:
        mode = Path(path).expanduser().stat().st_mode if path else 0
    except OSError:
        return
    if mode & stat.S_IRWXO:
        raise InputError(
            Fault(
                Place(path),
                f"everybody on this machine may read or change it (mode {stat.S_IMODE(mode):04o})",
                "mode 0600, or 0640 for a group",
                f"run: chmod o= {path}",
            )
        )


def _from_file(path: str, setting: str) -> str:
    if not path:
        return ""
    try:
        text = Path(path).expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError(
            Fault(Place(path), f"cannot be read: {reason}", f"the file that {setting} names")
        ) from None
    if not text:
        raise InputError(Fault(Place(path), "is empty", f"the file that {setting} names"))
    return text


@dataclass(frozen=True)
class Settings:
    """Everything that commands need to know about the project and the machine; immutable, passed down."""

    project: Path
    state: Path
    cache: Path
    database_url: str
    gate: Gate = Gate()
    api: Api = Api()
    trace: Trace = Trace()
    gentoo: Gentoo = Gentoo()
    rpm: Rpm = Rpm()
    graphite: Graphite = Graphite()
    grafana: Grafana = Grafana()
    preview: Preview = Preview()


def load(project: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `sfcci.toml` of the project (the current folder) and the environment. Raises InputError, UsageError.

    Folders (run.state, run.cache, gate.jobs) are seen from the project's own.
    """
    root = _project(project or Path(environ.get("SFCCI_PROJECT") or "."))
    _check_names(environ)
    path = root / "sfcci.toml"
    table: dict[str, Any] = document.read(path, SCHEMA).data if path.exists() else {}
    state = _folder(root, _value(table, environ, "run", "state")) or _default_folder("state")
    gate = _section(Gate, table, environ, "gate")
    rpm = _section(Rpm, table, environ, "rpm")
    api = _section(Api, table, environ, "api")
    return Settings(
        project=root,
        state=state,
        cache=_folder(root, _value(table, environ, "run", "cache")) or _default_folder("cache"),
        database_url=_value(table, environ, "database", "url") or f"sqlite:///{state}/runs.sqlite",
        gate=replace(gate, jobs=str(_folder(root, gate.jobs) or "")),
        api=replace(api, database=api.database or f"sqlite:///{state}/sfc.db"),
        trace=_section(Trace, table, environ, "trace"),
        gentoo=_section(Gentoo, table, environ, "gentoo"),
        rpm=replace(
            rpm,
            key_file=str(_folder(root, rpm.key_file) or ""),
            passphrase_file=str(_folder(root, rpm.passphrase_file) or ""),
        ),
        graphite=_section(Graphite, table, environ, "graphite"),
        grafana=_section(Grafana, table, environ, "grafana"),
        preview=_section(Preview, table, environ, "preview"),
    )


def _check_names(environ: Mapping[str, str]) -> None:
    """Refuse a variable of a known section with an unknown key: ignored, it would pass for a setting."""
    sections: dict[str, Any] = SCHEMA["properties"]
    known = [
        f"SFCCI_{section}_{key}".upper() for section, table in sections.items() for key in table["properties"]
    ]
    starts = tuple(f"SFCCI_{section}_".upper() for section in sections)
    wrong = [name for name in environ if name.startswith(starts) and name not in known]
    if wrong:
        raise InputError(
            *(
                Fault(Place(f"${name}"), "unknown setting", hint=document.did_you_mean(name, known))
                for name in wrong
            )
        )


def _project(given: Path) -> Path:
    try:
        root = given.resolve()
    except OSError as error:
        raise UsageError(f"the project {given} cannot be found: {error.strerror}") from None
    if not root.is_dir():
        raise UsageError(f"the project {root} is no folder; go to the project's, or name it in SFCCI_PROJECT")
    return root


def _folder(root: Path, text: str) -> Path | None:
    """Give the folder that a setting names, seen from the project's; None when it names none."""
    return root / Path(text).expanduser() if text else None


def _default_folder(kind: str) -> Path:
    import platformdirs

    name = platformdirs.user_state_dir if kind == "state" else platformdirs.user_cache_dir
    return Path(name("sfcci"))


def _value(table: Mapping[str, Any], environ: Mapping[str, str], section: str, key: str) -> str:
    return environ.get(f"SFCCI_{section}_{key}".upper()) or table.get(section, {}).get(key, "")


_Section = TypeVar("_Section", Gate, Api, Trace, Gentoo, Rpm, Graphite, Grafana, Preview)


def _section(
    kind: type[_Section], table: Mapping[str, Any], environ: Mapping[str, str], name: str
) -> _Section:
    given = {f.name: _value(table, environ, name, f.name) for f in fields(kind)}
    return kind(**{key: value for key, value in given.items() if value})
