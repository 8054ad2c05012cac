"""The doors: what a server's answers become, what is never sent, and a state without a server."""

import base64
import contextlib
import http.server
import json
import socket
import ssl
import threading

import pytest

from sfcci.api import client
from sfcci.api.client import NOBODY, HttpDoor, Login, answers
from sfcci.api.file_door import FileDoor
from sfcci.chain.refused import Refused
from sfcci.datapath.ready import readable
from sfcci.errors import InputError, Unreachable, UsageError

SECRET = "geheim-4711"


@contextlib.contextmanager
def served(*replies):
    """A server with these answers (status, body), one after the other; gives its address and what it was asked."""
    asked, left = [], list(replies)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self):
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, dict(self.headers), body))
            status, text = left.pop(0)
            if status:
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            else:
                self.close_connection = True

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def refusal(type_="PortPairInUse", message="Port Pair x in use.", status=409):
    return status, json.dumps({"NeutronError": {"type": type_, "message": message, "detail": ""}}).encode()


@contextlib.contextmanager
def door_to(url, login=NOBODY):
    door = HttpDoor(url, login)
    try:
        yield door
    finally:
        door.close()


def test_an_answer_is_its_json_and_nothing_is_none():
    with served((200, b'{"ports": []}'), (204, b"")) as (url, asked), door_to(url) as door:
        assert door.ask("GET", "ports", query=(("name", "a b"), ("fields", "id"))) == {"ports": []}
        assert door.ask("DELETE", "ports/1", revision=3) is None
    assert [(method, path) for method, path, _, _ in asked] == [
        ("GET", "/v2.0/ports?name=a+b&fields=id"),
        ("DELETE", "/v2.0/ports/1"),
    ]
    assert asked[1][2]["If-Match"] == "revision_number=3"


def test_a_refusal_has_neutrons_words():
    with served(refusal()) as (url, _), door_to(url) as door, pytest.raises(Refused) as no:
        door.ask("DELETE", "sfc/port_pairs/x")
    assert (no.value.status, no.value.type, no.value.message) == (409, "PortPairInUse", "Port Pair x in use.")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (
            (401, b""),
            "does not know who asks, or the password or token is wrong; set OS_USERNAME and OS_PASSWORD",
        ),
        ((404, b"<html>"), "answered 404 Not Found; it was asked for Neutron's API, version 2.0"),
        ((200, b"hello"), "did not answer as Neutron does"),
        ((200, b"[]"), "did not answer as Neutron does"),
        (refusal("StorageError", "The database is full.", 503), "The database is full."),
        ((0, b""), "Remote end closed connection without response; does it speak https?"),
    ],
)
def test_an_answer_that_is_none_is_told_with_the_address(reply, told):
    with served(reply) as (url, _), door_to(url) as door, pytest.raises(Unreachable) as error:
        door.ask("GET", "ports")
    assert url in str(error.value)
    assert told in str(error.value)


def test_a_certificate_that_nobody_vouches_for_is_told_with_the_remedy():
    unverified = ssl.SSLCertVerificationError(1, "failed")
    unverified.verify_message = "unable to get local issuer certificate"
    told = pytest.raises(
        Unreachable, match=r"issuer certificate; name the authority .* OS_CACERT or \[api\] ca"
    )
    with told, client._told("https://h"):
        raise unverified


def test_a_connection_that_the_server_closed_is_made_anew_for_a_question():
    with served((200, b"{}"), (0, b""), (200, b'{"a": 1}')) as (url, asked), door_to(url) as door:
        door.ask("GET", "ports")
        assert door.ask("GET", "ports") == {"a": 1}
    assert len(asked) == 3


def test_a_write_is_never_sent_twice():
    with served((200, b"{}"), (0, b""), (201, b"{}")) as (url, asked), door_to(url) as door:
        door.ask("GET", "ports")
        with pytest.raises(Unreachable):
            door.ask("POST", "ports", {"port": {}})
    assert [method for method, *_ in asked] == ["GET", "POST"]


def test_who_writes_after_the_server_has_closed_an_idle_connection_is_heard():
    """The server closes it 20 s after an answer; people take longer to say yes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for _ in range(2):
                with server.accept()[0] as connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                closed.set()

        closed = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        with door_to(f"http://127.0.0.1:{server.getsockname()[1]}") as door:
            door.ask("GET", "ports")
            assert closed.wait(60)
            assert client._has_ended(door._connection) or readable([door._connection.sock], 60)
            assert door.ask("POST", "ports", {"port": {}}) == {}
        thread.join(60)


def test_nobody_there_is_told_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert answers(f"http://127.0.0.1:{taken.getsockname()[1]}")
    url = "http://127.0.0.1:1"  # tcpmux: nobody has it
    assert not answers(url)
    with door_to(url) as door, pytest.raises(Unreachable, match="start one with: sfcci sfc serve"):
        door.ask("GET", "ports")


@pytest.mark.parametrize(
    "url", ["ftp://h", "h:9696", "http://", "http://h:x", "http://h:99999", "", "http://[::"]
)
def test_what_is_no_address_is_told(url):
    with pytest.raises(UsageError, match="is no address of a server; expected http://HOST:PORT"):
        HttpDoor(url)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(UsageError) as error:
        HttpDoor(f"https://u:{SECRET}@h")
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("login", [Login("u", SECRET), Login(token=SECRET)])
@pytest.mark.parametrize("host", ["10.1.2.3", "sfc.example.org", "127.0.0.1.example.org", "0.0.0.0"])  # noqa: S104 - refused
def test_a_secret_goes_to_another_machine_over_tls_only(login, host):
    with pytest.raises(UsageError) as error:
        HttpDoor(f"http://{host}:9696", login)
    assert SECRET not in str(error.value)
    HttpDoor(f"https://{host}:9696", login)


def test_who_asks_says_so_in_headers_and_nowhere_else():
    login = Login("ü", SECRET)
    assert SECRET not in repr(login)
    with served((200, b"{}"), (200, b"{}")) as (url, asked):
        with door_to(url, login) as door:
            door.ask("GET", "ports")
        with door_to(url, Login(token="t")) as door:
            door.ask("GET", "ports")
    pair = base64.b64decode(asked[0][2]["Authorization"].removeprefix("Basic ")).decode()
    assert pair == f"ü:{SECRET}"
    assert asked[1][2]["X-Auth-Token"] == "t"


def test_a_file_of_certificates_that_is_none_is_the_users_fault(tmp_path):
    with pytest.raises(InputError, match=r"the certificates that \[api\] ca names"):
        HttpDoor("https://127.0.0.1:1", ca=str(tmp_path / "missing.pem")).ask("GET", "ports")


def test_a_state_file_answers_as_the_server_does_and_keeps_what_was_written(tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    door = FileDoor(url)
    made = door.ask("POST", "networks", {"network": {"name": "n"}})["network"]
    with pytest.raises(Refused):
        door.ask("POST", "networks", {"network": {"nam": "n"}})
    with pytest.raises(Refused) as no:
        door.ask("PUT", f"networks/{made['id']}", {"network": {"name": "m"}}, revision=99)
    assert no.value.status == 412
    with pytest.raises(Unreachable, match="ask it by its address, with --url"):
        FileDoor(url)
    door.close()
    again = FileDoor(url)
    assert [one["id"] for one in again.ask("GET", "networks")["networks"]] == [made["id"]]
    again.close()
