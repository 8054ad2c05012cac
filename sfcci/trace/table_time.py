"""When flows are told of and let go: updates each minute, silence, and what is kept of either (LastUpdateMetric)."""

from typing import Final

from sfcci.trace.flow import NOT_FINISHED, TCP_FIN, TCP_RST, TOLD, TOTAL, UNKNOWN, FlowRecord
from sfcci.trace.packet import ACK, FIN, RST, SYN

SECOND: Final = 1_000_000_000
UPDATE_NS: Final = 60 * SECOND
EXPIRE_S, FINISHED_S = 600, 15
APPLICATION_S = {"ARP": 10, "DNS": 20}
"""How long flows of questions and answers are kept after the last packet."""


def kept_ns(flow: FlowRecord) -> int:
    """Give how long a flow is kept after its last packet."""
    if flow.finish != NOT_FINISHED:
        return FINISHED_S * SECOND
    return APPLICATION_S.get(flow.shape.application, EXPIRE_S) * SECOND


def told_ns(flow: FlowRecord) -> int:
    """Give when a flow was told of, or began."""
    return int.from_bytes(flow.told[-8:], "big") if flow.told else flow.start_ns


def tell(flow: FlowRecord, now_ns: int) -> None:
    """Set what has passed since the last update."""
    now = TOLD.pack(flow.ab.to_bytes(TOTAL, "big"), flow.ba.to_bytes(TOTAL, "big"), now_ns)
    before = flow.told[TOLD.size :] if flow.told else TOLD.pack(bytes(TOTAL), bytes(TOTAL), flow.start_ns)
    flow.told = before + now


def note(flow: FlowRecord, time_ns: int, flags: int, *, forward: bool, size: int) -> None:
    """Take note of a connection's round trip and end; `size` is what the packet with these flags has just added."""
    if flags & (SYN | ACK) == SYN and forward and flow.ab == size and not flow.ba:
        flow.rtt = UNKNOWN
    if flow.rtt == UNKNOWN and not forward and flags & (SYN | RST):
        flow.rtt = time_ns - flow.start_ns
    if flags & RST:
        flow.finish = TCP_RST
    elif flags & FIN and flow.finish == NOT_FINISHED:
        flow.finish = TCP_FIN
