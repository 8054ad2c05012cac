"""The run database, on every kind of database that can be had here."""

import contextlib
import dataclasses
import json
import sqlite3
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, select, text

from sfcci import settings
from sfcci.errors import InputError, Unreachable
from sfcci.gate.cell import changed, day, record
from sfcci.gate.history import History
from sfcci.gate.history_tables import CELLS, METADATA, RESULTS
from sfcci.gate.job import JobResult, Result
from sfcci.gate.query import CODE, Query, asked_for, outcomes_of, series_key

RUN = JobResult(
    "r1",
    "sfc-balance",
    Result.FAILURE,
    "t",
    "gate",
    "h",
    "p",
    "main",
    1_700_000_000.25,
    1500,
    "b1",
    reasons=("one", "two"),
    log_dir="/logs/r1",
    commit="c0ffee" * 6 + "beef",
    change="900123",
    patchset="2",
)
DAY_S = 86400


@pytest.fixture
def history(kept):
    with History(kept) as opened:
        yield opened


def empty(history):
    """Take everything out: a new database would take longer."""
    with history._engine.begin() as connection:
        for table in METADATA.sorted_tables:
            if table.name != "recorder":
                connection.execute(table.delete())


def packed_anew(history):
    """What the cells must be: packed from the rows."""
    cells = defaultdict(set)
    with history._engine.connect() as connection:
        for row in connection.execute(select(RESULTS)):
            one = record(row.ended_ms, row.duration_ms, row.tested, row.result, row.voting, row.id)
            cells[day(row.ended_ms), row.series].add(one)
        there = {(row.day, row.series): row.runs for row in connection.execute(select(CELLS))}
    return there, {place: changed(b"", set(), new) for place, new in cells.items()}


def test_what_is_recorded_is_read_back_oldest_first(history):
    later = replace(
        RUN, run="r2", started_at=RUN.started_at + 9, result=Result.SUCCESS, reasons=(), voting=False
    )
    history.record([later, RUN])
    assert list(history.results()) == [RUN, later]
    assert list(history.results(RUN.ended_at)) == [RUN, later]
    assert list(history.results(RUN.ended_at + 0.001)) == [later]
    assert history.runs() == {"r1", "r2"}
    assert history.has(["r1", "r3"]) == {"r1"}
    assert history.run("r2") == later
    assert history.run("r") is None
    assert history.count() == 2
    assert history.series() == (series_key(RUN),)


def test_a_run_that_is_recorded_again_counts_once(history):
    assert history.record([RUN]) == (1, 0, 0)
    assert history.record([replace(RUN, result=Result.SUCCESS)]) == (0, 1, 0)
    assert [run.result for run in history.results()] == [Result.SUCCESS]
    assert history.record([replace(RUN, result=Result.SUCCESS)]) == (0, 0, 1)
    assert history.record([]) == (0, 0, 0)


def test_of_a_run_that_comes_twice_at_once_the_last_word_stays(history):
    history.record([RUN, replace(RUN, result=Result.TIMED_OUT)])
    assert [run.result for run in history.results()] == [Result.TIMED_OUT]


def test_codes_of_results_are_part_of_the_database():
    assert CODE == {
        "SUCCESS": 0,
        "FAILURE": 1,
        "TIMED_OUT": 2,
        "POST_FAILURE": 3,
        "RETRY_LIMIT": 4,
        "NODE_FAILURE": 5,
        "DISK_FULL": 6,
        "SKIPPED": 7,
        "CANCELED": 8,
        "ABORTED": 9,
        "DEQUEUED": 10,
        "MERGE_CONFLICT": 11,
        "CONFIG_ERROR": 12,
        "ERROR": 13,
        "RETRY": 14,
    }


def test_runs_are_found_by_the_begin_of_their_ids(history):
    ids = [
        "20261121T040000Z-abc123",
        "20261121T040001Z-abc124",
        "0123456789abcdef0123456789abcdef",
        "01234567-89ab-cdef-0123-456789abcdef",
    ]
    history.record([replace(RUN, run=one) for one in ids])
    assert history.beginning_with("20261121T040000Z") == (ids[0],)
    assert history.beginning_with("20261121T0400") == tuple(ids[:2])
    assert history.beginning_with("0123456789") == (ids[2],)
    assert history.beginning_with("01234567-89a") == (ids[3],)
    assert history.beginning_with("012") == (ids[3], ids[2])
    assert history.beginning_with("", 2) != ()
    assert history.beginning_with("%") == ()
    assert history.run(ids[3]).run == ids[3]


@pytest.mark.parametrize(
    "times", [{"started_at": -5.0}, {"duration_ms": -1}, {"duration_ms": 2**40}, {"started_at": -1e9}]
)
def test_times_that_nobody_can_mean_are_refused_and_nothing_is_kept(history, times):
    with pytest.raises(InputError, match=r"run r2: started at .*; expected an end since 1970"):
        history.record([RUN, replace(RUN, run="r2", **times)])
    assert history.count() == 0
    assert not history.changes()


SECONDS = st.integers(0, 3 * DAY_S * 1000).map(lambda ms: 1_700_000_000 + ms / 1000)
RUNS = st.builds(
    JobResult,
    run=st.integers(0, 12).map(lambda number: f"{number:032x}" if number % 2 else f"run-{number}"),
    job=st.sampled_from(["a", "b", "é"]),
    result=st.sampled_from(Result),
    tenant=st.just("t"),
    pipeline=st.sampled_from(["check", "gate"]),
    host=st.just("h"),
    project=st.sampled_from(["p/q", ""]),
    branch=st.just("main"),
    started_at=st.one_of(SECONDS, st.sampled_from([1_699_999_999.999, 1_700_000_000.0, 1_700_000_000.5])),
    duration_ms=st.sampled_from([0, 1, 1500, DAY_S * 1000]),
    buildset=st.sampled_from(["", "b1", "00112233445566778899aabbccddeeff"]),
    voting=st.booleans(),
    commit=st.sampled_from(["", "deadbeef", "refs/changes/45/12345/6"]),
    reasons=st.sampled_from([(), ("x",), ("ü\0\ud800", "y")]),
    log_dir=st.sampled_from(["", "/var/lib/x/run-2", "https://l.org/a/b/c/d/e/", "\x1a"]),
    change=st.sampled_from(["", "12345"]),
    patchset=st.sampled_from(["", "6"]),
)
LAWS = effort(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def by_column(outcomes):
    """Outcomes as plain values: what was tested instead of its number; runs of one moment in any order."""
    return {
        one.key: sorted(
            zip(
                one.ended_ms,
                one.results,
                one.votes,
                one.duration_ms,
                (outcomes.tested[number] for number in one.tested),
                strict=True,
            )
        )
        for one in outcomes.series
    }


def in_order(runs):
    return sorted((run.ended_ms, run.run) for run in runs)


@LAWS
@given(st.lists(st.lists(RUNS, max_size=6), max_size=6))
def test_whatever_is_recorded_in_whatever_order_every_answer_is_that_of_the_last_words(history, batches):
    empty(history)
    model = {}
    for batch in batches:
        history.record(batch)
        model |= {run.run: run for run in batch}
        there, anew = packed_anew(history)
        assert there == anew
    found = list(history.results())
    assert {run.run: run for run in found} == model
    assert [run.ended_ms for run in found] == sorted(run.ended_ms for run in model.values())
    assert by_column(history.outcomes()) == by_column(outcomes_of(model.values()))
    assert history.runs() == set(model)


@LAWS
@given(
    st.lists(RUNS, max_size=20),
    st.builds(
        Query,
        jobs=st.sampled_from([(), ("a",), ("[ab]", "é"), ("x",)]),
        pipelines=st.sampled_from([(), ("g*",)]),
        projects=st.sampled_from([(), ("p/?",)]),
        results=st.sampled_from([(), (Result.SUCCESS, Result.FAILURE)]),
        since_s=st.none() | SECONDS,
        until_s=st.none() | SECONDS,
        limit=st.none() | st.integers(0, 5),
        newest_first=st.booleans(),
    ),
)
def test_a_query_gives_what_a_look_at_every_run_gives(history, runs, query):
    empty(history)
    history.record(runs)
    model = {run.run: run for run in runs}
    fitting = set(asked_for(map(series_key, model.values()), query))
    begin, end = query.since_s or 0, query.until_s or 2**40
    of_time = [run for run in model.values() if series_key(run) in fitting and begin <= run.ended_at < end]
    assert by_column(history.outcomes(query)) == by_column(outcomes_of(of_time))
    wanted = [run for run in of_time if not query.results or run.result in query.results]
    found = list(history.select(query))
    ends = sorted((run.ended_ms for run in wanted), reverse=query.newest_first)
    assert [run.ended_ms for run in found] == ends[: query.limit]
    assert len({run.run for run in found}) == len(found)
    assert all(run in wanted for run in found)


@LAWS
@given(st.lists(st.tuples(st.lists(RUNS, max_size=5), st.integers(0, 3), st.booleans()), max_size=6))
def test_a_place_that_graphite_does_not_know_is_marked_whatever_happens_between_reading_and_settling(
    history, story
):
    """Graphite here is a dictionary: it gets the whole of a place, and settles what it read before more came."""
    empty(history)
    graphite, model = Counter(), {}

    def truth():
        return Counter((series_key(run), run.result, run.ended_ms // 1000) for run in model.values())

    for batch, settled, late in story:
        marks = history.changes(settled)
        written = {mark[:3]: truth()[mark[:3]] for mark in marks} if late else {}
        history.record(batch)
        model |= {run.run: run for run in batch}
        written = written or {mark[:3]: truth()[mark[:3]] for mark in marks}
        graphite.update({place: count - graphite[place] for place, count in written.items()})
        history.settle(marks)
        marked = {mark[:3] for mark in history.changes()}
        known = truth()
        assert all(place in marked for place in {*graphite, *known} if graphite[place] != known[place])


def test_marks_are_settled_by_what_was_read_not_by_time(history):
    history.record([RUN])
    (read,) = history.changes()
    assert read[:3] == (series_key(RUN), Result.FAILURE, 1_700_000_001)
    history.record([replace(RUN, run="r2")])  # the same place, while it is being pushed
    history.settle([read])
    (still,) = history.changes()
    assert still[:3] == read[:3]
    history.settle([still])
    assert history.changes() == ()
    history.record([RUN])  # says nothing new
    assert history.changes() == ()
    history.record([replace(RUN, result=Result.SUCCESS)])
    assert {mark.result for mark in history.changes()} == {Result.FAILURE, Result.SUCCESS}
    history.settle(history.changes())
    history.mark_all()
    assert {mark.result for mark in history.changes()} == {Result.SUCCESS, Result.FAILURE}


def test_marks_are_given_oldest_first_and_as_many_as_asked_for(history):
    history.record([replace(RUN, run=f"r{number}", started_at=2e9 - number * 7) for number in range(9)])
    ends = [mark.ended_s for mark in history.changes(4)]
    assert len(ends) == 4
    assert ends == sorted(mark.ended_s for mark in history.changes())[:4]


def test_many_runs_at_once_are_read_in_their_order(history):
    runs = [
        replace(RUN, run=f"{number:032x}", started_at=1.7e9 + number * 97 % 1301) for number in range(1300)
    ]
    history.record(runs)
    assert [run.ended_ms for run in history.select(Query(newest_first=True))] == sorted(
        (run.ended_ms for run in runs), reverse=True
    )
    assert history.record(runs) == (0, 0, 1300)
    assert history.has(run.run for run in runs) == {run.run for run in runs}


def test_very_many_series_are_asked_for_as_few_are(history, monkeypatch):
    monkeypatch.setattr("sfcci.gate.history.MANY", 2)
    runs = [
        replace(RUN, run=f"r{number}", job=f"job-{number}", started_at=1.7e9 + number) for number in range(9)
    ]
    history.record([*runs, replace(RUN, run="other", job="other")])
    history.settle(history.changes())
    query = Query(jobs=("job-*",))
    assert list(history.select(query)) == runs
    assert by_column(history.outcomes(query)) == by_column(outcomes_of(runs))
    history.mark_all(query)
    assert [mark.series.job for mark in history.changes()] == [run.job for run in runs]
    history.mark_all(Query(jobs=("nothing",)))
    assert len(history.changes()) == 9


SCHEMA_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (0);
CREATE TABLE runs (
    run VARCHAR(64) NOT NULL, buildset VARCHAR(64) NOT NULL, job VARCHAR(255) NOT NULL, result VARCHAR(32) NOT NULL,
    tenant VARCHAR(255) NOT NULL, pipeline VARCHAR(255) NOT NULL, host VARCHAR(255) NOT NULL,
    project VARCHAR(255) NOT NULL, branch VARCHAR(255) NOT NULL, "commit" VARCHAR(64) NOT NULL,
    voting BOOLEAN NOT NULL, started_at DOUBLE PRECISION NOT NULL, duration_ms INTEGER NOT NULL,
    reasons TEXT NOT NULL, log_dir TEXT NOT NULL, PRIMARY KEY (run)
);
CREATE INDEX runs_started_at ON runs (started_at);
CREATE INDEX runs_job ON runs (job, started_at);
"""
"""As the first schema's code made it."""
OLD = (
    "run", "buildset", "job", "result", "tenant", "pipeline", "host", "project", "branch", "commit", "voting",
    "started_at", "duration_ms", "reasons", "log_dir",
)  # fmt: skip


def make_schema_1(url, runs):
    if url.startswith("sqlite"):
        settings.Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True)
    engine = create_engine(url)
    names = ", ".join('"commit"' if name == "commit" else name for name in OLD)
    values = ", ".join(f":{name}" for name in OLD)
    with engine.begin() as connection:
        for statement in filter(str.strip, SCHEMA_1.split(";")):
            connection.execute(text(statement))
        for run in runs:
            row = {name: value for name, value in dataclasses.asdict(run).items() if name in OLD}
            row |= {
                "result": str(run.result),
                "reasons": json.dumps(run.reasons),
                "started_at": run.started_at + 0.0000004,
            }
            connection.execute(text(f"INSERT INTO runs ({names}) VALUES ({values})"), row)  # noqa: S608 - names of our own
    engine.dispose()


def test_a_database_of_the_first_schema_is_moved_with_all_it_has(kept):
    plain = replace(RUN, change="", patchset="")
    runs = [
        replace(plain, run=f"20231114T221320Z-{number:06x}", started_at=1.7e9 + number)
        for number in range(700)
    ]
    make_schema_1(kept.database_url, runs)
    for _ in range(2):
        with History(kept) as history:
            assert list(history.results()) == runs
            assert len(history.changes()) == 700  # what Graphite has of them is not known
            there, anew = packed_anew(history)
            assert there == anew
            assert not inspect(history._engine).has_table("runs")


def test_a_move_that_breaks_off_leaves_the_old_database_as_it_was(kept, monkeypatch):
    make_schema_1(kept.database_url, [RUN])
    monkeypatch.setattr("sfcci.gate.history_write._pack", lambda *_given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        History(kept)
    monkeypatch.undo()
    with History(kept) as history:
        assert [run.run for run in history.results()] == ["r1"]


def test_a_database_of_a_later_version_is_left_alone(kept):
    with History(kept) as history, history._engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 99"))
    with pytest.raises(Unreachable, match=r"made by a later sfcci \(schema version 99\)"):
        History(kept)


def test_many_may_open_a_new_database_at_once(kept):
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _number: History(kept), range(8)))
    assert [history.record([RUN])[0] for history in opened] == [1] + [0] * 7
    for history in opened:
        history.close()


@pytest.mark.parametrize(
    "use", [History.runs, lambda history: list(history.results()), lambda history: history.record([RUN])]
)
def test_a_database_that_is_not_ours_is_one_sentence(use, tmp_path):
    ours = settings.load(tmp_path)
    ours.state.mkdir()
    with contextlib.closing(sqlite3.connect(ours.state / "runs.sqlite")) as other:
        other.executescript("CREATE TABLE results (started_at, job); CREATE TABLE series (name)")
    with (
        History(ours) as history,
        pytest.raises(Unreachable, match=r"runs\.sqlite: no such column") as caught,
    ):
        use(history)
    assert "\n" not in str(caught.value)
