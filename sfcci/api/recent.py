"""The answers of a moment ago: many clients ask the same lists, again and again, between two changes of the state.

They are worked out once, and a thousand slow readers hold the same octets.
"""

from collections import OrderedDict
from typing import Final

from sfcci.api.caller import Caller
from sfcci.api.wire import Request, Response
from sfcci.api.writer import Change
from sfcci.chain.state import State
from sfcci.chain.status import Facts

MOST_OCTETS: Final = 1 << 25
LEAST_OCTETS: Final = 4096
"""Shorter answers cost less than keeping them."""
Key = tuple[object, ...]


class Recent:
    """Answers upon one state and what was known of it; a change of either forgets them."""

    def __init__(self) -> None:
        self._upon: tuple[State, Facts] | None = None
        self._answers = OrderedDict[Key, Response]()
        self._octets = 0

    def answer(
        self, state: State, facts: Facts, request: Request, who: Caller, change: Change
    ) -> Response | None:
        """Give the answer to a request that reads, None where it is a change after all."""
        if self._upon is None or self._upon[0] is not state or self._upon[1] is not facts:
            self._upon = state, facts
            self._answers.clear()
            self._octets = 0
        # all that an answer to a request without a body is made of
        key = request.method, request.path, request.query, request.scheme, request.headers.get("host"), who
        if known := self._answers.get(key):
            return known
        new, made = change(state)
        if new is not state:
            return None
        if LEAST_OCTETS <= len(made.body) <= MOST_OCTETS:
            self._answers[key] = made
            self._octets += len(made.body)
            while self._octets > MOST_OCTETS:
                self._octets -= len(self._answers.popitem(last=False)[1].body)
        return made
