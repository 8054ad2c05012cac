"""Graphite's functions: calls judged as the real graphite-web judges them, and the table is the real one's."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.dashboard import function_table
from sfcci.dashboard.function import functions, misuses, table_text
from sfcci.dashboard.target import calls, parse_target
from sfcci.errors import UsageError
from sfcci.finding import Severity
from sfcci.metric import carbon, graphite, instance
from sfcci.metric.point import Point


def said(text):
    return [one.what for one in misuses(calls(parse_target(text))) if one.severity is Severity.ERROR]


GOOD = [
    "scale(t.a.x,'0.001')", "scale(t.a.x,factor=3)", "movingAverage(t.a.x,'24hours')", "movingAverage(t.a.x,5)",
    "summarize(t.a.x,'1h','sum','true')", "limit(t.*.x,'1')", "aliasByNode(t.a.x,1,2)", "asPercent(t.a.x,100)",
    "asPercent(t.a.x)", "alias(t.a.x,'x')", "t.a.x|alias('x')", "keepLastValue(t.a.x,'inf')", "interpolate(t.a.x,inf)",
    "groupByNode(t.*.x,1,'sumSeries')", "legendValue(t.a.x,'avg','si')", "template(scale(t.$v.x,2),v='a')",
    "sum(t.a.x,t.b.x)", "threshold(5)", "constantLine(5)", "timeShift(t.a.x,'-1d')", "highest(t.*.x,1,'max')",
    "reduceSeries(mapSeries(t.*.x,1),'asPercent',1,'a','b')", "sortByName(t.*.x,true)", "seriesByTag('name=t.a.x')",
    "smartSummarize(t.a.x,'1h','sum','weeks3')", "transformNull(t.a.x,0)", "consolidateBy(t.a.x,'max')",
]  # fmt: skip
BAD = [
    "alias(t.a.x)", "alias(t.a.x,'x',1)", "scale(t.a.x,foo=3)", "sum(t.a.x,3)", "sum(1)", "scale('t.a.x',3)",
    "summarize(t.a.x,3600)", "summarize(t.a.x,'1h','foo')", 'summarize(t.a.x,"1m")', "timeShift(t.a.x,7)",
    "divideSeries(t.a.x,3)", "averageSeries(t.a.x,'x')", "groupByNode(t.*.x,1,'foo')", "movingAverage(t.a.x,'3')",
    "nosuch(t.a.x)", "scale(t.a.x,2,factor=3)",
]  # fmt: skip
EMPTY = ["aliasByNode(t.a.x)", "sum()", "consolidateBy(t.a.x,'foo')", "color(t.a.x,red)", "alias(t.a.x,foo)"]
"""What graphite-web takes and what then shows nothing, or something else than was asked for."""


@pytest.mark.parametrize("text", GOOD)
def test_a_call_that_graphite_takes_is_no_finding(text):
    assert said(text) == []


@pytest.mark.parametrize("text", BAD + EMPTY)
def test_a_call_that_graphite_refuses_or_misreads_is_an_error(text):
    assert said(text)


def test_messages_say_what_is_taken_and_point_at_the_argument():
    text = "alias(movingAverage(t.a.x,5min),name)"
    found = [
        (text[one.offset :].partition(")")[0], one.what, one.hint)
        for one in misuses(calls(parse_target(text)))
    ]
    assert found == [
        ("name", "alias takes text in quotes as newName; found name", "write 'name', in quotes"),
        ("5min", "movingAverage takes a number of points or a time such as '1h' as windowSize; found 5min",
         "write '5min', in quotes"),
    ]  # fmt: skip
    (lost,) = misuses(calls(parse_target("alias(a.b)")))
    assert (lost.what, lost.hint) == ("alias lacks newName", "it is alias(seriesList, newName)")


def test_what_grafana_mends_before_it_asks_is_said_in_passing():
    (found,) = misuses(calls(parse_target("summarize(a.b,'1m')")))
    assert (found.severity, found.hint) == (Severity.INFO, "write min or mon")


def test_template_variables_may_be_anything():
    assert (
        said("scale($a,$b)") == said("summarize(a.$b,'$interval')") == said("movingAverage(a.b,[[w]])") == []
    )


def test_the_table_has_every_function_with_its_parameters():
    table = functions()
    assert len(table) == 154
    assert [(one.name, one.kind, one.required) for one in table["alias"]] == [
        ("seriesList", "seriesList", True),
        ("newName", "string", True),
    ]
    assert all(not one.multiple for parameters in table.values() for one in parameters[:-1])


@pytest.fixture(scope="module")
def reader(cache_dir, tmp_path_factory):
    root = Path(__file__).parents[2]
    chosen = replace(settings.load(root), state=tmp_path_factory.mktemp("state"), cache=cache_dir)
    with instance.running(chosen) as running:
        now = int(time.time())
        carbon.send([Point(f"t.{n}.x", 5, now - 60 * i) for n in "ab" for i in range(5)], running.carbon)
        found = graphite.GraphiteReader(running.url)
        while len(found.expand("t.*.x")) < 2:
            time.sleep(0.1)
        yield found


@pytest.mark.graphite
def test_the_table_is_what_the_real_graphite_says_of_itself(reader):
    """Where this fails: python tests/dashboard/write_function_table.py URL."""
    assert function_table.TABLE.strip() == table_text(reader.functions()).strip()


@pytest.mark.graphite
def test_the_real_graphite_agrees_about_calls(reader):
    def takes(text):
        try:
            reader.render(text, time.time() - 600, time.time())
        except UsageError:
            return False
        return True

    assert [text for text in GOOD if not takes(text)] == []
    assert [text for text in BAD if takes(text)] == []
    assert [text for text in EMPTY if not takes(text)] == []
