"""OpenStack's dashboards: every error that is reported is argued here, and there is no other."""

from collections import Counter

import pytest

from sfcci.dashboard.validate import examine
from sfcci.finding import Severity

TIMED_OUT_IS_GOOD = (
    "FAILURE over {SUCCESS,FAILURE,TIMED_OUT}: a run that timed out counts as one that did not fail"
)
PODMAN = "the failures of the podman job over all runs of the job without podman: it may pass 100 %"
API_REF = "the failures of build-openstack-api-ref over the runs of build-openstack-releasenotes"
COPIED = (
    "copied from the ubuntu job, the name changed and the metric not: rocky9's line shows ubuntu's results"
)
TWICE = "the key stands twice in one panel; YAML takes the last, and an edit of the first does nothing"
NEUTRON_LIB_RATES = (
    54,
    55,
    56,
    57,
    70,
    71,
    72,
    73,
    117,
    118,
    119,
    120,
    133,
    134,
    135,
    136,
    150,
    151,
    152,
    153,
    154,
    155,
)
ARGUED = {
    ("kolla.yaml", 32, "AliasOtherJob"): COPIED,
    ("kolla.yaml", 67, "AliasOtherJob"): COPIED,
    ("kolla.yaml", 74, "AliasOtherJob"): COPIED,
    ("kolla.yaml", 51, "MixedRatio"): PODMAN,
    ("kolla.yaml", 52, "MixedRatio"): PODMAN,
    ("kolla.yaml", 53, "MixedRatio"): PODMAN,
    ("neutron-lib.yaml", 72, "MixedRatio"): API_REF,
    ("neutron-lib.yaml", 135, "MixedRatio"): API_REF,
    **{("neutron-lib.yaml", line, "BadResultsLeftOut"): TIMED_OUT_IS_GOOD for line in NEUTRON_LIB_RATES},
    ("nodepool-rax.yaml", 157, "DuplicateKey"): TWICE,
    ("nodepool-rax.yaml", 169, "DuplicateKey"): TWICE,
    (
        "octavia.yaml",
        120,
        "BadTarget",
    ): "a brace that is closed and never opened: Graphite reads a metric named alias",
    ("openstack-ansible.yaml", 260, "MisspeltResult"): "TIMED_OOUT: the line is empty for ever",
    ("openstack-ansible.yaml", 261, "MisspeltResult"): "TIMED_OOUT: the line is empty for ever",
    ("zuul-status.yaml", 59, "DuplicateKey"): TWICE,
}
"""File, line and keyword of every error → why it is one."""


@pytest.fixture(scope="module")
def seen(shared):
    return examine([shared / "data" / "upstream-dashboards"])


def of(seen, severity):
    return [
        (one.place.path.rpartition("/")[2], one.place.line, one.keyword)
        for one in seen.findings
        if one.severity is severity
    ]


def test_every_error_is_argued_and_everything_argued_is_an_error(seen):
    assert sorted(of(seen, Severity.ERROR)) == sorted(ARGUED)
    assert (len(seen.dashboards), seen.targets) == (9, 415)


def test_warnings_are_the_rates_of_networking_sfc_that_leave_timed_out_out(seen):
    """All eleven count FAILURE over {SUCCESS,FAILURE}: a job that times out every time has a failure rate of none."""
    lines = (21, 22, 27, 28, 33, 34, 39, 40, 41, 46, 47)
    assert of(seen, Severity.WARNING) == [
        ("networking-sfc.yaml", line, "BadResultsLeftOut") for line in lines
    ]


def test_what_is_said_in_passing_is_once_a_file(seen):
    said = Counter(of(seen, Severity.INFO))
    kinds = Counter((file, keyword) for file, _, keyword in said)
    assert kinds.pop(("nodepool-rax.yaml", "WrongArguments")) == 2  # '1m', which Grafana turns into '1min'
    assert set(kinds.values()) == {1}
    assert {keyword for _, keyword in kinds} == {"BadResultsLeftOut", "NoDataSource", "RemovedPanelType"}


def test_rates_whose_results_stand_in_panels_of_their_own_are_no_errors(seen):
    """openstack-ansible shows FAILURE, TIMED_OUT and POST_FAILURE of each job as rates of their own."""
    rates = [one for one in of(seen, Severity.ERROR) if one[2] == "BadResultsLeftOut"]
    assert {file for file, _, _ in rates} == {"neutron-lib.yaml"}


def test_each_caret_stands_under_what_is_meant(seen):
    under = {}
    for one in seen.findings:
        line, caret = one.excerpt.splitlines()
        under.setdefault(one.keyword, set()).add(line[len(caret) - 1 :].partition(")")[0].partition("'")[0])
    assert under["MisspeltResult"] == {"TIMED_OOUT"}
    assert under["BadTarget"] == {"}"}
    assert all(text.startswith("kolla-") for text in under["AliasOtherJob"])
    assert under["MixedRatio"] > {"build-openstack-api-ref.FAILURE"}
