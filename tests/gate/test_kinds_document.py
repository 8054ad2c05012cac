"""docs/data-plane.md names jobs and scenarios that are there, and leaves no scenario out."""

import re
from pathlib import Path

from sfcci.datapath.scenario import shipped
from sfcci.gate.declaration import load_jobs

DOCUMENT = Path(__file__).parents[2] / "docs" / "data-plane.md"


def test_every_kind_of_chain_has_a_job_and_a_scenario_of_those_that_come_with_sfcci():
    table = DOCUMENT.read_text().partition("## Kinds of chains")[2].partition("\n* ")[0]
    rows = [row.split("|")[1:-1] for row in table.splitlines() if row.startswith("| ")][1:]
    jobs = {word for row in rows for word in re.findall(r"sfc-[\w-]+", row[2])}
    scenarios = {word for row in rows for word in re.findall(r"[\w-]+", row[3])}
    assert len(rows) > 15
    assert all("sfc-" in row[2] for row in rows)
    assert jobs <= {job.name for job in load_jobs()}
    assert scenarios == set(shipped())
