"""The one writer of the state: what was asked in one moment is committed together, and answered after that.

The state in memory is the last one that was committed. Requests that change it are worked out one after the other upon
the newest; while one commit is on its way, the next ones gather. The pool needs two threads: one commits, one works out
what takes long.
"""

import asyncio
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
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
    """Holds the state; `told` hears of each new one and must not wait; `complain` hears of defects of ours."""

    def __init__(
        self,
        store: Store,
        state: State,
        pool: Executor,
        told: Callable[[State], None],
        complain: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.state = state
        self._store, self._pool, self._told, self._complain = store, pool, told, complain
        self._newest, self._waiting, self._busy = state, list[_Waiting](), False
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def write(self, change: Change, *, long: bool = False) -> Response:
        """Give the answer to a request that may change the state, after what it changes was committed.

        `long`: it may take its time to be worked out; others read meanwhile.
        """
        async with self._turn:
            state, answer = await self._worked_out(change, long=long)
            if not self._busy and state is self.state:
                return answer
            done = self._gathered(state, answer)
        return await done

    async def _worked_out(self, change: Change, *, long: bool) -> tuple[State, Response]:
        while True:
            upon = self._newest
            if not long:
                return change(upon)
            made = await asyncio.get_running_loop().run_in_executor(self._pool, change, upon)
            if upon is self._newest:  # else it stands upon what could not be committed
                return made

    def _gathered(self, state: State, answer: Response) -> asyncio.Future[Response]:
        # A refusal waits, too, while others' changes are on their way: they may be why it is refused.
        done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(state, answer, done))
        self._newest = state
        if not self._busy:
            self._busy, self._task = True, asyncio.create_task(self._commit())
        return done

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._keep(batch[-1].state)
            except Exception as error:  # noqa: BLE001 - whatever it is: nobody may wait for ever
                self._fail(batch, error)
            else:
                _answer(batch)
        self._busy = False

    async def _keep(self, state: State) -> None:
        if changes := writes(self.state, state):
            await asyncio.get_running_loop().run_in_executor(self._pool, self._store.commit, changes)
        if state is not self.state:
            self.state = state
            try:
                self._told(state)
            except Exception:  # noqa: BLE001 - it is kept, and that is what is answered
                self._complain(traceback.format_exc())

    def _fail(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """Refuse the batch, and what was worked out upon it meanwhile: the state stays what was last committed."""
        reason = str(error) if isinstance(error, SfcciError) else "see the server's log"
        if not isinstance(error, SfcciError):
            self._complain("".join(traceback.format_exception(error)))
        answer = refused(Refused(UNAVAILABLE, "ServiceUnavailable", f"The state cannot be stored: {reason}"))
        lost, self._waiting, self._newest = [*batch, *self._waiting], [], self.state
        _answer([replace(one, answer=answer) for one in lost])


def _answer(batch: Sequence[_Waiting]) -> None:
    for one in batch:
        if not one.done.done():  # its client may have gone
            one.done.set_result(one.answer)
