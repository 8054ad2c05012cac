"""A job that fails keeps the paths of its packets and says what they tell."""

import json

import pytest

from sfcci.datapath.scenario import load_scenario
from sfcci.gate import paths
from sfcci.gate.evidence import listed
from sfcci.gate.job import Answered, Change, Encapsulation, Http, Job, Lost, Result, Step, Stream, Visits
from sfcci.gate.order import LabFault, Order
from sfcci.gate.verdict import in_lab
from sfcci.trace.chainpath import ChainPath, Verdict
from sfcci.trace.packet import FiveTuple

HTTP = Http("source", "dest", 2)


def failed(folder, *steps, fault=None):
    job = Job("paths", ("gate",), 60, scenario="demo", steps=tuple(steps))
    order = Order(job, folder, folder / "cache", scenario=load_scenario("demo"), fault=fault)
    found = in_lab(order, lambda _phase: None)
    assert found.result is Result.FAILURE, found
    return found.reasons


def document(folder, step):
    return json.loads((folder / f"step{step}.paths.json").read_text())


@pytest.mark.lab
def test_reasons_name_the_verdict_and_the_paths_are_evidence(tmp_path):
    reasons = failed(tmp_path, Step((), (HTTP,), (Answered(),)), fault=LabFault.DROP)
    (told,) = [reason for reason in reasons if "paths" in reason]
    assert told.startswith("2 of 2 paths DROPPED-AT vm3, in the function: PC1 wants it; vm3")
    assert told.endswith("(see step1.paths.txt)")
    names = [one.path.name for one in listed(tmp_path)]
    assert names[:3] == ["path.html", "step1.paths.txt", "step1.paths.json"]
    assert "✗ DROPPED-AT vm3" in (tmp_path / "step1.paths.txt").read_text()
    page = (tmp_path / "path.html").read_text()
    assert "DROPPED-AT vm3, in the function" in page
    found = document(tmp_path, 1)
    assert (found["ok"], found["seen"], found["moving"]) == (False, 2, False)
    assert [one["verdict"] for one in found["paths"]] == ["DROPPED-AT"] * 2


@pytest.mark.lab
def test_each_step_has_its_paths_and_a_check_that_asks_for_another_way_than_the_chain_is_told(tmp_path):
    first = Step((), (HTTP,), (Answered(),))
    other = Step((), (HTTP,), (Visits((("vm3",),)),))
    reasons = failed(tmp_path, first, other)
    assert reasons[-1] == "step 2: all 4 paths are as their chains say: OK (see step2.paths.txt)"
    assert [document(tmp_path, step)["seen"] for step in (1, 2)] == [4, 4], "there and back"
    assert (tmp_path / "path.html").exists()


@pytest.mark.lab
def test_a_group_that_has_no_live_pair_is_named(tmp_path):
    down = Change(hosts={"vm3": False})
    reasons = failed(tmp_path, Step((down,), (HTTP,), (Answered(),)))
    told = [reason for reason in reasons if "paths" in reason]
    assert told
    assert all("PG2 has no live port pair, and PC1 is closed" in one for one in told), told


@pytest.mark.lab
def test_packets_that_were_under_way_while_chains_changed_are_no_reason(tmp_path):
    gone = Change({"port_chains": {"PC1": {"flow_classifiers": []}}})
    begin = Change(
        {
            "flow_classifiers": {"FC_udp": {"protocol": "udp", "logical_source_port": "source_vm_port"}},
            "port_chains": {"PC1": {"flow_classifiers": ["FC_udp"]}},
        }
    )
    reasons = failed(
        tmp_path,
        Step((begin,), (HTTP,), (Answered(),)),
        Step((gone,), (Stream("source", "dest"),), (Lost(-1), Encapsulation("vm1", "nsh"))),
    )
    assert not [reason for reason in reasons if "paths" in reason]
    assert document(tmp_path, 2)["moving"]
    assert "judged by those at the end of the step" in (tmp_path / "step2.paths.txt").read_text()


def path(verdict, says, node=""):
    return ChainPath(
        FiveTuple("10.0.0.1", "10.0.0.2", 6, 1, 80), "ab", "forward", (), verdict, says, node=node
    )


def test_the_commonest_wrong_verdicts_are_the_reasons():
    bad = [path(Verdict.BYPASSED, "it goes past PG2", "vm3")] * 3
    found = [
        *bad,
        path(Verdict.OK, ""),
        path(Verdict.WRONG_ORDER, "turned", "vm1"),
        path(Verdict.WRONG_ORDER, "a", "b"),
    ]
    assert paths.reasons(found, "step1.paths.txt") == (
        "3 of 6 paths BYPASSED vm3: it goes past PG2 (see step1.paths.txt)",
        "1 of 6 paths WRONG-ORDER vm1: turned (see step1.paths.txt)",
    )
    assert paths.reasons((), "x") == ()


def test_a_capture_that_cannot_be_read_leaves_the_verdict_as_it_is(tmp_path):
    (tmp_path / "step1.pcapng").write_bytes(b"no capture")
    step = paths.StepTaken(1, tmp_path / "step1.pcapng", load_scenario("demo"), paths.Observation())
    assert paths.keep([step, step], None, tmp_path) == ()
    assert not list(tmp_path.glob("*.paths.*"))
