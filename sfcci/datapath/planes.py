"""Which data plane a server has: its nodes, as long as some are registered, else its lab."""

from pathlib import Path

from sfcci.chain.state import State
from sfcci.chain.status import Facts
from sfcci.datapath.driver import RESIDENCY_S
from sfcci.datapath.lab import Say
from sfcci.datapath.nodes_bench import NodesBench
from sfcci.datapath.plane import Follower, Plane


class Planes:
    """A lab's plane and the nodes' one; the state says which of them it is for. The other keeps what it has."""

    def __init__(
        self, lab: Plane, pki: Path, say: Say = lambda _text: None, residency_s: float = RESIDENCY_S
    ) -> None:
        """`pki`: the folder with the certificates that were made here."""
        self._lab, self._nodes = lab, Follower(NodesBench(pki, say, residency_s))
        self._now: Follower = lab

    def follow(self, state: State) -> None:
        """Bring the nodes, or the lab, to that state, soon. Returns at once."""
        if state.of("nodes"):
            self._now = self._nodes
        elif self._now is self._nodes:  # the last one has gone: it is taken leave of
            self._nodes.follow(state)
            self._now = self._lab
        self._now.follow(state)

    def facts(self) -> Facts:
        """Give what is known now of ports, chains and nodes."""
        return self._now.facts()

    def close(self) -> None:
        """End both threads, soon; lab and nodes stay as they are."""
        self._nodes.close()
        self._lab.close()
