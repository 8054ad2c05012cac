"""A thousand runs with known results → Graphite → the dashboard's own targets: every number is the one of the runs.

The expected numbers are told by the plainest means: lists of runs, counted for each point anew. And the way back: values
sampled from the panels lead to exactly the runs that made them.
"""

import dataclasses
import random
import time
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.dashboard.behind import behind
from sfcci.dashboard.generate import dashboard_text
from sfcci.dashboard.generate_recipe import Recipe
from sfcci.dashboard.reading import dashboard_numbers, drawn_panels, shown_targets
from sfcci.dashboard.render import grafana_json
from sfcci.dashboard.validate import load
from sfcci.errors import Place
from sfcci.gate.history import History
from sfcci.gate.job import BAD, JobResult, Result
from sfcci.gate.running import ProjectJobs, RunningJob
from sfcci.metric.push import push, reader

DAY = 86400
JOBS = {"agree-http": 0.0, "agree.py3.12": 0.1, "agree-balance": 0.35, "agree-never": 1.0}
"""Job → the probability that a run of it is bad."""
CROSSING = (DAY, 30 * DAY)
"""Ages at which steps pass from one archive to the next; no run is so old, for that would depend on the second of the push."""
OTHERS = (Result.SKIPPED, Result.CANCELED, Result.ABORTED)
RANGES = {"seconds": DAY // 2, "minutes": 5 * DAY, "hours": 45 * DAY}
"""Ranges that Graphite reads from each of its archives."""
COUNTED = (Result.SUCCESS, *BAD)
pytestmark = pytest.mark.graphite


@dataclass
class Agreed:
    """What all tests of this file look at."""

    runs: list
    now: int
    history: History
    panels: dict
    reader: object
    numbers: object
    retentions: tuple
    seen: dict = field(default_factory=dict)


@pytest.fixture(scope="module")
def agreed(graphite, tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreed")
    given = settings.load(Path(__file__).parents[2], {})
    given = dataclasses.replace(given, state=folder, database_url=f"sqlite:///{folder}/runs.sqlite")
    now = int(time.time())
    runs = list(known_runs(now))
    with History(given) as history:
        for at in range(0, len(runs), 90):
            history.record(runs[at : at + 90])
        assert push(given, graphite).findings == ()
        dashboard = generated(folder)
        panels = {panel["title"]: panel for panel in drawn_panels(grafana_json(dashboard))}
        source = reader(graphite)

        def numbers(from_s):
            found = dashboard_numbers([dashboard], source, from_s, now, max_points=10**6)
            return {panel.panel: panel.values for panel in found}

        yield Agreed(runs, now, history, panels, source, numbers, graphite.retentions)


def known_runs(now):
    """A thousand runs: most in the last days, some in bursts of one second, in no order."""
    dice = random.Random(7)  # noqa: S311 - repeatable on purpose
    bursts = [dice.uniform(60, 6 * DAY) for _ in range(20)]
    for number in range(1000):
        job = dice.choice([*JOBS])
        age = CROSSING[0]
        while any(abs(age - moment) < 7300 for moment in CROSSING):
            age = a_time_ago(dice, bursts)
        outcome = dice.choice(BAD) if dice.random() < JOBS[job] else Result.SUCCESS
        outcome = dice.choice(OTHERS) if dice.random() < 0.05 else outcome
        took_ms = dice.randrange(500, 600_000)
        begun = round(now - age - took_ms / 1000, 3)
        yield JobResult(
            f"run-{number}", job, outcome, "agree", "gate", "h.org", "p/q", "main", begun, took_ms
        )


def a_time_ago(dice, bursts):
    return (
        dice.choice(bursts)
        if dice.random() < 0.3
        else dice.uniform(30, dice.choice((DAY, 6 * DAY, 40 * DAY)))
    )


def generated(folder):
    jobs = ProjectJobs("p/q", "main", tuple(RunningJob(job, "gate", True, Place("jobs")) for job in JOBS))
    recipe = Recipe(("jobs",), "p/q", "agree", "h.org", "main")
    path = folder / "agreed.yaml"
    path.write_text(dashboard_text("Agreed", recipe, jobs))
    (dashboard,) = load([path])
    return dashboard


def part(job):
    return job.replace(".", "_")


def inside(runs, begin, end, jobs, results):
    return [
        run
        for run in runs
        if begin <= run.ended_ms / 1000 < end and run.job in jobs and run.result in results
    ]


def targets(agreed):
    """Give each target with what it shows: its text, jobs, results, and how its number comes from runs."""
    alone = [{job} for job in JOBS]
    everything = [{*JOBS}]
    shown = {
        "Failure rate of gate": (everything, COUNTED, rate),
        "Results counted in gate (n)": (everything, COUNTED, len),
        "Bad results in gate": (everything, BAD, len),
        "Failure rate of each job in gate": (alone, COUNTED, rate),
        "Results counted for each job in gate (n)": (alone, COUNTED, len),
    }
    for title, (jobs, results, number) in shown.items():
        texts = [text for _, text in shown_targets(agreed.panels[title])]
        assert len(texts) == len(jobs), title
        yield from ((text, one, results, number, True) for text, one in zip(texts, jobs, strict=True))
    for result, (_, text) in zip(
        BAD, shown_targets(agreed.panels["Bad results by kind in gate"]), strict=True
    ):
        yield text, {*JOBS}, (result,), len, False
    for job, (_, text) in zip(
        JOBS, shown_targets(agreed.panels["Duration of good runs in gate"]), strict=True
    ):
        yield text, {job}, (Result.SUCCESS,), seconds, False


def by_end(run):
    return run.ended_at


def rate(runs):
    return 100 * sum(run.result in BAD for run in runs) / len(runs) if runs else 0


def seconds(runs):
    return sum(run.duration_ms for run in runs) / len(runs) / 1000


def carried(runs, level, agreed):
    """The mean of a step: of the finer steps' means where whisper had these, else of the runs."""
    if (
        level == 0
        or agreed.now - agreed.retentions[level].start(runs[0].ended_at) > agreed.retentions[level - 1].kept_s
    ):
        return seconds(runs)
    finer = defaultdict(list)
    for run in runs:
        finer[agreed.retentions[level - 1].start(run.ended_at)].append(run)
    return sum(carried(found, level - 1, agreed) for found in finer.values()) / len(finer)


def points(agreed, text, from_s):
    """Give the begin of the first step, its length, and the points that have a value."""
    if (text, from_s) not in agreed.seen:
        agreed.seen[text, from_s] = agreed.reader.render(text, from_s, agreed.now)
    if not agreed.seen[text, from_s]:
        return None, None, []
    (one,) = agreed.seen[text, from_s]
    (_, first), (_, second) = one.values[:2]
    return first, second - first, [(at, value) for value, at in one.values if value is not None]


@pytest.mark.parametrize("name", list(RANGES))
def test_every_number_of_every_panel_is_that_of_the_runs(agreed, name):
    from_s, compared = agreed.now - RANGES[name], 0
    for text, jobs, results, number, from_the_left in targets(agreed):
        first, step, shown = points(agreed, text, from_s)
        if first is None:  # no such series
            assert not [run for run in agreed.runs if run.job in jobs and run.result in results]
            continue
        level = [archive.step_s for archive in agreed.retentions].index(step)
        assert level == [*RANGES].index(name)
        mine = sorted(inside(agreed.runs, first, agreed.now + 1, jobs, results), key=by_end)
        known = {}
        for at, value in shown:
            begin = 0 if from_the_left else bisect_left(mine, at, key=by_end)
            end = bisect_left(mine, at + step, key=by_end)
            if (begin, end) not in known:
                runs = mine[begin:end]
                known[begin, end] = number(runs) if number is not seconds else carried(runs, level, agreed)
            assert value == pytest.approx(known[begin, end]), (text, at)
            compared += 1
        assert not mine or shown
    assert compared > 1000


def test_the_number_that_a_panel_shows_in_words_is_that_of_all_its_runs(agreed):
    for name, range_s in RANGES.items():
        archive = agreed.retentions[[*RANGES].index(name)]
        found = agreed.numbers(agreed.now - range_s)
        runs = inside(
            agreed.runs, archive.start(agreed.now - range_s) + archive.step_s, agreed.now + 1, JOBS, COUNTED
        )
        assert [*found["Results counted in gate (n)"].values()] == [len(runs)]
        assert [*found["Failure rate of gate"].values()] == [pytest.approx(rate(runs))]
        for job, value in found["Failure rate of each job in gate"].items():
            assert value == pytest.approx(rate([run for run in runs if run.job == job]))
        for result, value in found["Bad results by kind in gate"].items():
            assert value == sum(run.result == result for run in runs)


def test_a_hundred_values_lead_back_to_exactly_the_runs_that_made_them(agreed):
    dice = random.Random(3)  # noqa: S311 - repeatable on purpose
    chosen = [*targets(agreed)]
    seen = 0
    while seen < 100:
        from_s = agreed.now - dice.choice([*RANGES.values()])
        text, jobs, results, _, from_the_left = dice.choice(chosen)
        first, step, shown = points(agreed, text, from_s)
        shown = [(at, value) for at, value in shown if value]
        if not shown:
            continue
        at, _ = dice.choice(shown)
        found = behind([text], at, agreed.history.series(), agreed.retentions, agreed.now, from_s=from_s)
        ids = [run.run for one in found.asked for run in agreed.history.select(one.query)]
        wanted = inside(agreed.runs, first if from_the_left else at, at + step, jobs, results)
        assert sorted(ids) == sorted(run.run for run in wanted), (text, at)
        assert (found.unknown, found.step.begin_s, found.step.end_s) == ((), at, at + step)
        assert ids
        seen += 1


def test_where_several_steps_are_drawn_as_one_a_value_leads_to_the_runs_of_all_of_them(agreed):
    """As graphs are drawn: more steps than there is room for, so graphite-web puts some together."""
    text, jobs, results, *_ = next(
        one for one in targets(agreed) if "FAILURE,TIMED_OUT" not in one[0] and "job.{" in one[0]
    )
    assert results == ("FAILURE",)
    from_s = agreed.now - RANGES["minutes"]
    (one,) = agreed.reader.render(text, from_s, agreed.now, max_points=300)
    times = [at for _, at in one.values]
    point_s = times[1] - times[0]
    assert point_s > 60
    compared = 0
    for value, at in one.values[1:-1]:
        found = behind(
            [text], at, agreed.history.series(), agreed.retentions, agreed.now, from_s=from_s, point_s=point_s
        )
        runs = [run for asked in found.asked for run in agreed.history.select(asked.query)]
        assert len(runs) == (value or 0), at
        assert all(run.job in jobs and run.result in results for run in runs)
        compared += bool(value)
    assert compared > 10
