import http.server
import pickle
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from sfcci import settings
from sfcci.errors import Unreachable, UsageError
from sfcci.metric import instance, wire
from sfcci.metric.carbon import Address, parse_address, send
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.point import Point


@contextmanager
def answering(status=200, kind="application/json", body=b"[]", delay_s=0.0, length=None):
    """A server on the loopback address that gives every request one answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(delay_s)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server calls it so

        def log_message(self, *_words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def closed_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_series_are_given_with_their_names_and_gaps():
    body = b'[{"target": "f(a.b)", "tags": {"name": "a.b"}, "datapoints": [[1.5, 10], [null, 20]]}]'
    with answering(body=body) as url:
        (series,) = GraphiteReader(url).render("f(a.b)", 0, 30)
    assert (series.target, series.name, series.values) == ("f(a.b)", "a.b", ((1.5, 10), (None, 20)))


def test_a_graphite_that_is_not_there_is_named_with_the_next_step():
    with closed_port() as port, pytest.raises(Unreachable) as caught:
        GraphiteReader(f"http://127.0.0.1:{port}").expand("*")
    assert str(caught.value) == (
        f"Graphite at http://127.0.0.1:{port} does not answer: Connection refused; "
        "start one with `sfcci graphite up`, or see [graphite] in sfcci.toml"
    )


def test_a_page_instead_of_an_answer_is_not_taken_for_graphite():
    with (
        answering(kind="text/html", body=b"<html>Sign in</html>") as url,
        pytest.raises(Unreachable) as caught,
    ):
        GraphiteReader(url).expand("*")
    assert "does not answer as Graphite does: status 200, text/html; see [graphite] url" in str(caught.value)


def test_a_redirect_is_not_followed():
    with answering(status=302) as url, pytest.raises(Unreachable, match="status 302"):
        GraphiteReader(url).expand("*")


def test_graphites_own_words_are_told_when_it_refuses():
    words = b"Invalid parameters (Received request for unknown function: nosuch)"
    with answering(400, "text/html", words) as url, pytest.raises(UsageError, match=r"unknown function"):
        GraphiteReader(url).render("nosuch(a)", 0, 1)


def test_a_slow_graphite_is_given_up():
    with answering(delay_s=1) as url, pytest.raises(Unreachable, match=r"did not answer in 0\.2 s"):
        GraphiteReader(url, timeout_s=0.2).expand("*")


@pytest.mark.parametrize(("body", "length"), [(b'{"results": [', None), (b'{"results"', 500)])
def test_half_an_answer_is_no_answer(body, length):
    with answering(body=body, length=length) as url, pytest.raises(Unreachable):
        GraphiteReader(url).expand("*")


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"results": 3}', b'[{"no": "series"}]', b"null"])
def test_another_servers_json_is_not_taken_for_graphite(body):
    with answering(body=body) as url, pytest.raises(Unreachable):
        GraphiteReader(url).expand("*")


def test_json_that_is_no_series_is_not_taken_for_graphite():
    with answering(body=b'[{"no": "series"}]') as url, pytest.raises(Unreachable, match="as Graphite does"):
        GraphiteReader(url).render("a", 0, 1)


def test_a_password_in_the_address_is_not_told():
    with closed_port() as port, pytest.raises(Unreachable) as caught:
        GraphiteReader(f"http://me:hush@127.0.0.1:{port}").expand("*")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["not a url", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_an_address_that_is_none_is_told(url):
    with pytest.raises((Unreachable, UsageError)):
        GraphiteReader(url).expand("*")


def test_carbon_that_is_not_there_is_named():
    with closed_port() as port, pytest.raises(Unreachable) as caught:
        send([Point("a", 1, 10)], Address("127.0.0.1", port))
    assert f"carbon at 127.0.0.1:{port} takes no points: Connection refused" in str(caught.value)


def test_points_arrive_as_plaintext_in_their_order():
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        address = Address(*listener.getsockname())
        sent = pool.submit(send, [Point("a.b", 3, 20), Point("a.b", 1.5, 10)], address)
        connection, _ = listener.accept()
        with connection:
            assert read_to_the_end(connection) == b"a.b 3 20\na.b 1.5 10\n"
            assert not sent.done()
        assert sent.result(60) == 20


def test_many_points_go_as_pickles_in_their_order():
    points = [Point("a.b", number / 2, 10 * number) for number in range(9000)]
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        sent = pool.submit(send, points, Address("127.0.0.1", 1), Address(*listener.getsockname()))
        connection, _ = listener.accept()
        with connection:
            data = read_to_the_end(connection)
        assert sent.result(60) == len(data)
    found = []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        found += pickle.loads(data[4 : 4 + length])  # noqa: S301 - our own
        data = data[4 + length :]
        assert length <= 2**20
    assert found == [(name, (time_s, value)) for name, value, time_s in points]


def test_names_of_any_length_go_as_pickles_that_carbon_takes():
    points = [Point(f"{number:04}" + "x" * 3000, 1, 10) for number in range(1000)]
    messages = list(wire.pickled(points))
    assert max(map(len, messages)) <= 2**20 + 4
    assert sum(len(pickle.loads(message[4:])) for message in messages) == 1000  # noqa: S301 - our own


def test_a_carbon_that_dies_before_it_has_read_all_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        many = (Point("a.b", 1, 10 * number) for number in range(200_000))
        sent = pool.submit(send, many, Address("127.0.0.1", 1), Address(*listener.getsockname()))
        connection, _ = listener.accept()
        connection.recv(100)
        connection.close()
        with pytest.raises(Unreachable, match="takes no points"):
            sent.result(60)


def read_to_the_end(connection):
    return b"".join(iter(lambda: connection.recv(2**16), b""))


def test_addresses_of_carbon_are_read():
    assert parse_address("[::1]:2003") == Address("::1", 2003)
    for wrong in ("2003", "host", "host:", "host:0", "host:99999", ":2003"):
        with pytest.raises(UsageError, match="HOST:PORT"):
            parse_address(wrong)


@pytest.mark.graphite
class TestRealGraphite:
    @pytest.fixture(autouse=True)
    def _series(self, graphite):
        now = int(time.time()) // 10 * 10
        send([Point(f"find.me.{name}", 1, now) for name in ("one", "two")], graphite.carbon)
        self.source = GraphiteReader(graphite.url)
        deadline = time.monotonic() + 60
        while len(self.source.expand("find.me.*")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)

    def test_names_are_found(self):
        assert self.source.find("find.*") == {"find.me": False}
        assert self.source.find("find.me.{one,two}") == {"find.me.one": True, "find.me.two": True}
        assert self.source.expand("find.**") == ["find.me.one", "find.me.two"]

    def test_all_names_are_listed_and_bounded(self):
        names = self.source.names()
        assert {"find.me.one", "find.me.two"} <= set(names)
        assert names == sorted(names)
        with pytest.raises(Unreachable, match="too many names to list"):
            self.source.names(most_bytes=5)

    def test_grafanas_metric_search_answers(self, graphite):
        import requests

        answer = requests.get(f"{graphite.url}/metrics/find?query=find.*", timeout=60)
        assert [(item["text"], item["leaf"]) for item in answer.json()] == [("me", 0)]

    def test_all_functions_describe_themselves(self):
        functions = self.source.functions()
        assert len(functions) == 154
        assert functions["alias"]["function"] == "alias(seriesList, newName)"
        assert (
            functions["movingAverage"]["function"]
            == "movingAverage(seriesList, windowSize, xFilesFactor=None)"
        )

    @pytest.mark.parametrize(
        "target",
        [
            "movingAverage(find.me.*,'1hour')",
            "asPercent(find.me.one,sum(find.me.*))",
            "aliasByNode(smartSummarize(find.me.*,'1d','sum'),2)",
            "alias(transformNull(keepLastValue(find.me.one)),'x')",
        ],
    )
    def test_the_functions_of_the_fields_dashboards_work(self, target):
        now = time.time()
        assert self.source.render(target, now - 3600, now)

    def test_an_unknown_function_is_refused_in_graphites_words(self):
        with pytest.raises(UsageError, match="nosuch"):
            self.source.render("nosuch(find.me.one)", 0, time.time())

    def test_a_function_that_is_called_wrongly_is_told_in_pythons_words(self):
        with pytest.raises(UsageError, match=r"alias.. missing 1 required positional argument: 'newName'$"):
            self.source.render("alias(find.me.one)", 0, time.time())

    def test_no_picture_is_drawn_and_it_says_why(self, graphite):
        import requests

        answer = requests.get(f"{graphite.url}/render?target=find.me.one&format=png", timeout=60)
        assert answer.status_code >= 400


def test_a_host_that_none_can_be_is_told_and_no_fault_of_ours():
    with pytest.raises(Unreachable, match=r"carbon at a\.\.b:2003 takes no points"):
        send([Point("a", 1, 10)], Address("a..b", 2003))


def test_an_address_of_graphite_that_cannot_be_read_is_refused_beside_carbon(tmp_path):
    given = {"SFCCI_GRAPHITE_URL": "http://[::1", "SFCCI_GRAPHITE_CARBON": "127.0.0.1:2003"}
    with pytest.raises(UsageError, match="is no address of a Graphite"):
        instance.configured(settings.load(tmp_path, given))
