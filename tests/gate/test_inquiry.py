"""What is shown of a run: its attempts, and its evidence, which lies nowhere but in its own folder."""

from dataclasses import replace

import pytest

from sfcci import settings
from sfcci.errors import UsageError
from sfcci.gate import inquiry
from sfcci.gate.history import History
from sfcci.gate.job import JobResult, Result

RUN = JobResult("r1", "a", Result.FAILURE, "t", "gate", "h", "p", "main", 1e9, 1, buildset="b1")


@pytest.fixture
def configured(tmp_path):
    return settings.load(tmp_path, {"SFCCI_RUN_STATE": str(tmp_path / "state")})


@pytest.fixture
def shown(configured):
    """Record runs, then show the one that is named."""

    def _shown(word, *runs):
        with History(configured) as history:
            history.record(runs)
            return inquiry.show(history, configured, word)

    return _shown


def test_the_folder_that_an_imported_run_names_is_not_looked_into(shown, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "worker.log").write_text("not for you")
    told = shown("last", replace(RUN, log_dir=str(tmp_path / "secret")))
    assert (told.folder, told.files) == (None, ())
    assert f"evidence is looked for in {tmp_path}/state/runs" in told.without


def test_evidence_of_a_runs_own_folder_is_shown(shown, configured):
    own = configured.state / "runs" / "r1"
    own.mkdir(parents=True)
    (own / "worker.log").write_text("x")
    told = shown("r1", replace(RUN, log_dir=str(own)))
    assert (told.folder, [one.path for one in told.files], told.without) == (own, [own / "worker.log"], "")


def test_attempts_are_those_at_the_same_job_of_the_same_series_and_buildset(shown):
    tried = [replace(RUN, run=f"r{n}", result=Result.RETRY, started_at=1e9 - 60 * n) for n in range(2, 5)]
    others = [
        replace(RUN, run="x1", job="other"),
        replace(RUN, run="x2", buildset="b2"),
        replace(RUN, run="x3", pipeline="check"),
        replace(RUN, run="x4", started_at=1e9 - 2 * 86400),
    ]
    told = shown("r1", RUN, *tried, *others)
    assert [one.run for one in told.attempts] == ["r4", "r3", "r2", "r1"]


def test_many_runs_of_the_job_on_that_day_hide_no_attempt(shown):
    crowd = [replace(RUN, run=f"x{n}", buildset=f"c{n}", started_at=1e9 - 3600 - n) for n in range(700)]
    told = shown("r1", *crowd, RUN, replace(RUN, run="r0", result=Result.RETRY, started_at=1e9 - 1))
    assert [one.run for one in told.attempts] == ["r0", "r1"]


def test_a_run_of_no_buildset_has_no_other_attempts(shown):
    told = shown("r1", replace(RUN, buildset=""), replace(RUN, run="r2", buildset=""))
    assert [one.run for one in told.attempts] == ["r1"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("last", "run the jobs with: sfcci gate run"),
        ("last-bad", "no bad run is recorded; run the jobs with: sfcci gate run"),
        ("r9", "no run 'r9' is recorded"),
        ("", "no run '' is recorded"),
    ],
)
def test_where_there_is_no_such_run_the_next_step_is_told(shown, word, said):
    with pytest.raises(UsageError) as caught:
        shown(word)
    assert said in str(caught.value)
