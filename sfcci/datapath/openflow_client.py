"""A connection to one switch, in OpenFlow 1.5: changes applied as bundles, what it holds read back, its events.

Nothing runs beside the caller: what the switch says of its own accord is taken in whenever the caller waits for an
answer or calls `look`, and kept until `events` hands it out.
"""

import itertools
import select
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from sfcci.chain.openflow import OUR_COOKIE, Flow, Group
from sfcci.chain.program import Change
from sfcci.datapath import openflow_decode as decode
from sfcci.datapath import openflow_encode as encode
from sfcci.datapath import openflow_event as event
from sfcci.datapath import openflow_message as wire
from sfcci.datapath import openflow_watch as watch
from sfcci.datapath.openflow_error import words
from sfcci.datapath.unix_socket import connected
from sfcci.errors import SfcciError, Unreachable
from sfcci.garbage import garbage_waits

OUR_COOKIES = 0xFFFF_0000_0000_0000
"""The bits of a cookie that say that a flow is ours."""
PATIENCE_S = 60.0
"""How long a switch may say nothing, and take nothing in, while it is asked something."""
PIECE = 1 << 18
"""Octets that are sent, or taken in, at once."""
HEADER = 8
MOST_TOLD = 500
"""Characters of a refused change that are told: a group may have a thousand buckets."""


@dataclass(frozen=True)
class Refusal:
    """Why a switch did not take a change; `change` is None when it is the bundle itself."""

    change: Change | None
    reason: str

    def __str__(self) -> str:
        if self.change is None:
            return self.reason
        change = str(self.change)
        return f"{change if len(change) <= MOST_TOLD else change[:MOST_TOLD] + '…'}: {self.reason}"


class Refused(SfcciError):  # noqa: N818 - the switch's answer
    """A switch did not take changes: none of the bundle is done."""

    def __init__(self, address: str, refusals: tuple[Refusal, ...]) -> None:
        self.refusals = refusals
        lines = (f"  {refusal}" for refusal in refusals)
        super().__init__("\n".join([f"the switch at {address} took none of the changes", *lines]))


@dataclass(frozen=True)
class Held:
    """What a switch holds. `unread`: what is there in our name, or a group, and is nothing that we say, each in words.

    `strays` are the flows among that, `odd_groups` the groups' numbers.
    """

    flows: tuple[Flow, ...]
    groups: tuple[Group, ...]
    unread: tuple[str, ...] = ()
    strays: tuple[decode.Stray, ...] = ()
    odd_groups: tuple[int, ...] = ()


Item = TypeVar("Item")
Event = event.PortEvent | event.Paused | watch.FlowEvent | watch.GroupEvent | watch.Missed
_TELLING: Mapping[int, Callable[[bytes], Event | None]] = {
    wire.PORT_STATUS: event.decode_port_event,
    wire.EXPERIMENTER: event.decode_paused,
    watch.REQUEST_FORWARD: watch.decode_group_event,
}
"""Kinds of messages that a switch sends of its own accord → what reads them; None: it is nothing to us."""


class Switch:
    """A switch at the other end of a connection. Not for two threads at once."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        """Greet the switch. Raises Unreachable. `sock` is connected; it is closed with this."""
        self.address = address
        self._sock = sock
        self._in, self._out = bytearray(), bytearray()
        self._events: list[Event] = []
        self._said: deque[tuple[int, int, bytes]] = deque()
        self._errors: list[tuple[int, bytes]] = []
        self._xids, self._bundles = itertools.count(1), itertools.count(1)
        sock.setblocking(False)
        self._out += wire.hello(self._xid()) + wire.want_events(self._xid())
        self.barrier()

    def fileno(self) -> int:
        """What becomes readable when the switch has said something."""
        return self._sock.fileno()

    def close(self) -> None:
        """End the connection; again is allowed. Packets that wait with us are lost."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def apply(self, changes: Iterable[Change]) -> None:
        """Have the switch take all of the changes at once, or none. Raises Refused, Unreachable.

        Committed only when every change is in: Open vSwitch would commit the others without one that it refused.
        """
        steps = tuple(changes)
        if not steps:
            return
        number, opening = next(self._bundles) & wire.ANY, self._xid()
        first = self._take_xids(len(steps))
        self._out += wire.bundle_control(opening, number, wire.BUNDLE_OPEN)
        try:
            self._send_all(encode.additions(steps, number, first))
            refusals = _refusals(self.barrier(), steps, first)
        except encode.TooLong as error:
            refusals = (Refusal(error.change, str(error)),)
        end, what = self._xid(), wire.BUNDLE_DISCARD if refusals else wire.BUNDLE_COMMIT
        self._out += wire.bundle_control(end, number, what)
        refusals += _refusals(self._answers(wire.BUNDLE_CONTROL, end)[1], steps, first)
        if refusals:
            raise Refused(self.address, refusals)

    def barrier(self) -> list[tuple[int, bytes]]:
        """Wait until all that was sent is done; give the errors that came meanwhile. Raises Unreachable."""
        xid = self._xid()
        self._out += wire.message(wire.BARRIER_REQUEST, xid)
        return self._answers(wire.BARRIER_REPLY, xid)[1]

    def held(self, cookie: int = OUR_COOKIE, mask: int = OUR_COOKIES) -> Held:
        """Give the flows whose cookie agrees with `cookie` in the bits of `mask`, and all groups.

        Raises Unreachable, Refused.
        """
        odd_flows, odd_groups = dict[bytes, str](), dict[bytes, str]()
        with garbage_waits():
            flows = self._read(wire.ask_flows(self._xid(), cookie, mask), decode.decode_flow, odd_flows)
            groups = self._read(wire.ask_groups(self._xid()), decode.decode_group, odd_groups)
        unread = [f"a flow that is not as we make them: {why}" for why in odd_flows.values()]
        unread += [f"a group that is not as we make them: {why}" for why in odd_groups.values()]
        return Held(
            tuple(flows),
            tuple(groups),
            tuple(unread),
            tuple(map(decode.decode_stray, odd_flows)),
            tuple(map(decode.decode_group_number, odd_groups)),
        )

    def remove(self, strays: Iterable[decode.Stray]) -> None:
        """Take away flows that are not in our words. Raises Unreachable, Refused."""
        for stray in strays:
            self._out += encode.removal(stray, self._xid())
        if errors := self.barrier():
            raise Refused(self.address, _refusals(errors, (), 0))

    def ports(self) -> dict[int, event.SwitchPort]:
        """Give the switch's ports by number. Raises Unreachable, Refused."""
        parts = self._ask(wire.ask_ports(self._xid()))
        return {port.number: port for part in parts for port in event.decode_ports(part)}

    def want_paused(self) -> None:
        """Have the switch give us the packets that pause. Raises Unreachable, Refused."""
        self._out += wire.want_paused(self._xid())
        if errors := self.barrier():
            raise Refused(self.address, _refusals(errors, (), 0))

    def watch(self) -> None:
        """Have the switch tell what others change of its flows and groups. Raises Unreachable, Refused."""
        self._out += watch.want_group_events(self._xid())
        for part in self._ask(watch.ask_flow_events(self._xid())):
            self._events.extend(watch.decode_flow_events(part))

    def resume(self, packets: Iterable[event.Paused]) -> int:
        """Give packets back in this order, and wait until they have gone on; give how many went. Raises Unreachable."""
        count = 0
        for packet in packets:
            self._out += wire.resume(self._xid(), packet.octets)
            count += 1
        return count - len(self.barrier()) if count else 0

    def look(self, seconds: float = 0.0) -> None:
        """Take in what the switch says, waiting so long for the first of it. Raises Unreachable."""
        self._step(seconds)
        self._take()
        if self._out:
            self._step(0)

    @property
    def has_events(self) -> bool:
        """Whether `events` has something to hand out: it was taken in while an answer was waited for."""
        return bool(self._events)

    def events(self) -> tuple[Event, ...]:
        """Hand out what the switch has said of its own accord since the last time, in its order."""
        events, self._events = tuple(self._events), []
        return events

    def _xid(self) -> int:
        return self._take_xids(1)

    def _take_xids(self, count: int) -> int:
        """The first of `count` numbers in a row, none of them 0."""
        first = next(self._xids)
        if first + count > wire.ANY:
            first = 1
        self._last = first + count - 1
        self._xids = itertools.count(first + count)
        return first

    def _take(self) -> None:
        """Sort what has come: answers, errors, events; an echo is answered."""
        for kind, xid, body in self._messages():
            if kind == wire.ECHO_REQUEST:
                self._out += wire.message(wire.ECHO_REPLY, xid, body)
            elif kind in _TELLING:
                if told := _TELLING[kind](body):
                    self._events.append(told)
            elif (kind, xid) == (wire.MULTIPART_REPLY, 0):
                self._events.extend(watch.decode_flow_events(body[8:]))
            elif kind != wire.ERROR:
                self._said.append((kind, xid, body))
            elif body[:2] == b"\0\0":
                raise self._gone(
                    "it speaks no OpenFlow 1.5 (ovs-vsctl add bridge BRIDGE protocols OpenFlow15)"
                )
            else:
                self._errors.append((xid, body))

    def _messages(self) -> Iterator[tuple[int, int, bytes]]:
        """Each whole message that has come: kind, number, body."""
        at, had = 0, len(self._in)
        data = bytes(self._in)
        try:
            while had - at >= HEADER:
                version, kind, length, xid = struct.unpack_from("!BBHI", data, at)
                if length < HEADER or (version != wire.VERSION and kind not in (wire.HELLO, wire.ERROR)):
                    raise self._gone("what it says is no OpenFlow")
                if had - at < length:
                    break
                at += length
                yield kind, xid, data[at - length + HEADER : at]
        finally:
            del self._in[:at]

    def _answers(self, kind: int, xid: int) -> tuple[bytes, list[tuple[int, bytes]]]:
        """Wait for the message of this kind and number, or its error; give it, and the errors that came."""
        end = time.monotonic() + PATIENCE_S
        while True:
            self._take()
            while self._said:
                found, number, body = self._said.popleft()
                if (found, number) == (kind, xid):
                    return body, self._taken_errors()
            if any(number == xid for number, _ in self._errors):
                return b"", self._taken_errors()
            if self._step(max(end - time.monotonic(), 0)):
                end = time.monotonic() + PATIENCE_S
            elif time.monotonic() >= end:
                raise self._gone(f"it has said nothing for {PATIENCE_S:.0f} s")

    def _taken_errors(self) -> list[tuple[int, bytes]]:
        errors, self._errors = self._errors, []
        return errors

    def _send_all(self, pieces: Iterator[bytes]) -> None:
        """Send what the pieces give while they are made, taking in what comes meanwhile."""
        for piece in pieces:
            self._out += piece
            while len(self._out) >= PIECE:
                if not self._step(PATIENCE_S):
                    raise self._gone(f"it has taken nothing in for {PATIENCE_S:.0f} s")
                self._take()

    def _step(self, seconds: float) -> bool:
        """Send and take in what can be, waiting so long for it; say whether there was anything. Raises Unreachable."""
        try:
            waiting = isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()
            poll = select.poll()  # select(2) knows no handle above 1023
            poll.register(self._sock, select.POLLIN | (select.POLLOUT if self._out else 0))
            told = poll.poll(0 if waiting else max(seconds, 0) * 1000)
            events = told[0][1] if told else 0
            writable, readable = events & select.POLLOUT, events & ~select.POLLOUT
            if writable:
                with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    del self._out[: self._sock.send(memoryview(self._out)[:PIECE].tobytes())]
            if readable or waiting:
                with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    data = self._sock.recv(PIECE)
                    if not data:
                        raise self._gone("it has ended the connection")
                    self._in += data
        except (OSError, ValueError) as error:  # ValueError: closed by us
            raise self._gone(str(error)) from None
        return bool(readable or writable)

    def _gone(self, why: str) -> Unreachable:
        self.close()
        return Unreachable(f"the switch at {self.address}: {why}; does ovs-vswitchd run?")

    def _ask(self, question: bytes) -> Iterator[bytes]:
        """Give the parts of the answer to a question, each when it has come: the switch goes on meanwhile."""
        xid = struct.unpack_from("!I", question, 4)[0]
        self._out += question
        while True:
            body, errors = self._answers(wire.MULTIPART_REPLY, xid)
            if any(number == xid for number, _ in errors):
                raise Refused(self.address, _refusals(errors, (), 0))
            yield body[8:]
            if not struct.unpack_from("!H", body, 2)[0] & 1:
                return

    def _read(self, question: bytes, reader: Callable[[bytes], Item], unread: dict[bytes, str]) -> list[Item]:
        """Give what the answer to a question lists; what cannot be read goes to `unread`, with the reason."""
        items = []
        for part in self._ask(question):
            for entry in decode.entries(part):
                try:
                    items.append(reader(entry))
                except (decode.Unread, struct.error) as error:
                    unread[entry] = str(error)
        return items


def connect(address: str, context: ssl.SSLContext | None = None, limit_s: float = 5.0) -> Switch:
    """Give a connection to "unix:PATH", "tcp:HOST:PORT" or "ssl:HOST:PORT" (with `context`). Raises Unreachable."""
    way, _, place = address.partition(":")
    host, _, port = place.rpartition(":")
    try:
        if way == "unix":
            sock = connected(Path(place), limit_s)
        else:
            sock = socket.create_connection((host.strip("[]"), int(port)), limit_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if way == "ssl" and context:
                sock = context.wrap_socket(sock, server_hostname=host.strip("[]"))
    except (OSError, ValueError) as error:
        raise Unreachable(f"no switch at {address}: {error}; does ovs-vswitchd run?") from None
    return Switch(sock, address)


def _refusals(
    errors: Collection[tuple[int, bytes]], steps: tuple[Change, ...], first: int
) -> tuple[Refusal, ...]:
    """Errors as refusals: of changes where any is named, or of the bundle itself."""
    named = [
        Refusal(steps[xid - first], words(body)) for xid, body in errors if first <= xid < first + len(steps)
    ]
    return tuple(named) or tuple(Refusal(None, words(body)) for _, body in errors)
