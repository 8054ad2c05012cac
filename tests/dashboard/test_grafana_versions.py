"""Grafana 9 to 13, each as its documentation has it: the same commands do the same on all of them."""

import json

import pytest
from click.testing import CliRunner

from sfcci.cli.main import sfcci
from sfcci.dashboard.grafana_client import Client
from sfcci.errors import Unreachable
from sfcci.settings import Grafana

TOKEN, USER, PASSWORD = "glsa_geheim", "admin", "hunter2 ö:"
JSON = {"Content-Type": "application/json"}
BOARD = "dashboard: {{title: {}, rows: [{{title: R, height: 1px, panels: [{{title: P, type: text, content: {}}}]}}]}}\n"


@pytest.fixture
def files(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(BOARD.format(f"Board {name}", "x"))
    return tmp_path


@pytest.fixture
def run(newer):
    def call(*words):
        env = {"SFCCI_GRAFANA_TOKEN": TOKEN, "SFCCI_GRAFANA_URL": newer.url}
        return CliRunner().invoke(sfcci, ["dashboard", *map(str, words)], env=env)

    return call


def folders(grafana):
    return {uid: one["folder"] and one["folder"]["title"] for uid, one in grafana.dashboards.items()}


def test_dashboards_are_made_changed_moved_listed_pulled_and_deleted(newer, run, files):
    assert run("update", files).output.count("created, version 1") == 3
    before = newer.writes()
    assert run("update", files).output.count("unchanged, version 1") == 3
    assert run("diff", files).exit_code == 0
    assert newer.writes() == before
    (files / "a.yaml").write_text(BOARD.format("Another name", "y"))
    newer.somebody_saves("b", description="by hand")
    assert [one["action"] for one in json.loads(run("update", files, "--json").output)["pushed"]] == [
        "change", "change", "same",
    ]  # fmt: skip
    assert run("update", files, "--folder", "Team").output.count("moved, version") == 3
    assert folders(newer) == dict.fromkeys("abc", "Team")
    assert run("update", files, "--folder", "General").output.count("moved, version") == 3
    assert run("update", files, "--folder", "General").output.count("unchanged") == 3
    assert folders(newer) == dict.fromkeys("abc")
    states = {
        row["uid"]: row["state"]
        for row in json.loads(run("list", files, "--folder", "General", "--json").output)
    }
    assert states == dict.fromkeys("abc", "same")
    assert "title: Another name" in run("pull", "a").output
    (files / "c.yaml").unlink()
    assert run("prune", files, "--everywhere", "--yes").output == "deleted Board c (c)\n"
    assert run("delete", "a", "Board b").exit_code == 0
    assert newer.dashboards == {}


def test_a_folder_s_number_is_never_sent(newer, run, files):
    run("update", files)
    sent = [body for verb, path, _, body in newer.requests if (verb, path) == ("POST", "/api/dashboards/db")]
    assert len(sent) == 3
    assert not any("folderId" in body for body in sent)
    assert all(body["folderUid"] in newer.folders for body in sent)


def test_when_one_is_refused_the_others_are_brought_back(newer, run, files):
    run("update", files)
    for name in "abc":
        (files / f"{name}.yaml").write_text(BOARD.format(f"Board {name}", "changed"))
    newer.replies[("POST", "Board c")] = (400, JSON, b'{"message": "no such plugin"}')
    assert "'Board a', 'Board b' was brought back to what it was" in run("update", files).output
    newer.replies.clear()
    assert run("diff", files).output.count("@@") > 0
    assert {one["dashboard"]["panels"][0]["options"]["content"] for one in newer.dashboards.values()} == {"x"}
    assert folders(newer) == dict.fromkeys("abc", "SFC CI")


def test_someone_else_s_dashboard_and_a_change_meanwhile_stay(newer, run, files):
    run("update", files)
    newer.dashboards["a"]["dashboard"] |= {"tags": [], "title": "Mine"}
    (files / "b.yaml").write_text(BOARD.format("Board b", "changed"))
    done = run("update", files)
    assert (done.exit_code, "[ForeignDashboard]" in done.output) == (1, True)
    newer.dashboards["a"]["dashboard"]["tags"] = ["sfcci"]

    def meanwhile(method, _path, body):
        if method == "POST" and body["dashboard"]["uid"] == "b":
            newer.hook = None
            newer.somebody_saves("b", description="by hand")

    newer.hook = meanwhile
    assert "somebody else changed it meanwhile" in run("update", files).output
    assert newer.dashboards["b"]["dashboard"]["description"] == "by hand"


@pytest.mark.parametrize("newer", ["12.0.2", "13.1.0"], indirect=True)  # the new layout came with 12
def test_a_dashboard_that_somebody_saved_in_the_new_layout_is_left_alone_in_grafana_s_words(
    newer, run, files
):
    run("update", files)
    before = newer.writes()
    newer.v2.add("b")
    (files / "a.yaml").write_text(BOARD.format("Board a", "changed"))
    said = str(run("update", files).exception)
    assert (
        "refuses GET /api/dashboards/uid/b with status 406: dashboard api version not supported, use /apis/"
        in said
    )
    assert newer.writes() == before


@pytest.mark.parametrize("token", [TOKEN, "eyJrIjoia2V5In0="])
def test_a_token_goes_first_whether_of_a_service_account_or_an_old_key_and_the_password_after_it(
    newer, token
):
    newer.secrets = {next(one for one in newer.secrets if one.startswith("Basic"))}
    settings = Grafana(url=newer.url, token=token, user=USER, password=PASSWORD)
    with Client(settings) as client:
        client.connect()
    kinds = [
        headers["Authorization"].split()[0] for _, path, headers, _ in newer.requests if path == "/api/org"
    ]
    assert kinds == ["Bearer", "Basic"]


def test_a_refused_token_is_told_in_grafana_s_words_and_not_shown(newer):
    with (
        pytest.raises(Unreachable, match=r"(?i)invalid api key; see") as caught,
        Client(Grafana(url=newer.url, token="glsa_falsch")) as client,
    ):
        client.connect()
    assert "glsa_falsch" not in str(caught.value)


def test_a_grafana_that_keeps_its_version_to_itself_is_taken_for_a_new_one(serving, files):
    with serving(version="") as hidden:
        env = {"SFCCI_GRAFANA_TOKEN": TOKEN, "SFCCI_GRAFANA_URL": hidden.url}
        done = CliRunner().invoke(sfcci, ["dashboard", "update", str(files)], env=env)
        assert (done.exit_code, done.output.count("created, version 1")) == (0, 3)
        assert hidden.faults == []
