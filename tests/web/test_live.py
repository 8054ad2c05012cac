"""Live reload: who has a page open is told what has changed on the disk, at once, and misses nothing."""

import json
import threading
from dataclasses import replace

import pytest
import requests

from sfcci import settings
from sfcci.web import live as module
from sfcci.web.server import start_preview

pytestmark = pytest.mark.usefixtures("without_uplot")
BOARD = "dashboard: {{title: {}, rows: []}}\n"
TIMEOUT_S = 60


def save(path, text):
    path.with_name(".new").write_text(text)
    path.with_name(".new").replace(path)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "boards"
    made.mkdir()
    for name in ("a", "b"):
        (made / f"{name}.yaml").write_text(BOARD.format(name.upper()))
    return made


@pytest.fixture
def address(folder, tmp_path, graphite):
    given = replace(settings.load(tmp_path), cache=tmp_path, state=tmp_path / "state")
    with start_preview(given, graphite.url, paths=[folder]) as found:
        yield found


class Stream:
    """A page that listens."""

    def __init__(self, address, since="", **headers):
        query = {"since": since} if since else {}
        self.answer = requests.get(
            f"{address}api/changes", query, headers=headers, stream=True, timeout=TIMEOUT_S
        )
        self.lines = self.answer.iter_lines(chunk_size=None)
        assert next(self.lines) == b"retry: 1000"
        assert next(self.lines) == b""

    def event(self):
        """Wait for the next event; comments are skipped."""
        lines = []
        for line in self.lines:
            if not line and lines:
                break
            if line and not line.startswith(b":"):
                lines.append(line.decode().partition(": "))
        self.found = {name: value for name, _, value in lines}
        assert self.found["event"] == "dashboards"
        return json.loads(self.found["data"])


@pytest.fixture
def listen(address):
    made = []

    def start(since="", **headers):
        made.append(Stream(address, since, **headers))
        return made[-1]

    yield start
    for one in made:
        one.answer.close()


def listed(address):
    return requests.get(f"{address}api/dashboards", timeout=TIMEOUT_S).json()


def test_a_page_is_told_which_dashboard_has_changed(address, listen, folder):
    stream = listen()
    assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    assert stream.answer.headers["Cache-Control"] == "no-store"
    save(folder / "a.yaml", BOARD.format("A2"))
    assert stream.event() == {"uids": ["a"], "removed": [], "problems": [], "broken": {}}
    assert requests.get(f"{address}api/dashboards/a", timeout=TIMEOUT_S).json()["dashboard"]["title"] == "A2"
    save(folder / "c.yaml", BOARD.format("C"))
    assert stream.event()["uids"] == ["c"]
    (folder / "b.yaml").unlink()
    assert stream.event()["removed"] == ["b"]
    assert [one["uid"] for one in listed(address)["dashboards"]] == ["a", "c"]


def test_a_broken_file_is_told_and_the_last_good_one_stays(address, listen, folder):
    stream = listen()
    save(folder / "a.yaml", "dashboard: {titel: A}\n")
    told = stream.event()
    assert (told["uids"], list(told["broken"])) == ([], ["a"])
    assert "did you mean title" in "".join(told["problems"]) or "unknown key" in "".join(told["problems"])
    assert requests.get(f"{address}api/dashboards/a", timeout=TIMEOUT_S).json()["dashboard"]["title"] == "A"
    assert listed(address)["broken"] == told["broken"]
    save(folder / "a.yaml", BOARD.format("A"))
    assert stream.event() == {"uids": [], "removed": [], "problems": [], "broken": {}}


def test_all_pages_are_told_and_one_that_has_gone_harms_none(listen, folder):
    streams = [listen() for _ in range(12)]
    streams[0].answer.close()
    save(folder / "a.yaml", BOARD.format("A2"))
    assert [one.event()["uids"] for one in streams[1:]] == [["a"]] * 11


def test_what_happens_between_the_list_and_the_stream_is_told(address, listen, folder):
    seen = listed(address)["seen"]
    for title in ("A2", "A3"):
        save(folder / "a.yaml", BOARD.format(title))
        listed(address)
    assert listen(seen).event()["uids"] == ["a"]


def test_a_browser_that_connects_again_is_told_what_it_missed(address, listen, folder):
    first = listen()
    save(folder / "a.yaml", BOARD.format("A2"))
    first.event()
    save(folder / "b.yaml", BOARD.format("B2"))
    listed(address)
    again = listen(since="whatever-1", **{"Last-Event-ID": first.found["id"]})
    assert again.event()["uids"] == ["b"]


def test_a_page_that_was_open_before_these_pages_began_reads_all_anew(listen):
    assert listen("0000-7").event()["uids"] == ["a", "b"]


def test_a_stream_says_that_it_lives(listen, monkeypatch):
    monkeypatch.setattr(module, "BEAT_S", 0.01)
    assert next(listen().lines) == b": still here"


def test_streams_and_threads_end_with_the_server(folder, tmp_path, graphite):
    given = replace(settings.load(tmp_path), cache=tmp_path, state=tmp_path / "state")
    with start_preview(given, graphite.url, paths=[folder]) as address:
        stream = Stream(address)
    assert b"".join(stream.lines) == b""
    assert "watching" not in {one.name for one in threading.enumerate()}


def test_a_page_that_asks_for_the_list_need_not_wait_for_the_kernel(address, folder):
    save(folder / "a.yaml", BOARD.format("A2"))
    assert listed(address)["dashboards"][0]["title"] == "A2"
