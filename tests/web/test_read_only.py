"""A Graphite that is named with --graphite is only read: nothing is written there, by no way that leads to it."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sfcci import settings
from sfcci.cli import console
from sfcci.settings import Graphite
from sfcci.web.server import start_preview

pytestmark = pytest.mark.usefixtures("without_uplot")
READING = {"/render", "/metrics/expand", "/metrics/find", "/metrics/index.json", "/functions"}
BOARD = "dashboard: {title: A, rows: [{title: R, height: 200px, panels: [{title: P, type: graph, targets: [{target: a.good}, {target: a.gone}]}]}]}\n"


@pytest.fixture
def carbon():
    """Where carbon would listen: it counts who comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def test_pages_ask_graphite_and_write_nothing(graphite, carbon, tmp_path):
    (tmp_path / "a.yaml").write_text(BOARD)
    graphite.series, graphite.names = {"a.good": [1, 2]}, ["a.good"]
    place = f"127.0.0.1:{carbon.getsockname()[1]}"
    given = replace(
        settings.load(tmp_path),
        state=tmp_path / "state",
        cache=tmp_path,
        graphite=Graphite(url="http://127.0.0.1:1", carbon=place, pickle=place, statsd=place),
    )
    with (
        console.graphite_url(given, graphite.url) as url,
        start_preview(given, url, paths=[tmp_path / "a.yaml"]) as address,
    ):
        for path in (
            "",
            "api/dashboards",
            "api/dashboards/a",
            "api/render?dashboard=a&panel=1&from=1000&until=2000&points=100",
            "metrics",
            "api/names?words=a",
            "api/below?top=a",
            "api/series?name=a.good&from=1000&until=2000&points=100",
            "runs?metric=a.good&since=1h",
        ):
            assert requests.get(address + path, timeout=60).status_code < 500, path
        for method in ("POST", "PUT", "DELETE"):
            assert requests.request(method, f"{address}api/dashboards", timeout=60).status_code == 405
    assert {path for path, _ in graphite.asked} <= READING
    assert "/render" in {path for path, _ in graphite.asked}
    with pytest.raises(BlockingIOError):
        carbon.accept()
    assert not (tmp_path / "state" / "graphite").exists(), "no Graphite of our own was started"


def test_the_pages_know_no_way_to_write():
    """Neither carbon's nor StatsD's sender, nor what pushes, is imported below web."""
    import sfcci.web

    text = "".join(path.read_text() for path in Path(sfcci.web.__file__).parent.glob("*.py"))
    assert not [
        word for word in ("metric.push", "metric.delivery", "metric.statsd", "carbon.send") if word in text
    ]
