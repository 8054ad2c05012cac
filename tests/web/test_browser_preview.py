"""Every kind of panel over a real Graphite, as a person sees it: numbers, variables, times, reload, keyboard, phone, dark and light."""

import importlib.util
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sfcci import settings
from sfcci.metric import carbon, instance
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.point import Point
from sfcci.web.server import start_preview

pytestmark = [pytest.mark.browser, pytest.mark.graphite]
PROJECT = Path(__file__).parents[2]
LIMIT_S = 60
spec = importlib.util.spec_from_file_location("boards", Path(__file__).parent / "boards.py")
boards = importlib.util.module_from_spec(spec)
spec.loader.exec_module(boards)


@pytest.fixture(scope="module")
def running(tmp_path_factory, cache_dir):
    """A real Graphite with an hour of values."""
    folder = tmp_path_factory.mktemp("preview")
    base = replace(settings.load(PROJECT, {}), cache=cache_dir, project=folder, graphite=settings.Graphite())
    given = replace(base, state=folder / "state", database_url=f"sqlite:///{folder}/runs.sqlite")
    with instance.running(given) as found:
        points = [Point(*point) for point in boards.points(time.time())]
        carbon.send(points, found.carbon)
        reader, end = GraphiteReader(found.url), max(point.time_s for point in points)
        names = sorted({point.name for point in points})
        deadline = time.monotonic() + LIMIT_S
        while len([one for one in reader.render(names[:-1], end - 30, end + 30) if any(value is not None for value, _ in one.values)]) < 4 or reader.expand(["t.**"]) != names:  # fmt: skip
            assert time.monotonic() < deadline, "carbon has not written the values"
            time.sleep(0.1)
        yield given, found.url


@pytest.fixture
def site(page, running, tmp_path):
    """The file, the address of the page that shows it."""
    given, url = running
    file = tmp_path / "kinds.json"
    file.write_text(json.dumps(boards.board()))
    page.size(1400, 1000)
    page.events.clear()
    with start_preview(given, url, paths=[tmp_path]) as address:
        yield file, address
        page.blank()


def asked(page, path="/api/render"):
    """Give the questions that the page asked, each as its words."""
    page.evaluate("1")
    return [parse_qs(urlsplit(url).query) for url in questions(page) if urlsplit(url).path == path]


def questions(page):
    return [one["params"]["request"]["url"] for one in page.events if one["method"] == "Network.requestWillBeSent"]  # fmt: skip


def texts(page, selector):
    return page.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")


def numbers(page, number, selector="[data-value]"):
    found = page.evaluate(
        f"[...document.querySelectorAll('[data-panel=\"{number}\"] {selector}')].map((e) => e.dataset.value)"
    )
    return [float(one) for one in found]


def choose(page, field, value):
    page.evaluate(
        f"(() => {{ const field = document.getElementById({json.dumps(field)}); field.value = {json.dumps(value)};"
        " field.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def settled(page, script):
    page.wait(script, LIMIT_S)


def opened(page, address, query="refresh=0"):
    page.open(f"{address}?{query}", LIMIT_S)


def test_the_numbers_that_are_drawn_are_those_that_graphite_answers(page, site, running):
    opened(page, site[1])
    page.evaluate("document.querySelectorAll('details.row').forEach((one) => { one.open = true; })")
    settled(page, "document.querySelectorAll('[data-panel=\"13\"] td').length > 0 && document.querySelectorAll('[data-panel=\"14\"] canvas').length")  # fmt: skip
    reader, words = GraphiteReader(running[1]), {one["panel"][0]: one for one in asked(page)}
    each = "aliasByNode(t.jobs.{alpha,beta,gamma}.SUCCESS, 2)"

    def answer(number, *targets):
        one = words[str(number)]
        found = reader.render(targets, int(one["from"][0]), int(one["until"][0]), max_points=int(one["points"][0]))  # fmt: skip
        return [[value for value, _ in series.values] for series in found]

    def there(values):
        return [value for value in values if value is not None]

    graph = answer(1, f"scale({each}, 1)", "alias(t.load, 'line')")
    assert page.evaluate("document.querySelector('[data-panel=\"1\"] .body').plots[0].data.slice(1)") == graph
    told = [[there(one)[-1], sum(there(one)) / len(there(one)), max(there(one)), sum(there(one))] for one in graph]  # fmt: skip
    assert numbers(page, 1, "td") == pytest.approx([number for one in told for number in one])
    load = there(answer(2, "t.load")[0])
    assert numbers(page, 2) == numbers(page, 3) == [load[-1]]
    jobs = [there(one) for one in answer(4, each)]
    assert numbers(page, 4, "td") == [number for one in jobs for number in (one[-1], sum(one))]
    assert numbers(page, 5) == [one[-1] for one in jobs]
    assert texts(page, '[data-panel="6"] .number') == ["up" if there(answer(6, "t.state")[0])[-1] else "down"]
    by_time = [pair for pair in zip(*answer(13, "t.load", "t.state"), strict=True) if pair != (None, None)]
    assert numbers(page, 13, "td") == [number for pair in reversed(by_time) for number in pair]
    old = [sum(there(one)) for one in answer(14, "summarize(t.jobs.*.SUCCESS, '5min', 'sum')")]
    assert numbers(page, 14, "td") == old
    assert page.complaints() == []


def test_an_empty_panel_says_why_what_was_meant_and_when_there_was_something(page, site):
    opened(page, site[1])
    assert texts(page, ".trouble.all strong") == ["No such metric", "Broken target", "No data in this range"]
    assert texts(page, ".meant a") == ["t.jobs.alpha.SUCCESS"]
    line, caret = texts(page, '[data-panel="10"] pre')[0].split("\n")
    assert line[caret.index("^") :].startswith("{alpha,beta.SUCCESS")
    settled(page, "!!document.querySelector('[data-panel=\"11\"] .last button')")
    page.evaluate("document.querySelector('[data-panel=\"11\"] .last button').click()")
    settled(page, "document.querySelectorAll('[data-panel=\"11\"] canvas').length === 1")
    page.evaluate("document.getElementById('back').click()")
    settled(page, "document.getElementById('range').value === 'now-1h now' && document.querySelectorAll('[data-panel=\"1\"] canvas').length")  # fmt: skip


def test_a_long_broken_target_is_cut_to_where_the_caret_stands(page, site):
    file, address = site
    made = boards.board()
    made["panels"][8]["targets"][0]["target"] = f"sumSeries({'t.load,' * 60}t.{{a)"
    file.write_text(json.dumps(made))
    opened(page, address)
    line, caret = texts(page, '[data-panel="10"] pre')[0].split("\n")
    assert line[caret.index("^")] == "{"
    assert len(line) < 120


def test_a_choice_asks_only_for_what_is_otherwise_then_and_is_kept_in_the_address(page, site):
    opened(page, site[1])
    assert texts(page, "#title, [data-panel='1'] h3") == ["Kinds of SUCCESS", "SUCCESS of All"]
    assert len(texts(page, "[data-panel='15'] h3, [data-panel] h3")) == 15
    page.evaluate("window.kept = document.querySelector('[data-panel=\"2\"] canvas'); 1")
    page.events.clear()
    choose(page, "var-what", "FAILURE")
    settled(page, "document.querySelectorAll('[data-panel=\"4\"] tbody tr').length === 2")
    settled(page, "!document.querySelector('[data-stale=true]')")
    assert {one["panel"][0] for one in asked(page)} == {"1", "4", "5"}
    assert page.evaluate("kept.isConnected")
    page.evaluate("document.querySelector('.several summary').click()")
    page.evaluate("document.querySelector('.checks [value=gamma]').click()")
    settled(page, "document.querySelectorAll('[data-panel=\"4\"] tbody tr').length === 1")
    page.evaluate("document.querySelector('.checks [value=alpha]').click()")
    settled(page, "document.querySelector('.several summary').textContent === 'gamma + alpha' || document.querySelector('.several summary').textContent === 'alpha + gamma'")  # fmt: skip
    assert page.evaluate("document.querySelector('.several').open")
    choose(page, "var-word", "typed")
    settled(page, "document.querySelector('[data-panel=\"1\"] .legend').textContent.includes('typed')")
    found = parse_qs(page.evaluate("location.search").removeprefix("?"))
    assert (found["var-what"], sorted(found["var-job"]), found["var-word"]) == (["FAILURE"], ["alpha", "gamma"], ["typed"])  # fmt: skip
    opened(page, site[1], page.evaluate("location.search").removeprefix("?"))
    assert texts(page, "#title") == ["Kinds of FAILURE"]
    assert texts(page, '[data-panel="4"] tbody th') == ["gamma"]
    assert page.complaints() == []


def test_a_saved_file_draws_anew_only_what_has_changed_and_place_and_zoom_stay(page, site):
    file, address = site
    opened(page, address, "refresh=0&from=now-30m")
    made = boards.board()
    made["panels"][1]["title"] = "Load now"
    made["panels"][2]["targets"][0]["target"] = "scale(t.load,2)"
    page.evaluate("window.kept = document.querySelector('[data-panel=\"1\"] canvas'); scrollTo(0, 150)")
    page.events.clear()
    file.write_text(json.dumps(made))
    settled(page, "document.querySelector('[data-panel=\"2\"] h3').textContent === 'Load now'")
    settled(page, "!document.querySelector('[data-panel=\"3\"]').dataset.stale")
    assert page.evaluate("[kept.isConnected, scrollY, document.getElementById('range').value]") == [True, 150, "now-30m now"]  # fmt: skip
    assert [one["panel"][0] for one in asked(page)] == ["3"]
    assert numbers(page, 3) == [2 * numbers(page, 2)[0]]


def test_a_broken_file_says_its_fault_and_the_last_whole_dashboard_stays(page, site):
    file, address = site
    opened(page, address)
    good = file.read_text()
    file.write_text('{"title": ')
    settled(page, "!document.getElementById('broken').hidden")
    assert "kinds.json:1:11: error" in texts(page, "#broken")[0]
    assert page.evaluate("document.querySelectorAll('[data-panel=\"1\"] canvas').length") == 1
    file.write_text(good.replace("Load on an arc", "Mended"))
    settled(page, "document.getElementById('broken').hidden && document.querySelector('[data-panel=\"3\"] h3').textContent === 'Mended'")  # fmt: skip


def test_no_question_is_asked_twice_and_an_older_one_is_given_up(page, site):
    opened(page, site[1])
    asked(page)
    assert [one for one, times in Counter(questions(page)).items() if times > 1] == []
    page.evaluate("for (let n = 0; n < 5; n += 1) document.getElementById('earlier').click()")
    settled(page, "document.getElementById('status').textContent.startsWith('Updated') && document.querySelectorAll('[data-panel=\"1\"] .body > *').length")  # fmt: skip
    until = max(int(one["from"][0]) for one in asked(page)) - 5 * 1800
    last = [one for one in asked(page) if abs(int(one["from"][0]) - until) < 120]
    assert {one["panel"][0] for one in last} >= {"1", "2"}


def test_time_goes_back_and_forth_by_buttons_keys_and_words(page, site):
    opened(page, site[1])

    def span():
        one = [one for one in asked(page) if one["panel"] == ["2"]][-1]
        return int(one["until"][0]) - int(one["from"][0]), int(one["until"][0])

    def pressed(*keys):
        page.events.clear()
        for key in keys:
            page.evaluate(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: {json.dumps(key)}, bubbles: true}}))")  # fmt: skip
        deadline = time.monotonic() + LIMIT_S
        while not [one for one in asked(page) if one["panel"] == ["2"]]:
            assert time.monotonic() < deadline
        return span()

    length, until = span()
    assert length == 3600
    assert pressed("t", "ArrowLeft")[1] == pytest.approx(until - 1800, abs=120)
    assert pressed("t", "z")[0] == pytest.approx(7200, abs=4)
    settled(page, "document.querySelector('[data-panel=\"2\"]').dataset.asking === ''")
    assert pressed("d", "r")[0] == pytest.approx(7200, abs=4)
    choose(page, "range", "more")
    # read at once: what was asked for before may be told meanwhile
    told = page.evaluate("document.getElementById('from').value = 'yesterdy'; document.getElementById('from').focus(); document.getElementById('controls').requestSubmit(); document.getElementById('status').textContent")  # fmt: skip
    assert told.startswith("Expected a time from")
    assert page.evaluate("document.getElementById('from').getAttribute('aria-invalid')") == "true"
    page.events.clear()
    page.evaluate("document.getElementById('from').value = '2026-01-02 03:00'; document.getElementById('to').value = '2026-01-02 05:00'; document.getElementById('controls').requestSubmit()")  # fmt: skip
    settled(page, "new URLSearchParams(location.search).get('from') === '1767322800000'")
    settled(page, "document.querySelectorAll('.trouble.all').length > 3")
    assert span() == (7200, 1767330000)


def test_words_for_times_mean_what_they_mean_to_the_rest_of_the_house(page, site):
    from sfcci.dashboard.time_range import time_range

    opened(page, site[1])
    now = 1806494400  # noon of 31 March 2027, UTC: the month before has no such day
    for begin, end in [("now-6h", "now"), ("now/d", "now"), ("now-1d/d", "now-1d/d"), ("now/w", "now/w"), ("now-1M/M", "now/M"), ("now-1M", "now"), ("now-1y/y", "now"), ("2026-01-02", "2026-01-03 04:05")]:  # fmt: skip
        found = page.evaluate(
            "import('/static/times.js').then(({moment}) => ["
            f"moment('{begin}', {now}, {{utc: true}}), moment('{end}', {now}, {{utc: true, up: true}})])"
        )
        assert found == pytest.approx(list(time_range(begin, end, now, "utc")), abs=1), (begin, end)


UNITS = [
    (12.5, "percent", None, "12.5 %"), (0.125, "percentunit", None, "12.5 %"), (1536, "bytes", None, "1.5 KiB"), (1500, "decbytes", None, "1.5 kB"), (2, "mbytes", None, "2 MiB"),
    (72, "s", None, "1.2 min"), (1500, "ms", None, "1.5 s"), (1234567, "short", None, "1.23 Mil"), (1234, "none", 0, "1,234"), (3661, "dtdurations", None, "01:01:01"),
    (1500, "Bps", None, "1.5 kB/s"), (12, "reqps", None, "12 req/s"), (1, "bool_yes_no", None, "Yes"), (5, "currencyUSD", None, "$5"), (7, "suffix: runs", None, "7 runs"),
    (21, "celsius", None, "21 °C"), (3, "furlongs", None, "3 furlongs"), (None, "s", None, "\u2013"), (0, "s", None, "0 s"), (-1500, "short", None, "-1.5 K"), (2.5, "short", 2, "2.50"),
]  # fmt: skip
"""Value, unit, decimals, what is written."""


def test_values_are_written_in_grafana_s_units(page, site):
    opened(page, site[1])
    words = json.dumps(
        [[value, unit, *([] if decimals is None else [decimals])] for value, unit, decimals, _ in UNITS]
    )
    found = page.evaluate(
        f"import('/static/format.js').then(({{format}}) => {words}.map((one) => format(...one)))"
    )
    assert found == [text for *_, text in UNITS]


def test_the_keyboard_reads_a_graph_and_opens_the_runs_behind_a_point(page, site):
    opened(page, site[1])
    page.evaluate("document.querySelector('[data-panel=\"1\"] .plot').focus()")
    page.press("End")
    last = page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
    page.press("ArrowLeft")
    assert "UTC: scale(alpha,1) " in last
    assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')") != last
    assert page.evaluate("document.querySelector('[data-panel=\"1\"] .tip').hidden") is False
    page.press("Enter")
    settled(page, "document.activeElement.textContent === 'Runs behind scale(alpha,1)'")
    page.press("Escape")
    assert page.evaluate("document.activeElement.className") == "plot"


def test_everything_has_a_name_for_screen_readers(page, site):
    opened(page, site[1])
    page.evaluate("document.querySelectorAll('details.row').forEach((one) => { one.open = true; })")
    settled(page, "document.querySelectorAll('[data-panel=\"13\"] td').length > 0")
    nameless = page.evaluate(
        "[...document.querySelectorAll('article, [role=slider], [role=meter], [role=region], select, input, button, table, summary')].filter((e) => !("
        "e.ariaLabel || e.labels?.length || e.textContent.trim() || document.getElementById(e.getAttribute('aria-labelledby')))).map((e) => e.outerHTML)"
    )
    assert nameless == []
    assert page.evaluate("document.querySelector('[role=slider]').ariaLabel") == "SUCCESS of All: graph of 4 series; the arrow keys read it"  # fmt: skip
    assert page.evaluate("document.querySelector('[role=meter]').ariaLabel").startswith("t.load: ")


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (1400, True), (375, False), (320, True)])
def test_nothing_is_cut_off_in_any_width_and_colour(page, site, picture, width, dark):
    page.size(width, 1000, dark=dark)
    opened(page, site[1])
    page.evaluate("document.querySelectorAll('details.row').forEach((one) => { one.open = true; })")
    settled(page, "document.querySelectorAll('[data-panel=\"13\"] td').length > 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        "[...document.querySelectorAll('.panel h3, figure, .bar-line, .stat .number, #controls > *, #variables > *')].filter((e) =>"
        " e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 200))"
    )
    assert cut == []
    page.size(width, int(page.evaluate("document.documentElement.scrollHeight")), dark=dark)
    settled(page, "document.querySelectorAll('[data-panel=\"1\"] canvas').length === 1")
    picture(page, f"kinds-{width}-{'dark' if dark else 'light'}")


def test_colours_follow_the_system_until_others_are_chosen_for_all_pages(page, site):
    dark, light = "rgb(17, 18, 23)", "rgb(244, 245, 245)"
    page.size(1400, 1000, dark=True)
    opened(page, site[1])
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == dark
    choose(page, "theme", "light")
    assert page.evaluate(ground) == light
    page.open(f"{site[1]}metrics", LIMIT_S)
    assert page.evaluate(ground) == light
    opened(page, site[1], "refresh=0&theme=dark")
    assert page.evaluate(ground) == dark
    assert page.evaluate("document.getElementById('theme').value") == "dark"
    choose(page, "theme", "system")
    assert page.evaluate(ground) == dark
    page.evaluate("localStorage.clear()")
