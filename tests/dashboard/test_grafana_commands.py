"""What is in Grafana: listed, deleted, pruned; only what is ours, and never unasked."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sfcci.cli.main import sfcci
from sfcci.errors import UsageError


@pytest.fixture
def files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "boards").mkdir(exist_ok=True)
        (tmp_path / "boards" / f"{name}.yaml").write_text(f"dashboard: {{title: Board {name}}}\n")
    return tmp_path / "boards"


@pytest.fixture
def run(grafana):
    def call(*words):
        env = {"SFCCI_GRAFANA_TOKEN": "glsa_geheim", "SFCCI_GRAFANA_URL": grafana.url}
        return CliRunner().invoke(sfcci, ["dashboard", *map(str, words)], env=env)

    return call


@pytest.fixture
def filled(grafana, run, files):
    """Two dashboards of ours, a third of ours whose file is gone, one of another project's, one of somebody's."""
    (files / "old.yaml").write_text("dashboard: {title: Old}\n")
    assert run("update", files).exit_code == 0
    (files / "old.yaml").unlink()
    (files / "other.yaml").write_text("dashboard: {title: Other project}\n")
    assert run("update", files / "other.yaml", "--folder", "Theirs").exit_code == 0
    (files / "other.yaml").unlink()
    grafana.dashboards["mine"] = {
        "dashboard": {"uid": "mine", "title": "Mine", "version": 1, "panels": []}, "folder": None, "version": 1,
    }  # fmt: skip
    grafana.somebody_saves("b", description="by hand")
    grafana.requests.clear()
    return grafana


def test_a_list_says_what_is_ours_what_differs_and_what_is_in_no_file(filled, run, files):
    (files / "new.yaml").write_text("dashboard: {title: New}\n")
    rows = json.loads(run("list", files, "--json").output)
    assert {row["uid"]: (row["state"], row["ours"]) for row in rows} == {
        "a": ("same", True), "b": ("change", True), "new": ("create", False), "old": ("orphan", True),
        "other": ("orphan", True), "mine": ("other", False),
    }  # fmt: skip
    assert "mine" not in {row["uid"] for row in json.loads(run("list", files, "--ours", "--json").output)}
    assert "Board a" in run("list", files).output
    assert filled.writes() == []


def test_prune_deletes_what_is_ours_and_in_no_file_in_the_folders_of_the_files(filled, run, files):
    assert "would delete Old (old)" in run("prune", files, "--dry-run").output
    assert filled.writes() == []
    with pytest.raises(UsageError, match="give --yes"):
        raise run("prune", files).exception
    assert filled.writes() == []
    assert run("prune", files, "--yes").output == "deleted Old (old)\n"
    assert sorted(filled.dashboards) == ["a", "b", "mine", "other"]
    assert run("prune", files, "--yes").output == "nothing to delete\n"
    assert run("prune", files, "--yes", "--everywhere").output == "deleted Other project (other)\n"
    assert sorted(filled.dashboards) == ["a", "b", "mine"]


def test_prune_looks_into_no_folder_that_no_file_goes_to(filled, run, tmp_path):
    mine = tmp_path / "mine" / "team"
    mine.mkdir(parents=True)
    (mine / "c.yaml").write_text("dashboard: {title: Board c}\n")
    assert run("prune", mine.parent, "--yes").output == "nothing to delete\n"
    assert filled.writes() == []


@pytest.mark.parametrize(("answer", "left"), [("y", {"a", "b", "mine", "other"}), ("n", None), ("", None)])
def test_prune_asks_at_a_terminal_and_only_yes_deletes(filled, files, answer, left):
    import pty

    before = set(filled.dashboards)
    terminal, inside = pty.openpty()
    env = {**os.environ, "SFCCI_GRAFANA_TOKEN": "glsa_geheim", "SFCCI_GRAFANA_URL": filled.url}
    words = [sys.executable, "-m", "sfcci", "dashboard", "prune", str(files)]
    os.write(terminal, f"{answer}\n".encode())
    done = subprocess.run(
        words, check=False, stdin=inside, capture_output=True, text=True, env=env, timeout=30
    )
    os.close(inside)
    os.close(terminal)
    assert "  Old (old) in SFC CI\nDelete these dashboards? [y/N]: " in done.stderr
    assert done.returncode == 0
    assert set(filled.dashboards) == (left or before)
    assert done.stdout == ("deleted Old (old)\n" if left else "")
    assert ("nothing was deleted" in done.stderr) == (left is None)


def test_many_dashboards_come_in_pages(grafana, monkeypatch):
    monkeypatch.setattr("sfcci.dashboard.grafana.PAGE", 2)
    for number in range(5):
        grafana.dashboards[f"u{number}"] = {
            "dashboard": {"uid": f"u{number}", "title": f"T{number}", "version": 1, "tags": ["sfcci"]},
            "folder": None,
            "version": 1,
        }
    from sfcci.dashboard.grafana import listing
    from sfcci.dashboard.grafana_client import Client
    from sfcci.settings import Grafana

    with Client(Grafana(url=grafana.url, token="glsa_geheim")) as client:
        assert [one.uid for one in listing(client)] == ["u0", "u1", "u2", "u3", "u4"]


@pytest.mark.parametrize("name", ["a", "Board a"])
def test_a_dashboard_is_deleted_by_uid_or_title(filled, run, name):
    assert run("delete", name, "--dry-run").output == "would delete Board a (a)\n"
    assert filled.writes() == []
    assert run("delete", name).output == "deleted Board a (a)\n"
    assert "a" not in filled.dashboards


def test_dashboards_are_deleted_by_their_files(filled, run, files):
    assert run("delete", files).exit_code == 0
    assert sorted(filled.dashboards) == ["mine", "old", "other"]


def test_a_delete_of_nothing_or_of_someone_else_s_says_so_with_status_1(filled, run):
    done = run("delete", "none")
    assert (done.exit_code, done.output) == (1, f"Grafana at {filled.url} has no dashboard none\n")
    done = run("delete", "Mine")
    assert (done.exit_code, "does not carry our tag; give --force" in done.output) == (1, True)
    assert run("delete", "Mine", "--force").exit_code == 0
    assert "mine" not in filled.dashboards


def test_a_title_that_several_have_is_not_guessed(filled, run):
    filled.dashboards["a2"] = filled.dashboards["a"]
    with pytest.raises(UsageError, match="several dashboards are called 'Board a'; give a uid: a, a2"):
        raise run("delete", "Board a").exception
    assert filled.writes() == []


def test_a_deletion_that_did_not_happen_is_told(filled, run):
    filled.delete_dashboard = lambda _uid: (200, {"message": "deleted"})
    assert "says that it deleted a and still has it" in str(run("delete", "a").exception)


@pytest.mark.parametrize("name", ["update", "diff", "list", "pull", "delete", "prune", "install-grafyaml"])
def test_every_command_has_help_with_an_example(name):
    done = CliRunner().invoke(sfcci, ["dashboard", name, "--help"])
    assert done.exit_code == 0
    assert f"Example: sfcci dashboard {name}" in done.output
