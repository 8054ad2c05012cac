"""What was perhaps meant by a name that leads nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.metric.catalogue import Known
from sfcci.metric.suggestion import missing, nearest, put_right, put_right_words

JOBS = "stats_counts.zuul.tenant.t.pipeline.gate.project.h.p.main.job"
NAMES = Known(
    [
        *(
            f"{JOBS}.{job}.{result}"
            for job in ("sfc-balance", "sfc-http")
            for result in ("SUCCESS", "FAILURE")
        ),
        f"stats.timers.{JOBS.removeprefix('stats_counts.')}.sfc-http.SUCCESS.mean",
    ]
)


def told(name):
    lost = missing([name], NAMES)
    return str(lost[name]), put_right(lost.values(), NAMES).get(name, ())


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("sfc-htttp", "sfc-http"),
        ("SFC_HTTP", "sfc-http"),
        ("sfc/http", "sfc-http"),
        ("sfc-bal", "sfc-balance"),
        ("sfc-htp*", "sfc-http"),
        ("{sfc-htp,sfc-x}", "sfc-http"),
        ("stats_count", "stats_counts"),
    ],
)
def test_the_nearest_word_comes_first(word, first):
    assert nearest(word, ["stats", "stats_counts", "sfc-balance", "sfc-http", "sfc-http-long"])[0] == first


def test_what_is_not_near_is_not_told():
    assert nearest("tempest", ["sfc-http", "stats"]) == ()
    assert nearest("*", ["sfc-http"]) == ()
    assert nearest("a", ["ab", "abc"]) == ("ab",)


@given(st.text("ab-_*{},", max_size=5), st.lists(st.text("ab-_", min_size=1, max_size=5), max_size=5))
def test_whatever_is_told_is_known(word, known):
    assert set(nearest(word, known)) <= set(known)


def test_the_first_wrong_part_is_named_with_what_is_near():
    why, meant = told(f"{JOBS}.sfc-htp.SUCCESS")
    assert why == f"there is nothing named 'sfc-htp' below {JOBS}; did you mean sfc-http?"
    assert meant == (f"{JOBS}.sfc-http.SUCCESS",)
    assert told("nothing.here") == ("there is no 'nothing'", ())


def test_several_wrong_parts_are_put_right_together():
    wrong = f"{JOBS}.sfc_ballance.SUCESS".replace("gate", "gaet")
    assert told(wrong)[1] == (f"{JOBS}.sfc-balance.SUCCESS",)


def test_a_beginning_that_was_left_out_is_put_before_the_name():
    short = f"{JOBS}.sfc-http.SUCCESS".removeprefix("stats_counts.")
    assert told(short) == ("there is no 'zuul'", (f"stats_counts.{short}",))
    assert told(f"{short}.mean")[1] == (f"stats.timers.{short}.mean",)


def test_a_branch_is_no_series_and_is_told_as_one():
    why, meant = told(f"{JOBS}.sfc-http")
    assert why == f"it is a branch, no series; see what is below: {JOBS}.sfc-http.*"
    assert meant == ()


def test_a_name_that_goes_on_below_a_series_leads_nowhere():
    assert told(f"{JOBS}.sfc-http.SUCCESS.mean")[0] == (
        f"there is nothing named 'mean' below {JOBS}.sfc-http.SUCCESS"
    )


def test_an_empty_graphite_is_said_to_be_empty():
    assert (
        str(missing(["a.b"], Known([]))["a.b"]) == "this Graphite is empty; fill it with: sfcci metrics push"
    )


def test_words_that_no_name_holds_are_put_right():

    assert put_right_words("sfc-htttp success", NAMES.names) == (
        "sfc-http success",
        "no name holds 'sfc-htttp'; did you mean sfc-http?",
    )
    assert put_right_words("balance mean", NAMES.names)[1] == "no name holds all of these words"


@given(st.lists(st.text("abc.", min_size=1, max_size=8), max_size=5))
def test_whatever_is_asked_gets_a_reason(asked):
    asked = [one for one in asked if all(one.split(".")) and one not in {"a.b", "a.c.b"}]
    lost = missing(asked, Known(["a.b", "a.c.b"]))
    assert set(lost) == set(asked)
    assert all(str(one) for one in lost.values())
    assert all(meant for meant in put_right(lost.values(), Known(["a.b", "a.c.b"])).values())
