"""Packets put onto an interface of any namespace, as if its owner had sent them."""

import errno
import random
import threading
from collections.abc import Callable, Iterable, Iterator

from sfcci.errors import UsageError
from sfcci.trace.injection import Injection, frames
from sfcci.trace.opener import Gone, Opener

RETRY_S = 0.001


def inject(
    opener: Opener,
    netns: str,
    interface: str,
    wanted: Injection,
    *,
    stop: threading.Event | None = None,
    sent: Callable[[int], object] = lambda _count: None,
) -> int:
    """Send the packets from an interface; give how many were sent until the last, or until `stop` is set.

    `sent` hears the number after each. Raises Gone (no such interface, or it is down), UsageError (longer than its MTU),
    MissingTool.
    """
    chance = random.Random().randrange  # noqa: S311 - ports and letters are no secrets
    return inject_frames(
        opener,
        netns,
        interface,
        lambda own_mac: frames(wanted, own_mac, chance),
        interval_ms=wanted.interval_ms,
        stop=stop,
        sent=sent,
    )


def inject_frames(
    opener: Opener,
    netns: str,
    interface: str,
    given: Callable[[str], Iterable[bytes]],
    *,
    interval_ms: int = 0,
    stop: threading.Event | None = None,
    sent: Callable[[int], object] = lambda _count: None,
) -> int:
    """Send whole frames, as a capture holds them; `given` makes them from the interface's MAC address. Else as `inject`."""
    stop, count = stop or threading.Event(), 0
    with opener.packet_socket(netns) as sock:
        try:
            sock.bind((interface, 0))
            for frame in _paced(given(sock.getsockname()[4].hex(":")), interval_ms, stop):
                while not _send(sock.send, frame) and not stop.wait(RETRY_S):
                    pass
                count += 1
                sent(count)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise UsageError(f"a frame is longer than interface {interface} takes") from None
            raise Gone(f"interface {interface}: {error.strerror}") from None
    return count


def _paced(given: Iterable[bytes], interval_ms: int, stop: threading.Event) -> Iterator[bytes]:
    """Give frames one by one, the interval between them, until `stop` is set."""
    for number, frame in enumerate(given):
        if stop.is_set() or (number and interval_ms and stop.wait(interval_ms / 1000)):
            return
        yield frame


def _send(send: Callable[[bytes], int], frame: bytes) -> bool:
    """Send a frame; False when the interface's queue is full just now. Raises OSError."""
    try:
        send(frame)
    except OSError as error:
        if error.errno != errno.ENOBUFS:
            raise
        return False
    return True
