"""The flows of all captures: a table for each captured place, and for a while the flows that have ended.

Tables belong to the thread that fills them: whoever looks into one or ends its flows does so there (`do`).
"""

import heapq
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sfcci.trace import table_time
from sfcci.trace.captures import Capture
from sfcci.trace.flow import FlowRecord
from sfcci.trace.table import FlowTable

MOST_ENDED: Final = 200_000
ENDED_S: Final = 600.0
"""How long a flow that has ended is still asked for (longer ago: by `At` and `Since`)."""
MOST_FLOWS: Final = 500_000
"""Flows of all tables together, whenever `tick` has looked: those with more than their part give way."""
MOST_RAW: Final = 200_000
"""Frames kept of flows that have ended."""
Key = tuple[str, str]
"""TID of the captured node, UUID of the capture."""


def directly(function: Callable[[], Any]) -> Any:
    """Run a function where no packet can come in."""
    return function()


def _flows_of(table: FlowTable) -> list[FlowRecord]:
    return list(table.flows())


@dataclass
class FlowStore:
    """All tables. Times in ns since 1970."""

    most_flows: int = MOST_FLOWS
    do: Callable[[Callable[[], Any]], Any] = directly
    """Runs a function where no packet comes in meanwhile."""
    _tables: dict[Key, FlowTable] = field(default_factory=dict)
    _ended: "OrderedDict[str, tuple[int, FlowRecord]]" = field(default_factory=OrderedDict)
    _untold: list[FlowRecord] = field(default_factory=list)
    """Flows whose table has ended, and whose last interval nobody was given yet."""
    _written_ns: int = 0
    _evicted: int = 0
    _undecodable: int = 0
    _raw_lost: int = 0
    _raw: int = 0
    """Frames kept of flows that have ended."""

    def table(self, node_tid: str, capture: Capture, link_type: int = 1) -> FlowTable:
        """Give the table of a captured node, made when it is the first time."""
        key = (node_tid, capture.uuid)
        if key not in self._tables:
            self._tables[key] = FlowTable(
                node_tid,
                capture.uuid,
                limit=self.most_flows,
                mode=capture.layer_key_mode or "L2",
                tcp_metrics=capture.extra_tcp_metric,
                defragment=capture.ip_defrag,
                dns="DNS" in capture.extra_layers,
                raw_limit=capture.raw_packet_limit,
                header_size=header_size(capture),
                link_type=link_type,
            )
        return self._tables[key]

    def keep_only(self, keys: Iterable[Key]) -> None:
        """End the tables of everything else: their flows count as ended now."""
        gone = self._tables.keys() - set(keys)
        for key in gone:
            table = self._tables.pop(key)
            flows, now_ns = self.do(partial(_flows_of, table)), time.time_ns()
            for flow in flows:
                table_time.tell(flow, now_ns)
            self._untold += flows
            self.end(flows, now_ns)
            self._evicted += table.evicted
            self._undecodable += table.undecodable
            self._raw_lost += table.raw.lost

    def end(self, flows: Iterable[FlowRecord], now_ns: int | None = None) -> None:
        """Keep flows that get no more packets."""
        at = now_ns or time.time_ns()
        for flow in flows:
            self._forget_one(str(flow.uuid))
            self._ended[str(flow.uuid)] = (at, flow)
            self._raw += _raw(flow)
        while len(self._ended) > MOST_ENDED or (self._raw > MOST_RAW and self._ended):
            self._forget_one(next(iter(self._ended)))

    def flows(self) -> list[FlowRecord]:
        """Give all flows, also those that have just ended, in no order."""
        found = [flow for _, flow in self._ended.values()]
        for table in tuple(self._tables.values()):
            found += self.do(partial(_flows_of, table))
        return found

    def tick(self, now_ns: int) -> list[FlowRecord]:
        """End what is over; give the flows whose interval is complete."""
        updated: list[FlowRecord] = []
        ended: list[FlowRecord] = []
        for table in tuple(self._tables.values()):  # one by one: packets come in between
            of_table, over = self.do(partial(table.tick, now_ns))
            updated += of_table
            ended += over
        self.end(ended, now_ns)
        self._forget(now_ns)
        self._make_room()
        untold, self._untold = self._untold, []
        return updated + ended + untold

    def changed(self, most: int) -> list[FlowRecord]:
        """Give flows that had packets since they were given last, at most so many: those whose last packet is oldest."""
        since = self._written_ns
        found = (
            (flow.last_ns, number, flow) for number, flow in enumerate(self.flows()) if flow.last_ns > since
        )
        fresh = heapq.nsmallest(most, found)
        if fresh:
            self._written_ns = fresh[-1][0]
        return [flow for _, _, flow in fresh]

    def statistics(self) -> dict[str, int]:
        """Give the numbers: flows in tables, ended ones that are kept, evicted ones, frames that were not kept, or no packets."""
        tables = tuple(self._tables.values())
        return {
            "Flows": self.do(lambda: sum(len(table) for table in tables)),
            "Ended": len(self._ended),
            "Evicted": self._evicted + sum(table.evicted for table in tables),
            "RawPacketsLost": self._raw_lost + sum(table.raw.lost for table in tables),
            "Undecodable": self._undecodable + sum(table.undecodable for table in tables),
        }

    def _forget(self, now_ns: int) -> None:
        limit = now_ns - int(ENDED_S * 1e9)
        while self._ended:
            uuid, (at, _) = next(iter(self._ended.items()))
            if at > limit:
                return
            self._forget_one(uuid)

    def _forget_one(self, uuid: str) -> None:
        _, flow = self._ended.pop(uuid, (0, None))
        self._raw -= _raw(flow)

    def _make_room(self) -> None:
        """Have the fullest tables give flows up where all together have too many."""
        tables = sorted(self._tables.values(), key=len, reverse=True)
        over = sum(map(len, tables)) - self.most_flows
        for table in tables:
            if over <= 0:
                return
            number = min(over, len(table) - self.most_flows // len(tables))
            self.do(partial(table.evict, number))
            over -= number


def _raw(flow: FlowRecord | None) -> int:
    return len(flow.more.raw_packets) if flow and flow.more else 0


def header_size(capture: Capture) -> int:
    """Give how many octets of each frame are looked at: all that raw packets and fragments need."""
    return capture.header_size or 256
