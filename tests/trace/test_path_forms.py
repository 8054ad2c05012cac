"""The forms of a path: text, JSON and back, graphviz, mermaid, a page."""

import json
import re
from dataclasses import replace

import pytest
from path_world import WHOLE, frames, meant, paths

from sfcci.errors import InputError
from sfcci.trace import path_dot, path_html, path_json, path_read, path_text
from sfcci.trace.evidence import paths_of

TEXT = """\
udp 10.0.0.103:40000 → 10.0.0.128:53
2023-11-14 22:13:20.000000 UTC, chain PC1, L3TrackingID 49f8947ab0b31000
meant: PG1 (vm1 | vm2) → PG2 (vm3)
              node    port            inside  TTL    carried in
  1           source  source_vm_port          64                                    sends it
  2  +1.0 µs  vm1     p1in → p1out    1.0 µs  64→63  label 511, in the switch only  PG1: PP1, chosen of 2 (group 1, bucket 12440451)
  3  +1.0 µs  vm3     p3in → p3out    1.0 µs  63→62  label 510, in the switch only  PG2: PP3
  4  +1.0 µs  dest    dest_vm_port            62                                    gets it
✓ OK: as PC1 says: PP1, PP3, dest"""
BYPASSED = (*WHOLE[:3], WHOLE[5])
DROPPED = WHOLE[:3]


def test_the_text_tells_node_times_places_and_choice():
    found = paths("demo", *WHOLE)
    assert path_text.text(found, meant("demo")) == TEXT


def test_a_line_tells_a_path_at_a_glance():
    (found,) = paths("demo", *DROPPED)
    line = "udp 10.0.0.103:40000 → 10.0.0.128:53: source > vm1 (1.0 µs): DROPPED-AT the switch, behind vm1"
    assert path_text.line(found).endswith(line)


def test_columns_stand_below_each_other():
    lines = path_text.text(paths("demo", *WHOLE), meant("demo")).splitlines()
    assert (
        len(
            {
                line.index(word)
                for line, word in zip(lines[4:8], ("source", "vm1", "vm3", "dest"), strict=True)
            }
        )
        == 1
    )


def test_what_the_switch_says_is_told_in_short():
    (found,) = paths("demo", *DROPPED)
    told = 'Flow: tcp\n\nbridge("br-int")\n---\n 0. in_port=4, priority 100\n    goto_table:20\n20. No match.\n    drop\n\nDatapath actions: drop\n'
    text = path_text.text([replace(found, told=told)], meant("demo"))
    assert text.splitlines()[-5:] == [
        "  the switch, asked now of such a packet (ofproto/trace):",
        "     0. in_port=4, priority 100",
        "    20. No match.",
        "        drop",
        "    Datapath actions: drop",
    ]


@pytest.mark.parametrize("events", [WHOLE, BYPASSED, DROPPED, WHOLE[:2]])
def test_the_document_is_read_back_whole(events):
    seen = [*frames("demo", *events), *frames("demo", "dest_vm_port<", "source_vm_port>", answer=True, at=20)]
    found = paths_of(seen, meant("demo"))
    document = json.loads(json.dumps(path_json.document(found, meant("demo"))))
    assert document["ok"] == all(one.ok for one in found)
    again, there = path_read.paths_in(document, "x")
    assert path_text.text(again, there) == path_text.text(found, meant("demo"))
    assert path_json.document(again, there)["paths"][0]["hops"] == document["paths"][0]["hops"]


@pytest.mark.parametrize("document", [{}, {"paths": 3}, {"paths": [{}]}, {"paths": [{"flow": {"a": 1}}]}])
def test_another_document_is_an_error(document):
    with pytest.raises(InputError, match="a document of paths"):
        path_read.paths_in(document, "file.json")


def test_the_document_has_every_frame_with_its_port_and_the_groups_with_theirs():
    document = path_json.as_json(paths("demo", *WHOLE)[0], meant("demo"))
    assert [(one["node"], one["port"], one["direction"], one["inside_ns"]) for one in document["passes"]] == [
        ("source", "source_vm_port", "in", None),
        ("vm1", "p1in", "out", None),
        ("vm1", "p1out", "in", 1000),
        ("vm3", "p3in", "out", None),
        ("vm3", "p3out", "in", 1000),
        ("dest", "dest_vm_port", "out", None),
    ]
    taps = {port.name: port.tap for port in meant("demo").topology.ports}
    assert document["meant"][1] == {
        "group": "PG2",
        "pairs": ["PP3"],
        "nodes": ["vm3"],
        "taps": [[taps["p3in"], taps["p3out"]]],
        "visited": "PP3",
        "tap": False,
    }


def test_graphs_have_what_was_meant_and_not_visited_dashed():
    dot = path_dot.dot(paths("demo", *BYPASSED), meant("demo"))
    assert (dot[:14], dot[-1]) == ("digraph path {", "}")
    assert '[label="PG2 (vm3)\\nnot visited", style=dashed, color=red, fontcolor=red];' in dot
    mermaid = path_dot.mermaid(paths("demo", *DROPPED), meant("demo"))
    assert mermaid.startswith("flowchart LR")
    assert 'p0nm1["PG2 (vm3)<br/>not visited"]:::missing' in mermaid
    assert "p0n1 --x p0nx" in mermaid


def test_a_page_stands_alone_and_escapes_what_packets_and_names_say():
    (found,) = paths("demo", *BYPASSED)
    hostile = replace(found, says='<script>alert("x")</script>')
    page = path_html.page([hostile], meant("demo"), title="<b>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<title>&lt;b&gt;</title>" in page
    assert not re.search(r'(src|href)="', page)
    assert page.count('<li class="missing">') == 1
    nodes = re.findall(r'<div class="node"><b>([^<]*)</b>', page)
    assert nodes == ["source", "vm1", "vm3", "dest"]
