"""PMS's dependency syntax, read and laid out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.package.dependency import (
    Group,
    NoDependency,
    atom_fault,
    conditions,
    laid_out,
    parse_dependency,
    words,
)

ATOMS = st.sampled_from(
    [
        "app-text/poppler",
        ">=media-libs/leptonica-1.74:=[zlib,tiff?]",
        "!<sys-devel/clang-${PV}",
        "${RDEPEND}",
        "$(python_gen_cond_dep 'dev-python/x[${PYTHON_USEDEP}]' python3_13)",
    ]
)
HEADS = st.sampled_from(["", "||", "doc?", "!doc?", "l10n_zh-CN?"])
NODES = st.recursive(
    ATOMS,
    lambda inner: st.builds(Group, HEADS, st.lists(inner, min_size=1, max_size=4).map(tuple)),
    max_leaves=12,
)


@given(st.lists(NODES, max_size=4).map(tuple))
def test_what_is_laid_out_reads_as_what_it_was(nodes):
    assert parse_dependency("\n".join(laid_out(nodes))) == nodes


def test_a_group_with_one_member_stays_on_its_line_and_a_larger_one_gets_lines():
    nodes = parse_dependency("doc? ( app-text/doxygen ) opencl? ( virtual/opencl media-libs/tiff:0= )")
    assert laid_out(nodes) == (
        "\tdoc? ( app-text/doxygen )",
        "\topencl? (",
        "\t\tvirtual/opencl",
        "\t\tmedia-libs/tiff:0=",
        "\t)",
    )


def test_flags_stay_on_their_line():
    assert laid_out(parse_dependency("|| ( mysql postgres sqlite )")) == ("\t|| ( mysql postgres sqlite )",)


def test_the_flags_that_are_asked_and_the_words():
    nodes = parse_dependency("a? ( !b? ( x/y ) || ( x/z ?? ( c d ) ) )")
    assert list(conditions(nodes)) == ["a", "b"]
    assert list(words(nodes)) == ["x/y", "x/z", "c", "d"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a? ( x/y", "never closed"),
        ("x/y )", "never opened"),
        ("|| x/y", "has no group"),
        ("a?", "has no group"),
        ("a?( x/y )", "blanks around"),
    ],
)
def test_brackets_that_do_not_match_are_told(text, why):
    with pytest.raises(NoDependency, match=why):
        parse_dependency(text)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (">=app-text/poppler", "an operator without a version"),
        ("app-text/poppler-1.0", "a version without an operator"),
        ("poppler", "is no package dependency"),
        ("app-text/poppler[", "is no package dependency"),
        ("~app-text/paperwork-backend-${PV}[${PYTHON_USEDEP}]", ""),
        ("=sys-libs/libomp-${PV}*[${MULTILIB_USEDEP}]", ""),
        ("!!<x/y-1", ""),
        ("dev-libs/libxml2:2=", ""),
    ],
)
def test_a_word_is_a_package_dependency_or_the_reason_is_told(word, why):
    found = atom_fault(word)
    assert why in found
    assert bool(why) is bool(found)
