"""Made-up data in a real Graphite: every panel draws, only names below `sample.` are written, and nothing of it stays."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
import requests
from updating import TOKEN, write

from sfcci import settings
from sfcci.dashboard import pod, pod_follow, sample_feed
from sfcci.dashboard.grafana import Options
from sfcci.dashboard.pod import Pod
from sfcci.dashboard.sample import sampled
from sfcci.dashboard.validate import load
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance

pytestmark = pytest.mark.graphite
TIMEOUT_S = 60
BOARD = """\
dashboard:
  title: Nodes
  templating:
    - {{name: region, type: query, query: stats.gauges.provider.*}}
  rows:
    - title: All
      height: 200px
      panels:
        - {{title: Ready, type: graph, targets: [{{target: "aliasByNode(stats.gauges.provider.$region.ready, 3)"}}]}}
        - {{title: Results, type: graph, targets: [{{target: "{}"}}]}}
"""
RESULTS = "alias(summarize(sumSeries(stats_counts.zuul.tenant.*.job.*.SUCCESS),'1h'),'good')"


@pytest.fixture
def boards(tmp_path):
    made = tmp_path / "boards"
    made.mkdir()
    (made / "nodes.yaml").write_text(BOARD.format(RESULTS))
    return made


@pytest.fixture(scope="module")
def feeder(tmp_path_factory, cache_dir):
    """A Graphite of its own with what feeds it, for all tests of this module."""
    folder = tmp_path_factory.mktemp("feeder")
    given = replace(settings.load(folder), state=folder / "state", cache=cache_dir)
    with sample_feed.running(given) as found:
        yield found
    assert names(given.state / "sample") == ["lock"]


@pytest.fixture
def reader(feeder):
    return GraphiteReader(feeder.to.url)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def until(condition):
    """Wait for a state, with a limit that only a broken program reaches."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def test_all_that_dashboards_ask_for_has_values_at_once_and_a_month_soon(feeder, reader, boards):
    dashboards = load([boards])
    made = feeder.prepare(dashboards)
    now = int(time.time())
    targets = [one.text for panel in made[0].panels for one in panel.targets]
    assert all("sample." in text for text in targets)
    for text in targets:
        series = reader.render(text.replace("$region", "*"), now - 5 * 3600, now)
        assert series
        assert all(any(number is not None for number, _ in one.values) for one in series)
    known = reader.names()
    assert known
    assert all(name.startswith("sample.") for name in known)
    ready = next(name for name in known if name.endswith(".ready"))
    until(
        lambda: any(
            number is not None
            for number, at in reader.render(ready, now - 29 * 86400, now)[0].values
            if at < now - 27 * 86400
        )
    )


def test_what_a_dashboard_asks_for_anew_is_made_up_too(feeder, reader, boards):
    feeder.prepare(load([boards]))
    (boards / "nodes.yaml").write_text(BOARD.format("later.{a,b}.x"))
    feeder.prepare(load([boards]))
    assert reader.expand(["sample.later.*.x"]) == ["sample.later.a.x", "sample.later.b.x"]
    now = int(time.time())
    for one in reader.render("sample.later.*.x", now - 3600, now):
        assert any(number is not None for number, _ in one.values)


def test_a_pod_is_fed_for_a_while_ahead_and_known_names_are_left_alone(feeder, reader, boards):
    (boards / "nodes.yaml").write_text(BOARD.format("pod.{a,b}.x"))
    sample = sampled(load([boards]))
    to = Instance(feeder.to.url, feeder.to.carbon, feeder.to.retentions, pickle=feeder.to.pickle)
    sample_feed.feed(sample, to, ahead_s=3600)
    assert set(sample.names) <= set(reader.names())
    said = []
    sample_feed.feed(sample, to, said.append, only_new=True)
    assert "values of 0 series" in said[0]


def test_a_pod_that_shows_made_up_data_is_followed_with_made_up_data(
    feeder, reader, boards, tmp_path, grafana
):
    write(boards / "nodes.yaml", "Nodes", target="followed.*.x", datasource="elsewhere")
    given = replace(settings.load(tmp_path), state=tmp_path / "state")
    to = feeder.to
    pod.remember(
        given,
        Pod("p", grafana.url, to.url, str(to.carbon), str(to.pickle), retentions="1m:2d", sample=True),
    )
    (pod.folder_of(given) / "token").write_text(TOKEN)
    stop = threading.Event()
    follower = pod_follow.follower(given, [boards], Options(), lambda _text: None)
    with contextlib.closing(follower.follow(stop)) as follow:
        told = next(follow)
    assert [one.title for one in told.pushed] == ["Nodes (sample data)"]
    kept = grafana.dashboards["nodes"]["dashboard"]["panels"][-1]
    assert kept["targets"][0]["target"] == "sample.followed.*.x"
    assert kept["title"].endswith("(sample data)")
    assert kept["datasource"] == "graphite"
    assert reader.expand(["sample.followed.*.x"])


def command(boards, state, *more):
    words = [sys.executable, "-m", "sfcci", "preview", "serve", str(boards), "--sample", "--json", *more]
    env = {**os.environ, "SFCCI_RUN_STATE": str(state)}
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process):
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        text += line
    return json.loads(text)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_page_with_made_up_data_leaves_nothing_behind(boards, tmp_path, number):
    state = tmp_path / "own state"
    with command(boards, state) as process:
        address = told(process)["address"]
        listed = requests.get(f"{address}api/dashboards", timeout=TIMEOUT_S).json()
        assert [one["title"] for one in listed["dashboards"]] == ["Nodes (sample data)"]
        process.send_signal(number)
        process.wait(TIMEOUT_S)
    until(lambda: names(state / "sample") == ["lock"])
    assert not [path.name for path in state.rglob("*") if "sqlite" in path.name], (
        "the run database is not there"
    )
    assert names(state) == ["sample"]


def test_made_up_data_and_a_graphite_to_draw_from_are_two_things(boards):
    done = subprocess.run(
        [sys.executable, "-m", "sfcci", "preview", "serve", str(boards), "--sample", "--graphite", "http://127.0.0.1:1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "give one of them" in done.stderr
