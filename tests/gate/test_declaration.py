"""Job files."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci import datapath, document
from sfcci.errors import InputError, UsageError
from sfcci.gate import declaration
from sfcci.gate import job as job_values
from sfcci.gate.job import Answered, Change, Flows, Http, Stream, Visits, Whole
from sfcci.gate.job_schema import SCHEMA

SCENARIOS = Path(datapath.__file__).parent / "scenarios"
GOOD = """\
jobs:
  - name: a
    pipeline: gate
    timeout: 5
    scenario: demo
    steps:
      - change: {port_chains: {PC1: {flow_classifiers: []}}}
        traffic: [{http: {from: source, to: dest, requests: 3}}]
        checks: [answered, {visits: [[vm1, vm2], [vm3]]}]
"""


def load(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return declaration.load_jobs(str(tmp_path))


def test_the_jobs_that_come_with_sfcci_are_read():
    jobs = declaration.load_jobs()
    assert "sfc-http-diverted" in [job.name for job in jobs]
    assert all("gate" in job.pipelines for job in jobs)


def test_a_job_file_gives_values(tmp_path):
    (job,) = load(tmp_path, a=GOOD)
    (step,) = job.steps
    assert (job.name, job.pipelines, job.voting, job.timeout_s) == ("a", ("gate",), True, 5.0)
    assert step.changes == (Change({"port_chains": {"PC1": {"flow_classifiers": []}}}),)
    assert step.traffic == (Http("source", "dest", 3),)
    assert step.checks == (Answered(), Visits((("vm1", "vm2"), ("vm3",))))


def test_the_faults_of_all_files_come_together(tmp_path):
    with pytest.raises(InputError) as caught:
        load(
            tmp_path, a=GOOD.replace("timeout: 5", "timeout: soon"), b=GOOD.replace("[answered,", "[answred,")
        )
    first, second = map(str, caught.value.faults)
    assert first.endswith('a.yaml:4:5: jobs[0].timeout: found "soon"; expected a number')
    assert 'b.yaml:9:18: jobs[0].steps[0].checks[0]: found "answred"; expected one of answered' in second


def test_a_name_is_taken_once_over_all_files(tmp_path):
    with pytest.raises(InputError, match=r"b\.yaml:2:5: .*'a' is declared twice"):
        load(tmp_path, a=GOOD, b=GOOD)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("    scenario: demo\n", "", "either scenario and steps, or install and command"),
        ("    scenario: demo\n", "    scenario: demo\n    install: x\n", "either scenario and steps"),
        ("    steps:\n", "    stepz:\n", "did you mean steps?"),
    ],
)
def test_a_job_is_one_kind_or_the_other(tmp_path, old, new, reason):
    with pytest.raises(InputError) as caught:
        load(tmp_path, a=GOOD.replace(old, new))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("scenario: demo", "scenario: dmo", "5:5: jobs[0].scenario: no scenario 'dmo'; did you mean demo?"),
        (
            "from: source",
            "from: sorce",
            "8:27: jobs[0].steps[0].traffic[0].http.from: the scenario has no sorce",
        ),
        ("[[vm1, vm2], [vm3]]", "[[vm1, vm22], [vm3]]", "checks[1].visits[0][1]: the scenario has no vm22"),
        ("visits: [[vm1, vm2], [vm3]]", "quiet: [vm33]", "quiet[0]: the scenario has no vm33"),
        ("visits: [[vm1, vm2], [vm3]]", "quiet: []", "quiet: found []; expected a list of one name or more"),
        (
            "visits: [[vm1, vm2], [vm3]]",
            "shares: {among: [], at_least: 0}",
            "among: found []; expected a list of one name or more",
        ),
        (
            "visits: [[vm1, vm2], [vm3]]",
            "shares: {among: [vm1], at_least: 0}",
            "at_least: found 0; expected a share above 0, at most 1",
        ),
        ("PC1: {", "PC2: {", "change.port_chains.PC2: port_pair_groups is missing"),
        ("flow_classifiers: []", "flow_classifiers: [FC_htp]", "did you mean FC_http?"),
        (
            "        traffic: [{http: {from: source, to: dest, requests: 3}}]\n",
            "",
            "answered proves nothing without http or tcp or udp or icmp or all traffic",
        ),
        (
            "answered, {visits: [[vm1, vm2], [vm3]]}",
            "{hops: [[vm1]]}",
            "hops proves nothing without traceroute",
        ),
        (
            "answered, {visits: [[vm1, vm2], [vm3]]}",
            "flows_as_at_start",
            "no check judges packets or answers",
        ),
        (
            "[{http: {from: source, to: dest, requests: 3}}]",
            "[http: {from: source, to: dest}, traceroute: {from: source, to: dest}, traceroute: {from: source, to: vm3}]",
            "a second traceroute in one step",
        ),
    ],
)
def test_a_job_that_could_prove_nothing_is_refused(tmp_path, old, new, reason):
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        load(tmp_path, a=GOOD.replace(old, new))
    assert reason in str(caught.value)


WORDS = """\
jobs:
  - name: words
    pipeline: gate
    timeout: 5
    scenario: demo
    steps:
      - change:
          - {port_pairs: {PP1: {weight: 3}}, port_chains: {PC9: {port_pair_groups: [PG2], symmetric: true}}, hosts: {vm1: down}}
          - delete
        traffic:
          - udp: {from: source, to: dest, flows: 3, port: [0, 53], source_port: 1000, ip: 4, length: 9}
          - all: {from: source, to: dest}
          - stream: {from: source, to: dest, rate: 50, control: 7000}
        checks:
          - both_ways
          - dropped
          - base_flows
          - shares: {among: {vm1: 1, vm2: 2.5}, within: 0.1}
          - one_of: [vm1]
          - moved_at_most: 0.5
          - copies: [vm3]
          - encapsulation: {at: vm1, kind: nsh, path: 3, index: 250}
          - lost: 0
          - ways: [[[vm1]], [[vm2], [vm3]]]
"""


def test_every_word_gives_its_value(tmp_path):
    (job,) = load(tmp_path, a=WORDS)
    (step,) = job.steps
    assert step.changes == (
        Change(
            {
                "port_pairs": {"PP1": {"weight": 3}},
                "port_chains": {"PC9": {"port_pair_groups": ["PG2"], "symmetric": True}},
            },
            {"vm1": False},
        ),
        Change(whole=Whole.DELETE),
    )
    assert step.traffic == (
        Flows("source", "dest", ("udp",), 3, (0, 53), 1000, 4, 9),
        Flows("source", "dest", ("tcp", "udp", "icmp"), 20, (5000,)),
        Stream("source", "dest", 50, 5000, 7000),
    )
    assert step.checks == (
        job_values.BothWays(),
        job_values.Dropped(),
        job_values.BaseFlows(),
        job_values.Weights((("vm1", 1.0), ("vm2", 2.5)), 0.1),
        job_values.OneOf(("vm1",)),
        job_values.MovedAtMost(0.5),
        job_values.Copies(("vm3",)),
        job_values.Encapsulation("vm1", "nsh", 3, 250),
        job_values.Lost(0),
        job_values.Ways(((("vm1",),), (("vm2",), ("vm3",)))),
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("PC9: {port_pair_groups: [PG2], symmetric: true}", "PC9: {symmetric: true}", "change[0].port_chains.PC9: port_pair_groups is missing"),
        ("PC9: {port_pair_groups: [PG2]", "PC9: {port_pair_groups: [PG7]", "8:85: jobs[0].steps[0].change[0].port_chains.PC9.port_pair_groups[0]: no port pair group PG7"),
        ("weight: 3", "wieght: 3", "did you mean weight?"),
        ("weight: 3", "weight: -3", "weight"),
        ("vm1: down", "vm9: down", "change[0].hosts.vm9: the scenario has no vm9"),
        ("vm1: down", "vm1: dwn", 'found "dwn"; expected one of up, down'),
        ("- delete", "- everything", 'found "everything"; expected one of restore, delete'),
        ("port: [0, 53]", "port: [0, 80]", "a server of dest listens at 80; expected another, or http"),
        ("port: [0, 53]", "port: 70000", "expected a port number, 0 to 65535, or a list of them"),
        ("among: {vm1: 1, vm2: 2.5}", "among: {vm1: 1, vm7: 2.5}", "shares.among.vm7: the scenario has no vm7"),
        ("within: 0.1", "at_least: 0.1", "shares.at_least: unknown key; expected one of among, within"),
        ("at: vm1, kind", "at: vm8, kind", "encapsulation.at: the scenario has no vm8"),
        ("kind: nsh", "kind: gre", "expected one of mpls, nsh, none"),
        ("          - stream: {from: source, to: dest, rate: 50, control: 7000}\n", "", "lost proves nothing without stream traffic"),
        ("[[vm2], [vm3]]]", "[[vm2], [vm33]]]", "the scenario has no vm33"),
        ("vm2: 2.5}", "vm2: .nan}", "18:22: jobs[0].steps[0].checks[3].shares.among: weights without a sum; expected numbers, one at least above 0"),
        ("{vm1: 1, vm2: 2.5}", "{vm1: 0, vm2: 0}", "shares.among: weights without a sum"),
        ("udp: {from: source, to: dest", "udp: {from: dest, to: dest", "traffic[0].udp.to: dest is both ends; expected two hosts"),
        ("ip: 4", "ip: 6", "traffic[0].udp.from: source has no IPv6 address; expected a host that has one"),
        ("source_port: 1000", "source_port: 65534", "traffic[0].udp.source_port: the last flow would come from port 65536; expected at most 65535"),
        ("- all: {from: source, to: dest}", "- stream: {from: vm3, to: dest, port: 7000}", "traffic[2].stream: another stream goes to port 7000 of dest; expected ports of its own"),
        ("control: 7000", "control: 5000", "traffic[2].stream: the control stream goes to the stream's own port; expected another port"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_told_with_its_place(tmp_path, old, new, reason):
    assert old in WORDS
    with pytest.raises(InputError) as caught:
        load(tmp_path, a=WORDS.replace(old, new))
    assert reason in str(caught.value)


def test_a_scenario_beside_the_job_file_is_found_from_there(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "demo.yml").write_text((SCENARIOS / "demo.yaml").read_text())
    (job,) = load(tmp_path, a=GOOD.replace("scenario: demo", "scenario: own/demo.yml"))
    assert job.scenario == str(tmp_path / "own" / "demo.yml")


def test_a_scenario_that_is_wrong_is_told_once_with_its_own_places(tmp_path):
    (tmp_path / "bad.yml").write_text("name: bad\n")
    text = GOOD.replace("scenario: demo", "scenario: ./bad.yml")
    twice = text + text.removeprefix("jobs:\n").replace("name: a", "name: b")
    with pytest.raises(InputError) as caught:
        load(tmp_path, a=twice)
    told = str(caught.value).splitlines()
    assert all("bad.yml:1:1" in line for line in told)
    assert len(told) == len(set(told))


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="holds no job file"):
        load(tmp_path)


def test_jobs_are_chosen_by_name_or_by_pipeline(tmp_path):
    jobs = load(tmp_path, a=GOOD, b=GOOD.replace("name: a", "name: b").replace("gate", "check"))
    assert [job.name for job in declaration.chosen(jobs, (), "gate")] == ["a"]
    assert [job.name for job in declaration.chosen(jobs, ("b", "a"), "gate")] == ["b", "a"]
    assert [job.name for job in declaration.chosen(jobs, ("b", "[ab]", "a"), "gate")] == ["b", "a"]
    with pytest.raises(UsageError, match="no job runs in the pipeline 'gte'; there are: check, gate"):
        declaration.chosen(jobs, (), "gte")
    shipped = declaration.load_jobs()
    with pytest.raises(UsageError, match="did you mean sfc-balance"):
        declaration.chosen(shipped, ("sfc-balanc",), "gate")


SPOILERS = ["1", "null", "[]", "{}", "true", "-1", ".nan", ".inf", "fd00::1", "vm1", "vm9", "dest", "delete", "[[vm1]]", "~"]  # fmt: skip


@given(st.data())
@settings(max_examples=200)
def test_a_spoilt_job_file_is_jobs_or_an_input_error(data):
    lines = WORDS.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        words = re.split(r"(\W+)", lines[at])
        words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(SPOILERS))
        lines[at : at + 1] = data.draw(st.sampled_from([["".join(words)], [], [lines[at], lines[at]]]))
    with suppress(InputError):
        declaration.parse_jobs(document.parse("\n".join(lines), "a.yaml", SCHEMA))
