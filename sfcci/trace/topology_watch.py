"""The topology of a lab, or of this machine, as it changes: netlink of every namespace, their names, the switch's database.

Nothing is asked twice and nothing waits on a clock: kernel and database tell. What the kernel could not tell (its queue was
full) is asked anew.
"""

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

from sfcci.errors import MissingTool, SfcciError
from sfcci.trace import netlink
from sfcci.trace.folder_watch import FolderWatch
from sfcci.trace.graph import Graph, Node
from sfcci.trace.kernel import PATIENCE_S, Kernel, Overrun
from sfcci.trace.netlink import Heard, Link
from sfcci.trace.opener import Gone, Opener
from sfcci.trace.ovsdb_watch import DatabaseWatch, database_of, nodes_of
from sfcci.trace.topology import Drawing
from sfcci.trace.topology_hosts import ROOT
from sfcci.trace.topology_node import Neutron
from sfcci.trace.topology_space import Space


class Topology:
    """Keeps `graph` as the lab is, or the machine, whenever `look` is called; `ended`: the lab has ended, and is empty."""

    def __init__(
        self,
        opener: Opener,
        say: Callable[[str], None] = lambda _: None,
        *,
        graph: Graph | None = None,
        neutron: Neutron | None = None,
    ) -> None:
        """Look at everything once; `graph`: where it is drawn. Raises Gone, MissingTool (privileges), ToolError."""
        self.graph = Graph() if graph is None else graph
        self._opener, self._say, self._turn = opener, say, threading.RLock()
        self._neutron = neutron
        self.ended, self._begun = False, False
        inside = opener.folder.parts[:3] if opener.name else ("/", "proc", "self")
        self._process = Path(*inside)
        self._kernels: dict[str, Kernel] = {}
        self._named: dict[int, str] = {}
        self._inodes: set[int] = set()
        self._pending: set[str] = set()
        """Names whose namespace is not in its place yet: `ip netns add` makes the name first."""
        self._unsure: set[str] = set()
        """Namespaces with links into others of which only the number may be known."""
        self._vague: set[str] = set()
        """Those of which it could not be found out the last time."""
        self._fresh: set[tuple[str, int]] = set()
        """Links of which not all is told."""
        self._stale: set[str] = set()
        """Namespaces whose routes are to be asked for again."""
        self._asked: dict[str, tuple[frozenset[int], int]] = {}
        """Which numbers were asked for in vain, and when how many namespaces had come."""
        self._count = 0
        self.drawing = Drawing(opener.name or socket.gethostname(), self.graph, nodes_of(opener))
        with contextlib.ExitStack() as stack:
            self._epoll = stack.enter_context(contextlib.closing(select.epoll()))
            self._names = stack.enter_context(contextlib.closing(FolderWatch(opener.folder)))
            self._mounts = os.open(self._process / "mountinfo", os.O_RDONLY)
            stack.callback(os.close, self._mounts)
            self._epoll.register(opener.fileno(), select.EPOLLIN)
            self._epoll.register(self._names.fileno(), select.EPOLLIN)
            self._epoll.register(self._mounts, select.EPOLLPRI)
            self._databases = {
                at: stack.enter_context(contextlib.closing(DatabaseWatch(database_of(opener, at))))
                for at in sorted(self.drawing.hosts.switches)
            }
            self._registered: dict[str, set[int]] = {}
            if neutron is not None:
                self._record = stack.enter_context(contextlib.closing(FolderWatch(neutron.record.parent)))
                self._epoll.register(self._record.fileno(), select.EPOLLIN)
                self.drawing.plugged(neutron.ports())
            stack.callback(self._close_kernels)
            self._open(ROOT, "", (self._process / "ns/net").stat())
            self._check(None)
            for at in self._databases:
                self._take_rows(at, anew=True)
            self._complete()
            self.drawing.draw(_now_ms())
            self.drawing.sweep(_now_ms())
            self._stack, self._begun = stack.pop_all(), True

    def runtime(self, bridge: Node) -> Path:
        """The folder of the sockets of the switch that has a bridge, as this process sees it."""
        return database_of(self._opener, self.drawing.switch_of(bridge.id)).parent

    def handles(self) -> tuple[int, ...]:
        """Give what becomes readable when something has happened."""
        return () if self.ended else (self._epoll.fileno(),)

    def wait(self, timeout_s: float, wake: int) -> None:
        """Wait until something has happened, which `look` then takes in, until `wake` is readable, or the time is over."""
        poll = select.poll()
        for handle in (*self.handles(), wake):
            poll.register(handle, select.POLLIN)
        poll.poll(timeout_s * 1000)

    def look(self, timeout_s: float | None = 0.0) -> bool:
        """Take in what has happened, waiting so long for the first of it (None: for ever); say whether there was anything."""
        try:
            events = [] if self.ended else self._epoll.poll(timeout_s)
        except ValueError:  # closed by another thread
            events = []
        with self._turn:
            if self.ended:
                return False
            handles = {handle for handle, _ in events}
            if self._opener.fileno() in handles and not self._opener.alive():
                self._end()
                return True
            if (
                handles & {self._names.fileno(), self._mounts} or self._pending
            ):  # whoever polled us knows of a mount
                self._check(self._names.take())
            changed = [self._named[handle] for handle in handles if handle in self._named]
            for name in changed:
                self._safely(name, self._read)
            if self._neutron is not None and self._record.fileno() in handles:
                self._ask_neutron(self._neutron)
            for at, registered in self._registered.items():
                if handles & registered:
                    self._take_rows(at, anew=self._databases[at].look())
            self._complete()
            self.drawing.draw(_now_ms())
            return bool(events)

    def catch_up(self, limit_s: float = PATIENCE_S) -> None:
        """Have the graph show everything that had happened before this call."""
        end = time.monotonic() + limit_s
        with self._turn:
            for watch in self._databases.values():
                watch.ask()
            for at, watch in self._databases.items():
                self._take_rows(at, anew=watch.settle(max(end - time.monotonic(), 0)))
            while self.look() and time.monotonic() < end:
                pass

    def plugged(self, neutron: Mapping[str, Mapping[str, Any]]) -> None:
        """Learn what Neutron knows of ports, by their ids (`topology_node.neutron` gives it for a lab)."""
        with self._turn:
            self.drawing.plugged(neutron)
            self.drawing.draw(_now_ms())

    def annotate(self, node_id: str, key: str, value: Any) -> None:
        """Have a node's metadata tell something besides (its Captures), None: no longer."""
        with self._turn:
            changes = {key: value} if value is not None else {}
            self.graph.update_metadata(node_id, changes, now_ms=_now_ms(), forget={key} - changes.keys())

    def measure(self) -> None:
        """Ask for the counters of all interfaces: Metric, and what was added since the last time, LastUpdateMetric."""
        with self._turn:
            now_ms = _now_ms()
            for name in tuple(self._kernels):
                self._safely(name, partial(self._measure, now_ms=now_ms))
            self._complete()
            self.drawing.draw(now_ms)

    def close(self) -> None:
        """End the watch; again is allowed."""
        with self._turn:
            self.ended = True
            self._stack.close()

    def forget(self) -> None:
        """What was watched is gone, or out of sight: nothing of it is in the graph any more. Again is allowed."""
        with self._turn:
            for name in tuple(self.drawing.spaces):
                self.drawing.without_space(name)
            self.drawing.forget_rows(*self._databases)
            self.drawing.draw(_now_ms())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> None:
        """The lab has ended: let go of its namespaces, which would stay as long as somebody holds a socket in them."""
        self.close()
        self.forget()

    def _check(self, names: Iterable[str] | None) -> None:
        """Find out which of the names hold a namespace; None: of all that there are and were."""
        if names is None:
            with contextlib.suppress(OSError):
                there = {path.name for path in self._opener.folder.iterdir()}
                names = {*there, *self._kernels} - {ROOT}
        self._pending |= set(names or ())
        device = Path("/proc/self/ns/net").stat().st_dev
        for name in tuple(self._pending):
            try:
                found = (self._opener.folder / name).stat()
            except OSError:
                self._pending.discard(name)
                self._leave(name)
                continue
            if found.st_dev == device:
                self._pending.discard(name)
                self._enter(name, found)
            else:
                self._leave(name)

    def _enter(self, name: str, found: os.stat_result) -> None:
        """Look at a namespace, unless it is known, by this name or another one."""
        there = self.drawing.spaces.get(name)
        if there is not None and there.inode == found.st_ino:
            return
        self._leave(name)
        if found.st_ino in self._inodes:
            return
        try:
            self._open(name, f"/run/netns/{name}", found)
        except Gone:
            self._leave(name)
        except MissingTool as error:
            if not self._begun:
                raise
            self._say(str(error))
            self._leave(name)

    def _leave(self, name: str) -> None:
        kernel = self._kernels.pop(name, None)
        if kernel is not None:
            self._named.pop(kernel.fileno(), None)
            self._epoll.unregister(kernel.fileno())
            kernel.close()
            if space := self.drawing.spaces.get(name):
                self._inodes.discard(space.inode)
            self.drawing.without_space(name)
            self._asked.pop(name, None)

    def _open(self, name: str, path: str, found: os.stat_result) -> None:
        kernel = self._kernels[name] = Kernel(self._opener.netlink_socket(name, netlink.GROUPS))
        self._named[kernel.fileno()] = name
        self._epoll.register(kernel.fileno(), select.EPOLLIN)
        self._count += 1
        self._inodes.add(found.st_ino)
        self._learn(name, Space(name, path, found.st_ino, found.st_dev))

    def _learn(self, name: str, blank: Space) -> None:
        space = self._kernels[name].everything(blank)
        self._unsure.add(name)
        self._fresh |= {(name, ifindex) for ifindex in space.links}
        self.drawing.space(space)

    def _safely(self, name: str, work: Callable[[str], None]) -> None:
        """Do something with a namespace that may vanish, or lose what its kernel tells."""
        try:
            try:
                if name in self._kernels:
                    work(name)
            except Overrun:
                self._say(f"{name or 'the switch'}: more happened than its kernel could tell; asking anew")
                self._learn(name, self.drawing.spaces[name].blank())
        except Gone:
            self._leave(name)

    def _read(self, name: str) -> None:
        """Take in what a namespace has told."""
        for heard in self._kernels[name].heard():
            self._hear(name, heard)

    def _hear(self, name: str, heard: Heard) -> None:
        self.drawing.hear(name, heard)
        self._unsure.add(name)
        if self.drawing.spaces[name].routes_stale:
            self._stale.add(name)
        if isinstance(heard.fact, Link) and not heard.removed and not heard.part:
            self._fresh.add((name, heard.fact.ifindex))

    def _complete(self) -> None:
        """Ask for what is not told; while it is asked for more may happen."""
        while self._fresh or self._stale or self._unsure != self._vague:
            fresh, self._fresh = self._fresh, set()
            for name, ifindex in fresh:
                self._safely(name, partial(self._know, ifindex=ifindex))
            stale, self._stale = self._stale, set()
            for name in stale:
                self._safely(name, self._ask_routes)
            self._resolve()

    def _know(self, name: str, ifindex: int) -> None:
        """Ask for a link's driver and speed (one that comes up may have another), and a cable's other end again.

        It is told of before its two ends are tied together.
        """
        kernel, links = self._kernels[name], self.drawing.spaces[name].links
        if (link := links.get(ifindex)) and link.kind == "veth" and not link.other:
            for heard in kernel.answers(partial(netlink.ask_link, ifindex=ifindex)):
                same = isinstance(heard.fact, Link) and heard.fact.ifindex == ifindex
                (self.drawing.hear if same else self._hear)(name, heard)
        if link := links.get(ifindex):
            self.drawing.driven(name, ifindex, *kernel.driver(link.name))

    def _ask_routes(self, name: str) -> None:
        self.drawing.forget_routes(name)
        for heard in self._kernels[name].answers(netlink.ask_routes):
            self._hear(name, heard)

    def _measure(self, name: str, now_ms: int) -> None:
        for heard in self._kernels[name].answers(partial(netlink.ask_links, counters=True)):
            self._hear(name, heard)
            if isinstance(heard.fact, Link):
                self.drawing.measured(name, heard.fact, now_ms)

    def _resolve(self) -> None:
        """Find out which namespaces the links lead to whose other end's number is not known; whose few are, first."""
        spaces, names, self._unsure = self.drawing.spaces, self._unsure, set()
        lacking = {name for name in names if name in self._kernels and spaces[name].unknown()}
        nodes = sorted(self.drawing.hosts.nodes)
        for name in sorted(lacking - {ROOT}):
            for other in (ROOT,) if not nodes or name in nodes else nodes:
                if name in self._kernels and spaces[name].unknown():
                    self._ask_number(name, other)
                    self._infer(name)
        for name in lacking & self._kernels.keys():
            lacks = frozenset(spaces[name].beyond) - spaces[name].spaces.keys()
            if lacks and self._asked.get(name) != (lacks, self._count):
                self._ask_all(name)
                lacks = frozenset(spaces[name].beyond) - spaces[name].spaces.keys()
                self._asked[name] = (lacks, self._count)
        self._vague = {name for name in lacking & self._kernels.keys() if spaces[name].unknown()}
        self._unsure |= self._vague

    def _ask_all(self, name: str) -> None:
        space = self.drawing.spaces[name]
        known = set(space.spaces.values())
        for other in tuple(self._kernels):
            if not space.unknown():
                return
            if other not in known and other != name:
                self._ask_number(name, other)

    def _ask_number(self, name: str, other: str) -> None:
        """Ask a namespace by which number it knows another one."""
        path = str(self._opener.folder / other if other else self._process / "ns/net")

        def ask(name: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                number = self._kernels[name].number_of(path, partial(self._hear, name))
                self.drawing.called(name, number, other)

        self._safely(name, ask)

    def _infer(self, name: str) -> None:
        """A cable whose end here is known to lead to a link there: from there it leads here."""
        space = self.drawing.spaces[name]
        for links in space.beyond.values():
            for ifindex in links:
                place = space.other(space.links[ifindex])
                there = self.drawing.spaces.get(place[0]) if place else None
                link = there.links.get(place[1]) if there and place else None
                if there and link and link.kind == "veth" and link.other == ifindex and link.nsid >= 0:
                    self.drawing.called(there.name, link.nsid, name)

    def _take_rows(self, at: str, *, anew: bool) -> None:
        """Take in what a switch's database has told; `anew`: by another connection, so that nothing else is there."""
        watch = self._databases[at]
        if anew:
            self.drawing.forget_rows(at)
            for handle in self._registered.get(at, set()) - set(watch.handles()):
                with contextlib.suppress(OSError):  # closing it took it away
                    self._epoll.unregister(handle)
            for handle in watch.handles():
                with contextlib.suppress(FileExistsError):
                    self._epoll.register(handle, select.EPOLLIN)
            self._registered[at] = set(watch.handles())
        changes, watch.database.changed = watch.database.changed, []
        for table, uuid, was, row in changes:
            self.drawing.change_row(table, uuid, was, row, at)

    def _ask_neutron(self, neutron: Neutron) -> None:
        names = self._record.take()
        if names is None or neutron.record.name in names:
            try:
                self.drawing.plugged(neutron.ports())
            except SfcciError as error:  # the lab is just going
                self._say(str(error))

    def _close_kernels(self) -> None:
        for kernel in self._kernels.values():
            kernel.close()
        self._kernels.clear()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
