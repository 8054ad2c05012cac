"""Descriptions: what they say, and every fault with its place."""

from pathlib import Path

import pytest

from sfcci import document
from sfcci.errors import InputError, UsageError
from sfcci.package.catalogue import chosen, load_catalogue, parse_component

REPOSITORY = Path(__file__).parents[2]
PINNED = f"""\
name = "sample"
version = "1.0"
license = "MIT"
homepage = "https://sample.example.org"
kind = "library"
modules = ["sample"]

[source]
sha256 = "{"0" * 64}"

[[changelog]]
date = 2026-10-01
release = 1
version = "1.0"
changes = ["New"]
"""


def parsed(text):
    return parse_component(document.parse(text, "sample.toml"))


def faults(text):
    with pytest.raises(InputError) as caught:
        parsed(text)
    return [str(fault) for fault in caught.value.faults]


def test_the_projects_own_catalogue_names_its_components():
    assert [c.name for c in load_catalogue(REPOSITORY / "packaging")] == [
        "grafyaml",
        "graphyte",
        "networking-sfc",
        "python-neutronclient",
        "sfcci",
    ]


def test_an_sdists_name_follows_pep_625_unless_it_is_told():
    assert (
        parsed(PINNED.replace('"sample"', '"python-Sam.ple"', 1)).source.sdist == "python_sam_ple-1.0.tar.gz"
    )
    assert (
        parsed(PINNED.replace("[source]", '[source]\nsdist = "Old-1.0.tar.gz"')).source.sdist
        == "Old-1.0.tar.gz"
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("0" * 64, "0" * 63, ("sample.toml:9:", "source.sha256: found", "64 lower-case hex digits")),
        ("homepage =", "homepag =", ("sample.toml:4:", "unknown key", "did you mean homepage?")),
        ('version = "1.0"\nl', "l", ("version is missing", "the version of the sdist")),
        ('version = "1.0"\nl', 'version = "one"\nl', ("sample.toml:2:", "found 'one'", "PEP 440")),
        ("date = 2026-10-01", 'date = "2026-10-01"', ("sample.toml:12:", "a date as in 2026-10-01")),
        ("date = 2026-10-01", "date = 2026-10-01T12:00:00", ("sample.toml:12:", "a date as in 2026-10-01")),
        ('sha256 = "', 'path = "code"\nsha256 = "', ("sample.toml:8:", "path and sdist together")),
        (f'sha256 = "{"0" * 64}"', 'path = "../other"', ("sample.toml:9:", "a folder of this project")),
        (f'sha256 = "{"0" * 64}"', "", ("sample.toml:8:", "sha256 is missing")),
        ('"library"', '"thing"', ("sample.toml:5:", 'found "thing"', "library, application")),
        ('"1.0"\nl', '"1.0"\ndescription = 3\nl', ("description: found 3", "text")),
        ('["sample"]', '["sample; rm"]', ("modules[0]: found", "a module, as in package.module")),
        ('"MIT"', '"Apache 2"', ("sample.toml:3:", "license: ", "Apache 2", "an SPDX licence expression")),
        ('"MIT"', '"apache-2.0"', ("sample.toml:3:", "which SPDX spells 'Apache-2.0'")),
        ('"MIT"', '"MIT\\n%(rm)"', ("license: found", "an SPDX licence expression")),
    ],
)
def test_a_fault_is_told_with_its_place_what_was_found_and_what_was_expected(old, new, told):
    assert old in PINNED
    found = faults(PINNED.replace(old, new, 1))
    assert any(all(part in fault for part in told) for fault in found), found


def test_a_subpackage_holds_modules_of_the_component_only():
    extra = '\n[[subpackages]]\nname = "tests"\nsummary = "Tests"\nmodules = ["other.tests"]\n'
    assert "expected a module below sample" in faults(PINNED + extra)[0]


def test_all_faults_of_all_files_come_together(tmp_path):
    (tmp_path / "a.toml").write_text(PINNED.replace('"MIT"', "3").replace('"library"', "4"))
    (tmp_path / "b.toml").write_text("name =\n")
    (tmp_path / "c.toml").write_text(PINNED)
    (tmp_path / "d.toml").write_text(PINNED)
    with pytest.raises(InputError) as caught:
        load_catalogue(tmp_path)
    places = [Path(fault.place.path).name for fault in caught.value.faults]
    assert places == ["a.toml", "a.toml", "b.toml", "d.toml"]


def test_an_empty_catalogue_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no description of a component"):
        load_catalogue(tmp_path)


def test_a_component_that_is_not_there_gets_the_nearest_name(sample):
    assert chosen([sample], ()) == (sample,)
    with pytest.raises(UsageError, match="did you mean sample"):
        chosen([sample], ["sampel"])
