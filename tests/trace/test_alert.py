"""When alerts are asked, when they fire, and what they may do."""

import http.server
import json
import threading

import pytest

from sfcci.errors import InputError, UsageError
from sfcci.trace import alert
from sfcci.trace.alert_action import Actions
from sfcci.trace.alert_watch import Alerts
from sfcci.trace.past import Recorder
from sfcci.trace.unanswered import Conflict, NoSuch


@pytest.fixture
def fired():
    """What was fired, and whoever wants to fire."""

    class Kept(Actions):
        def __init__(self):
            super().__init__()
            self.fired, self.points = [], []

        def fire(self, alert, result):
            self.fired.append((alert.name, result))

        def point(self, _alert, value):
            self.points.append(value)

    return Kept()


def _alerts(answers, actions, said=None):
    return Alerts(lambda text: answers[text], Recorder(None), actions, (said or []).append)


def test_it_fires_at_once_and_again_only_for_another_answer(fired):
    answers = {"q": [1]}
    alerts = _alerts(answers, fired)
    alerts.create({"Name": "a", "Expression": "q"}, 7)
    alerts.changed()
    answers["q"] = [2]
    alerts.changed()
    answers["q"] = []
    alerts.changed()
    answers["q"] = [2]
    alerts.changed()
    assert fired.fired == [("a", [1]), ("a", [2]), ("a", [2])]
    assert fired.points == [1.0, 1.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("result", "fires"),
    [(0, False), (3, True), ([], False), ([[]], False), ([{}], True), ("", False), (True, True), ({}, False)],
)
def test_what_is_empty_or_zero_is_no_reason(result, fires):
    assert alert.fires(result) is fires


@pytest.mark.parametrize(
    ("trigger", "seconds"),
    [("graph", 0), ("", 0), ("duration:5s", 5), ("duration:1m30s", 90), ("duration:250ms", 0.25)],
)
def test_triggers_are_skydives(trigger, seconds):
    assert alert.interval_s(trigger) == seconds


@pytest.mark.parametrize(
    "trigger", ["duration:", "duration:5", "duration:1ms", "hourly", "duration:9999999h"]
)
def test_a_trigger_that_is_none_is_told(trigger):
    with pytest.raises(InputError, match="Trigger"):
        alert.interval_s(trigger)


def test_alerts_are_kept_listed_and_forgotten(fired):
    alerts = _alerts({"q": []}, fired)
    made = alerts.create({"Expression": "q", "UUID": "u1", "Trigger": "duration:1h"}, 7)
    assert alerts.shown() == {"u1": alert.as_json(made)}
    assert made.every_s == 3600
    with pytest.raises(Conflict):
        alerts.create({"Expression": "q", "UUID": "u1"}, 8)
    alerts.delete("u1")
    with pytest.raises(NoSuch):
        alerts.delete("u1")
    assert not alerts.shown()


def test_an_expression_that_fails_later_is_said_and_stops_nothing(fired):
    answers, said = {"q": []}, []

    def ask(_text):
        if answers["q"] is None:
            raise UsageError("broken")
        return answers["q"]

    alerts = Alerts(ask, Recorder(None), fired, said.append)
    alerts.create({"Name": "a", "Expression": "q"}, 1)
    answers["q"] = None
    alerts.changed()
    answers["q"] = [1]
    alerts.changed()
    assert said == ["alert a: broken", "alert a fires"]


def test_an_address_gets_the_notice():
    got, done = [], threading.Event()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            done.set()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        actions = Actions()
        one = alert.Alert("u1", "q", action=f"http://127.0.0.1:{server.server_port}/")
        actions.fire(one, [{"a": 1}])
        assert done.wait(60)
        actions.close()
    assert got[0]["UUID"] == "u1"
    assert got[0]["ReasonData"] == [{"a": 1}]


def test_only_scripts_of_the_named_folder_are_started(tmp_path):
    script, told = tmp_path / "in" / "s", tmp_path / "told"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\ncat > {told}.new && mv {told}.new {told}\n")
    script.chmod(0o755)
    (tmp_path / "in" / "out").symlink_to("/bin/true")
    said = []
    actions = Actions(said.append, tmp_path / "in")
    one = alert.Alert("u1", "q", action=f"file://{script}")
    actions.check(one.action)
    actions.fire(one, 5)
    actions._waiting.put(None)
    actions._thread.join(60)
    assert json.loads(told.read_text())["ReasonData"] == 5
    for wrong in ("/bin/true", f"{tmp_path}/in/../x", f"{tmp_path}/in/none", f"{tmp_path}/in/out"):
        with pytest.raises(UsageError):
            actions.check(f"file://{wrong}")
    with pytest.raises(UsageError, match="--alert-scripts"):
        Actions().check(one.action)
    assert said == []


def test_an_alert_without_a_name_of_its_own_gets_one():
    assert alert.parse_alert({"Expression": "q", "UUID": ""}, "made").uuid == "made"
    assert alert.parse_alert({"Expression": "q", "UUID": "own"}, "made").uuid == "own"
