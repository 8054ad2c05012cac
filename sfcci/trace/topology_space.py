"""What is known of one network namespace: links, addresses, routes, neighbours, and the numbers of other namespaces.

It is told what a kernel tells (`trace.netlink`), in order, and says which interfaces that changes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from sfcci.trace.netlink import (
    BRIDGE,
    COUNTERS,
    UP,
    Address,
    Heard,
    Link,
    NamespaceId,
    Neighbour,
    Route,
)

REACHABLE, CONFIRMING, WITHOUT_ADDRESS = 0x02, 0x1E, 0x61
"""States of neighbours: those that one who answers goes through again and again are told as one; those that say that
there is nobody, or nobody to be asked for, are none."""
MULTICAST: Final = 1

K = TypeVar("K")
V = TypeVar("V")
Driver = tuple[str, int]
"""A link's driver and its speed in Mbit/s, 0 where it has none (ethtool)."""
Metric = dict[str, int]


class Space:
    """A network namespace; `name` is "" for the one in which the switch, or the machine itself, is."""

    def __init__(self, name: str, path: str, inode: int, device: int = 0) -> None:
        self.name, self.path, self.inode, self.device = name, path, inode, device
        self.links: dict[int, Link] = {}
        self.drivers: dict[int, Driver] = {}
        self.metrics: dict[int, tuple[Metric, Metric]] = {}
        """By interface: counters, and what was added to them between the last two times that they were asked for."""
        self.addresses: dict[int, dict[Address, None]] = {}
        self.ways: dict[int, dict[Route, None]] = {}
        """The routes by which an interface is left."""
        self.neighbours: dict[int, dict[tuple[int, str, int], Neighbour]] = {}
        self.spaces: dict[int, str] = {}
        """Names of other namespaces by their numbers here."""
        self.beyond: dict[int, dict[int, None]] = {}
        """Links whose other end is in another namespace, by its number."""
        self.below: dict[int, dict[int, None]] = {}
        """Links that lie on another one (its master, the link beneath it), by that one's index."""
        self.routes_stale = False
        """Whether a kernel has taken routes away without telling: when a link goes down, or loses an address."""
        self._places: dict[tuple[int, int, str, int, int], dict[Route, None]] = {}

    def blank(self) -> "Space":
        """Give the same namespace of which nothing is known yet."""
        space = Space(self.name, self.path, self.inode, self.device)
        space.drivers, space.spaces, space.metrics = self.drivers, self.spaces, self.metrics
        return space

    def hear(self, heard: Heard) -> Iterator[int]:
        """Take in what is told; give the indexes of interfaces that are no longer the same."""
        fact = heard.fact
        if isinstance(fact, Link):
            yield from self._link(fact, heard.removed)
        elif isinstance(fact, Address):
            yield from self._address(fact, heard.removed)
        elif isinstance(fact, Route):
            yield from self._route(fact, heard)
        elif isinstance(fact, Neighbour):
            yield from self._neighbour(fact, heard.removed)
        elif isinstance(fact, NamespaceId) and heard.removed:
            self.spaces.pop(fact.nsid, None)
            yield from self.beyond.get(fact.nsid, ())

    def called(self, nsid: int, name: str) -> Iterator[int]:
        """Learn which namespace has this number here; give the interfaces that lead there."""
        if nsid >= 0 and self.spaces.get(nsid) != name:
            self.spaces[nsid] = name
            yield from self.beyond.get(nsid, ())

    def unknown(self) -> bool:
        """Say whether a link leads into a namespace of which only the number is known."""
        return not self.beyond.keys() <= self.spaces.keys()

    def other(self, link: Link) -> tuple[str, int] | None:
        """Give the namespace's name and the index of a link's other end."""
        if not link.other:
            return None
        name = self.name if link.nsid < 0 else self.spaces.get(link.nsid)
        return None if name is None else (name, link.other)

    def count(self, link: Link, now_ms: int) -> bool:
        """Take in a link's counters; say whether they are others than last time."""
        if not link.counters or link.ifindex not in self.links:
            return False
        now = dict(zip(COUNTERS, link.counters, strict=True))
        before, added = self.metrics.get(link.ifindex, ({}, {}))
        differ = {key: value - before.get(key, 0) for key, value in now.items() if value > before.get(key, 0)}
        if before and not differ:
            return False
        if before:
            added = differ | {"Start": before["Last"], "Last": now_ms}
        self.metrics[link.ifindex] = (
            {key: value for key, value in now.items() if value} | {"Last": now_ms},
            added,
        )
        return True

    def forget_routes(self) -> tuple[int, ...]:
        """Forget all routes, to be told them again; give the interfaces that had any."""
        had = tuple(self.ways)
        self.ways, self._places, self.routes_stale = {}, {}, False
        return had

    def _link(self, link: Link, removed: bool) -> Iterator[int]:
        link = link._replace(counters=())
        old = self.links.pop(link.ifindex, None)
        if old is not None:
            without(self.beyond, old.nsid, old.ifindex)
            without(self.below, old.master, old.ifindex)
            without(self.below, old.other, old.ifindex)
            self.routes_stale |= bool(old.flags & UP) and (removed or not link.flags & UP)
        if removed:
            for held in self._by_link():
                held.pop(link.ifindex, None)
        else:
            self._keep(link)
        if old != (None if removed else link):
            yield link.ifindex

    def _by_link(self) -> tuple[dict[int, Any], ...]:
        return self.drivers, self.metrics, self.addresses, self.neighbours

    def _keep(self, link: Link) -> None:
        self.links[link.ifindex] = link
        if link.nsid >= 0:
            self.beyond.setdefault(link.nsid, {})[link.ifindex] = None
        elif link.other:
            self.below.setdefault(link.other, {})[link.ifindex] = None
        if link.master:
            self.below.setdefault(link.master, {})[link.ifindex] = None

    def _address(self, address: Address, removed: bool) -> Iterator[int]:
        held = self.addresses.setdefault(address.ifindex, {})
        if removed == (address in held):
            self.routes_stale |= removed
            if removed:
                del held[address]
            else:
                held[address] = None
            yield address.ifindex

    def _route(self, route: Route, heard: Heard) -> Iterator[int]:
        there = self._places.setdefault(route.place, {})
        if heard.removed:
            gone = [route] if route in there else [one for one in there if _same_way(one, route)]
        else:
            gone = [one for one in there if heard.replaces and one != route]
        for one in gone:
            del there[one]
            for hop in one.hops:
                without(self.ways, hop.ifindex, one)
                yield hop.ifindex
        if not heard.removed and route not in there:
            there[route] = None
            for hop in route.hops:
                self.ways.setdefault(hop.ifindex, {})[route] = None
                yield hop.ifindex
        if not there:
            del self._places[route.place]

    def _neighbour(self, told: Neighbour, removed: bool) -> Iterator[int]:
        who = (told.family, told.mac if told.family == BRIDGE else told.ip, told.vlan)
        held = self.neighbours.setdefault(told.ifindex, {})
        if removed or not _somebody(told):
            if held.pop(who, None):
                yield told.ifindex
            return
        steady = told._replace(state=REACHABLE) if told.state & CONFIRMING else told
        if held.get(who) != steady:
            held[who] = steady
            yield told.ifindex


def _somebody(told: Neighbour) -> bool:
    """Say whether there is one machine behind it."""
    return (
        bool(told.mac)
        and not told.state & WITHOUT_ADDRESS
        and not int(told.mac.partition(":")[0], 16) & MULTICAST
    )


def _same_way(one: Route, other: Route) -> bool:
    """Say whether a kernel means the first where it takes away the second, which it may not tell in full."""
    return one.kind == other.kind and (
        not any(hop.ifindex for hop in other.hops) or bool(set(one.hops) & set(other.hops))
    )


def veth_peer(space: Space, link: Link, spaces: Mapping[str, Space]) -> Link | None:
    """Give a veth's other end, where both say so."""
    place = space.other(link) if link.kind == "veth" else None
    there = spaces.get(place[0]) if place else None
    peer = there.links.get(place[1]) if there and place else None
    if there is None or peer is None or peer.kind != "veth":
        return None
    return peer if there.other(peer) == (space.name, link.ifindex) else None


def without(held: dict[K, dict[V, None]], key: K, value: V) -> None:
    """Take a value away, and the place of the last one."""
    if key in held:
        held[key].pop(value, None)
        if not held[key]:
            del held[key]
