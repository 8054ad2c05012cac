"""Every kind of chain in a real lab; and jobs that are not what they say, which turn red."""

from dataclasses import replace
from pathlib import Path

import pytest
from kinds_run import JOBS, of_file, verdict, verdicts

from sfcci import document
from sfcci.datapath import capture
from sfcci.errors import ProgramFailure
from sfcci.gate.declaration import parse_jobs
from sfcci.gate.job import Change, Encapsulation, Flows, Lost, Step, Stream, Visits, Ways
from sfcci.gate.job_schema import SCHEMA
from sfcci.gate.order import Result, Verdict

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return verdicts(of_file("kinds.yaml"), tmp_path_factory.mktemp("jobs"))


@pytest.mark.parametrize("name", of_file("kinds.yaml"))
def test_the_job_is_green(name, found):
    assert found[name] == Verdict(Result.SUCCESS)


def test_the_example_of_the_readme_is_green(tmp_path):
    text = Path(__file__).parents[2].joinpath("README.md").read_text().partition("## Jobs of your own")[2]
    found = document.parse(text.partition("```yaml\n")[2].partition("```")[0], "README.yaml", SCHEMA)
    (job,) = parse_jobs(found)
    assert verdict(job, tmp_path) == Verdict(Result.SUCCESS)


def with_step(name, *changes, number=0, **parts):
    """Give the first step of a job with other changes before its own, or other parts."""
    step = JOBS[name].steps[number]
    return replace(JOBS[name], steps=(replace(step, changes=(*changes, *step.changes), **parts),))


def patch(**collections):
    return Change(collections)


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (
            with_step("sfc-symmetric", patch(port_chains={"PC1": {"symmetric": False}})),
            "no answer came back vm",
        ),
        (
            with_step("sfc-mpls", checks=(Encapsulation("vm3", "mpls", 2),)),
            "packets came to vm3 in mpls path 1 index 254, expected mpls path 2",
        ),
        (
            with_step("sfc-nsh-proxy", checks=(Encapsulation("vm1", "none"),)),
            "packets came to vm1 in nsh path 1 index 255, expected none",
        ),
        (
            with_step("sfc-taps", patch(port_chains={"PC1": {"port_pair_groups": ["PG1", "PG2"]}})),
            "tap got 0 copies of each of",
        ),
        (
            with_step(
                "sfc-bump-in-the-wire", checks=(Visits((("vm2",), ("vm1",))),), traffic=(Flows("source", "dest", ("icmp",), 2),)
            ),
            "no packet went vm2 > vm1 > dest (seen: vm1 > vm2 > dest x1)",
        ),
    ],
)  # fmt: skip
def test_a_chain_that_is_not_what_the_job_says_turns_it_red(job, told, tmp_path):
    found = verdict(job, tmp_path)
    assert found.result is Result.FAILURE
    assert told in found.reasons[0]


def functions(*steps, attempts=3):
    return replace(JOBS["sfc-update-loses-nothing"], steps=steps, attempts=attempts)


CHAIN = patch(
    flow_classifiers={"FC_udp": {"destination_port_range_min": 5000, "destination_port_range_max": 5000}},
    port_chains={"PC1": {"port_pair_groups": ["PG1"], "flow_classifiers": ["FC_udp"]}},
)
STREAM = Stream("source", "dest")
AT_REST = Step((CHAIN,), (Flows("source", "dest", ("udp",), 1),), (Visits((("vm1",),)),))


def test_a_stream_that_a_change_stops_has_lost_packets(tmp_path):
    stops = Step((patch(port_pair_groups={"PG1": {"port_pairs": []}}),), (STREAM,), (Lost(0),))
    found = verdict(functions(AT_REST, stops), tmp_path)
    assert found.result is Result.FAILURE
    assert "packets were lost (numbers " in found.reasons[0]


def test_a_stream_that_passes_a_function_by_is_told(tmp_path):
    by = Step((patch(port_chains={"PC1": {"flow_classifiers": []}}),), (STREAM,), (Ways(((("vm1",),),)),))
    found = verdict(functions(AT_REST, by), tmp_path)
    assert found.result is Result.FAILURE
    assert "packets of the stream went dest instead of vm1 > dest" in found.reasons[0]


def test_a_run_whose_control_stream_loses_packets_does_not_count(tmp_path):
    stops = Step((CHAIN, Change(hosts={"dest": False})), (STREAM,), (Lost(0),))
    found = verdict(functions(AT_REST, stops, attempts=1), tmp_path)
    assert found.result is Result.RETRY
    assert "the control stream lost" in found.reasons[0]


def test_a_run_whose_capture_lost_packets_does_not_count(tmp_path, monkeypatch):
    def lossy(process):
        process.communicate()
        raise capture.Incomplete(ProgramFailure(("frames.py",), 0, ("dropped 1700",)), "not complete")

    monkeypatch.setattr(capture, "_finish", lossy)
    found = verdict(functions(AT_REST, attempts=1), tmp_path)
    assert (found.result, "dropped 1700" in "".join(found.reasons)) == (Result.RETRY, True)
