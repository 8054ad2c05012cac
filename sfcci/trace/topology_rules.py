"""A switch's flows and groups as nodes below it (ofrule, ofgroup), from what `ovs-ofctl` tells of them."""

from collections.abc import Iterator
from typing import Any

from sfcci.trace.graph import Graph, Node, tid

Metadata = dict[str, Any]


def draw(graph: Graph, bridge: Node, flows: str, groups: str, now_ms: int) -> None:
    """Put the rules of a bridge into the graph; `flows` and `groups` as `ovs-ofctl dump-flows` and `dump-groups` have them."""
    for told in (*parse_flows(flows), *parse_groups(groups)):
        own = [str(told.get(key)) for key in ("Type", "Table", "Priority", "Filters", "GroupId")]
        uuid = tid(str(bridge.metadata["UUID"]), *own)
        metadata = told | {"UUID": uuid, "TID": tid(str(bridge.metadata["TID"]), uuid, told["Type"])}
        id_ = tid("id", bridge.id, uuid)
        graph.put_node(id_, metadata, now_ms=now_ms, host=bridge.host, origin=bridge.origin)
        edge = {"RelationType": "ownership"}
        graph.put_edge(
            tid("edge", bridge.id, id_),
            bridge.id,
            id_,
            edge,
            now_ms=now_ms,
            host=bridge.host,
            origin=bridge.origin,
        )


def parse_flows(text: str) -> Iterator[Metadata]:
    """Give each flow's Cookie, Table, Priority, Filters and Actions; a line that is no flow is left out."""
    for line in text.splitlines():
        head, is_flow, actions = line.strip().partition(" actions=")
        if is_flow:
            words = [word.strip() for word in head.split(",")]
            named = dict(
                word.split("=", 1) for word in words if word.split("=", 1)[0] in _OWN and "=" in word
            )
            yield {
                "Type": "ofrule",
                "Cookie": named.get("cookie", "0x0"),
                "Table": _number(named.get("table", ""), 0),
                "Priority": _number(named.get("priority", ""), _USUAL_PRIORITY),
                "Filters": [word for word in words if word and word.partition("=")[0] not in _OWN],
                "Actions": parted(actions),
            }


def parse_groups(text: str) -> Iterator[Metadata]:
    """Give each group's GroupId, GroupType, how it chooses (Meta), and Buckets."""
    for line in text.splitlines():
        head, *buckets = line.strip().split(",bucket=")
        words = parted(head)
        number = words[0].removeprefix("group_id=") if words else ""
        if number.isdecimal() and words[0] != number:
            meta = [word for word in words[1:] if not word.startswith("type=")]
            kinds = [word.removeprefix("type=") for word in words[1:] if word.startswith("type=")]
            told = {
                "Type": "ofgroup",
                "GroupId": int(number),
                "GroupType": "".join(kinds),
            }
            yield told | {"Meta": meta, "Buckets": [_bucket(bucket) for bucket in buckets]}


def _bucket(text: str) -> Metadata:
    """Give a bucket's actions, and what is said of it before them."""
    head, _, actions = text.partition("actions=")
    return {"Meta": [word for word in head.split(",") if word], "Actions": parted(actions)}


def _number(text: str, usual: int) -> int:
    return int(text) if text.isdecimal() else usual


def parted(text: str) -> list[str]:
    """Give the words between commas that stand in no bracket."""
    words, depth, begin = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth <= 0:
            words.append(text[begin:at])
            begin = at + 1
    return [word for word in (*words, text[begin:]) if word]


_USUAL_PRIORITY = 32768
_OWN = {"cookie", "table", "priority", "duration", "n_packets", "n_bytes", "idle_age", "hard_age", "idle_timeout", "hard_timeout", "importance"}  # fmt: skip
"""What a line says of a flow that is none of its conditions."""
