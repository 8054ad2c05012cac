"""From facts to the graph: what kernels and Open vSwitch tell, in whatever order, gives one graph."""

from hypothesis import given
from hypothesis import strategies as st

from sfcci.datapath.topology import Host, Port, Topology
from sfcci.trace import topology_node
from sfcci.trace.graph import Graph, tid
from sfcci.trace.netlink import COUNTERS, Address, Heard, Hop, Link, Neighbour, Route
from sfcci.trace.topology import Drawing
from sfcci.trace.topology_space import Space


def link(ifindex, name, kind="", **more):
    usual = {"mac": f"fa:16:3e:00:00:{ifindex:02x}", "mtu": 1500, "master": 0, "other": 0, "nsid": -1}
    return Link(ifindex, name, kind, "ether", 0x1043, **usual | more)


class World:
    """A host that is told of things."""

    def __init__(self):
        self.drawing = Drawing("host", Graph())
        for number, name in enumerate(("", "a", "b")):
            self.drawing.space(Space(name, name and f"/run/netns/{name}", 100 + number, 4))
        self.rows = {}

    def hear(self, name, fact, **more):
        self.drawing.hear(name, Heard(fact, **more))

    def row(self, table, uuid, row):
        was = self.rows.pop((table, uuid), None)
        if row is not None:
            self.rows[table, uuid] = row
        self.drawing.change_row(table, uuid, was, row)

    def draw(self, now_ms=1):
        self.drawing.draw(now_ms)
        return self.drawing.graph

    def node(self, kind, name):
        return next(
            node
            for node in self.draw().nodes()
            if (node.metadata["Type"], node.metadata["Name"]) == (kind, name)
        )

    def edges(self):
        graph = self.draw()
        name = {node.id: node.metadata["Name"] for node in graph.nodes()}
        return {(name[e.parent], name[e.child], *e.metadata.values()) for e in graph.edges()}


def cable(world):
    world.hear("", link(2, "tap0", "veth", other=2, nsid=0))
    world.hear("a", link(2, "eth0", "veth", other=2, nsid=0, mac="fa:16:3e:aa:aa:aa"))
    world.drawing.called("", 0, "a")
    world.drawing.called("a", 0, "")


def switch(world):
    world.row("Open_vSwitch", "o", {"ovs_version": "3.1.0"})
    world.row("Bridge", "b1", {"name": "br-int", "ports": ["p1"], "protocols": ["OpenFlow15"]})
    world.row("Port", "p1", {"name": "tap0", "interfaces": ["i1"], "tag": 7})
    world.row(
        "Interface", "i1", {"name": "tap0", "type": "", "ofport": 3, "external_ids": {"iface-id": "port-a"}}
    )


def shape(graph):
    nodes = {node.id: dict(node.metadata) for node in graph.nodes()}
    return nodes, {edge.id: (edge.parent, edge.child, dict(edge.metadata)) for edge in graph.edges()}


def test_a_cable_between_namespaces_is_an_edge_and_each_end_knows_the_other():
    world = World()
    cable(world)
    assert world.edges() >= {
        ("host", "a", "ownership"),
        ("host", "tap0", "ownership"),
        ("a", "eth0", "ownership"),
    }
    assert len({edge for edge in world.edges() if edge[2:] == ("layer2", "veth")}) == 1
    tap = world.node("veth", "tap0").metadata
    assert (tap["PeerIfIndex"], tap["LinkNetNsID"], tap["LinkNetNsName"]) == (2, 0, "a")
    assert "PeerIntfMAC" not in tap


def test_an_interface_of_the_switch_is_one_node_with_what_both_say_of_it():
    world = World()
    cable(world)
    switch(world)
    tap = world.node("veth", "tap0").metadata
    assert (tap["UUID"], tap["OfPort"], tap["ExtID"]) == ("i1", 3, {"iface-id": "port-a"})
    assert tap["PeerIntfMAC"] == "fa:16:3e:aa:aa:aa"
    assert world.node("ovsport", "tap0").metadata["Vlans"] == 7
    assert world.node("ovsbridge", "br-int").metadata["Ovs"]["Version"] == "3.1.0"
    assert {("host", "br-int", "ownership"), ("br-int", "tap0", "ownership"), ("br-int", "tap0", "layer2"), ("tap0", "tap0", "layer2")} <= world.edges()  # fmt: skip
    assert len(world.draw().lookup("Name", "tap0")) == 2


def test_ids_are_skydives_and_outlive_what_they_are_of():
    world = World()
    cable(world)
    switch(world)
    host = tid("host")
    netns = tid(host, "/run/netns/a", "netns")
    assert world.node("netns", "a").metadata["TID"] == netns
    assert world.node("veth", "eth0").metadata["TID"] == tid(netns, "eth0", "veth")
    assert world.node("veth", "tap0").metadata["TID"] == tid(host, "tap0", "veth")
    assert world.node("ovsport", "tap0").metadata["TID"] == tid(host, "p1", "ovsport")
    before = world.node("veth", "eth0")
    world.hear("a", link(2, "new0", "veth", other=2, nsid=0))
    after = world.node("veth", "new0")
    assert (after.id, after.revision) == (before.id, 2)


def test_what_is_plugged_tells_what_neutron_knows_of_it():
    world = World()
    cable(world)
    switch(world)
    port = Port("port-a", "eth0", "vm", "fa:16:3e:aa:aa:aa", "10.0.0.3", 1, ("10.0.0.3/24", "fd00::3/64"))
    known = topology_node.neutron(
        Topology((Host("vm", owner=("project", "device")),), (port,)), {"port-a": ("net", "private")}
    )
    world.drawing.plugged(known)
    tap = world.node("veth", "tap0").metadata
    assert tap["Manager"] == "neutron"
    assert tap["Neutron"] == {"PortID": "port-a", "TenantID": "project", "NetworkID": "net", "NetworkName": "private", "IPV4": ["10.0.0.3/24"], "IPV6": ["fd00::3/64"]}  # fmt: skip
    world.drawing.plugged({})
    assert "Manager" not in world.node("veth", "tap0").metadata


def test_members_of_a_bridge_and_vlans_hang_on_what_carries_them():
    world = World()
    world.hear("a", link(5, "eth0.7", "vlan", other=4, vlan=7))
    world.hear("a", link(4, "eth0", "", master=3))
    world.hear("a", link(3, "br0", "bridge"))
    assert {("br0", "eth0", "layer2"), ("eth0", "eth0.7", "layer2", "vlan")} <= world.edges()
    assert world.node("vlan", "eth0.7").metadata["Vlan"] == 7
    world.hear("a", link(4, "eth0", ""))
    assert ("br0", "eth0", "layer2") not in world.edges()


def test_patch_ports_hang_together_when_each_names_the_other():
    world = World()
    world.row("Bridge", "b1", {"name": "br1", "ports": ["p1"]})
    world.row("Port", "p1", {"name": "patch1", "interfaces": ["i1"]})
    world.row("Interface", "i1", {"name": "patch1", "type": "patch", "options": {"peer": "patch2"}})
    assert not [edge for edge in world.edges() if edge[2:] == ("layer2", "patch")]
    world.row("Interface", "i2", {"name": "patch2", "type": "patch", "options": {"peer": "patch1"}})
    assert ("patch1", "patch2", "layer2", "patch") in world.edges()
    assert ("br1", "patch1", "ownership") in world.edges()
    world.row("Interface", "i2", {"name": "patch2", "type": "patch", "options": {"peer": "other"}})
    assert not [edge for edge in world.edges() if edge[2:] == ("layer2", "patch")]


def test_a_tunnel_tells_its_ends():
    world = World()
    options = {"local_ip": "192.0.2.1", "remote_ip": "192.0.2.2"}
    world.row("Interface", "i1", {"name": "vx0", "type": "vxlan", "options": options, "error": "no route"})
    tunnel = world.node("vxlan", "vx0").metadata
    assert (tunnel["LocalIP"], tunnel["RemoteIP"], tunnel["Ovs"]["Error"]) == (
        "192.0.2.1",
        "192.0.2.2",
        "no route",
    )
    assert tunnel["Driver"] == "openvswitch"


def test_routes_and_neighbours_are_told_by_the_interface_they_lead_to():
    world = World()
    world.hear("a", link(2, "eth0", "veth"))
    world.hear("a", Address(2, 2, "10.0.0.3/24"))
    near = Route(2, 254, "10.0.0.0/24", 0, 0, 2, 1, (Hop(2, ""),))
    world.hear("a", near)
    world.hear("a", Route(2, 254, "0.0.0.0/0", 0, 5, 3, 1, (Hop(2, "10.0.0.1"),)))
    world.hear("a", Neighbour(2, 2, "10.0.0.1", "fa:16:3e:00:00:01", 0x4, 0, 0, 0))
    told = world.node("veth", "eth0").metadata
    assert told["IPV4"] == ["10.0.0.3/24"]
    assert told["RoutingTables"] == [{"ID": 254, "Src": None, "Routes": [
        {"Protocol": 2, "Prefix": "10.0.0.0/24", "NextHops": [{"Priority": 0, "IfIndex": 2}]},
        {"Protocol": 3, "Prefix": "0.0.0.0/0", "NextHops": [{"Priority": 5, "IP": "10.0.0.1", "IfIndex": 2}]},
    ]}]  # fmt: skip
    assert told["Neighbors"] == [
        {"MAC": "fa:16:3e:00:00:01", "IP": "10.0.0.1", "State": ["NUD_REACHABLE"], "IfIndex": 2}
    ]
    world.hear("a", Route(2, 254, "0.0.0.0/0", 0, 5, 3, 1, (Hop(2, "10.0.0.9"),)), replaces=True)
    world.hear("a", near, removed=True)
    (table,) = world.node("veth", "eth0").metadata["RoutingTables"]
    assert [route["NextHops"][0]["IP"] for route in table["Routes"]] == ["10.0.0.9"]


def test_a_neighbour_that_answers_again_and_again_changes_nothing():
    world = World()
    world.hear("a", link(2, "eth0", "veth"))
    for state in (0x01, 0x02, 0x04, 0x08, 0x10, 0x02):
        world.hear("a", Neighbour(2, 2, "10.0.0.1", "fa:16:3e:00:00:01" if state > 1 else "", state, 0, 0, 0))
        world.draw()
    assert world.node("veth", "eth0").revision == 2
    world.hear("a", Neighbour(2, 2, "10.0.0.1", "", 0x20, 0, 0, 0))
    assert "Neighbors" not in world.node("veth", "eth0").metadata


def test_counters_tell_the_whole_and_what_came_since():
    world = World()
    world.hear("", link(2, "eth0"))
    assert "Metric" not in world.node("device", "eth0").metadata
    for now, packets in ((1000, 5), (2000, 7), (3000, 7)):
        world.drawing.measured("", link(2, "eth0", counters=(packets, *(0 for _ in COUNTERS[1:]))), now)
    told = world.node("device", "eth0").metadata
    assert told["Metric"] == {"RxPackets": 7, "Last": 2000}
    assert told["LastUpdateMetric"] == {"RxPackets": 2, "Start": 1000, "Last": 2000}


def test_what_others_have_written_on_a_node_stays_and_goes_with_it():
    world = World()
    world.hear("", link(2, "eth0"))
    node = world.node("device", "eth0")
    world.drawing.graph.update_metadata(node.id, {"Captures": [1]}, now_ms=2)
    world.hear("", Address(2, 2, "10.0.0.3/24"))
    assert {"Captures", "IPV4"} <= world.node("device", "eth0").metadata.keys()
    world.hear("", Address(2, 2, "10.0.0.3/24"), removed=True)
    told = world.node("device", "eth0").metadata
    assert ("Captures" in told, "IPV4" in told) == (True, False)
    world.hear("", link(2, "eth0"), removed=True)
    assert world.draw().node(node.id) is None


def test_a_namespace_takes_with_it_all_that_is_in_it():
    world = World()
    cable(world)
    world.draw()
    world.drawing.without_space("a")
    assert {node.metadata["Name"] for node in world.draw(9).nodes()} == {"host", "b", "tap0"}
    assert "LinkNetNsName" not in world.node("veth", "tap0").metadata


names = st.sampled_from(["", "a", "b"])
indexes = st.integers(1, 4)
links = st.builds(
    link,
    indexes,
    st.sampled_from(["x0", "x1", "x2"]),
    st.sampled_from(["veth", "bridge", "vlan", ""]),
    other=st.integers(0, 4),
    nsid=st.integers(-1, 2),
    master=st.integers(0, 4),
    vlan=st.integers(-1, 5),
)
uuids = st.sampled_from(["u1", "u2", "u3"])
row_names = st.sampled_from(["x0", "x1", "patch1", "patch2"])
rows = st.one_of(
    st.tuples(st.just("Bridge"), uuids, st.none() | st.fixed_dictionaries({"name": st.just("br"), "ports": st.lists(uuids, unique=True)})),
    st.tuples(st.just("Port"), uuids, st.none() | st.fixed_dictionaries({"name": row_names, "interfaces": st.lists(uuids, unique=True)})),
    st.tuples(st.just("Interface"), uuids, st.none() | st.fixed_dictionaries({
        "name": row_names, "type": st.sampled_from(["", "patch", "internal"]),
        "options": st.fixed_dictionaries({"peer": row_names}), "external_ids": st.just({"iface-id": "p"}),
    })),
)  # fmt: skip
acts = st.one_of(
    st.tuples(st.just("link"), names, links, st.booleans()),
    st.tuples(st.just("called"), names, st.integers(0, 2), names),
    st.tuples(st.just("address"), names, indexes, st.booleans()),
    st.tuples(st.just("row"), rows),
    st.tuples(st.just("gone"), st.sampled_from(["a", "b"])),
    st.tuples(st.just("draw")),
)


def do(world, act):
    drawing = world.drawing
    match act:
        case ("link", name, of, removed) if name in drawing.spaces:
            world.hear(name, of, removed=removed)
        case ("called", name, nsid, other) if {name, other} <= drawing.spaces.keys() and name != other:
            drawing.called(name, nsid, other)
        case ("address", name, ifindex, removed) if name in drawing.spaces:
            world.hear(name, Address(ifindex, 2, "10.0.0.3/24"), removed=removed)
        case ("row", (table, uuid, row)):
            names_of = {
                held["name"] for (kind, one), held in world.rows.items() if kind == table and one != uuid
            }
            if row is None or row["name"] not in names_of:  # a name is one row's
                world.row(table, uuid, row)
        case ("gone", name) if name in drawing.spaces:
            drawing.without_space(name)
            drawing.space(Space(name, f"/run/netns/{name}", 500, 4))
        case ("draw",):
            world.draw()


@given(st.lists(acts, max_size=25))
def test_however_it_came_about_the_graph_is_that_of_what_is_there(happened):
    world = World()
    world.drawing.plugged({"p": {"PortID": "p"}})
    for act in happened:
        do(world, act)
    anew = Drawing("host", Graph())
    anew.plugged({"p": {"PortID": "p"}})
    for space in world.drawing.spaces.values():
        anew.space(space)
    for (table, uuid), row in world.rows.items():
        anew.change_row(table, uuid, None, row)
    anew.draw(1)
    assert shape(world.draw()) == shape(anew.graph)
