"""What docs/deploying.md tells to set is what is run here: a carbon-relay before carbon, its schemas, aggregations, a StatsD's words."""

import contextlib
import dataclasses
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.metric import audit, configuration
from sfcci.metric.instance import configured
from sfcci.metric.push import push, reader

pytestmark = pytest.mark.graphite
PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"
LIMIT_S = 60


def block(language, begin):
    """The fenced block of a language that has a line."""
    (found,) = [
        text for text in re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL) if begin in text
    ]
    return found


def free_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]


@contextlib.contextmanager
def relay(folder, python, ports, pickle):
    """The page's carbon-relay, on ports of its own, before the carbon that has `pickle`."""
    changed = {
        "2013": str(ports[0]),
        "2014": str(ports[1]),
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - the page's, and not used
        "127.0.0.1:2004": str(pickle),
    }
    text = re.sub("|".join(map(re.escape, changed)), lambda found: changed[found[0]], block("ini", "[relay]"))
    for name in ("conf", "storage", "log"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "conf/carbon.conf").write_text(text)
    for name in ("storage-schemas.conf", "storage-aggregation.conf"):
        (folder / "conf" / name).write_text(block("ini", f"# {name}"))
    program = python.parent / "carbon-relay.py"
    argv = [
        python,
        program,
        f"--config={folder}/conf/carbon.conf",
        f"--pidfile={folder}/pid",
        f"--logdir={folder}/log",
    ]
    env = {"PATH": "/usr/bin:/bin", "GRAPHITE_ROOT": str(folder), "HOME": str(folder)}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [*argv, "--nodaemon", "start"], env=env, cwd=folder, stdout=said, stderr=said
        )
    try:
        listening(ports, process, folder / "said")
        yield
    finally:
        process.kill()
        process.wait()


def listening(ports, process, said):
    deadline = time.monotonic() + LIMIT_S
    for port in ports:
        while True:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)


def settled(given, there):
    """Push until all is there: a busy machine's relay may take longer than a push waits."""
    deadline = time.monotonic() + LIMIT_S
    while (report := push(given, there)).findings and time.monotonic() < deadline:
        pass
    return report


def test_results_come_through_the_relay_of_the_page_and_what_a_dead_one_took_comes_later(
    private, graphite, graphite_environment, record, tmp_path
):
    ports = free_port(), free_port()
    toml = block("toml", "relay.example.org")
    for old, new in (
        ("https://graphite.example.org", graphite.url),
        ("relay.example.org:2013", f"127.0.0.1:{ports[0]}"),
    ):
        toml = toml.replace(old, new)
    (tmp_path / "sfcci.toml").write_text(toml.replace("relay.example.org:2014", f"127.0.0.1:{ports[1]}"))
    given = dataclasses.replace(private, graphite=settings.load(tmp_path, {}).graphite)
    there = configured(given)
    assert there.retentions == graphite.retentions
    record("relayed", *(5 + i / 2000 for i in range(40)))
    with relay(tmp_path, graphite_environment.python, ports, graphite.pickle):
        report = settled(given, there)
    assert (report.findings, report.waiting) == ((), 0)
    name = "stats_counts.zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job.relayed.SUCCESS"
    now = time.time()
    assert audit.sums(reader(graphite), [name], now - 86_400, now + 10)[name] == 40

    record("lost", 5)
    with relay(tmp_path, graphite_environment.python, ports, f"127.0.0.1:{free_port()}"):
        report = push(given, there)  # the relay takes it all, and no carbon is behind it
    assert {finding.keyword for finding in report.findings} == {"NotInGraphite"}
    with relay(tmp_path, graphite_environment.python, ports, graphite.pickle):
        report = push(given, there)
    assert (report.findings, report.waiting) == ((), 0)
    assert (
        audit.sums(reader(graphite), [name.replace("relayed", "lost")], now - 86_400, now + 60).popitem()[1]
        == 1
    )


@pytest.mark.parametrize(
    ("told", "own"), [("[sfcci]", configuration.SCHEMAS), ("[sfcci sums]", configuration.AGGREGATION)]
)
def test_the_page_keeps_series_as_our_own_graphite_does(told, own):
    rules = re.findall(
        r"pattern = (.*)\n(?:retentions|xFilesFactor = 0\naggregationMethod) = (.*)", block("ini", told)
    )
    ours = re.findall(r"pattern = (.*)\n(?:retentions|xFilesFactor = 0\naggregationMethod) = (.*)", own)
    stem = "zuul.tenant.t.pipeline.gate.project.h_org.p_q.main.job.a.SUCCESS"
    figures = ("lower", "upper", "upper_90", "count", "sum", "mean")
    names = [
        f"stats_counts.{stem}",
        f"stats.gauges.{stem}",
        *(f"stats.timers.{stem}.{one}" for one in figures),
    ]

    def kept(some, name):
        return next(what for pattern, what in some if re.search(pattern, name))

    from sfcci.metric.retention import DEFAULT

    values = {"{retentions}": DEFAULT}
    assert [kept(rules, name) for name in names] == [
        values.get(kept(ours, name), kept(ours, name)) for name in names
    ]
    assert not [pattern for pattern, _ in rules if re.search(pattern, "servers.web1.load")]


def test_the_page_s_settings_are_settings(tmp_path):
    for text in re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL):
        (tmp_path / "sfcci.toml").write_text(text)
        settings.load(tmp_path, {})
    (tmp_path / "sfcci.toml").write_text(block("toml", "[database]"))
    found = settings.load(tmp_path, {})
    assert found.database_url.startswith("postgresql+psycopg://sfcci@")
    assert found.api.database.startswith("postgresql+psycopg://sfcci@")
