"""Results that sfcci wrote down elsewhere: the same runs, whatever they say; damage is told by its place."""

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.gate.cases import Origin
from sfcci.gate.importing import read_file
from sfcci.gate.imports import Imports
from sfcci.gate.job import JobResult, Result
from sfcci.gate.results_read import begins_results, read_results, results_document

ORIGIN = Origin("other", "check", "here.example.org", "x/y", "stable")
LATEST_S = 2_000_000_000.0
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
RUN = JobResult("r1", "sfc-http", Result.SUCCESS, "t", "gate", "h", "p/p", "main", 1_700_000_000.125, 1234)
RUNS = st.builds(
    JobResult,
    *(NAMES, NAMES, st.sampled_from(Result), NAMES, NAMES, NAMES, NAMES, NAMES),
    started_at=st.floats(1, 1_900_000_000),
    duration_ms=st.integers(0, 10**6),
    buildset=NAMES | st.just(""),
    voting=st.booleans(),
    commit=NAMES | st.just(""),
    reasons=st.lists(NAMES, max_size=3).map(tuple),
    change=NAMES | st.just(""),
)


def faults(value):
    text = value if isinstance(value, str) else json.dumps(value)
    with pytest.raises(InputError) as caught:
        read_results(text, "results.json", ORIGIN, LATEST_S)
    return [str(fault) for fault in caught.value.faults]


@given(st.lists(RUNS, max_size=5, unique_by=lambda run: run.run))
def test_what_was_written_is_read_as_it_was(runs):
    text = json.dumps(results_document(runs), indent=1)
    assert read_results(text, "results.json", ORIGIN, LATEST_S) == tuple(runs)
    assert begins_results(text.encode()) == bool(runs)


def test_runs_stay_in_their_series_when_they_come_to_another_database(kept, tmp_path):
    runs = (RUN, replace(RUN, run="r2", result=Result.FAILURE, reasons=("a flow passed vm1",), change="7"))
    file = tmp_path / "results.json"
    file.write_text(json.dumps(results_document(runs)))
    found = read_file(file, "auto", ORIGIN)
    assert (found.kind, found.runs) == ("sfcci", runs)
    with Imports(kept) as history:
        recorded, number = history.bring(found.runs, str(file), found.kind, 1_700_000_100.0)
        assert (recorded.new, number) == (2, 1)
        assert tuple(history.results()) == runs
        again, number = history.bring(found.runs, str(file), found.kind, 1_700_000_200.0)
        assert (again.same, number) == (2, None)


def test_a_place_for_logs_is_each_run_s():
    text = json.dumps([{**asdict(RUN), "log_dir": "/var/lib/sfcci/runs/r1", "ended_at": 1_700_000_001.359}])
    (same,) = read_results(text, "-", ORIGIN, LATEST_S)
    (moved,) = read_results(text, "-", replace(ORIGIN, log_url="https://logs.example.org/1/"), LATEST_S)
    assert (same.log_dir, moved.log_dir) == ("/var/lib/sfcci/runs/r1", "https://logs.example.org/1/")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"result": "GOOD"}, "[0].result: "),
        ({"duration_ms": -1}, "[0].duration_ms: found -1"),
        ({"job": "a\x00b"}, "[0].job: has a character of control"),
        ({"started_at": LATEST_S}, "[0].started_at: ends in the future"),
        ({"colour": "red"}, "[0].colour: unknown key"),
    ],
)
def test_what_no_run_can_be_is_told_with_its_place(changed, told):
    (fault,) = faults([{**asdict(RUN), **changed}])
    assert told in fault
    assert fault.startswith("results.json:1:")


def test_a_run_that_is_there_twice_and_what_is_no_list_are_refused():
    assert "is there twice" in faults([asdict(RUN), asdict(RUN)])[0]
    assert "expected a list" in faults(asdict(RUN))[0]
    assert "results.json:1:" in faults("[{")[0]
