"""Bytes that are no proper HTTP, or HTTP that asks for too much: each has its answer 4xx, and the server goes on."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

PATIENCE_S = 60
POST = b"POST /v2.0/networks HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
GET = b"GET /v2.0/networks%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
LARGE = b"x" * (1 << 20)
ROWS = [
    ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
    ("an empty line of request", b"\r\n \r\n\r\n", 400),
    ("words without a version", b"GET /\r\n\r\n", 400),
    ("another protocol", b"GET / SFC/1.0\r\n\r\n", 400),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("another's Host", b"GET /v2.0/networks HTTP/1.1\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n", 400),
    ("a Host that is no address", b"GET / HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n", 400),
    ("a page of another site", POST + b"Origin: http://evil.example.org\r\nContent-Length: 2\r\n\r\n{}", 403),
    ("a header without a colon", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nnonsense\r\n\r\n", 400),
    ("a header with a NUL", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\n\r\n", 400),
    ("a name with a blank", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX y: a\r\n\r\n", 400),
    ("a header of 256 kB", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 262144 + b"\r\n\r\n", (400, 431)),
    ("headers of 1 MB", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: a\r\n" * 170_000 + b"\r\n", (400, 431)),
    ("an address of 64 kB", b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", (400, 404, 414, 431)),
    ("a path in Latin-1", b"GET /v2.0/\xe4 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", (400, 404)),
    ("a length that is no number", POST + b"Content-Length: x\r\n\r\n", 400),
    ("a negative length", POST + b"Content-Length: -1\r\n\r\n", 400),
    ("digits of another script", POST + b"Content-Length: \xd9\xa3\r\n\r\n", 400),
    ("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    ("length and chunks", POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("another transfer coding", POST + b"Transfer-Encoding: gzip\r\n\r\n", (400, 501)),
    ("a chunk of no size", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", 400),
    ("a chunk longer than said", POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}{}\r\n0\r\n\r\n", 400),
    ("no body", POST + b"\r\n", 400),
    ("a length, said longer by a body", POST + b"Content-Length: 1\r\n\r\n{}", 400),
    ("a body of 2 MB", POST + b"Content-Length: 2097152\r\n\r\n" + 2 * LARGE, 413),
    ("chunks without end", POST + b"Transfer-Encoding: chunked\r\n\r\n" + 3 * (b"100000\r\n" + LARGE + b"\r\n") + b"0\r\n\r\n", 413),
    ("gzip", POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", 415),
    ("a method in lower case", b"get /v2.0/networks HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 405),
    ("a method of 4 kB", b"A" * 4096 + b" /v2.0/networks HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", (400, 405)),
    ("a revision that is none", POST.replace(b"POST /v2.0/networks", b"PUT /v2.0/networks/x")
        + b'If-Match: revision_number=\xd9\xa3\r\nContent-Length: 15\r\n\r\n{"network": {}}', (400, 404)),
    ("a way out of the tree", b"GET /v2.0/../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 404),
    *((f"the query {query!r}", GET % query, 400) for query in (
        b"?limit=-1", b"?limit=abc", b"?limit=1.5", b"?limit=%D9%A3", b"?limit=", b"?limit=" + b"9" * 5000, b"?limit=1&limit=x",
        b"?sort_key=colour", b"?sort_key=name&sort_dir=up", b"?sort_key=name&sort_key=id&sort_dir=asc", b"?sort_dir=asc")),
]  # fmt: skip
TAKEN = [b"?colour=red", b"?name=%00", b"?name=%ff", b"?name=%ED%A0%80", b"?fields=", b"?fields=colour", b"?=", b"?&&&", b"?%",
         b"?limit=0", b"?limit=999999999999999999999", b"?marker=11111111-2222-3333-4444-555555555555&limit=1", b"?marker=&limit=1",
         b"?page_reverse=maybe&limit=1", b"?" + b"name=x&" * 1000, b"?admin_state_up=maybe", b"?mtu=abc", b"?tags=,,,", b"?id=" + b"[" * 2000,
         b"?name[]=x", b"?name.foo=1", b"?shared=1&shared=2"]  # fmt: skip
"""Odd queries that are no mistake: unknown names say nothing, and what matches nothing gives an empty list."""


def answered(server, data, *, ends=True):
    """Send bytes (and say that there are no more) and give the status of what comes back, 0 for nothing."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        except OSError:  # it has answered and closed before all was said
            pass
        got = b""
        try:
            while more := connection.recv(65536):
                got += more
        except ConnectionResetError:
            pass
    return int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1.1 ") else 0


@pytest.mark.parametrize(("data", "status"), [row[1:] for row in ROWS], ids=[row[0][:60] for row in ROWS])
def test_what_is_no_request_of_the_api_is_refused(server, data, status):
    assert answered(server, data) in (status if isinstance(status, tuple) else (status,))
    assert server.ask("GET", "/v2.0/networks").status_code == 200


def test_a_body_that_is_announced_as_a_petabyte_is_not_waited_for(server):
    assert answered(server, POST + b"Content-Length: 1125899906842624\r\n\r\n", ends=False) == 413


@pytest.mark.parametrize("query", TAKEN, ids=[str(number) for number in range(len(TAKEN))])
def test_an_odd_query_is_answered(server, query):
    assert answered(server, GET % query) in (200, 400, 404)  # 404: a page behind what is not there
    assert server.ask("GET", "/v2.0/networks").status_code == 200


@pytest.mark.parametrize(
    "said", [b"", b"G", b"GET / HTTP/1.1\r\nHost:", POST + b"Content-Length: 99\r\n\r\n{", POST + b"\r\n"]
)
def test_who_hangs_up_in_the_middle_harms_nobody(server, said):
    parts = urlsplit(server.url)
    for _ in range(20):
        with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S) as connection:
            connection.sendall(said)
    assert server.ask("GET", "/v2.0/networks").status_code == 200


CROWD = 1000


def test_a_thousand_clients_at_once_are_all_answered(server):
    """A third reads, a third makes a network, a third asks nonsense; all connections are open at the same time."""
    parts = urlsplit(server.url)

    async def one(number, ready, begin):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        ready.release()
        await begin.wait()
        body = (b"", b'{"network": {"name": "n%d"}}' % number, b'{"network": {"name": %d}}' % number)[
            number % 3
        ]
        verb = b"POST" if body else b"GET"
        writer.write(b"%s /v2.0/networks?fields=id&limit=9 HTTP/1.1\r\nHost: 127.0.0.1\r\n" % verb)
        writer.write(b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        got = await reader.read()
        writer.close()
        return int(got.split(b" ", 2)[1])

    async def crowd():
        ready, begin = asyncio.Semaphore(0), asyncio.Event()
        tasks = [asyncio.create_task(one(number, ready, begin)) for number in range(CROWD)]
        for _ in range(CROWD):
            await ready.acquire()
        begin.set()
        return await asyncio.gather(*tasks)

    statuses = asyncio.run(asyncio.wait_for(crowd(), 600))
    assert statuses == [(200, 201, 400)[number % 3] for number in range(CROWD)]
    made = server.ask("GET", "/v2.0/networks?fields=id").json()["networks"]
    assert len(made) == len(range(1, CROWD, 3))
