"""Hosts of a graph: nodes with a switch each, and whose a namespace is."""

from sfcci.trace.graph import Graph
from sfcci.trace.netlink import Heard, Link
from sfcci.trace.topology import Drawing
from sfcci.trace.topology_space import Space


def link(ifindex, name, **more):
    usual = {"mac": f"fa:16:3e:00:00:{ifindex:02x}", "mtu": 1500, "master": 0, "other": 0, "nsid": -1}
    return Link(ifindex, name, "veth", "ether", 0x1043, **usual | more)


def world():
    """A lab of two nodes and a machine without a cable; both nodes' switches have a port of the same name."""
    drawing = Drawing("lab", Graph(), ("n1", "n2"))
    for number, name in enumerate(("", "n1", "n2", "vm")):
        drawing.space(Space(name, name and f"/run/netns/{name}", 100 + number, 4))
    for at in ("n1", "n2"):
        drawing.hear(at, Heard(link(1, "uplink")))
        rows = {"Bridge": {"name": "br", "ports": [f"{at}-p"]}, "Port": {"name": "uplink"}}
        rows["Port"]["interfaces"] = [f"{at}-i"]
        rows["Interface"] = {"name": "uplink", "type": "", "ofport": 1, "external_ids": {"of": at}}
        for table, row in rows.items():
            drawing.change_row(table, f"{at}-{table[0].lower()}", None, row, at)
    return drawing


def plug(drawing, node):
    """Lay the machine's cable to a node, from the one that it was at."""
    for at in {"n1", "n2"} - {node}:
        if 5 in drawing.spaces[at].links:
            drawing.hear(at, Heard(link(5, "tap"), removed=True))
            drawing.hear("vm", Heard(link(5, "eth0"), removed=True))
    number = {"n1": 1, "n2": 2}[node]
    drawing.hear(node, Heard(link(5, "tap", other=5, nsid=0)))
    drawing.hear("vm", Heard(link(5, "eth0", other=5, nsid=number)))
    drawing.called("vm", number, node)
    drawing.called(node, 0, "vm")


def hosts(drawing, name):
    drawing.draw(1)
    return {node.host for node in drawing.graph.lookup("Name", name) if node.metadata["Type"] != "host"}


def owner(drawing, name):
    (node,) = (one for one in drawing.graph.lookup("Name", name) if one.metadata["Type"] == "netns")
    return [one.metadata["Name"] for one in drawing.graph.parents(node.id)]


def test_names_that_two_switches_have_are_kept_apart():
    drawing = world()
    drawing.draw(1)
    found = {
        (node.host, node.metadata["ExtID"]["of"])
        for node in drawing.graph.lookup("Name", "uplink")
        if node.metadata["Type"] == "veth"
    }
    assert found == {("n1", "n1"), ("n2", "n2")}
    assert len({node.metadata["TID"] for node in drawing.graph.nodes()}) == len(drawing.graph.nodes())
    drawing.forget_rows("n1")
    drawing.draw(2)
    assert {node.host for node in drawing.graph.lookup("Type", "ovsbridge")} == {"n2"}


def test_a_namespace_is_the_nodes_on_which_its_cable_hangs():
    drawing = world()
    assert hosts(drawing, "vm") == {"lab"}
    for node in ("n1", "n2", "n1"):
        plug(drawing, node)
        assert hosts(drawing, "vm") == hosts(drawing, "eth0") == hosts(drawing, "tap") == {node}
        assert owner(drawing, "vm") == [node]
    edges = {edge.id for edge in drawing.graph.edges()}
    anew = world()
    plug(anew, "n1")
    anew.draw(1)
    assert edges == {edge.id for edge in anew.graph.edges()}


def test_a_node_that_is_gone_is_no_host():
    drawing = world()
    plug(drawing, "n1")
    drawing.draw(1)
    drawing.without_space("n1")
    drawing.forget_rows("n1")
    drawing.draw(2)
    assert {node.metadata["Name"] for node in drawing.graph.lookup("Type", "host")} == {"lab", "n2"}
    assert hosts(drawing, "vm") == {"lab"}
