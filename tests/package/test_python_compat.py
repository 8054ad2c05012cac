"""PYTHON_COMPAT read, and the variant that is built where no Python of today is there."""

from hypothesis import given
from hypothesis import strategies as st

from sfcci.package import stand_in
from sfcci.package.ebuild_dependency import PYTHON_MINORS, python_compat
from sfcci.package.python_compat import ebuild_variant, master_variant, python_minors


def test_an_ebuild_that_names_no_python_has_none():
    assert python_minors('EAPI=8\nDESCRIPTION="no Python"\n') is None


@given(st.sets(st.sampled_from(PYTHON_MINORS), min_size=1))
def test_what_is_rendered_is_read_again(minors):
    asked = ",".join(f"!=3.{minor}.*" for minor in set(PYTHON_MINORS) - minors)
    assert python_minors(f"PYTHON_COMPAT=( {python_compat(asked)} )\n") == tuple(sorted(minors))


def test_words_of_all_forms_are_read():
    assert python_minors("PYTHON_COMPAT=( pypy3_11 python3_{9..11} python3_13 python3_{14,15} )") == (
        *(9, 10, 11),
        *(13, 14, 15),
    )


def test_the_variant_changes_nothing_but_the_python():
    text = 'EAPI=8\n\nPYTHON_COMPAT=( python3_{12..14} )\n\ninherit distutils-r1\nIUSE="x"\n'
    assert ebuild_variant(text, 11) == text.replace("python3_{12..14}", "python3_11")
    assert python_minors(ebuild_variant(text, 11)) == (11,)


def test_the_masters_variant_knows_the_older_python_instead_of_the_oldest():
    texts = stand_in.master_files()
    changed = master_variant(texts, 12, 11)
    assert len(changed) == len(texts)
    assert not any("python3_12" in text for text in changed.values())
    assert "python3_11 python3_13" in changed["eclass/python-utils-r1.eclass"]
    assert any(path.startswith("dev-lang/python/python-3.11.") for path in changed)
