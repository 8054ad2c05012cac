"""The gate's report as a person sees it: at a desk, on a telephone, on paper; by day and by night."""

import importlib.util
import sys
from pathlib import Path

import pytest

from sfcci.gate.query import Query, outcomes_of
from sfcci.gate.report import report_of
from sfcci.gate.report_html import report_html

pytestmark = pytest.mark.browser
MADE = Path(__file__).parents[1] / "gate" / "made_year.py"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The report of an invented quarter in a file."""
    spec = importlib.util.spec_from_file_location("made_year", MADE)
    made = sys.modules["made_year"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    outcomes = outcomes_of(made.made_year(days=90).results)
    report = report_of(outcomes, made.NOW, Query(since_s=made.NOW - 90 * made.DAY), "/runs?job={job}")
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_html(report))
    return path.as_uri()


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (1400, True), (390, False), (390, True)])
def test_the_report_fits_and_asks_nobody(page, address, picture, width, dark):
    page.events.clear()
    page.size(width, 900, dark=dark)
    page.open(address)
    picture(page, f"report-{width}-{'dark' if dark else 'light'}")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.complaints() == []
    assert page.evaluate("document.querySelectorAll('tbody tr').length") == 44
    assert page.evaluate(
        "[...document.querySelectorAll('svg.spark')].every((s) => s.getBoundingClientRect().width > 80)"
    )


def test_the_report_can_be_read_in_its_colours(page, address):
    script = """(() => {
      const part = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
      const light = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
      const ground = (node) => { for (; node; node = node.parentElement) {
        const colour = getComputedStyle(node).backgroundColor; if (!/, 0\\)$/.test(colour)) return colour; }
        return 'rgb(255, 255, 255)'; };
      return [...document.querySelectorAll('.level, .rate, .quiet, .mark, a, p, th, td, caption')].map((node) => {
        const pair = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
        return [(pair[0] + 0.05) / (pair[1] + 0.05), node.className, node.textContent.trim().slice(0, 20)]; })
        .filter(([ratio]) => ratio < 4.5); })()"""
    for dark in (False, True):
        page.size(1400, 900, dark=dark)
        page.open(address)
        assert page.evaluate(script) == []


def test_the_report_fits_on_paper(page, address, picture):
    page.size(794, 1100)
    page.ask("Emulation.setEmulatedMedia", media="print")
    try:
        page.open(address)
        picture(page, "report-print")
        assert page.evaluate("document.documentElement.scrollWidth") == 794
        assert page.evaluate("getComputedStyle(document.querySelector('tbody tr')).display") == "table-row"
    finally:
        page.ask("Emulation.setEmulatedMedia", media="")
