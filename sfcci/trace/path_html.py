"""Paths as a page that needs nothing else: no script, no other file, readable on a telephone and on paper; or as a part of a page."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from sfcci.trace import path_words as words
from sfcci.trace.chainpath import ChainPath, Hop, Role, Step, Where
from sfcci.trace.meant import Meant
from sfcci.trace.passes import IN

if TYPE_CHECKING:
    from jinja2 import Environment

WIDTH = 1000
"""Of the bar of times, in the drawing's units."""
KINDS = {Role.TAP: "copy", Role.FUNCTION: "function", Role.OTHER: "other"}
WHERE = {
    Where.FUNCTION: "dropped here, in the function",
    Where.SWITCH: "dropped in the switch",
    Where.CLASSIFIER: "dropped in the switch, before the classifier",
}


def page(paths: Sequence[ChainPath], meant: Meant, title: str = "Path of a request") -> str:
    """Give the whole page. Everything that came from packets and names is escaped."""
    from markupsafe import Markup

    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    drawn = Markup(part(paths, meant))  # noqa: S704 - made by a template that escapes
    return (
        _environment()
        .get_template("page.html.j2")
        .render(title=title, style=Markup(style()), digest=digest, paths=drawn)  # noqa: S704 - our own file
    )


def part(paths: Sequence[ChainPath], meant: Meant) -> str:
    """Give the paths as HTML for a page that has `style`."""
    return _environment().get_template("paths.html.j2").render(paths=[_path(path, meant) for path in paths])


@cache
def style() -> str:
    """Give the style sheet; its rules are for what is of class `path`."""
    return resources.files("sfcci.trace").joinpath("templates/path.css").read_text()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader

    return Environment(
        loader=PackageLoader("sfcci.trace", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _path(path: ChainPath, meant: Meant) -> dict[str, Any]:
    chain = f"chain {path.chain}{', the way back' if path.back else ''}" if path.chain else "no chain"
    frames = list(_frames(path, meant))
    return {
        "title": words.flow(path.flow) + (" (the answer)" if path.direction == "reverse" else ""),
        "about": f"{words.clock(path.begin_ns)}, {chain}, L3TrackingID {path.tracking_id}",
        "ok": path.ok,
        "verdict": words.verdict(path),
        "says": path.says,
        "meant": words.meant_way(path),
        "stops": list(_stops(path, meant)),
        "bars": list(_bars(path)),
        "spent": _spent(path),
        "told": path.told,
        "frames": frames,
        "others": words.others(path),
    }


def _stops(path: ChainPath, meant: Meant) -> Iterator[dict[str, Any]]:
    """The nodes in the order in which the packet came to them; what it should have come to stands where it should have."""
    lost = _lost(path)
    for number, hop in enumerate(path.hops, 1):
        yield _stop(hop, meant, first=number == 1)
        if path.where and number == len(path.hops):
            yield _dropped(path.where)
        if hop.pair and hop.role is Role.FUNCTION:
            yield from (_missing(step) for step in lost.pop(hop.group, ()))
        elif number == 1:
            yield from (_missing(step) for step in lost.pop(None, ()))


def _dropped(where: Where) -> dict[str, Any]:
    words = f"✗ {WHERE[where]}"
    return {"kind": "lost", "node": words, "step": "", "carried": "", "lines": (), "fault": ""}


def _lost(path: ChainPath) -> dict[str | None, list[Step]]:
    """The steps that were not visited, by the group of the last one before that was; None: there is none."""
    found: dict[str | None, list[Step]] = {}
    before: str | None = None
    for step in path.meant:
        if step.visited:
            before = before if step.tap else step.group
        else:
            found.setdefault(before, []).append(step)
    return found


def _missing(step: Step) -> dict[str, Any]:
    names = " or ".join(dict.fromkeys(step.nodes)) or step.group
    return {
        "kind": "missing",
        "node": names,
        "step": "",
        "carried": "",
        "lines": (step.group, "not visited"),
        "fault": "",
    }


def _stop(hop: Hop, meant: Meant, *, first: bool) -> dict[str, Any]:
    kept = f"kept it {words.span(hop.inside_ns)}" if hop.inside_ns is not None else ""
    pair = f"{hop.group}: {hop.pair}" if hop.pair else ""
    copy = "gets a copy" if hop.role is Role.TAP else ""
    ttl = words.ttl(hop)
    lines = (
        pair,
        copy,
        words.ports(hop, meant),
        words.chosen(hop).removeprefix(", "),
        f"TTL {ttl}" if ttl else "",
        kept,
    )
    return {
        "kind": KINDS.get(hop.role, "end"),
        "node": hop.node,
        "step": None if first else f"+{words.span(hop.delta_ns)}",
        "carried": words.carried(hop),
        "lines": tuple(filter(None, lines)),
        "fault": hop.fault,
    }


def _bars(path: ChainPath) -> Iterator[dict[str, Any]]:
    """Where the time went: one bar for each span, in proportion."""
    spans = list(_spans(path))
    whole = sum(ns for _, _, ns in spans)
    at = 0.0
    for kind, title, ns in spans if whole else ():
        width = ns * WIDTH / whole
        yield {"kind": kind, "title": f"{title}: {words.span(ns)}", "x": f"{at:.2f}", "width": f"{width:.2f}"}
        at += width


def _spans(path: ChainPath) -> Iterator[tuple[str, str, int]]:
    for hop in path.hops:
        if hop.role in (Role.TAP, Role.OTHER):
            continue
        if hop.delta_ns:
            yield "between", f"on the way to {hop.node}", hop.delta_ns
        if hop.inside_ns:
            yield "inside", hop.node, hop.inside_ns


def _spent(path: ChainPath) -> str:
    spans = list(_spans(path))
    inside, whole = (
        sum(ns for kind, _, ns in spans if kind in kinds) for kinds in (("inside",), ("inside", "between"))
    )
    return f"{words.span(whole)} in all, {words.span(inside)} of it in functions" if whole else ""


def _frames(path: ChainPath, meant: Meant) -> Iterator[dict[str, Any]]:
    frames = sorted(
        (one for hop in path.hops for one in (hop.given, hop.returned) if one), key=lambda one: one.time_ns
    )
    before = path.begin_ns
    for one in frames:
        yield {
            "time": words.clock(one.time_ns).split()[1],
            "delta": f"+{words.span(one.time_ns - before)}" if one.time_ns != before else "",
            "node": one.node,
            "port": words.port_name(one, meant),
            "direction": "into the switch" if one.direction == IN else "out of it",
            "encap": ", ".join(map(words.encap, one.encap)),
            "ttl": "" if one.ttl is None else one.ttl,
            "length": one.length or "",
            "eth_src": one.eth_src,
            "eth_dst": one.eth_dst,
        }
        before = one.time_ns
