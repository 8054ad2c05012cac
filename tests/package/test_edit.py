"""Descriptions edited in place: what was said is changed, and nothing else."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import document
from sfcci.errors import InputError
from sfcci.package import edit
from sfcci.package.catalogue import parse_component
from sfcci.package.component import GentooVersion

TEXT = f"""\
# What it is.
name = "sample"
version = "1.0"
license = "MIT"
homepage = "https://sample.example.org"
kind = "library"
modules = ["sample"]

[source]
sha256 = "{"0" * 64}"  # looked at
# no live ebuild: nobody asked for one

[gentoo]
# Gentoo's own developers look after it.
category = "dev-python"

# How the index names it.
[gentoo.names]
foo = "dev-libs/foo"  # [sic]

# The first was never published.
[[changelog]]
date = 2026-10-01
release = 3
version = "1.0"
changes = ["New"]
"""
DAY = dt.date(2026, 11, 21)
OLD = GentooVersion("0.9", "sample-0.9.tar.gz", "9" * 64, keywords=("amd64", "~arm64"))
BLOCK = f"""\
[[gentoo.versions]]
version = "0.9"
sha256 = "{"9" * 64}"
keywords = ["amd64", "~arm64"]
"""


def parsed(text):
    return parse_component(document.parse(text, "sample.toml"))


def told(entry):
    return replace(entry, sdist="")


def test_a_version_is_written_below_what_there_is_of_gentoo():
    text = edit.with_version(TEXT, told(OLD))
    assert text == TEXT.replace("# [sic]\n", f"# [sic]\n\n{BLOCK}")
    assert parsed(text).gentoo.versions == (OLD,)
    again = edit.with_version(text, told(replace(OLD, version="0.8")))
    assert [v.version for v in parsed(again).gentoo.versions] == ["0.9", "0.8"]
    assert edit.without_version(again, 1) == text
    assert edit.without_version(text, 0) == TEXT


def test_without_a_table_it_stands_before_the_changelog_and_its_comment():
    start, end = TEXT.index("[gentoo]"), TEXT.index("# The first")
    bare = TEXT[:start] + TEXT[end:]
    assert edit.with_version(bare, told(OLD)) == f"{TEXT[:start]}{BLOCK}\n{TEXT[end:]}"
    assert edit.with_keys(bare, "[gentoo]", {"mask": "No.", "masked": DAY}) == (
        f'{TEXT[:start]}[gentoo]\nmask = "No."\nmasked = 2026-11-21\n\n{TEXT[end:]}'
    )


def test_keys_are_set_changed_and_taken_away():
    masked = edit.with_keys(TEXT, "[gentoo]", {"mask": 'Says "no".', "masked": DAY})
    line = 'category = "dev-python"\n'
    assert masked == TEXT.replace(line, f'{line}mask = "Says \\"no\\"."\nmasked = 2026-11-21\n')
    other = edit.with_keys(masked, "[gentoo]", {"mask": "Other."})
    assert parsed(other).gentoo.mask == "Other."
    assert edit.with_keys(other, "[gentoo]", {"mask": None, "masked": None}) == TEXT
    assert edit.with_keys(TEXT, "[gentoo]", {"mask": None}) == TEXT


def test_the_second_version_is_not_the_first():
    two = edit.with_version(edit.with_version(TEXT, told(OLD)), told(replace(OLD, version="0.8")))
    masked = parsed(edit.with_keys(two, edit.VERSIONS, {"mask": "Old."}, 1)).gentoo.versions
    assert [version.mask for version in masked] == ["", "Old."]


def test_what_does_not_say_what_it_should_is_refused():
    wanted = parsed(TEXT)
    assert edit.edited(TEXT, wanted) == TEXT
    inline = TEXT.replace("[gentoo]\n", "[gentoo]\nversions = []\n")
    other = replace(wanted, gentoo=replace(wanted.gentoo, versions=(OLD,)))
    for text in (edit.with_version(inline, told(OLD)), TEXT):
        with pytest.raises(InputError, match=r"sample\.toml: cannot be edited in place"):
            edit.edited(text, other)


reasons = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).map(
    lambda text: f"x{text}"
)


@given(reasons)
def test_any_reason_is_read_as_it_was_given_and_can_be_taken_back(reason):
    masked = edit.with_keys(TEXT, "[gentoo]", {"mask": reason})
    assert parsed(masked).gentoo.mask == reason
    assert edit.with_keys(masked, "[gentoo]", {"mask": None}) == TEXT


@given(st.lists(st.integers(1, 9), unique=True, max_size=5), st.data())
def test_versions_that_are_added_and_taken_away_leave_no_trace(minors, data):
    entries = [replace(OLD, version=f"0.{minor}", sdist=f"sample-0.{minor}.tar.gz") for minor in minors]
    text = TEXT
    for entry in entries:
        text = edit.with_version(text, told(entry))
    assert parsed(text).gentoo.versions == tuple(entries)
    while entries:
        number = data.draw(st.integers(0, len(entries) - 1))
        text = edit.without_version(text, number)
        del entries[number]
        assert parsed(text).gentoo.versions == tuple(entries)
    assert text == TEXT
