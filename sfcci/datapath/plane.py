"""The data plane under the API: one thread that brings a standing lab to the latest state, and tells how it is.

The lab is raised when the first port gets a host, or attached to when it is up, and outlives the server. The latest
state wins: states that come while one is carried out are taken together. What fails is tried again, later and later;
a lab that its user ended is raised again with the next change, not before. One that was killed is raised again, and
what somebody changed of the switch by hand is put right.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Final, Protocol

from sfcci import files
from sfcci.chain.affected import affected
from sfcci.chain.encapsulation import VXLAN
from sfcci.chain.port import Ports
from sfcci.chain.refused import Refused
from sfcci.chain.state import State
from sfcci.chain.status import Facts
from sfcci.datapath import lab, standing
from sfcci.datapath.adoption import adopted
from sfcci.datapath.bench import SETTING_UP, Bench
from sfcci.datapath.driver import RESIDENCY_S
from sfcci.datapath.lab import Say
from sfcci.datapath.ready import Bell, readable
from sfcci.errors import MissingTool, UsageError, in_a_line

FIRST_RETRY_S, LAST_RETRY_S = 0.05, 60.0
CLOSE_S = 1.5
NO_PORTS: Final[Ports] = {}


class Worked(Protocol):
    """What a plane works at: a lab (`bench.Bench`) or registered nodes (`nodes_bench.NodesBench`)."""

    def bring(self, state: State, *, new: bool, again: bool) -> Facts:
        """Bring it to the state, which is `new` or tried `again`, and give the facts. Raises SfcciError."""

    def trouble(self, state: State, reason: str) -> Facts:
        """Give the facts where that failed."""

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable when something happens there."""

    @property
    def due(self) -> float | None:
        """Seconds until `bring` has something to do, whatever happens."""

    def left(self) -> str:
        """Leave it after a failure; say so where it is left for good."""

    def leave(self) -> None:
        """Forget what is known of it."""


class Follower:
    """A thread that brings what it works at to the latest state. Thread safe; nothing that happens there ends it."""

    def __init__(self, bench: Worked, obstacle: str = "") -> None:
        """Begin, where nothing stands against it."""
        self.obstacle = obstacle
        """Why this machine has no data plane; "" when it has one."""
        self._bench = bench
        self._mutex = threading.Lock()
        self._bell = Bell()
        self._latest: State | None = None
        self._told: tuple[State, Facts] | None = None
        self._facts = Facts(reason=obstacle or SETTING_UP)
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="data plane", daemon=True)
        if not obstacle:
            self._thread.start()

    def follow(self, state: State) -> None:
        """Bring the lab to that state, soon. Returns at once."""
        with self._mutex:
            self._latest = state
            self._tell()
        self._bell.ring()

    def facts(self) -> Facts:
        """Give what is known now of ports and chains."""
        return self._facts

    def close(self) -> None:
        """End the thread, soon; the lab stays as it is."""
        self._closing = True
        self._bell.ring()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _tell(self) -> None:
        """Lay the last known facts over the latest state: of a chain that what has changed since concerns none is known."""
        if self._told and self._latest:
            done, facts = self._told
            if changing := affected(done, self._latest, NO_PORTS, NO_PORTS).chains:
                known = {id_: how for id_, how in facts.chains.items() if id_ not in changing}
                facts = replace(facts, chains=known)
            self._facts = facts

    def _work(self) -> None:
        tried: State | None = None
        delay_s = 0.0
        while not self._closing:
            self._wait(delay_s)
            state = self._latest
            if self._closing or state is None:
                continue
            again = delay_s > 0
            try:
                facts = self._bench.bring(state, new=state is not tried, again=again)
                delay_s = 0.0
            except Exception as error:  # noqa: BLE001 - whatever it is: the server lives, and the status tells
                ended, facts = self._trouble(state, error)
                hopeless = bool(ended) or isinstance(error, MissingTool | UsageError)
                delay_s = 0.0 if hopeless else min(max(delay_s * 2, FIRST_RETRY_S), LAST_RETRY_S)
            tried = state
            with self._mutex:
                self._told = (state, facts)
                self._tell()
        self._bench.leave()

    def _trouble(self, state: State, error: Exception) -> tuple[str, Facts]:
        """Say what has ended, "" for nothing, and what is known where something went wrong; that may go wrong, too."""
        try:
            ended = self._bench.left()
            return ended, self._bench.trouble(state, ended or in_a_line(error))
        except Exception as other:  # noqa: BLE001 - a full disk, for example
            return "", Facts(reason=f"{in_a_line(error)}; {in_a_line(other)}")

    def _wait(self, delay_s: float) -> None:
        """Wait for a state, something in the lab, or the time to try again."""
        readable([self._bell, *self._bench.handles()], delay_s or self._bench.due)
        self._bell.hear()


class Plane(Follower):
    """The data plane of a lab. It outlives the server."""

    def __init__(self, bench: Bench, lock: IO[bytes], obstacle: str) -> None:
        """Use `start`."""
        self._lab, self._lock = bench, lock
        super().__init__(bench, obstacle)

    @classmethod
    def start(
        cls,
        folder: Path,
        name: str,
        say: Say = lambda _text: None,
        residency_s: float = RESIDENCY_S,
        nodes: Sequence[str] = (),
        encapsulation: str = VXLAN,
    ) -> "Plane":
        """Give the plane of the lab `name` below the state folder. Raises UsageError: no name, or it has a server.

        `residency_s`: no function holds a packet longer; `nodes`: over which the lab is raised, none for one switch.
        """
        if not standing.NAME.fullmatch(name):
            raise UsageError(f"bad lab name {name!r}; letters, digits, - and _, at most 31")
        lock = files.try_lock(folder / "labs" / f"{name}.served")
        if lock is None:
            raise UsageError(f"lab {name} has a server already; give this one another with --lab NAME")
        try:
            lab.require()
            obstacle = ""
        except MissingTool as error:
            obstacle = str(error)
        return cls(Bench(folder, name, say, residency_s, nodes, encapsulation), lock, obstacle)

    def adopted(self, state: State, now: str, project: str = "fake_project_id") -> State:
        """Give the state with what a scenario's lab has, where the state has nothing yet; else the same state.

        Raises UsageError for a lab whose ports are not the state's: it is somebody else's.
        """
        if self.obstacle or (there := self._lab.scenario_lab(state)) is None:
            return state
        if state.of("networks") or state.of("ports"):
            raise UsageError(self._lab.foreign(there))
        try:
            return adopted(state, there.lab.scenario, project, now)
        except Refused as refused:
            raise UsageError(f"lab {there.name} cannot be taken over: {refused.message}") from None

    def close(self) -> None:
        """End the thread, soon; the lab stays as it is."""
        super().close()
        self._lock.close()
