"""Every defect of the reference is a row of docs/defects.md, and what each row names is there."""

import ast
import re
from functools import cache
from pathlib import Path

from sfcci.chain.catalogue import BY_PATH
from sfcci.gate.declaration import load_jobs

REPOSITORY = Path(__file__).parents[1]
DOCUMENT = (REPOSITORY / "docs" / "defects.md").read_text()
EVIDENCE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`|job (sfc-[\w-]+)|`(benchmarks/\w+\.py)`")
CHECKLIST = {
    "partial service_function_parameters": ["`service_function_parameters` in part"],
    "null mapping": ["`ppg_n_tuple_mapping` that is null"],
    "graph list": ["whose chains are a list"],
    "mapping values unvalidated": ["values of a `ppg_n_tuple_mapping`"],
    "correlation not re-checked on update": ["pairs, of another correlation"],
    "chain_id > 4095 under MPLS": ["`chain_id` above 4095"],
    "weight and lb_fields ignored": ["weights never reach", "`lb_fields` never reach"],
    "IPv6 accepted but not programmed": ["IPv6 classifiers are taken"],
    "port 0 = any": ["port 0 in a range"],
    "NSH proxy not installable / dropped": ["a chain of NSH drops"],
    "n-tuple mapping wrong beyond one group": ["packets are matched wrongly"],
    "tap indices collide, tap NSH missing, remote tap ethertype": [
        "places of several taps", "taps in chains of NSH", "calls itself MPLS",
    ],
    "table 5 shared by chains": ["overwrite each other's entry"],
    "update = traffic gap": ["takes a chain's flows away before"],
    "no status in API": ["nobody is told whether"],
    "sort_key refused": ["lists sort by no attribute"],
    "unknown filters ignored": ["a filter by what is no attribute"],
    "api-ref wrong": ["wrong paths and statuses"],
}  # fmt: skip
"""Line of the checklist of known defects → what its rows begin with or say."""
OBSERVED = {
    1: ["a deleted port pair that is refused"],
    2: ["a chain of NSH drops"],
    3: ["deleted chains leave groups"],
    4: ["a source that is not plugged yet"],
    5: ["while the agent is started anew", "takes 10 s and more to end"],
    6: [
        "`port_pair_group_parameters` that are no mapping", "`chain_parameters` that are no mapping", "whose chains are a list",
        "that is a port pair's", "a classifier's logical source", "on a host without agent",
    ],
    7: [
        "a bare id", "a prefix with host bits", "a range of ports with one side", "unknown keys of a `ppg_n_tuple_mapping`",
        "a filter by what is no attribute", "not by name either", "no bulk create", "a POST to a resource",
        "a PUT or DELETE to a collection",
    ],
    8: ["changing a description takes", "12 processes"],
    9: ["the client asks twice", "`GET /v2.0` is 404"],
}  # fmt: skip
"""Number of what was observed → what its rows begin with or say."""
LAWS = 11


def rows():
    """The first cell and the last one of every row."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [(row[0], row[-1]) for row in cells if row[-1] != "shown by"]


def row(words):
    (found,) = [cell for cell, _ in rows() if words in cell]
    return found


@cache
def written_in(path):
    return {
        node.name
        for node in ast.parse((REPOSITORY / path).read_text()).body
        if isinstance(node, ast.FunctionDef)
    }


def test_every_known_defect_is_a_row():
    said = {row(words) for known in (CHECKLIST, OBSERVED) for each in known.values() for words in each}
    assert len(said) == len(rows()) - LAWS


def test_every_row_is_shown_by_something_that_is_there():
    jobs = {job.name for job in load_jobs()}
    for cell, shown_by in rows():
        assert EVIDENCE.sub("", shown_by).strip(", ") == "", cell
        found = EVIDENCE.findall(shown_by)
        assert found, cell
        for path, name, job, benchmark in found:
            assert not path or name in written_in(path), f"{path}::{name}"
            assert not job or job in jobs, job
            assert not benchmark or (REPOSITORY / benchmark).is_file(), benchmark


def test_the_lists_of_defects_are_these(shared):
    """Where the notes about the reference are there: no line of theirs has been left out."""
    text = (shared / "specs" / "sfc.md").read_text().split("## 6.")[1].split("OpenFlow-level")[0]
    lines = " ".join(text.splitlines()[1:]).strip().rstrip(".").split("; ")
    assert [line.partition(" -> ")[0] for line in lines] == [*CHECKLIST]
    text = (shared / "specs" / "neutron-api.md").read_text().split("## 5.")[1].split("\n## ")[0]
    assert [int(number) for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)] == [*OBSERVED]


def test_paths_are_those_of_the_documentation():
    told = (
        (REPOSITORY / "docs" / "neutron-api.md")
        .read_text()
        .split("| collection | below /v2.0/ |")[1]
        .split("\n\n")[0]
    )
    named = set(re.findall(r"sfc/\w+", told))
    assert named == {path for path in BY_PATH if path.startswith("sfc/")}
