"""The connection to one node of many: dialled beside the caller until it is there, and known for what the node holds."""

import contextlib
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from sfcci.chain.program import Program
from sfcci.datapath.openflow_client import Held, Refused, Switch
from sfcci.datapath.ready import Bell
from sfcci.datapath.remote import WrongCertificate
from sfcci.errors import SfcciError, Unreachable, in_a_line

FIRST_RETRY_S: Final = 0.05
LAST_RETRY_S: Final = 5.0
RETRY_S: Final = 5.0
"""After so long a node is asked again what it refused."""
NONSENSE: Final = (struct.error, ValueError, LookupError)
"""What comes of reading what is no OpenFlow."""
PAUSE_S: Final = 1.0
"""A node that was there for less is not dialled sooner: it comes and goes."""
GRACE_S: Final = 10.0
"""So long a node may be away until its ports count as down: a connection that is lost loses no packet."""
Said = TypeVar("Said")


class NodeState(StrEnum):
    """How a node is. behind: it answers, and does not hold yet what it is to hold. refused: it did not take it."""

    CONNECTED = "connected"
    BEHIND = "behind"
    AWAY = "away"
    REFUSED = "refused"


@dataclass(frozen=True)
class NodeStatus:
    """How a node is, since when and, where it is not connected, why; times are seconds since the epoch."""

    name: str
    state: NodeState
    since: float
    reason: str = ""
    flows: int = 0
    groups: int = 0
    last_contact: float | None = None
    is_strange: bool = False
    """Whether it is away because the certificates do not fit."""


@dataclass(frozen=True)
class Reach:
    """How a node is reached: `connect` gives a connection (it may raise SfcciError, and may take its time).

    `settle` has the node's datapath forget what it decided by old flows; None where nobody can ask it to.
    """

    connect: Callable[[], Switch]
    settle: Callable[[], None] | None = None


@dataclass(frozen=True)
class Answer:
    """What became of an attempt to reach a node: a connection with what the node holds, or why there is none."""

    switch: Switch | None = None
    held: Held | None = None
    reason: str = ""
    is_strange: bool = False
    """Whether the certificates do not fit."""


class Link:
    """A node's connection, as its fabric knows it. One thread's, but for the attempts to reach the node."""

    def __init__(self, name: str, reach: Reach, patience_s: float, bell: Bell) -> None:
        self.name, self.reach, self.patience_s = name, reach, patience_s
        self._bell = bell
        self.switch: Switch | None = None
        self.program = Program()
        """What the node holds of ours, acknowledged; the last that is known where it is away."""
        self.state, self.since, self.reason = NodeState.AWAY, time.time(), "it has not answered yet"
        self.answered = False
        """Whether an attempt has come to an end."""
        self.is_strange = False
        """Whether the certificates do not fit."""
        self.has_strays = False
        """Whether it was found with what is in our name and not in our words."""
        self.retry_at = self.asked_at = self._came = 0.0
        """When it is asked again what it refused; was last asked whether it is there; came (monotonic clock)."""
        self._answers: deque[Answer] = deque()
        self._stop, self._ending = threading.Event(), threading.Lock()
        """Whether attempts are wanted no more; who is about to ask or to say so."""
        self._contact: float | None = None

    def dial(self, pause_s: float = 0.0) -> None:
        """Have the node reached, beside the caller, after a pause: again and again, later and later, until it answers."""
        self._stop = threading.Event()
        words = (self._stop, pause_s)
        threading.Thread(target=self._dial, args=words, name=f"node {self.name}", daemon=True).start()

    def taken(self) -> Held | None:
        """Take in what became of attempts; give what the node holds when it has just answered."""
        held = None
        while self._answers:
            answer = self._answers.popleft()
            self.answered = True
            self.is_strange = answer.is_strange
            if answer.switch:
                self._hang_up()
                self.switch, held = answer.switch, answer.held
                self._came = time.monotonic()
                self.switch.patience_s = self.patience_s
                self.be(NodeState.BEHIND, "it has come back, and is brought up to date")
            elif self.switch is None:
                self.be(NodeState.AWAY, answer.reason)
        return held

    def ask(self, question: Callable[[Switch], Said]) -> Said | None:
        """Ask the node something; None where it does not answer: then it is left, and dialled again. Raises Refused."""
        try:
            return question(self.switch) if self.switch else None
        except (Unreachable, *NONSENSE) as error:
            self.lost(error)
            return None

    def refuse(self, error: Refused) -> None:
        """Take down that the node does not hold what it is to hold, and why; it is asked again, later."""
        self.be(NodeState.REFUSED, in_a_line(error))
        self.retry_at = time.monotonic() + RETRY_S

    def be(self, state: NodeState, reason: str = "") -> None:
        """Say how the node is; `since` stays where the state does."""
        if state is not self.state:
            self.state, self.since = state, time.time()
        self.reason = reason

    def lost(self, error: Exception) -> None:
        """Leave the connection, and dial again."""
        self._hang_up()
        self.be(NodeState.AWAY, in_a_line(error))
        self.dial(PAUSE_S if time.monotonic() < self._came + PAUSE_S else 0.0)

    def close(self) -> None:
        """End the connection and the attempts; again is allowed. The node keeps what it holds."""
        with self._ending:
            self._stop.set()
        if self.switch:
            self._hang_up()
            self.be(NodeState.AWAY, "the connection was ended")
        for answer in self._answers:
            if answer.switch:
                answer.switch.close()
        self._answers.clear()
        self.answered = False

    def status(self) -> NodeStatus:
        """How the node is."""
        flows, groups = self.program.size
        contact, strange = self._last_contact(), self.is_strange and self.switch is None
        return NodeStatus(self.name, self.state, self.since, self.reason, flows, groups, contact, strange)

    def _last_contact(self) -> float | None:
        if switch := self.switch:
            self._contact = time.time() - (time.monotonic() - switch.heard)
        return self._contact

    def _hang_up(self) -> None:
        self._last_contact()
        if self.switch:
            self.switch.close()
        self.switch = None

    def _dial(self, stop: threading.Event, pause_s: float) -> None:
        delay = FIRST_RETRY_S
        stop.wait(pause_s)
        while not stop.is_set():
            answer = _attempt(self.reach.connect)
            with self._ending:
                if not stop.is_set():
                    self._answers.append(answer)
                elif answer.switch:
                    answer.switch.close()
            self._bell.ring()
            if answer.switch or stop.wait(delay):
                return
            delay = min(delay * 2, LAST_RETRY_S)


def _attempt(connect: Callable[[], Switch]) -> Answer:
    """Reach a node, ask to be told of everything, and read what it holds."""
    switch = None
    try:
        switch = connect()
        switch.want_paused()
        switch.watch()
        return Answer(switch, switch.held())
    except Exception as error:  # noqa: BLE001 - whatever it is: it is tried again, and the status tells
        if switch:
            switch.close()
        return Answer(reason=in_a_line(error), is_strange=isinstance(error, WrongCertificate))


def settle(links: Iterable[Link]) -> bool:
    """Have the datapaths of nodes forget what they decided by old flows; say whether all could be asked to.

    All are asked at the same time, and one that does not answer within its patience is left to it.
    """
    known = tuple(links)
    asking = [
        threading.Thread(target=_settle, args=(link.reach.settle,), daemon=True)
        for link in known
        if link.reach.settle
    ]
    for one in asking:
        one.start()
    end = time.monotonic() + max((link.patience_s for link in known), default=0.0)
    for one in asking:
        one.join(max(end - time.monotonic(), 0.0))
    return len(asking) == len(known)


def _settle(ask: Callable[[], None]) -> None:
    with contextlib.suppress(SfcciError, OSError):
        ask()  # one that is going away is noticed by its connection
