"""Two versions side by side as a person sees them: what changed, both panels with their numbers, keyboard, width of a phone."""

from pathlib import Path

import pytest

from sfcci import settings
from sfcci.dashboard.revision import read_sides
from sfcci.web.pages_dashboards import Readers
from sfcci.web.pages_difference import Compared, routes
from sfcci.web.server import start_pages

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).parents[2]
GATE = (PROJECT / "tests" / "data" / "sfc-gate.yaml").read_text()


@pytest.fixture
def sides(tmp_path):
    """Two folders: in the second a panel has another title and thresholds, one asks for less, one is gone, one is new."""
    begin, end = GATE.index("        - title: Bad results\n"), GATE.index("        - title: How to read this")
    new = GATE.replace("thresholds: '10,33'", "thresholds: '10,50'", 1).replace("sfc-balance,", "", 1)
    new = new.replace(GATE[begin:end], GATE[begin:end].replace("title: Bad results", "title: Flops"))
    new = new.replace("title: Duration of good runs", "title: How long good runs take")
    extra = (
        "        - title: Notes\n          type: text\n          span: 3\n          content: 'See **here**'\n"
    )
    new = new.replace("        - title: How to read this", f"{extra}        - title: How to read this")
    for name, text in (("old", GATE), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gate.yaml").write_text(text)
    return tmp_path / "old", tmp_path / "new"


@pytest.fixture
def shown(page, graphite, sides):
    graphite.series = {
        "consolidateBy(asPercent": [80.0, 40.0, 20.0, 12.5],
        "consolidateBy(integral(transformNull(fallbackSeries": [0, 1, 2, 3],
        "consolidateBy(integral": [100, 200, 300, 380],
        "SUCCESS.mean": [2.0, None, 4.0, 3.0],
    }
    old, new = map(str, sides)
    given = settings.load(PROJECT)
    compared = Compared(lambda: read_sides(old, new, sides[0]), Readers(graphite.url))
    with start_pages(given, routes(compared)) as address:
        page.events.clear()
        yield address


def texts(page, selector):
    return page.evaluate(f"[...document.querySelectorAll({selector!r})].map((e) => e.textContent)")


def test_what_changed_stands_over_both_panels_with_graphites_numbers(page, shown, picture):
    page.size(1400, 1000)
    page.open(shown)
    kinds = page.evaluate(
        "[...document.querySelectorAll('.compared > .pair')].map((p) => [p.classList[1], p.querySelector('h3').textContent])"
    )
    assert kinds == [
        ["changed", "~Failure rate of the gate changed"],
        ["changed", "~Flops changed"],
        ["added", "+Notes added"],
        ["changed", "~How long good runs take changed"],
    ]
    first = texts(page, ".compared > .pair:first-of-type .changes > li")
    assert first[0].startswith("target A: …n.job.{sfc-http-divertedbefore: ,sfc-balance,sfc-traceroute")
    assert (
        first[1]
        == "thresholds: before: green, orange from 10, red from 33 → after: green, orange from 10, red from 50"
    )
    numbers = page.evaluate(
        "[...document.querySelectorAll('.number')].filter((n) => n.checkVisibility()).map((n) => n.textContent)"
    )
    assert numbers == ["12.5 %", "12.5 %", "3", "3"]
    assert texts(page, ".absent .trouble") == ["not there"]
    assert page.evaluate("[...document.querySelectorAll('.plot canvas')].length") == 2
    assert texts(page, ".unchanged > summary")[0].startswith("1 panel unchanged: Results counted (n)")
    assert page.complaints() == []
    assert all(url.startswith((shown, "data:", "about:")) for url in page.addresses())
    picture(page, "difference")


def test_what_is_the_same_is_drawn_when_it_is_opened(page, shown):
    page.size(1400, 1000)
    page.open(shown)
    page.evaluate("document.querySelector('.unchanged summary').click()")
    page.wait("[...document.querySelectorAll('.unchanged[open] .number')].length === 2")
    assert texts(page, ".unchanged[open] .number") == ["380", "380"]


def test_a_file_that_was_saved_is_read_again(page, shown, sides):
    page.open(shown)
    (sides[1] / "gate.yaml").write_text(GATE)
    page.evaluate("document.querySelector('#controls button').click()")
    page.wait("document.getElementById('title').textContent.endsWith('are the same')")
    assert page.evaluate("document.querySelectorAll('.compared > .pair').length") == 0


def test_a_file_that_is_broken_is_said_and_the_rest_is_compared(page, shown, sides):
    (sides[1] / "broken.yaml").write_text("dashboard:\n  title: [\n")
    page.open(shown)
    assert "broken.yaml:" in page.evaluate("document.getElementById('problems').textContent")
    assert page.evaluate("document.querySelectorAll('.compared > .pair').length") == 4


def test_everything_has_a_name_and_the_keyboard_reaches_it(page, shown):
    page.size(1400, 1000)
    page.open(shown)
    nameless = page.evaluate(
        "[...document.querySelectorAll('article, section.panel, [role=img], [role=region], select, button, table')].filter((e) => !("
        "e.ariaLabel || e.labels?.length || e.textContent.trim() || document.getElementById(e.getAttribute('aria-labelledby')))).length"
    )
    assert nameless == 0
    visited = []
    for _ in range(8):
        page.press("Tab")
        visited.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
        )
    assert visited[:4] == ["Skip to the content", "range", "Read again", "both as a whole"]
    page.evaluate("document.querySelector('.changes summary').focus()")
    page.press("Enter")
    assert page.evaluate("document.querySelector('.changes details').open")


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_the_versions_stand_below_each_other_and_nothing_is_cut_off(page, shown, picture, dark):
    page.size(375, 800, dark=dark)
    page.open(shown)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    lefts = page.evaluate(
        "[...new Set([...document.querySelectorAll('.compared > .pair .sides > *')].map((e) => e.getBoundingClientRect().left))]"
    )
    assert len(lefts) == 1
    page.size(375, int(page.evaluate("document.documentElement.scrollHeight")), dark=dark)
    picture(page, f"difference-phone-{'dark' if dark else 'light'}")
