"""The preview's server: answers what a panel shows, on loopback, to who asks it by its own name, and nothing else."""

import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sfcci import settings
from sfcci.errors import UsageError
from sfcci.web import assets, server
from sfcci.web.server import start_preview

pytestmark = pytest.mark.usefixtures("without_uplot")
PROJECT = Path(__file__).parents[2]
DASHBOARD = """\
dashboard:
  title: Fates
  rows:
    - title: R
      height: 240px
      panels:
        - {title: Good, type: graph, targets: [{target: "alias(a.good,'G')"}, {target: "b.hidden", hide: true}]}
        - {title: Broken, type: graph, targets: [{target: "sum(a.{b"}]}
        - {title: Unknown, type: graph, targets: [{target: "a.unknown"}]}
        - {title: Empty, type: graph, targets: [{target: "a.empty"}]}
        - {title: Refused, type: graph, targets: [{target: "explode(a.good)"}]}
        - {title: Text, type: text, content: "**b** <script>x</script> [j](javascript:alert(1))"}
"""


PATHS = (
    "",
    "metrics",
    "runs",
    "report",
    "api/dashboards",
    "api/render",
    "api/names",
    "api/below",
    "api/series",
    "static/preview.css",
)


@pytest.fixture
def preview(graphite, tmp_path):
    (tmp_path / "fates.yaml").write_text(DASHBOARD)
    graphite.series = {"a.good": [1, None, 3], "a.empty": [None, None]}
    graphite.names = ["a.good", "a.empty"]
    with start_preview(
        replace(settings.load(PROJECT), cache=tmp_path), graphite.url, paths=[tmp_path]
    ) as address:
        yield address


def panel(address, number, **more):
    query = {"dashboard": "fates", "panel": number, "from": 1000, "until": 1300, "points": 100, **more}
    return requests.get(f"{address}api/render", query, timeout=60)


def test_the_page_lists_the_dashboards_and_what_is_wrong_in_their_files(preview, graphite):
    found = requests.get(f"{preview}api/dashboards", timeout=60).json()
    assert [(one["uid"], one["title"]) for one in found["dashboards"]] == [("fates", "Fates")]
    assert found["graphite"] == graphite.url
    assert [("BadTarget" in text, "UnknownFunction" in text) for text in found["problems"]] == [
        (True, False),
        (False, True),
    ]


def test_a_panel_gives_the_series_that_graphite_gives_and_hidden_targets_are_not_asked_for(preview, graphite):
    (answer,) = panel(preview, 1).json()["answers"]
    assert answer["series"] == [{"name": "G", "times": [1050, 1150, 1250], "values": [1, None, 3]}]
    form = next(form for path, form in graphite.asked if path == "/render")
    assert (form["from"], form["until"], form["maxDataPoints"]) == (["1000"], ["1300"], ["100"])
    assert not any("b.hidden" in str(asked) for asked in graphite.asked)


@pytest.mark.parametrize(
    ("number", "trouble", "detail"),
    [
        (2, "broken target", "the brace opened here is never closed"),
        (3, "no such metric", "Graphite knows none of a.unknown"),
        (4, "no data in this range", "the metric is there; nothing was written in this time"),
        (5, "refused by Graphite", "unknown function: explode"),
    ],
)
def test_an_empty_panel_says_why(preview, number, trouble, detail):
    (answer,) = panel(preview, number).json()["answers"]
    assert answer["trouble"] == trouble
    assert detail in answer["detail"]


def test_markdown_becomes_html_without_any_html_or_script_of_the_file(preview):
    panels = requests.get(f"{preview}api/dashboards/fates", timeout=60).json()["dashboard"]["panels"]
    html = panels[-1]["html"]
    assert "<strong>b</strong>" in html
    assert "<script" not in html
    assert "href" not in html


def test_only_what_is_on_a_panel_is_asked_of_graphite(preview, graphite):
    graphite.asked.clear()
    for more in (
        {"dashboard": "none"},
        {"panel": 99},
        {"panel": "x"},
        {"from": 5, "until": 5},
        {"points": 10**6},
    ):
        answer = panel(preview, 1, **more)
        assert answer.status_code == 400
        assert answer.json()["message"]
    assert requests.get(f"{preview}api/render?target=secret.metric", timeout=60).status_code == 400
    assert graphite.asked == []


def test_a_name_that_points_here_but_is_not_ours_gets_nothing(preview):
    for path in PATHS:
        assert requests.get(preview + path, headers={"Host": "evil.example"}, timeout=60).status_code == 400


def test_nothing_can_be_written_and_no_file_but_the_assets_is_served(preview):
    for path in PATHS:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert requests.request(method, preview + path, timeout=60).status_code == 405
    for name in ("../server.py", "%2e%2e/server.py", "..%2fserver.py", "server.py"):
        assert requests.get(f"{preview}static/{name}", timeout=60).status_code == 404


def test_every_answer_forbids_foreign_scripts_frames_and_guessing(preview):
    for path in (*PATHS, "no/such/page", "runs/none", "runs?since=x"):
        headers = requests.get(preview + path, timeout=60).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_pages_ask_no_other_host_for_anything_and_run_no_script_of_their_own():
    folder = Path(assets.__file__).parent
    files = [*(folder / "static").iterdir(), *(folder / "templates").iterdir()]
    assert {path.name for path in files if path.parent.name == "static"} == set(assets.OURS)
    for path in files:
        text = path.read_text()
        assert not re.search(r"<script(?! src)| on[a-z]+=| style=", text), path
        if path.name == "run.html":  # it looks whether an address begins so
            continue
        assert "http://" not in text
        assert "https://" not in text


def test_a_graphite_that_is_away_is_said_and_the_page_stays(tmp_path):
    (tmp_path / "fates.yaml").write_text(DASHBOARD)
    with start_preview(settings.load(PROJECT), "http://127.0.0.1:9", paths=[tmp_path]) as address:
        answer = panel(address, 1)
        assert (answer.status_code, "Connection refused" in answer.json()["message"]) == (502, True)
        assert requests.get(address, timeout=60).ok


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "127.0.0.1:8080", "http://"])
def test_what_is_no_address_of_a_graphite_is_told_at_once(tmp_path, address):
    wrong = pytest.raises(UsageError, match="is no address of a Graphite; expected http://HOST:PORT")
    with wrong, start_preview(settings.load(tmp_path, {}), address):
        pass


def test_a_file_that_is_mended_shows_with_the_next_look(preview, tmp_path):
    (tmp_path / "fates.yaml").write_text(DASHBOARD.replace("title: Fates", "title: New"))
    found = requests.get(f"{preview}api/dashboards", timeout=60).json()
    assert found["dashboards"][0]["title"] == "New"


def test_a_taken_port_is_one_sentence(graphite, tmp_path):
    (tmp_path / "fates.yaml").write_text(DASHBOARD)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(UsageError, match=f"port {port} is taken; choose another"),
            start_preview(settings.load(PROJECT), graphite.url, port, paths=[tmp_path]),
        ):
            pass


def test_it_listens_on_loopback_only_and_the_port_is_free_afterwards(graphite, tmp_path):
    (tmp_path / "fates.yaml").write_text(DASHBOARD)
    with start_preview(settings.load(PROJECT), graphite.url, paths=[tmp_path]) as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        assert address == f"http://{server.LOOPBACK}:{port}/"
        requests.get(address, timeout=60)
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=2)


def test_a_page_begins_with_one_script_that_has_all_its_modules(preview):
    for name in assets.BEGIN:
        text = requests.get(f"{preview}static/{name}", timeout=60).text
        assert "const module_page_js = " in text
        assert not re.search(r"^(import|export) ", text, re.MULTILINE)


def test_an_answer_does_not_wait_until_the_browser_has_acknowledged_the_one_before():
    with server._listening(0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
