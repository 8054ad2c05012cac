"""Template variables: what a file tells of them, what may be chosen, and how a choice is put into texts and targets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.dashboard import interval
from sfcci.dashboard.choosing import choices
from sfcci.dashboard.filled import filled
from sfcci.dashboard.interval import interval_ms, interval_text, step_ms, timed
from sfcci.dashboard.reading import drawn_panels
from sfcci.dashboard.variable import ALL, Choice, Option, Variable, fill, filtered, variables
from sfcci.errors import Unreachable
from sfcci.metric.catalogue import Known

NAMES = Known(["z.check.a.OK", "z.check.b.OK", "z.gate.b.OK", "z.gate.c.BAD"])
WORD = st.text(alphabet="abcXYZ012_-", min_size=1, max_size=8)


def chosen(items, asked=None, names=NAMES):
    found = choices(variables({"templating": {"list": items}}), asked or {}, lambda: names)
    return {name: (one.values, [option.value for option in one.options]) for name, one in found.items()}


def query(name, text, **more):
    return {"name": name, "type": "query", "query": text, **more}


def choice(*values, all_value="", options=(), **more):
    variable = Variable("x", "custom", "x", "", all_value=all_value, **more)
    return Choice(variable, tuple(Option(one, one.upper()) for one in (options or values)), values)


def test_a_query_offers_the_last_part_of_each_name_and_the_first_is_chosen():
    assert chosen([query("p", "z.*")]) == {"p": (("check",), ["check", "gate"])}


def test_a_query_that_names_another_variable_is_asked_behind_it_wherever_it_stands():
    items = [query("job", "z.$pipe.*", multi=True, includeAll=True), query("pipe", "z.*")]
    assert chosen(items, {"pipe": ("gate",)})["job"] == ((ALL,), [ALL, "b", "c"])
    assert list(chosen(items)) == ["job", "pipe"]
    circle = [query("a", "z.$b"), query("b", "z.$a")]
    assert set(chosen(circle)) == {"a", "b"}


def test_expand_gives_whole_names():
    assert chosen([query("p", "expand(z.gate.*.OK)")])["p"][1] == ["z.gate.b.OK"]


def test_what_is_no_option_is_not_taken_and_one_value_is_one():
    items = [query("p", "z.*", multi=True), query("q", "z.*")]
    found = chosen(items, {"p": ("gate", "secret),x(", "check"), "q": ("gate", "check")})
    assert found["p"][0] == ("gate", "check")
    assert found["q"][0] == ("gate",)
    assert chosen(items, {"p": ("secret",)})["p"][0] == ("check",)


def test_what_the_file_chooses_holds_until_something_else_is_asked_for():
    item = query("p", "z.*", current={"text": "All", "value": ["$__all"]}, includeAll=True, multi=True)
    assert chosen([item])["p"][0] == (ALL,)
    assert chosen([{**item, "current": {"text": "gate"}}])["p"][0] == ("gate",)
    assert chosen([item], {"p": ("gate",)})["p"][0] == ("gate",)


def test_the_kinds_that_ask_nobody():
    items = [
        {"name": "c", "type": "custom", "query": "one : 1, two\\,more : 2,3"},
        {"name": "i", "type": "interval", "query": "1m,5m", "auto": True},
        {"name": "t", "type": "textbox", "query": "word"},
        {"name": "k", "type": "constant", "query": "stats"},
        {"name": "o", "type": "custom", "options": [{"text": "A", "value": "a", "selected": True}, "b", {"value": ALL}]},
        {"name": "bad name", "type": "custom"},
    ]  # fmt: skip
    found = chosen(items, {"t": ("typed",), "k": ("other",), "c": ("2",)}, None)
    assert found == {
        "c": (("2",), ["1", "2", "3"]),
        "i": (("$__auto_interval_i",), ["$__auto_interval_i", "1m", "5m"]),
        "t": (("typed",), []),
        "k": (("stats",), []),
        "o": (("a",), ["a"]),
    }
    assert chosen(items, {}, None)["t"][0] == ("word",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has no query"),
        ("tag_values(x)", "asks for tags"),
        ("nowhere.*", "Graphite has no name for nowhere.*"),
    ],
)
def test_a_variable_with_nothing_to_choose_says_why_and_keeps_what_the_file_chose(text, problem):
    item = query("p", text, current={"value": "kept"})
    (found,) = choices(variables({"templating": {"list": [item]}}), {}, lambda: NAMES).values()
    assert problem in found.problem
    assert found.values == ("kept",)


def test_a_graphite_that_is_away_is_told_as_the_variable_s_problem():
    def away():
        raise Unreachable("nobody answers")

    (found,) = choices(variables({"templating": {"list": [query("p", "z.*")]}}), {}, away).values()
    assert (found.problem, found.values) == ("nobody answers", ())


def test_a_regex_filters_cuts_and_names():
    names = ["gate-b2", "check-a10", "gate-a9"]
    assert [one.value for one in filtered(names, "/^gate-(.*)/", 1)] == ["a9", "b2"]
    assert filtered(names, "/(?<text>\\w+)-(?<value>\\w+)/", 0)[0] == Option("b2", "gate")
    assert [one.value for one in filtered(["j10", "j9", "J1"], "", 7)] == ["J1", "j9", "j10"]
    assert [one.value for one in filtered(["n10", "n9"], "", 4)] == ["n10", "n9"]
    item = query("p", "z.*", regex="/(/")
    (found,) = choices(variables({"templating": {"list": [item]}}), {}, lambda: NAMES).values()
    assert "its regex is wrong" in found.problem


@pytest.mark.parametrize(
    ("style", "one", "two"),
    [
        ("", "a", "{a,b.c}"), (":csv", "a", "a,b.c"), (":pipe", "a", "a|b.c"), (":regex", "a", "(a|b\\.c)"), (":json", '"a"', '["a", "b.c"]'),
        (":singlequote", "'a'", "'a','b.c'"), (":text", "A", "A + B.C"), (":raw", "a", "a,b.c"), (":percentencode", "a", "%7Ba%2Cb.c%7D"), (":unheard", "a", "{a,b.c}"),
    ],
)  # fmt: skip
def test_a_choice_is_spelled_in_grafana_s_formats(style, one, two):
    assert fill(f"<${{x{style}}}>", {"x": choice("a")}) == f"<{one}>"
    assert fill(f"<${{x{style}}}>", {"x": choice("a", "b.c")}) == f"<{two}>"


def test_all_is_every_option_or_what_the_file_says_and_reads_all():
    every = choice(ALL, options=(ALL, "a", "b"))
    assert fill("$x [[x]] ${x}", {"x": every}) == "{a,b} {a,b} {a,b}"
    assert fill("$x", {"x": every}, "text") == "All"
    assert fill("$x", {"x": choice(ALL, all_value="*", options=(ALL, "a"))}) == "*"


@given(WORD, st.dictionaries(WORD, WORD))
def test_what_is_no_variable_stays_as_it_is(text, values):
    given_choices = {name: choice(value) for name, value in values.items()}
    assert fill(text, given_choices) == text
    assert fill("$nobody ${nobody} [[nobody]]", {}) == "$nobody ${nobody} [[nobody]]"


@given(st.lists(WORD, min_size=1, unique=True))
def test_a_glob_holds_just_the_values(values):
    text = fill("a.$x.b", {"x": choice(*values)})
    assert text.removeprefix("a.").removesuffix(".b").strip("{}").split(",") == values


@given(st.integers(1, 3_000_000), st.integers(1, 4000))
def test_a_step_is_round_and_about_as_long_as_a_point(span_s, points):
    step = step_ms(0, span_s, points)
    exact = span_s * 1000 / points
    assert step <= 3 * max(1, exact)
    assert exact < 10 * step
    assert interval_ms(interval_text(step)) == step


def test_grafana_s_own_variables_are_filled_and_minutes_are_graphite_s():
    (auto,) = choices(
        variables({"templating": {"list": [{"name": "i", "type": "interval", "query": "1m", "auto": True}]}}), {}, lambda: NAMES
    ).values()  # fmt: skip
    told = interval.words({"i": auto}, 0, 3600, 60)
    text = fill("f(x,'$i',\"$__interval\",'${__range_s}','5m','1M','7min')", {"i": auto})
    assert timed(text, told) == "f(x,'2min',\"1m\",'3600','5min','1mon','7min')"


def board(*panels):
    items = [{"name": "x", "type": "custom", "query": "a,b,c", "multi": True, "includeAll": True}]
    return {"title": "Of $x", "templating": {"list": items}, "panels": list(panels)}


def put(made, *values):
    return filled(made, choices(variables(made), {"x": values}, lambda: NAMES))


def at(panel):
    return tuple(panel["gridPos"][key] for key in "xywh")


PANEL = {"id": 4, "type": "stat", "title": "P $x", "repeat": "x", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 5}, "targets": [{"target": "t.$x"}, {"expr": "up"}]}  # fmt: skip


def test_titles_texts_and_targets_are_filled():
    text = {"id": 1, "type": "text", "options": {"content": "about $x"}}
    made = put(board({**PANEL, "repeat": None}, text), "a", "b")
    assert made["title"] == "Of a + b"
    assert made["panels"][0]["title"] == "P a + b"
    assert made["panels"][0]["targets"] == [{"target": "t.{a,b}"}, {"expr": "up"}]
    assert made["panels"][1]["options"]["content"] == "about a + b"


def test_a_panel_repeats_for_each_value_beside_or_below_and_what_is_below_moves_down():
    last = {"id": 9, "type": "stat", "gridPos": {"x": 0, "y": 5, "w": 24, "h": 3}}
    made = put(board({**PANEL, "maxPerRow": 2}, last), "a", "b", "c")["panels"]
    assert [(one["title"], at(one)) for one in made[:3]] == [("P a", (0, 0, 12, 5)), ("P b", (12, 0, 12, 5)), ("P c", (0, 5, 12, 5))]  # fmt: skip
    assert at(made[3])[1] == 10
    assert len({one["id"] for one in made}) == 4
    assert made[0]["id"] == 4
    below = put(board({**PANEL, "repeatDirection": "v"}, last), ALL)["panels"]
    assert [at(one)[1] for one in below] == [0, 5, 10, 15]
    assert below[2]["targets"][0]["target"] == "t.c"


def test_a_row_repeats_with_its_panels_open_or_folded():
    row = {
        "id": 1,
        "type": "row",
        "title": "R $x",
        "repeat": "x",
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1},
    }
    inside = {**PANEL, "id": 2, "repeat": None, "gridPos": {"x": 0, "y": 1, "w": 24, "h": 5}}
    made = put(board(row, inside), "a", "b")["panels"]
    assert [(one.get("title"), at(one)[1]) for one in made] == [
        ("R a", 0),
        ("P a", 1),
        ("R b", 6),
        ("P b", 7),
    ]
    folded = put(board({**row, "collapsed": True, "panels": [inside]}), "a", "b")["panels"]
    assert [(one["title"], one["panels"][0]["targets"][0]["target"]) for one in folded] == [
        ("R a", "t.a"),
        ("R b", "t.b"),
    ]
    ids = [one["id"] for one in folded] + [one["panels"][0]["id"] for one in folded]
    assert len(set(ids)) == 4


@given(st.lists(st.sampled_from("abc"), min_size=1, unique=True), st.integers(1, 6), st.booleans())
def test_panels_that_repeat_never_lie_on_each_other_and_the_file_s_dashboard_stays_as_it_was(
    values, most, down
):
    given_board = board({**PANEL, "maxPerRow": most, "repeatDirection": "v" if down else "h"}, {"id": 7, "type": "stat", "gridPos": {"x": 0, "y": 5, "w": 24, "h": 2}})  # fmt: skip
    before = json.dumps(given_board)
    taken = set()
    for one in drawn_panels(put(given_board, *values)):
        x, y, w, h = at(one)
        cells = {(left, top) for left in range(x, x + w) for top in range(y, y + h)}
        assert not cells & taken
        taken |= cells
    assert json.dumps(given_board) == before
