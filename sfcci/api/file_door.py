"""The door to a state without a server: its database is opened, and requests are answered by the server's own rules.

While a server has the database nobody else opens it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from sfcci.api.caller import EVERYBODY, Caller
from sfcci.api.client import Query, answered
from sfcci.api.handlers import DEFAULTS, answer
from sfcci.api.server import asked_by
from sfcci.api.wire import Request
from sfcci.chain.quota import Limits
from sfcci.chain.state import State, Write, writes
from sfcci.chain.status import Facts
from sfcci.errors import Unreachable

NO_SERVER = Facts(reason="no server runs on this state")
Commit = Callable[[tuple[Write, ...]], None]


class StateDoor:
    """A state in memory; what changes it is committed first. What `commit` raises leaves it as it was.

    `caller` is who asks, `limits` are the quotas of projects that have none of their own.
    """

    def __init__(
        self,
        address: str,
        state: State,
        commit: Commit = lambda _writes: None,
        *,
        caller: Caller = EVERYBODY,
        limits: Limits = DEFAULTS,
    ) -> None:
        self.address, self.state, self._commit = address, state, commit
        self._caller, self._limits = caller, limits

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Query = (),
        revision: int | None = None,
    ) -> Any:
        """See `client.Door`."""
        headers = {} if revision is None else {"if-match": f"revision_number={revision}"}
        data = b"" if body is None else json.dumps(body).encode()
        request = Request(method, f"/v2.0/{quote(path)}", tuple(query), headers, data)
        new, response = answer(self.state, request, lambda: asked_by(self._caller), NO_SERVER, self._limits)
        if new is not self.state:
            self._commit(writes(self.state, new))
            self.state = new
        return answered(self.address, response.status, response.body)

    def close(self) -> None:
        """Nothing is open."""


class FileDoor(StateDoor):
    """The state in a database. Raises Unreachable: a server has it, for example."""

    def __init__(self, database: str) -> None:
        from sfcci.api.store import InUse, open_store

        try:
            self._store = open_store(database)
        except InUse as error:
            raise Unreachable(f"{error}; ask it by its address, with --url") from error
        super().__init__(database, self._store.load(), self._store.commit)

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()
