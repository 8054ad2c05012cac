"""grafyaml's users change nothing: its files, settings, words; and grafyaml itself as a second client of the same server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.grafana_dashboard import grafana_dashboard, target
from sfcci.cli.main import sfcci
from sfcci.dashboard.model import grafyaml_uid
from sfcci.errors import InputError, UsageError

TOKEN = "glsa_geheim"


@pytest.fixture
def files(shared, tmp_path):
    """Upstream's files as grafyaml's users have them."""
    folder = tmp_path / "grafana"
    folder.mkdir()
    for name in ("networking-sfc.yaml", "octavia.yaml", "datasource.yaml"):
        (folder / name).write_text((shared / "data" / "upstream-dashboards" / name).read_text())
    return folder


@pytest.fixture
def conf(grafana, tmp_path):
    path = tmp_path / "grafyaml.conf"
    path.write_text(f"[grafana]\nurl = {grafana.url}\napikey = {TOKEN}\n[cache]\nenabled = false\n")
    return path


def run(*words, env=None):
    return CliRunner().invoke(grafana_dashboard, [str(word) for word in words], env=env or {})


def grafyaml(conf, *words):
    """Run the real grafyaml."""
    program = [sys.executable, "-W", "ignore", "-c", "from grafana_dashboards.cmd import main; main()"]
    done = subprocess.run(
        [*program, "--config-file", conf, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done


def test_grafyaml_itself_is_content_with_the_stand_in(grafana, files, conf):
    grafyaml(conf, "update", files)
    assert grafana.datasources["OpenStack"]["url"] == "https://graphite.opendev.org"
    kept = grafana.dashboards[grafyaml_uid("Networking SFC Failure Rates")]["dashboard"]
    assert len(kept["rows"]) == 2
    grafyaml(conf, "delete", files / "networking-sfc.yaml")
    assert list(grafana.dashboards) == [grafyaml_uid("Octavia Failure Rate")]


def test_our_legacy_form_is_grafyaml_s_own_but_for_tag_and_uid(grafana, files, conf):
    grafyaml(conf, "update", files)
    theirs = {uid: one["dashboard"] for uid, one in grafana.dashboards.items()}
    grafana.dashboards.clear()
    grafana.datasources["OpenStack"]["isDefault"] = True
    assert run("--config-file", conf, "update", files, "--legacy").exit_code == 0
    ours = {uid: one["dashboard"] for uid, one in grafana.dashboards.items()}
    assert ours.keys() == theirs.keys()
    for uid, kept in ours.items():
        for row in kept["rows"]:
            for panel in row["panels"]:
                if "targets" in panel:
                    assert panel.pop("datasource") == "OpenStack"
        assert kept.pop("tags") == ["sfcci"]
        assert kept == theirs[uid]


def test_after_grafyaml_ours_takes_over_the_same_dashboards_and_a_second_time_writes_nothing(
    grafana, files, conf
):
    grafyaml(conf, "update", files)
    uids = sorted(grafana.dashboards)
    done = run("--config-file", conf, "update", files)
    assert done.exit_code == 0, (done.output, done.exception)
    assert sorted(grafana.dashboards) == uids
    assert all(one["dashboard"]["schemaVersion"] == 42 for one in grafana.dashboards.values())
    assert "octavia.yaml" in done.output  # its unbalanced brace is told
    assert "[BadTarget]" in done.output
    before = len(grafana.writes())
    assert run("--config-file", conf, "update", files).exit_code == 0
    assert len(grafana.writes()) == before


def test_delete_takes_what_update_made_and_leaves_someone_else_s_data_source(grafana, files, conf):
    run("--config-file", conf, "update", files)
    done = run("--config-file", conf, "delete", f"{files / 'octavia.yaml'}:{files / 'datasource.yaml'}")
    assert (done.exit_code, len(grafana.dashboards)) == (0, 1)
    assert "OpenStack" not in grafana.datasources
    assert "was not there" in run("--config-file", conf, "delete", files / "octavia.yaml").output
    grafyaml(conf, "update", files / "datasource.yaml")
    assert (
        "is someone else's and stays"
        in run("--config-file", conf, "delete", files / "datasource.yaml").output
    )


def test_validate_says_success_or_what_is_wrong(files, tmp_path):
    done = run("validate", files)
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "SUCCESS!")
    (tmp_path / "bad.yaml").write_text("dashboard: {titel: x}\n")
    done = run("validate", tmp_path / "bad.yaml")
    assert done.exit_code == 1
    assert done.output.startswith(f"{tmp_path / 'bad.yaml'}: ERROR: ")
    assert "titel" in done.output


def test_the_number_of_a_folder_is_understood(grafana, files, conf):
    grafana.folders["xyz"] = {"uid": "xyz", "id": 77, "title": "Zuul", "url": "/dashboards/f/xyz/zuul"}
    assert run("--config-file", conf, "--grafana-folderid", 77, "update", files).exit_code == 0
    assert {one["folder"]["uid"] for one in grafana.dashboards.values()} == {"xyz"}
    assert isinstance(
        run("--config-file", conf, "--grafana-folderid", 5, "update", files).exception, UsageError
    )


def test_an_option_counts_more_than_the_environment_and_that_more_than_the_file(tmp_path):
    conf = tmp_path / "c"
    conf.write_text("[grafana]\nurl = http://file\napikey = ab%%c\n")
    assert target(str(conf), {}, {}).grafana.url == "http://file"
    assert target(str(conf), {}, {}).grafana.token == "ab%c"
    assert target(str(conf), {}, {"GRAFANA_URL": "http://env"}).grafana.url == "http://env"
    assert (
        target(str(conf), {"url": "http://option"}, {"GRAFANA_URL": "http://env"}).grafana.url
        == "http://option"
    )
    assert target(None, {}, {"GRAFANA_APIKEY": "k"}).grafana.token == "k"


def test_a_password_in_the_address_is_used_and_not_shown(grafana, files):
    url = grafana.url.replace("//", "//admin:hunter2%20%C3%B6%3A@")
    found = target(None, {"url": url}, {}).grafana
    assert (found.url, found.user, found.password_secret()) == (grafana.url, "admin", "hunter2 ö:")
    done = run("--grafana-url", url, "update", files)
    assert done.exit_code == 0, done.exception
    done = run("--grafana-url", url.replace("hunter2", "falsch"), "update", files)
    assert "invalid username or password" in str(done.exception)
    assert "falsch" not in str(done.exception)


@pytest.mark.parametrize("text", ["url = x\n", "[grafana]\nurl\n", "\xff"])
def test_a_settings_file_that_is_none_is_a_fault(tmp_path, text):
    (tmp_path / "c").write_bytes(text.encode("latin-1"))
    for path in ("c", "none"):
        with pytest.raises(InputError, match="grafyaml's settings"):
            target(str(tmp_path / path), {}, {})


def test_the_program_is_installed_runs_and_never_takes_another_s_place(tmp_path, grafana, files, conf):
    words = ["dashboard", "install-grafyaml", "--bindir", str(tmp_path / "bin")]
    assert CliRunner().invoke(sfcci, words).exit_code == 0
    program = tmp_path / "bin" / "grafana-dashboard"
    assert "is there already" in CliRunner().invoke(sfcci, words).output
    env = {**os.environ, "PYTHONPATH": str(Path(sys.modules["sfcci"].__file__).parents[1])}
    done = subprocess.run(
        [program, "--config-file", conf, "update", files],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(grafana.dashboards) == 2
    program.write_text("#!/bin/sh\n")
    assert isinstance(CliRunner().invoke(sfcci, words).exception, UsageError)
    assert program.read_text() == "#!/bin/sh\n"


def test_json_is_a_dashboard_too(grafana, shared, tmp_path, conf):
    path = tmp_path / "z.json"
    path.write_text((shared / "data" / "upstream-dashboards" / "zuul-launcher-rax.json").read_text())
    grafyaml(conf, "update", path)
    (uid,) = grafana.dashboards
    assert run("--config-file", conf, "update", path).exit_code == 0
    assert list(grafana.dashboards) == [uid]
    assert json.loads(path.read_text())["title"] == grafana.dashboards[uid]["dashboard"]["title"]
