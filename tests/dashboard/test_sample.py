"""Sample data: the same dashboards about made-up series, all below `sample.`, and names that match whatever is asked."""

import itertools
import json
import math
import re
import statistics
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.dashboard import sample_names
from sfcci.dashboard import target as grammar
from sfcci.dashboard.render import grafana_json
from sfcci.dashboard.sample import LABEL, sampled
from sfcci.dashboard.sample_names import names
from sfcci.dashboard.sample_target import PREFIX, own_paths, sample_target
from sfcci.dashboard.sample_values import _chance, value
from sfcci.dashboard.validate import examine
from sfcci.gate.job import BAD
from sfcci.metric.catalogue import Known
from sfcci.metric.glob import pattern


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a.b", "sample.a.b"),
        ("alias( sum(a.{b,c}.*, d.e) , 'a.b')", "alias( sum(sample.a.{b,c}.*, sample.d.e) , 'a.b')"),
        ("aliasByNode(a.*.c, 1, -1)", "aliasByNode(sample.a.*.c, 2, -1)"),
        ("a.*|groupByNode(1, 'sum')|aliasByNode(0)", "sample.a.*|groupByNode(2, 'sum')|aliasByNode(1)"),
        ("aliasByNode(a.*, nodes=0)", "aliasByNode(sample.a.*, nodes=1)"),
        ("sumSeriesWithWildcards(a.*.c, 1, 2)", "sumSeriesWithWildcards(sample.a.*.c, 2, 3)"),
        ("asPercent(a.*, None, 0)", "asPercent(sample.a.*, None, 1)"),
        ("applyByNode(a.*.c, 1, 'divideSeries(%.x, b.y)')", "applyByNode(sample.a.*.c, 2, 'divideSeries(%.x, sample.b.y)')"),
        ("aliasSub(a.b, '^a.[^c]', 'x')", r"aliasSub(sample.a.b, '^(?:sample\.)?a.[^c]', 'x')"),
        ("exclude(a.*, r)", "exclude(sample.a.*, sample.r)"),
        ("movingAverage(a.b, '10min')", "movingAverage(sample.a.b, '10min')"),
        ("movingAverage(a.b, 10)", "movingAverage(sample.a.b, 10)"),
        ("scale(#A, 2)", "scale(#A, 2)"),
        ("sum($whole.x, ${host}.y, [[z]])", "sum(sample.$whole.x, sample.${host}.y, sample.[[z]])"),
        ("constantLine(5)", "constantLine(5)"),
    ],
)  # fmt: skip
def test_every_path_goes_below_sample_and_nodes_count_one_more(text, made):
    assert sample_target(text) == made


PARTS = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
WILD = st.one_of(
    PARTS,
    st.sampled_from(
        ["*", "?", "a*", "*-b", "a?c", "[abc]", "x[!0-9]y", "[0-9]*", "{a,b}", "a{b,*}c", "*x*", "**"]
    ),
)
PATTERNS = st.lists(WILD, min_size=1, max_size=6).map(".".join)


@st.composite
def targets(draw, depth=0):
    if depth > 2 or draw(st.booleans()):
        return draw(PATTERNS)
    inner = [draw(targets(depth + 1)) for _ in range(draw(st.integers(1, 3)))]
    shape = draw(st.sampled_from(["sum({})", "aliasByNode({}, 1, -2)", "alias({}, 'n')", "{}|scale(2)"]))
    return shape.format(inner[0] if "alias" in shape or "|" in shape else ",".join(inner))


@given(targets())
def test_all_paths_lie_below_sample_and_nothing_else_changes(text):
    made = grammar.parse_target(sample_target(text))
    before = [path.text for path in own_paths(grammar.parse_target(text))]
    assert [path.text for path in own_paths(made)] == [PREFIX + one for one in before]
    assert [call.name for call in grammar.calls(made)] == [
        call.name for call in grammar.calls(grammar.parse_target(text))
    ]


@given(st.lists(PATTERNS, max_size=8))
def test_each_pattern_is_matched_by_a_name_that_carbon_takes(patterns):
    made = names(patterns)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) and ".." not in name for name in made.found)
    for text in patterns:
        matches = pattern(text.replace("**", "*")).fullmatch
        assert any(matches(name) for name in made.found), text


def test_a_wildcard_stands_for_what_other_targets_name():
    made = names(["a.job.lint.SUCCESS", "a.job.docs.SUCCESS", "a.job.*.FAILURE", "b.*.x"])
    assert {"a.job.lint.FAILURE", "a.job.docs.FAILURE"} < set(made.found)
    assert {"b.alpha.x", "b.beta.x", "b.gamma.x"} < set(made.found)


def test_names_have_a_bound_and_it_is_told():
    many = ".".join(["{a,b,c,d,e,f,g,h,i,j}"] * 3)
    made = names([many])
    assert made.cut
    assert len(made.found) <= sample_names.MOST_OF_ONE
    assert len(names(f"{n}.{many}" for n in range(50)).found) <= sample_names.MOST


def board(tmp_path, text, name="board.yaml"):
    path = tmp_path / name
    path.write_text(text)
    seen = examine([path])
    assert len(seen.dashboards) == 1, seen.findings
    return seen.dashboards[0]


YAML = """\
dashboard:
  title: Nodes
  templating:
    - {name: region, type: query, query: stats.gauges.provider.rax-*, includeAll: true, multi: true}
    - {name: image, type: query, query: "stats.gauges.provider.$region.*"}
    - {name: how, type: custom, options: [ready, used]}
    - {name: lonely, type: query, query: "other.*.x"}
  rows:
    - title: All
      showTitle: true
      height: 200px
      panels:
        - {title: Nodes of $region, type: graph, targets: [{target: "aliasByNode(stats.gauges.provider.$region.$image.nodes.$how, 3)"}]}
        - {title: Broken, type: graph, targets: [{target: "sum(a.{b"}]}
        - {title: Words, type: text, content: x}
"""


def test_variables_find_names_and_each_choice_has_series(tmp_path):
    made = sampled([board(tmp_path, YAML)])
    known = Known(made.names)
    regions = [name.rpartition(".")[2] for name in known.find("sample.stats.gauges.provider.rax-*")]
    assert regions == ["rax-east", "rax-west"]
    for region in regions:
        images = [name.rpartition(".")[2] for name in known.find(f"sample.stats.gauges.provider.{region}.*")]
        assert images
        for how in ("ready", "used"):
            for image in images:
                assert f"sample.stats.gauges.provider.{region}.{image}.nodes.{how}" in made.names
    assert known.find("sample.other.*.x")
    listed = made.dashboards[0].content["templating"]["list"]
    assert [one["query"] for one in listed] == [
        "sample.stats.gauges.provider.rax-*",
        "sample.stats.gauges.provider.$region.*",
        "ready,used",
        "sample.other.*.x",
    ]


def test_titles_say_that_the_data_is_made_up_and_a_broken_target_is_shown_as_it_is(tmp_path):
    before = board(tmp_path, YAML)
    dashboard = sampled([before]).dashboards[0]
    made = grafana_json(dashboard)
    assert made["title"] == f"Nodes{LABEL}"
    assert "sample-data" in made["tags"]
    panels = [one for one in made["panels"] if one["type"] != "row"]
    assert [one["title"] for one in panels] == [f"Nodes of $region{LABEL}", f"Broken{LABEL}", f"Words{LABEL}"]
    assert panels[0]["targets"][0]["target"] == (
        "aliasByNode(sample.stats.gauges.provider.$region.$image.nodes.$how, 4)"
    )
    assert panels[1]["targets"][0]["target"] == "sum(a.{b"
    assert [one.title for one in dashboard.panels] == [one["title"] for one in panels]
    assert dashboard.uid == "board"
    assert board(tmp_path, YAML) == before, "the dashboard itself is as it was"


def test_grafanas_own_json_is_rewritten_in_folded_rows_too(tmp_path):
    query = {"query": "a.*", "refId": "Q"}
    content = {
        "title": "J",
        "templating": {"list": [
            {"name": "h", "type": "query", "query": query, "regex": "/^web-(.*)$/", "current": {"value": ["web-1"]}},
            {"name": "k", "type": "query", "query": {**query, "query": "a.web-$h.k*"}, "regex": "/k(.*)/"}]},
        "panels": [{"id": 1, "type": "row", "title": "R", "collapsed": True, "panels": [
            {"id": 2, "type": "timeseries", "title": "T", "targets": [
                {"refId": "A", "target": "a.web-$h.k$k", "targetFull": "old"}, {"refId": "B", "target": "scale(#A, 2)"}]}]}],
    }  # fmt: skip
    made = sampled([board(tmp_path, json.dumps(content), "j.json")])
    shown = made.dashboards[0].content
    inside = shown["panels"][0]["panels"][0]
    assert (shown["panels"][0]["title"], inside["title"]) == ("R", f"T{LABEL}")
    assert inside["targets"] == [
        {"refId": "A", "target": "sample.a.web-$h.k$k"},
        {"refId": "B", "target": "scale(#A, 2)"},
    ]
    listed = shown["templating"]["list"]
    assert [one["query"]["query"] for one in listed] == ["sample.a.*", "sample.a.web-$h.k*"]
    assert listed[0]["regex"] == "/^web-(.*)$/"
    assert "sample.a.web-web-1.kkalpha" in made.names or any(
        name.startswith("sample.a.web-web-1.k") for name in made.names
    )


def test_a_regular_expression_that_no_made_up_name_fits_is_left_out(tmp_path):
    content = {"title": "J", "panels": [], "templating": {"list": [
        {"name": "h", "type": "query", "query": "a.*", "regex": "/prod[0-9]{3}/"}]}}  # fmt: skip
    made = sampled([board(tmp_path, json.dumps(content), "j.json")])
    assert made.dashboards[0].content["templating"]["list"][0]["regex"] == ""
    assert Known(made.names).find("sample.a.*")


def test_values_are_the_same_for_a_time_and_all_lie_below_sample(tmp_path):
    made = sampled([board(tmp_path, YAML)])
    begin = 1_700_000_000
    points = list(made.series(begin, begin + 3600))
    assert points == list(made.series(begin, begin + 3600))
    late = [one for one in points if one.time_s >= begin + 1800]
    assert sorted(late) == sorted(made.series(begin + 1800, begin + 3600))
    assert {one.name for one in points} == set(made.names)
    assert all(name.startswith(PREFIX) for name in made.names)
    assert all(one.time_s % 60 == 0 and begin <= one.time_s < begin + 3600 for one in points)


@pytest.mark.parametrize(
    ("name", "low", "high", "whole"),
    [
        ("stats_counts.zuul.job.lint.SUCCESS", 0, 1, True),
        ("stats.timers.zuul.job.lint.SUCCESS.mean", 1000, 4_000_000, True),
        ("stats.gauges.nodes.ready", 0, 200, True),
        ("a.pass_probability", 0, 1, False),
        ("a.cpu_percent", 0, 100, False),
        ("stats.zuul.job.lint.SUCCESS", 0, 1, False),
    ],
)
def test_values_look_like_what_the_name_says(name, low, high, whole):
    found = [value(name, at, 60) for at in range(0, 86400, 60)]
    assert all(low <= one <= high and math.isfinite(one) for one in found)
    assert len(set(found)) > 1
    assert not whole or all(one == int(one) for one in found)


def test_bad_results_are_rarer_and_the_upper_durations_longer():
    day = range(0, 30 * 86400, 600)
    sums = {
        result: sum(value(f"stats_counts.job.{n}.{result}", at, 600) for n in range(5) for at in day)
        for result in ("SUCCESS", "FAILURE")
    }
    assert 0 < sums["FAILURE"] < sums["SUCCESS"] / 4
    stem = "stats.timers.job.x"
    lower, mean, upper = (value(f"{stem}.{figure}", 600, 60) for figure in ("lower", "mean", "upper_90"))
    assert lower < mean < upper


def test_a_gate_fails_a_few_times_in_a_hundred_and_one_of_its_jobs_more_often():
    project = Path(__file__).parents[2]
    made = sampled(examine([project / "tests" / "data" / "sfc-gate.yaml"]).dashboards)
    counts = [name.removeprefix(PREFIX) for name in made.names if name.startswith("sample.stats_counts.")]
    good, bad = Counter(), Counter()
    for name in counts:
        job, result = name.split(".")[-2:]
        if result == "SUCCESS" or result in BAD:
            number = sum(value(name, at, 600) for at in range(0, 30 * 86400, 600))
            (good if result == "SUCCESS" else bad)[job] += number
    rates = {job: bad[job] / (bad[job] + good[job]) for job in good}
    assert 0.01 < bad.total() / (bad.total() + good.total()) < 0.08
    assert [job for job, rate in rates.items() if rate > 0.05] == ["sfc-rpm-install"]


def test_the_results_of_one_job_have_nothing_to_do_with_each_other():
    stem = "stats_counts.zuul.tenant.t.pipeline.gate.project.h.p.main.job.one"
    names = [f"{stem}.{result}" for result in ("SUCCESS", "FAILURE", "SKIPPED")]
    rows = [[_chance(name, at) for at in range(0, 6_000_000, 600)] for name in names]
    for one, other in itertools.combinations(rows, 2):
        assert abs(statistics.correlation(one, other)) < 0.05
        assert len({round(a - b, 9) for a, b in zip(one, other, strict=True)}) > len(one) / 2


def test_the_upstream_dashboards_have_a_series_for_every_path(shared):
    seen = examine([shared / "data" / "upstream-dashboards"])
    made = sampled(seen.dashboards)
    known = Known(made.names)
    lost = []
    for dashboard in made.dashboards:
        for panel in dashboard.panels:
            for one in panel.targets:
                try:
                    tree = grammar.parse_target(grammar.with_variables(one.text, "*"))
                except grammar.TargetError:
                    continue
                lost += [path.text for path in own_paths(tree) if not known.expand([path.text])]
    assert lost == []
    assert not made.cut
