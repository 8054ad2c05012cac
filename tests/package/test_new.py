"""New descriptions: what the metadata settles is taken from it, the rest is left open and refused."""

import datetime as dt

import pytest

from sfcci import document
from sfcci.errors import InputError
from sfcci.package.catalogue import parse_component
from sfcci.package.new import description_name, description_text, open_fields
from sfcci.package.sdist import SdistMetadata

DAY = dt.date(2026, 11, 21)
KNOWN = SdistMetadata(
    "Some.Thing",
    "1.0",
    "Does something.",
    license="MIT",
    modules=("some_thing",),
    urls={"Homepage": "https://some.example.org", "Source": "https://opendev.org/x/some-thing/"},
    scripts=("do-it",),
    extras=("fast",),
    requirement_files={"doc/requirements.txt": (), "test-requirements.txt": ()},
    files=frozenset({"doc/source/conf.py", ".stestr.conf", "some_thing/__init__.py", "setup.py"}),
)
TEXT = """\
# Does something.
name = "Some.Thing"
version = "1.0"
license = "MIT"
homepage = "https://some.example.org"
kind = "FILL IN: library (python3-NAME) or application (NAME); it has the programs do-it"
modules = ["some_thing"]
pipeline = false

[source]
sha256 = "0000"
git = "https://opendev.org/x/some-thing"

# [docs]
# folder = "doc/source"
# requirements = "doc/requirements.txt"

# [tests]
# runner = "stestr"
# requirements = "test-requirements.txt"

# extras = ["fast"]  # at the top: packages of their own

[[changelog]]
date = 2026-11-21
release = 1
version = "1.0"
changes = ["First package"]
"""


def written(metadata, sdist="some_thing-1.0.tar.gz", sha256="0000"):
    return description_text(metadata, sdist, sha256, DAY)


def test_what_the_metadata_settles_is_written_and_the_rest_is_marked():
    assert written(KNOWN) == TEXT
    assert description_name(KNOWN) == "some-thing.toml"


def test_it_is_refused_until_it_is_filled_in_and_read_then():
    text = written(KNOWN, sha256="0" * 64)
    with pytest.raises(InputError, match=r"new.toml:6:1: kind: is not filled in; expected library"):
        parse_component(document.parse(text, "new.toml"))
    (field,) = open_fields(text)
    filled = text.replace(field, 'kind = "library"')
    assert parse_component(document.parse(filled, "new.toml")).source.sdist == "some_thing-1.0.tar.gz"


def test_a_licence_that_is_only_hinted_at_is_left_open():
    classifier = "License :: OSI Approved :: Apache Software License"
    metadata = SdistMetadata(
        "x", "1", license_words="Apache 2", classifiers=(classifier,), license_files=("LICENSE",)
    )
    said = "OSI Approved :: Apache Software License; Apache 2; LICENSE"
    assert f"an SPDX licence expression; the sdist says only: {said}" in written(metadata)
    assert 'license = "BSD-3-Clause"' in written(SdistMetadata("x", "1", license_words="BSD-3-Clause"))


def test_what_nobody_said_is_open():
    text = written(
        SdistMetadata("x", "1", files=frozenset({"one/__init__.py", "src/two/__init__.py"})), "X-1.tar.gz"
    )
    assert open_fields(text) == (
        'license = "FILL IN: an SPDX licence expression; the sdist says only: nothing"',
        'homepage = "FILL IN: a web address"',
        'kind = "FILL IN: library (python3-NAME) or application (NAME); it has no programs"',
        'summary = "FILL IN: one line; its metadata has none"',
        'modules = ["FILL IN: the modules that it installs; candidates: one, two"]',
    )
    assert 'sdist = "X-1.tar.gz"' in text


def test_hostile_words_of_the_metadata_stay_words():
    nasty = 'a"\\n[source]\\npath = "/etc" %(reboot) \x7f'
    text = written(SdistMetadata("x", "1", 'two\n[lines]\nx = "', license_words=nasty), "x-1.tar.gz")
    assert document.parse(text, "x.toml").data["source"] == {"sha256": "0000"}
