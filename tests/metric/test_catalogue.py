"""The catalogue of names: globs as Graphite reads them, search by words, completion, and the tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import UsageError
from sfcci.metric.catalogue import (
    Known,
    Matched,
    checked,
    completions,
    drawn,
    gathered,
    known_names,
    search,
    tree,
)
from sfcci.metric.glob import pattern

PART = st.text("ab-", min_size=1, max_size=3)
NAME = st.lists(PART, min_size=1, max_size=4).map(".".join)
NAMES = st.frozensets(NAME, max_size=12)
GLOB_PART = st.one_of(PART, st.sampled_from(["*", "a*", "?", "[ab]", "{a,b}", "{a,bb}*"]))
GLOB = st.lists(GLOB_PART, min_size=1, max_size=4).map(".".join)
GATE = [
    f"stats_counts.zuul.tenant.t.pipeline.{pipeline}.job.{job}.{result}"
    for pipeline in ("check", "gate")
    for job in ("sfc-balance", "sfc-http-2", "sfc-http-10")
    for result in ("SUCCESS", "FAILURE")
]


@given(NAMES, st.lists(GLOB, max_size=5))
def test_names_at_hand_answer_globs_as_their_regular_expressions_do(names, globs):
    expected = {name for name in names for glob in globs if pattern(glob).fullmatch(name)}
    assert Known(names).expand(globs) == sorted(expected)


@given(NAMES, GLOB)
def test_a_branch_is_what_names_begin_with(names, glob):
    found = Known(names).find(glob)
    whole = names | {".".join(name.split(".")[:n]) for name in names for n in range(1, name.count(".") + 1)}
    assert found == {name: name in names for name in sorted(whole) if pattern(glob).fullmatch(name)}


@given(NAMES)
def test_a_branch_counts_the_series_below_it(names):
    known = Known(names)
    for name in known.find("*"):
        assert known.count_below(name) == sum(one.startswith(f"{name}.") for one in names)


def test_two_stars_are_any_number_of_parts():
    names = Matched({"a.b", "a.x.b", "a.x.y.b", "a.c"})
    assert set(names.matching("a.**.b")) == {"a.b", "a.x.b", "a.x.y.b"}
    assert set(names.matching("**")) == names.names


@given(st.lists(NAME, max_size=150))
def test_few_patterns_match_whatever_the_many_did(names):
    asked = [pattern(one) for one in gathered(names)]
    assert all(any(one.fullmatch(name) for one in asked) for name in names)


def test_ten_thousand_names_of_one_kind_are_few_questions():
    names = [f"stats.job-{n}.{result}" for n in range(5000) for result in ("SUCCESS", "FAILURE")]
    asked = []

    class Counting(Known):
        def find(self, _pattern):
            raise AssertionError

    known = Counting(names)

    class Asked:
        def expand(self, patterns, *, leaves_only=True):
            asked.extend(patterns)
            return known.expand(patterns, leaves_only=leaves_only)

    assert known_names(names, Asked()) == set(names)
    assert len(asked) < 10


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a..b", "has an empty part"),
        ("", "has an empty part"),
        ("a.", "has an empty part"),
        ("a.{b,c", "has a brace without its other half"),
        ("a.{b.c}", "has a brace without its other half, or a dot between braces"),
        ("a b", "holds ' '"),
        ("sum(a)", r"holds '\('"),
        ("a.ü", "holds 'ü'"),
        ("a." * 600 + "a", "is longer than 1000 characters"),
    ],
)
def test_what_graphite_would_not_understand_is_refused(text, wrong):
    with pytest.raises(UsageError, match=wrong):
        checked(text)


def test_names_and_globs_are_let_through():
    for text in ("a", "a.b-c_d", "a.{b,c*}.[a-z]?.**", "a.b:c;d=e"):
        assert checked(text) == text


@given(NAMES, st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3))
def test_what_is_found_holds_every_word_and_nothing_that_does_is_missing(names, words):
    expected = {name for name in names if all(word in name for word in words)}
    assert set(search(" ".join(words), names)) == expected


def test_whole_parts_come_first_then_beginnings_then_short_names():
    names = ["x.my-job.a", "x.job.a", "x.job-2.aa", "x.ajob.a"]
    assert search("JOB", names) == ["x.job.a", "x.job-2.aa", "x.my-job.a", "x.ajob.a"]
    assert search("bal FAIL gate", GATE) == [
        "stats_counts.zuul.tenant.t.pipeline.gate.job.sfc-balance.FAILURE"
    ]
    assert search("http* fail check", GATE) == []
    assert search("*http* fail check", GATE) == [
        "stats_counts.zuul.tenant.t.pipeline.check.job.sfc-http-2.FAILURE",
        "stats_counts.zuul.tenant.t.pipeline.check.job.sfc-http-10.FAILURE",
    ]


def test_a_name_goes_on_up_to_the_next_fork():
    find = Known(GATE).find
    begin = "stats_counts.zuul.tenant.t.pipeline."
    assert completions("", find) == [f"{begin}check.", f"{begin}gate."]
    assert completions("st", find) == [f"{begin}check.", f"{begin}gate."]
    jobs = [f"{begin}gate.job.{job}." for job in ("sfc-balance", "sfc-http-2", "sfc-http-10")]
    assert completions(f"{begin}ga", find) == jobs
    assert completions(jobs[0], find) == [f"{jobs[0]}FAILURE", f"{jobs[0]}SUCCESS"]
    assert completions(f"{jobs[0]}S", find) == [f"{jobs[0]}SUCCESS"]
    assert completions("x", find) == []


def test_globs_before_the_last_part_are_kept():
    find = Known(GATE).find
    assert completions("*.zuul.tenant.*.pipeline.g", find) == [
        f"*.zuul.tenant.*.pipeline.gate.job.{job}." for job in ("sfc-balance", "sfc-http-2", "sfc-http-10")
    ]
    for text in ("stats_*", "a..b", ".", "stats_counts.{zuul,"):
        assert completions(text, find) == []


@given(NAMES, NAME)
def test_every_completion_begins_as_asked_and_leads_somewhere(names, begun):
    for found in completions(begun, Known(names).find):
        assert found.startswith(begun)
        assert found in names or any(name.startswith(found) for name in names)


@given(NAMES)
def test_the_tree_holds_every_name_once(names):
    def leaves(branch):
        yield from [branch.name] if branch.series else []
        for one in branch.below:
            yield from leaves(one)

    top = tree(names)
    assert sorted(leaves(top)) == sorted(names)
    assert top.leaves == len(names)


def test_the_tree_is_drawn_with_its_counts_and_ways_without_a_fork_on_one_line():
    assert list(drawn(tree(GATE), 2)) == [
        "stats_counts.zuul.tenant.t.pipeline  (12)",
        "├── check.job  (6)",
        "│   ├── sfc-balance  (2)",
        "│   ├── sfc-http-2  (2)",
        "│   └── sfc-http-10  (2)",
        "└── gate.job  (6)",
        "    ├── sfc-balance  (2)",
        "    ├── sfc-http-2  (2)",
        "    └── sfc-http-10  (2)",
    ]
    begin = "stats_counts.zuul.tenant.t.pipeline.gate"
    assert list(drawn(tree(GATE, begin), 2, most=1)) == [
        f"{begin}.job  (6)",
        "├── sfc-balance  (2)",
        "│   ├── FAILURE",
        "│   └── … 1 more with 1 series",
        "└── … 2 more with 4 series",
    ]
    assert list(drawn(tree(["a.b", "a"]), 3)) == ["a  (2)", "└── b"]
    assert list(drawn(tree([]), 3)) == ["all names"]
