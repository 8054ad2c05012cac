"""Folders of runs: what was left by a killed tool, how long evidence is kept."""

import json
import os
import time
from dataclasses import asdict, replace

import pytest

from sfcci import files, settings
from sfcci.errors import DiskFull, InputError, MissingTool
from sfcci.gate import folder
from sfcci.gate.folder import Folder
from sfcci.gate.history import History
from sfcci.gate.job import Http, Job, JobResult, Result, Step, Traceroute

RUN = JobResult("20260101T000000Z-aaaaaa", "a", Result.FAILURE, "t", "gate", "h", "p", "main", 1e9, 1)
JOB = Job("a", ("gate",), 60)


@pytest.fixture
def configured(tmp_path):
    return settings.load(tmp_path)


def made(configured, name, *, age_s=0.0, octets=0, result=RUN):
    path = configured.state / "runs" / name
    path.mkdir(parents=True)
    (path / folder.DATABASE).write_text(folder.database_mark(configured) + "\n")
    (path / folder.RESULT).write_text(json.dumps(asdict(replace(result, run=name, log_dir=str(path)))))
    (path / "step1.pcapng").write_bytes(bytes(octets))
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def names(configured):
    return {path.name for path in (configured.state / "runs").iterdir()}


def gate(configured, **changes):
    return replace(configured, gate=replace(configured.gate, **changes))


def test_what_a_killed_tool_left_is_recorded_once(configured):
    made(configured, "20260101T000000Z-bbbbbb", result=replace(RUN, result=Result.ABORTED))
    with History(configured) as history:
        folder.record_aborted(history, configured)
        folder.record_aborted(history, configured)
        (found,) = history.results()
    assert (found.run, found.result) == ("20260101T000000Z-bbbbbb", Result.ABORTED)


def test_a_run_that_only_begins_goes_on_or_is_another_databases_is_left_alone(configured):
    (configured.state / "runs" / "20260101T000000Z-cccccc").mkdir(parents=True)
    other = made(configured, "20260101T000000Z-dddddd")
    (other / folder.DATABASE).write_text("another\n")
    alive = made(configured, "20260101T000000Z-eeeeee")
    with History(configured) as history, files.locked(alive / folder.LOCK):
        folder.record_aborted(history, configured)
        assert not history.runs()


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"result": "FAILURE"}', "\0"])
def test_a_note_that_is_spoilt_stops_nobody(configured, text):
    path = made(configured, "20260101T000000Z-ffffff")
    (path / folder.RESULT).write_text(text)
    with History(configured) as history:
        folder.record_aborted(history, configured)
        assert not history.runs()


def test_evidence_goes_when_it_is_older_than_it_is_kept(configured):
    made(configured, "20260101T000000Z-aaaaaa", age_s=31 * 86400)
    made(configured, "20260201T000000Z-bbbbbb", age_s=29 * 86400)
    folder.clean(configured)
    assert names(configured) == {"20260201T000000Z-bbbbbb"}


def test_the_oldest_goes_first_when_there_is_too_much(configured):
    for number in range(4):
        made(configured, f"2026010{number}T000000Z-aaaaaa", age_s=3600, octets=300_000)
    folder.clean(gate(configured, keep_evidence_size="700K"))
    assert names(configured) == {"20260102T000000Z-aaaaaa", "20260103T000000Z-aaaaaa"}


def test_a_run_that_goes_on_and_one_of_this_minute_are_never_removed(configured):
    alive = made(configured, "20260101T000000Z-aaaaaa", age_s=99 * 86400)
    made(configured, "20260102T000000Z-bbbbbb")
    made(configured, "20260103T000000Z-cccccc", age_s=3600)
    with files.locked(alive / folder.LOCK):
        os.utime(alive, (0, 0))
        folder.clean(gate(configured, keep_evidence_size="0"))
    assert names(configured) == {"20260101T000000Z-aaaaaa", "20260102T000000Z-bbbbbb"}


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("keep_evidence", "soon", "[gate] keep_evidence: 'soon'; expected a number and one of s m h d w y"),
        (
            "keep_evidence_size",
            "2 GB",
            "[gate] keep_evidence_size: '2 GB'; expected octets, or with K, M, G or T",
        ),
    ],
)
def test_a_setting_that_says_nothing_is_told(configured, setting, value, said):
    with pytest.raises(InputError) as caught:
        folder.clean(gate(configured, **{setting: value}))
    assert said in str(caught.value)


def test_a_result_that_the_full_disk_would_lose_has_room_of_its_own(configured, monkeypatch):
    own = Folder(configured.state / "runs" / "20260101T000000Z-aaaaaa")
    with own.begun(RUN, configured):
        (own.path / "step1.pcapng").write_bytes(bytes(1000))
        monkeypatch.setattr(files, "write_bytes", lambda *_arguments, **_options: 1 / 0)
        monkeypatch.undo()
        told = own.ended(replace(RUN, result=Result.DISK_FULL, reasons=("full",)), lambda: None)
    assert (told.result, told.log_dir, told.reasons[-1]) == (
        Result.DISK_FULL,
        "",
        "its evidence was removed to make room",
    )
    assert {path.name for path in own.path.iterdir()} == {"lock", "database", "result.json"}


def test_a_run_that_the_disk_has_no_room_for_is_not_begun(configured):
    own = Folder(configured.state / "runs" / "20260101T000000Z-aaaaaa")
    with (
        pytest.raises(DiskFull, match=r"the run needs 1073741824\.0 MiB, and"),
        own.begun(RUN, configured, 2**50),
    ):
        pytest.fail("it was begun")
    assert {path.name for path in own.path.iterdir()} == {"lock"}, "nothing was noted of it"


def test_the_room_that_a_job_needs_grows_with_its_requests():
    few, many = (
        replace(JOB, steps=(Step(traffic=(Http("a", "b", n), Traceroute("a", "b"))),)) for n in (20, 1000)
    )
    assert 2**20 < folder.room_bytes(few) < 2**21
    assert 6.5 * 2**20 < folder.room_bytes(many) < 2**23
    assert folder.room_bytes(replace(JOB, install="sfcci")) == folder.INSTALLED_BYTES


@pytest.mark.parametrize(
    "where", ["/etc", "{runs}/{other}", "{runs}", "runs/{run}", "https://l.org/{run}", ""]
)
def test_evidence_is_looked_for_in_the_runs_own_folder_only(configured, where):
    own, other = made(configured, RUN.run), made(configured, "20260101T000000Z-bbbbbb")
    assert folder.evidence_folder(configured, replace(RUN, log_dir=str(own))) == own
    told = where.format(runs=own.parent, other=other.name, run=RUN.run)
    assert folder.evidence_folder(configured, replace(RUN, log_dir=told)) is None


@pytest.mark.parametrize("run", ["", ".", "..", "../runs", "/etc"])
def test_an_id_that_leads_elsewhere_has_no_folder(configured, run):
    made(configured, RUN.run)
    told = replace(RUN, run=run, log_dir=str(configured.state / "runs" / run))
    assert folder.evidence_folder(configured, told) is None


def test_a_state_folder_that_is_reached_by_a_link_has_its_evidence(configured, tmp_path):
    own = made(configured, RUN.run)
    (tmp_path / "link").symlink_to(configured.state)
    linked = replace(configured, state=tmp_path / "link")
    assert folder.evidence_folder(linked, replace(RUN, log_dir=str(own))) is not None


def test_runs_that_shall_not_overlap_do_not(configured):
    with folder.alone(configured, wanted=True):
        with folder.alone(configured, wanted=False):
            pass
        with pytest.raises(MissingTool, match="nothing was run: another run with --no-overlap goes on"):
            folder.alone(configured, wanted=True).__enter__()
