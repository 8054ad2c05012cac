"""A web server for a lab's host: every GET is answered with 200 and a short text, `/bytes/N` with N bytes."""

import contextlib
import socket
import threading
from collections.abc import Callable
from functools import partial

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 2**20
PATIENCE_S = 10
BACKLOG = 512


def body(path: bytes, name: str) -> bytes:
    """Give what stands under a path."""
    if path.startswith(b"/bytes/") and path[7:].isdigit() and len(path) < 20:  # noqa: PLR2004 - a sane number
        return b"x" * min(int(path[7:]), MAX_BODY)
    return f"This is {name}.\n".encode()


def response(head: bytes, name: str) -> bytes:
    """Give the whole response to a request's head."""
    words = head.split(b"\r\n", 1)[0].split()
    if len(words) != 3 or words[0] not in (b"GET", b"HEAD"):  # noqa: PLR2004 - method, path, version
        return b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    text = body(words[1], name)
    fields = f"Content-Type: text/plain\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\n" + fields.encode() + (text if words[0] == b"GET" else b"")


def answer(connection: socket.socket, name: str) -> None:
    """Serve one request of one connection; who is slow or breaks off is left alone."""
    with connection, contextlib.suppress(OSError):
        connection.settimeout(PATIENCE_S)
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(4096)
            head += data
            if not data or len(head) > MAX_HEAD:
                return
        connection.sendall(response(head, name))


def serve(listener: socket.socket, name: str) -> None:
    """Answer for ever, a thread per connection."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, name), daemon=True).start()


def begin(port: str, name: str) -> Callable[[], None]:
    """Listen; give what answers for ever. Raises OSError."""
    both = socket.has_dualstack_ipv6()
    kind = socket.AF_INET6 if both else socket.AF_INET
    listener = socket.create_server(("", int(port)), family=kind, backlog=BACKLOG, dualstack_ipv6=both)
    return partial(serve, listener, name)
