"""Grafana's JSON of any age is drawn: rows become places on the grid, old kinds of panels today's."""

from pathlib import Path

import pytest

from sfcci.dashboard.modern import modern
from sfcci.dashboard.reading import drawn_panels, shown_targets
from sfcci.dashboard.render import grafana_json, legacy_json
from sfcci.dashboard.validate import load

PROJECT = Path(__file__).parents[2]


def test_the_gate_s_dashboard_says_the_same_in_the_old_form_and_in_today_s():
    (dashboard,) = load([PROJECT / "dashboards" / "sfc-gate.yaml"])
    new, old = modern(grafana_json(dashboard)), modern(legacy_json(dashboard))

    def told(made):
        return [
            (one["type"], one["title"], one["gridPos"]["w"], one.get("fieldConfig"), one.get("options"), list(shown_targets(one)))
            for one in drawn_panels(made)
        ]  # fmt: skip

    assert told(old) == told(new)


def test_what_is_modern_passes_and_panels_without_an_id_get_one():
    panels = [
        {"type": "stat", "id": 2, "options": {"a": 1}},
        {"type": "stat"},
        {"type": "row", "panels": [{"type": "stat"}]},
    ]
    made = modern({"title": "T", "panels": panels})["panels"]
    assert made[0] == panels[0]
    ids = [one["id"] for one in made] + [made[2]["panels"][0]["id"]]
    assert len(set(ids)) == 4


def one(panel):
    return modern({"panels": [{"id": 1, **panel}]})["panels"][0]


def test_a_graph_keeps_its_axes_colours_limits_and_legend():
    made = one(
        {
            "type": "graph", "title": "G", "bars": True, "lines": False, "stack": True, "nullPointMode": "null as zero", "yaxes": [{"format": "percent", "max": 100}],
            "aliasColors": {"a": "#ff0000"}, "legend": {"show": True, "values": True, "current": True},
            "thresholds": [{"value": 90, "op": "gt", "colorMode": "critical", "fill": True, "line": False}, {"value": 10, "op": "lt", "colorMode": "warning", "line": False}],
        }
    )  # fmt: skip
    defaults = made["fieldConfig"]["defaults"]
    assert (made["type"], defaults["unit"], defaults["max"], defaults["nullValueMode"]) == (
        "timeseries",
        "percent",
        100,
        "null as zero",
    )
    assert (defaults["custom"]["drawStyle"], defaults["custom"]["stacking"]["mode"]) == ("bars", "normal")
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "area"}
    assert [(step["value"], step["color"]) for step in defaults["thresholds"]["steps"]] == [
        (None, "orange"),
        (10, "transparent"),
        (90, "red"),
    ]
    assert made["fieldConfig"]["overrides"][0]["properties"][0]["value"]["fixedColor"] == "#ff0000"
    assert made["options"]["legend"]["calcs"] == ["lastNotNull"]


def test_a_singlestat_is_a_stat_or_a_gauge():
    made = one(
        {
            "type": "singlestat",
            "valueName": "total",
            "format": "none",
            "postfix": " runs",
            "thresholds": "5,9",
            "colors": ["#0f0", "#ff0", "#f00"],
            "colorValue": True,
        }
    )
    assert (
        made["type"],
        made["options"]["reduceOptions"]["calcs"],
        made["fieldConfig"]["defaults"]["unit"],
    ) == ("stat", ["sum"], "suffix: runs")
    assert [step["color"] for step in made["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [
        "#0f0",
        "#ff0",
        "#f00",
    ]
    assert (
        one({"type": "singlestat", "gauge": {"show": True, "maxValue": 7}})["fieldConfig"]["defaults"]["max"]
        == 7
    )


def test_old_text_and_old_tables_have_today_s_options():
    assert one({"type": "text", "content": "c", "mode": "html"})["options"] == {
        "mode": "html",
        "content": "c",
    }
    made = one(
        {"type": "table", "transform": "timeseries_aggregations", "columns": [{"value": "avg"}, {"value": "current"}],
         "styles": [{"type": "number", "unit": "ms", "colorMode": "cell", "thresholds": ["1", "2"], "colors": ["green", "red", "blue"]}]}
    )  # fmt: skip
    assert made["transformations"][0]["options"]["reducers"] == ["mean", "lastNotNull"]
    assert made["fieldConfig"]["defaults"]["unit"] == "ms"
    assert [step["color"] for step in made["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [
        "green",
        "red",
        "blue",
    ]


@pytest.mark.parametrize(
    "junk",
    [{}, {"panels": None}, {"rows": [1, {"panels": [{"type": "graph", "span": "x"}]}]}, {"panels": ["x"]}],
)
def test_a_dashboard_with_little_in_it_is_drawn_with_little(junk):
    assert isinstance(modern(junk)["panels"], list)
