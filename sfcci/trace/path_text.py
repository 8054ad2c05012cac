"""A path as text for a terminal."""

import re
from collections.abc import Callable, Iterator, Sequence

from sfcci.trace import path_words as words
from sfcci.trace.chainpath import ChainPath, Hop, Role, Verdict
from sfcci.trace.meant import Meant

COLUMNS = ("", "", "node", "port", "inside", "TTL", "carried in", "")
_TABLE = re.compile(r" *\d+\. ")
Paint = Callable[[str, Verdict], str]


def plain(text: str, _verdict: Verdict) -> str:
    """Paint nothing."""
    return text


def text(paths: Sequence[ChainPath], meant: Meant, paint: Paint = plain) -> str:
    """Give the paths one below the other. `paint` colours what tells the verdict."""
    return "\n\n".join("\n".join(_lines(path, meant, paint)) for path in paths)


def line(path: ChainPath) -> str:
    """Give a path on one line."""
    nodes = " > ".join(_node(hop) for hop in path.hops)
    return f"{words.clock(path.begin_ns)} {words.flow(path.flow)}: {nodes}: {words.verdict(path)}"


def _node(hop: Hop) -> str:
    kept = f" ({words.span(hop.inside_ns)})" if hop.inside_ns is not None else ""
    return f"{hop.node}{' (copy)' if hop.role is Role.TAP else ''}{kept}"


def _lines(path: ChainPath, meant: Meant, paint: Paint) -> Iterator[str]:
    answer = " (the answer)" if path.direction == "reverse" else ""
    yield f"{words.flow(path.flow)}{answer}"
    chain = f"chain {path.chain}{', the way back' if path.back else ''}" if path.chain else "no chain"
    yield f"{words.clock(path.begin_ns)}, {chain}, L3TrackingID {path.tracking_id}"
    if path.meant:
        yield f"meant: {words.meant_way(path)}"
    yield from _table([COLUMNS, *(_row(number, hop, meant) for number, hop in enumerate(path.hops, 1))])
    for hop in path.hops:
        if hop.fault:
            yield f"     {hop.node} {hop.fault}"
    mark = "✓" if path.ok else "✗"
    yield paint(f"{mark} {words.verdict(path)}", path.verdict) + f": {path.says}"
    if more := words.others(path):
        yield f"  {more}"
    if path.told:
        yield "  the switch, asked now of such a packet (ofproto/trace):"
        yield from (f"    {one}" for one in told(path.told))


def told(text: str) -> list[str]:
    """Give what is telling of ofproto/trace's words: the tables that the packet passed, and what became of it."""
    lines = text.splitlines()
    kept = [n for n, one in enumerate(lines) if _TABLE.match(one) or one.startswith("Datapath actions")]
    ends = [n + 1 for n in kept[-2:-1] if n + 1 not in kept and n + 1 < len(lines)]
    return [lines[n].rstrip() for n in sorted({*kept, *ends})]


def _row(number: int, hop: Hop, meant: Meant) -> tuple[str, ...]:
    return (
        str(number),
        f"+{words.span(hop.delta_ns)}" if hop.delta_ns else "",
        hop.node,
        words.ports(hop, meant),
        words.span(hop.inside_ns) if hop.inside_ns is not None else "",
        words.ttl(hop),
        words.carried(hop),
        words.served(hop),
    )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as they must be; one that nobody fills is left out. The first two are numbers."""
    used = [place for place in range(len(rows[0])) if any(row[place] for row in rows[1:])]
    widths = {place: max(len(row[place]) for row in rows) for place in used}
    for row in rows:
        cells = [row[p].rjust(widths[p]) if p < 2 else row[p].ljust(widths[p]) for p in used]  # noqa: PLR2004 - see above
        yield ("  " + "  ".join(cells)).rstrip()
