"""Remarks silence what they name, where they stand, for a reason, as long as they say; else they are findings."""

from datetime import date

import pytest

from sfcci.dashboard.validate import examine
from sfcci.finding import Severity

TODAY = date(2026, 6, 1)
PLAIN = """\
dashboard:
  title: T
  rows:
    - title: R
      height: 100px
      panels:
        - title: P
          type: graph
          targets:
            - target: a..b
            - target: f(a.b)
        - title: Q
          type: graph
          targets:
            - target: a..c
"""


@pytest.fixture
def said(tmp_path):
    def look(text):
        (tmp_path / "x.yaml").write_text(text)
        seen = examine([tmp_path / "x.yaml"], today=TODAY)
        heavy = [one for one in seen.findings if one.severity is not Severity.INFO]
        return [(one.place.line, one.keyword) for one in heavy], seen

    return look


def above(line, remark):
    """Put a remark on the line above `line`, indented alike."""
    lines = PLAIN.splitlines()
    indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    lines.insert(line - 1, f"{' ' * indent}# sfcci: {remark}")
    return "\n".join(lines) + "\n"


def test_without_remarks_everything_counts(said):
    assert said(PLAIN)[0] == [(10, "BadTarget"), (11, "UnknownFunction"), (15, "BadTarget")]


def test_a_remark_above_a_target_silences_that_target(said):
    counted, seen = said(above(10, "ignore[BadTarget] because Graphite is patched"))
    assert counted == [(12, "UnknownFunction"), (16, "BadTarget")]
    assert [(one.finding.place.line, one.remark.reason) for one in seen.silenced] == [
        (11, "Graphite is patched")
    ]


def test_a_remark_at_the_end_of_the_line_does_the_same(said):
    remark = "a..b # sfcci: ignore[BadTarget] because Graphite is patched"
    assert said(PLAIN.replace("a..b", remark))[0] == [(11, "UnknownFunction"), (15, "BadTarget")]


def test_a_remark_above_a_panel_silences_the_panel_and_not_the_next(said):
    remark = "ignore[BadTarget, UnknownFunction] because it moves"
    assert said(above(7, remark))[0] == [(16, "BadTarget")]


def test_a_remark_for_the_file_silences_all_of_it(said):
    assert said(above(1, "ignore-file[BadTarget] because it moves"))[0] == [(12, "UnknownFunction")]


def test_a_snooze_holds_up_to_its_day_and_counts_again_after_it(said):
    assert said(above(10, "snooze[BadTarget] until 2026-06-01 because it is being mended"))[0][0][0] == 12
    counted, seen = said(above(10, "snooze[BadTarget] until 2026-05-31 because it is being mended"))
    assert counted[0] == (11, "BadTarget")
    (hint,) = [one.hint for one in seen.findings if one.place.line == 11]
    assert hint == "the snooze of line 10 ended on 2026-05-31"


@pytest.mark.parametrize(
    ("remark", "what"),
    [
        ("ignore[BadTarget]", "a remark without a reason"),
        ("ignore[] because x", "a remark without a keyword"),
        ("ignore because x", "cannot read"),
        ("ignore[BadTraget] because x", "there is no rule BadTraget"),
        ("ingore[BadTarget] because x", "cannot read"),
        ("snooze[BadTarget] because x", "a snooze needs a date"),
        ("snooze[BadTarget] until tomorrow because x", "a snooze needs a date"),
        ("ignore[BadTarget] until 2027-01-01 because x", "a snooze needs a date"),
        ("ignore[UnusedRemark] because x", "there is no rule UnusedRemark"),
    ],
)
def test_a_remark_that_is_not_understood_silences_nothing_and_is_an_error(said, remark, what):
    counted, seen = said(above(10, remark))
    assert counted == [(10, "BadRemark"), (11, "BadTarget"), (12, "UnknownFunction"), (16, "BadTarget")]
    assert what in next(one.what for one in seen.findings if one.keyword == "BadRemark")


def test_a_remark_that_silences_nothing_is_a_finding(said):
    counted, _ = said(above(11, "ignore[BadTarget] because it was broken once"))
    assert (11, "UnusedRemark") in counted


def test_of_rules_that_did_not_run_nobody_knows_whether_a_remark_is_of_use(said):
    counted, _ = said(above(11, "ignore[NoSuchMetric, JobGone] because it starts next week"))
    assert "UnusedRemark" not in {keyword for _, keyword in counted}


def test_text_that_looks_like_a_remark_and_other_comments_are_left_alone(said):
    content = "type: text\n          content: |\n            # sfcci: ignore[BadTarget]\n"
    text = PLAIN.replace("type: graph\n", content, 1).replace("title: T", 'title: "T # sfcci: ignore[x]"')
    assert "BadRemark" not in {keyword for _, keyword in said(text + "# sfcci: begin rates gate\n")[0]}


def test_thousands_of_remarks_take_no_long_time(said):
    counted, _ = said("  # sfcci: ignore[BadTarget] because x\n" * 20_000 + PLAIN)
    assert len(counted) < 1000
