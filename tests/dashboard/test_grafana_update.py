"""An update of several dashboards: what is written, what never is, and what is said when something goes wrong."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner

from sfcci.cli.main import sfcci
from sfcci.errors import InputError, Unreachable, UsageError

TOKEN = "glsa_geheim"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def files(tmp_path):
    """A folder with three dashboards."""
    folder = tmp_path / "boards"
    folder.mkdir()
    for name in ("a", "b", "c"):
        write(folder / f"{name}.yaml", f"Board {name}")
    return folder


def write(path, title, target="x.y", **panel):
    one = {"title": "P", "type": "graph", "targets": [{"target": target}], **panel}
    rows = [{"title": "R", "height": "320px", "panels": [one]}]
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps({"dashboard": {"title": title, "rows": rows}}))


def run(grafana, *words, **more):
    env = {"SFCCI_GRAFANA_TOKEN": TOKEN, "SFCCI_GRAFANA_URL": grafana.url}
    done = CliRunner().invoke(sfcci, ["dashboard", *map(str, words)], env=env, **more)
    assert done.exception is None or isinstance(done.exception, (SystemExit, Exception))
    return done


def well(grafana, *words):
    done = run(grafana, *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def titles(grafana):
    return sorted(one["dashboard"]["title"] for one in grafana.dashboards.values())


def test_a_dry_run_and_a_diff_only_ask(grafana, files):
    shown = well(grafana, "update", files, "--dry-run").output
    assert "folder 'SFC CI' would be made" in shown
    assert "Board a: create" in shown
    assert run(grafana, "diff", files).exit_code == 1
    well(grafana, "list", files)
    assert {verb for verb, *_ in grafana.requests} == {"GET"}


def test_a_second_update_writes_nothing_and_a_diff_is_empty(grafana, files):
    well(grafana, "update", files)
    before, versions = len(grafana.writes()), [one["version"] for one in grafana.dashboards.values()]
    assert well(grafana, "update", files).output.count("unchanged") == 3
    assert len(grafana.writes()) == before
    assert [one["version"] for one in grafana.dashboards.values()] == versions
    assert "@@" not in well(grafana, "diff", files).output


def test_a_newer_grafana_s_own_annotation_is_no_difference(newer, files):
    well(newer, "update", files)
    before = len(newer.writes())
    assert well(newer, "update", files).output.count("unchanged") == 3
    assert len(newer.writes()) == before


def test_a_diff_shows_each_line_that_would_change(grafana, files):
    well(grafana, "update", files)
    write(files / "b.yaml", "Board b", "x.z")
    done = run(grafana, "diff", files)
    assert done.exit_code == 1
    changed = [
        line.strip()
        for line in done.output.splitlines()
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert [line.replace(" ", "") for line in changed] == ['-"target":"x.y"', '+"target":"x.z"']
    assert f"--- grafana/b version 1\n+++ {files / 'b.yaml'}\n" in done.output


def test_what_was_changed_on_its_page_is_shown_and_put_right(grafana, files):
    well(grafana, "update", files)
    grafana.somebody_saves("a", description="by hand")
    assert '-  "description": "by hand"' in run(grafana, "diff", files).output
    well(grafana, "update", files)
    assert "description" not in grafana.dashboards["a"]["dashboard"]
    assert grafana.dashboards["a"]["version"] == 3


def test_a_new_title_keeps_the_uid(grafana, files):
    well(grafana, "update", files)
    write(files / "a.yaml", "Another name")
    well(grafana, "update", files)
    assert sorted(grafana.dashboards) == ["a", "b", "c"]
    assert grafana.dashboards["a"]["dashboard"]["title"] == "Another name"


def test_a_sub_folder_s_files_go_to_the_folder_of_its_name_and_others_to_the_one_asked_for(grafana, files):
    write(files / "neutron" / "d.yaml", "Board d")
    well(grafana, "update", files, "--folder", "Team")
    assert {uid: one["folder"]["title"] for uid, one in grafana.dashboards.items()} == {
        "a": "Team", "b": "Team", "c": "Team", "d": "neutron",
    }  # fmt: skip
    (files / "neutron" / "d.yaml").rename(files / "d.yaml")
    assert "Board d, moved" in well(grafana, "update", files, "--folder", "Team").output
    assert grafana.dashboards["d"]["folder"]["title"] == "Team"


def test_a_folder_that_was_made_by_hand_is_used(grafana, files):
    grafana.folders["xyz"] = {"uid": "xyz", "id": 7, "title": "SFC CI", "url": "/dashboards/f/xyz/sfc-ci"}
    well(grafana, "update", files)
    assert list(grafana.folders) == ["xyz"]
    assert grafana.dashboards["a"]["folder"]["uid"] == "xyz"


def foreign(grafana, uid, title="Mine"):
    grafana.dashboards[uid] = {
        "dashboard": {"uid": uid, "title": title, "version": 4, "panels": []}, "folder": None, "version": 4,
    }  # fmt: skip


def test_someone_else_s_dashboard_under_our_uid_is_left_alone_and_nothing_is_written(grafana, files):
    foreign(grafana, "b")
    done = run(grafana, "update", files)
    assert done.exit_code == 1
    assert (
        "a dashboard 'Mine' under the uid 'b' that does not carry the tag 'sfcci' [ForeignDashboard]"
        in done.output
    )
    assert grafana.writes() == []
    assert well(grafana, "update", files, "--overwrite").output.count("version") == 3
    assert titles(grafana) == ["Board a", "Board b", "Board c"]


def test_a_change_between_look_and_write_is_somebody_s_and_stays(grafana, files):
    well(grafana, "update", files)
    for name in "ac":
        write(files / f"{name}.yaml", f"Board {name}", "x.z")

    def meanwhile(method, _path, body):
        if method == "POST" and body["dashboard"]["uid"] == "c":
            grafana.hook = None
            grafana.somebody_saves("c", description="by hand")

    grafana.hook = meanwhile
    done = run(grafana, "update", files)
    assert done.exit_code == 1
    assert "somebody else changed it meanwhile" in done.output
    assert "The dashboard has been changed by someone else" in done.output
    assert "'Board a' was brought back to what it was" in done.output
    assert grafana.dashboards["c"]["dashboard"]["description"] == "by hand"
    assert grafana.dashboards["a"]["dashboard"]["panels"][0]["targets"][0]["target"] == "x.y"
    well(grafana, "update", files)
    assert grafana.dashboards["c"]["dashboard"]["panels"][0]["targets"][0]["target"] == "x.z"


def test_when_one_is_refused_the_others_are_undone(grafana, files):
    grafana.replies[("POST", "Board c")] = (400, JSON, b'{"message": "no such plugin"}')
    done = run(grafana, "update", files)
    assert done.exit_code == 1
    assert "no such plugin" in done.output
    assert "'Board a', 'Board b' was deleted again; the folder 'SFC CI' was written and stays" in done.output
    assert grafana.dashboards == {}
    assert [one["title"] for one in grafana.folders.values()] == ["SFC CI"]
    again = run(grafana, "update", files).output
    assert "was deleted again" in again
    assert "the folder" not in again


def test_with_keep_going_the_others_stay(grafana, files):
    grafana.replies[("POST", "Board c")] = (400, JSON, b'{"message": "no such plugin"}')
    assert run(grafana, "update", files, "--keep-going").exit_code == 1
    assert titles(grafana) == ["Board a", "Board b"]


def test_when_the_server_fails_half_way_what_stays_written_is_said(grafana, files):
    written = threading.Event()

    def breaks(method, path, body):
        if method == "POST" and path.endswith("/db"):
            if body["dashboard"]["uid"] == "a":
                return
            assert written.wait(5)
            grafana.reply = (500, JSON, b'{"message": "database is locked"}')
        if method == "GET" and path.endswith("/uid/a") and "a" in grafana.dashboards:
            threading.Timer(0.3, written.set).start()

    grafana.hook = breaks
    done = run(grafana, "update", files)
    assert isinstance(done.exception, Unreachable)
    assert "database is locked" in str(done.exception)
    assert str(done.exception).endswith(
        "'Board a', 'Board b', 'Board c' may be written\nthe folder 'SFC CI' was written and stays"
    )
    grafana.hook = grafana.reply = None
    well(grafana, "update", files)
    assert titles(grafana) == ["Board a", "Board b", "Board c"]


def test_when_the_server_comes_back_at_once_what_was_written_is_undone(grafana, files):
    grafana.replies[("POST", "Board b")] = (502, {"Content-Type": "text/html"}, b"<html>bad gateway</html>")
    done = run(grafana, "update", files, "--parallel", 1)
    assert isinstance(done.exception, Unreachable)
    assert "\n'Board a' was deleted again\n" in str(done.exception)
    assert grafana.dashboards == {}


def test_a_data_source_that_a_file_describes_is_made_and_used_and_an_existing_one_never_changed(
    grafana, files
):
    source = {
        "name": "OpenStack",
        "isDefault": True,
        "url": "https://graphite.example.org",
        "access": "proxy",
    }
    (files / "datasource.yaml").write_text(json.dumps({"datasource": source}))
    well(grafana, "update", files)
    made = grafana.datasources["OpenStack"]
    assert (made["url"], made["type"], made["isDefault"]) == (
        "https://graphite.example.org",
        "graphite",
        True,
    )
    assert grafana.dashboards["a"]["dashboard"]["panels"][0]["datasource"] == "OpenStack"
    grafana.datasources["OpenStack"] = {**made, "url": "http://local", "jsonData": {}}
    done = well(grafana, "update", files)
    assert (
        "data source 'OpenStack' is someone else's and stays as it is: its url is 'http://local'"
        in done.output
    )
    assert grafana.datasources["OpenStack"]["url"] == "http://local"


def test_our_own_data_source_is_changed_with_its_file(newer, files):
    for url in ("http://one", "http://two"):
        (files / "d.yaml").write_text(
            json.dumps({"datasource": {"name": "D", "url": url, "access": "proxy"}})
        )
        well(newer, "update", files)
        assert newer.datasources["D"]["url"] == url
    assert ("PUT", "/api/datasources/uid/D") in newer.writes()


def test_a_mapping_names_the_data_source_to_use_and_the_described_one_is_not_made(grafana, files):
    source = {"name": "OpenStack", "isDefault": True, "url": "https://graphite.example.org"}
    (files / "datasource.yaml").write_text(json.dumps({"datasource": source}))
    write(files / "d.yaml", "Board d", datasource="Other")
    well(grafana, "update", files, "--datasource", "OpenStack=graphite", "--datasource", "Other=graphite")
    assert list(grafana.datasources) == ["graphite"]
    assert {one["dashboard"]["panels"][0]["datasource"] for one in grafana.dashboards.values()} == {
        "graphite"
    }


def test_json_is_pushed_as_it_is_with_its_data_sources_mapped(newer, tmp_path):
    panel = {"id": 1, "type": "timeseries", "title": "P", "datasource": {"type": "graphite", "uid": "theirs"}}
    given = {
        "title": "J",
        "uid": "their-uid",
        "id": 12,
        "version": 7,
        "panels": [panel],
        "tags": ["x"],
        "refresh": "1m",
    }
    (tmp_path / "j.json").write_text(json.dumps(given))
    well(newer, "update", tmp_path / "j.json", "--datasource", "theirs=graphite")
    kept = newer.dashboards["j"]["dashboard"]
    assert kept["panels"][0]["datasource"] == {"type": "graphite", "uid": "gg"}
    assert (kept["uid"], kept["refresh"], kept["tags"], kept["version"]) == ("j", "1m", ["x", "sfcci"], 1)


def test_an_export_s_open_data_source_is_filled_in(newer, tmp_path):
    given = {
        "title": "J", "__inputs": [{"name": "DS_G", "label": "graphite", "type": "datasource", "pluginId": "graphite"}],
        "panels": [{"id": 1, "type": "stat", "title": "P", "datasource": "${DS_G}"}],
    }  # fmt: skip
    (tmp_path / "j.json").write_text(json.dumps(given))
    well(newer, "update", tmp_path / "j.json")
    assert newer.dashboards["j"]["dashboard"]["panels"][0]["datasource"] == {"type": "graphite", "uid": "gg"}


def test_legacy_sends_rows_as_grafyaml_does_and_a_new_grafana_is_warned_of(newer, grafana, files):
    well(grafana, "update", files, "--legacy")
    kept = grafana.dashboards["a"]["dashboard"]
    assert "panels" not in kept
    assert kept["rows"][0]["panels"][0]["type"] == "graph"
    said = f"Grafana {newer.version} shows no rows" in well(newer, "update", files, "--legacy").output
    assert said == (newer.major >= 12)


def test_grafyaml_s_copy_of_a_dashboard_is_told_and_deleted_when_asked(grafana, files):
    from sfcci.dashboard.model import grafyaml_uid

    old = grafyaml_uid("Board a")
    grafana.dashboards[old] = {
        "dashboard": {"uid": old, "title": "Board a", "version": 1, "rows": []}, "folder": None, "version": 1,
    }  # fmt: skip
    assert (
        f"grafyaml's copy of it is at {grafana.url}/d/{old}"
        in well(grafana, "update", files, "--dry-run").output
    )
    well(grafana, "update", files, "--adopt")
    assert sorted(grafana.dashboards) == ["a", "b", "c"]


def test_a_panel_that_grafana_loses_is_found_by_reading_back(grafana, files):
    keep = grafana.keep
    grafana.keep = lambda sent, folder: keep(sent | {"panels": []}, folder)
    done = run(grafana, "update", files)
    assert done.exit_code == 1
    assert "Grafana kept otherwise than it was sent: panels [GrafanaDiffers]" in done.output


@pytest.mark.parametrize(("words", "error"), [
    (["update", "none.yaml"], UsageError),
    (["update", "--datasource", "x"], UsageError),
    (["diff", "--grafana", "nonsense"], UsageError),
])  # fmt: skip
def test_words_that_make_no_sense_are_refused_before_anything_is_asked(grafana, files, words, error):
    done = run(grafana, words[0], files, *words[1:])
    assert isinstance(done.exception, error)
    assert grafana.requests == []


def test_unchecked_goes_on_with_a_target_that_graphite_misreads_and_tells_it(grafana, files):
    write(files / "a.yaml", "Board a", "alias(a.{b,c),'x')")
    assert isinstance(run(grafana, "update", files).exception, InputError)
    done = well(grafana, "update", files, "--unchecked")
    assert "[BadTarget]" in done.output
    assert len(grafana.dashboards) == 3


def test_json_output_says_what_was_done(grafana, files):
    made = json.loads(well(grafana, "update", files, "--json").output)
    assert [(one["uid"], one["action"], one["version"]) for one in made["pushed"]] == [
        ("a", "create", 1), ("b", "create", 1), ("c", "create", 1),
    ]  # fmt: skip
    assert made["findings"] == []
    assert all(
        one["diff"] == "" for one in json.loads(well(grafana, "diff", files, "--json").output)["dashboards"]
    )


def process(grafana, files):
    words = [sys.executable, "-m", "sfcci", "dashboard", "update", str(files), "--parallel", "1"]
    env = {**os.environ, "SFCCI_GRAFANA_TOKEN": TOKEN, "SFCCI_GRAFANA_URL": grafana.url}
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_after_ctrl_c_or_kill_the_next_update_puts_everything_right(grafana, files, number):
    reached, go_on = threading.Event(), threading.Event()

    def waits(method, path, body):
        if method == "POST" and path.endswith("/db") and body["dashboard"]["uid"] == "b":
            reached.set()
            go_on.wait(10)

    grafana.hook = waits
    with process(grafana, files) as running:
        assert reached.wait(20)
        running.send_signal(number)
        if number == signal.SIGINT:
            time.sleep(1)  # for the signal to arrive, before the answer does
        go_on.set()
        _, errors = running.communicate(timeout=20)
    if number == signal.SIGINT:
        assert running.returncode == 130
        assert "2 of 3 dashboards are written: 'Board a', 'Board b'; run it again for the others" in errors
    grafana.hook = None
    well(grafana, "update", files)
    assert titles(grafana) == ["Board a", "Board b", "Board c"]
    assert "@@" not in well(grafana, "diff", files).output


def test_a_data_source_that_was_made_before_a_failure_is_told(grafana, files):
    source = {"name": "OpenStack", "url": "https://graphite.example.org"}
    (files / "datasource.yaml").write_text(json.dumps({"datasource": source}))
    grafana.replies[("POST", "Board c")] = (400, JSON, b'{"message": "no such plugin"}')
    stays = "the folder 'SFC CI' was written and stays; the data source 'OpenStack' was written and stays"
    assert stays in run(grafana, "update", files).output
    assert "OpenStack" in grafana.datasources


def test_what_was_made_before_a_folder_or_a_data_source_failed_is_told(grafana, files):
    write(files / "more" / "d.yaml", "Board d")
    grafana.hook = lambda method, _path, body: grafana.replies.update(
        {("POST", "folders"): (500, JSON, b'{"message": "boom"}')}
        if method == "POST" and body["title"] == "more"
        else {}
    )
    told = str(run(grafana, "update", files).exception)
    assert told.endswith("boom\nthe folder 'SFC CI' was written and stays\nthe folder 'more' may be written")
    grafana.hook = None
    grafana.replies[("POST", "folders")] = (403, JSON, b'{"message": "no right"}')
    told = str(run(grafana, "update", files).exception)
    assert "no right" in told
    assert "the folder" not in told
    assert grafana.dashboards == {}


@contextlib.contextmanager
def held(grafana, what):
    """Hold the first answer for which `what(method, path, body)` is true: (it was asked, let it go)."""
    reached, go_on = threading.Event(), threading.Event()

    def waits(method, path, body):
        if not reached.is_set() and what(method, path, body):
            reached.set()
            go_on.wait(10)

    grafana.hook = waits
    try:
        yield reached, go_on
    finally:
        go_on.set()
        grafana.hook = None


def interrupted(grafana, files, what, times=1):
    """Give what is said when Ctrl-C comes while that answer is waited for."""
    with held(grafana, what) as (reached, go_on), process(grafana, files) as running:
        assert reached.wait(20)
        for _ in range(times):
            running.send_signal(signal.SIGINT)
            time.sleep(1)  # for the signal to arrive, before the answer does
        go_on.set()
        _, errors = running.communicate(timeout=20)
    assert running.returncode == 130
    return errors


def test_ctrl_c_while_an_update_is_rolled_back_tells_what_is_in_grafana(grafana, files):
    grafana.replies[("POST", "Board c")] = (400, JSON, b'{"message": "no such plugin"}')
    errors = interrupted(
        grafana, files, lambda method, path, _body: method == "DELETE" and path.endswith("/uid/b")
    )
    assert "'Board a' was deleted again; 'Board b', 'Board c' may be written; run it again\n" in errors
    assert "the folder 'SFC CI' was written and stays" in errors


def test_ctrl_c_before_the_first_dashboard_tells_of_the_folder(grafana, files):
    errors = interrupted(
        grafana, files, lambda method, path, _body: (method, path) == ("POST", "/api/folders")
    )
    assert "the folder 'SFC CI' may be written" in errors
    assert grafana.dashboards == {}


def test_ctrl_c_before_anything_is_written_says_so(grafana, files):
    errors = interrupted(grafana, files, lambda _method, path, _body: "/api/dashboards/uid/" in path)
    assert "nothing was written" in errors
    assert grafana.writes() == []


def test_a_second_ctrl_c_does_not_wait_and_says_what_is_not_known(grafana, files):
    errors = interrupted(
        grafana, files, lambda method, _path, body: method == "POST" and "Board b" in str(body), times=2
    )
    assert "1 of 3 dashboards are written: 'Board a'; 'Board b' may be; run it again for the others" in errors


def test_progress_is_said_up_to_the_last(grafana, files):
    from sfcci.dashboard.grafana import Options, update
    from sfcci.dashboard.grafana_client import Client
    from sfcci.dashboard.source import load
    from sfcci.settings import Grafana

    said, settings = [], Grafana(url=grafana.url, token=TOKEN)
    with Client(settings, workers=1) as client:
        client.connect()
        update(client, load([files], settings.folder), settings, Options(), said.append)
    assert said == [f"{number} of 3 dashboards written" for number in (1, 2, 3)]
