"""What Skydive's configuration says to us: where analyzers are, who we are, who may ask. All else in it is passed over.

A file (YAML, as etc/skydive.yml), the environment (SKYDIVE_ANALYZER, SKYDIVE_USERNAME, SKYDIVE_PASSWORD; any other key as
SKYDIVE_X_Y), and the command line, which counts for more.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sfcci import document
from sfcci.errors import Fault, InputError, Place

DEFAULT: Final = "127.0.0.1:8082"
FILES: Final = (Path("/etc/skydive/skydive.yml"), Path("skydive.yml"))


def _is_password(value: Any) -> bool:
    """Whether it may be one: a text, or a number that nobody put in quotes."""
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


@dataclass(frozen=True)
class Conf:
    """A configuration: dotted names are looked up in the environment first, then in the file."""

    table: Mapping[str, Any]
    environ: Mapping[str, str]
    path: str = ""

    def value(self, name: str) -> Any:
        """Give what stands at a dotted name; None where nothing does."""
        if (text := self.environ.get("SKYDIVE_" + name.upper().replace(".", "_"))) is not None:
            return text
        found: Any = self.table
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def text(self, *names: str) -> str:
        """Give the first of the names that has a value, as a text. Raises InputError."""
        for name in names:
            value = self.value(name)
            if value is not None and not isinstance(value, dict | list):
                return str(value)
            if value is not None:
                raise self.fault(name, "a text")
        return ""

    @property
    def analyzers(self) -> tuple[str, ...]:
        """The analyzers' addresses, in the order in which they are tried. Raises InputError."""
        if one := self.environ.get("SKYDIVE_ANALYZER"):
            return (one,)
        given = self.value("analyzers")
        if isinstance(given, str):
            given = given.replace(",", " ").split()
        if given is None:
            given = [self.text("analyzer.listen") or DEFAULT]
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise self.fault("analyzers", "a list of HOST:PORT")
        return tuple(given)

    @property
    def username(self) -> str:
        """Who we are, "" for nobody."""
        return self.text(
            "username",
            "analyzer.auth.cluster.username",
            "agent.auth.cluster.username",
            "auth.analyzer_username",
            "auth.username",
        )

    @property
    def password(self) -> str:
        """What proves it."""
        return self.text(
            "password",
            "analyzer.auth.cluster.password",
            "agent.auth.cluster.password",
            "auth.analyzer_password",
            "auth.password",
        )

    @property
    def users(self) -> dict[str, str]:
        """Who may ask an analyzer: those of the backend that analyzer.auth.api.backend names. Raises InputError."""
        name = self.text("analyzer.auth.api.backend")
        if name in {"", "noauth"}:
            return {}
        backend = self.value(f"auth.{name}")
        kind = backend.get("type", "basic") if isinstance(backend, dict) else None
        if kind != "basic":
            raise self.fault(f"auth.{name}", "a backend with type: basic and users")
        users = backend.get("users")
        if not (users and isinstance(users, dict) and all(map(_is_password, users.values()))):
            raise self.fault(
                f"auth.{name}.users",
                "users with their passwords",
                "an htpasswd file is not read; see --auth-file",
            )
        return {str(user): str(password) for user, password in users.items()}

    def fault(self, name: str, expected: str, hint: str = "") -> InputError:
        """Give the error for a value that is not of its kind; it shows none, since it may be a secret."""
        return InputError(
            Fault(
                Place(self.path or "$SKYDIVE_" + name.upper()), f"{name} is of another kind", expected, hint
            )
        )


def load(path: str, environ: Mapping[str, str] = os.environ) -> Conf:
    """Read the configuration at `path`; "": the first of the usual places, else none. Raises InputError."""
    if path:
        return Conf(_read(Path(path)), environ, path)
    for usual in FILES:
        if usual.is_file() and os.access(usual, os.R_OK):
            return Conf(_read(usual), environ, str(usual))
    return Conf({}, environ)


def _read(path: Path) -> Mapping[str, Any]:
    """Read YAML, whatever the file is called."""
    named = str(path) if path.suffix in {".yml", ".yaml", ".json"} else f"{path}.yaml"
    try:
        table = document.parse(document.read_text(path), named).data
    except InputError as error:
        raise InputError(*(fault.within(str(path)) for fault in error.faults)) from None
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise InputError(
            Fault(Place(str(path)), "is no table", "Skydive's configuration, as analyzers: [127.0.0.1:8082]")
        )
    return table
