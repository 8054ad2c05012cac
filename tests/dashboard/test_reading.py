"""What panels show: one value of each series, and what changed."""

import pytest

from sfcci.dashboard.reading import (
    PanelNumbers,
    Trouble,
    answers,
    changes,
    drawn_panels,
    reduced,
    shown_targets,
    value,
)
from sfcci.errors import UsageError
from sfcci.metric.catalogue import Known
from sfcci.metric.graphite import Series


def series(*values):
    return Series("s", "s", tuple((value, n) for n, value in enumerate(values)))


@pytest.mark.parametrize(
    ("calc", "number"),
    [
        ("lastNotNull", 3),
        ("mean", 2),
        ("sum", 4),
        ("min", 1),
        ("max", 3),
        ("firstNotNull", 1),
        ("range", 2),
        ("diff", 2),
        ("unheard", 3),
    ],
)
def test_a_series_is_reduced_by_grafana_s_word(calc, number):
    assert reduced(calc, series(None, 1, None, 3, None)) == number
    assert reduced(calc, series(None, None)) is None


def test_a_stat_shows_its_own_value_and_a_graph_the_first_of_its_legend():
    assert value({"options": {"reduceOptions": {"calcs": ["sum"]}}}, series(1, 2)) == 3
    assert value({"options": {"legend": {"calcs": ["max", "sum"]}}}, series(2, 1)) == 2
    assert value({}, series(2, 1)) == 1


def test_references_and_variables_of_targets_are_filled_in():
    panel = {"targets": [
        {"refId": "A", "target": "a.$x.c", "hide": True}, {"refId": "B", "target": "sum(#A)"}, {"refId": "C", "target": "f(#B,#Z)"},
        {"refId": "D", "target": "g(#D)"},
    ]}  # fmt: skip
    found = dict(shown_targets(panel))
    assert (found["B"], found["C"]) == ("sum(a.*.c)", "f(sum(a.*.c),#Z)")
    assert "A" not in found
    assert len(found["D"]) < 2**17


def test_panels_of_folded_rows_are_drawn_too():
    board = {"panels": [{"type": "row", "panels": [{"type": "stat"}]}, {"type": "text"}]}
    assert [one["type"] for one in drawn_panels(board)] == ["stat", "text"]


def test_changes_name_panel_series_and_both_numbers():
    before = [PanelNumbers("D", "P", {"a": 0.0, "b": 1.0})]
    after = [PanelNumbers("D", "P", {"a": 12.5, "b": 1.0, "c": None}), PanelNumbers("D", "Q", {"n": 3.0})]
    assert changes(before, after) == ("P: a 0 → 12.5", "Q: n nothing → 3")
    assert changes(after, after) == ()


class Graphite(Known):
    """Names without values."""

    def render(self, _targets, _from_s, _until_s, **_options):
        return []


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("stats_counts.job.a.SUCESS", ("stats_counts.job.a.SUCCESS",)),
        ("stats_counts.jop.*.SUCESS", ("stats_counts.job.*.SUCCESS",)),
        ("stats.timers.job.a.SUCCESS", ()),  # stats_counts is near, but there is no stats_counts.timers
    ],
)
def test_only_a_name_that_is_there_is_offered_in_place_of_one_that_is_not(asked, meant):
    names = Graphite(["stats_counts.job.a.SUCCESS", "stats_counts.job.b.SUCCESS"])
    (found,) = answers({"targets": [{"refId": "A", "target": f"sum({asked})"}]}, names, 0, 60)
    assert (found.trouble, found.meant) == (Trouble.UNKNOWN, meant)


def test_a_function_that_graphite_refuses_is_told_with_the_one_that_was_perhaps_meant():
    class Refusing(Known):
        def render(self, _targets, _from_s, _until_s, **_options):
            raise UsageError("unknown function: sumSerie")

    (found,) = answers(
        {"targets": [{"refId": "A", "target": "alias(sumSerie(a.b), 'x')"}]}, Refusing([]), 0, 1
    )
    assert found.trouble is Trouble.REFUSED
    assert found.detail == (
        "unknown function: sumSerie; Graphite has no function sumSerie: did you mean sumSeries?"
    )
