"""The state in a database: all of a commit or nothing, in the order of creation, by one server at a time."""

import sqlite3
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from sfcci.api.store import InUse, open_store
from sfcci.chain.state import State, Write, writes
from sfcci.errors import InputError, MissingTool, Unreachable, UsageError

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(params=KINDS)
def url(request, new_url):
    """A new database of each kind that can be had here."""
    return new_url(request.param)


def group(id_, **more):
    return {"id": id_, "name": "", "project_id": "p", "revision_number": 0, **more}


def put(id_, **more):
    return Write("port_pair_groups", id_, group(id_, **more))


def gone(id_):
    return Write("port_pair_groups", id_, None)


def kept(url):
    store = open_store(url)
    try:
        return store.load()
    finally:
        store.close()


def ids(state):
    return list(state.of("port_pair_groups"))


@pytest.fixture
def store(url):
    opened = open_store(url)
    yield opened
    opened.close()


def test_a_new_database_holds_nothing(store):
    assert store.load() == State()


def test_what_was_committed_is_there_after_closing_and_opening(store, url):
    store.commit([put("a", name="one"), put("b")])
    store.commit([put("a", name="two", revision_number=1), gone("b"), put("c")])
    store.close()
    assert kept(url).of("port_pair_groups") == {
        "a": group("a", name="two", revision_number=1),
        "c": group("c"),
    }


def test_the_order_is_that_of_creation_whatever_changes_later(store, url):
    for id_ in "cabd":
        store.commit([put(id_)])
    store.commit([put("c", name="changed"), gone("a")])
    store.commit([put("a")])
    assert ids(store.load()) == ["c", "b", "d", "a"]
    store.close()
    assert ids(kept(url)) == ["c", "b", "d", "a"]


def test_writes_of_one_commit_follow_each_other(store, url):
    store.commit([put("a"), put("b")])
    store.commit([gone("a"), put("a", name="anew"), put("c"), gone("c"), put("d"), put("d", name="later")])
    assert ids(store.load()) == ["b", "a", "d"]
    store.close()
    assert kept(url).of("port_pair_groups") == {
        "b": group("b"),
        "a": group("a", name="anew"),
        "d": group("d", name="later"),
    }


def test_any_json_comes_back_as_it_was(store, url):
    wild = {
        "name": "\x00 \ud800 \U0001f600 \u0663",
        "n": [1, 1.5, -(10**30), None, True],
        "d": {"": {"a": []}},
    }
    store.commit(
        [put("a", **wild), Write("quotas", "\ud800\x00", {"id": "\ud800\x00", "project_id": "\x00"})]
    )
    store.close()
    assert kept(url).of("port_pair_groups")["a"] == group("a", **wild)
    assert list(kept(url).of("quotas")) == ["\ud800\x00"]


IDS = st.sampled_from("abcd")
STEPS = st.lists(st.lists(st.tuples(IDS, st.none() | st.integers(0, 9)), max_size=4), max_size=6)


@given(STEPS)
def test_the_store_holds_what_the_states_were(steps):
    """Law: after the commits of the differences between states, load() is the last state, in its order."""
    state, store = State(), open_store("sqlite://")
    try:
        for step in steps:
            new = state
            for id_, number in step:
                if number is None:
                    new = new.without("port_pair_groups", id_)
                else:
                    new = new.put("port_pair_groups", group(id_, number=number))
            store.commit(writes(state, new))
            again = {id_ for id_ in ids(state) if id_ in ids(new)}
            state = new
            assert store.load().of("port_pair_groups") == new.of("port_pair_groups")
            assert [id_ for id_ in ids(store.load()) if id_ not in again] == [
                id_ for id_ in ids(new) if id_ not in again
            ]
    finally:
        store.close()


def test_a_second_server_is_refused_until_the_first_lets_go(store, url):
    with pytest.raises(InUse, match="is in use by"):
        open_store(url)
    store.close()
    open_store(url).close()


def test_of_a_sqlite_file_the_process_that_has_it_is_named(tmp_path):
    url = f"sqlite:///{tmp_path}/sfc.db"
    code = f"import sys; from sfcci.api.store import open_store; s = open_store('{url}'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(InUse, match=f"in use by process {other.pid};"):
            open_store(url)
        other.kill()
        other.wait()
        open_store(url).close()  # a dead holder's lock is free at once


def test_commits_of_many_threads_are_all_kept(store, url):
    threads = [
        threading.Thread(target=lambda n=n: [store.commit([put(f"{n}-{i}")]) for i in range(10)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert sorted(ids(kept(url))) == sorted(f"{n}-{i}" for n in range(8) for i in range(10))


def test_who_writes_past_the_lock_ends_the_others_commits(store, url):
    store.commit([put("a")])
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE writer SET token = 'somebody'"))
    engine.dispose()
    for _ in range(2):
        with pytest.raises(InUse, match="written by another server"):
            store.commit([put("b")])
    store.close()
    assert ids(kept(url)) == ["a"]


def test_a_removed_file_is_told_not_written_into_the_void(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/sfc.db")
    (tmp_path / "sfc.db").unlink()
    with pytest.raises(Unreachable, match="removed or replaced"):
        store.commit([put("a")])
    store.close()


def test_a_database_locked_by_others_refuses_and_goes_on_later(tmp_path, monkeypatch):
    monkeypatch.setattr("sfcci.api.store.PATIENCE_S", 0.05)
    store = open_store(f"sqlite:///{tmp_path}/sfc.db")
    store.commit([put("a")])
    with sqlite3.connect(tmp_path / "sfc.db") as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(Unreachable, match="locked"):
                store.commit([put("a", name="never"), put("b")])
        other.rollback()
    other.close()
    assert ids(store.load()) == ["a"]
    store.commit([put("c")])
    store.close()
    assert kept(f"sqlite:///{tmp_path}/sfc.db").of("port_pair_groups") == {"a": group("a"), "c": group("c")}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_of_unknown_end_is_undone_by_the_next(store, url, when, monkeypatch):
    """The connection dies in COMMIT: the database may have it or not; who asked was told no, and so it stays."""
    store.commit([put("a"), put("b")])
    dialect, commit = store._engine.dialect, store._engine.dialect.do_commit

    def dying(connection):
        if when == "after":
            commit(connection)
        raise dialect.loaded_dbapi.OperationalError("the connection died")

    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", dying)
        for name in ("no", "never"):
            with pytest.raises(Unreachable, match="the connection died"):
                store.commit([put("a", name=name), gone("b"), put(f"c-{name}")])
    store.commit([put("d")])
    assert ids(store.load()) == ["a", "b", "d"]
    store.close()
    assert kept(url).of("port_pair_groups") == {"a": group("a"), "b": group("b"), "d": group("d")}
    assert ids(kept(url)) == ["a", "b", "d"]


def test_after_any_number_of_failures_the_database_is_written_again(store, monkeypatch):
    """More than SQLite and PostgreSQL take as parameters of one statement."""

    def away():
        raise OperationalError("", None, Exception("it is away"))

    monkeypatch.setattr(store._engine, "connect", away)
    store._disconnect()
    for _ in range(3):
        with pytest.raises(Unreachable):
            store.commit([put("a")])
    monkeypatch.undo()
    store._tokens |= {f"{number:032x}" for number in range(300_000)}
    store.commit([put("b")])
    assert ids(store.load()) == ["b"]
    assert len(store._tokens) == 1


@pytest.mark.postgresql
def test_a_server_that_ends_the_connection_is_survived(new_url):
    url = new_url("postgresql")
    store = open_store(url)
    store.commit([put("a")])
    engine = create_engine(url)
    with engine.begin() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(others))
    engine.dispose()
    with pytest.raises(Unreachable):
        store.commit([put("b")])
    store.commit([put("c")])
    with pytest.raises(InUse):  # the lock is held again
        open_store(url)
    store.close()
    assert ids(kept(url)) == ["a", "c"]


@pytest.mark.postgresql
def test_who_lost_the_lock_with_its_connection_writes_no_more_where_another_has_it(new_url):
    url = new_url("postgresql")
    store = open_store(url)
    store.commit([put("a")])
    store._disconnect()
    other = open_store(url)
    with pytest.raises(InUse):
        store.commit([put("b")])
    other.commit([put("c")])
    other.close()
    with pytest.raises(InUse, match="start this one again"):
        store.commit([put("b")])
    store.close()
    assert ids(kept(url)) == ["a", "c"]


FULL = """
import sys
from sfcci.api.store import open_store
from sfcci.chain.state import Write
from sfcci.errors import Unreachable
from pathlib import Path

disk = Path(sys.argv[1])
store = open_store(f"sqlite:///{disk}/sfc.db")
put = lambda number, size: store.commit([Write("ports", f"{number}", {"id": f"{number}", "name": "x" * size})])
put(0, 10)
filler = disk / "filler"
with filler.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
refused, written = "", []
for number in range(1, 200):
    try:
        put(number, 20_000)
        written.append(number)
    except Unreachable as error:
        refused = str(error)
        break
print(refused)
assert list(store.load().of("ports")) == [str(n) for n in (0, *written)]
filler.unlink()
put("again", 20_000)
store.close()
store = open_store(f"sqlite:///{disk}/sfc.db")
assert list(store.load().of("ports")) == [str(n) for n in (0, *written, "again")]
store.close()
print("whole")
"""


def test_a_full_disk_refuses_and_loses_nothing(on_small_disk):
    refused, whole = on_small_disk("1m", FULL).splitlines()
    assert "full" in refused or "disk I/O error" in refused
    assert whole == "whole"


def test_what_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "text.db").write_text("this is no database, but a text that somebody wrote" * 100)
    with pytest.raises(Unreachable, match="file is not a database"):
        open_store(f"sqlite:///{tmp_path}/text.db")
    with pytest.raises(UsageError, match=r"\[api\] database or SFCCI_API_DATABASE"):
        open_store("nonsense")
    with pytest.raises((Unreachable, MissingTool)) as caught:
        open_store("postgresql+psycopg://user:geheim@127.0.0.1:1/none")
    assert "geheim" not in str(caught.value)


def test_a_spoilt_document_is_told_with_its_place(store, url):
    store.commit([put("a"), put("b")])
    store.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE resources SET document = '{' WHERE id = 'b'"))
    engine.dispose()
    with pytest.raises(InputError, match=r"resources.*position 2"):
        open_store(url)


def test_a_database_of_a_later_version_is_left_alone(store, url):
    store.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 9"))
    engine.dispose()
    with pytest.raises(Unreachable, match="made by a later sfcci"):
        open_store(url)
