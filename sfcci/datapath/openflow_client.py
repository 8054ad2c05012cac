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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self, TypeVar

from sfcci.chain.openflow import OUR_COOKIE, Flow, Group
from sfcci.chain.program import Change, Program, changes
from sfcci.datapath import openflow_decode as decode
from sfcci.datapath import openflow_encode as encode
from sfcci.datapath import openflow_event as event
from sfcci.datapath import openflow_message as wire
from sfcci.datapath import openflow_watch as watch
from sfcci.datapath.openflow_bundle import Bundles
from sfcci.datapath.openflow_error import Refusal as Refusal  # noqa: PLC0414 - who asks a switch takes all from here
from sfcci.datapath.openflow_error import Refused as Refused  # noqa: PLC0414
from sfcci.datapath.openflow_error import words
from sfcci.datapath.remote import LIMIT_S, OPENFLOW_PORT, Tls, WrongCertificate, opened, remote
from sfcci.errors import Unreachable
from sfcci.garbage import garbage_waits

OUR_COOKIES = 0xFFFF_0000_0000_0000
"""The bits of a cookie that say that a flow is ours."""
PATIENCE_S = 60.0
PIECE = 1 << 18
"""Octets that are sent, or taken in, at once."""
HEADER = 8


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

    def __init__(self, sock: socket.socket, address: str, patience_s: float = PATIENCE_S) -> None:
        """Greet the switch. Raises Unreachable. `sock` is connected; it is closed with this.

        `patience_s`: how long the switch may say nothing, and take nothing in, while it is asked something.
        """
        self.address, self.patience_s = address, patience_s
        self.heard = time.monotonic()
        """When the switch has said something, seconds of the monotonic clock."""
        self._sock = sock
        self._in, self._out = bytearray(), bytearray()
        self._events: list[Event] = []
        self._said: deque[tuple[int, int, bytes]] = deque()
        self._errors: list[tuple[int, bytes]] = []
        self._asked = self.heard
        """When it was last sent something, seconds of the monotonic clock."""
        self._xids, self._bundles = itertools.count(1), itertools.count(1)
        sock.setblocking(False)
        self._put(wire.hello(self._xid()) + wire.want_events(self._xid()))
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
        bundles = Bundles(self, (steps,))
        bundles.fill()
        refusals = bundles.checked()
        if refusals:
            bundles.discard()
        else:
            bundles.commit(0)
            refusals = bundles.committed()
        if refusals:
            raise Refused(self.address, refusals)

    def become(self, old: Program, new: Program) -> int:
        """Have a switch that holds `old` hold `new`: all of it or none; give the number of changes.

        Raises Refused, Unreachable.
        """
        steps = changes(old, new)
        if steps:
            self.apply(steps)
        return len(steps)

    def shown(self, program: Program) -> Program:
        """Give what `held` will tell of ours when the switch holds a program: all of it."""
        return program

    lag_s = 0.0
    """How much longer than it takes to say so packets go the ways of old flows: not at all, once the datapath has settled."""

    @property
    def due(self) -> float | None:
        """Seconds until `look` has something to do, whatever the switch says: nothing."""
        return None

    def barrier(self) -> list[tuple[int, bytes]]:
        """Wait until all that was sent is done; give the errors that came meanwhile. Raises Unreachable."""
        return self.passed(self.mark())

    def mark(self) -> int:
        """Send what tells that all that was sent before it is done; give what `passed` waits for. Raises Unreachable."""
        xid = self._xid()
        self.send(wire.message(wire.BARRIER_REQUEST, xid))
        self.look()
        return xid

    def passed(self, mark: int) -> list[tuple[int, bytes]]:
        """Wait until that is done; give the errors that came meanwhile. Raises Unreachable."""
        return self.answer(wire.BARRIER_REPLY, mark)[1]

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
            self._put(encode.removal(stray, self._xid()))
        if errors := self.barrier():
            raise Refused(self.address, _refusals(errors))

    def ports(self) -> dict[int, event.SwitchPort]:
        """Give the switch's ports by number. Raises Unreachable, Refused."""
        parts = self._ask(wire.ask_ports(self._xid()))
        return {port.number: port for part in parts for port in event.decode_ports(part)}

    def want_paused(self) -> None:
        """Have the switch give us the packets that pause. Raises Unreachable, Refused."""
        self._put(wire.want_paused(self._xid()))
        if errors := self.barrier():
            raise Refused(self.address, _refusals(errors))

    def watch(self) -> None:
        """Have the switch tell what others change of its flows and groups. Raises Unreachable, Refused."""
        self._put(watch.want_group_events(self._xid()))
        for part in self._ask(watch.ask_flow_events(self._xid())):
            self._events.extend(watch.decode_flow_events(part))

    def resume(self, packets: Iterable[event.Paused]) -> int:
        """Give packets back in this order, and wait until they have gone on; give how many went. Raises Unreachable."""
        count = 0
        for packet in packets:
            self._put(wire.resume(self._xid(), packet.octets))
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
        return self.take_xids(1)

    def take_bundle(self) -> int:
        """Give a number for a bundle."""
        return next(self._bundles) & wire.ANY

    def take_xids(self, count: int) -> int:
        """Give the first of `count` numbers for messages in a row, none of them 0."""
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
                self._put(wire.message(wire.ECHO_REPLY, xid, body))
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

    def _put(self, octets: bytes) -> None:
        """Have these octets sent as soon as can be."""
        self._out += octets
        self._asked = time.monotonic()

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

    def answer(self, kind: int, xid: int) -> tuple[bytes, list[tuple[int, bytes]]]:
        """Wait for the message of this kind and number, or its error; give it, and the errors that came.

        Its patience began when it was asked: who asks many waits for all that do not answer at the same time. Raises
        Unreachable.
        """
        end = max(self._asked, self.heard) + self.patience_s
        while True:
            self._take()
            while self._said:
                found, number, body = self._said.popleft()
                if (found, number) == (kind, xid):
                    return body, self._taken_errors()
            if any(number == xid for number, _ in self._errors):
                return b"", self._taken_errors()
            if self._step(max(end - time.monotonic(), 0)):
                end = time.monotonic() + self.patience_s
            elif time.monotonic() >= end:
                raise self._gone(f"it has said nothing for {self.patience_s:.3g} s")

    def _taken_errors(self) -> list[tuple[int, bytes]]:
        errors, self._errors = self._errors, []
        return errors

    def send(self, octets: bytes) -> None:
        """Send, taking in what comes meanwhile; less than PIECE may be left, which goes with the next. Raises Unreachable."""
        self._put(octets)
        while len(self._out) >= PIECE:
            if not self._step(self.patience_s):
                raise self._gone(f"it has taken nothing in for {self.patience_s:.3g} s")
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
                    self._receive()
        except (OSError, ValueError) as error:  # ValueError: closed by us
            raise self._gone(str(error)) from None
        return bool(readable or writable)

    def _receive(self) -> None:
        """Take in what has come; of TLS all that is deciphered, for no poll tells of it."""
        more = True
        while more:
            data = self._sock.recv(PIECE)
            if not data:
                raise self._gone("it has ended the connection")
            self._in += data
            self.heard = time.monotonic()
            more = isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def _gone(self, why: str) -> Unreachable:
        self.close()
        return Unreachable(f"the switch at {self.address}: {why}; does ovs-vswitchd run?")

    def _ask(self, question: bytes) -> Iterator[bytes]:
        """Give the parts of the answer to a question, each when it has come: the switch goes on meanwhile."""
        xid = struct.unpack_from("!I", question, 4)[0]
        self._put(question)
        while True:
            body, errors = self.answer(wire.MULTIPART_REPLY, xid)
            if any(number == xid for number, _ in errors):
                raise Refused(self.address, _refusals(errors))
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


def connect(
    address: str, tls: Tls | None = None, limit_s: float = LIMIT_S, patience_s: float = PATIENCE_S
) -> Switch:
    """Give a connection to "unix:PATH", "tcp:HOST:PORT" or "ssl:HOST:PORT" (with `tls`); an IPv6 HOST is in brackets.

    `limit_s`: how long the connection may take; `patience_s`: as for Switch. Raises Unreachable, WrongCertificate,
    InputError (a file of `tls`), UsageError (no such address).
    """
    try:
        sock = opened(remote(address, OPENFLOW_PORT), tls, limit_s)
    except WrongCertificate:
        raise
    except Unreachable as error:
        raise Unreachable(f"no switch: {error}; does ovs-vswitchd run?") from None
    return Switch(sock, address, patience_s)


def _refusals(errors: Iterable[tuple[int, bytes]]) -> tuple[Refusal, ...]:
    return tuple(Refusal(None, words(body)) for _, body in errors)
