"""Nodes and edges as text for Graphviz (the DOT language)."""

from collections.abc import Sequence

from sfcci.trace.graph import Edge, Node

STYLES = {"ownership": "color=gray60", "layer2": "color=black, dir=none"}
"""How edges look, by RelationType."""


def dot(nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    """A digraph from parents to children; a node says its Name and Type, an edge its RelationType."""
    lines = ["digraph topology {", "  rankdir=LR;", "  node [shape=box, style=rounded, fontname=sans];"]
    lines += [f"  {quoted(node.id)} [label={_label(node)}];" for node in nodes]
    lines += [f"  {quoted(edge.parent)} -> {quoted(edge.child)}{_attributes(edge)};" for edge in edges]
    return "\n".join([*lines, "}", ""])


def _label(node: Node) -> str:
    name, kind = node.metadata.get("Name") or node.id, node.metadata.get("Type")
    return quoted(f"{name}\n{kind}" if kind else str(name))


def _attributes(edge: Edge) -> str:
    relation = str(edge.metadata.get("RelationType") or "")
    if not relation:
        return ""
    style = STYLES.get(relation)
    return f" [tooltip={quoted(relation)}, {style}]" if style else f" [label={quoted(relation)}]"


def quoted(value: str) -> str:
    """Give a quoted string; what is not printable is left out, so that no name ends the line."""
    plain = "".join(char for char in value if char.isprintable() or char == "\n")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
