"""Talking to Grafana: who we are there, servers that misbehave, and secrets that never leave."""

import gc
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sfcci.dashboard.grafana_client import Client
from sfcci.errors import InputError, Unreachable
from sfcci.settings import Grafana

TOKEN, USER, PASSWORD = "glsa_geheim", "admin", "hunter2 ö:"
HTML = {"Content-Type": "text/html"}


def connected(grafana, timeout_s=60.0, **more):
    settings = {"url": grafana.url, "token": TOKEN, **more}
    client = Client(Grafana(**settings), timeout_s=timeout_s)
    client.connect()
    return client


def said(grafana, **more):
    with pytest.raises(Unreachable) as caught:
        connected(grafana, **more)
    assert caught.value.exit_status == 3
    assert not any(secret in str(caught.value) for secret in (TOKEN, PASSWORD))
    return str(caught.value)


def test_a_refused_token_is_followed_by_the_password(grafana):
    connected(grafana, token="eyJrIjoiZmFsc2NoIn0=", user=USER, password=PASSWORD)
    kinds = [
        headers["Authorization"].split()[0] for _, path, headers, _ in grafana.requests if path == "/api/org"
    ]
    assert kinds == ["Bearer", "Basic"]


def test_a_service_account_s_token_is_no_use_before_8_5_so_the_password_goes_first(grafana, newer):
    for server, first in ((grafana, "Basic"), (newer, "Bearer")):
        connected(server, user=USER, password=PASSWORD)
        kinds = [
            headers["Authorization"].split()[0]
            for _, path, headers, _ in server.requests
            if path == "/api/org"
        ]
        assert kinds == [first]


def test_an_old_api_key_goes_first_everywhere(grafana):
    grafana.secrets = {"Bearer eyJrIjoia2V5In0="}
    connected(grafana, token="eyJrIjoia2V5In0=", user=USER, password=PASSWORD)


def test_when_all_are_refused_grafana_s_words_on_each_are_told(grafana):
    text = said(grafana, token="glsa_x", user="admin", password="falsch")
    assert "invalid API key; see [grafana] token or user in sfcci.toml (token)" in text
    assert "invalid username or password" in text
    assert "falsch" not in text


@pytest.mark.parametrize(("reply", "words"), [
    ((200, HTML, b"<html>hello</html>"), "answers GET /api/health with status 200 and no JSON; is it a Grafana?"),
    ((502, HTML, b"<html>bad gateway</html>"), "with status 502 and no JSON"),
    ((500, {}, b'{"message": "boom"}'), "refuses GET /api/health with status 500: boom"),
    ((200, {}, b"[1, 2]"), "answers GET /api/health with JSON that is not an object"),
    ((200, {}, b"[" * 100000), "no JSON"),
    ((200, {}, b"\xff\xfe{"), "no JSON"),
    ((200, {}, b""), "no JSON"),
    ((404, {}, b'{"message": "Not found"}'), "status 404: Not found"),
    ((200, {"Content-Encoding": "gzip"}, b"no gzip"), "broke off in its answer"),
])  # fmt: skip
def test_an_answer_that_no_grafana_gives_is_one_sentence(grafana, reply, words):
    grafana.reply = reply
    gc.collect()  # what other tests left: at the bottom of a recursion its finalizers would find no room
    text = said(grafana)
    assert words in text
    assert "\n" not in text


def test_half_an_answer_is_told(grafana):
    grafana.broken_off = True
    assert "broke off in its answer to GET /api/health; try again" in said(grafana)


def test_a_server_that_does_not_answer_in_time_is_told(grafana):
    grafana.latency_s = 1.5
    assert "did not answer GET /api/health in time (0.5 s)" in said(grafana, timeout_s=0.5)


def test_a_server_that_answers_drop_by_drop_is_not_waited_for(grafana):
    grafana.drip_s = 0.05
    assert "did not finish its answer to GET /api/health within 0.5 s" in said(grafana, timeout_s=0.5)


def test_a_name_that_nobody_knows_is_told():
    with pytest.raises(Unreachable, match="does not answer"):
        Client(Grafana(url="http://nowhere.invalid:3000")).connect()


def test_a_redirect_to_another_host_tells_only_where(grafana, serving):
    with serving() as other:
        grafana.reply = (302, {"Location": f"http://u:{TOKEN}@127.0.0.1:1/login?next={TOKEN}"}, b"")
        text = said(grafana)
        assert "sends GET /api/health on to http://127.0.0.1:1/login; redirects are not followed" in text
        assert other.requests == []


def test_no_cookie_is_kept(grafana):
    grafana.reply = (200, {"Set-Cookie": "grafana_session=abc; Path=/"}, b'{"version": "7.5.5"}')
    connected(grafana)
    assert not any("Cookie" in headers for _, _, headers, _ in grafana.requests)


@pytest.fixture
def proxy():
    """A proxy that answers every request itself, and keeps what it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = json.dumps({"version": "7.5.5", "by": "proxy"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_environment_s_proxy_is_used_and_no_proxy_is_respected(grafana, proxy, monkeypatch):
    url, asked = proxy
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    Client(Grafana(url="http://grafana.invalid")).connect()
    assert asked == ["http://grafana.invalid/api/health", "http://grafana.invalid/api/org"]
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    connected(grafana)
    assert len(asked) == 2


def test_a_proxy_that_is_not_there_is_told(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://user:geheim@127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    with pytest.raises(Unreachable, match="cannot be reached through the proxy") as caught:
        Client(Grafana(url="http://grafana.invalid")).connect()
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("bundle", ["", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_is_checked_and_its_authority_s_file_makes_it_good(
    serving, certificate, bundle, monkeypatch
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    if bundle:  # the setting counts more than the environment
        import certifi

        monkeypatch.setenv(bundle, certifi.where())
    with serving(tls=context) as grafana:
        assert "has a certificate that is not trusted: self-signed certificate" in said(grafana)
        assert grafana.requests == []
        connected(grafana, ca=str(certificate / "cert.pem"))
        with pytest.raises(InputError, match=r"is no file; expected certificates in PEM; see \[grafana\] ca"):
            connected(grafana, ca=str(certificate / "none.pem"))
