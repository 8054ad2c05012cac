"""The metrics' page as a person uses it: typing, keys, the tree, a click that draws; phone and desktop, dark and light."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.web.server import start_preview

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).parents[2]
JOB = "stats_counts.zuul.tenant.sfcci.pipeline.gate.job"
JOBS = ("sfc-balance", "sfc-http-2", "sfc-http-10")
NAMES = [f"{JOB}.{job}.{result}" for job in JOBS for result in ("SUCCESS", "FAILURE", "TIMED_OUT")]
ACTIVE = "document.querySelector('#options [aria-selected=true]')?.textContent"
VALUE = "document.getElementById('name').value"
OPEN = "!document.getElementById('options').hidden"
TITLE = "document.getElementById('drawn-title').textContent"


@pytest.fixture
def site(page, graphite, tmp_path):
    graphite.names = [*NAMES, "stats.gauges.load"]
    graphite.series = {
        f"{job}.{result}": [number, None, number + 2]
        for number, job in enumerate(JOBS)
        for result in ("SUCCESS", "FAILURE")
    }
    page.events.clear()
    page.size(1400, 900)
    given = replace(settings.load(PROJECT), state=tmp_path, project=tmp_path)
    with start_preview(given, graphite.url) as address:
        yield f"{address}metrics"


def write(page, text):
    page.evaluate("document.getElementById('name').select()")
    page.ask("Input.insertText", text=text)


def suggested(page, *names):
    """Wait until exactly these are suggested."""
    shown = (
        "JSON.stringify([...document.querySelectorAll('#options [role=option]')].map((o) => o.textContent))"
    )
    page.wait(f"{OPEN} && {shown} === {json.dumps(json.dumps(names, separators=(',', ':')))}")


def drawn(page, name):
    page.wait(
        f"{TITLE} === {name!r} && !!document.querySelector('#body .plot canvas, #body .near, #last button')"
    )


def test_typing_completes_and_the_keys_choose(page, site):
    page.open(site)
    page.evaluate("document.getElementById('name').focus()")
    suggested(page, "stats.", "stats_counts.")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    write(page, "stats_c")
    suggested(page, *(f"{JOB}.{job}." for job in JOBS))
    page.press("Tab")  # up to where the ways part
    page.wait(f"{VALUE} === '{JOB}.sfc-'")
    page.press("ArrowDown")
    page.press("ArrowDown")
    assert page.evaluate(ACTIVE) == f"{JOB}.sfc-http-2."
    marked = (
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent"
    )
    assert page.evaluate(marked) == f"{JOB}.sfc-http-2."
    page.press("Enter")
    suggested(page, *(f"{JOB}.sfc-http-2.{result}" for result in ("FAILURE", "SUCCESS", "TIMED_OUT")))
    page.press("ArrowUp")
    page.press("ArrowUp")
    page.press("Enter")
    drawn(page, f"{JOB}.sfc-http-2.SUCCESS")
    assert page.evaluate("document.getElementById('last').textContent").startswith("last value 3 at 20")
    assert page.evaluate("location.search") == f"?name={JOB}.sfc-http-2.SUCCESS&range=24h"
    assert not page.evaluate(OPEN)
    assert page.complaints() == []


def test_escape_closes_the_suggestions_and_then_clears_the_field(page, site):
    page.open(site)
    page.evaluate("document.getElementById('name').focus()")
    write(page, "http fail")
    suggested(page, f"{JOB}.sfc-http-2.FAILURE", f"{JOB}.sfc-http-10.FAILURE")
    page.press("Escape")
    assert (page.evaluate(OPEN), page.evaluate(VALUE)) == (False, "http fail")
    page.press("Escape")
    assert page.evaluate(VALUE) == ""


def test_tab_leaves_the_field_when_there_is_nothing_to_complete(page, site):
    page.open(site)
    page.evaluate("document.getElementById('name').focus()")
    write(page, "no such words")
    page.wait("!!document.querySelector('#options .why')")
    page.press("Tab")
    assert page.evaluate("document.activeElement.id") == "range"
    assert not page.evaluate(OPEN)


def test_the_tree_opens_and_draws_by_mouse_and_by_keys(page, site, picture):
    page.open(site)
    rows = "[...document.querySelectorAll('[role=treeitem] > .row > span:first-child')].filter((r) => r.offsetParent).map((r) => r.textContent)"
    assert page.evaluate(rows) == ["stats", "stats_counts"]
    page.evaluate("document.querySelectorAll('[role=treeitem] > .row')[1].click()")
    page.wait(f"{rows}.length === 11")  # a way without a fork opens at once
    assert page.evaluate(rows)[-3:] == list(JOBS)
    for key in ("End", "ArrowRight", "ArrowRight", "ArrowDown"):
        page.press(key)
        page.wait("!document.querySelector('#tree .quiet')")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "SUCCESS"
    page.press("Enter")
    drawn(page, f"{JOB}.sfc-http-10.SUCCESS")
    assert (
        page.evaluate("document.querySelector('[aria-selected=true]').dataset.name")
        == f"{JOB}.sfc-http-10.SUCCESS"
    )
    page.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    picture(page, "metrics-tree")


def test_a_glob_draws_several_series_named_by_what_differs(page, site, picture):
    page.open(f"{site}?name={JOB}.*.SUCCESS&range=1h")
    drawn(page, f"{JOB}.*.SUCCESS")
    legend = page.evaluate(
        "[...document.querySelectorAll('.legend tbody tr')].map((r) => r.querySelector('button').textContent)"
    )
    assert legend == [f"… {job}.SUCCESS" for job in sorted(JOBS)]
    assert page.evaluate("document.getElementById('last').textContent").startswith(
        "3 series; last value at 20"
    )
    assert picture(page, "metrics-glob").stat().st_size > 10_000


def test_a_name_that_is_not_there_leads_to_what_was_meant(page, site):
    page.open(f"{site}?name={JOB}.sfc-htp-2.SUCESS")
    drawn(page, f"{JOB}.sfc-htp-2.SUCESS")
    assert "did you mean sfc-http-2?" in page.evaluate("document.getElementById('last').textContent")
    page.evaluate("document.querySelector('#body .near button').click()")
    drawn(page, f"{JOB}.sfc-http-2.SUCCESS")


def test_a_graphite_that_is_away_is_said(page, site, graphite):
    graphite.index = graphite.find = lambda *_form: 1 / 0
    page.open(site)
    assert "Graphite at" in page.evaluate("document.getElementById('tree').textContent")


def test_an_empty_graphite_is_said(page, site, graphite):
    graphite.names = []
    page.open(site)
    assert "This Graphite is empty" in page.evaluate("document.getElementById('tree').textContent")


@pytest.mark.parametrize(("width", "dark"), [(1400, True), (390, False), (390, True), (320, False)])
def test_nothing_is_cut_off_and_everything_has_a_name(page, site, picture, width, dark):
    page.size(width, 844, dark=dark)
    page.open(f"{site}?name={JOB}.*.SUCCESS")
    drawn(page, f"{JOB}.*.SUCCESS")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    nameless = page.evaluate(
        "[...document.querySelectorAll('input, select, button, [role=img], [role=tree], [role=treeitem], [role=listbox], nav, table')].filter((e) => !("
        "e.ariaLabel || e.labels?.length || e.textContent.trim() || document.getElementById(e.getAttribute('aria-labelledby')))).length"
    )
    assert nameless == 0
    picture(page, f"metrics-{width}-{'dark' if dark else 'light'}")
