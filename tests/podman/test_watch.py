"""`preview up --sample` and `preview watch` with a real pod: made-up data in its Graphite, and what is saved in its Grafana."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import requests
from podman_images import free_ports

from sfcci import settings
from sfcci.dashboard import pod, pod_up
from sfcci.metric.graphite import GraphiteReader

pytestmark = pytest.mark.podman
BOARD = (
    "dashboard: {{title: {}, rows: [{{title: R, height: 200px, panels: "
    "[{{title: P, type: graph, targets: [{{target: '{}'}}]}}]}}]}}\n"
)


def save(path, title, target):
    path.with_name("new.part").write_text(BOARD.format(title, target))
    path.with_name("new.part").replace(path)


@pytest.fixture
def shown(podman_here, grafana_image, graphite_image, tmp_path, monkeypatch):
    """A pod with made-up data, and the environment with which commands find it."""
    save(tmp_path / "dashboards.yaml", "One", "stats.gauges.{a,b}.c")
    own = {name: podman_here.environ[name] for name in podman_here.environ if name.startswith("CONTAINERS_")}
    names = ("GRAFANA_PORT", "GRAPHITE_PORT", "CARBON_PORT", "PICKLE_PORT")
    own |= {f"SFCCI_PREVIEW_{name}": port for name, port in zip(names, map(str, free_ports(4)), strict=True)}
    own |= {
        "SFCCI_PREVIEW_NAME": "sfcci-watch",
        "SFCCI_PREVIEW_GRAFANA_IMAGE": grafana_image,
        "SFCCI_PREVIEW_GRAPHITE_IMAGE": graphite_image,
        "SFCCI_PROJECT": str(tmp_path),
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    given = settings.load()

    def quiet(_text):
        pass

    try:
        found = pod_up.up(given, [tmp_path / "dashboards.yaml"], pod.Wish(sample=True), quiet)
        yield given, found, {**os.environ, **own}
    finally:
        pod_up.down(given, quiet, volume=True)


def dashboard(given, found, uid):
    token = pod.grafana(given, found.pod).secret()
    address = f"{found.pod.grafana_url}/api/dashboards/uid/{uid}"
    answer = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["dashboard"]


def test_a_pod_shows_made_up_data_and_what_is_saved(shown, tmp_path):
    given, found, environ = shown
    reader = GraphiteReader(found.pod.graphite_url)
    assert [one for one in reader.names() if not one.startswith("carbon.")] == [
        "sample.stats.gauges.a.c",
        "sample.stats.gauges.b.c",
    ]
    now = int(time.time())
    for one in reader.render("sample.stats.gauges.*.c", now - 86400, now):
        assert sum(number is not None for number, _ in one.values) > 1000
    board = dashboard(given, found, "dashboards")
    assert board["title"] == "One (sample data)"
    assert not (given.state / "runs.sqlite").exists()
    assert pod.choice(given).way is pod.Way.EMBEDDED, "a run's own figures are not shown among made-up ones"

    words = [sys.executable, "-m", "sfcci", "preview", "watch", str(tmp_path / "dashboards.yaml"), "--json"]
    with subprocess.Popen(
        words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert json.loads(process.stdout.readline())["pushed"][0]["action"] == "same"
        save(tmp_path / "dashboards.yaml", "Two", "stats.gauges.{b,d}.c")
        told = json.loads(process.stdout.readline())
        assert [(one["title"], one["action"]) for one in told["pushed"]] == [("Two (sample data)", "change")]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    panel = dashboard(given, found, "dashboards")["panels"][-1]
    assert panel["targets"][0]["target"] == "sample.stats.gauges.{b,d}.c"
    assert "sample.stats.gauges.d.c" in reader.names()
    assert dataclasses.asdict(found.pod)["sample"]
