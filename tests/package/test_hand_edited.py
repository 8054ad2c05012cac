"""Hand-edited regions outlive rendering, whatever is rendered around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError
from sfcci.package.hand_edited import carried, regions, without_regions
from sfcci.package.sdist import project_metadata
from sfcci.package.spec import spec_text

PATCH = "# by hand: it crashes without\nPatch0:         fix.patch\n# end by hand\n"


@pytest.fixture
def spec(sample, project):
    return spec_text(sample, project_metadata(project / "code"))


def below(text, line, region=PATCH):
    assert line in text
    return text.replace(line, line + region, 1)


def test_a_region_stays_below_its_line_when_the_rest_is_rendered_anew(spec):
    old = below(spec, "BuildArch:      noarch\n")
    new = spec.replace("%build\n", "# what is new\n%build\n")
    assert carried(old, new, "x") == below(new, "BuildArch:      noarch\n")


def test_a_tag_is_the_same_line_whatever_it_says(spec):
    old = below(spec, "Version:        1.0\n")
    new = spec.replace("Version:        1.0", "Version:        2.0")
    assert carried(old, new, "x") == below(new, "Version:        2.0\n")


def test_a_line_that_is_in_many_sections_is_that_of_the_regions_own(spec):
    again = spec.replace("%install\n", "%install\n%pyproject_wheel\n")
    old = below(again, "%install\n%pyproject_wheel\n")
    assert carried(old, again, "x") == old


def test_a_region_whose_line_above_is_gone_stands_above_the_line_below_it(spec):
    old = below(spec, "%pyproject_install\n")
    new = spec.replace("%pyproject_install\n", "%other_install\n")
    assert carried(old, new, "x") == below(new, "%other_install\n")


def test_a_region_that_has_lost_its_place_is_an_error_and_nothing_is_lost(spec):
    old = below(spec, "%pyproject_install\n")
    new = spec.replace("%install\n", "%install -x\n")
    with pytest.raises(InputError, match=r"x:\d+: a hand-edited region stands below '%pyproject_install'"):
        carried(old, new, "x")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# by hand: one\n", r"x:1: a hand-edited region begins and does not end"),
        ("a\n# by hand\n# by hand\n# end by hand\n", r"x:2: .*does not end"),
        ("a\n# end by hand\n", r"x:2: a hand-edited region ends that did not begin"),
    ],
)
def test_half_a_region_is_refused(text, why):
    with pytest.raises(InputError, match=why):
        regions(text, "x")


rendered = st.lists(
    st.sampled_from(["", "a", "b", "Version: 1", "%build", "%files", "%files -n x"]), min_size=1, max_size=12
)
regions_at = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["one", "", "%build", "two\nlines"])), max_size=4
)


def with_regions(lines, inserted):
    """The lines with regions in front of the given ones; regions never part a line from the blank ones after it."""
    text = list(lines)
    for wanted, content in sorted(inserted, reverse=True):
        at = min(wanted, len(lines))
        text[at:at] = ["# by hand: x", *content.split("\n"), "# end by hand"]
    return "".join(f"{line}\n" for line in text)


@given(rendered, regions_at)
def test_what_was_carried_over_is_all_there_and_the_rest_is_what_was_rendered(lines, inserted):
    new = "".join(f"{line}\n" for line in lines)
    old = with_regions(lines, inserted)
    merged = carried(old, new, "x")
    assert merged == old
    assert without_regions(merged, "x") == new


@given(rendered, rendered, regions_at)
def test_regions_are_all_kept_or_it_is_an_error(before, after, inserted):
    old = with_regions(before, inserted)
    new = "".join(f"{line}\n" for line in after)
    try:
        merged = carried(old, new, "x")
    except InputError:
        return
    assert without_regions(merged, "x") == new
    assert sorted(r.lines for r in regions(merged, "x")) == sorted(r.lines for r in regions(old, "x"))
    assert carried(merged, new, "x") == merged


EBUILD = """\
# Copyright 2025-2026 The sfcci developers

EAPI=8

inherit distutils-r1 pypi

LICENSE="MIT"
KEYWORDS="~amd64"

RDEPEND="
	>=dev-python/click-8[${PYTHON_USEDEP}]
"

distutils_enable_sphinx doc/source \\
	"dev-python/theme"

python_test() {
	epytest
}
"""
EXTRA = '# by hand: upstream forgot it\nRDEPEND+=" dev-python/six[${PYTHON_USEDEP}]"\n# end by hand\n'


@pytest.mark.parametrize(
    "line",
    ["# Copyright 2025-2026 The sfcci developers\n", 'KEYWORDS="~amd64"\n', '\n"\n', "\tepytest\n", "\n}\n"],
)
def test_a_region_of_an_ebuild_stays_when_another_version_is_rendered(line):
    other = EBUILD.replace("2026", "2027").replace("~amd64", "amd64").replace("click-8", "click-9")
    new_line = line.replace("2026", "2027").replace("~amd64", "amd64")
    old = below(EBUILD, line, EXTRA)
    assert carried(old, other, "x.ebuild") == below(other, new_line, EXTRA)
    assert carried(old, EBUILD, "x.ebuild") == old


@pytest.mark.parametrize(
    "line", ['RDEPEND="\n', "\t>=dev-python/click-8[${PYTHON_USEDEP}]\n", "doc/source \\\n"]
)
def test_a_region_where_bash_would_not_see_a_comment_is_refused(line):
    with pytest.raises(InputError, match=r"x\.ebuild:\d+: a hand-edited region inside a string or a command"):
        carried(below(EBUILD, line, EXTRA), EBUILD, "x.ebuild")


def test_a_region_may_be_indented_as_the_function_is_in_which_it_stands():
    extra = "\t# by hand: it hangs\n\tsleep 1\n\t# end by hand\n"
    old = below(EBUILD, "\tepytest\n", extra)
    assert carried(old, EBUILD, "x.ebuild") == old
    with pytest.raises(InputError, match="begins and does not end"):
        carried(old.replace("\t# end by hand\n", ""), EBUILD, "x.ebuild")


def test_a_line_in_one_function_of_an_ebuild_is_not_that_in_another():
    new = EBUILD + "\nsrc_test() {\n\tepytest\n}\n"
    old = below(EBUILD, "\tepytest\n", EXTRA)
    assert carried(old, new, "x.ebuild") == below(new, "\tepytest\n", EXTRA)
