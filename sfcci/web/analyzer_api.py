"""The analyzer's REST interface, as Skydive's clients ask it: topology, captures, alerts, packets to send, files of packets.

Addresses, bodies and statuses are Skydive's (api/server); of a capture or an alert also YAML is taken.
"""

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sfcci import __version__
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.trace import alert
from sfcci.trace.analyzer import Analyzer
from sfcci.trace.injections import Injections
from sfcci.trace.unanswered import NoSuch
from sfcci.web.analyzer_answer import Asked, Endpoint, answer_json, answering, mapping, text
from sfcci.web.analyzer_door import Door

if TYPE_CHECKING:
    from starlette.responses import Response

T = TypeVar("T")
MOST_IMPORTED: Final = 200_000
"""Flows of one file: those that had no packets for longest go. A second link type has a half beside, and so on."""
IMPORT_S: Final = 300.0
"""How long a file may take: some hundred million packets, or four million that are each a flow."""
DOT, PCAP = "vnd.graphviz", "vnd.tcpdump.pcap"
SPAN: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Kind:
    """A kind of what is asked for: list, make one, end one."""

    shown: Callable[[], Mapping[str, Mapping[str, Any]]]
    make: Callable[[Mapping[str, Any], float | None], Mapping[str, Any]]
    end: Callable[[str], None]


@dataclass(frozen=True)
class Api:
    """The analyzer with what it is asked for."""

    analyzer: Analyzer
    injections: Injections

    def kinds(self) -> dict[str, Kind]:
        """Give the kinds by their names in addresses."""
        analyzer, injections = self.analyzer, self.injections
        return {
            "capture": Kind(analyzer.shown_captures, self._capture, analyzer.delete_capture),
            "alert": Kind(
                analyzer.alerts.shown,
                lambda given, _ttl: analyzer.create_alert(given),
                analyzer.delete_alert,
            ),
            "injectpacket": Kind(
                injections.shown, lambda given, _ttl: injections.begin(given), injections.stop
            ),
        }

    def _capture(self, given: Mapping[str, Any], ttl_s: float | None) -> Mapping[str, Any]:
        made = self.analyzer.create_capture(given, ttl_s=ttl_s)
        return self.analyzer.shown_captures()[made.uuid]

    # Endpoints

    def about(self, _asked: Asked) -> "Response":
        """GET /api."""
        return answer_json({"Host": socket.gethostname(), "Version": __version__, "Service": "analyzer"})

    def topology(self, asked: Asked) -> "Response":
        """GET and POST /api/topology: the whole graph, or what an expression gives."""
        query = "G"
        if asked.request.method == "POST":
            given = mapping(asked.given).get("GremlinQuery", "")
            if not isinstance(given, str):
                raise InputError(Fault(Place("GremlinQuery"), f"is {given!r}"[:80], "a text"))
            query = given
        if not query.strip():
            from starlette.responses import Response

            return Response(status_code=204)
        return self._told(query, asked.request.headers.get("accept", ""))

    def _told(self, query: str, accept: str) -> "Response":
        from starlette.responses import Response

        answer = self.analyzer.query(query)
        if DOT in accept:
            from sfcci.trace import dot

            return Response(dot.dot(*answer.graph()), media_type="text/vnd.graphviz; charset=utf-8")
        if PCAP in accept:
            from sfcci.trace import pcap

            packets = answer.packets()
            link_type = packets[0].link_type if packets else 1
            same = ((one.time_ns, one.data, one.length) for one in packets if one.link_type == link_type)
            return Response(b"".join(pcap.dump(same, link_type)), media_type=f"application/{PCAP}")
        return answer_json(answer.json())

    def chain_path(self, asked: Asked) -> "Response":
        """GET /api/chainpath/ID: the paths of the requests with that L3TrackingID, newest first."""
        if not asked.id.isalnum():
            raise UsageError("a tracking ID has letters and digits only")
        flows = self.analyzer.query(f"G.Flows().Has('L3TrackingID', '{asked.id}')").flows()
        if not flows:
            raise NoSuch(f"no flow has the L3TrackingID {asked.id}")
        return answer_json(self.analyzer.chain_paths(flows))

    def import_packets(self, asked: Asked) -> "Response":
        """POST /api/pcap: the flows of a file of packets."""
        from sfcci.trace import pcap
        from sfcci.trace.packet import BY_LINK_TYPE
        from sfcci.trace.table import FlowTable

        assert asked.file is not None  # noqa: S101 - its route takes one
        tables: dict[int, FlowTable] = {}
        unknown = 0
        for frame in _in_time(pcap.frames(asked.file, "the file"), IMPORT_S):
            kind = frame.link_type
            if kind not in BY_LINK_TYPE:
                unknown += 1
                continue
            table = tables.get(kind) or tables.setdefault(
                kind, FlowTable(limit=MOST_IMPORTED // (len(tables) + 1), link_type=kind)
            )
            table.add(frame.time_ns, frame.data, frame.length)
        flows = [flow for table in tables.values() for flow in table.flows()]
        unknown += sum(table.undecodable for table in tables.values())
        if unknown and not flows:
            expected = f"frames of a link type among {', '.join(map(str, sorted(BY_LINK_TYPE)))}"
            raise InputError(Fault(Place("the file"), "no frame in it can be read", expected))
        self.analyzer.take_flows(flows)
        return answer_json({"Flows": len(flows), "Undecodable": unknown}, 202)

    def status(self, _asked: Asked) -> "Response":
        """GET /api/status."""
        return answer_json(self.analyzer.status())


def _in_time(given: Iterable[T], limit_s: float) -> Iterator[T]:
    """Give them as long as there is time. Raises UsageError."""
    end = time.monotonic() + limit_s
    for number, one in enumerate(given):
        if not number % 4096 and time.monotonic() > end:
            raise UsageError(f"the file takes longer than {limit_s:g} s; send it in parts (editcap -c)")
        yield one


def crud(door: Door, kind: Kind, name: str) -> dict[tuple[str, str], Endpoint]:
    """Give the endpoints of a kind: (method, path) → endpoint."""

    def listed(_asked: Asked) -> "Response":
        return answer_json(dict(kind.shown()))

    def one(asked: Asked) -> "Response":
        found = kind.shown().get(asked.id)
        if found is None:
            raise NoSuch(f"there is no {name} {asked.id}")
        return answer_json(found)

    def made(asked: Asked) -> "Response":
        ttl_s = span(asked.request.headers.get("x-resource-ttl", ""))
        return answer_json(kind.make(mapping(asked.given), ttl_s), 201)

    def ended(asked: Asked) -> "Response":
        kind.end(asked.id)
        return text("")

    path = f"/api/{name}"
    return {
        ("GET", path): answering(door, listed),
        ("POST", path): answering(door, made, body="document"),
        ("GET", path + "/{id}"): answering(door, one),
        ("DELETE", path + "/{id}"): answering(door, ended),
    }


def span(text_: str) -> float | None:
    """Give the seconds of a span such as 10s or 500ms, None where there is none. Raises InputError."""
    if not text_:
        return None
    return alert.interval_s(f"duration:{text_}")


def endpoints(door: Door, api: Api) -> dict[tuple[str, str], Endpoint]:
    """Give all endpoints of the interface: (method, path) → endpoint."""
    found = {
        ("GET", "/api"): answering(door, api.about),
        ("GET", "/api/topology"): answering(door, api.topology),
        ("POST", "/api/topology"): answering(door, api.topology, body="document"),
        ("GET", "/api/chainpath/{id}"): answering(door, api.chain_path),
        ("POST", "/api/pcap"): answering(door, api.import_packets, body="file"),
        ("GET", "/api/status"): answering(door, api.status),
    }
    for name, kind in api.kinds().items():
        found |= crud(door, kind, name)
    return found
