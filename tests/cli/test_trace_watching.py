"""`sfcci trace follow`, `balance`, `latency` as a user runs them: on a lab with real requests, and on a capture of it."""

import json
import os
import sys
import threading
import time

import pytest
from click.testing import CliRunner

from sfcci.cli.trace import trace
from sfcci.errors import InputError, UsageError
from sfcci.trace.sending import PROGRAM

pytestmark = pytest.mark.lab
SPOILT = "ip,nw_dst=10.0.0.128,tp_dst=80,tcp"
REQUESTS = 12


@pytest.fixture
def traffic(lab):
    """Requests of source, one after the other, for as long as the test asks."""
    ended = threading.Event()

    def ask():
        while not ended.is_set():
            words = ["tcp", "10.0.0.103", "0", "10.0.0.128", "80"]
            lab.run("source", [sys.executable, "-I", "-S", PROGRAM, *words], timeout_s=60)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture(scope="module")
def capture(kept, tmp_path_factory):
    """A capture of some requests."""
    path = tmp_path_factory.mktemp("capture") / "a.pcapng"
    with kept[1].capture(path):
        for _ in range(REQUESTS):
            words = ["tcp", "10.0.0.103", "0", "10.0.0.128", "80"]
            kept[1].run("source", [sys.executable, "-I", "-S", PROGRAM, *words], timeout_s=60)
    return path


def run(*words, status=0):
    done = CliRunner().invoke(trace, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done


@pytest.mark.usefixtures("traffic")
def test_each_request_is_one_line_with_its_path():
    done = run("follow", "->", "dest", "tcp", "80", "--count", 3, "--duration", 60)
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all("source > vm" in line and line.endswith("> dest: OK") for line in lines)
    assert "3 requests, 0 went wrong" in done.stderr


@pytest.mark.usefixtures("traffic")
def test_only_what_goes_wrong_is_told_when_that_is_asked_for(lab):
    by = ["ovs-ofctl", "-O", "OpenFlow15"]
    lab.run(
        "switch",
        [*by, "add-flow", "br-int", f"{SPOILT},priority=300,actions=NORMAL"],
        timeout_s=60,
        check=True,
    )
    try:
        done = run("follow", "--wrong", "--count", 2, "--duration", 60, "--json", status=1)
    finally:
        match = f"{SPOILT},priority=300"
        lab.run("switch", [*by, "--strict", "del-flows", "br-int", match], timeout_s=60, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == 2
    assert {one["verdict"] for one in told} <= {"BYPASSED", "DROPPED-AT"}
    assert ", 2 went wrong" in done.stderr


def test_nothing_that_passes_is_nothing_told(lab):
    assert lab
    assert run("follow", "icmp", "--duration", 0.1).stdout == ""
    assert "no packet passed" in run("latency", "icmp", "--duration", 0.1, status=1).stdout
    assert "no flow was seen" in run("balance", "icmp", "--duration", 0.1, status=1).stdout


@pytest.mark.usefixtures("traffic")
def test_flows_spread_as_the_weights_say():
    told = json.loads(run("balance", "--flows", 8, "--duration", 60, "--level", 1e-6, "--json").stdout)
    (group,) = told["groups"]
    assert (group["chain"], group["group"], group["significant"]) == ("PC1", "PG1", False)
    assert {pair["pair"]: (pair["host"], pair["weight"]) for pair in group["pairs"]} == {
        "PP1": ("vm1", 1),
        "PP2": ("vm2", 1),
    }
    assert sum(pair["flows"] for pair in group["pairs"]) == group["flows"] >= 8


def test_a_capture_is_followed_counted_and_measured(lab, capture):
    assert lab
    lines = run("follow", "--pcap", capture).stdout.splitlines()
    assert len(lines) == REQUESTS
    group, *_ = json.loads(run("balance", "--pcap", capture, "--level", 1e-6, "--json").stdout)["groups"]
    assert group["flows"] == REQUESTS
    rows = json.loads(run("latency", "--pcap", capture, "--scenario", "demo", "--json").stdout)
    by_pair = {row["pair"]: row for row in rows}
    assert by_pair["PP3"]["packets"] == sum(
        by_pair[pair]["packets"] for pair in ("PP1", "PP2") if pair in by_pair
    )
    assert all(
        0 < row["least_ns"] <= row["p50_ns"] <= row["p95_ns"] <= row["p99_ns"] <= row["most_ns"]
        for row in rows
    )
    assert rows[-1]["node"] == "switch"
    shown = run("balance", "--pcap", capture, "--level", 1e-6).stdout
    assert "as the weights say (p = " in shown


def test_a_spread_that_no_chance_gives_ends_with_status_1(lab, capture):
    assert lab
    assert "not as the weights say" in run("balance", "--pcap", capture, "--level", 1, status=1).stdout


@pytest.mark.usefixtures("traffic")
def test_latencies_go_to_graphite(lab, monkeypatch):
    from sfcci.metric import carbon, instance

    assert lab
    sent = []
    monkeypatch.setattr(carbon, "send", lambda points, _to: sent.extend(points))
    monkeypatch.setattr(instance, "running", Private)
    begin = time.time()
    told = ""
    while not sent and time.time() < begin + 60:  # on a slow machine no request may have passed in one span
        told = CliRunner().invoke(trace, ["latency", "--duration", "0.5", "--push"]).stderr
    assert "points sent to carbon" in told
    assert "stats.timers.sfcci.lab.traced.group.PG2.pair.PP3.upper_95" in {point.name for point in sent}
    assert all(begin - 60 <= point.time_s <= time.time() for point in sent)


class Private:
    """A Graphite that takes everything."""

    carbon, url = "127.0.0.1:2003", "http://127.0.0.1"

    def __init__(self, *_words):
        from sfcci.metric.retention import parse_retentions

        self.retentions = parse_retentions("10s:1d")

    def __enter__(self):
        return self

    def __exit__(self, *_words):
        return None


def test_what_cannot_be_is_told(lab, tmp_path):
    assert lab
    with pytest.raises(UsageError, match="a capture is of another time"):
        run("latency", "--pcap", tmp_path / "a", "--push")
    with pytest.raises(UsageError, match="--scenario says what was meant"):
        run("balance", "--scenario", "demo")
    with pytest.raises(InputError):
        run("follow", "--pcap", os.devnull)
