"""Who asks, told by a password (HTTP Basic, RFC 7617) or a token (X-Auth-Token) of the users' private file.

A wrong password costs scrypt's time, in threads of their own, so that it holds up nobody else; a right one is remembered
under a key that dies with the process, since clients send it with every request. A changed file counts at once.
"""

import asyncio
import base64
import binascii
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from sfcci.api import users
from sfcci.api.caller import Caller
from sfcci.chain.refused import Refused
from sfcci.errors import SfcciError

THREADS: Final = 2
MOST_WAITING: Final = 64
"""Passwords that wait for their check; more are told to come again."""
MOST_REMEMBERED: Final = 1024
MOST_PASSWORD: Final = 1024


class UsersGate:
    """Lets in the users of a file; `complain` hears of a file that cannot be read any more (the last good one counts)."""

    def __init__(self, path: Path, complain: Callable[[str], None] = lambda _text: None) -> None:
        self._path, self._complain = path, complain
        self._users = users.read(path)
        self._seen = self._stamp()
        self._pool = ThreadPoolExecutor(THREADS, "password")
        self._key, self._remembered = secrets.token_bytes(32), OrderedDict[bytes, str]()
        self._waiting = 0
        self._nobody = users.hashed_password(secrets.token_urlsafe())

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    async def caller(self, headers: Mapping[str, str]) -> Caller:
        """Give who asks. Raises Refused (401; 429: too many are being checked)."""
        self._reread()
        if token := headers.get("x-auth-token"):
            return self._by_token(token)
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise _unknown()
        name, password = _credentials(text.strip())
        return await self._by_password(name, password)

    def _by_token(self, token: str) -> Caller:
        """Compare with every user's: the time says nothing of whose it is."""
        given = users.hashed_token(token)
        found = [one for one in self._users.values() if hmac.compare_digest(one.token, given)]
        if not found:
            raise _unknown()
        return found[0].caller()

    async def _by_password(self, name: str, password: str) -> Caller:
        user = self._users.get(name)
        kept = (user.password if user else "") or self._nobody
        mark = hmac.digest(self._key, f"{name}:{kept}:{password}".encode(), "sha256")
        if mark not in self._remembered:
            await self._check(password, kept)
            self._remember(mark, name)
        if user is None or not user.password:
            raise _unknown()
        return user.caller()

    async def _check(self, password: str, kept: str) -> None:
        if self._waiting >= MOST_WAITING:
            raise Refused(429, "HTTPTooManyRequests", "Too many passwords are being checked; try again")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._pool, users.is_password, password, kept)
        finally:
            self._waiting -= 1
        if not right:
            raise _unknown()

    def _remember(self, mark: bytes, name: str) -> None:
        self._remembered[mark] = name
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)

    def _reread(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._users = users.read(self._path)
        except SfcciError as error:
            self._complain(f"the users are those of before: {error}")

    def _stamp(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode


def _credentials(text: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _unknown() from None
    if not colon or len(password) > MOST_PASSWORD:
        raise _unknown()
    return name, password


def _unknown() -> Refused:
    return Refused(401, "HTTPUnauthorized", "The request you have made requires authentication.")
