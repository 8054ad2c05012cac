"""Panels in a browser, over a stand-in for Graphite: what a person must not miss, must not be misled by, and what is asked again."""

import contextlib
import json

import pytest

from sfcci import settings
from sfcci.web.server import start_preview

pytestmark = pytest.mark.browser
LONG = "stats.gauges.zuul.tenant.example.pipeline.check.current_changes_of_a_name_without_an_end"
DROP = """(() => {
  const real = window.fetch;
  let left = %d;
  window.fetch = (...words) => (left-- > 0 ? Promise.reject(new TypeError('Failed to fetch')) : real(...words));
  document.getElementById('status').textContent = '';
  document.querySelector('#controls [type=submit]').click();
})()"""


def panel(number, kind, title, target, y, **more):
    place = {"x": 0, "y": y, "w": 4, "h": 6}
    return {"id": number, "type": kind, "title": title, "gridPos": place, "targets": [{"refId": "A", "target": target}], **more}  # fmt: skip


BOARD = {
    "title": "Board",
    "refresh": "",
    "time": {"from": "now-1h", "to": "now"},
    "panels": [
        panel(1, "stat", "One", LONG, 0),
        panel(2, "timeseries", "Graph", "a.load", 6, options={"legend": {"calcs": ["sum", "max"]}}),
        {"id": 3, "type": "row", "title": "Folded", "collapsed": True, "gridPos": {"x": 0, "y": 12, "w": 24, "h": 1},
         "panels": [panel(4, "stat", "Inside", "a.load", 13)]},
        panel(5, "stat", "Behind the fold", "a.load", 14),
    ],
}  # fmt: skip


@pytest.fixture
def shown(page, graphite, tmp_path):
    """Give what serves a board and opens it."""
    graphite.series = {LONG: [4, 2], "a.load": [1, 2, 3]}
    graphite.names = [LONG, "a.load"]
    page.size(1400, 1000)
    page.events.clear()
    with contextlib.ExitStack() as served:

        def show(**more):
            (tmp_path / "board.json").write_text(json.dumps({**BOARD, **more}))
            given = start_preview(settings.load(tmp_path, {}), graphite.url, paths=[tmp_path])
            page.open(served.enter_context(given))

        yield show
        page.blank()


def visible(page, selector):
    return page.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].filter((e) => e.checkVisibility()).map((e) => e.textContent)"
    )


def test_behind_made_up_numbers_there_are_no_runs(page, shown):
    shown()
    assert len(visible(page, ".behind")) == 3
    shown(tags=["sample-data"])
    assert visible(page, ".panel h3") == ["One", "Graph", "Behind the fold"]
    assert visible(page, ".behind") == []
    x, y, width, height = page.evaluate(
        "(({left, top, width, height}) => [left, top, width, height])(document.querySelector('.u-over').getBoundingClientRect())"
    )
    spot = (x + width / 2, y + height / 2)
    page.drag(spot, spot)
    assert visible(page, ".menu") == []


@pytest.mark.parametrize("width", [1400, 390])
def test_a_tick_stands_beside_its_words(page, shown, width):
    one = {"name": "job", "type": "custom", "query": "alpha,beta", "multi": True}
    shown(templating={"list": [one]})
    page.size(width, 900)
    page.evaluate("document.querySelector('.several summary').click()")
    page.wait("document.querySelector('.checks').checkVisibility()")
    assert page.evaluate("Math.max(...[...document.querySelectorAll('.checks input')].map((e) => e.offsetWidth))") < 24  # fmt: skip


def test_a_folded_row_hides_its_own_panels_only(page, shown):
    shown()
    assert visible(page, "h2, h3") == ["One", "Graph", "Folded", "Behind the fold"]
    page.evaluate("document.querySelector('details.row > summary').click()")
    page.wait("document.querySelector('[data-panel=\"4\"] .number')?.textContent === '3'")
    assert visible(page, "h2, h3") == ["One", "Graph", "Folded", "Inside", "Behind the fold"]


def test_a_single_number_stands_alone_however_long_its_series_is_named(page, shown):
    shown()
    assert visible(page, '[data-panel="1"] figure') == ["2"]
    shown(panels=[panel(1, "stat", "One", LONG, 0, options={"textMode": "value_and_name"})])
    assert visible(page, '[data-panel="1"] figure') == [f"2{LONG}"]
    inside = "(({left, right}) => left >= %d && right <= %d)(document.querySelector('.number').getBoundingClientRect())"
    left, right = page.evaluate(
        "(({left, right}) => [left, right])(document.querySelector('article').getBoundingClientRect())"
    )
    assert page.evaluate(inside % (left, right))


@pytest.mark.parametrize("width", [1400, 390])
def test_all_gauges_of_a_panel_are_seen(page, shown, graphite, width):
    graphite.series = {f"a.load{n}": [n] for n in range(3)}
    targets = [{"refId": "ABC"[n], "target": f"a.load{n}"} for n in range(3)]
    page.size(width, 900)
    shown(panels=[{**panel(1, "gauge", "Three", "", 0), "targets": targets}])
    left = "document.querySelector('.gauges').scrollHeight - document.querySelector('.gauges').clientHeight"
    assert visible(page, ".dial .number") == ["0", "1", "2"]
    assert page.evaluate(left) <= 0


def test_a_legend_that_is_a_list_says_its_values_too(page, shown):
    shown()
    assert visible(page, '[data-panel="2"] .legend td') == ["6", "3"]
    named = "[...document.querySelectorAll('.legend td')].map((e) => getComputedStyle(e, '::before').content)"
    assert [one.replace('"', "").split(":")[0].strip() for one in page.evaluate(named)] == ["Total", "Max"]


def test_a_question_that_the_browser_gave_up_is_asked_again(page, shown):
    shown()
    page.evaluate(DROP % 3)
    page.wait("document.getElementById('status').textContent !== ''")
    assert visible(page, "#status")[0].startswith("Updated")


def test_a_server_that_is_gone_is_named(page, shown):
    shown()
    page.evaluate(DROP % 1000)
    page.wait("document.getElementById('status').textContent !== ''")
    assert "is the command that shows these pages still running?" in visible(page, "#status")[0]
    assert visible(page, '[data-panel="1"] figure') == ["2"], "what was drawn stays"
