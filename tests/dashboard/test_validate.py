"""What is wrong with dashboards: all of it, in one run, at its place."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sfcci.dashboard.existence import gathered
from sfcci.dashboard.rule import RULES, Layer
from sfcci.dashboard.source import placed
from sfcci.dashboard.validate import examine, load, never_happened, validate
from sfcci.errors import InputError, UsageError
from sfcci.finding import Severity
from sfcci.metric.glob import pattern
from sfcci.metric.graphite import Series

JOB = "stats_counts.zuul.tenant.t.pipeline.gate.project.h.p.main.job"
KNOWN = (
    f"{JOB}.good.SUCCESS",
    f"{JOB}.bad.SUCCESS",
    f"{JOB}.bad.TIMED_OUT",
    "stats.timers.zuul.tenant.t.pipeline.gate.project.h.p.main.job.good.SUCCESS.mean",
)


class Names:
    """A Graphite that knows some names, each with a value of `age_s` seconds ago, and counts how often it is asked."""

    age_s = 0

    def __init__(self, *names):
        self.names, self.asked = names, 0

    def expand(self, patterns, *, leaves_only=True):
        self.asked += 1
        known = {".".join(n.split(".")[:end]) for n in self.names for end in range(1, n.count(".") + 2)}
        pool = self.names if leaves_only else known
        return sorted({name for name in pool for one in patterns if pattern(one).fullmatch(name)})

    def render(self, targets, from_s, until_s, *, max_points=None):  # noqa: ARG002 - as the reader has it
        found = [name for name in self.names if any(pattern(one).fullmatch(name) for one in targets)]
        at = until_s - self.age_s
        return [Series(name, name, ((1.0 if at >= from_s else None, int(at)),)) for name in found]


@pytest.fixture
def written(tmp_path):
    def write(*targets, name="x.yaml", title="T"):
        lines = "".join(f"            - target: {target}\n" for target in targets)
        (tmp_path / name).write_text(
            f"dashboard:\n  title: {title}\n  rows:\n    - title: R\n      height: 100px\n      panels:\n"
            f"        - title: P\n          type: graph\n          targets:\n{lines}"
        )
        return tmp_path

    return write


def keywords(findings):
    """Keyword and weight of what the names say: what the panel's type says does not belong here."""
    metrics = [one for one in findings if RULES[one.keyword].layer is Layer.METRICS]
    return [(one.keyword, one.severity) for one in metrics]


def told(findings):
    """What is said but in passing."""
    return tuple(one for one in findings if one.severity is not Severity.INFO)


def test_a_broken_target_is_shown_with_its_panel_and_a_caret_under_its_column(written):
    (found,) = told(validate([written("alias(sumSeries(a.{b,c),'x')")]))
    assert str(found.place).endswith("x.yaml:10:41")
    assert found.what == "panel 1 'P': the brace opened here is never closed"
    assert found.excerpt == "- target: alias(sumSeries(a.{b,c),'x')\n" + 28 * " " + "^"


def test_an_unknown_function_is_named_with_the_near_one(written):
    (found,) = told(validate([written("alias(sumSerie(a.b),'x')")]))
    assert (found.what, found.hint) == (
        "panel 1 'P': Graphite has no function sumSerie",
        "did you mean sumSeries?",
    )
    assert found.place.column == 29


def test_all_findings_of_all_files_come_in_one_run(written, tmp_path):
    written("a..b", "f(a.b)")
    written("a.b)", name="y.yaml")
    (tmp_path / "z.yaml").write_text("a: [")
    (tmp_path / "w.yaml").write_text("dashboard: {title: x, title: y}\n")
    assert [(one.place.path[-6:], one.keyword) for one in told(validate([tmp_path]))] == [
        ("w.yaml", "DuplicateKey"), ("x.yaml", "BadTarget"), ("x.yaml", "UnknownFunction"),
        ("y.yaml", "DuplicateDashboard"), ("y.yaml", "BadTarget"), ("z.yaml", "BadDocument"),
    ]  # fmt: skip


def test_files_of_folders_below_are_looked_at_as_update_pushes_them_and_hidden_ones_are_not(
    written, tmp_path
):
    (tmp_path / "neutron").mkdir()
    (tmp_path / ".git").mkdir()
    written("a..b", name="neutron/x.yaml")
    written("a..c", name=".git/y.yaml")
    written("a..d", name=".z.yaml")
    assert [one.place.path for one in told(validate([tmp_path]))] == [str(tmp_path / "neutron/x.yaml")]
    assert [str(path) for path in placed([tmp_path], "General")] == [str(tmp_path / "neutron/x.yaml")]


def test_a_name_that_matches_is_no_finding_and_one_that_does_not_says_from_where_on(written):
    folder = written(f"{JOB}.good.SUCCESS", f"sum({JOB}.god.SUCCESS)", f"sum({JOB}.*.{{SUCCESS,FAILURE}})")
    (found,) = told(validate([folder], Names(*KNOWN)))
    assert (found.keyword, found.severity) == ("NoSuchMetric", Severity.ERROR)
    assert found.what.endswith("there is nothing from 'god' on (part 12)")
    assert (found.hint, found.place.line, found.place.column) == ("did you mean good?", 11, 27)


def test_a_result_that_has_not_happened_is_no_error_as_long_as_its_job_is_there(written):
    names = Names(*KNOWN)
    folder = written(f"{JOB}.good.{{FAILURE,TIMED_OUT}}", f"{JOB}.bad.TIMED_OUT", f"{JOB}.*.DISK_FULL")
    assert keywords(validate([folder], names)) == [("NeverHappened", Severity.INFO)] * 2
    folder = written(f"{JOB}.gone.{{FAILURE,TIMED_OUT}}")
    assert keywords(validate([folder], names)) == [("NoSuchMetric", Severity.ERROR)]


def test_a_misspelt_result_is_an_error_though_its_job_is_there(written):
    found = told(validate([written(f"{JOB}.bad.TIMED_OOUT")], Names(*KNOWN)))
    hint = "did you mean TIMED_OUT?"
    assert {(one.keyword, one.hint) for one in found} == {("MisspeltResult", hint), ("NoSuchMetric", hint)}


def test_a_duration_of_a_result_that_has_not_happened_is_no_error():
    timer = "stats.timers.zuul.tenant.t.pipeline.gate.project.h.p.main.job.good"
    assert never_happened([f"{timer}.FAILURE.mean", f"{timer}.FAILURE.meen"], Names(*KNOWN)) == {
        f"{timer}.FAILURE.mean"
    }


def test_template_variables_stand_for_anything_and_references_for_nothing(written):
    folder = written("sum(stats_counts.zuul.tenant.$t.pipeline.gate.*.*.*.*.job.*.*)", "'sum(#A)'")
    assert keywords(validate([folder], Names(*KNOWN))) == []


def test_thousands_of_missing_names_are_asked_for_in_a_handful_of_requests(written):
    names = Names(*KNOWN)
    found = told(validate([written(*(f"a.b{n}.c" for n in range(500)))], names))
    assert (len(found), names.asked) == (500, 3)


def test_a_path_that_leads_nowhere_or_holds_no_dashboards_is_said(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        validate([tmp_path / "none"])
    with pytest.raises(UsageError, match="no dashboards in"):
        validate([tmp_path])


def test_loading_refuses_all_errors_together(written):
    with pytest.raises(InputError) as caught:
        load([written("a..b", "c..d")])
    assert len(caught.value.faults) == 2


BOMB = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (BOMB.encode(), "an alias"),
        (b"[" * 20_000, "nested too deeply"),
        (b"dashboard:\n\ttitle: x\n", "cannot start any token"),
        (b"dashboard: \x00\n", "special characters are not allowed: U+0000"),
        ("dashboard: {}".encode("utf-16"), "not UTF-8"),
        (b"dashboard: \xff\n", "not UTF-8"),
        (b"? [a]\n: b\n", "a key is not plain text"),
        (b"dashboard: !!python/object/apply:os.system [id]\n", "could not determine a constructor"),
        (b"", "is no dashboard"),
    ],
)
def test_hostile_files_are_refused_with_place_and_reason(tmp_path, content, what):
    (tmp_path / "x.yaml").write_bytes(content)
    (found,) = validate([tmp_path])
    assert what in found.what
    assert found.place.path == str(tmp_path / "x.yaml")


def test_ten_thousand_names_are_a_few_questions():
    names = Names(*(f"a.b{n % 10}.c{n}.X" for n in range(10_000)))
    asked = gathered(names.names)
    assert len(asked) == 10
    assert set(asked) == {f"a.b{n}.*.X" for n in range(10)}


@given(st.sets(st.lists(st.sampled_from("abcdef*"), min_size=1, max_size=4).map(".".join), max_size=400))
def test_what_is_asked_for_instead_matches_all_that_was_wanted(wanted):
    wanted = {one for one in wanted if "*" not in one} | {f"{one}.x{n}" for one in wanted for n in range(9)}
    asked = [pattern(one) for one in gathered(wanted)]
    assert all(any(one.fullmatch(name) for one in asked) for name in wanted if "*" not in name)


def test_a_series_without_values_for_long_has_disappeared_and_the_day_is_said(written):
    names = Names(*KNOWN)
    names.age_s = 90 * 86400
    found = validate([written(f"{JOB}.good.SUCCESS")], names)
    assert keywords(found) == [("MetricDisappeared", Severity.WARNING)]
    day = datetime.fromtimestamp(time.time() - names.age_s, UTC).date()
    (what,) = [one.what for one in found if one.keyword == "MetricDisappeared"]
    assert f"disappeared since {day}" in what


def test_a_job_that_runs_and_does_not_fail_has_not_disappeared(written):
    class Succeeding(Names):
        def render(self, targets, from_s, until_s, *, max_points=None):  # noqa: ARG002 - as the reader has it
            return [one for one in super().render(targets, from_s, until_s) if one.name.endswith("SUCCESS")]

    assert keywords(validate([written(f"{JOB}.bad.TIMED_OUT")], Succeeding(*KNOWN))) == []


TARGET = "alias(asPercent(sum({0}.FAILURE),sum({0}.*)),'job-{1}')"


def large(number):
    """A dashboard of 10 MB: panels of ten targets each, beside each a long text."""
    lines = ["dashboard:\n  title: Big\n  rows:\n    - title: R\n      height: 100px\n      panels:\n"]
    words = "              A line of a text panel: what to do when this job fails, and whom to ask.\n" * 82
    for panel in range(0, number, 10):
        lines.append(f"        - title: T{panel}\n          type: text\n          content: |\n{words}")
        lines.append(f"        - title: P{panel}\n          type: graph\n          targets:\n")
        lines += [
            f"            - target: {TARGET.format(f'{JOB}.job-{n}', n)}\n" for n in range(panel, panel + 10)
        ]
    return "".join(lines)


def test_a_dashboard_of_ten_megabytes_takes_a_bounded_time(tmp_path):
    (tmp_path / "x.yaml").write_text(large(12_000))
    assert (tmp_path / "x.yaml").stat().st_size > 10_000_000
    begin = time.process_time()
    seen = examine([tmp_path])
    assert seen.targets == 12_000
    assert time.process_time() - begin < 30


@pytest.mark.parametrize(
    "text",
    [
        "[" * 4_000_000,
        "- " * 2_000_000,
        "{a: " * 1_000_000,
        "a: " + "'" * 4_000_001,
        'a: "' + "\\x00" * 1_000_000,
        "a: |\n" + "  x\n" * 1_000_000,
        "# sfcci: ignore[\n" * 200_000,
        "".join(f"k{n}: 1\n" for n in range(20_000)) * 2,
        "dashboard: {rows: [" + "{title: 3}," * 20_000 + "]}",
    ],
)
def test_hostile_files_of_megabytes_take_a_bounded_time(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text)
    begin = time.process_time()
    assert examine([tmp_path]).findings
    assert time.process_time() - begin < 30


@given(
    st.binary(max_size=300)
    | st.text("dashboard:rows[]{}- \n\t'\"#&*!|>sfcci: ignore[x]", max_size=120).map(str.encode)
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_gives_findings_and_no_traceback(tmp_path, content):
    for name in ("x.yaml", "x.json"):
        (tmp_path / name).write_bytes(content)
        assert examine([tmp_path / name]).findings
