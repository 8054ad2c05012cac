"""The one writer of the state: what was asked in one moment is committed together, and answered after that.

The state in memory is the last one that was committed. Requests that change it are worked out one after the other upon
the newest; while one commit is on its way, the next ones gather.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from sfcci.api.wire import Response, refused
from sfcci.chain.refused import Refused
from sfcci.chain.state import State, Write, writes
from sfcci.errors import SfcciError

Change = Callable[[State], tuple[State, Response]]
UNAVAILABLE = 503


class Store(Protocol):
    """Where the state survives."""

    def load(self) -> State:
        """Give the state as it was last committed."""
        ...

    def commit(self, writes: Sequence[Write], /) -> None:
        """Keep all of the writes, or none. Raises SfcciError."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass(frozen=True)
class _Waiting:
    state: State
    answer: Response
    done: asyncio.Future[Response]


class Writer:
    """Holds the state; `told` hears of each new one, and must not wait."""

    def __init__(self, store: Store, state: State, pool: Executor, told: Callable[[State], None]) -> None:
        self.state = state
        self._store, self._pool, self._told = store, pool, told
        self._newest, self._waiting, self._busy = state, list[_Waiting](), False
        self._task: asyncio.Task[None] | None = None

    async def write(self, change: Change) -> Response:
        """Give the answer to a request that may change the state, after what it changes was committed."""
        state, answer = change(self._newest)
        if not self._busy and state is self.state:
            return answer
        # A refusal waits, too, while others' changes are on their way: they may be why it is refused.
        done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(state, answer, done))
        self._newest = state
        if not self._busy:
            self._busy, self._task = True, asyncio.create_task(self._commit())
        return await done

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            state = batch[-1].state
            try:
                await self._keep(writes(self.state, state))
            except SfcciError as error:
                self._fail(batch, error)
                continue
            if state is not self.state:
                self.state = state
                self._told(state)
            for one in batch:
                one.done.set_result(one.answer)
        self._busy = False

    async def _keep(self, changes: Sequence[Write]) -> None:
        if changes:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._store.commit, changes)

    def _fail(self, batch: Sequence[_Waiting], error: SfcciError) -> None:
        """Refuse the batch, and what was worked out upon it meanwhile: the state stays what was last committed."""
        answer = refused(Refused(UNAVAILABLE, "ServiceUnavailable", f"The state cannot be stored: {error}"))
        lost, self._waiting, self._newest = [*batch, *self._waiting], [], self.state
        for one in lost:
            one.done.set_result(answer)
