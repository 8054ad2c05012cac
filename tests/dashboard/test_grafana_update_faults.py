"""An update that others or the server get in the way of, or Ctrl-C: what is undone, and what is said."""

import json
import signal
import threading

import pytest
from updating import JSON, interrupt, interrupted, process, run, titles, well, write

from sfcci.dashboard import grafana_write
from sfcci.errors import Unreachable


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
            assert written.wait(60)
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_after_ctrl_c_or_kill_the_next_update_puts_everything_right(grafana, files, number):
    reached, go_on = threading.Event(), threading.Event()

    def waits(method, path, body):
        if method == "POST" and path.endswith("/db") and body["dashboard"]["uid"] == "b":
            reached.set()
            go_on.wait(120)

    grafana.hook = waits
    with process(grafana, files) as running:
        assert reached.wait(120)
        if number == signal.SIGINT:
            interrupt(running)
        else:
            running.kill()
        go_on.set()
        _, errors = running.communicate(timeout=120)
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


def test_two_dashboards_of_one_title_are_both_told():
    states = [("Load", "was deleted again"), ("Load", "is written still"), ("Rate", "")]
    assert grafana_write._told(states) == "'Load' was deleted again; 'Load' is written still"
