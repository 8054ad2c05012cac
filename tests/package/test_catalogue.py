"""Descriptions: what they say, and every fault with its place."""

from pathlib import Path

import pytest

from sfcci import document
from sfcci.errors import InputError, UsageError
from sfcci.package import component as component_module
from sfcci.package.catalogue import chosen, load_catalogue, parse_component, with_specs
from sfcci.package.component import Docs, LoadException

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
    own = load_catalogue(REPOSITORY / "packaging")
    assert [c.name for c in with_specs(own)] == [
        "grafyaml",
        "graphyte",
        "networking-sfc",
        "python-neutronclient",
        "sfcci",
    ]
    assert {"neutron", "neutron-lib", "oslo.messaging"} <= {c.name for c in own}


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


MORE = """
[docs]
folder = "doc/source"
requirements = "doc/requirements.txt"
without = ["reno"]

[tests]
runner = "stestr"
requirements = "test-requirements.txt"
arguments = ["--concurrency=1"]
default = true

[[configs]]
path = "/etc/sample/sample.conf"
generator = ["oslo-config-generator", "--namespace", "sample", "--output-file"]
group = "sample"
mode = "0640"
subpackage = "common"

[[services]]
name = "sample.service"
source = "etc/sample.service"

[[exceptions]]
module = "sample.migration.*"
reason = "run by alembic"

[[exceptions]]
entry_point = "neutron.db:sample"
reason = "names a folder"

[[subpackages]]
name = "common"
summary = "Configuration"

[rpm]
requires = ["openvswitch >= 3.1"]
provides = ["python-sample"]

[rpm.names]
"Some.Thing" = "some-thing-libs"

[gentoo]
overlay = false
mask = "not yet ready"
messages = ["Restart neutron."]
"""


def test_all_that_a_description_can_say_is_read():
    component = parsed(PINNED.replace('kind = "library"', 'kind = "library"\nextras = ["Post_Gres"]') + MORE)
    assert component.features == ("doc", "tests", "config")
    assert component.extras == ("post-gres",)
    assert component.docs == Docs("doc/source", "doc/requirements.txt", ("reno",))
    assert component.tests == component_module.Tests(
        "stestr", "test-requirements.txt", arguments=("--concurrency=1",), default=True
    )
    (config,) = component.configs
    assert (config.owner, config.group, config.mode, config.noreplace) == ("root", "sample", "0640", True)
    assert component.exceptions == (
        LoadException("sample.migration.*", "", "run by alembic"),
        LoadException("", "neutron.db:sample", "names a folder"),
    )
    assert component.rpm.names == {"some-thing": "some-thing-libs"}
    assert component.source_files == (
        "doc/source/conf.py",
        "doc/requirements.txt",
        "test-requirements.txt",
        "etc/sample.service",
    )
    assert (component.pipeline, component.gentoo.overlay) == (True, False)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "generator =",
            'source = "x.conf"\ngenerator =',
            ("configs[0]: has no one origin", "either source or generator"),
        ),
        (
            'subpackage = "common"',
            'subpackage = "comon"',
            ("found 'comon'", "one of: common", "did you mean common?"),
        ),
        ('"sample.migration.*"\n', '"a"\nentry_point = "b:c"\n', ("exceptions[0]: names no one thing",)),
        ("/etc/sample/", "/etc/../root/", ("configs[0].path: found", "a path below /etc")),
        ("/etc/sample/", "/usr/share/", ("configs[0].path: found", "a path below /etc")),
        ('"0640"', '"640"', ("configs[0].mode: found", "four octal digits")),
        ('"--namespace"', '"$(reboot)"', ("generator[1]: found", "a word without blanks")),
        ('"--concurrency=1"', '"%(reboot)"', ("arguments[0]: found", "a word without blanks")),
        ("etc/sample.service", "../sample.service", ("services[0].source: found", "a file in the sdist")),
        ("etc/sample.service", "/etc/passwd", ("services[0].source: found", "a file in the sdist")),
        ('"sample.service"\n', '"sample"\n', ("services[0].name: found", "as in sfcci.service")),
        ('"stestr"', '"nose"', ("tests.runner: found", "one of stestr, pytest, unittest")),
        ("openvswitch >= 3.1", "openvswitch; rm", ("rpm.requires[0]: found", "an RPM package")),
        ('subpackage = "common"\n', "", ("subpackages[0]: holds nothing",)),
    ],
)
def test_what_it_says_besides_is_checked_too(old, new, told):
    assert old in MORE
    found = faults(PINNED + MORE.replace(old, new, 1))
    assert any(all(part in fault for part in told) for fault in found), found


def test_what_is_still_to_be_filled_in_is_refused_wherever_it_stands():
    text = PINNED.replace('"MIT"', '"FILL IN: an SPDX licence expression; nobody knows"')
    text = text.replace('["sample"]', '["FILL IN: the modules"]').replace('["New"]', '["FILL IN"]')
    assert faults(text) == [
        "sample.toml:3:1: license: is not filled in; expected an SPDX licence expression; nobody knows",
        "sample.toml:6:1: modules[0]: is not filled in; expected the modules",
        "sample.toml:15:1: changelog[0].changes[0]: is not filled in; expected a value",
    ]


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
