"""The preview as a person sees it: headless Chromium, numbers read off the page, width of a phone, dark and light, keyboard.

Screenshots are left in the folder that SFCCI_SCREENSHOTS names, to be looked at.
"""

import math
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from sfcci import settings
from sfcci.gate.job import BAD
from sfcci.web.server import start_preview

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
DASHBOARD = PROJECT / "tests" / "data" / "sfc-gate.yaml"


@pytest.fixture
def shown(page, graphite):
    """The gate's dashboard over a Graphite that says what a day of a gate looks like."""
    day = range(96)
    falling = [100 / (1 + n / 8) for n in day]
    graphite.series = {"SUCCESS.mean": [3 + math.sin(n / 5) if n % 3 == 0 else None for n in day]}
    graphite.series |= {f"}}.{bad}),'sum'": [1 if n % 30 == 7 else None for n in day] for bad in BAD[:2]}
    graphite.series |= {
        "consolidateBy(asPercent": [*falling[:-1], 12.5],
        "consolidateBy(integral(transformNull(fallbackSeries": [n // 30 for n in day],
        "consolidateBy(integral": [4 * n for n in day],
    }
    graphite.names = [
        "stats_counts.zuul.tenant.sfcci.pipeline.gate.project.sfcci_example_org.sfcci_sfcci.main.job.sfc-balance.SUCCESS"
    ]
    page.events.clear()
    with start_preview(settings.load(PROJECT), graphite.url, paths=[DASHBOARD]) as address:
        yield address


def test_the_numbers_on_the_page_are_those_that_graphite_answers(page, shown, picture):
    page.size(1400, 1000)
    page.open(shown)
    assert page.evaluate("document.title").startswith("SFC gate")
    stats = page.evaluate(
        "[...document.querySelectorAll('.stat .number')].map((n) => [n.textContent, n.dataset.value, n.className])"
    )
    assert stats == [["12.5 %", "12.5", "number orange"], ["380", "380", "number "], ["3", "3", "number red"]]
    legends = page.evaluate(
        "[...document.querySelectorAll('article')].filter((a) => a.querySelector('.legend')).map((a) =>"
        " [a.querySelector('h3').textContent, [...a.querySelectorAll('tbody tr')].map((r) => r.textContent)])"
    )
    titles = [title for title, _ in legends]
    assert titles == [
        "Failure rate of each job",
        "Results counted for each job (n)",
        "Bad results by kind",
        "Duration of good runs",
    ]
    assert "sfc-balance12.5 %" in legends[0][1]
    assert len(legends[1][1]) == 8
    assert legends[2][1] == ["FAILURE3", "TIMED_OUT3"]
    assert page.evaluate("document.querySelectorAll('.plot canvas').length") == 4
    assert "4 of 6 targets draw nothing: has not happened yet" in page.evaluate(
        "document.querySelector('.some summary').textContent"
    )
    assert page.complaints() == []
    assert all(url.startswith((shown, "data:", "about:")) for url in page.addresses())
    assert picture(page, "desktop-light").stat().st_size > 20_000


@pytest.mark.parametrize(("width", "dark"), [(375, True), (320, False), (820, True)])
def test_on_a_narrow_screen_nothing_is_cut_off_and_panels_stand_below_each_other(
    page, shown, picture, width, dark
):
    page.size(width, 800, dark=dark)
    page.open(shown)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        "[...document.querySelectorAll('.panel .legend, .panel h3, .stat figure')].filter((e) =>"
        " e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1 || e.getBoundingClientRect().right > innerWidth).length"
    )
    assert cut == 0
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(17, 18, 23)" if dark else "rgb(244, 245, 245)")
    if width < 1000:
        lefts = page.evaluate(
            "[...new Set([...document.querySelectorAll('.panel:not(.stat)')].map((p) => p.getBoundingClientRect().left))]"
        )
        assert len(lefts) == 1
    page.size(width, int(page.evaluate("document.documentElement.scrollHeight")), dark=dark)
    picture(page, f"width-{width}")


def test_everything_has_a_name_for_screen_readers_and_the_keyboard_reaches_it(page, shown):
    page.size(1400, 1000)
    page.open(shown)
    nameless = page.evaluate(
        "[...document.querySelectorAll('article, [role=slider], select, button, table')].filter((e) => !("
        "e.ariaLabel || e.labels?.length || e.textContent.trim() || document.getElementById(e.getAttribute('aria-labelledby')))).length"
    )
    assert nameless == 0
    assert page.evaluate("document.querySelector('[role=slider]').ariaLabel").startswith(
        "Failure rate of each job: graph of 8 series"
    )
    visited = []
    for _ in range(32):
        page.press("Tab")
        visited.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    pages = ["Dashboards", "Report", "Runs", "Metrics"]
    controls = ["earlier", "range", "later", "out", "refresh", "theme", "Refresh now"]
    assert visited[:12] == ["Skip to the content", *pages, *controls]
    assert "sfc-http-diverted" in visited
    while page.evaluate("document.activeElement.textContent.trim()") != "sfc-balance":
        page.press("Tab")
    page.press("Enter")
    assert page.evaluate("document.activeElement.ariaPressed") == "false"


def test_time_and_refresh_are_kept_in_the_address_and_a_stretch_can_be_marked(page, shown, graphite):
    page.size(1400, 1000)
    page.open(f"{shown}?range=1h&refresh=0")
    spans = {
        int(form["until"][0]) - int(form["from"][0]) for path, form in graphite.asked if path == "/render"
    }
    assert spans == {3600}
    box = page.evaluate(
        "(({left, top, width, height}) => [left, top, width, height])(document.querySelector('.plot .u-over').getBoundingClientRect())"
    )
    graphite.asked.clear()
    middle = box[1] + box[3] / 2
    page.drag((box[0] + box[2] / 4, middle), (box[0] + box[2] * 3 / 4, middle))
    page.wait("document.getElementById('range').value !== 'now-1h now'", 60)
    page.wait("!document.querySelector('[data-asking]:not([data-asking=\"\"])')", 60)
    spans = {
        int(form["until"][0]) - int(form["from"][0]) for path, form in graphite.asked if path == "/render"
    }
    assert all(1700 < span < 1900 for span in spans)
    assert spans
    words = parse_qs(page.evaluate("location.search").removeprefix("?"))
    assert (words["dashboard"], words["refresh"]) == (["sfc-gate"], ["0"])
    assert (int(words["to"][0]) - int(words["from"][0])) / 1000 in spans


def test_a_graphite_that_goes_away_is_said_and_what_was_drawn_stays(page, shown, graphite):
    page.size(1400, 1000)
    page.open(shown)
    graphite.render = None
    page.evaluate("document.querySelector('#controls button').click()")
    page.wait("document.getElementById('status').textContent.startsWith('Not updated')")


def test_a_page_whose_script_does_not_come_says_so(page, shown, picture):
    page.size(1000, 500)
    page.ask("Network.setBlockedURLs", urls=["*/static/preview.js"])
    try:
        page.ask("Page.navigate", url=shown)
        page.wait("document.querySelector('h1')?.textContent.includes('scripts of this page did not come')")
        assert page.evaluate("document.querySelector('[role=alert].trouble').textContent").startswith(
            "Is the command that shows these pages still running?"
        )
        picture(page, "no-script")
    finally:
        page.ask("Network.setBlockedURLs", urls=[])
