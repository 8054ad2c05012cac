"""Grafana's published schema: the table is Grafana's own, what disagrees is said, and what is right is left in peace."""

import copy
import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import document
from sfcci.dashboard import grafana_table
from sfcci.dashboard.grafana_schema import OLDER, PLAIN, shapes
from sfcci.dashboard.structure import structure
from sfcci.finding import Severity

WRITER = Path(__file__).parent / "write_grafana_table.py"
GOOD = {
    "title": "T", "refresh": "1m", "tags": ["a"], "time": {"from": "now-1h", "to": "now"}, "timepicker": {"hidden": False},
    "links": [{"title": "L", "type": "link", "url": "https://example.org", "tags": [], "targetBlank": True}],
    "templating": {"list": [{"name": "v", "type": "query", "query": "a.*", "current": {"text": ["All"], "value": ["$__all"]},
                             "options": [{"selected": True, "text": "x", "value": "x"}], "refresh": 1}]},
    "annotations": {"list": [{"builtIn": 1, "name": "N", "enable": True, "iconColor": "red", "type": "dashboard",
                              "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "target": {"limit": 3, "tags": []}}]},
    "panels": [
        {"type": "timeseries", "title": "$v", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
         "targets": [{"refId": "A", "target": "a.b", "hide": False, "textEditor": True}],
         "fieldConfig": {"defaults": {"custom": {"drawStyle": "line", "stacking": {"mode": "none"}, "spanNulls": 3600000},
                                      "mappings": [{"type": "range", "options": {"from": 1, "to": 2, "result": {"text": "x"}}},
                                                   {"type": "value", "options": {"7": {"text": "x", "index": 0}}}],
                                      "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}]}},
                         "overrides": [{"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": "unit", "value": "s"}]}]},
         "options": {"legend": {"displayMode": "table", "calcs": ["mean"]}, "tooltip": {"mode": "multi"}},
         "transformations": [{"id": "reduce", "options": {}}]},
        {"type": "stat", "title": "S", "options": {"colorMode": "value", "reduceOptions": {"calcs": ["mean"]}}},
        {"type": "gauge", "title": "G", "options": {"showThresholdLabels": False}},
        {"type": "bargauge", "title": "B", "options": {"displayMode": "lcd"}},
        {"type": "table", "title": "Ta", "fieldConfig": {"defaults": {"custom": {"cellOptions": {"type": "auto"}}}},
         "options": {"sortBy": [{"displayName": "x", "desc": True}], "footer": {"show": False, "reducer": ["sum"]}}},
        {"type": "text", "title": "Te", "options": {"mode": "markdown", "content": "x"}},
        {"type": "logs", "title": "L", "options": {"sortOrder": "Descending"}},
        {"type": "dashlist", "title": "D", "options": {"maxItems": 5}},
        {"type": "graph", "title": "Old", "lines": True, "legend": {"alignAsTable": True}, "yaxes": [{"format": "s", "min": "0"}]},
        {"type": "singlestat", "title": "Older", "valueName": "avg", "gauge": {"show": True, "minValue": 0}},
        {"type": "row", "title": "R", "collapsed": True, "panels": []},
    ],
}  # fmt: skip


def told(dashboard):
    found = structure(document.parse(json.dumps(dashboard), "x.json")).findings
    return [(one.what, one.hint, one.severity) for one in found if one.keyword == "GrafanaSchema"]


def changed(keys, value):
    """Give GOOD with another value there; the last key `a>b` renames."""
    made = copy.deepcopy(GOOD)
    *way, last = keys
    holder = made
    for key in way:
        holder = holder[key]
    old, _, new = last.partition(">") if isinstance(last, str) else (last, "", "")
    if new:
        holder[new] = holder.pop(old)
    else:
        holder[last] = value
    return made


def test_the_table_is_what_grafana_publishes():
    """Where this fails: python tests/dashboard/write_grafana_table.py."""
    spec = importlib.util.spec_from_file_location("write_grafana_table", WRITER)
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    assert Path(grafana_table.__file__).read_text() == writer.module()


def test_a_good_dashboard_of_every_kind_of_panel_is_left_in_peace():
    assert told(GOOD) == []


P = "panels"


@pytest.mark.parametrize(("keys", "value", "what", "hint"), [
    (("tags",), "a", "tags: found 'a'; expected a list", ""),
    (("tags", 0), 3, "tags[0]: found 3; expected text", ""),
    (("refresh>refesh",), None, "refesh: unknown key", "did you mean refresh?"),
    (("time", "from"), 3, "time.from: found 3; expected text", ""),
    (("timepicker", "hidden>hiden"), None, "timepicker.hiden: unknown key", "did you mean hidden?"),
    (("links", 0, "type"), "links", "links[0].type: found 'links'", "did you mean link?"),
    (("links", 0, "targetBlank"), "yes", "links[0].targetBlank: found 'yes'; expected true or false", ""),
    (("templating", "list", 0, "refresh"), "x", "templating.list[0].refresh: found 'x'; expected a whole number or true or false", ""),
    (("templating", "list", 0, "type"), "querry", "templating.list[0].type: found 'querry'", "did you mean query?"),
    (("annotations", "list", 0, "target", "tags"), {}, "annotations.list[0].target.tags: found {}; expected a list", ""),
    ((P, 0, "targets", 0, "textEditor>textEdtor"), None, "panel 1 '$v': targets[0].textEdtor: unknown key", "did you mean textEditor?"),
    ((P, 0, "targets", 0, "refId"), 1, "panel 1 '$v': targets[0].refId: found 1; expected text", ""),
    ((P, 0, "options", "legend", "displayMode"), "tabel", "panel 1 '$v': options.legend.displayMode: found 'tabel'", "did you mean table?"),
    ((P, 0, "options", "tooltip>tooltp"), None, "panel 1 '$v': options.tooltp: unknown key", "did you mean tooltip?"),
    ((P, 0, "fieldConfig", "defaults", "custom", "drawStyle"), "bar",
     "panel 1 '$v': fieldConfig.defaults.custom.drawStyle: found 'bar'", "did you mean bars?"),
    ((P, 0, "fieldConfig", "defaults", "thresholds", "steps", 0, "value"), "80",
     "panel 1 '$v': fieldConfig.defaults.thresholds.steps[0].value: found '80'; expected a number", ""),
    ((P, 0, "fieldConfig", "defaults", "mappings", 0, "options", "from"), "1",
     "panel 1 '$v': fieldConfig.defaults.mappings[0].options.from: found '1'; expected a number", ""),
    ((P, 0, "fieldConfig", "overrides", 0, "matcher>macher"), None,
     "panel 1 '$v': fieldConfig.overrides[0].macher: unknown key", "did you mean matcher?"),
    ((P, 1, "options", "colorMode>colourMode"), None, "panel 2 'S': options.colourMode: unknown key", "did you mean colorMode?"),
    ((P, 3, "options", "displayMode"), "gradiant", "panel 4 'B': options.displayMode: found 'gradiant'", "did you mean gradient?"),
    ((P, 4, "options", "sortBy"), {}, "panel 5 'Ta': options.sortBy: found {}; expected a list", ""),
    ((P, 5, "options", "mode"), "markdwon", "panel 6 'Te': options.mode: found 'markdwon'", "did you mean markdown?"),
    ((P, 6, "options", "sortOrder"), "Decending", "panel 7 'L': options.sortOrder: found 'Decending'", "did you mean Descending?"),
    ((P, 7, "options", "maxItems"), "5", "panel 8 'D': options.maxItems: found '5'; expected a whole number", ""),
    ((P, 8, "legend", "alignAsTable>alignAsTabel"), None, "panel 9 'Old': legend.alignAsTabel: unknown key", "did you mean alignAsTable?"),
    ((P, 9, "gauge", "minValue"), "0", "panel 10 'Older': gauge.minValue: found '0'; expected a number", ""),
    ((P, 10, "collapsed"), "yes", "panel 11 'R': collapsed: found 'yes'; expected true or false", ""),
])  # fmt: skip
def test_a_mistake_anywhere_is_one_warning_at_its_place(keys, value, what, hint):
    assert told(changed(keys, value)) == [(what, hint, Severity.WARNING)]


def test_what_is_an_error_is_told_once():
    made = changed((P, 0, "targets", 0, "target"), 3)
    made[P][1]["options"] = []
    assert told(made) == []


def test_keys_and_panels_of_plugins_are_their_own():
    own = {"type": "acme-panel", "title": "A", "options": {"colour": 3}, "pingUrl": "x"}
    assert told(GOOD | {"panels": [own], "acme": {}}) == []


def test_every_kind_in_the_table_is_one_that_is_described():
    known = shapes()
    kinds = {kind for shape in known.values() for some in shape.values() for kind in some}
    bare = {one for kind in kinds for one in kind.strip("[]{}").split("|") if not one.startswith("=")}
    assert {one for one in bare if one not in known and f"@{one}" not in known} <= {*PLAIN, "any"}


def test_what_older_grafanas_wrote_is_said_only_where_the_published_table_does_not_say_it():
    published = {
        line.split(" ")[0]: set(line.split(" ")[1:]) for line in grafana_table.TABLE.strip().split("\n")
    }
    for line in OLDER.strip().split("\n"):
        name, *words = line.split(" ")
        assert not published.get(name, set()) & set(words), name


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 30) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted({key for one in shapes().values() for key in one})), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(sorted(shapes()["Dashboard"])), VALUES),
    st.dictionaries(st.sampled_from(sorted(shapes()["Panel"])), VALUES),
)
def test_values_of_any_shape_give_warnings_and_no_traceback(dashboard, panel):
    kind = {"title": "T", "type": "timeseries"}
    assert isinstance(told({**dashboard, "title": "T", "panels": [{**panel, **kind}]}), list)
