"""What changed between two versions of dashboards: nothing is missed, nothing is told that follows from something else."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.dashboard.difference import Kind, difference, differences, placed
from sfcci.dashboard.difference_panel import Change, changes, pieces, same, target_changes
from sfcci.dashboard.difference_text import as_json, summary, text, words
from sfcci.dashboard.plan import comparable
from sfcci.dashboard.render import grafana_json
from sfcci.dashboard.revision import read_texts

PROJECT = Path(__file__).parents[2]
GATE = (PROJECT / "tests" / "data" / "sfc-gate.yaml").read_text()


def yaml(content, path="board.yaml"):
    side = read_texts("here", [(path, content)])
    assert side.problems == ()
    return side.dashboards[0]


def board(panels, path="board.json", **more):
    return yaml(json.dumps({"title": "Board", "panels": panels, **more}), path)


def panel(title, y=0, x=0, *targets, kind="timeseries", w=12, h=8, **more):
    told = [{"refId": "ABCDEF"[number], "target": one} for number, one in enumerate(targets)]
    place = {"x": x, "y": y, "w": w, "h": h}
    return {"type": kind, "title": title, "gridPos": place, "targets": told, **more}


def told(old, new):
    return text([difference(old, new)]).splitlines()


def test_a_dashboard_is_the_same_as_itself():
    gate = yaml(GATE)
    found = difference(gate, gate)
    assert found.kind is Kind.SAME
    assert text([found]) == ""
    assert {one.kind for one in found.panels} == {Kind.SAME}


def test_what_was_edited_is_told_in_the_fields_words_and_in_a_long_target_only_what_differs():
    new = GATE.replace("thresholds: '10,33'", "thresholds: '10,50'", 1).replace("sfc-balance,", "", 1)
    new = new.replace("title: SFC gate", "title: SFC gate, again").replace(
        "title: Bad results\n", "title: Bad\n"
    )
    assert told(yaml(GATE), yaml(new)) == [
        "~ board.yaml: SFC gate, again: the dashboard itself changed, 2 panels changed",
        "    title: SFC gate → SFC gate, again",
        "  ~ Failure rate of the gate (stat)",
        "      target A: …n.job.{sfc-http-diverted[-,sfc-balance-],sfc-traceroute,sfc-no-c…",
        "      thresholds: green, orange from 10, red from 33 → green, orange from 10, red from 50",
        "  ~ Bad (stat)",
        "      title: Bad results → Bad",
    ]


def test_a_panel_that_is_put_on_top_is_the_only_change_though_all_others_lie_lower_now():
    old = board([panel("A", 0, 0, "a"), panel("B", 8, 0, "b")])
    new = board([panel("N", 0, 0, "n"), panel("A", 8, 0, "a"), panel("B", 16, 0, "b")])
    assert told(old, new) == ["~ board.json: Board: 1 panel added", "  + N (timeseries)"]
    assert told(new, old) == ["~ board.json: Board: 1 panel removed", "  - N (timeseries)"]


def test_as_few_panels_as_had_to_move_are_said_to_have_moved():
    old = board([panel(name, 8 * at, 0, name) for at, name in enumerate("ABCD")])
    new = board([panel(name, 8 * at, 0, name) for at, name in enumerate("DABC")])
    assert told(old, new)[1:] == ["  ~ D (timeseries)", "      place among the panels: 4 → 1"]


def test_a_panel_that_moved_alone_on_the_grid_is_told():
    old = board([panel("A", 0, 0, "a", w=6), panel("B", 0, 12, "b")])
    new = board([panel("A", 0, 6, "a", w=6), panel("B", 0, 12, "b")])
    assert told(old, new)[1:] == [
        "  ~ A (timeseries)",
        '      place on the grid: {"x": 0, "y": 0} → {"x": 6, "y": 0}',
    ]


def test_a_panel_is_known_again_by_what_it_asks_when_its_title_is_new():
    old = board([panel("Failures", 0, 0, "sum(stats.a.b.FAILURE)"), panel("B", 8, 0, "b")])
    new = board([panel("Bad", 0, 0, "sum(stats.a.b.TIMED_OUT)"), panel("B", 8, 0, "b")])
    found = difference(old, new)
    assert [one.kind for one in found.panels] == [Kind.CHANGED, Kind.SAME]
    assert [one.what for one in found.panels[0].changes] == ["title", "target A"]


def test_a_row_of_another_title_is_one_change_and_its_panels_none():
    def rows(title):
        row = {"type": "row", "title": title, "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}, "panels": []}
        return board([row, panel("A", 1, 0, "a"), panel("B", 1, 12, "b")])

    assert told(rows("Old"), rows("New"))[1:] == ["  ~ row New", "      title: Old → New"]


def test_a_row_that_is_folded_holds_the_same_panels():
    place = {"x": 0, "y": 0, "w": 24, "h": 1}
    row = {"type": "row", "title": "R", "gridPos": place, "collapsed": False, "panels": []}
    folded = {**row, "collapsed": True, "panels": [panel("A", 1, 0, "a")]}
    found = told(board([row, panel("A", 1, 0, "a")]), board([folded]))
    assert found[1:] == ["  ~ row R", "      folded: no → yes"]


def test_a_panel_that_goes_to_another_row_is_told_by_the_rows_titles():
    def rows(first, second):
        made, y = [], 0
        for title, names in (("One", first), ("Two", second)):
            made.append(
                {"type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []}
            )
            made += [panel(name, y + 1, 4 * at, name, w=4) for at, name in enumerate(names)]
            y += 9
        return board(made)

    assert told(rows("AB", "C"), rows("A", "BC"))[1:] == ["  ~ B (timeseries)", "      row: One → Two"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a", "b"], ["a", "n", "b"], [("target B", None, "n")]),
        (["a", "n", "b"], ["a", "b"], [("target B", "n", None)]),
        (["a.b.c.x"], ["a.b.c.y"], [("target A", "a.b.c.x", "a.b.c.y")]),
        (["a", "b"], ["b", "a"], [("order of targets", ["A", "B"], ["B", "A"])]),
        (["a", "a"], ["a"], [("target B", "a", None)]),
    ],
)  # fmt: skip
def test_targets_are_told_one_by_one(old, new, expected):
    def targets(texts):
        return panel("P", 0, 0, *texts)["targets"]

    found = [(one.what, one.old, one.new) for one in target_changes(targets(old), targets(new))]
    if expected[0][0] == "order of targets":
        assert [one[0] for one in found] == ["order of targets"]
    else:
        assert found == expected


def test_a_target_that_is_hidden_is_told():
    old = panel("P", 0, 0, "a")
    new = copy.deepcopy(old)
    new["targets"][0]["hide"] = True
    found = told(board([old]), board([new]))
    assert found[2] == "      hide of target A added: yes"


def test_variables_are_told_by_name():
    def made(*items):
        return board([panel("A", 0, 0, "a")], templating={"list": list(items)})

    job, branch = ({"name": name, "type": "query", "query": f"{name}.*"} for name in ("job", "branch"))
    found = told(made(job), made({**job, "query": "x.*"}, branch))
    assert found[1:] == [
        "    query of variable job: job.* → x.*",
        '    variable branch added: {"name": "branch", "type": "query", "query": "branch.*"}',
    ]


def test_dashboards_are_paired_by_uid_then_by_title_and_one_with_one():
    a, b = yaml(GATE, "a.yaml"), yaml(GATE.replace("title: SFC gate", "title: Other"), "b.yaml")
    moved = yaml(GATE, "c.yaml")
    found = differences([a, b], [b, moved])
    assert [(one.kind, one.old and one.old.path, one.new and one.new.path) for one in found] == [
        (Kind.SAME, "b.yaml", "b.yaml"),
        (Kind.CHANGED, "a.yaml", "c.yaml"),
    ]
    assert found[1].changes == (Change("uid (links to it and its history break)", "uid", "a", "c"),)
    assert [one.kind for one in differences([a], [b])] == [Kind.CHANGED]
    assert [one.kind for one in differences([a, b], [b])] == [Kind.SAME, Kind.REMOVED]
    assert summary(differences([], [a])[0]) == "dashboard added, 10 panels"


def test_rows_of_before_grafana_5_are_compared_too():
    def old_form(title):
        return yaml(
            json.dumps(
                {"title": "Board", "rows": [{"title": "R", "panels": [{"type": "graph", "title": title, "span": 6,
                                                                        "targets": [{"target": "a"}]}]}]}
            ),
            "board.json",
        )  # fmt: skip

    assert told(old_form("A"), old_form("B"))[-2:] == ["  ~ B (timeseries)", "      title: A → B"]


def test_the_json_says_all_of_it_and_can_be_written():
    new = GATE.replace("sfc-balance,", "", 1)
    made = json.loads(json.dumps(as_json(differences([yaml(GATE)], [yaml(new)]))))
    assert made[0]["kind"] == "changed"
    changed = next(one for one in made[0]["panels"] if one["kind"] == "changed")
    assert changed["changes"][0]["words"].startswith("target A: …")
    assert ["", ""] not in changed["changes"][0]["pieces"]
    assert {one["kind"] for one in made[0]["panels"]} == {"same", "changed"}


SCALARS = st.one_of(st.booleans(), st.integers(0, 3), st.sampled_from(["", "x", "y", "x y"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.text(st.sampled_from("ab.,({ é"), max_size=40)


@given(VALUES, VALUES)
def test_law_values_differ_exactly_when_a_change_is_told(old, new):
    assert bool(list(changes(old, new))) is not same(old, new)


@given(TEXTS, TEXTS)
def test_law_pieces_give_both_texts_again(old, new):
    found = pieces(old, new)
    assert ("".join(one.old for one in found), "".join(one.new for one in found)) == (old, new)


def test_texts_that_are_too_long_to_compare_word_by_word_are_compared_by_their_ends():
    old, new = "a " * 9000 + "x" + " b" * 9000, "a " * 9000 + "y" + " b" * 9000
    found = pieces(old, new)
    assert [(one.old, one.new) for one in found if one.old != one.new] == [("x", "y")]
    assert len(words(Change("text", "options.content", old, new))) < 100


PANELS = st.lists(
    st.builds(
        panel,
        st.sampled_from(["A", "B", "C"]),
        st.integers(0, 20),
        st.sampled_from([0, 12]),
        st.sampled_from(["a.b", "a.c", "sum(a.b)", "#A"]),
        kind=st.sampled_from(["timeseries", "stat", "row"]),
        h=st.integers(1, 3),
        description=st.sampled_from(["", "x"]),
    ),
    max_size=5,
)


def canonical(made):
    """A dashboard as one reads it: gaps between rows, numbers of panels and the order in the file say nothing."""
    dashboard = comparable(grafana_json(made))
    rest = {key: value for key, value in dashboard.items() if key != "panels"}
    left = ("id", "gridPos", "panels")
    return rest, [
        (one.inside, one.x, one.y, one.kind == "row" or one.json["gridPos"]["w"], one.json["gridPos"]["h"],
         {key: value for key, value in one.json.items() if key not in left})
        for one in placed(dashboard)
    ]  # fmt: skip


@given(PANELS, PANELS)
def test_law_two_dashboards_are_the_same_exactly_when_they_read_the_same(old, new):
    one, other = board(old), board(new)
    found = difference(one, other)
    assert (found.kind is Kind.SAME) is (canonical(one) == canonical(other))


@given(PANELS, PANELS)
def test_law_each_panel_of_both_sides_is_told_exactly_once(old, new):
    found = difference(board(old), board(new)).panels
    assert sorted(one.old.number for one in found if one.old) == list(range(len(old)))
    assert [one.new.number for one in found if one.new] == list(range(len(new)))
    assert all(one.changes or one.kind is not Kind.CHANGED for one in found)
    assert all(words(change) for one in found for change in one.changes)
