"""How a traced packet looks: on a terminal, and as JSON."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from sfcci.chain.field import spelled
from sfcci.chain.journey import Carry, Journey, Visit, journey
from sfcci.chain.ntuple import ICMP, ICMPV6, IPV6, NAMES
from sfcci.chain.question import Question, answered
from sfcci.chain.table import label
from sfcci.chain.verdict import Verdict, verdict
from sfcci.chain.walk import Packet
from sfcci.datapath.tracing import TRACE, Scene

REACHED = {
    "mpls": "MPLS label {label}",
    "nsh": "NSH spi {spi} si {si}",
    "wire": "as it is",
    "routed": "by its MAC",
}

TABLE_LINE = re.compile(r"^ *(\d+\. .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Trace:
    """One packet's question, its journey and the verdict; `back`: it is an answer."""

    question: Question
    journey: Journey
    verdict: Verdict
    back: bool


def traced(scene: Scene, carry: Carry, question: Question, *, answers: bool) -> Iterator[Trace]:
    """Ask about a packet, and with `answers` about the answer to it. Raises ToolError."""
    went = journey(carry, scene.layout, question.packet)
    yield Trace(question, went, verdict(scene.layout, went, question.goal, scene.lame), False)
    back = answered(scene.layout, went, question) if answers else None
    if back:
        came = journey(carry, scene.layout, back.packet, asked=went)
        yield Trace(back, came, verdict(scene.layout, came, back.goal, scene.lame, asked=went), True)


def packet_text(packet: Packet) -> str:
    """Give a packet in a few words: tcp 10.0.0.1:40000 → 10.0.0.2:80."""
    layer = "ipv6" if packet["eth_type"] == IPV6 else "ip"
    ends = [spelled(f"{layer}_{end}", packet[f"{layer}_{end}"]) for end in ("src", "dst")]
    name = NAMES.get(packet["nw_proto"])
    if name:
        ends = [f"[{ip}]" if layer == "ipv6" else ip for ip in ends]
        ends = [f"{ip}:{packet[f'{name}_{end}']}" for ip, end in zip(ends, ("src", "dst"), strict=True)]
    word = name or ("icmp" if packet["nw_proto"] in (ICMP, ICMPV6) else str(packet["nw_proto"]))
    return f"{word} {' → '.join(ends)}"


def text(scene: Scene, done: Sequence[Trace], untold: Sequence[str], *, flows: bool, brief: bool) -> str:
    """Give what a person reads; `brief`: a line for each packet that goes as it should."""
    lines = [f"switch: {_switch(scene)}"]
    for one in done:
        lines += _brief(scene, one) if brief and one.verdict.right and not flows else _told(scene, one, flows)
    lines += [click.style(f"{word}", fg="yellow") for word in untold]
    if not done and not untold:
        lines.append("no chain has a classifier")
    return "\n".join(lines)


def _switch(scene: Scene) -> str:
    if scene.lab:
        return f"{scene.way}: Open vSwitch of lab {scene.lab.name}"
    return f"{TRACE}: Open vSwitch of this command's own, with what the chains ask for"


def _brief(scene: Scene, one: Trace) -> Iterator[str]:
    yield f"{_mark(one)} {_head(scene, one)}: {one.verdict.says}"


def _head(scene: Scene, one: Trace) -> str:
    wanted = f" ({scene.layout.name(one.question.classifier)})" if one.question.classifier else ""
    return f"{packet_text(one.question.packet)}{wanted}{' (the answer)' if one.back else ''}"


def _mark(one: Trace) -> str:
    return click.style("✓" if one.verdict.right else "✗", fg="green" if one.verdict.right else "red")


def _told(scene: Scene, one: Trace, flows: bool) -> Iterator[str]:
    yield _head(scene, one)
    number = 0
    for number, line in enumerate(_steps(scene, one), 1):
        yield f"  {number:2}. {line}"
    for flooded in [one.journey.others] if one.journey.others else []:
        yield f"      flooded also to {', '.join(scene.layout.name(other.port) for other in flooded)}"
    yield f"{_mark(one)} {one.verdict.says}"
    for leg in one.journey.legs if flows else ():
        yield f"\nat {scene.layout.name(leg.entry)}:"
        yield leg.carried.told.rstrip()


def _steps(scene: Scene, one: Trace) -> Iterator[str]:
    name = scene.layout.name
    yield f"{name(one.question.source)} sends it"
    for visit in one.journey.visits:
        yield f"{_function(scene, visit)}, {_place(visit)}{_choice(scene, visit)}"
    for arrival in one.journey.arrived:
        yield f"{name(arrival.port)} gets it"
    if one.journey.waits:
        yield "it waits in the switch"
    elif not one.journey.arrivals and (last := _last_table(one.journey)):
        yield f"dropped in table {last}"


def _last_table(journey: Journey) -> str:
    """The last line of a table that the switch told of; "" where it told of none."""
    lines = TABLE_LINE.findall(journey.legs[-1].carried.told) if journey.legs else ()
    return lines[-1] if lines else ""


def _function(scene: Scene, visit: Visit) -> str:
    name = scene.layout.name
    ports = (
        name(visit.entry)
        if visit.copy or visit.entry == visit.exit
        else f"{name(visit.entry)} → {name(visit.exit)}"
    )
    copy = " gets a copy" if visit.copy else ""
    return f"{name(visit.group)}: {name(visit.pair)}{copy} ({ports})"


def _place(visit: Visit) -> str:
    given = {"label": label(visit.spi, visit.si), "spi": visit.spi, "si": visit.si}
    return f"path {visit.spi} index {visit.si}, {REACHED[visit.kind].format(**given)}"


def _choice(scene: Scene, visit: Visit) -> str:
    if visit.bucket is None:
        return ""
    members = len(scene.layout.group_of[visit.pair].port_pairs)
    return f", chosen of {members} (group {visit.number}, bucket {visit.bucket})"


def as_json(scene: Scene, done: Sequence[Trace], untold: Sequence[str], *, flows: bool) -> dict[str, Any]:
    """Give the same as a document."""
    return {
        "switch": scene.way,
        "lab": scene.lab.name if scene.lab else None,
        "traces": [_document(scene, one, flows) for one in done],
        "untold": list(untold),
    }


def _document(scene: Scene, one: Trace, flows: bool) -> dict[str, Any]:
    found = {
        "packet": packet_text(one.question.packet),
        "classifier": _named(scene, one.question.classifier),
        "answer": one.back,
        "source": _named(scene, one.question.source),
        "destination": _named(scene, one.question.goal),
        "visits": [_visit(scene, visit) for visit in one.journey.visits],
        "arrived": [_named(scene, arrival.port) for arrival in one.journey.arrived],
        "flooded": [_named(scene, arrival.port) for arrival in one.journey.others],
        "right": one.verdict.right,
        "chain": _named(scene, one.verdict.chain),
        "verdict": one.verdict.says,
    }
    return found | ({"flows": [leg.carried.told for leg in one.journey.legs]} if flows else {})


def _visit(scene: Scene, visit: Visit) -> dict[str, Any]:
    known = ("chain", "group", "pair", "entry", "exit")
    named = {word: _named(scene, getattr(visit, word)) for word in known}
    place = {"spi": visit.spi, "si": visit.si, "reached": visit.kind, "copy": visit.copy}
    shown = label(visit.spi, visit.si) if visit.kind == "mpls" else None
    return named | place | {"label": shown, "openflow_group": visit.number, "bucket": visit.bucket}


def _named(scene: Scene, id_: str | None) -> dict[str, str] | None:
    return None if id_ is None else {"id": id_, "name": scene.layout.name(id_)}
