"""Several targets are asked in one question only where it is certain of which of them each series is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.dashboard.attribution import attributed, together
from sfcci.metric.graphite import Series


def named(*names):
    return [Series(name, name, ((1.0, 0),)) for name in names]


def told(texts, *names):
    found = attributed(texts, named(*names))
    return None if found is None else [[one.target for one in some] for some in found]


def test_names_tell_series_apart_however_many_there_are_of_each():
    texts = ["alias(sumSeries(a.*),'x')", "b.*.c", "alias(d.*,'y')"]
    assert together(texts)
    assert told(texts, "x", "b.1.c", "b.2.c", "y", "y") == [["x"], ["b.1.c", "b.2.c"], ["y", "y"]]
    assert told(texts, "b.1.c") == [[], ["b.1.c"], []]


def test_a_count_tells_them_apart_where_each_gives_one():
    texts = ["scale(a.b,2)", "alias(sumSeries(c.*),'s')"]
    assert together(texts)
    assert told(texts, "scale(a.b,2)", "s") == [["scale(a.b,2)"], ["s"]]
    assert told(texts, "s") is None


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["alias(a.b,'x')", "alias(c.d,'x')"], ["x"]),
        (["scale(a.*,2)", "c.d"], ["c.d"]),
        (["highestMax(a.*,1)", "alias(c.d,'x')"], ["x"]),
        (["a.*", "*.b"], ["a.b"]),
    ],
)
def test_what_is_not_certain_is_not_told_apart(texts, names):
    assert told(texts, *names) is None


def test_targets_that_can_never_be_told_apart_are_not_asked_together():
    assert not together(["alias(a.*,'x')", "alias(c.*,'x')"])
    assert not together(["scale(a.*,2)", "c.d"])


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), unique_by=lambda one: one[0], min_size=2
    )
)
def test_aliases_that_differ_are_always_told_apart(given_targets):
    texts = [f"alias(m.{name}.*,'{name}')" for name, _ in given_targets]
    series = [name for name, count in given_targets for _ in range(count)]
    assert told(texts, *series) == [[name] * count for name, count in given_targets]
