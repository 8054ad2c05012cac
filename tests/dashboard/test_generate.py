"""Dashboards made from job lists, and made anew: exact text, true targets, and hands' work that stays."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sfcci import document
from sfcci.dashboard.generate import dashboard_text, rows_text
from sfcci.dashboard.generate_anew import regenerated
from sfcci.dashboard.generate_recipe import ZUUL_LINK, Recipe, header_text, link, parse_header
from sfcci.dashboard.structure import structure
from sfcci.dashboard.target import parse_target
from sfcci.errors import InputError, Place, UsageError
from sfcci.gate.job import BAD
from sfcci.gate.running import ProjectJobs, RunningJob

GOLDEN = Path(__file__).parents[1] / "data" / "new-dashboard.yaml"
RECIPE = Recipe(("../zuul",), "example/project", "tenant", "opendev.org", "master", link=ZUUL_LINK)


def jobs(**pipelines):
    made = (
        RunningJob(name.rstrip("?"), pipeline.replace("_", "-"), not name.endswith("?"), Place("zuul.yaml"))
        for pipeline, names in pipelines.items()
        for name in names.split()
    )
    return ProjectJobs("example/project", "master", tuple(made))


TWO = jobs(check="unit docs?", gate="unit")
TEXT = dashboard_text("A project", RECIPE, TWO)


def anew(text, running, path="d.yaml"):
    return regenerated(text, path, running)


def panels(text):
    made = structure(document.parse(text, "d.yaml"))
    assert made.findings == ()
    return {
        panel.title: [str(parse_target(one.text)) for one in panel.targets] for panel in made.dashboard.panels
    }


def test_the_text_is_this_one():
    assert GOLDEN.read_text() == TEXT


def test_grafyaml_itself_accepts_it(tmp_path):
    from grafana_dashboards.parser import YamlParser

    (tmp_path / "d.yaml").write_text(TEXT)
    parser = YamlParser()
    parser.parse(str(tmp_path / "d.yaml"))
    assert list(parser.data["dashboard"]) == ["a-project"]


def test_every_job_has_its_line_on_each_panel_and_all_bad_results_count():
    found = panels(TEXT)
    for title in ("Failure rate of each job in check", "Results counted for each job in check (n)"):
        assert [re.findall(r"\.job\.([\w-]+)\.", text)[0] for text in found[title]] == ["unit", "docs"]
    (rate,) = found["Failure rate of check"]
    assert rate.count(".job.{unit,docs}.{" + ",".join(BAD) + "}") == 1
    assert all(text in TEXT for text in BAD)
    assert len(found["Bad results by kind in gate"]) == len(BAD)


def test_a_link_leads_to_the_runs():
    job = RunningJob("a job", "check", True, Place(""))
    assert link(RECIPE, job) == (
        "https://zuul.opendev.org/t/tenant/builds?job_name=a%20job&project=example/project&pipeline=check&branch=master"
    )
    assert "- [docs](https://zuul.opendev.org/t/tenant/builds?job_name=docs" in TEXT
    assert "(non-voting)" in TEXT


def test_a_misspelt_word_of_a_link_is_told():
    with pytest.raises(UsageError, match="did you mean job"):
        replace(RECIPE, link="https://x/{jobb}")


def test_without_jobs_there_is_no_dashboard():
    with pytest.raises(
        UsageError, match="no job of example/project runs in post; its pipelines with jobs: check, gate"
    ):
        dashboard_text("A", replace(RECIPE, pipelines=("post",)), TWO)


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "  "])
def test_names_that_no_line_holds_are_refused(name):
    with pytest.raises(UsageError):
        dashboard_text(name, RECIPE, TWO)
    with pytest.raises(UsageError):
        dashboard_text("A", RECIPE, ProjectJobs("p", "b", (RunningJob(name, "check", True, Place("")),)))


@settings(max_examples=30)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1),
        min_size=1,
        max_size=5,
    ),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1),
)
def test_any_printable_names_give_a_whole_dashboard(names, title):
    running = ProjectJobs("p/q", "main", tuple(RunningJob(name, "check", True, Place("")) for name in names))
    text = dashboard_text(title, replace(RECIPE, link="https://x/{job}"), running)
    assert len(panels(text)) == 9
    assert anew(text, running) == text


@given(st.sampled_from(["", ZUUL_LINK]), st.lists(st.sampled_from(["check", "gate", "a b"]), unique=True))
def test_the_header_holds_the_recipe(pattern, pipelines):
    recipe = replace(
        RECIPE, link=pattern, pipelines=tuple(pipelines), holds=("check",), jobs=("../a b", "c/d=../e")
    )
    assert parse_header(header_text(recipe), "d.yaml") == recipe


def test_a_file_without_a_header_is_no_generated_one():
    with pytest.raises(InputError, match=r"its header lacks `# sfcci: jobs ...`, `# sfcci: project ...`"):
        anew("dashboard:\n  title: A\n", TWO)


def test_a_new_job_comes_and_a_gone_one_goes():
    text = anew(TEXT, jobs(check="unit lint", gate="unit"))
    assert "docs" not in text
    assert text == dashboard_text("A project", RECIPE, jobs(check="unit lint", gate="unit"))


def test_a_new_pipeline_gets_its_rows_behind_the_others():
    three = jobs(check="unit docs?", gate="unit", periodic="unit")
    assert anew(TEXT, three) == dashboard_text("A project", RECIPE, three)


def test_a_pipeline_without_jobs_loses_its_rows():
    one = jobs(check="unit docs?")
    assert anew(TEXT, one) == dashboard_text("A project", RECIPE, one)
    assert anew(anew(TEXT, one), TWO) == TEXT


def test_what_a_hand_put_beside_stays_when_its_pipeline_goes():
    extra = "            - target: alias(my.own.metric,'mine')\n"
    text = TEXT.replace(
        "            # sfcci: begin rates gate\n", extra + "            # sfcci: begin rates gate\n"
    )
    panel = "        - title: Mine\n          type: text\n          content: kept\n"
    text = text.replace(
        "        - title: Bad results by kind in gate\n",
        panel + "        - title: Bad results by kind in gate\n",
    )
    found = panels(anew(text, jobs(check="unit")))
    assert found["Failure rate of each job in gate"] == ["alias(my.own.metric,'mine')"]
    assert found["Mine"] == []
    assert "Duration of good runs in gate" not in found


def test_a_row_that_was_taken_out_stays_out():
    rows = rows_text(RECIPE, TWO, "gate")
    assert rows in TEXT
    text = TEXT.replace(rows, "")
    assert anew(text, TWO) == text


def test_edited_titles_rows_and_panels_stay():
    text = TEXT.replace("title: Failure rate of check", "title: Red?").replace("span: 7", "span: 12")
    text = text.replace(
        "    - title: Summary of check",
        "    - title: Mine\n      height: 10px\n    - title: Summary of check",
    )
    assert anew(text, TWO) == text
    assert "docs" not in anew(text, jobs(check="unit", gate="unit"))
    assert "title: Red?" in anew(text, jobs(check="unit", gate="unit"))


def test_windows_line_ends_stay():
    text = TEXT.replace("\n", "\r\n")
    assert anew(text, TWO) == text
    more = jobs(check="unit docs? lint", gate="unit", periodic="unit")
    assert anew(text, more) == anew(TEXT, more).replace("\n", "\r\n")


PLACES = [
    number for number, line in enumerate(TEXT.split("\n")) if line.lstrip().startswith("# sfcci: begin")
]
HAND = st.sampled_from(
    [
        "# a note",
        "            # a note, indented",
        "",
    ]
)
PIPELINES = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(st.sampled_from(["unit", "docs?", "lint", "x.y"]), unique_by=lambda n: n, min_size=1)
        for name in ("check", "gate", "periodic")
    },
).filter(bool)


def whole(text):
    try:
        document.parse(text, "d.yaml")
    except InputError:
        return False
    return True


def outside(text):
    """Give the lines that a hand may have written: those outside of the marks."""
    kept, inside = [], False
    for line in text.split("\n"):
        inside = inside or "sfcci: begin" in line
        if not inside and "sfcci: holds" not in line:
            kept.append(line)
        inside = inside and "sfcci: end" not in line
    return kept


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, TEXT.count("\n")), HAND), max_size=5), PIPELINES)
def test_making_anew_twice_is_once_and_hands_work_stays(inserted, pipelines):
    lines = TEXT.split("\n")
    for at, line in inserted:
        lines.insert(at, line)
    text = "\n".join(lines)
    assume(whole(text))
    running = jobs(**{name: " ".join(names) for name, names in pipelines.items()})
    once = anew(text, running)
    assert anew(once, running) == once
    if {"check", "gate"} <= set(pipelines):  # no panel goes
        new = outside(once)
        old = iter(new)
        assert all(line in old for line in outside(text))  # in their order


@settings(max_examples=30)
@given(
    st.integers(0, len(PLACES) - 1), st.sampled_from(["- target: alias(a.b,'c')", "# - target: x"]), PIPELINES
)
def test_targets_of_a_hand_beside_the_marks_stay(which, target, pipelines):
    lines = TEXT.split("\n")
    lines.insert(PLACES[which], " " * 12 + target)
    running = jobs(**{name: " ".join(names) for name, names in pipelines.items()})
    if target.startswith("-") or {"check", "gate"} <= set(pipelines):
        assert target in anew("\n".join(lines), running)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "# sfcci: end\n",
            "",
            "a second `sfcci: begin`; expected `sfcci: end` of line 45 before it",
        ),
        ("# sfcci: begin rate check\n", "", "`sfcci: end` without a beginning"),
        ("begin rate check", "begin rat check", "did you mean rate?"),
        ("begin rate check", "begin rate", "a kind (rate, n, bad"),
        ("- target: alias(consolidateBy(asPercent", "- target: x\n bad: [", ""),
    ],
)
def test_spoilt_marks_are_told_and_nothing_is_guessed(old, new, told):
    assert old in TEXT
    spoilt = TEXT.replace(old, new, 1)
    if not told:
        assert anew(spoilt, TWO) == TEXT  # what stands between the marks is written anew
        return
    with pytest.raises(InputError) as caught:
        anew(spoilt, TWO)
    assert told in str(caught.value)


def test_new_rows_need_their_place():
    with pytest.raises(InputError, match="new rows have no place; expected the line `# sfcci: rows`"):
        anew(TEXT.replace("    # sfcci: rows\n", ""), jobs(check="unit", gate="unit", post="unit"))


def test_a_file_that_is_no_yaml_is_told():
    with pytest.raises(InputError, match=r"d\.yaml"):
        anew(TEXT.replace("dashboard:\n", "dashboard: [\n"), TWO)
