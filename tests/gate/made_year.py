"""An invented year of a gate with 22 jobs, and what was planted in it.

Each change is checked, perhaps again, and gated. What a commit breaks it breaks in each run, so no job disagrees with itself
but the flaky one. From one merge on a job fails for two in five commits. One job stops reporting, one does not vote.
"""

import random
from dataclasses import dataclass, field

from sfcci.gate.job import JobResult, Result

NOW = 1_790_000_000
DAY = 86_400
JOBS = tuple(f"sfc-{number:02}" for number in range(22))
REGRESSED, FLAKY, STOPPED, ADVISORY = JOBS[3], JOBS[7], JOBS[11], JOBS[15]
REGRESSED_AT = NOW - 40 * DAY
STOPPED_AT = NOW - 9 * DAY
FLAKY_RATE = 0.12
WRONG = (Result.FAILURE, Result.FAILURE, Result.TIMED_OUT, Result.POST_FAILURE)


@dataclass
class Year:
    """The results, and counts that were kept while they were made."""

    results: list[JobResult] = field(default_factory=list)
    merged: set[str] = field(default_factory=set)
    checked: set[str] = field(default_factory=set)
    culprit: str = ""
    """The change that brought the regression."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Pipeline and change of each failed buildset."""
    rechecks: int = 0


def made_year(changes_a_day=3, days=365, seed=7):
    """Give a year; the same arguments give the same one."""
    year, chance = Year(), random.Random(seed)  # noqa: S311 - figures, no secrets
    count = round(changes_a_day * days)
    for number in range(count):
        begin = NOW - days * DAY + (number + 0.5) * days * DAY / count
        _change(year, chance, str(900000 + number), begin - 7200)
    return year


def _change(year, chance, change, begin):
    """A change goes through check and gate, with up to three tries; a broken commit is given up."""
    year.checked.add(change)
    commit = f"{chance.getrandbits(160):040x}"
    broken = {job for job in JOBS if chance.random() < 0.004}
    if begin > REGRESSED_AT and chance.random() < 0.4:
        broken.add(REGRESSED)
    for again in range(3):
        year.rechecks += again > 0
        times = (begin + again * 2000, begin + again * 2000 + 900)
        if not _buildset(year, chance, "check", change, commit, times[0], broken):
            if broken - {ADVISORY}:
                return
            continue
        if _buildset(year, chance, "gate", change, commit, times[1], broken):
            year.merged.add(change)
            if begin <= REGRESSED_AT:
                year.culprit = change
            return


def _buildset(year, chance, pipeline, change, commit, begin, broken):
    """All jobs run side by side; True when each voting one ends well."""
    passed = True
    for job in JOBS:
        bad = job in broken or (job == FLAKY and chance.random() < FLAKY_RATE)
        result = chance.choice(WRONG) if bad else Result.SUCCESS
        if job == STOPPED and begin > STOPPED_AT:
            continue
        passed = passed and (not bad or job == ADVISORY)
        number = len(year.results)
        year.results.append(
            JobResult(
                f"r{number:07}", job, result, "openstack", pipeline, "opendev.org", "openstack/networking-sfc",
                "master", begin, chance.randrange(60_000, 600_000), f"b{pipeline}{change}-{begin:.0f}",
                job != ADVISORY, commit, ("it failed",) if bad else (), "", change, "1",
            )
        )  # fmt: skip
    if not passed:
        year.failed.append((pipeline, change))
    return passed
