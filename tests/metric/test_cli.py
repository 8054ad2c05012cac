import json
import re

import pytest
from click.testing import CliRunner

from sfcci.cli.graphite import graphite as graphite_group
from sfcci.cli.metrics import metrics
from sfcci.errors import UsageError


@pytest.fixture
def run(private, monkeypatch):
    """Run a command with the settings of `private`."""
    for name, value in {
        "SFCCI_PROJECT": private.project,
        "SFCCI_RUN_STATE": private.state,
        "SFCCI_RUN_CACHE": private.cache,
        "SFCCI_DATABASE_URL": private.database_url,
        "SFCCI_GRAPHITE_URL": "",
        "SFCCI_GRAPHITE_CARBON": "",
    }.items():
        monkeypatch.setenv(name, str(value))
    return lambda group, *words: CliRunner().invoke(group, words, catch_exceptions=True)


@pytest.mark.graphite
def test_results_are_pushed_and_found(run, record):
    assert run(graphite_group, "up").exit_code == 0
    try:
        record("sfc-http", 5, 6)
        pushed = run(metrics, "push")
        # Ten points when both ended in the same ten seconds; another one when an hour has just begun.
        assert re.fullmatch(
            r"2 changes are \d\d points of 10 series; read back, the sums are right\n", pushed.output
        )
        again = json.loads(run(metrics, "push", "--json", "--since", "1h").output)
        assert (again["changes"], again["waiting"], again["findings"]) == (2, 0, [])
        assert run(metrics, "push").output == "nothing to push: nothing has changed since the last push\n"
        assert run(metrics, "status").output.endswith("nothing waits\n")
        found = run(metrics, "find", "stats_counts.**.sfc-http.*")
        assert found.output.endswith(".main.job.sfc-http.SUCCESS\n")
        assert run(metrics, "find").output == "stats.*\nstats_counts.*\n"
        missed = run(metrics, "find", "stats_count.*")
        assert (missed.exit_code, missed.stderr) == (
            1,
            "nothing matches stats_count.*: there is no 'stats_count'; did you mean stats_counts?\n",
        )
    finally:
        assert run(graphite_group, "down").output == "Graphite is down\n"


def test_status_tells_what_waits(run, record):
    assert run(metrics, "status").output == "nothing has been pushed yet\nnothing waits\n"
    record("sfc-http", 5, 7200)
    shown = run(metrics, "status").output
    assert re.search(r"2 changes wait, the oldest of results that ended at \d{4}-", shown)
    assert json.loads(run(metrics, "status", "--json").output)["marks"] == 2


def test_a_push_to_statsd_wants_its_address(run):
    refused = run(metrics, "push", "--to", "statsd")
    assert isinstance(refused.exception, UsageError)
    assert "set [graphite] statsd" in str(refused.exception)
    assert run(metrics, "push", "--to", "statsd", "--all").exit_code == 2


@pytest.mark.graphite
def test_up_status_and_down_tell_what_is_so(run):
    assert "does not run" in run(graphite_group, "status").output
    up = json.loads(run(graphite_group, "up", "--json").output)
    status = json.loads(run(graphite_group, "status", "--json").output)
    assert (status["running"], status["kept"], status["url"]) == (True, True, up["url"])
    assert "it stays until: sfcci graphite down" in run(graphite_group, "status").output
    assert json.loads(run(graphite_group, "down", "--json").output) == {"graphite": "stopped"}
    assert run(graphite_group, "down").output == "Graphite was not running\n"


def test_the_private_one_is_not_started_beside_the_settings_graphite(run, monkeypatch):
    monkeypatch.setenv("SFCCI_GRAPHITE_URL", "http://127.0.0.1:1")
    for words in (["up"], ["down"]):
        refused = run(graphite_group, *words)
        assert isinstance(refused.exception, UsageError)
        assert "the settings name a Graphite already" in str(refused.exception)
