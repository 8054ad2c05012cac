from sfcci.trace.dot import dot
from sfcci.trace.graph import Edge, Node


def test_a_graph_is_text_for_graphviz_whatever_names_are():
    nodes = [
        Node("h", {"Name": 'ho"st\\', "Type": "host"}),
        Node("b", {"Name": "br-int"}),
        Node("p\x00\n", {}),
    ]
    edges = [
        Edge("1", {"RelationType": "ownership"}, "h", "b"),
        Edge("2", {"RelationType": "layer2"}, "b", "h"),
        Edge("3", {"RelationType": "mirror"}, "b", "b"),
        Edge("4", {}, "h", "h"),
    ]
    assert dot(nodes, edges) == (
        "digraph topology {\n"
        "  rankdir=LR;\n"
        "  node [shape=box, style=rounded, fontname=sans];\n"
        '  "h" [label="ho\\"st\\\\\\nhost"];\n'
        '  "b" [label="br-int"];\n'
        '  "p\\n" [label="p\\n"];\n'
        '  "h" -> "b" [tooltip="ownership", color=gray60];\n'
        '  "b" -> "h" [tooltip="layer2", color=black, dir=none];\n'
        '  "b" -> "b" [label="mirror"];\n'
        '  "h" -> "h";\n'
        "}\n"
    )
