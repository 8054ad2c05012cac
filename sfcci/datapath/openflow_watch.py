"""Being told of what others do to a switch's flows and groups: the octets that ask for it and what comes, as values.

What the same connection changes is not told. Source: OpenFlow Switch Specification 1.5.1, 7.3.5.17 (flow monitoring),
7.3.10 (asynchronous configuration), 7.4.6 (request forward).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sfcci.chain.openflow import FlowKey, Match
from sfcci.datapath import openflow_message as wire
from sfcci.datapath.openflow_decode import Unread, decode_match, entries

SET_ASYNC, REQUEST_FORWARD = 28, 32
FLOW_MONITOR = 16
FORWARDED_TO_EQUALS = 11
"""What an asynchronous configuration calls forwarded requests, for a connection that is no slave."""
GROUPS_CHANGE = 1
ADDED, REMOVED, MODIFIED = 2, 4, 8
PAUSED, RESUMED = 5, 6
EVERY_GROUP = 0xFFFFFFFC


class FlowFate(StrEnum):
    """What another did to a flow."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"


@dataclass(frozen=True)
class FlowEvent:
    """Another added, removed or changed a flow. `match` is None where it is not in our words."""

    fate: FlowFate
    table: int
    priority: int
    match: Match | None
    cookie: int

    @property
    def key(self) -> FlowKey | None:
        """What the switch knows the flow by; None where it is not in our words, and so is no key of ours."""
        return None if self.match is None else (self.table, self.priority, self.match)


@dataclass(frozen=True)
class GroupEvent:
    """Another asked for a change of a group, which was done; `number` is None for every group at once."""

    number: int | None


@dataclass(frozen=True)
class Missed:
    """More happened than the switch could tell: what it holds has to be read again."""


def ask_flow_events(xid: int) -> bytes:
    """Give the question to be told of every change of a flow that another makes, from now on, without its actions."""
    body = struct.pack("!IIIHBB", 1, wire.ANY, wire.ANY, ADDED | REMOVED | MODIFIED, 0xFF, 0)
    return wire.message(
        wire.MULTIPART_REQUEST, xid, struct.pack("!HH4x", FLOW_MONITOR, 0) + body + wire.EVERYTHING
    )


def want_group_events(xid: int) -> bytes:
    """Give what has a switch tell of the groups that others change."""
    return wire.message(SET_ASYNC, xid, struct.pack("!HHI", FORWARDED_TO_EQUALS, 8, GROUPS_CHANGE))


def decode_flow_events(octets: bytes) -> Iterator[FlowEvent | Missed]:
    """Give what a part of a monitor's answer tells; that something of our own was done is left out."""
    for entry in entries(octets):
        kind = struct.unpack_from("!H", entry, 2)[0]
        if kind == PAUSED:
            yield Missed()
        elif kind in _FATES:
            yield _flow_event(_FATES[kind], entry)


_FATES = {1: FlowFate.ADDED, 2: FlowFate.REMOVED, 3: FlowFate.MODIFIED}


def _flow_event(fate: FlowFate, entry: bytes) -> FlowEvent:
    table, priority, cookie = struct.unpack_from("!4xB5xH4xQ", entry)
    try:
        matched = decode_match(entry, 24)[0]
    except Unread:
        matched = None
    return FlowEvent(fate, table, priority, matched, cookie)


def decode_group_event(body: bytes) -> GroupEvent | None:
    """Give what a forwarded request is about, if it is about groups."""
    if len(body) < 16 or body[1] != wire.GROUP_MOD:  # noqa: PLR2004 - two headers
        return None
    number = struct.unpack_from("!I", body, 12)[0]
    return GroupEvent(None if number == EVERY_GROUP else number)
