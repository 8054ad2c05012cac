"""The real server over HTTP: what a client may do wrong, and what must not happen to others then."""

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

GROUPS = "/v2.0/sfc/port_pair_groups"


def address(server):
    parts = urlsplit(server.url)
    return parts.hostname, parts.port


@contextlib.contextmanager
def spoken(server, octets):
    """Send octets as they are; gives a file with what comes back."""
    with socket.create_connection(address(server), timeout=60) as connection:
        connection.sendall(octets)
        with connection.makefile("rb") as answer:
            yield answer


def status_line(server, octets):
    with spoken(server, octets) as answer:
        return answer.readline().decode().strip()


def statuses(answer):
    """All that comes until the server closes, answer by answer."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer.read())]


def lives(server):
    return server.ask("GET", "/healthcheck").json() == {"status": "ok"}


def test_a_resource_is_made_shown_changed_and_deleted(server):
    made = server.ask("POST", GROUPS, {"port_pair_group": {"name": "g"}})
    assert made.status_code == 201
    assert made.headers["Content-Type"] == "application/json"
    assert made.headers["x-openstack-request-id"].startswith("req-")
    path = f"{GROUPS}/{made.json()['port_pair_group']['id']}"
    assert server.ask("GET", path).json() == made.json()
    changed = server.ask("PUT", path, {"port_pair_group": {"name": "h"}})
    assert (changed.status_code, changed.json()["port_pair_group"]["revision_number"]) == (200, 1)
    gone = server.ask("DELETE", path)
    assert (gone.status_code, gone.content, "Content-Length" in gone.headers) == (204, b"", False)
    assert server.ask("GET", path).status_code == 404


def test_head_has_the_length_and_no_body(server):
    head, get = server.ask("HEAD", GROUPS), server.ask("GET", GROUPS)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_a_name_with_a_slash_and_a_question_mark_can_be_looked_up(server):
    message = server.ask("GET", f"{GROUPS}/a%2Fb%3F").json()["NeutronError"]["message"]
    assert message == "Port Pair Group a/b? not found."


def test_links_have_the_name_under_which_the_server_was_asked(server):
    port = urlsplit(server.url).port
    found = server.ask("GET", "/", headers={"Host": f"localhost:{port}"}).json()
    assert found["versions"][0]["links"][0]["href"] == f"http://localhost:{port}/v2.0/"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9696", "127.0.0.1.evil.example", "", "["])
def test_another_name_that_leads_here_reads_nothing(server, host):
    for path in ("/", GROUPS):
        assert server.ask("GET", path, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
def test_a_page_of_another_site_changes_nothing(server, origin):
    body = json.dumps({"port_pair_group": {"name": "planted"}}).encode()
    headers = {"Origin": origin, "Content-Type": "text/plain"}
    assert server.ask("POST", GROUPS, body, headers=headers).status_code == 403
    assert server.ask("GET", f"{GROUPS}?name=planted").json() == {"port_pair_groups": []}


def test_a_body_that_is_too_long_is_refused_announced_or_not(server):
    for headers, data in [({}, b" " * (3 << 20)), ({}, iter([b" " * (1 << 16)] * 48))]:
        answer = server.session.post(server.url + GROUPS, data=data, headers=headers, timeout=60)
        assert answer.status_code == 413
        assert answer.json()["NeutronError"]["type"] == "HTTPRequestEntityTooLarge"
    assert lives(server)


def test_a_body_of_just_one_mebibyte_is_taken(server):
    name = "x" * ((1 << 20) - len('{"port_pair_group": {"name": ""}}'))
    answer = server.ask("POST", GROUPS, b'{"port_pair_group": {"name": "%s"}}' % name.encode())
    assert (answer.status_code, answer.json()["NeutronError"]["type"]) == (400, "HTTPBadRequest")


def test_a_query_of_too_many_parts_is_refused(server):
    parts = "&".join(["sort_key=name&sort_dir=asc"] * 513)
    assert server.ask("GET", f"{GROUPS}?{parts}").status_code == 400
    parts = "&".join(f"colour{number}=x" for number in range(1024))
    assert server.ask("GET", f"/v2.0/networks?{parts}").status_code == 200


def test_a_packed_body_is_refused(server):
    answer = server.ask("POST", GROUPS, b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "octets",
    [
        b"GARBAGE\r\n\r\n",
        b"GET  /v2.0/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * (1 << 17) + b"\r\n\r\n",
        b"GET /" + b"a" * (1 << 17) + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"GET /gr\xc3\xbcn HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(server, octets):
    assert " 400 " in status_line(server, octets) + " "
    assert lives(server)


def test_an_announced_length_that_lies_ends_with_its_connection(server):
    host = b"Host: 127.0.0.1\r\n"
    with spoken(
        server, b"POST " + GROUPS.encode() + b" HTTP/1.1\r\n" + host + b"Content-Length: 99\r\n\r\n{}"
    ):
        pass  # it goes away before its body is whole
    short = (
        b"POST " + GROUPS.encode() + b" HTTP/1.1\r\n" + host + b"Content-Length: 2\r\n\r\n{}garbage\r\n\r\n"
    )
    with spoken(server, short) as answer:
        answers = statuses(answer)
    assert answers == [400, 400]
    assert lives(server)


def test_requests_that_come_at_once_on_a_connection_are_answered_in_their_order(server):
    one = b"GET /healthcheck HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with spoken(server, one + one + last) as answer:
        assert statuses(answer) == [200, 200, 404]


def test_silent_and_slow_clients_hold_up_nobody(server):
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(socket.create_connection(address(server), timeout=60))
        for _ in range(20):
            slow = (
                b"POST "
                + GROUPS.encode()
                + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\n{"
            )
            stack.enter_context(spoken(server, slow))
        assert lives(server)
        assert server.ask("POST", GROUPS, {"port_pair_group": {}}).status_code == 201


def test_what_was_answered_is_there_after_the_end_of_the_server(api_server, tmp_path):
    with api_server(folder=tmp_path / "one") as first:
        made = first.ask("POST", GROUPS, {"port_pair_group": {"name": "kept"}}).json()
        assert first.stop(signal.SIGTERM) == 0
    with api_server(folder=tmp_path / "one") as second:
        assert second.ask("GET", GROUPS).json() == {"port_pair_groups": [made["port_pair_group"]]}
        assert second.stop(signal.SIGINT) == 0


def test_the_end_waits_for_no_open_connection(api_server):
    with api_server() as server:
        connection = http.client.HTTPConnection(*address(server), timeout=60)
        connection.request("GET", "/healthcheck")
        connection.getresponse().read()
        with spoken(server, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n") as answer:
            assert server.stop() == 0
            told = answer.read()
            assert told.startswith(b"HTTP/1.1 503 ")
            assert b'"type":"ServiceUnavailable"' in told.replace(b": ", b":")
        connection.close()


def test_a_second_server_on_a_port_says_one_clear_sentence(api_server):
    with api_server() as server:
        port = str(address(server)[1])
        words = ["--port", port, "--no-datapath", "--database", "sqlite://"]
        ran = subprocess.run(
            [sys.executable, "-m", "sfcci", "sfc", "serve", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 2
        assert ran.stderr == (
            f"sfcci: cannot listen on 127.0.0.1:{port}: another program listens there; end it, or choose another port "
            "with --port\n"
        )


def test_the_log_has_a_line_per_request_and_no_secret(api_server):
    with api_server("--verbose") as server:
        headers = {"X-Auth-Token": "geheim", "Authorization": "Basic Z2VoZWlt"}
        answer = server.ask("GET", f"{GROUPS}?name=geheim", headers=headers)
        assert server.stop() == 0
        (line,) = [one for one in server.stderr().splitlines() if GROUPS in one]
    assert line.startswith(f"{answer.headers['x-openstack-request-id']} - GET {GROUPS} 200 ")
    assert "geheim" not in line
    assert "Z2VoZWlt" not in line


def test_default_quotas_are_the_server_s(api_server):
    with api_server("--quota", "port_pair_group=1") as server:
        assert server.ask("POST", GROUPS, {"port_pair_group": {}}).status_code == 201
        refused = server.ask("POST", GROUPS, {"port_pair_group": {}})
        assert refused.status_code == 409
        assert refused.json()["NeutronError"]["type"] == "OverQuota"
