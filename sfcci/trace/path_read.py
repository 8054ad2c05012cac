"""Paths read from their documents, as a gate's evidence or an analyzer has them; see `path_json`."""

from collections.abc import Iterator, Mapping
from typing import Any

from sfcci.chain.journey import Layout
from sfcci.chain.model import ChainState
from sfcci.datapath.topology import Port, Topology
from sfcci.errors import Fault, InputError, Place
from sfcci.trace import carried
from sfcci.trace.chainpath import ChainPath, Hop, Role, Step, Verdict, Where
from sfcci.trace.meant import Meant
from sfcci.trace.packet import FiveTuple
from sfcci.trace.passes import Pass

Known = Mapping[tuple[int, str, str], Pass]
Document = Mapping[str, Any]


def paths_in(document: Document, source: str) -> tuple[tuple[ChainPath, ...], Meant]:
    """Give the paths of a document and, of what is meant, the ports that they name. Raises InputError; `source`: where it is from."""
    try:
        paths = tuple(_path(one) for one in document["paths"])
        ports = {port.id or port.name: port for one in document["paths"] for port in _ports(one)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(Fault(Place(source), f"{error!r}", "a document of paths")) from None
    return paths, Meant(Topology(ports=tuple(ports.values())), Layout(ChainState(), {}, {}))


def _path(given: Document) -> ChainPath:
    flow = FiveTuple(**given["flow"])
    known = {(one["time_ns"], one["port"], one["direction"]): _pass(one, flow) for one in given["passes"]}
    return ChainPath(
        flow,
        given["l3_tracking_id"],
        given["direction"],
        tuple(_hop(hop, known) for hop in given["hops"]),
        Verdict(given["verdict"]),
        given["says"],
        given["chain"] or "",
        given["back"],
        tuple(_step(step) for step in given["meant"]),
        given["node"] or "",
        Where(given["where"]) if given["where"] else None,
        told=given["told"] or "",
        packets=given["packets"],
        alike=given["alike"],
        first=given["packet"],
    )


def _pass(given: Document, flow: FiveTuple) -> Pass:
    macs = given["eth_src"], given["eth_dst"]
    words = given["time_ns"], given["node"], given["tap"] or given["port"], given["direction"]
    return Pass(*words, carried.parse(given["encap"]), *macs, given["ttl"], given["length"], flow)


def _hop(given: Document, known: Known) -> Hop:
    begin, inside = given["time_ns"], given["inside_ns"]
    came, left = given["port_in"], given["port_out"]
    return Hop(
        given["node"],
        Role(given["role"]),
        known[begin, came["name"], "out"] if came else None,
        known[begin + (inside or 0), left["name"], "in"] if left else None,
        given["delta_ns"],
        given["chain"] or "",
        given["group"] or "",
        given["pair"] or "",
        given["spi"],
        given["si"],
        given["label"],
        given["on_wire"],
        given["number"],
        tuple(given["buckets"]),
        given["choices"],
        given["fault"] or "",
    )


def _step(given: Document) -> Step:
    return Step(given["group"], tuple(given["pairs"]), tuple(given["nodes"]), given["visited"], given["tap"])


def _ports(given: Document) -> Iterator[Port]:
    for hop in given["hops"]:
        for named in (hop["port_in"], hop["port_out"]):
            if named and named["id"]:
                yield Port(named["id"], named["name"], hop["node"], "", "", 0)
