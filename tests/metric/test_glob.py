"""Graphite's globs as regular expressions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.metric.glob import pattern


@pytest.mark.parametrize(
    ("path", "name", "found"),
    [
        ("a.{b,c*}", "a.cd", True),
        ("a.{b,c*}", "a.d", False),
        ("a.{b", "a.b", False),
        ("a.b}", "a.b", False),
        ("}a{", "a", False),
        (r"a\}b", "a}b", True),
        (r"a\{b", "a{b", True),
        (r"a\*", "ab", False),
    ],
)
def test_a_name_is_found_or_not(path, name, found):
    assert bool(pattern(path).fullmatch(name)) is found


@given(st.text("ab.*?[]{},!-\\", max_size=12))
def test_law_any_text_is_a_pattern(path):
    assert isinstance(pattern(path), re.Pattern)
