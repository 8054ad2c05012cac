"""From facts to the graph: what kernels and Open vSwitch tell of a machine becomes nodes and edges with Skydive's names.

Facts come in any order (`space`, `hear`, `change_row`, ...); `draw` brings the graph to them, touching only what they
concern. A node's id is of the thing itself, so that it outlives a new name; its TID is Skydive's.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sfcci.datapath.ovsdb import Row
from sfcci.trace import topology_node
from sfcci.trace.graph import Graph, tid
from sfcci.trace.netlink import Heard, Link
from sfcci.trace.topology_hosts import ROOT, Hosts
from sfcci.trace.topology_rows import Rows
from sfcci.trace.topology_space import Space, veth_peer, without

Key = tuple[str, ...]
"""What is drawn: ("host", name of its namespace), ("space", name), ("link", space, ifindex), ("Bridge" | "Port" | "Interface", UUID)."""
HOST: Key = ("host", ROOT)
ORDER = {"host": 0, "space": 1, "Bridge": 2, "Port": 3, "link": 4, "Interface": 5}
Metadata = dict[str, Any]
Wanted = dict[str, tuple[str, str, Metadata]]
"""Edges by id: parent's and child's node, metadata."""
LAYER2, OWNERSHIP = {"RelationType": "layer2"}, {"RelationType": "ownership"}


class Drawing:
    """Hosts and all that is known of them."""

    def __init__(self, host: str, graph: Graph, nodes: Iterable[str] = ()) -> None:
        self.graph, self.hosts, self.host = graph, Hosts(host, nodes), host
        self.spaces: dict[str, Space] = {}
        self._origin = f"sfcci.{host}"
        self.rows = Rows()
        self._links: dict[str, dict[tuple[str, int], None]] = {}
        """Links by name, of all namespaces."""
        self._called: dict[tuple[str, int], str] = {}
        self._neutron: Mapping[str, Mapping[str, Any]] = {}
        self._drawn: dict[Key, str] = {}
        self._keys: dict[str, Key] = {}
        self._edges: dict[Key, set[str]] = {}
        self._waiting: dict[Key, set[Key]] = {}
        """Whose edges wait for a node."""
        self._told: dict[str, frozenset[str]] = {}
        """The keys of a node's metadata that are ours; others are others' (captures)."""
        self._dirty: set[Key] = {HOST}
        self._loose: set[Key] = set()
        """Whose edges are to be looked at, but not they themselves."""

    def space(self, space: Space) -> None:
        """There is a namespace, of which maybe something is known; it takes the place of one of that name."""
        old = self.spaces.get(space.name)
        had = old.links if old else {}
        self._touch(space.name, had)
        self.spaces[space.name] = space
        self._dirty |= {("space", space.name), ("host", space.name)}
        self._touch(space.name, {**had, **space.links})

    def without_space(self, name: str) -> None:
        """A namespace is gone, with all that is in it."""
        space = self.spaces.pop(name, None)
        if space is not None:
            self._dirty |= {("space", name), ("host", name)}
            self._touch(name, space.links)
            for other in self.spaces.values():
                for nsid in [nsid for nsid, called in other.spaces.items() if called == name]:
                    del other.spaces[nsid]
                    self._touch(other.name, other.beyond.get(nsid, ()))

    def hear(self, name: str, heard: Heard) -> None:
        """Take in what a namespace's kernel tells."""
        space = self.spaces[name]
        peer = space.links.get(heard.fact.ifindex) if isinstance(heard.fact, Link) else None
        other = space.other(peer) if peer else None
        if other:
            self._touch(other[0], (other[1],))  # the end that it no longer has
        self._touch(name, space.hear(heard))

    def called(self, name: str, nsid: int, other: str) -> None:
        """A namespace knows another one by that number."""
        self._touch(name, self.spaces[name].called(nsid, other))

    def forget_routes(self, name: str) -> None:
        """A namespace is asked for its routes anew."""
        self._touch(name, self.spaces[name].forget_routes())

    def measured(self, name: str, link: Link, now_ms: int) -> None:
        """Take in a link's counters."""
        if self.spaces[name].count(link, now_ms):
            self._dirty.add(("link", name, str(link.ifindex)))

    def driven(self, name: str, ifindex: int, driver: str, speed: int) -> None:
        """Learn a link's driver and speed (Mbit/s)."""
        drivers = self.spaces[name].drivers
        if drivers.get(ifindex) != (driver, speed):
            drivers[ifindex] = (driver, speed)
            self._dirty.add(("link", name, str(ifindex)))

    def plugged(self, neutron: Mapping[str, Mapping[str, Any]]) -> None:
        """Learn what Neutron knows of ports, by their ids."""
        for row in self.rows.tables["Interface"].values():
            id_ = (row.get("external_ids") or {}).get("iface-id", "")
            if neutron.get(id_) != self._neutron.get(id_):
                self._touch_row(row)
        self._neutron = neutron

    def change_row(self, table: str, uuid: str, was: Row | None, row: Row | None, at: str = ROOT) -> None:
        """Take in a row that Open vSwitch's database has changed, added (`was` is None) or removed.

        `at`: the switch, by its namespace.
        """
        if table == "Open_vSwitch":
            self.rows.version[at] = str(row.get("ovs_version") or "") if row else ""
            self._touch_bridges(at)
        elif table in self.rows.tables:
            self.rows.keep(table, uuid, row, at)
            self._dirty.add((table, uuid))
            self._change(table, uuid, was or {}, row or {})

    def forget_rows(self, *switches: str) -> None:
        """Switches are gone: nothing of them is there."""
        for at in switches:
            for table, uuid, row in list(self.rows.of(at)):
                self.change_row(table, uuid, row, None, at)

    def switch_of(self, bridge: str) -> str:
        """Give the namespace of the switch that has a bridge, by its node's id."""
        return self.rows.at(self._keys[bridge][1])

    def node_of(self, name: str, ifindex: int) -> str | None:
        """The id of an interface's node."""
        return self._drawn.get(("link", name, str(ifindex)))

    def draw(self, now_ms: int) -> bool:
        """Bring the graph to what is known; say whether there was anything to do."""
        about = {key[1] for key in self._dirty if key[0] in ("space", "link")}
        for name in self.hosts.moved(about, self.spaces):
            self._dirty.add(("space", name))
            self._touch(name, self.spaces[name].links if name in self.spaces else ())
        dirty, self._dirty = self._dirty, set()
        for key in sorted(dirty, key=_order):
            self._draw_node(key, now_ms)
        loose, self._loose = self._loose, set()
        for key in sorted(dirty | loose, key=_order):
            self._draw_edges(key, now_ms)
        return bool(dirty or loose)

    def sweep(self, now_ms: int) -> None:
        """Drop what somebody has drawn of this host before, and is not there any more."""
        for node in self.graph.nodes():
            if node.host in {self.host, *self.hosts.nodes} and node.id not in self._keys:
                self.graph.drop_node(node.id, now_ms=now_ms)

    def _touch(self, name: str, links: Iterable[int]) -> None:
        """Have links drawn again, and whoever tells of them: a cable's other end, the switch's row, what lies on them."""
        for ifindex in links:
            self._dirty.add(("link", name, str(ifindex)))
            space = self.spaces.get(name)
            link = space.links.get(ifindex) if space else None
            if space and link and (other := space.other(link)):
                self._dirty.add(("link", other[0], str(other[1])))
            self._rename((name, ifindex), link.name if link else "")

    def _rename(self, place: tuple[str, int], name: str) -> None:
        """Know a link by its name; one that has another, or is gone, may have been the switch's."""
        old = self._called.pop(place, "")
        if old != name:
            if old:
                without(self._links, old, place)
            rows = (self.rows.interface(at, one) for at in self.hosts.switches for one in (old, name))
            self._dirty |= {("Interface", row["UUID"]) for row in rows if row}
        if name:
            self._called[place] = name
            self._links.setdefault(name, {})[place] = None

    def _touch_row(self, row: Row) -> None:
        self._dirty.add(("Interface", row["UUID"]))
        for name, ifindex in self._links.get(row["name"], {}):
            self._dirty.add(("link", name, str(ifindex)))

    def _change(self, table: str, uuid: str, was: Row, row: Row) -> None:
        """Follow what a row refers to, and was referring to."""
        at = self.rows.at(uuid)
        if table == "Bridge":
            self._refer(self.rows.bridge_of, uuid, was.get("ports", ()), row.get("ports", ()), "Port")
        elif table == "Port":
            before, after = was.get("interfaces", ()), row.get("interfaces", ())
            self._refer(self.rows.port_of, uuid, before, after, "Interface")
        elif table == "Interface":
            for one in (was, row):
                if one:
                    self._touch_row({**one, "UUID": uuid})
                    peer = self.rows.peer(one, at)
                    self._dirty |= {("Interface", peer["UUID"])} if peer else set()
        else:
            self._touch_bridges(at)

    def _touch_bridges(self, at: str) -> None:
        self._dirty |= {(table, uuid) for table, uuid, _ in self.rows.of(at) if table == "Bridge"}

    def _refer(
        self, held: dict[str, str], uuid: str, was: Iterable[str], now: Iterable[str], table: str
    ) -> None:
        before, after = set(was), set(now)
        for one in before - after:
            if held.get(one) == uuid:
                del held[one]
        held |= dict.fromkeys(after, uuid)
        for one in before ^ after:
            self._dirty.add((table, one))
            if table == "Interface" and one in self.rows.tables["Interface"]:
                self._touch_row(self.rows.tables["Interface"][one])
            elif table == "Port":
                for interface in self.rows.tables["Port"].get(one, {}).get("interfaces", ()):
                    self._dirty.add(("Interface", interface))

    def _draw_node(self, key: Key, now_ms: int) -> None:
        found = self._node(key)
        old = self._drawn.get(key)
        host = self._host_of(key)
        drawn = self.graph.node(old) if old is not None else None
        if old is not None and (found is None or found[0] != old or (drawn and drawn.host != host)):
            self._drop(key, old, now_ms)
        if found is not None:
            id_, metadata = found
            if key not in self._drawn:
                self._drawn[key], self._keys[id_] = id_, key
                self._loose |= self._waiting.pop(key, set())
            if id_ in self._told:
                gone = self._told[id_] - metadata.keys()
                self.graph.update_metadata(id_, metadata, now_ms=now_ms, forget=gone)
            else:
                self.graph.put_node(id_, metadata, now_ms=now_ms, host=host, origin=self._origin)
            self._told[id_] = frozenset(metadata)

    def _drop(self, key: Key, id_: str, now_ms: int) -> None:
        for edge in self.graph.edges_of(id_):
            other = self._keys.get(edge.child if edge.parent == id_ else edge.parent)
            if other is not None:
                self._loose.add(other)
        self.graph.drop_node(id_, now_ms=now_ms)
        del self._drawn[key], self._keys[id_]
        self._told.pop(id_, None)

    def _draw_edges(self, key: Key, now_ms: int) -> None:
        wanted: Wanted = {}
        if key in self._drawn:
            for above, below, metadata in self._wanted(key):
                parent, child = self._drawn.get(above), self._drawn.get(below)
                if parent is None or child is None:
                    self._waiting.setdefault(above if parent is None else below, set()).add(key)
                else:
                    wanted[tid("edge", parent, child, *metadata.values())] = parent, child, metadata
        for id_ in self._edges.pop(key, set()) - wanted.keys():
            self.graph.drop_edge(id_, now_ms=now_ms)
        for id_, (parent, child, metadata) in wanted.items():
            self.graph.put_edge(
                id_, parent, child, metadata, now_ms=now_ms, host=self._host_of(key), origin=self._origin
            )
        if wanted:
            self._edges[key] = set(wanted)

    def _node(self, key: Key) -> tuple[str, Metadata] | None:
        """Give a thing's id and metadata; None: it is not there, or is told of by another node."""
        kind = key[0]
        if kind == "host":
            return self.hosts.node(key[1], self.spaces.get(key[1]))
        if kind == "space":
            return self._space_node(self.spaces.get(key[1]))
        if kind == "link":
            return self._link_node(key[1], int(key[2]))
        row = self.rows.tables[kind].get(key[1]) if kind != "Controller" else None
        if row is None or (kind == "Interface" and self._link_of(row)):
            return None
        return self._row_node(kind, row)

    def _host_of(self, key: Key) -> str:
        """Give the name of the host that has a thing: a node's, or the one of all."""
        at = self.rows.at(key[1]) if key[0] in self.rows.tables else self.hosts.home(key[1])
        return self.hosts.called(at)

    def _space_node(self, space: Space | None) -> tuple[str, Metadata] | None:
        if space is None or self.hosts.owns(space.name):
            return None
        told = {
            "Name": space.name,
            "Type": "netns",
            "Path": space.path,
            "Inode": space.inode,
            "Device": space.device,
        }
        return tid("id", self.host, space.path, str(space.inode)), told | {"TID": self._space_tid(space)}

    def _space_tid(self, space: Space) -> str:
        own = self.hosts.owns(space.name)
        return self.hosts.tid(space.name) if own else tid(self.hosts.tid(ROOT), space.path, "netns")

    def _link_node(self, name: str, ifindex: int) -> tuple[str, Metadata] | None:
        space = self.spaces.get(name)
        link = space.links.get(ifindex) if space else None
        if space is None or link is None:
            return None
        row = self._row_of(name, link)
        told = topology_node.interface(space, link, veth_peer(space, link, self.spaces), row)
        told |= self._of_neutron(row)
        id_ = tid("id", self.host, space.path, str(space.inode), str(ifindex))
        return id_, told | {"TID": tid(self._space_tid(space), told["Name"], told["Type"])}

    def _row_node(self, table: str, row: Row) -> tuple[str, Metadata]:
        uuid, at = row["UUID"], self.rows.at(row["UUID"])
        host = self.hosts.tid(at)
        if table == "Interface":
            told = topology_node.switch_interface(row) | self._of_neutron(row)
            bridge = self.rows.bridge_of.get(self.rows.port_of.get(uuid, ""), "")
            above = tid(host, bridge, "ovsbridge") if bridge else host
            return tid("id", self.host, uuid), told | {"TID": tid(above, told["Name"], told["Type"])}
        if table == "Bridge":
            controllers = (self.rows.tables["Controller"].get(one) for one in row.get("controller", ()))
            told = topology_node.bridge(
                row, self.rows.version.get(at, ""), [one for one in controllers if one]
            )
        else:
            told = topology_node.port(row)
        return tid("id", self.host, uuid), told | {"TID": tid(host, uuid, told["Type"])}

    def _of_neutron(self, row: Row | None) -> Metadata:
        known = self._neutron.get(((row or {}).get("external_ids") or {}).get("iface-id", ""))
        return {"Manager": "neutron", "Neutron": known} if known else {}

    def _row_of(self, name: str, link: Link) -> Row | None:
        """Give the switch's row of a link: by its name beside the switch, elsewhere by its MAC too, if it was moved there."""
        if name in self.hosts.switches:
            return self.rows.interface(name, link.name)
        for at in self.hosts.switches:
            row = self.rows.interface(at, link.name) or {}
            moved = row.get("type") == "internal" and row.get("mac_in_use") == link.mac
            if moved and not self._beside_switch(at, link.name):
                return row
        return None

    def _link_of(self, row: Row) -> Key | None:
        """Give the link that is one of the switch's interfaces."""
        for name, ifindex in self._links.get(row["name"], {}):
            found = self._row_of(name, self.spaces[name].links[ifindex])
            if found is not None and found["UUID"] == row["UUID"]:
                return ("link", name, str(ifindex))
        return None

    def _beside_switch(self, at: str, name: str) -> bool:
        return any(space == at for space, _ in self._links.get(name, {}))

    def _wanted(self, key: Key) -> Iterator[tuple[Key, Key, Metadata]]:
        """Give the edges that a thing brings with it: above, below, metadata."""
        kind = key[0]
        if kind in ("space", "Bridge"):
            yield (
                ("host", self.rows.at(key[1]) if kind == "Bridge" else self.hosts.home(key[1])),
                key,
                OWNERSHIP,
            )
        elif kind == "Port" and key[1] in self.rows.bridge_of:
            above = ("Bridge", self.rows.bridge_of[key[1]])
            yield above, key, OWNERSHIP
            yield above, key, LAYER2
        elif kind == "link":
            yield from self._link_edges(key, self.spaces[key[1]], int(key[2]))
        elif kind == "Interface":
            yield from self._row_edges(key)

    def _link_edges(self, key: Key, space: Space, ifindex: int) -> Iterator[tuple[Key, Key, Metadata]]:
        link = space.links[ifindex]
        owner = "host" if self.hosts.owns(space.name) else "space"
        yield (owner, space.name), key, OWNERSHIP
        if link.master:
            yield ("link", space.name, str(link.master)), key, LAYER2
        if link.vlan >= 0 and (place := space.other(link)):
            yield ("link", place[0], str(place[1])), key, {**LAYER2, "Type": "vlan"}
        if veth_peer(space, link, self.spaces) and (place := space.other(link)):
            ends = sorted([key, ("link", place[0], str(place[1]))], key=lambda end: (int(end[2]), end[1]))
            yield ends[1], ends[0], {**LAYER2, "Type": "veth"}
        row = self._row_of(space.name, link)
        if row is not None and row["UUID"] in self.rows.port_of:
            yield ("Port", self.rows.port_of[row["UUID"]]), key, LAYER2

    def _row_edges(self, key: Key) -> Iterator[tuple[Key, Key, Metadata]]:
        port = self.rows.port_of.get(key[1], "")
        if port:
            yield ("Port", port), key, LAYER2
        if port in self.rows.bridge_of:
            yield ("Bridge", self.rows.bridge_of[port]), key, OWNERSHIP
        row = self.rows.tables["Interface"][key[1]]
        other = self.rows.peer(row, self.rows.at(key[1]))
        if row.get("type") == "patch" and other and (other.get("options") or {}).get("peer") == row["name"]:
            first, second = sorted([key, ("Interface", other["UUID"])])
            yield first, second, {**LAYER2, "Type": "patch"}


def _order(key: Key) -> tuple[int, Key]:
    return ORDER.get(key[0], 9), key
