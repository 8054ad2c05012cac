"""Lints of our own, on texts: what each of them finds, and what it leaves alone."""

import pytest

from sfcci.package import ebuild_lint
from sfcci.package.ebuild_lint import Source, Surroundings
from sfcci.package.shell import parsed

HEADER = (
    "# Copyright 2026 The sfcci developers\n# Distributed under the terms of the Apache License 2.0\nEAPI=8\n"
)
ECLASSES = {
    "python-r1": 'IUSE=${_flags[*]}\nPYTHON_DEPS="x"\n',
    "distutils-r1": 'inherit python-r1\ndistutils_enable_tests() {\n\tIUSE+=" test"\n}\n_set() {\n\tIUSE+=" own"\n}\n',
    "cmake": "inherit flag-o-matic\ncmake_src_configure() { :; }\n",
    "flag-o-matic": "filter-flags() { :; }\n",
}
AROUND = Surroundings(
    eclasses={name: parsed(text) for name, text in ECLASSES.items()},
    slots={
        "dev-lang/python": frozenset({"3.12", "3.13"}),
        "dev-libs/a": frozenset({"0/1"}),
        "dev-libs/b": frozenset({"0"}),
    },
    for_pythons={"sys-cluster/neutron": True, "dev-python/data": False},
    flags=frozenset({"prefix", "amd64"}),
    prefixes=("python_targets_", "l10n_"),
)


def judged(text, around=AROUND):
    """What is found in an ebuild: keyword, line below the header."""
    found = ebuild_lint.ebuild_findings(Source("dev-python/x/x-1.ebuild", HEADER + text), around)
    return [(finding.keyword, finding.place.line - 3) for finding in found]


@pytest.mark.parametrize(
    "text",
    [
        'IUSE="+a"\nsrc_test() { use a; }',
        'IUSE="l10n_${x} ${LANGS[@]/#/lang_}"\nf() { use l10n_de; usex lang_de; }',
        "f() { use l10n_de; use amd64; use python_targets_python3_13; use ${x}; use; }",
        "inherit distutils-r1\ndistutils_enable_tests pytest\nf() { use test; use own; }",
        "f() { in_iuse a && use a; }",
        'f() { ewarn "use a"; # use a\n}',
        "inherit nosuch\nf() { use a; }",
    ],
)
def test_flags_that_are_there_may_be_asked_for(text):
    assert judged(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("f() {\n\tuse a\n}", 2),
        ('f() {\n\tx "$(use_with !a)"\n}', 2),
        ("inherit distutils-r1\nf() { use test; }", 2),
        ('IUSE="ab"\nf() { usev a; }', 2),
    ],
)
def test_a_flag_that_is_not_there_is_told(text, line):
    assert judged(text) == [("UseNotInIuse", line)]


@pytest.mark.parametrize(
    ("dependency", "told"),
    [
        ("dev-python/a", True),
        (">=dev-python/a-1[b]", True),
        ("sys-cluster/neutron", True),
        (">=dev-python/a-1[${PYTHON_USEDEP}]", False),
        ("dev-python/a[b,${PYTHON_SINGLE_USEDEP}]", False),
        ("dev-python/data", False),
        ("!dev-python/a", False),
        ("dev-libs/b", False),
    ],
)
def test_python_packages_are_asked_for_with_their_python(dependency, told):
    expected = [("PythonUsedepMissing", 3)] if told else []
    assert judged(f'inherit python-r1\nBDEPEND="\n\tx? ( {dependency} )"') == expected
    assert judged(f'BDEPEND="\n\tx? ( {dependency} )"') == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('RDEPEND="dev-lang/python"', True),
        ('RDEPEND=">=dev-lang/python-3"', True),
        ('RDEPEND="dev-lang/python:3.12 dev-lang/python:= dev-lang/python:*"', False),
        ('RDEPEND="~dev-lang/python-3.12.1 !dev-lang/python"', False),
        ('DEPEND="dev-libs/a"\nRDEPEND="${DEPEND}"', True),
        ('COMMON="dev-libs/a"\nDEPEND="${COMMON}"\nRDEPEND="${COMMON}"', True),
        ('DEP="dev-libs/a"\nDEPEND="${DEP} x"\nRDEPEND="$DEP"', True),
        ('DEPEND="dev-libs/a"', False),
        ('HINT="dev-lang/python"', False),
        ('DEPEND="dev-libs/a:="\nRDEPEND="${DEPEND}"', False),
        ('DEPEND="dev-libs/b"\nRDEPEND="${DEPEND}"', False),
    ],
)
def test_a_slot_is_said_where_there_are_several(text, told):
    assert [keyword for keyword, _line in judged(text)] == ["SlotOperatorMissing"] * told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("f() { systemd_dounit x; }", True),
        ("f() { tc-getCC; tc-getCXX; }", True),
        ("f() { cmake_src_configure; }", True),
        ("inherit cmake\nf() { cmake_src_configure; filter-flags x; }", False),
        ("edo() { :; }\nf() { edo x; }", False),
        ('f() { elog "systemd_dounit"; }', False),
        ("inherit nosuch\nf() { systemd_dounit x; }", False),
    ],
)
def test_functions_of_eclasses_want_their_eclass(text, told):
    assert [keyword for keyword, _line in judged(text)] == ["InheritMissing"] * told


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("EAPI=8\n", 1),
        ("# Copyright The sfcci developers\n", 1),
        ("# Copyright 2026\n", 1),
        ("# Copyright 2026-2026 The sfcci developers\n", 1),
        ("# Copyright 2026 The sfcci developers\n\n", 2),
    ],
)
def test_a_header_that_says_too_little_is_told(text, line):
    (finding,) = ebuild_lint.ebuild_findings(Source("a/b/b-1.ebuild", text), Surroundings())
    assert (finding.keyword, finding.place.line) == ("CopyrightHeader", line)
    assert finding.hint.startswith("expected: # ")


def test_a_maintainer_is_somebody():
    assert list(ebuild_lint.maintainer_there("a/b", '<x><maintainer type="person">')) == []
    for text in (None, "<x/>", "<!-- <maintainer> -->", "<maintainers/>"):
        (finding,) = ebuild_lint.maintainer_there("a/b", text)
        assert str(finding.place) == "a/b/metadata.xml"


def test_masks_mask_something():
    mask = "# why\n=a/b-2\n\n>=a/b-1 # too\n~a/c-1\n-a/b\n"
    found = [(f.place.line, f.what) for f in ebuild_lint.masks_used(mask, {"a/b": ("1", "9999")})]
    assert found == [
        (2, "masks nothing: it has 1, 9999"),
        (5, "masks nothing: the overlay has no such package"),
    ]
