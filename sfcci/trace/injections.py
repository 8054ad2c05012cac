"""Packets that are to be sent: from a node that an expression chooses, to another one, or to an address.

What is not given is found in the topology: addresses are the nodes', the next hop's MAC is the destination's. The names
are those of Skydive's API (types.PacketInjection).
"""

import base64
import io
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sfcci.errors import Fault, InputError, Place, SfcciError, UsageError
from sfcci.trace import captures
from sfcci.trace.analyzer import Analyzer
from sfcci.trace.graph import Node
from sfcci.trace.injection import Injection
from sfcci.trace.injector import inject, inject_frames
from sfcci.trace.unanswered import NoSuch

MOST_AT_ONCE: Final = 16
MOST_KEPT: Final = 100
MOST_PACKETS: Final = 1_000_000
TYPES: Final = ("icmp4", "icmp6", "tcp4", "tcp6", "udp4", "udp6")
_NUMBERS: Final[Mapping[str, tuple[int, int, int]]] = {
    # least, most, what counts when it is not given
    "SrcPort": (0, 65535, 0),
    "DstPort": (0, 65535, 0),
    "ICMPID": (0, 65535, 0),
    "Count": (1, MOST_PACKETS, 1),
    "Interval": (0, 3_600_000, 1000),
    "IncrementPayload": (0, 9000, 0),
    "TTL": (0, 255, 64),
}
Send = Callable[[threading.Event, Callable[[int], None]], int]
"""Sends until all is sent or the event is set, tells each number; gives the last."""
_TEXTS: Final = (
    "Src",
    "Dst",
    "SrcIP",
    "DstIP",
    "SrcMAC",
    "DstMAC",
    "Type",
    "Payload",
    "Mode",
    "Pcap",
    "UUID",
)


@dataclass
class Running:
    """Packets that are being sent, or were."""

    shown: dict[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Injections:
    """All of one analyzer."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer, self._lock = analyzer, threading.Lock()
        self._known: dict[str, Running] = {}

    def shown(self) -> dict[str, dict[str, Any]]:
        """Give those that are known, by UUID."""
        with self._lock:
            return {key: dict(one.shown) for key, one in self._known.items()}

    def begin(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Begin to send. Raises InputError, UsageError, Gone."""
        asked = checked(given)
        with self._analyzer.lock:
            send = self._sender(asked)
        key = str(uuid.uuid4())
        running = Running({**asked, "UUID": key, "State": "sending", "Sent": 0})
        with self._lock:
            if sum(one.shown["State"] == "sending" for one in self._known.values()) >= MOST_AT_ONCE:
                raise UsageError(f"{MOST_AT_ONCE} injections are being sent; wait, or end one")
            self._known[key] = running
            while len(self._known) > MOST_KEPT:
                over = next((k for k, one in self._known.items() if one.shown["State"] != "sending"), None)
                self._known.pop(over or key)
        running.thread = threading.Thread(
            target=self._send, args=(send, running), name="injection", daemon=True
        )
        running.thread.start()
        return dict(running.shown)

    def stop(self, which: str) -> None:
        """Send no more, and forget it. Raises NoSuch."""
        with self._lock:
            running = self._known.pop(which, None)
        if running is None:
            raise NoSuch(f"there is no injection {which}")
        running.stop.set()

    def close(self) -> None:
        """End all."""
        with self._lock:
            there = list(self._known.values())
        for one in there:
            one.stop.set()
        for one in there:
            if one.thread:
                one.thread.join(5)

    def _send(self, send: Send, running: Running) -> None:
        def sent(count: int) -> None:
            running.shown["Sent"] = count

        try:
            end = {"State": "done", "Sent": send(running.stop, sent)}
        except SfcciError as error:
            end = {"State": "failed", "Error": str(error)}
        with self._lock:
            running.shown |= end

    def _sender(self, asked: Mapping[str, Any]) -> Send:
        source = self._node("Src", str(asked["Src"]))
        opener = self._analyzer.opener()
        where = captures.namespace(source, self._analyzer.graph), str(source.metadata["Name"])
        if asked.get("Pcap"):
            frames = _frames(str(asked["Pcap"]))
            return lambda stop, sent: inject_frames(
                opener, *where, lambda _mac: frames, interval_ms=asked["Interval"], stop=stop, sent=sent
            )
        injection = self._injection(asked, source)
        return lambda stop, sent: inject(opener, *where, injection, stop=stop, sent=sent)

    def _injection(self, asked: Mapping[str, Any], source: Node) -> Injection:
        target = self._node("Dst", str(asked["Dst"])) if asked.get("Dst") else None
        version = 6 if str(asked["Type"]).endswith("6") else 4
        return Injection(
            str(asked["Type"]),
            src_ip=str(asked.get("SrcIP") or _address("SrcIP", source, version)),
            dst_ip=str(asked.get("DstIP") or _address("DstIP", target, version)),
            src_mac=str(asked.get("SrcMAC") or source.metadata.get("MAC") or ""),
            dst_mac=str(asked.get("DstMAC") or _mac(target)),
            src_port=asked["SrcPort"],
            dst_port=asked["DstPort"],
            id=asked["ICMPID"],
            count=asked["Count"],
            interval_ms=asked["Interval"],
            payload=asked.get("Payload", ""),
            inc_payload=asked["IncrementPayload"],
            mode=asked.get("Mode", "unique"),
            ttl=asked["TTL"] or 64,
        )

    def _node(self, key: str, expression: str) -> Node:
        nodes = [
            node for node in captures.chosen(self._analyzer.query(expression)) if node.metadata.get("IfIndex")
        ]
        if not nodes:
            raise InputError(
                Fault(Place(key), f"{expression} gives no interface", "one that packets can pass")
            )
        return nodes[0]


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is asked for, with what counts for what is not given. Raises InputError with all faults."""
    faults = [
        Fault(Place(key), "an injection has no such key", "one of " + ", ".join((*_TEXTS, *_NUMBERS)))
        for key in given
        if key not in _TEXTS and key not in _NUMBERS and key not in {"Increment", "StartTime"}
    ]
    asked: dict[str, Any] = {}
    for key, (least, most, default) in _NUMBERS.items():
        value = given.get(key)
        asked[key] = default if value is None or (value == 0 and least == 1) else value
        if not isinstance(asked[key], int) or not least <= asked[key] <= most:
            faults.append(Fault(Place(key), f"is {value!r}"[:80], f"a number from {least} to {most}"))
    for key in _TEXTS:
        if (value := given.get(key)) is not None and not isinstance(value, str):
            faults.append(Fault(Place(key), f"is {value!r}"[:80], "a text"))
        elif value:
            asked[key] = value
    asked["Type"] = {"icmp": "icmp4", "tcp": "tcp4", "udp": "udp4", "": "icmp4"}.get(
        str(asked.get("Type", "")), asked.get("Type")
    )
    if asked["Type"] not in TYPES:
        faults.append(Fault(Place("Type"), f"is {asked['Type']!r}"[:80], "one of " + ", ".join(TYPES)))
    if not asked.get("Src"):
        faults.append(
            Fault(Place("Src"), "is missing", "an expression that chooses the interface that sends")
        )
    if not (asked.get("Dst") or asked.get("DstIP") or asked.get("Pcap")):
        faults.append(
            Fault(Place("Dst"), "is missing", "an expression for the destination, or DstIP and DstMAC")
        )
    if faults:
        raise InputError(*faults)
    return asked


def _frames(text: str) -> list[bytes]:
    """Give the frames of a capture in base64. Raises InputError."""
    from sfcci.trace import pcap

    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise InputError(Fault(Place("Pcap"), "is no base64", "a capture in base64")) from None
    return [packet.data for packet in pcap.frames(io.BytesIO(data), "Pcap")]


def _address(key: str, node: Node | None, version: int) -> str:
    """Give a node's first address; an interface's link-local one only where there is no other."""
    found = [str(one).partition("/")[0] for one in (node.metadata.get(f"IPV{version}") or () if node else ())]
    found.sort(key=lambda one: one.startswith("fe80:"))
    if not found:
        name = node.metadata.get("Name") if node else "no node"
        raise InputError(
            Fault(Place(key), f"is missing, and {name} has no IPv{version} address", "an address")
        )
    return found[0]


def _mac(node: Node | None) -> str:
    """Give the MAC that reaches a node: what the switch knows to be behind its port, else its own."""
    if node is None:
        raise InputError(Fault(Place("DstMAC"), "is missing", "the next hop's MAC, or an expression as Dst"))
    external = node.metadata.get("ExtID")
    attached = external.get("attached-mac") if isinstance(external, Mapping) else None
    return str(attached or node.metadata.get("MAC") or "")
