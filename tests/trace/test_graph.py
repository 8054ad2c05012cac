import pytest

from sfcci.trace.graph import Graph, as_json, parse_element, tid


def _pair():
    graph = Graph()
    graph.put_node("br", {"Name": "br-int", "Type": "ovsbridge"}, now_ms=1, host="h", origin="o")
    graph.put_node("tap", {"Name": "tap1", "MAC": "fe:00"}, now_ms=2)
    graph.put_edge("e", "br", "tap", {"RelationType": "layer2"}, now_ms=3)
    return graph


def test_an_element_that_changes_is_another_one_with_the_next_revision():
    graph = _pair()
    first = graph.node("tap")
    same = graph.put_node("tap", {"Name": "tap1", "MAC": "fe:00"}, now_ms=9)
    assert same is first
    assert same.updated_ms == 2
    second = graph.put_node("tap", {"Name": "tap2"}, now_ms=9)
    assert (second.revision, second.created_ms, second.updated_ms) == (2, 2, 9)
    assert first.metadata["Name"] == "tap1"
    assert graph.lookup("Name", "tap1") == ()
    assert graph.lookup("Name", "tap2") == (second,)
    assert graph.lookup("MAC", "fe:00") == ()


def test_listeners_hear_each_change_and_a_node_takes_its_edges_with_it():
    graph = _pair()
    heard = []
    end = graph.on_change(lambda change, element: heard.append((change, element.id, element.deleted_ms)))
    graph.put_node("tap", {"Name": "tap2"}, now_ms=4)
    graph.put_edge("e", "br", "tap", {"RelationType": "ownership"}, now_ms=5)
    graph.drop_node("tap", now_ms=6)
    assert graph.drop_node("tap", now_ms=7) is None
    end()
    graph.put_node("tap", {}, now_ms=8)
    assert heard == [
        ("node updated", "tap", 0),
        ("edge updated", "e", 0),
        ("edge deleted", "e", 6),
        ("node deleted", "tap", 6),
    ]
    assert graph.edges() == graph.edges_of("br") == ()


def test_an_edge_finds_its_ends_and_moves_with_them():
    graph = _pair()
    assert [node.id for node in graph.children("br")] == ["tap"]
    assert [node.id for node in graph.parents("tap")] == ["br"]
    graph.put_edge("e", "tap", "br", {"RelationType": "layer2"}, now_ms=5)
    assert [node.id for node in graph.children("tap")] == ["br"]
    assert graph.children("br") == ()
    with pytest.raises(ValueError, match="no node nowhere"):
        graph.put_edge("f", "br", "nowhere", {}, now_ms=6)


def test_a_graph_out_of_its_own_json_is_the_same_graph():
    graph = _pair()
    shapes = [as_json(element) for element in (*graph.edges(), *graph.nodes())]
    assert shapes[1] == {
        "ID": "br",
        "Metadata": {"Name": "br-int", "Type": "ovsbridge"},
        "Host": "h",
        "Origin": "o",
        "CreatedAt": 1,
        "UpdatedAt": 1,
        "DeletedAt": None,
        "Revision": 1,
    }
    again = Graph(parse_element(shape) for shape in shapes)
    assert (again.nodes(), again.edges()) == (graph.nodes(), graph.edges())
    assert again.lookup("Type", "ovsbridge") == again.nodes()[:1]


def test_an_id_that_outlives_restarts_is_a_uuid_of_the_words_in_order():
    assert tid("host1") == tid("host1")
    assert tid(tid("host1"), "/run/netns/a", "netns") == tid(tid("host1") + "/run/netns/a" + "netns")
    assert tid("host1").split("-")[2].startswith("5")


def test_metadata_are_merged_and_what_is_not_named_stays():
    graph = _pair()
    copy = graph.copy()
    node = graph.update_metadata("tap", {"Name": "tap2", "MTU": 1500}, now_ms=7, forget=["MAC"])
    assert node.metadata == {"Name": "tap2", "MTU": 1500}
    assert graph.update_metadata("tap", {"MTU": 1500}, now_ms=8).revision == node.revision
    assert graph.update_metadata("nowhere", {}, now_ms=8) is None
    assert copy.node("tap").metadata == {"Name": "tap1", "MAC": "fe:00"}
