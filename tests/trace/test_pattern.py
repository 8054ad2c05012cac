import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.trace.pattern import PatternError, compiled

_ATOM = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "\\d", "\\W", "[a-c0-9]", "\\.", "^", "$", "\\b", "(?:ab)", "(?i:A)"]
)
_PATTERN = st.recursive(
    _ATOM,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}", "*?"])).map(
            lambda p: f"({p[0]}){p[1]}"
        ),
    ),
    max_leaves=8,
)


@given(_PATTERN, st.text(alphabet="abcA0. \n", max_size=10))
def test_a_pattern_finds_where_pythons_finds(pattern, text):
    # Python's $ holds before a last line break too, Go's (and so Skydive's) does not.
    assert compiled(pattern)(text) == bool(re.search(pattern.replace("$", "\\Z"), text, re.ASCII))


@given(st.text(alphabet="ab()[]{}|*+?\\^$.-,:P<>i12xdw", max_size=30))
def test_any_text_is_a_pattern_or_refused(text):
    with contextlib.suppress(PatternError):
        compiled(text)("abab")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)x", "(a?){30}a{30}"]
)
def test_patterns_on_which_backtracking_hangs_are_answered(pattern):
    assert compiled(pattern)("a" * 400 + "!") == (pattern == "(a?){30}a{30}")


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(ab", "a ( that nothing closes"),
        ("ab)", "a ) that closes nothing"),
        ("[ab", "a [ that nothing closes"),
        ("*a", "nothing stands before *"),
        ("a**", "a repetition of a repetition"),
        ("a\\", "a backslash with nothing behind it"),
        ("\\1", "no escape: \\1"),
        ("[z-a]", "no range: z-a"),
        ("a{3,2}", "no number of times: {3,2}"),
        ("((a{100}){100}){100}", "a pattern too large"),
        ("(" * 60, "groups in groups"),
        ("a" * 1001, "1001 characters"),
        ("[[:no:]]", "no class [:no:]"),
        ("(?=a)", "a kind of group that there is not"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern, says):
    with pytest.raises(PatternError) as refused:
        compiled(pattern)
    assert says in str(refused.value)


def test_flags_names_and_classes_of_go():
    assert compiled("(?i)^TAP[[:digit:]]+$")("tap12")
    assert compiled("(?P<name>tap).*(?i:X)y")("tapxy")
    assert not compiled("(?i:X)y")("xY")
    assert not compiled("(?i)^[^a]$")("A")
    assert compiled("(?s)a.b")("a\nb")
    assert compiled("(?m)^b$")("a\nb")
    assert compiled("a{,2}")("a{,2}")
    assert compiled("\\x41\\t")("A\t")
    assert compiled("")("")
