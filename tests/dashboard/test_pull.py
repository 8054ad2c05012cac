"""Grafana's JSON → grafyaml's words: what both can say survives, what grafyaml cannot say is named."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci import document
from sfcci.cli.main import sfcci
from sfcci.dashboard.plan import comparable
from sfcci.dashboard.pull import pulled, yaml_text
from sfcci.dashboard.render import grafana_json, legacy_json
from sfcci.dashboard.structure import structure

PROJECT = Path(__file__).parents[2]
REFERENCES = {"": {"type": "graphite", "uid": "gg"}, "Other": {"type": "graphite", "uid": "oo"}}
SOURCES = {"gg": "graphite", "oo": "Other"}
SAFE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=12)
NAMES = SAFE.filter(lambda text: text.strip() and text.isprintable())
NUMBERS = st.integers(-1000, 1000)
UNITS = st.sampled_from(["short", "percent", "s", "ms", "none", "bytes"])
SPAN = st.sampled_from(["1s", "10m", "2h", "7d"])


def read(text, name="x.yaml"):
    found = structure(document.parse(text, name))
    assert found.findings == ()
    return found.dashboard


def some(**keys):
    """Mappings with any of these keys."""
    return st.fixed_dictionaries({}, optional=keys)


def flags(*names):
    return some(**dict.fromkeys(names, st.booleans()))


TARGETS = st.lists(
    st.fixed_dictionaries(
        {"target": st.sampled_from(["a.b", "alias(c.d.*,'x y')", "sumSeries($region.x)"])},
        optional={"hide": st.booleans(), "refId": st.sampled_from(["A", "B", "Z"])},
    ),
    max_size=3,
)
AXIS = some(
    format=UNITS, min=NUMBERS, max=NUMBERS, label=NAMES, show=st.booleans(), decimals=st.integers(0, 5),
    logBase=st.sampled_from([1, 2, 10]),
)  # fmt: skip
OVERRIDE = st.fixed_dictionaries(
    {"alias": NAMES | st.just("/x.*/i")},
    optional={
        "bars": st.booleans(), "lines": st.booleans(), "fill": st.integers(0, 10), "width": st.integers(1, 10),
        "stack": st.booleans() | st.sampled_from("ABCD"), "color": st.just("#ff0000"), "yaxis": st.integers(1, 2),
        "transform": st.just("negative-Y"), "legend": st.booleans(), "zindex": st.integers(-3, 3),
    },
)  # fmt: skip
ASKING = {"targets": TARGETS, "datasource": st.just("Other"), "timeFrom": SPAN, "timeShift": SPAN} | {
    "hideTimeOverride": st.booleans(), "decimals": st.integers(0, 12), "format": UNITS,
}  # fmt: skip
GRAPH = some(
    **ASKING, bars=st.booleans(), lines=st.booleans(), points=st.booleans(), fill=st.integers(0, 10),
    linewidth=st.integers(0, 10), pointradius=st.integers(1, 9), stack=st.booleans(), percentage=st.booleans(),
    steppedLine=st.booleans(), nullPointMode=st.sampled_from(["connected", "null", "null as zero"]),
    leftYAxisLabel=NAMES, minSpan=st.integers(0, 12), repeat=st.just("region"),
    yaxes=st.lists(AXIS, min_size=2, max_size=2), y_formats=st.lists(UNITS, min_size=2, max_size=2),
    legend=flags("show", "alignAsTable", "avg", "current", "max", "min", "rightSide", "total", "values"),
    seriesOverrides=st.lists(OVERRIDE, min_size=1, max_size=2),
)  # fmt: skip
GAUGE = st.fixed_dictionaries(
    {"minValue": NUMBERS, "maxValue": NUMBERS}, optional=dict.fromkeys(("show", "thresholdLabels", "thresholdMarkers"), st.booleans())
)  # fmt: skip
SINGLESTAT = some(
    **ASKING, colorBackground=st.booleans(), colorValue=st.booleans(), prefix=NAMES, postfix=NAMES, gauge=GAUGE,
    thresholds=st.sampled_from(["", "1", "10,33", "0.5,-2.25", "1,2,3"]), sparkline=flags("show", "full"),
    valueName=st.sampled_from(["min", "max", "avg", "current", "total", "name", "first", "delta", "diff", "range", "last_time"]),
    valueMaps=st.lists(st.fixed_dictionaries({"value": NUMBERS, "text": NAMES}), max_size=2),
    rangeMaps=st.lists(st.fixed_dictionaries({"from": NUMBERS, "to": NUMBERS, "text": NAMES}), max_size=2),
)  # fmt: skip
TEXT = st.fixed_dictionaries(
    {"content": st.text(st.characters(codec="ascii", exclude_characters="\r"), max_size=30).filter(lambda t: all(c.isprintable() or c == "\n" for c in t))},
    optional={"mode": st.sampled_from(["html", "markdown", "text"])},
)  # fmt: skip
DASHLIST = some(limit=st.integers(1, 50), mode=st.sampled_from(["search", "starred"]), tag=NAMES, query=NAMES)
ROW = st.fixed_dictionaries({"collapsed": st.booleans()})
KINDS = {"graph": GRAPH, "singlestat": SINGLESTAT, "text": TEXT, "dashlist": DASHLIST, "row": ROW}


def panel(kind, words):
    base = st.fixed_dictionaries(
        {"title": NAMES, "type": st.just(kind)},
        optional={"span": st.integers(0, 12), "transparent": st.booleans()},
    )
    return st.builds(lambda one, more: {**more, **one}, base, words)


PANELS = st.lists(st.one_of([panel(kind, words) for kind, words in KINDS.items()]), max_size=4)
ROWS = st.fixed_dictionaries(
    {"title": NAMES, "height": st.integers(1, 900).map(lambda px: f"{px}px"), "panels": PANELS},
    optional={"showTitle": st.booleans(), "collapse": st.booleans()},
)
VARIABLES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["region", "job"]), "type": st.just("query"), "query": st.just("stats.*")},
        optional={"includeAll": st.booleans(), "multi": st.booleans(), "hide": st.integers(0, 2), "datasource": st.just("Other")},
    )
    | st.fixed_dictionaries({"name": st.just("step"), "type": st.just("interval"), "options": st.just(["1m", "auto"])})
    | st.fixed_dictionaries({"name": st.just("own"), "type": st.just("custom"), "options": st.just(["a", "b"])}),
    min_size=1, max_size=2,
)  # fmt: skip
LINKS = st.lists(
    st.fixed_dictionaries({"type": st.just("link"), "url": st.just("https://example.org")}, optional={"title": NAMES})
    | st.fixed_dictionaries({"type": st.just("dashboards")}, optional={"tags": st.just(["gate"]), "asDropdown": st.booleans()}),
    max_size=2,
)  # fmt: skip
DASHBOARDS = st.fixed_dictionaries(
    {"title": NAMES, "rows": st.lists(ROWS, max_size=4)},
    optional={
        "tags": st.lists(NAMES, max_size=2, unique=True), "timezone": st.sampled_from(["utc", "browser"]),
        "time": st.just({"from": "now-7d", "to": "now"}), "templating": VARIABLES, "links": LINKS,
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(DASHBOARDS)
def test_what_render_says_of_a_dashboard_comes_back_as_a_dashboard_that_renders_the_same(given_one):
    first = grafana_json(read(json.dumps({"dashboard": given_one}, ensure_ascii=False)), REFERENCES)
    checked = structure(document.parse(json.dumps(first), "x.json"))
    assert [one for one in checked.findings if one.keyword == "GrafanaSchema"] == []
    made = pulled(first, SOURCES, "graphite")
    assert made.unsaid == ()
    assert grafana_json(read(yaml_text(made.content)), REFERENCES) == first


@settings(max_examples=60, deadline=None)
@given(DASHBOARDS)
def test_what_grafyaml_s_rows_say_comes_back_to_the_word(given_one):
    names = {"": "graphite", "Other": "Other"}
    first = legacy_json(read(json.dumps({"dashboard": given_one}, ensure_ascii=False)), names)
    made = pulled(first, {}, "graphite")
    assert made.unsaid == ()
    assert comparable(legacy_json(read(yaml_text(made.content)), names)) == comparable(first)


@pytest.mark.parametrize("form", [grafana_json, legacy_json])
def test_upstream_s_files_and_ours_come_back(shared, form):
    files = [
        *sorted((shared / "data" / "upstream-dashboards").glob("*.yaml")),
        PROJECT / "tests" / "data" / "sfc-gate.yaml",
    ]
    seen = 0
    for path in files:
        found = structure(document.read(path, duplicates=[])).dashboard
        if found is None:  # datasource.yaml
            continue
        first = form(found)
        made = pulled(first)
        again = read(yaml_text(made.content), path.name)
        assert made.unsaid == (), path
        assert form(again) == first, path
        assert [one.title for one in again.panels] == [one.title for one in found.panels]
        assert [one.text for panel in again.panels for one in panel.targets] == [
            one.text for panel in found.panels for one in panel.targets
        ]
        seen += 1
    assert seen == 9


def test_of_upstream_s_json_all_panels_and_targets_come_and_the_rest_is_named(shared):
    path = shared / "data" / "upstream-dashboards" / "zuul-launcher-rax.json"
    found = structure(document.read(path, duplicates=[])).dashboard
    made = pulled(found.content, {"d9c17c45a8": "OpenStack"}, "OpenStack")
    again = read(yaml_text(made.content))
    wanted = [one for one in found.panels if one.kind != "row"]
    assert [one.title for one in again.panels] == [one.title or " " for one in wanted]
    assert [one.text for panel in again.panels for one in panel.targets] == [
        one.text for panel in wanted for one in panel.targets
    ]
    coloured = ("Requested", "Building", "Ready", "In Use", "Resources - $region")
    assert made.unsaid == (
        *(f"colours of the thresholds of the panel {name!r}" for name in coloured),
        "repeat of the panel 'Resources - $region'",
        "transformations of the panel 'Resources - $region'",
    )


def test_what_grafyaml_has_no_word_for_is_named():
    made = pulled({
        "title": "T", "refresh": "1m", "timezone": "Europe/Berlin",
        "annotations": {"list": [{"name": "runs"}, {"builtIn": 1, "name": "built in"}]},
        "templating": {"list": [{"name": "t", "type": "textbox"}]},
        "panels": [
            {"type": "heatmap", "title": "H"},
            {"type": "timeseries", "title": "G", "description": "d", "targets": [{"refId": "A", "expr": "up"}],
             "fieldConfig": {"defaults": {"min": 0.5, "custom": {"fillOpacity": 15}}},
             "options": {"legend": {"calcs": ["p95"]}}, "gridPos": {"x": 3, "y": 2, "w": 7, "h": 2}},
        ],
    })  # fmt: skip
    assert set(made.unsaid) == {
        "time zone 'Europe/Berlin'", "refresh '1m'", "annotation 'runs'", "template variable 't' of type 'textbox'",
        "panel 'H' of kind 'heatmap'", "description of the panel 'G'", "query A of the panel 'G'",
        "min 0.5 of the panel 'G'", "exact opacity (15) of the panel 'G'", "legend's p95 of the panel 'G'",
        "place and size of the panel 'G'",
    }  # fmt: skip
    assert [one.title for one in read(yaml_text(made.content)).panels] == ["G"]


@pytest.fixture
def run(grafana):
    def call(*words):
        env = {"SFCCI_GRAFANA_TOKEN": "glsa_geheim", "SFCCI_GRAFANA_URL": grafana.url}
        return CliRunner().invoke(sfcci, ["dashboard", *map(str, words)], env=env)

    return call


@pytest.mark.parametrize("name", ["sfc-gate", "SFC gate"])
def test_a_dashboard_is_pulled_by_uid_or_title_and_its_update_changes_nothing(grafana, run, tmp_path, name):
    assert run("update", PROJECT / "dashboards").exit_code == 0
    before = len(grafana.writes())
    file = tmp_path / "sfc-gate.yaml"
    assert run("pull", name, "-o", file).exit_code == 0
    assert run("diff", file).exit_code == 0
    assert run("update", file).exit_code == 0
    assert len(grafana.writes()) == before
    assert "exists; give --force to overwrite it" in str(run("pull", name, "-o", file).exception)


def test_a_pull_of_nothing_is_told(run):
    assert "has no dashboard 'none'; see `sfcci dashboard list`" in str(run("pull", "none").exception)


ROWS_OF_TWO = """\
dashboard:
  title: T
  rows:
    - {title: Never shown, height: 320px, panels: [{title: A, type: text, content: a}]}
    - {title: Shown, height: 320px, showTitle: true, panels: [{title: B, type: text, content: b}]}
"""


def test_a_row_s_title_that_grafana_does_not_keep_is_made_up_and_told(run, tmp_path):
    (tmp_path / "t.yaml").write_text(ROWS_OF_TWO)
    assert run("update", tmp_path / "t.yaml").exit_code == 0
    done = run("pull", "t")
    assert "made up: title of the row 'A', from its first panel; Grafana keeps none" in done.stderr
    assert "'Shown'" not in done.stderr
    rows = document.parse(done.stdout, "x.yaml").data["dashboard"]["rows"]
    assert [row["title"] for row in rows] == ["A", "Shown"]
    assert json.loads(run("pull", "t", "--json").stdout)["made_up_titles"] == ["A"]
