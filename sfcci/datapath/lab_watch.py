"""What happens at all switches of a lab, as it happens: one watch for each node, or for the only switch.

A node whose daemon has ended is watched anew, as soon as it is there again; the others go on meanwhile.
"""

import contextlib
import threading
import time
from collections import ChainMap, deque
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sfcci.datapath import underlay
from sfcci.datapath.namespace import Keeper
from sfcci.datapath.ready import Bell, readable
from sfcci.datapath.topology import Port, Topology
from sfcci.datapath.watch import CONNECT_S, Watch
from sfcci.errors import ToolError

JOINED = (underlay.TUNNEL, underlay.UPLINK)
"""The interfaces that join a node to the others."""
AGAIN_S: Final = 0.05
"""Between two attempts to watch a node whose daemon has ended."""


class Opening:
    """Has nodes watched anew beside the caller; what came of it is handed out once. `bell` is readable then."""

    def __init__(self, keeper: Keeper) -> None:
        self.bell = Bell()
        self._keeper = keeper
        self._of: set[str] = set()
        self._come: deque[tuple[str, Watch]] = deque()
        self._stop = threading.Event()

    def begin(self, node: str) -> None:
        """Have a node watched as soon as it can be; it is being tried already where this was asked before."""
        if node not in self._of:
            self._of.add(node)
            threading.Thread(target=self._open, args=(node,), name=f"watch {node}", daemon=True).start()

    def come(self) -> dict[str, Watch]:
        """Give the watches that have begun since this was asked last, by node."""
        self.bell.hear()
        found: dict[str, Watch] = {}
        with contextlib.suppress(IndexError):  # none is left
            while True:
                found.update([self._come.popleft()])
        self._of -= found.keys()
        return found

    def close(self) -> None:
        """Try no more, and end what has begun."""
        self._stop.set()
        for watch in self.come().values():
            watch.close()

    def _open(self, node: str) -> None:
        while not self._stop.is_set():
            try:
                watch = Watch(self._keeper.at(node))
            except ToolError:
                self._stop.wait(AGAIN_S)
                continue
            watch.wait_for_bridge(CONNECT_S)
            self._come.append((node, watch))
            self.bell.ring()
            break
        if self._stop.is_set():
            self.close()


class LabWatch:
    """A watch over a lab's switches: `watch.Watch`, where each port's is the one that is asked."""

    def __init__(self, keeper: Keeper, nodes: Collection[str] = ()) -> None:
        """Begin to watch. Raises ToolError when the lab or a node's Open vSwitch does not answer."""
        self._of: dict[str, Watch] = {}
        self._opening = Opening(keeper)
        try:
            for node in nodes or ("",):
                self._of[node] = Watch(keeper.at(node))
        except BaseException:
            self.close()
            raise
        self.links = self._links()

    @property
    def lost(self) -> str:
        """Who has ended: the lab, or a daemon of its only switch; "" where neither has. A node comes back by itself."""
        return next((watch.lost for node, watch in self._of.items() if watch.ended or not node), "")

    @property
    def ended(self) -> bool:
        """Whether the lab itself has ended."""
        return any(watch.ended for watch in self._of.values())

    def take_changed(self) -> bool:
        """Say whether something of a switch's own was changed since this was asked last."""
        changed = any(watch.changed for watch in self._of.values())
        for watch in self._of.values():
            watch.changed = False
        return changed

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable when something has happened."""
        of_nodes = (handle for watch in self._of.values() for handle in watch.handles())
        return (*of_nodes, self._opening.bell.fileno())

    def look(self) -> bool:
        """Take in what has happened; say whether there was anything."""
        told = [watch.look() for watch in self._of.values()]  # each of them, whatever the first one says
        for node, watch in self._of.items():
            if node and watch.lost and not watch.ended:
                self._opening.begin(node)
        come = self._opening.come()
        for node, watch in come.items():
            watch.succeed(self._of[node])
            self._of[node] = watch
        if come:
            self.links = self._links()
        return any(told) or bool(come)

    def settle(self, ports: Iterable[Port], limit_s: float) -> None:
        """Wait until all these have a link, `limit_s` at most; ports of a node whose daemon has ended are not waited for."""
        there = tuple(ports)
        end = time.monotonic() + limit_s
        while not all(map(self._is_settled, there)) and (left := end - time.monotonic()) > 0:
            if self.lost:
                return
            readable(self.handles(), left)
            self.look()

    def expect(self, ports: Iterable[Port]) -> None:
        """Have `awry` tell of these ports too where they are not there; they were plugged before the watch began."""
        there = tuple(ports)
        for node, watch in self._of.items():
            watch.expect(_on(node, there))

    def wait_for_bridge(self, limit_s: float) -> None:
        """Wait until switches that begin have their bridge again, `limit_s` at most for each."""
        for watch in self._of.values():
            watch.wait_for_bridge(limit_s)

    def awry(self, topology: Topology) -> dict[str, tuple[Port, ...]]:
        """Give by node the ports that somebody took from its switch or changed there; nodes where nothing is so are left out.

        A node is in it without ports where it is its bridge, or what joins it to the others.
        """
        of = {node: watch for node, watch in self._of.items() if not watch.lost}
        found = {node: watch.awry(_on(node, topology.ports)) for node, watch in of.items()}
        open_ = {node for node, watch in of.items() if not watch.closed() or (node and not watch.has(JOINED))}
        return {node: ports for node, ports in found.items() if ports or node in open_}

    def without_device(self, ports: Iterable[Port]) -> tuple[Port, ...]:
        """Give those ports whose network device is gone."""
        there = tuple(ports)
        of = {node: watch for node, watch in self._of.items() if not watch.lost}
        return tuple(p for node, watch in of.items() for p in watch.without_device(_on(node, there)))

    def close(self) -> None:
        """End the watch; again is allowed."""
        self._opening.close()
        for watch in self._of.values():
            watch.close()

    def _links(self) -> Mapping[str, bool]:
        return ChainMap(*(watch.links for watch in self._of.values()))

    def _is_settled(self, port: Port) -> bool:
        return bool(self.links.get(port.tap)) or bool(self._of[port.node].lost)


def _on(node: str, ports: Iterable[Port]) -> list[Port]:
    return [port for port in ports if port.node == node]
