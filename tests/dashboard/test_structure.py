"""Files → dashboards: every fault of grafyaml's structure with its place; hostile files refused in words."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import document
from sfcci.dashboard.model import MAX_UID, ref, uid
from sfcci.dashboard.structure import structure

GOOD = """\
dashboard:
  title: Rates
  rows:
    - title: First
      height: 320px
      panels:
        - title: A
          type: graph
          span: 6
          targets:
            - target: a.b
            - target: sum(a.*)
              hide: true
        - {title: B, type: text, content: hello}
    - title: Second
      height: 100px
      showTitle: true
      panels:
        - {title: C, type: singlestat, targets: [{target: c.d}]}
"""


def of(text, name="x.yaml"):
    return structure(document.parse(text, name))


def said(text):
    return [(str(one.place).partition(":")[2], one.what, one.hint) for one in of(text).findings]


def test_a_dashboard_has_its_panels_numbered_and_its_targets_with_grafana_s_letters():
    found = of(GOOD)
    assert found.findings == ()
    assert [(p.number, p.title, p.kind) for p in found.dashboard.panels] == [
        (1, "A", "graph"), (2, "B", "text"), (4, "C", "singlestat"),
    ]  # fmt: skip
    assert [(t.ref, t.text, t.hide) for t in found.targets] == [
        ("A", "a.b", False), ("B", "sum(a.*)", True), ("A", "c.d", False),
    ]  # fmt: skip
    assert found.dashboard.panels[0].targets == found.targets[:2]


def test_every_fault_is_found_in_one_go_with_its_place():
    text = GOOD.replace("height: 320px", "heigth: 320px").replace("type: graph", "type: grahp")
    text = (
        text.replace("span: 6", "span: 77")
        .replace("hide: true", "hide: maybe")
        .replace("target: c.d", "targe: c.d")
    )
    assert said(text) == [
        ("5:7", "dashboard.rows[0].heigth: unknown key", "did you mean height?"),
        ("4:7", "dashboard.rows[0]: 'height' is missing", ""),
        ("8:11", "panel 1 'A': type: found 'grahp': not a valid value",
         "a panel's type is one of graph, singlestat, text, dashlist, row"),
        ("9:11", "panel 1 'A': span: found 77: value must be at most 12", ""),
        ("13:15", "panel 1 'A': targets[1].hide: found 'maybe'; expected true or false", ""),
        ("19:50", "panel 4 'C': targets[0]: 'target' is missing", "did you mean target instead of targe?"),
    ]  # fmt: skip


def test_targets_of_a_file_with_faults_are_given_all_the_same():
    found = of(GOOD.replace("title: Rates", "tilte: Rates"))
    assert found.dashboard is None
    assert [one.text for one in found.targets] == ["a.b", "sum(a.*)", "c.d"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("3", "is no dashboard"),
        ("[]", "is no dashboard"),
        ("dashbord: {}", "dashbord: unknown key"),
        ("dashboard: 3", "dashboard: found 3: expected a dictionary"),
        ("dashboard: {title: x, rows: 3}", "dashboard.rows: found 3; expected a list"),
        ("dashboard: {title: x, rows: [3]}", "dashboard.rows[0]: found 3: expected a dictionary"),
        ("dashboard: {title: ''}", "dashboard.title: found '': length of value must be at least 1"),
        ("dashboard: {title: x, links: 3}", "dashboard.links: found 3: Should be a list"),
    ],
)
def test_what_is_no_dashboard_is_refused_in_words(text, what):
    assert what in [found[1] for found in said(text)]


def test_a_file_with_a_data_source_alone_is_no_fault():
    found = of("datasource: {name: G, url: 'http://g'}")
    assert (found.dashboard, found.findings) == (None, ())


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 20), st.text("ab é-", max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["dashboard", "title", "rows", "panels", "type", "targets", "target", "hide", "height", "legend",
                 "templating", "links", "yaxes", "id", "name", "x"]
            ),
            st.one_of(inner, st.sampled_from(["graph", "singlestat", "text", "row", "dashlist", "query", "link"])),
            max_size=5,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@given(VALUES, st.sampled_from(["x.yaml", "x.json"]))
def test_a_document_of_any_shape_gives_findings_and_no_traceback(data, name):
    import json

    wrapped = {"dashboard": data} if name == "x.yaml" else data
    found = structure(document.parse(json.dumps(wrapped, ensure_ascii=False), name))
    assert found.dashboard is not None or found.findings


def test_grafana_s_json_gives_its_panels_those_in_folded_rows_too():
    text = """{"title": "J", "panels": [
      {"id": 7, "type": "row", "title": "R", "panels": [{"id": 9, "type": "stat", "title": "S", "targets": [{"target": "a.b"}]}]},
      {"type": "timeseries", "targets": [{"refId": "Q", "target": "c.d"}]}]}"""
    found = of(text, "x.json")
    assert [(p.number, p.kind, [t.text for t in p.targets]) for p in found.dashboard.panels] == [
        (7, "row", []), (9, "stat", ["a.b"]), (2, "timeseries", ["c.d"]),
    ]  # fmt: skip


@given(st.text(min_size=1, max_size=60))
def test_a_uid_is_one_that_grafana_takes(name):
    made = uid(name)
    assert 0 < len(made) <= MAX_UID
    assert all(c.isascii() and (c.isalnum() or c in "_-") for c in made)


@given(st.lists(st.text(min_size=1, max_size=50), min_size=2, max_size=2, unique=True))
def test_different_names_have_different_uids(names):
    assert uid(names[0]) != uid(names[1])


def test_letters_of_targets_go_on_after_z():
    assert [ref(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


PANELS = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["A", "B", "", 3]),
        "type": st.sampled_from(["graph", "singlestat", "text", "row", "x"]),
    },
    optional={
        "span": st.sampled_from([1, 12, 13, True, "6"]),
        "targets": st.sampled_from([[], [{"target": "a.b"}], None]),
        "legend": st.sampled_from([{"show": True}, {"shwo": True}]),
        "content": st.sampled_from(["x", 3]),
        "sparkline": st.sampled_from([{}, {"show": True}]),
        "thresholds": st.just("1,2"),
        "collapsed": st.booleans(),
        "extra": st.just(1),
    },
)


@given(st.lists(PANELS, min_size=1, max_size=4))
def test_panels_are_judged_and_filled_in_as_grafyaml_does_it(panels):
    """Grafyaml itself is asked once for each kind of panel; here it judges every one."""
    import json

    import voluptuous
    from grafana_dashboards.schema.panel import Panel

    data = {"dashboard": {"title": "T", "rows": [{"title": "R", "height": "1px", "panels": panels}]}}
    found = of(json.dumps(data))
    try:
        theirs = Panel().get_schema()(copy.deepcopy({"panels": panels}))["panels"]
    except voluptuous.Invalid:
        theirs = None
    assert (theirs is None) == bool(found.findings)
    if found.dashboard:
        assert found.dashboard.content["rows"][0]["panels"] == theirs
