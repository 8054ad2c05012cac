"""The server's patience ends with clients that say nothing, send slowly or do not read; here it is short."""

import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from sfcci.api import intake, listen, patient
from sfcci.api.server import Application, Site
from sfcci.chain.state import State

LIMIT_S = 60
HOST = b"Host: 127.0.0.1\r\n"
READ = b"GET /v2.0/sfc/port_pair_groups HTTP/1.1\r\n" + HOST + b"\r\n"


class Nothing:
    """A store that keeps nothing."""

    def commit(self, _writes):
        pass


def groups(number):
    names = {str(one): {"id": str(one), "name": "x" * 200, "project_id": "p"} for one in range(number)}
    return State({"port_pair_groups": names})


@pytest.fixture
def serving():
    """Run the application in a thread; gives its address and its server."""

    @contextlib.contextmanager
    def serving(state):
        with listen.listening("127.0.0.1", 0) as listener, ThreadPoolExecutor(1) as pool:
            server = uvicorn.Server(listen.configuration(Application(Site(Nothing()), state, pool)))
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                yield listener.getsockname(), server
            finally:
                server.should_exit = True
                thread.join(LIMIT_S)

    return serving


def rest(connection):
    """All that comes until the server closes."""
    octets = b""
    with contextlib.suppress(ConnectionResetError):
        while found := connection.recv(1 << 16):
            octets += found
    return octets


def wait_for(condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("first", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nX: y\r\n"])
def test_who_says_nothing_or_half_a_request_is_let_go(serving, monkeypatch, first):
    monkeypatch.setattr(patient, "HEAD_S", 0.05)
    with serving(State()) as (address, _), socket.create_connection(address, LIMIT_S) as connection:
        connection.sendall(first)
        assert rest(connection) == b""


def test_who_says_half_a_second_request_is_let_go(serving, monkeypatch):
    with serving(State()) as (address, server), socket.create_connection(address, LIMIT_S) as connection:
        wait_for(lambda: server.server_state.connections)  # it is watched with the usual patience
        monkeypatch.setattr(patient, "HEAD_S", 0.05)
        connection.sendall(READ)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /v2.0")
        assert b"HTTP/1.1" not in rest(connection)


def test_a_body_that_does_not_come_is_answered_with_408(serving, monkeypatch):
    monkeypatch.setattr(intake, "BODY_S", 0.05)
    with serving(State()) as (address, _), socket.create_connection(address, LIMIT_S) as connection:
        connection.sendall(b"POST /v2.0/networks HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\n{")
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_who_does_not_read_is_let_go_and_a_slow_reader_gets_all(serving, monkeypatch):
    with serving(groups(60_000)) as (address, server):
        with socket.create_connection(address, LIMIT_S) as connection:
            connection.sendall(READ)
            begin = b""
            while b"\r\n\r\n" not in begin:
                begin += connection.recv(1)
            head, _, body = begin.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(1 << 20)
            assert len(json.loads(body)["port_pair_groups"]) == 60_000
        monkeypatch.setattr(patient, "READ_S", 0.05)
        with socket.create_connection(address, LIMIT_S) as connection:
            connection.sendall(READ)
            has_some = connection.recv(1)
            assert has_some
            wait_for(lambda: not server.server_state.connections)
