"""Who shows the dashboards on this machine, and why; what is remembered of the pod."""

import stat
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sfcci import settings
from sfcci.dashboard import pod
from sfcci.dashboard.pod import Pod, Way, choice


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words):
        pass


@pytest.fixture
def grafana():
    """The address of something that answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def here(tmp_path):
    return replace(settings.load(tmp_path, {}), state=tmp_path / "state")


def test_a_configured_grafana_comes_first(here, grafana):
    pod.remember(here, Pod("p", grafana, "http://g", carbon="c:1"))
    configured = replace(here, grafana=settings.Grafana(url="http://g:3000", token="geheim"))
    assert choice(configured) == pod.Choice(Way.GRAFANA, "Grafana at http://g:3000 is configured")


def test_the_pod_is_used_while_it_is_up(here, grafana):
    up = Pod("p", grafana, "http://g", carbon="c:1")
    pod.remember(here, up)
    assert choice(here) == pod.Choice(Way.POD, f"the preview is up at {grafana}", up)
    pod.forget(here)
    assert choice(here).way is Way.EMBEDDED
    assert choice(here).reason.endswith("is not up (sfcci preview up starts it)")


def test_a_pod_that_was_killed_or_whose_note_is_broken_is_not_up(here):
    pod.remember(here, Pod("p", "http://127.0.0.1:1", "http://g", carbon="c:1"))
    assert choice(here).way is Way.EMBEDDED
    for text in ("", "{", "[]", '{"name": 1}'):
        (pod.folder_of(here) / "pod.json").write_text(text)
        assert pod.known(here) is None


@pytest.mark.parametrize(
    ("up", "words"), [({"carbon": ""}, "read only"), ({"carbon": "c:1", "sample": True}, "made-up")]
)
def test_a_pod_that_shows_something_else_than_the_gate_s_history_is_left_alone(here, grafana, up, words):
    pod.remember(here, Pod("p", grafana, "http://g", **up))
    assert choice(here).way is Way.EMBEDDED
    assert words in choice(here).reason


def test_the_password_is_drawn_once_and_is_for_its_owner_alone(here):
    first = pod.password(here)
    assert len(first) >= 32
    assert pod.password(here) == first
    assert pod.password(replace(here, state=here.state / "other")) != first
    path = pod.folder_of(here) / "admin-password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pod.remember(here, Pod("p", "http://g", "http://me:secret@g"))
    assert stat.S_IMODE((path.parent / "pod.json").stat().st_mode) == 0o600
    pod.forget(here, secrets_too=True)
    assert not path.exists()


def test_the_pod_s_grafana_is_talked_to_with_its_own_token_and_no_other_secret(here):
    up = Pod("p", "http://127.0.0.1:1", "http://g")
    strange = replace(
        here, grafana=settings.Grafana(url="x", token="other", user="u", password="p", folder="F")
    )
    (pod.folder_of(here)).mkdir(parents=True)
    (pod.folder_of(here) / "token").write_text("glsa_own")
    found = pod.grafana(strange, up)
    assert (found.secret(), found.user, found.password, found.folder) == ("glsa_own", "", "", "F")
    pod.password(here)
    administrator = pod.administrator(strange, up)
    assert (administrator.secret(), administrator.user) == ("", "admin")
    assert administrator.password_secret() == pod.password(here)
