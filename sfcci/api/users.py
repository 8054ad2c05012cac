"""The private file with the users of the API: who may ask, for which project; passwords and tokens only as hashes.

Passwords are hashed by scrypt (RFC 7914), which costs time and memory; tokens are long and random, one SHA-256 is enough.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sfcci import document, files
from sfcci.api.caller import Caller
from sfcci.errors import Fault, InputError, Place, UsageError

COST: Final = {"n": 1 << 14, "r": 8, "p": 1}
"""16 MiB, and about 50 ms of this decade's processors."""
OCTETS: Final = 32
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 255}
_HASHES: Final = {
    "password": re.compile(r"scrypt\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}="),
    "token": re.compile(r"sha256\$[0-9a-f]{64}"),
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["users"],
    "properties": {
        "users": {
            "type": "object",
            "propertyNames": {"pattern": "^[^:\\x00-\\x1f]{1,255}$"},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["project"],
                "properties": {
                    "project": _TEXT,
                    "admin": {"type": "boolean"},
                    "password": {},  # these two are checked without the schema, whose faults show what they found
                    "token": {},
                },
            },
        }
    },
}


@dataclass(frozen=True)
class User:
    """One user: hashes are "" where there is no password, no token."""

    name: str
    project: str
    admin: bool = False
    password: str = ""
    token: str = ""

    def caller(self) -> Caller:
        """Give who it is that asks."""
        return Caller(self.name, self.project, self.admin)


Users = Mapping[str, User]


def hashed_password(password: str) -> str:
    """Give what is kept of a password."""
    salt = secrets.token_bytes(16)
    return "$".join(
        ("scrypt", *(base64.b64encode(part).decode() for part in (salt, _scrypt(password, salt))))
    )


def is_password(password: str, kept: str) -> bool:
    """Say whether it is the one of which that was kept; takes the same time either way."""
    _, salt, wanted = kept.split("$")
    return hmac.compare_digest(_scrypt(password, base64.b64decode(salt)), base64.b64decode(wanted))


def hashed_token(token: str) -> str:
    """Give what is kept of a token."""
    return f"sha256${hashlib.sha256(token.encode()).hexdigest()}"


def new_token() -> str:
    """Give a token that nobody guesses; in digits of 16, since a "-" at its begin would be an option to programs."""
    return secrets.token_hex(OCTETS)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, dklen=OCTETS, **COST)


def read(path: Path) -> dict[str, User]:
    """Give the users of a file. Raises InputError: faults, or others may read it."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(
            Fault(Place(str(path)), f"cannot be read: {error.strerror}", hint="make it: sfcci sfc user add")
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(
            Fault(
                Place(str(path)),
                f"others may read it (mode {stat.S_IMODE(mode):04o})",
                "mode 0600",
                f"run: chmod 600 {path}",
            )
        )
    found: dict[str, Any] = document.read(path, SCHEMA).data["users"]
    faults = [
        Fault(Place(str(path)), f"users.{name}.{key} is no hash", "one that `sfcci sfc user add` makes")
        for name, one in found.items()
        for key, form in _HASHES.items()
        if key in one and not (isinstance(one[key], str) and form.fullmatch(one[key]))
    ]
    if faults:
        raise InputError(*faults)
    return {name: User(name, **one) for name, one in found.items()}


def change(path: Path, changed: Callable[[dict[str, User]], Users]) -> None:
    """Write the file with other users; two who do it at once wait for each other. Raises InputError, UsageError."""
    with files.locked(path.with_name(f".{path.name}.lock")):
        users = changed(read(path) if path.exists() else {})
        text = (
            json.dumps({"users": {name: _as_document(one) for name, one in users.items()}}, indent=2) + "\n"
        )
        document.parse(text, str(path), SCHEMA)  # nobody could read it again
        files.write_text(path, text, mode=0o600)


def _as_document(user: User) -> dict[str, Any]:
    kept = {"password": user.password, "token": user.token}
    return {
        "project": user.project,
        "admin": user.admin,
        **{key: value for key, value in kept.items() if value},
    }


def add(path: Path, user: User) -> bool:
    """Put a user into the file, in the place of the one with its name; say whether there was one."""
    known: list[bool] = []

    def changed(users: dict[str, User]) -> Users:
        known.append(user.name in users)
        return {**users, user.name: user}

    change(path, changed)
    return known[0]


def remove(path: Path, name: str) -> None:
    """Take a user out of the file. Raises UsageError when it is not there."""

    def changed(users: dict[str, User]) -> Users:
        if name not in users:
            raise UsageError(
                f"{path} has no user {name}; {document.did_you_mean(name, list(users))}".rstrip("; ")
            )
        return {other: user for other, user in users.items() if other != name}

    change(path, changed)
