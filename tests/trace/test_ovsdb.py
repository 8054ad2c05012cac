"""What Open vSwitch's database tells, in whatever pieces it comes."""

import contextlib
import json
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.datapath.ovsdb import MONITOR, Database, ask_echo, ask_monitor, plain
from sfcci.trace import ovsdb_watch

BRIDGE = {
    "name": "br-int",
    "ports": ["uuid", "p1"],
    "other_config": ["map", [["a", "b"]]],
    "fail_mode": ["set", []],
}
BEGIN = {"id": "monitor", "error": None, "result": {"Bridge": {"b1": {"new": BRIDGE}}}}
UPDATE = {
    "method": "update",
    "params": [None, {"Bridge": {"b1": {"old": {"ports": ["set", []]}}}}],
    "id": None,
}
TOLD = (
    json.dumps(BEGIN) + json.dumps({"method": "echo", "params": ["x"], "id": "e"}) + " " + json.dumps(UPDATE)
)


def test_values_are_plain_ones():
    assert plain(["set", []]) is None
    assert plain(["set", [1, 2]]) == [1, 2]
    assert plain(["set", [["uuid", "u"]]], several=True) == ["u"]
    assert plain(["uuid", "u"], several=True) == ["u"]
    assert plain(["map", [["k", "v"]]]) == {"k": "v"}
    assert plain(7) == 7


def test_it_is_asked_for_every_table_that_is_known():
    asked = json.loads(ask_monitor())
    assert asked["params"][2].keys() == MONITOR.keys()
    assert asked["id"] == "monitor"


@given(st.integers(0, len(TOLD)), st.integers(0, len(TOLD)))
def test_rows_come_whole_in_whatever_pieces(first, second):
    database, answers = Database(), b""
    one, two = sorted((first, second))
    for piece in (TOLD[:one], TOLD[one:two], TOLD[two:]):
        answers += database.take(piece.encode())
    assert json.loads(answers) == {"result": ["x"], "error": None, "id": "e"}
    new = {"name": "br-int", "ports": ["p1"], "other_config": {"a": "b"}, "fail_mode": None}
    assert database.changed == [("Bridge", "b1", None, new), ("Bridge", "b1", new, None)]
    assert database.rows["Bridge"] == {}
    assert database.begun


def test_an_echo_that_was_asked_for_is_known():
    database = Database()
    database.take(json.dumps({"id": json.loads(ask_echo(3))["id"], "result": [], "error": None}).encode())
    assert database.echoed == {3}


@pytest.mark.parametrize(
    "text",
    ["[]", "7", "x", '{"method":"update"}', '{"method":"update","params":[1,{"Port":3}]}', "[" * 100000],
)
def test_what_is_no_database_is_refused_and_never_a_crash(text):
    with pytest.raises(ValueError, match="database"):
        Database().take(text.encode())


def test_a_database_that_refuses_says_why():
    with pytest.raises(ValueError, match="no such table"):
        Database().take(b'{"id":"monitor","error":"no such table","result":null}')


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda of: st.lists(of, max_size=3) | st.dictionaries(st.sampled_from(["method", "params", "id", "result", "Port", "new", "x"]), of, max_size=4), max_leaves=20), st.binary(max_size=9))  # fmt: skip
def test_whatever_comes_is_taken_or_refused(value, rest):
    with contextlib.suppress(ValueError):
        Database().take(json.dumps(value).encode() + rest)


def test_a_database_that_did_not_answer_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(ovsdb_watch, "CONNECT_S", 0.05)
    monkeypatch.setattr(ovsdb_watch, "RETRY_S", 0.0)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "db.sock"))
        listener.listen()
        watch = ovsdb_watch.DatabaseWatch(tmp_path / "db.sock")
        assert not watch.there
        monkeypatch.setattr(ovsdb_watch, "CONNECT_S", 60.0)
        listener.accept()[0].close()  # it was stopped then, and goes on now

        def answer():
            with listener.accept()[0] as asked:
                asked.recv(1 << 16)
                asked.sendall(json.dumps(BEGIN).encode())
                asked.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        assert watch.settle(60.0)
        assert watch.database.rows["Bridge"]["b1"]["name"] == "br-int"
        watch.close()
        thread.join(60)
        watch.ask()  # who has not heard yet that it ended
        assert not watch.settle(60.0)
        assert not watch.there
