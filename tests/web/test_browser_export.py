"""What is exported, as a person sees it: the page without a server, the picture; and that the browser leaves nothing."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.dashboard_render import render
from sfcci.errors import ToolError
from sfcci.web import browser

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).parents[2]
GATE = PROJECT / "tests" / "data" / "sfc-gate.yaml"
PATIENCE_S = 60


@pytest.fixture
def exported(graphite):
    """Export the gate's dashboard over a Graphite with a few series: words → nothing."""
    graphite.series = {
        "consolidateBy(asPercent": [80.0, 40.0, 20.0, 12.5],
        "consolidateBy(integral(transformNull(fallbackSeries": [0, 1, 2, 3],
        "consolidateBy(integral": [100, 200, 300, 380],
        "SUCCESS.mean": [2.0, None, 4.0, 3.0],
    }

    def made(*words):
        argv = [GATE, *words, "--graphite", graphite.url]
        found = CliRunner().invoke(render, [str(word) for word in argv], catch_exceptions=False)
        assert found.exit_code == 0, found.output

    return made


def test_the_page_shows_graphites_numbers_without_a_server_and_asks_nobody(
    page, exported, graphite, tmp_path, picture
):
    exported("--html", tmp_path / "gate.html", "--theme", "dark")
    graphite.asked.clear()
    page.size(1400, 1000)
    page.open((tmp_path / "gate.html").as_uri())
    stats = page.evaluate("[...document.querySelectorAll('.stat .number')].map((n) => n.textContent)")
    assert stats == ["12.5 %", "380", "3"]
    legend = page.evaluate("[...document.querySelectorAll('.legend tbody tr')].map((r) => r.textContent)")
    assert "sfc-balance12.5 %" in legend
    assert any(one.startswith("sfc-balance3 s") for one in legend)
    assert page.evaluate("document.querySelectorAll('.plot canvas').length") == 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 18, 23)"
    assert page.complaints() == []
    assert {url.partition(":")[0] for url in page.addresses()} <= {"file", "data", "about"}
    assert graphite.asked == []
    picture(page, "exported")


@pytest.mark.graphite
def test_made_up_data_is_drawn_and_labelled_where_there_is_none_yet(page, tmp_path, picture):
    words = [str(GATE), "--sample", "--html", str(tmp_path / "gate.html")]
    found = CliRunner().invoke(render, words, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    page.size(1400, 1000)
    page.open((tmp_path / "gate.html").as_uri())
    titles = page.evaluate("[...document.querySelectorAll('article.stat h3')].map((e) => e.textContent)")
    assert len(titles) == 3
    assert all("sample" in title.lower() for title in titles), titles
    numbers = page.evaluate("[...document.querySelectorAll('.stat .number')].map((e) => e.textContent)")
    assert len(numbers) == 3
    picture(page, "exported-sample")


def test_a_script_in_the_data_does_not_run(page, graphite, tmp_path):
    graphite.series = {"x.y": [1.0]}
    evil = "</script><img src=x onerror='document.title=1'><script>document.title=2</script>"
    panel = {"type": "text", "title": evil, "id": 1, "options": {"mode": "markdown", "content": evil}}
    (tmp_path / "evil.json").write_text(json.dumps({"title": evil, "panels": [panel]}))
    words = [tmp_path / "evil.json", "--html", tmp_path / "evil.html", "--graphite", graphite.url]
    assert CliRunner().invoke(render, [str(one) for one in words], catch_exceptions=False).exit_code == 0
    page.open((tmp_path / "evil.html").as_uri())
    assert page.evaluate("document.title").startswith("</script>")
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.complaints() == []


def size(path):
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


def corner(path):
    """The pixel at the top left: there no filter of PNG's has changed anything."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompress(packed)[1:4])


def test_a_picture_has_the_width_that_was_asked_for_and_the_height_that_it_needs(exported, tmp_path):
    exported("--png", tmp_path / "gate.png", "--width", "1000")
    words = ("--width", "600", "--panel", "Duration of good runs", "--theme", "dark")
    exported("--png", tmp_path / "one.png", *words)
    whole, one = (size(tmp_path / f"{name}.png") for name in ("gate", "one"))
    assert (whole[0], one[0]) == (1000, 600)
    assert 200 < one[1] < 700 < whole[1]
    assert max(corner(tmp_path / "one.png")) < 40, "dark"
    assert min(corner(tmp_path / "gate.png")) > 200
    left = sorted(path.name for path in Path(os.environ["SFCCI_RUN_STATE"], "browser").iterdir())
    assert left == ["lock"]
    if folder := os.environ.get("SFCCI_SCREENSHOTS"):
        for name in ("gate", "one"):
            Path(folder, f"render-{name}.png").write_bytes((tmp_path / f"{name}.png").read_bytes())


def processes(word):
    """Give the ids of the processes that have a word among theirs."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_a_tool_that_is_killed_takes_its_browser_along_and_the_next_one_cleans_up(tmp_path):
    folder = tmp_path / "browser"
    script = (
        "import sys, pathlib, time\nfrom sfcci.web import browser\n"
        "with browser.opened(pathlib.Path(sys.argv[1])):\n    print('open', flush=True)\n    time.sleep(600)\n"
    )
    argv = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=PROJECT) as tool:
        assert tool.stdout.readline() == b"open\n"
        (left,) = [Path(path.read_text()) for path in folder.glob("*.path")]
        assert processes(str(left))
        tool.send_signal(signal.SIGKILL)
    until(lambda: not processes(str(left)))
    assert left.is_dir()
    with browser.opened(folder) as (_, own):
        assert [Path(path.read_text()) for path in folder.glob("*.path")] == [own]
        assert not left.exists()
    assert not own.exists()
    assert [path.name for path in folder.iterdir()] == ["lock"]
    assert processes(str(own)) == []


def test_a_page_that_is_never_drawn_is_an_error_and_the_browser_is_gone(tmp_path, monkeypatch):
    (tmp_path / "page.html").write_text("<body>never ready</body>")
    with browser.opened(tmp_path / "browser") as (page, own):
        monkeypatch.setattr(browser, "TIMEOUT_S", 1.0)
        with pytest.raises(ToolError, match="within 1 s"):
            page.show(tmp_path / "page.html", 400)
    assert processes(str(own)) == []


def test_a_browser_that_cannot_start_says_what_it_said_last(tmp_path, monkeypatch):
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho 'no display here' >&2\nexit 7\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ToolError, match="no display here"), browser.opened(tmp_path / "browser"):
        pass
    assert [path.name for path in (tmp_path / "browser").iterdir()] == ["lock"]
