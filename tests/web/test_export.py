"""`sfcci dashboard render` and `sfcci preview diff` as commands: files, exit status, what is said; without a browser."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from sfcci.cli.dashboard_render import render
from sfcci.cli.preview_diff import diff
from sfcci.dashboard.sample import LABEL
from sfcci.errors import InputError, MissingTool, Unreachable, UsageError
from sfcci.web import browser

PROJECT = Path(__file__).parents[2]
GATE = PROJECT / "tests" / "data" / "sfc-gate.yaml"
pytestmark = pytest.mark.usefixtures("without_uplot")


@pytest.fixture
def run(graphite):
    """Run a command with that Graphite: exit status, standard output."""
    graphite.series = {"asPercent": [50.0, 12.5]}

    def ran(command, *words):
        found = CliRunner().invoke(
            command, [*map(str, words), "--graphite", graphite.url], catch_exceptions=False
        )
        return found.exit_code, found.stdout

    return ran


def carried(path):
    text = Path(path).read_text()
    return json.loads(re.search(r'id="exported">(.*?)</script>', text, re.DOTALL)[1])


def test_a_page_holds_the_dashboard_and_what_graphite_answers_for_its_time(run, graphite, tmp_path):
    status, said = run(render, GATE, "--html", tmp_path / "gate.html", "--from", "2026-11-20T10:00Z", "--until", "2026-11-20T12:00Z")  # fmt: skip
    assert (status, said) == (0, f"{tmp_path / 'gate.html'}: SFC gate\n")
    found = carried(tmp_path / "gate.html")
    assert found["until"] - found["from"] == 7200
    answer = found["answers"]["/api/render dashboard=sfc-gate panel=1"]["answers"][0]
    assert answer["series"][0]["values"] == [50.0, 12.5]
    spans = {(form["from"][0], form["until"][0]) for path, form in graphite.asked if path == "/render"}
    assert spans == {(str(found["from"]), str(found["until"]))}
    assert found["answers"]["/api/dashboards/sfc-gate"]["dashboard"]["title"] == "SFC gate"


def test_one_panel_alone_is_asked_for_alone_and_a_wrong_name_says_which_is_near(run, tmp_path):
    assert run(render, GATE, "--html", tmp_path / "a.html", "--panel", "Bad results by kind")[0] == 0
    found = carried(tmp_path / "a.html")["answers"]
    assert [one["title"] for one in found["/api/dashboards/sfc-gate"]["dashboard"]["panels"]] == [
        "Bad results by kind"
    ]
    assert sum(key.startswith("/api/render") for key in found) == 1
    with pytest.raises(UsageError, match=r"did you mean Bad results by kind\?"):
        run(render, GATE, "--html", tmp_path / "a.html", "--panel", "Bad result by kinds")


def test_a_panel_of_made_up_data_is_known_by_its_own_title(run, tmp_path):
    board = {
        "title": "B",
        "panels": [{"type": "text", "title": f"Words{LABEL}"}, {"type": "text", "title": "X"}],
    }
    (tmp_path / "b.json").write_text(json.dumps(board))
    assert run(render, tmp_path / "b.json", "--html", tmp_path / "b.html", "--panel", "Words")[0] == 0
    (shown,) = carried(tmp_path / "b.html")["answers"]["/api/dashboards/b"]["dashboard"]["panels"]
    assert shown["title"] == f"Words{LABEL}"


def test_several_dashboards_go_into_a_folder(run, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"dashboard:\n  title: Board {name}\n  rows: []\n")
    with pytest.raises(UsageError, match=r"there are 2 dashboards \(a, b\)"):
        run(render, tmp_path, "--html", tmp_path / "x.html")
    status, said = run(render, tmp_path, "--html", tmp_path / "out", "--json")
    assert status == 0
    assert [one["path"] for one in json.loads(said)["written"]] == [
        str(tmp_path / "out" / f"{n}.html") for n in "ab"
    ]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.html", "b.html"}


def test_what_is_wrong_in_a_dashboard_is_said_and_it_is_drawn_all_the_same(run, tmp_path):
    broken = GATE.read_text().replace("- target: alias(", "- target: alias((", 1)
    (tmp_path / "board.yaml").write_text(broken)
    status, _ = run(render, tmp_path / "board.yaml", "--html", tmp_path / "a.html")
    assert status == 1
    found = carried(tmp_path / "a.html")["answers"]["/api/render dashboard=board panel=1"]
    assert found["answers"][0]["trouble"] == "broken target"


def test_a_template_variable_is_chosen_by_name(run, graphite, tmp_path):
    panel = {
        "type": "timeseries",
        "title": "P",
        "id": 1,
        "targets": [{"refId": "A", "target": "asPercent($a)"}],
    }
    variables = {"list": [{"name": "a", "type": "custom", "query": "x,y"}]}
    (tmp_path / "b.json").write_text(json.dumps({"title": "B", "panels": [panel], "templating": variables}))
    assert run(render, tmp_path / "b.json", "--html", tmp_path / "b.html", "--var", "a=y")[0] == 0
    asked = {target for path, form in graphite.asked if path == "/render" for target in form["target"]}
    assert asked == {"asPercent(y)"}
    assert "var-a=y" in carried(tmp_path / "b.html")["query"]
    with pytest.raises(UsageError, match="expected NAME=VALUE"):
        run(render, tmp_path / "b.json", "--html", tmp_path / "b.html", "--var", "a")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what to write"),
        (["--html", "x.html", "--from", "now-1h", "--until", "now-2h"], "ends .* before it begins"),
        (["--html", "x.html", "--from", "soon"], "is no time"),
    ],
)
def test_bad_words_are_refused_and_nothing_is_written(run, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=said):
        run(render, GATE, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_graphite_that_is_away_is_one_sentence_and_nothing_is_written(tmp_path):
    words = [str(GATE), "--html", str(tmp_path / "a.html"), "--graphite", "http://127.0.0.1:9"]
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        CliRunner().invoke(render, words, catch_exceptions=False)
    assert not (tmp_path / "a.html").exists()


def test_without_a_browser_a_picture_says_how_to_get_one(run, tmp_path, monkeypatch):
    monkeypatch.setattr(browser, "PROGRAMS", ("no-such-browser",))
    with pytest.raises(
        MissingTool, match=r"no Chromium is installed, and pictures are taken with it; .*--html"
    ):
        run(render, GATE, "--png", tmp_path / "a.png")


@pytest.fixture
def sides(tmp_path):
    """Two folders with the same dashboard, of which the second asks for less and has other thresholds."""
    new = (
        GATE.read_text()
        .replace("thresholds: '10,33'", "thresholds: '10,50'", 1)
        .replace("sfc-balance,", "", 1)
    )
    for name, text in (("old", GATE.read_text()), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gate.yaml").write_text(text)
    return tmp_path / "old", tmp_path / "new"


def test_a_difference_is_told_in_words_and_by_the_exit_status(sides):
    old, new = map(str, sides)
    found = CliRunner().invoke(diff, [old, new, "--text"], catch_exceptions=False)
    assert found.exit_code == 1
    assert "  ~ Failure rate of the gate (stat)\n" in found.stdout
    assert (
        "thresholds: green, orange from 10, red from 33 → green, orange from 10, red from 50" in found.stdout
    )
    same = CliRunner().invoke(diff, [old, old, "--text"], catch_exceptions=False)
    assert (same.exit_code, same.stdout) == (0, f"{old} and {old} have the same dashboards\n")


def test_a_difference_as_json_is_one_document(sides):
    found = CliRunner().invoke(diff, [*map(str, sides), "--json"], catch_exceptions=False)
    told = json.loads(found.stdout)
    assert (found.exit_code, told["problems"]) == (1, [])
    kinds = [panel["kind"] for panel in told["dashboards"][0]["panels"]]
    assert (kinds.count("changed"), kinds.count("same")) == (1, 9)


def test_a_file_that_is_not_whole_is_told_with_its_place_and_status_2(sides):
    old, new = sides
    (new / "broken.yaml").write_text("dashboard:\n  title: [\n")
    found = CliRunner().invoke(diff, [str(old), str(new), "--text"], catch_exceptions=False)
    assert found.exit_code == 2
    assert f"{new}/broken.yaml:" in found.stderr
    assert "~ Failure rate of the gate" in found.stdout


def test_the_page_of_a_difference_holds_both_sides(run, sides, tmp_path):
    status, _ = run(diff, *sides, "--html", tmp_path / "diff.html")
    assert status == 1
    answers = carried(tmp_path / "diff.html")["answers"]
    for side in ("old", "new"):
        key = f"/api/difference/render side={side} dashboard=gate panel=1"
        assert answers[key]["answers"][0]["series"][0]["values"] == [50.0, 12.5]
    told = answers["/api/difference"]["dashboards"][0]["panels"]
    assert [one["old"]["title"] for one in told if one["kind"] == "changed"] == ["Failure rate of the gate"]


def test_a_bad_time_in_a_dashboard_is_an_error_of_ours(run, tmp_path):
    (tmp_path / "b.json").write_text(
        json.dumps({"title": "B", "panels": [], "time": {"from": "soon", "to": "now"}})
    )
    with pytest.raises((UsageError, InputError), match="is no time"):
        run(render, tmp_path / "b.json", "--html", tmp_path / "b.html")


def test_the_page_with_both_versions_is_there_until_the_command_is_interrupted(graphite, sides):
    argv = [sys.executable, "-m", "sfcci", "preview", "diff", *map(str, sides), "--graphite", graphite.url]
    env = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=env) as process:
        said = []
        while not said or "Ctrl-C ends it" not in said[-1]:
            said.append(process.stdout.readline())
            assert said[-1], said
        assert "  ~ Failure rate of the gate (stat)\n" in said
        address = said[-1].partition(" ")[0]
        assert "<title>What changed" in requests.get(address, timeout=60).text
        found = requests.get(f"{address}api/difference", timeout=60).json()
        assert [one["kind"] for one in found["dashboards"]] == ["changed"]
        wrong = requests.get(
            f"{address}api/difference/render?side=x&panel=1&from=1&until=9&points=9", timeout=60
        )
        assert (wrong.status_code, wrong.json()) == (400, {"message": "expected side as one of old, new"})
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
