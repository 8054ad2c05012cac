"""Results told to a StatsD: the datagrams, each result once, and what a real StatsD 0.9.0 makes of them in Graphite."""

import contextlib
import dataclasses
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sfcci.errors import Unreachable, UsageError
from sfcci.gate.history import History
from sfcci.gate.job import Result
from sfcci.metric import series, statsd, wire
from sfcci.metric.carbon import Address
from sfcci.metric.graphite import GraphiteReader

REPOSITORY = Path(__file__).parents[2]
STEM = "zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job"
LINE = re.compile(rb"[A-Za-z0-9_.-]+:\d+\|(c|ms)")


@contextlib.contextmanager
def a_receiver():
    """A socket that takes datagrams; `read` gives the lines that have come."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        link.settimeout(0.3)

        def read():
            lines = []
            with contextlib.suppress(TimeoutError):
                while True:
                    datagram = link.recv(65536)
                    assert len(datagram) < 1432
                    lines += datagram.split(b"\n")
            return lines

        yield Address(*link.getsockname()), read


@pytest.fixture
def receiver():
    with a_receiver() as found:
        yield found


def test_a_result_is_an_increment_and_a_duration(private, record, receiver):
    address, read = receiver
    record("told", 5, duration_ms=1234)
    record("skipped", 5, outcome=Result.SKIPPED)
    told = statsd.tell(private, address, time.time() - 3600)
    assert (told.results, told.before) == (2, 0)
    assert sorted(read()) == [
        f"{STEM}.skipped.SKIPPED:1|c".encode(),
        f"{STEM}.told.SUCCESS:1234|ms".encode(),
        f"{STEM}.told.SUCCESS:1|c".encode(),
    ]


def test_many_are_small_datagrams_of_whole_lines(private, record, receiver):
    address, read = receiver
    record("many", *(5 + n / 10 for n in range(300)))
    told = statsd.tell(private, address, time.time() - 3600)
    lines = read()
    assert len(lines) == 600
    assert all(LINE.fullmatch(line) for line in lines)
    assert told.datagrams < 300 / 4


def test_a_result_is_told_once(private, record, receiver):
    address, read = receiver
    record("once", 5, 6)
    since_s = time.time() - 3600
    assert statsd.tell(private, address, since_s).results == 2
    record("once", 7)
    again = statsd.tell(private, address, since_s)
    assert (again.results, again.before) == (1, 2)
    assert len(read()) == 6
    with a_receiver() as (another, _):
        assert statsd.tell(private, another, since_s).results == 3


def test_of_two_at_once_one_tells_each_result(private, record, receiver):
    address, read = receiver
    record("both", *(5 + n / 10 for n in range(300)))
    since_s = time.time() - 3600
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: statsd.tell(private, address, since_s), range(2)))
    assert sorted((one.results, one.before) for one in told) == [(0, 300), (300, 0)]
    assert len(read()) == 600


def test_only_what_ended_since_is_told(private, record, receiver):
    address, read = receiver
    record("recent", 5, 7200)
    assert statsd.tell(private, address, time.time() - 3600).results == 1
    assert len(read()) == 2
    assert statsd.tell(private, address, time.time() - 30 * 86400).results == 1
    with pytest.raises(UsageError, match="30 days"):
        statsd.tell(private, address, time.time() - 31 * 86400)


def test_where_nobody_listens_it_is_told_and_nothing_counts_as_told(private, record, receiver):
    address, read = receiver
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        closed = Address(*link.getsockname())
    record("refused", 5)
    since_s = time.time() - 3600
    for _ in range(2):
        with pytest.raises(Unreachable, match="Connection refused"):
            statsd.tell(private, closed, since_s)
    assert statsd.tell(private, address, since_s).results == 1
    assert len(read()) == 2


def test_a_name_that_none_can_have_is_told(private, record):
    record("odd", 5)
    with pytest.raises(Unreachable, match=r"StatsD at a\.\.b:8125 cannot be told"):
        statsd.tell(private, Address("a..b", 8125), time.time() - 3600)


def test_a_result_whose_lines_are_longer_than_a_datagram_goes_alone(private, record):
    record("long" * 60, 5, 6)
    with History(private) as history:
        results = [dataclasses.replace(one, project="wide" * 60) for one in history.results()]
    assert [len(told) for _, told in wire.datagrams(results)] == [1, 1]


@pytest.fixture
def real_statsd(statsd_program, graphite, tmp_path):
    """StatsD, configured as the page on deploying tells, between us and the private Graphite."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link, socket.socket() as other:
        link.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port, admin = link.getsockname()[1], other.getsockname()[1]
    (told,) = re.findall(r"```js\n(.*?)```", (REPOSITORY / "docs/deploying.md").read_text(), re.DOTALL)
    own = {"port: 8125": f'address: "127.0.0.1", port: {port}, mgmt_address: "127.0.0.1", mgmt_port: {admin}'}
    own["graphitePort: 2003"] = f"graphitePort: {graphite.carbon.port}"
    for old, new in own.items():
        assert old in told
        told = told.replace(old, new)
    path = tmp_path / "statsd.js"
    path.write_text(told)
    with subprocess.Popen(
        ["node", statsd_program, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: not refused(admin))
        yield Address("127.0.0.1", port)
        process.kill()


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def wait_until(true, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.graphite
def test_a_real_statsd_makes_the_same_series_of_it_as_we_do(private, record, real_statsd, graphite):
    durations = [1000 + 100 * n for n in range(60)]
    for number, duration_ms in enumerate(durations):
        record("via-statsd", 5 + number, duration_ms=duration_ms)
    told = statsd.tell(private, real_statsd, time.time() - 3600)
    assert told.results == 60
    reader = GraphiteReader(graphite.url)
    counter = f"stats_counts.{STEM}.via-statsd.SUCCESS"

    def value(name, how):
        now = time.time()
        found = reader.render(f"summarize({name},'1h','{how}',true)", now - 3600, now + 10)
        return next((value for one in found for value, _ in one.values if value), 0)

    wait_until(lambda: value(counter, "sum") == 60)
    total = f"stats.timers.{STEM}.via-statsd.SUCCESS.sum"
    wait_until(lambda: value(total, "sum") == sum(durations))
    names = {name.rpartition(".")[2] for name in reader.expand(f"stats.timers.{STEM}.via-statsd.SUCCESS.*")}
    assert {*series.FIGURES} <= names
    wanted = dict(zip(series.FIGURES, series.figures(durations), strict=True))
    timers = {
        figure: value(f"stats.timers.{STEM}.via-statsd.SUCCESS.{figure}", "max") for figure in series.FIGURES
    }
    if timers["count"] == 60:  # else a flush came in between, and each has figures of its own
        assert timers == pytest.approx(wanted)
