"""grafyaml → Grafana's JSON: panels where they were, kinds that Grafana kept, numbers as they were asked for."""

import json

import pytest

from sfcci import document
from sfcci.dashboard.render import datasource_names, grafana_json
from sfcci.dashboard.structure import structure


def rendered(text, name="some-name.yaml", **more):
    return grafana_json(structure(document.parse(text, name)).dashboard, **more)


def row(*panels, **more):
    return {"title": "R", "height": "320px", "panels": list(panels), **more}


def one(panel):
    data = {"dashboard": {"title": "T", "rows": [row({"title": "P", **panel})]}}
    (made,) = rendered(json.dumps(data))["panels"]
    return made


def test_the_frame_names_a_uid_from_the_file_a_schema_and_our_tag():
    made = rendered("dashboard: {title: T, tags: [gate], time: {from: now-7d, to: now}}")
    assert (made["uid"], made["schemaVersion"], made["tags"]) == ("some-name", 42, ["gate", "sfcci"])
    assert (made["time"], made["timezone"], made["panels"]) == ({"from": "now-7d", "to": "now"}, "utc", [])


def test_panels_lie_from_the_left_and_go_on_in_a_new_line_where_one_is_full():
    graph = {"title": "G", "type": "graph", "span": 5}
    data = {"dashboard": {"title": "T", "rows": [row(graph, graph, graph), row(graph, showTitle=True)]}}
    made = rendered(json.dumps(data))["panels"]
    assert [(p["id"], p["type"], *(p["gridPos"][k] for k in "xywh")) for p in made] == [
        (1, "timeseries", 0, 0, 10, 9),
        (2, "timeseries", 10, 0, 10, 9),
        (3, "timeseries", 0, 9, 10, 9),
        (4, "row", 0, 18, 24, 1),
        (5, "timeseries", 0, 19, 10, 9),
    ]


def test_no_two_panels_of_a_dashboard_overlap_and_their_numbers_are_those_of_the_structure(shared):
    for path in sorted((shared / "data" / "upstream-dashboards").glob("*.yaml")):
        found = structure(document.read(path, duplicates=[])).dashboard
        if found is None:
            continue
        made = grafana_json(found)["panels"]
        cells = [
            (x, y)
            for p in made
            for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
            for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])
        ]
        assert len(cells) == len(set(cells)), path
        assert max(x for x, _ in cells) < 24
        assert [p["id"] for p in made if p["type"] != "row"] == [p.number for p in found.panels]
        sent = [t["target"] for p in made for t in p.get("targets", [])]
        assert sent == [t.text for p in found.panels for t in p.targets]


def test_a_folded_row_holds_its_panels_and_takes_one_line():
    graph = {"title": "G", "type": "graph"}
    data = {"dashboard": {"title": "T", "rows": [row(graph, collapse=True), row(graph)]}}
    folded, after = rendered(json.dumps(data))["panels"]
    assert (folded["collapsed"], [p["title"] for p in folded["panels"]]) == (True, ["G"])
    assert after["gridPos"]["y"] == 1


def test_a_graph_is_a_time_series_with_its_unit_bounds_and_legend():
    made = one({
        "type": "graph", "fill": 3, "nullPointMode": "connected", "steppedLine": True,
        "yaxes": [{"format": "percent", "min": 0, "max": 100, "label": "rate"}, {"show": False}],
        "legend": {"show": True, "current": True, "total": True, "rightSide": True},
        "targets": [{"target": "a.b"}, {"target": "c.d", "hide": True}],
        "seriesOverrides": [{"alias": "/x.*/", "color": "#ff0000", "stack": False}],
    })  # fmt: skip
    defaults = made["fieldConfig"]["defaults"]
    assert (made["type"], defaults["unit"], defaults["min"], defaults["max"]) == (
        "timeseries",
        "percent",
        0,
        100,
    )
    custom = defaults["custom"]
    assert (custom["spanNulls"], custom["lineInterpolation"], custom["fillOpacity"]) == (
        True,
        "stepAfter",
        30,
    )
    assert made["options"]["legend"] == {
        "showLegend": True, "displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "sum"],
    }  # fmt: skip
    assert made["targets"] == [{"refId": "A", "target": "a.b"}, {"refId": "B", "target": "c.d", "hide": True}]
    (override,) = made["fieldConfig"]["overrides"]
    assert override["matcher"] == {"id": "byRegexp", "options": "/x.*/"}
    assert [item["id"] for item in override["properties"]] == ["custom.stacking", "color"]


@pytest.mark.parametrize(
    ("given", "style"),
    [
        ({}, "line"),
        ({"bars": True, "lines": False}, "bars"),
        ({"points": True, "lines": False}, "points"),
        ({"lines": False}, "line"),
    ],
)
def test_a_graph_is_drawn_as_it_was(given, style):
    assert one({"type": "graph", **given})["fieldConfig"]["defaults"]["custom"]["drawStyle"] == style


@pytest.mark.parametrize(
    ("given", "opacity"), [({}, 10), ({"fill": 0}, 0), ({"bars": True}, 100), ({"bars": True, "fill": 5}, 50)]
)
def test_bars_are_solid_unless_they_say_otherwise(given, opacity):
    assert one({"type": "graph", **given})["fieldConfig"]["defaults"]["custom"]["fillOpacity"] == opacity


def test_a_single_stat_is_a_stat_with_its_value_thresholds_and_texts():
    made = one({
        "type": "singlestat", "valueName": "current", "format": "percent", "decimals": 1, "thresholds": "10,33",
        "colorValue": True, "sparkline": {"show": True}, "valueMaps": [{"op": "=", "value": 0, "text": "none"}],
        "targets": [{"target": "a.b"}],
    })  # fmt: skip
    assert made["type"] == "stat"
    assert made["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert (made["options"]["graphMode"], made["options"]["colorMode"]) == ("area", "value")
    defaults = made["fieldConfig"]["defaults"]
    assert [step["value"] for step in defaults["thresholds"]["steps"]] == [None, 10.0, 33.0]
    assert defaults["mappings"] == [{"type": "value", "options": {"0": {"text": "none"}}}]


def test_data_sources_are_put_in_by_the_names_that_panels_give():
    data = {"dashboard": {"title": "T", "rows": [row(
        {"title": "A", "type": "graph", "targets": [{"target": "a"}]},
        {"title": "B", "type": "graph", "datasource": "Other", "targets": [{"target": "b"}]},
        {"title": "C", "type": "text", "content": "c"},
    )]}}  # fmt: skip
    found = structure(document.parse(json.dumps(data), "x.yaml")).dashboard
    assert datasource_names(found) == ("", "Other")
    made = grafana_json(found, {"": {"uid": "g"}, "Other": {"uid": "o"}})
    assert [panel.get("datasource") for panel in made["panels"]] == [{"uid": "g"}, {"uid": "o"}, None]


def test_grafana_s_json_passes_through_without_its_number_and_with_our_uid():
    made = rendered(
        '{"id": 3, "uid": "theirs", "version": 4, "title": "T", "panels": [], "refresh": "5s"}', "mine.json"
    )
    assert made == {"title": "T", "panels": [], "refresh": "5s", "uid": "mine", "tags": ["sfcci"]}
