"""Other versions: how requirements differ, and descriptions edited in place."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import document
from sfcci.errors import InputError
from sfcci.package.bump import bumped_component, bumped_text, requirement_changes
from sfcci.package.catalogue import parse_component
from sfcci.package.sdist import SdistMetadata

TEXT = f"""\
# What it is.
name = "sample"
version = '1.0'  # not 1.1, which is broken
license = "MIT"
homepage = "https://sample.example.org"
kind = "library"
modules = ["sample"]

[source]
sha256 = "{"0" * 64}"  # looked at
git = "https://sample.example.org/sample.git"

# version = "of nothing"
[rpm]
recommends = [
    "openvswitch",  # drives it
]

# The first was never published.
[[changelog]]
date = 2026-10-01
release = 3
version = "1.0"
changes = ["New"]
"""
DAY = dt.date(2026, 11, 21)


def parsed(text):
    return parse_component(document.parse(text, "sample.toml"))


def bumped(text, version="2.0", sdist="sample-2.0.tar.gz", day=DAY):
    before = parsed(text)
    return bumped_text(text, before, bumped_component(before, version, sdist, "1" * 64, day))


def test_version_hash_and_changelog_change_and_nothing_else():
    wanted = TEXT.replace("'1.0'", '"2.0"', 1).replace("0" * 64, "1" * 64)
    entry = '[[changelog]]\ndate = 2026-11-21\nrelease = 1\nversion = "2.0"\nchanges = ["Version 2.0"]\n\n'
    assert bumped(TEXT) == wanted.replace("[[changelog]]", f"{entry}[[changelog]]")


def test_a_changelog_never_goes_back_in_time():
    assert parsed(bumped(TEXT, day=dt.date(2026, 1, 1))).changelog[0].date == dt.date(2026, 10, 1)


def test_a_file_name_that_does_not_follow_from_the_version_is_told():
    assert parsed(bumped(TEXT, sdist="Sample-2.0.tar.gz")).source.sdist == "Sample-2.0.tar.gz"
    told = TEXT.replace("[source]\n", '[source]\nsdist = "Sample-1.0.tar.gz"\n')
    assert parsed(bumped(told, sdist="sample-2.0.tar.gz")).source.sdist == "sample-2.0.tar.gz"


def test_a_description_in_a_style_that_cannot_be_edited_is_refused():
    start, _changelog = TEXT.split("# The first")
    inline = 'changelog = [{date = 2026-10-01, release = 1, version = "1.0", changes = ["New"]}]\n'
    text = start.replace("[source]", f"{inline}\n[source]")
    assert parsed(text)
    with pytest.raises(InputError, match=r"sample.toml: cannot be edited in place; expected lines version ="):
        bumped(text)


numbers = st.lists(st.integers(0, 99), min_size=1, max_size=4).map(lambda n: ".".join(map(str, n)))


@given(numbers, numbers)
def test_bumped_and_bumped_back_it_says_the_same_but_for_the_changelog(there, back):
    text = bumped(bumped(TEXT, there, f"sample-{there}.tar.gz"), back, f"sample-{back}.tar.gz")
    again = parsed(text)
    assert again.version == back
    assert len(again.changelog) == 3
    assert replace(again, version="", source=None, changelog=()) == replace(
        parsed(TEXT), version="", source=None, changelog=()
    )
    assert [line for line in text.splitlines() if "#" in line and "=" not in line] == [
        "# What it is.",
        '    "openvswitch",  # drives it',
        "# The first was never published.",
    ]


def told(requires=(), build=("setuptools",), python="", **files):
    named = {f"{name}-requirements.txt": tuple(lines) for name, lines in files.items()}
    return SdistMetadata(
        "sample",
        "1.0",
        requires=tuple(requires),
        build_requires=build,
        requires_python=python,
        requirement_files=named,
    )


def changes(before, after, component=None):
    return [str(change) for change in requirement_changes(component or parsed(TEXT), before, after)]


def test_requirements_that_came_went_and_changed_are_told():
    before = told(["oslo.config>=8.0.0", "six", "x>=1; python_version<'3'"], python=">=3.9", test=["a"])
    after = told(["oslo_config >= 9", "new", "x>=1; python_version < '3'"], ("pbr",), ">=3.10", test=["b"])
    tested = replace(parsed(TEXT), tests=None, subpackages=())
    assert changes(before, after, tested) == [
        "added    run: new",
        "changed  run: oslo-config>=8.0.0 -> oslo-config>=9",
        "removed  run: six",
        "added    build: pbr",
        "removed  build: setuptools",
        "changed  python: >=3.9 -> >=3.10",
    ]


def test_files_that_the_description_names_are_compared_too():
    component = parsed(TEXT + '\n[tests]\nrunner = "stestr"\nrequirements = "test-requirements.txt"\n')
    assert changes(told(test=["a", "b>=1"]), told(test=["b>=2"]), component) == [
        "removed  test-requirements.txt: a",
        "changed  test-requirements.txt: b>=1 -> b>=2",
    ]


projects = st.lists(
    st.sampled_from(["a", "B.b", "c>=1", "c>=2", "d!=1,>=0", "e; python_version<'4'"]), unique=True
)


@given(projects, projects)
def test_the_difference_is_empty_for_the_same_and_the_reverse_for_the_reverse(one, other):
    assert changes(told(one), told(reversed(one))) == []
    there = requirement_changes(parsed(TEXT), told(one), told(other))
    back = requirement_changes(parsed(TEXT), told(other), told(one))
    assert [(c.project, c.before, c.after) for c in there] == [(c.project, c.after, c.before) for c in back]
