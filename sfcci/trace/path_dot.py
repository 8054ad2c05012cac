"""Paths as graphs: graphviz's language, and mermaid's. What was meant and not visited is dashed, what went wrong is red."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfcci.trace import path_words as words
from sfcci.trace.chainpath import ChainPath, Hop, Role
from sfcci.trace.dot import quoted
from sfcci.trace.meant import Meant

LOST = "✗"


@dataclass(frozen=True)
class Node:
    """A box: `kind` is the role, "missing" (meant, not visited) or "lost" (where a packet ended)."""

    name: str
    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Arrow:
    """From box to box; `kind`: "went", "copy", "meant" or "lost"."""

    begin: str
    end: str
    kind: str
    label: str = ""


def drawing(path: ChainPath, meant: Meant, prefix: str = "n") -> tuple[tuple[Node, ...], tuple[Arrow, ...]]:
    """Give boxes and arrows of a path, those of what was meant and not visited too."""
    nodes = [
        Node(f"{prefix}{number}", str(hop.role), _lines(hop, meant)) for number, hop in enumerate(path.hops)
    ]
    arrows: list[Arrow] = []
    last = ""
    for node, hop in zip(nodes, path.hops, strict=True):
        kind = "copy" if hop.role in (Role.TAP, Role.OTHER) else "went"
        if last:
            arrows.append(Arrow(last, node.name, kind, _step(hop)))
        last = last if kind == "copy" and last else node.name
    if path.where:
        nodes.append(Node(f"{prefix}x", "lost", (f"{LOST} {words.verdict(path)}",)))
        arrows.append(Arrow(last, f"{prefix}x", "lost"))
    missing = list(_missing(path, nodes, prefix))
    return (*nodes, *(node for node, _ in missing)), (*arrows, *(arrow for _, arrow in missing))


def dot(paths: Sequence[ChainPath], meant: Meant) -> str:
    """Give a graph for `dot -Tsvg`."""
    lines = [
        "digraph path {",
        "  rankdir=LR; node [shape=box, style=rounded, fontname=sans]; edge [fontname=sans, fontsize=10];",
    ]
    for number, path in enumerate(paths):
        nodes, arrows = drawing(path, meant, f"p{number}n")
        lines += [
            f"  subgraph cluster_{number} {{",
            f"    label={quoted(_title(path))}; labeljust=l; fontname=sans;",
        ]
        lines += [
            f"    {node.name} [label={quoted(chr(10).join(node.lines))}{DOT_NODE.get(node.kind, '')}];"
            for node in nodes
        ]
        lines += [
            f"    {a.begin} -> {a.end} [label={quoted(a.label)}{DOT_ARROW.get(a.kind, '')}];" for a in arrows
        ]
        lines.append("  }")
    return "\n".join([*lines, "}"])


DOT_NODE = {
    "source": ", style=filled, fillcolor=lightgrey",
    "destination": ", style=filled, fillcolor=lightgrey",
    "missing": ", style=dashed, color=red, fontcolor=red",
    "lost": ", shape=plaintext, fontcolor=red",
    "other": ", style=dotted",
}
DOT_ARROW = {"copy": ", style=dotted", "meant": ", style=dashed, color=red", "lost": ", color=red"}


def mermaid(paths: Sequence[ChainPath], meant: Meant) -> str:
    """Give a flow chart for pages that draw mermaid."""
    lines = ["flowchart LR"]
    for number, path in enumerate(paths):
        nodes, arrows = drawing(path, meant, f"p{number}n")
        lines.append(f"  subgraph p{number}[{_escaped(_title(path))}]")
        lines += [
            f"    {node.name}[{_escaped('<br/>'.join(node.lines))}]{MERMAID_NODE.get(node.kind, '')}"
            for node in nodes
        ]
        lines += [
            f"    {a.begin} {MERMAID_ARROW[a.kind]}{f'|{_escaped(a.label)}|' if a.label else ''} {a.end}"
            for a in arrows
        ]
        lines.append("  end")
    lines += [
        "  classDef missing stroke:#c00,stroke-dasharray:4,color:#c00",
        "  classDef lost stroke:#c00,color:#c00",
    ]
    return "\n".join(lines)


MERMAID_NODE = {"missing": ":::missing", "lost": ":::lost"}
MERMAID_ARROW = {"went": "-->", "copy": "-.->", "meant": "-.->", "lost": "--x"}


def _title(path: ChainPath) -> str:
    answer = " (the answer)" if path.direction == "reverse" else ""
    return f"{words.flow(path.flow)}{answer}: {words.verdict(path)}"


def _lines(hop: Hop, meant: Meant) -> tuple[str, ...]:
    kept = f"kept {words.span(hop.inside_ns)}" if hop.inside_ns is not None else ""
    pair = f"{hop.group}: {hop.pair}" if hop.pair else ""
    return tuple(filter(None, (hop.node, pair, words.ports(hop, meant), kept)))


def _step(hop: Hop) -> str:
    """What stands at an arrow: how long it took, and in what the packet was carried."""
    carried = words.carried(hop).replace(", in the switch only", " (switch)")
    return " ".join(filter(None, (f"+{words.span(hop.delta_ns)}" if hop.delta_ns else "", carried)))


def _missing(path: ChainPath, nodes: Sequence[Node], prefix: str) -> Iterator[tuple[Node, Arrow]]:
    """Groups that were meant and not visited, each behind the one that comes before it in the chain."""
    at = {hop.group: node.name for node, hop in zip(nodes, path.hops, strict=False) if hop.group}
    before = nodes[0].name if nodes else ""
    for number, step in enumerate(path.meant):
        if step.visited:
            before = at.get(step.group, before)
            continue
        name = f"{prefix}m{number}"
        yield Node(name, "missing", (words.step(step), "not visited")), Arrow(before, name, "meant")
        before = before if step.tap else name


def _escaped(text: str) -> str:
    """As mermaid wants it: in quotes, in which there can be none."""
    return f'"{text.replace(chr(34), "#quot;")}"'
