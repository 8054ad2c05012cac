"""Pushing to Grafana, against a stand-in that answers as a recorded 7.5.5: what is sent, what is said, what never leaks."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.main import sfcci
from sfcci.dashboard.grafana import push
from sfcci.dashboard.validate import load
from sfcci.errors import InputError, Unreachable, UsageError
from sfcci.settings import Grafana

PROJECT = Path(__file__).parents[2]
TOKEN, USER, PASSWORD = "glsa_geheim", "admin", "hunter2 ö:"


@pytest.fixture(scope="module")
def dashboards():
    return load([PROJECT / "dashboards"])


def with_token(grafana, **more):
    return Grafana(url=grafana.url, token=TOKEN, **more)


def test_a_dashboard_is_pushed_into_its_folder_and_read_back(grafana, dashboards):
    report = push(dashboards, with_token(grafana))
    (done,) = report.pushed
    assert (report.server, report.version, report.findings) == (grafana.url, "7.5.5", ())
    assert (done.uid, done.version, done.url) == ("sfc-gate", 1, f"{grafana.url}/d/sfc-gate/sfc-gate")
    kept = grafana.dashboards["sfc-gate"]
    assert kept["folder"]["title"] == "SFC CI"
    assert kept["dashboard"]["schemaVersion"] == 42
    assert {panel["type"] for panel in kept["dashboard"]["panels"]} == {"row", "stat", "text", "timeseries"}
    assert all(
        panel["datasource"] == "graphite" for panel in kept["dashboard"]["panels"] if "targets" in panel
    )
    (sent,) = [body for verb, path, _, body in grafana.requests if path == "/api/dashboards/db"]
    assert (sent["overwrite"], sent["folderUid"], sent["folderId"]) == (False, kept["folder"]["uid"], 48)


def test_a_second_push_writes_nothing(grafana, dashboards):
    push(dashboards, with_token(grafana))
    before = len(grafana.writes())
    (done,) = push(dashboards, with_token(grafana)).pushed
    assert (done.version, done.action, len(grafana.writes())) == (1, "same", before)


def test_since_8_3_a_panel_names_its_data_source_by_uid_and_since_9_the_folder_s_number_is_not_sent(
    newer, dashboards
):
    report = push(dashboards, with_token(newer))
    assert (report.version, report.findings) == (newer.version, ())
    (sent,) = [body for verb, path, _, body in newer.requests if path == "/api/dashboards/db"]
    sources = [panel["datasource"] for panel in sent["dashboard"]["panels"] if "targets" in panel]
    assert sources == [{"type": "graphite", "uid": "gg"}] * 7
    assert "folderId" not in sent


def test_a_user_and_a_password_do_as_well_as_a_token(grafana, dashboards, tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    settings = Grafana(url=grafana.url + "/", user=USER, password_file=str(tmp_path / "password"))
    assert push(dashboards, settings).pushed


def test_the_sub_path_of_the_address_is_kept(serving, dashboards):
    with serving("/tools/grafana") as grafana:
        (done,) = push(dashboards, with_token(grafana)).pushed
        assert all(path.startswith("/tools/grafana/api/") for path in grafana.paths())
        assert done.url == f"{grafana.url}/d/sfc-gate/sfc-gate"


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ({"token": "glsa_falsch"}, "invalid API key"),
        ({"user": "admin", "password": "glsa_falsch"}, "invalid username or password"),
    ],
)
def test_a_refused_secret_is_told_in_grafana_s_words_and_without_the_secret(
    grafana, dashboards, secret, words
):
    with pytest.raises(Unreachable, match=words) as caught:
        push(dashboards, Grafana(url=grafana.url, **secret))
    assert "glsa_falsch" not in str(caught.value)
    assert "status 401" in str(caught.value)
    assert "see [grafana] token or user" in str(caught.value)


def test_a_server_that_echoes_the_secret_does_not_get_it_into_the_message(grafana, dashboards):
    grafana.reply = (
        500,
        {"Content-Type": "application/json"},
        json.dumps({"message": f"boom {TOKEN}"}).encode(),
    )
    with pytest.raises(Unreachable, match=r"boom \*\*\*"):
        push(dashboards, with_token(grafana))


def test_what_grafana_refuses_is_a_finding_in_its_words_and_the_others_go_on(grafana, dashboards):
    grafana.viewer = True
    report = push(dashboards, with_token(grafana))
    assert report.pushed == ()
    assert "Access denied to save dashboard" in report.findings[0].what


def test_a_folder_that_grafana_forgot_in_silence_is_found_by_reading_back(grafana, dashboards):
    grafana.forgets_folders = True
    (found,) = push(dashboards, with_token(grafana)).findings
    assert found.what == "Grafana put it into the folder 'General', not 'SFC CI'"


def test_a_data_source_that_is_not_there_is_named_before_anything_is_written(grafana, dashboards):
    with pytest.raises(UsageError, match="has no data source 'My Graphite'"):
        push(dashboards, with_token(grafana, datasource="My Graphite"))
    assert "/api/datasources/name/My%20Graphite" in grafana.paths()
    assert "/api/dashboards/db" not in grafana.paths()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_so_no_other_host_sees_the_secret(grafana, serving, dashboards, status):
    with serving() as other:
        grafana.reply = (status, {"Location": f"{other.url}/api/health?{TOKEN}"}, b"")
        with pytest.raises(Unreachable, match="redirects are not followed") as caught:
            push(dashboards, with_token(grafana))
        assert other.requests == []
    assert TOKEN not in str(caught.value)


def test_a_server_that_is_no_grafana_or_not_there_is_said(grafana, dashboards):
    grafana.reply = (200, {"Content-Type": "text/html"}, b"<html>hello</html>")
    with pytest.raises(Unreachable, match=r"no JSON; is it a Grafana\?"):
        push(dashboards, with_token(grafana))
    with pytest.raises(Unreachable, match="does not answer: Connection refused"):
        push(dashboards, Grafana(url="http://127.0.0.1:9", token=TOKEN))


@pytest.mark.parametrize(
    "url", ["localhost:3000", "ftp://x", "http://", "http://admin:hunter2@127.0.0.1:3000"]
)
def test_an_address_that_is_none_or_carries_a_password_is_refused_without_showing_it(dashboards, url):
    with pytest.raises(UsageError) as caught:
        push(dashboards, Grafana(url=url, token=TOKEN))
    assert "hunter2" not in str(caught.value)


def test_a_secret_s_file_that_is_missing_or_empty_is_a_fault(grafana, dashboards, tmp_path):
    (tmp_path / "empty").write_text("\n")
    for name in ("none", "empty"):
        with pytest.raises(InputError, match="token_file"):
            push(dashboards, Grafana(url=grafana.url, token_file=str(tmp_path / name)))


def test_a_netrc_file_is_not_asked(grafana, dashboards, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login admin password geheim\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    push(dashboards, with_token(grafana))
    assert {headers["Authorization"] for _, _, headers, _ in grafana.requests} == {f"Bearer {TOKEN}"}


def test_the_command_pushes_and_says_where_with_the_secret_from_the_environment(grafana):
    words = ["dashboard", "update", str(PROJECT / "dashboards"), "--grafana", grafana.url]
    done = CliRunner().invoke(sfcci, words, env={"SFCCI_GRAFANA_TOKEN": TOKEN})
    assert done.exit_code == 0, done.output
    assert done.output.endswith(
        f"sfc-gate.yaml: SFC gate, created, version 1, at {grafana.url}/d/sfc-gate/sfc-gate\n"
    )


def test_a_broken_dashboard_is_not_pushed_and_nothing_else_of_the_run_is(grafana, tmp_path):
    (tmp_path / "good.yaml").write_text("dashboard: {title: x}\n")
    (tmp_path / "bad.yaml").write_text("dashboard: {titel: y}\n")
    done = CliRunner().invoke(
        sfcci,
        ["dashboard", "update", str(tmp_path), "--grafana", grafana.url],
        env={"SFCCI_GRAFANA_TOKEN": TOKEN},
    )
    assert isinstance(done.exception, InputError)
    assert grafana.requests == []
