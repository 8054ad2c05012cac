"""What targets mean: rules that find the lie and leave what only looks like one alone."""

import pytest

from sfcci.dashboard.meaning import meant, results_of
from sfcci.dashboard.validate import examine
from sfcci.finding import Severity

BASE = "stats_counts.zuul.tenant.t.pipeline.{}.project.h.p.{}.job.{}"


def path(job, results, pipeline="gate", branch="main"):
    return f"{BASE.format(pipeline, branch, job)}.{results}"


def ratio(above, below):
    return f"asPercent(sum({above}),sum({below}))"


@pytest.fixture
def said(tmp_path):
    def look(*targets, rest="", extra=""):
        lines = "".join(f"            - target: {target}\n" for target in targets)
        (tmp_path / "x.yaml").write_text(
            f"dashboard:\n  title: T\n{rest}  rows:\n    - title: R\n      height: 100px\n      panels:\n"
            f"        - title: P\n          type: graph\n          targets:\n{lines}{extra}"
        )
        seen = examine([tmp_path])
        return [(one.keyword, one.severity) for one in seen.findings if one.severity is not Severity.INFO]

    return look


ALL = "{SUCCESS,FAILURE,TIMED_OUT}"
BAD = "{FAILURE,TIMED_OUT}"


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (path("a", BAD), path("b", ALL)),
        (path("a", BAD), path("a", ALL, pipeline="check")),
        (path("a", BAD), path("a", ALL, branch="stable")),
        (path("{a,c}", BAD), path("{a,b}", ALL)),
        (path("*", BAD), path("a", ALL)),
    ],
)
def test_a_ratio_of_different_runs_is_an_error(said, above, below):
    assert said(ratio(above, below)) == [("MixedRatio", Severity.ERROR)]
    assert said(f"divideSeries({above},{below})") == [("MixedRatio", Severity.ERROR)]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (path("a", BAD), path("a", ALL)),
        (path("a", BAD), path("*", ALL)),
        (path("a", BAD), path("{a,b}", ALL)),
        (path("a", BAD), path("$job", ALL)),
        (path("$job", BAD), path("$job", ALL)),
        ("a.b", "c.d"),
        (path("a", BAD), "some.total"),
    ],
)
def test_a_share_of_a_whole_is_none(said, above, below):
    assert "MixedRatio" not in dict(said(ratio(above, below)))


@pytest.mark.parametrize("name", ["sfc-tox-py39", "other-tox-py310"])
def test_a_line_named_after_another_job_is_an_error(said, name):
    assert said(f"alias({path('sfc-tox-py310', 'SUCCESS')},'{name}')") == [("AliasOtherJob", Severity.ERROR)]


@pytest.mark.parametrize(
    "name",
    ["sfc-tox-py310", "sfc-tox-py310 (non-voting)", "tox-py310", "SFC_tox_py310", "Average", "time lost", "Non-voting",
     "up-time", "sfc-tox-py310-main"],
)  # fmt: skip
def test_a_line_with_a_name_of_its_own_is_none(said, name):
    assert said(f"alias({path('sfc-tox-py310', 'SUCCESS')},'{name}')") == []


def test_a_misspelt_result_is_found_at_its_place_and_what_was_meant_is_said(said):
    assert said(path("a", "{FAILURE,TIMED_OOUT}")) == [("MisspeltResult", Severity.ERROR)]
    assert said(path("a", "wait_time"), path("a", "*"), path("a", "RETRY")) == []
    assert (meant("TIMED_OOUT"), meant("SUCCESS"), meant("wait_time")) == (
        "TIMED_OUT",
        "SUCCESS",
        "wait_time",
    )
    text = path("a", "{FAILURE,TIMED_OOUT}")
    assert [text[at:].startswith(word) for word, at in results_of(text)] == [True, True]


@pytest.mark.parametrize(
    ("above", "below", "severity"),
    [
        ("FAILURE", ALL, Severity.ERROR),
        ("FAILURE", "{SUCCESS,FAILURE}", Severity.WARNING),
        ("FAILURE", "*", Severity.WARNING),
        ("{FAILURE,TIMED_OUT}", "{SUCCESS,FAILURE,TIMED_OUT,POST_FAILURE}", Severity.ERROR),
        (BAD, ALL, None),
        ("SUCCESS", ALL, None),
        ("TIMED_OUT", "*", None),
    ],
)
def test_a_failure_rate_that_leaves_bad_results_out(said, above, below, severity):
    found = said(ratio(path("a", above), path("a", below)))
    assert found == ([("BadResultsLeftOut", severity)] if severity else [])


def test_results_that_the_same_dashboard_shows_as_rates_of_their_own_are_not_left_out(said):
    rates = [ratio(path("a", one), path("a", "*")) for one in ("FAILURE", "TIMED_OUT")]
    assert said(*rates) == []
    assert said(rates[0], ratio(path("b", "TIMED_OUT"), path("b", "*"))) == [
        ("BadResultsLeftOut", Severity.WARNING)
    ]


def test_what_stands_in_for_nothing_counts_as_no_result(said):
    above = f"fallbackSeries(sumSeries({path('a', 'FAILURE')}),scale({path('a', ALL)},0))"
    assert said(f"asPercent({above},sum({path('a', ALL)}))") == [("BadResultsLeftOut", Severity.ERROR)]


VARIABLES = "  templating:\n    - {name: region, type: query, query: a.*}\n    - {name: old, type: query, query: b.*}\n"


def test_variables_are_defined_and_used(said):
    assert said("sum(a.$reigon.b)", rest=VARIABLES) == [
        ("UnusedVariable", Severity.WARNING), ("UnusedVariable", Severity.WARNING), ("UndefinedVariable", Severity.ERROR),
    ]  # fmt: skip
    assert said("sum(a.$region.[[old]])", rest=VARIABLES) == []
    assert said("sum(a.${region:glob}.b)", extra="          repeat: old\n", rest=VARIABLES) == []
    assert said("summarize(a.b,'$__interval')", "template(a.$x,x='b')") == []


def test_a_panel_without_the_data_source_that_the_others_name_is_a_warning(said):
    other = (
        "        - title: Q\n          type: graph\n          datasource: G\n          targets:\n"
        "            - target: a.b\n"
    )
    assert said("a.b", extra=other) == [("NoDataSource", Severity.WARNING)]
    assert said("a.b") == []


def test_removed_panel_types_are_a_warning_where_grafana_gets_them_as_they_stand(tmp_path):
    text = '{"title": "J", "panels": [{"type": "graph", "targets": [{"target": "a.b"}]}]}'
    (tmp_path / "x.json").write_text(text)
    found = {one.keyword: (one.severity, one.hint) for one in examine([tmp_path]).findings}
    assert found["RemovedPanelType"] == (Severity.WARNING, "graph is timeseries today")


def test_grafana_s_json_is_held_against_grafana_s_schema_as_a_warning(tmp_path):
    (tmp_path / "x.json").write_text(
        '{"title": "J", "schemaVersoin": 42, "refresh": 5, "panels": [{"type": "stat", "tilte": "x", "id": "7",'
        ' "gridPos": {"x": 20, "y": 0, "w": 12, "h": 0}, "pluginThing": 1, "datasource": null}]}'
    )
    found = [one for one in examine([tmp_path]).findings if one.keyword == "GrafanaSchema"]
    assert {one.severity for one in found} == {Severity.WARNING}
    assert sorted((one.what, one.hint) for one in found) == [
        ("panel 1: gridPos: h 0 is no height", ""),
        ("panel 1: gridPos: x 20 and w 12 leave the grid of 24 columns", ""),
        ("panel 1: id: found '7'; expected a whole number", ""),
        ("panel 1: tilte: unknown key", "did you mean title?"),
        ("refresh: found 5; expected text or true or false", ""),
        ("schemaVersoin: unknown key", "did you mean schemaVersion?"),
    ]
