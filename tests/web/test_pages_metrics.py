"""The metrics' page asks for names and for values of names; it finds, completes, opens, draws, and says what is near."""

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sfcci import settings
from sfcci.web.pages_metrics import LISTED
from sfcci.web.server import start_preview

PROJECT = Path(__file__).parents[2]
JOB = "stats_counts.zuul.tenant.t.pipeline.gate.job"
NAMES = [f"{JOB}.{job}.{result}" for job in ("balance", "http") for result in ("SUCCESS", "FAILURE")]


@pytest.fixture
def site(graphite, without_uplot, tmp_path):  # noqa: ARG001 - pages without uPlot
    graphite.names = [*NAMES, "other.name"]
    graphite.series = {f"{JOB}.http.SUCCESS": [1, None, 3], f"{JOB}.http.FAILURE": [None, None]}
    given = replace(settings.load(PROJECT), state=tmp_path, cache=tmp_path)
    with start_preview(replace(given, project=tmp_path), graphite.url) as address:
        yield address


def ask(site, path, **query):
    return requests.get(f"{site}api/{path}", query, timeout=60)


def names(site, text):
    return [one["name"] for one in ask(site, "names", text=text).json()["items"]]


def test_a_beginning_is_completed_part_by_part(site):
    assert names(site, "") == ["other.", "stats_counts."]
    assert names(site, "sta") == [f"{JOB}.balance.", f"{JOB}.http."]
    assert ask(site, "names", text=f"{JOB}.http.S").json() == {
        "items": [{"name": f"{JOB}.http.SUCCESS", "series": True}],
        "more": 0,
        "why": "",
        "searched": True,
    }


def test_words_and_globs_find_names(site):
    assert names(site, "fail http") == [f"{JOB}.http.FAILURE"]
    assert names(site, "balance") == [f"{JOB}.balance.FAILURE", f"{JOB}.balance.SUCCESS"]
    assert names(site, "*.zuul.**.FAILURE") == [f"{JOB}.balance.FAILURE", f"{JOB}.http.FAILURE"]


def test_what_was_perhaps_meant_is_suggested_with_the_reason(site):
    found = ask(site, "names", text=f"{JOB}.htp.SUCESS").json()
    assert found["why"] == f"there is nothing named 'htp' below {JOB}; did you mean http?"
    assert found["items"] == [{"name": f"{JOB}.http.SUCCESS", "series": True}]
    found = ask(site, "names", text="balanse").json()
    assert found["why"] == "no name holds 'balanse'; did you mean balance?"
    assert [one["name"] for one in found["items"]] == [f"{JOB}.balance.FAILURE", f"{JOB}.balance.SUCCESS"]


def test_many_suggestions_are_counted_and_not_all_sent(site, graphite):
    graphite.names = [f"many.n{n}" for n in range(1000)]
    found = ask(site, "names", text="many.").json()
    assert (len(found["items"]), found["more"]) == (LISTED, 1000 - LISTED)


def test_the_tree_opens_branch_by_branch_and_counts_its_series(site):
    found = ask(site, "below").json()
    assert [(one["text"], one["series"], one["leaves"]) for one in found["items"]] == [
        ("other", False, 1),
        ("stats_counts", False, 4),
    ]
    below = ask(site, "below", name=f"{JOB}.http").json()["items"]
    assert [(one["text"], one["series"]) for one in below] == [("FAILURE", True), ("SUCCESS", True)]


def test_a_graphite_that_hands_over_no_list_is_asked_name_by_name(site, graphite):
    graphite.index = lambda: None
    assert names(site, "sta") == [f"{JOB}.balance.", f"{JOB}.http."]
    assert ask(site, "names", text="balance").json()["searched"] is False
    assert "does not list all its names" in ask(site, "names", text="two words").json()["why"]
    assert [one["leaves"] for one in ask(site, "below").json()["items"]] == [None, None]


def test_a_series_is_drawn_with_its_values(site):
    found = ask(
        site, "series", **{"name": f"{JOB}.http.SUCCESS", "from": 1000, "until": 1300, "points": 100}
    ).json()
    assert found["answers"][0]["series"] == [
        {"name": f"{JOB}.http.SUCCESS", "times": [1050, 1150, 1250], "values": [1, None, 3]}
    ]
    assert (found["count"], found["last"]) == (1, None)


def test_a_series_without_values_in_this_time_tells_when_it_last_had_one(site, graphite):
    graphite.series = {f"{JOB}.http.SUCCESS": [None]}
    query = {"name": f"{JOB}.http.SUCCESS", "from": 1000, "until": 1300, "points": 100}
    assert ask(site, "series", **query).json()["last"] is None
    graphite.render = lambda form: [
        {
            "target": form["target"][0],
            "tags": {},
            "datapoints": [[1 if int(form["until"][0]) > 10**9 else None, int(form["from"][0])]],
        }
    ]
    assert ask(site, "series", **query).json()["last"] > 10**9


def test_a_name_that_is_not_there_is_told_with_what_is_near(site):
    query = {"name": f"{JOB}.htp.SUCCESS", "from": 1000, "until": 1300, "points": 100}
    found = ask(site, "series", **query).json()
    assert (found["count"], found["near"]) == (0, [f"{JOB}.http.SUCCESS"])


@pytest.mark.parametrize(
    "name", ["sumSeries(a.*)", "alias(a,'b')", "a|sumSeries()", "", "a..b", "a" * 2000, "template(a)", "a\nb"]
)
def test_only_names_and_globs_are_asked_of_graphite(site, graphite, name):
    graphite.asked.clear()
    answer = ask(site, "series", **{"name": name, "from": 1000, "until": 1300, "points": 100})
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert graphite.asked == []


def test_a_graphite_that_goes_away_is_said(site, graphite):
    graphite.index = graphite.find = graphite.expand = lambda *_form: 1 / 0
    for path in ("names", "below"):
        answer = ask(site, path, text="x")
        assert answer.status_code == 502
        assert "Graphite at" in answer.json()["message"]


def test_without_a_graphite_the_page_says_how_to_get_one(without_uplot, tmp_path):  # noqa: ARG001
    given = replace(settings.load(PROJECT), state=tmp_path, cache=tmp_path, project=tmp_path)
    with start_preview(given, "") as address:
        answer = ask(address, "below")
        assert (answer.status_code, "sfcci graphite up" in answer.json()["message"]) == (502, True)
        assert requests.get(f"{address}metrics", timeout=60).ok
        listed = requests.get(f"{address}api/dashboards", timeout=60).json()
        assert (listed["graphite"], listed["dashboards"], listed["problems"]) == ("none", [], [])
