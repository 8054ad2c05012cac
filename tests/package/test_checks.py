"""Our own checks: what each finds, in packages that are made for it."""

from dataclasses import replace

import pytest

from sfcci.package.checks import Subject, atoms, check_packages
from sfcci.package.component import Config, Service
from sfcci.package.headers import CONFIG, LICENSE, NOREPLACE, Package, RpmFile, RpmHeader
from sfcci.package.rpm_format import Member

SITE = "/usr/lib/python3.11/site-packages"
FILE, FOLDER = 0o100644, 0o040755
METADATA = """\
Metadata-Version: 2.4
Name: Sample
Version: 1.0
Requires-Dist: oslo.config>=8.0
Requires-Dist: Oslo.Service[Threading]>=1.2
Requires-Dist: netaddr!=0.7.16,>=0.7
Requires-Dist: old; python_version < '3'
Requires-Dist: psycopg>=3; extra == 'postgresql'
Provides-Extra: postgresql
"""
REQUIRES = (
    "python(abi) = 3.11",
    "python3.11dist(oslo-config) >= 8",
    "python3.11dist(oslo-service) >= 1.2",
    "python3.11dist(oslo-service[threading]) >= 1.2",
    "(python3.11dist(netaddr) >= 0.7 with (python3.11dist(netaddr) < 0.7.16 or python3.11dist(netaddr) > 0.7.16))",
)


def file(path, flags=0, mode=FILE, group="root"):
    return RpmFile(path, mode, "root", group, 1, "ab", flags)


def package(name, *files, requires=(), scripts=(), **members):
    header = RpmHeader(
        name,
        None,
        "1.0",
        "2",
        "noarch",
        requires=requires,
        provides=("python3.11dist(sample) = 1",) if name == "sample" else (),
        files=files,
        scripts=tuple(scripts),
        source_rpm="sample-1.0-2.src.rpm",
    )
    return Package(header, tuple(members.get("members", ())))


def metadata(text=METADATA, site=SITE):
    return Member(f"{site}/sample-1.0.dist-info/METADATA", FILE, 0, text.encode())


LICENCE = file(f"{SITE}/sample-1.0.dist-info/licenses/LICENSE", LICENSE)
MAIN = package("sample", LICENCE, requires=REQUIRES, members=[metadata()])


@pytest.fixture
def built(sample):
    return Subject(sample, "3.11", (MAIN,), build_paths=("/builds/sfcci-x",))


def keywords(built):
    return [finding.keyword for finding in check_packages(built)]


def main(**changes):
    return Package(replace(MAIN.header, **changes), MAIN.members)


def test_a_good_package_has_no_finding(built):
    assert check_packages(built) == ()


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (1, "requires oslo.config>=8.0, the package does not: oslo-config >= 8"),
        (3, "requires Oslo.Service[Threading]>=1.2, the package does not: oslo-service[threading] >= 1.2"),
        (4, "netaddr"),
    ],
)
def test_a_requirement_its_bound_or_its_extra_that_is_lost_is_found(built, lost, told):
    requires = tuple(line for number, line in enumerate(REQUIRES) if number != lost)
    (found,) = check_packages(replace(built, packages=(main(requires=requires),)))
    assert found.keyword == "RequiresMissing"
    assert told in found.what


def test_what_the_source_says_counts_besides_what_is_installed(built):
    (found,) = check_packages(replace(built, requires=("lost>=1; python_version >= '3'",)))
    assert "requires lost>=1, the package does not: lost >= 1" in found.what


@pytest.mark.parametrize(
    "bound", ["python3.11dist(oslo-config) >= 99", "python3.11dist(neutron) >= 27.0.0.0b1"]
)
def test_a_bound_of_which_the_metadata_says_nothing_is_found(built, bound):
    (found,) = check_packages(replace(built, packages=(main(requires=(*REQUIRES, bound)),)))
    assert found.keyword == "RequiresUntold"
    assert found.what.startswith("requires ")


def test_the_package_of_an_extra_requires_what_the_extra_does(built):
    own = "sample = 1.0-2"
    good = package("sample+postgresql", requires=(own, "python3.11dist(psycopg) >= 3"))
    bad = package("sample+postgresql", requires=(own,))
    assert keywords(replace(built, packages=(MAIN, good))) == []
    assert keywords(replace(built, packages=(MAIN, bad))) == ["RequiresMissing"]


def test_a_package_that_does_not_provide_its_project_is_found(built):
    (found,) = check_packages(replace(built, packages=(main(provides=()),)))
    assert found.what == "does not provide python3.11dist(sample) = 1"


def test_metadata_for_another_python_and_no_main_package_are_found(built):
    other = Package(MAIN.header, (metadata(site="/usr/lib/python3.9/site-packages"),))
    assert "MetadataMissing" in keywords(replace(built, packages=(other,)))
    assert keywords(replace(built, packages=())) == ["MainMissing"]


def test_a_file_in_two_packages_is_found_and_a_folder_is_none(built):
    shared = file(f"{SITE}/sample/tests/test_a.py")
    folder = file(f"{SITE}/sample/tests", mode=FOLDER)
    one = package("sample", LICENCE, shared, folder, requires=REQUIRES, members=[metadata()])
    tests = package("sample-tests", shared, folder, requires=("sample = 1.0-2",))
    (found,) = check_packages(replace(built, packages=(one, tests)))
    assert (found.keyword, found.place.path) == ("FileTwice", "sample-1.0-2.noarch")
    assert "sample-tests" in found.what


def test_a_file_below_etc_that_is_no_config_is_found(built):
    files = (LICENCE, file("/etc/sample/a.conf"), file("/etc/sample", mode=FOLDER), file("/etc/b", CONFIG))
    assert keywords(replace(built, packages=(main(files=files),))) == ["NotConfig"]


@pytest.mark.parametrize(
    ("given", "keyword"),
    [
        (file("/etc/a.conf", CONFIG | NOREPLACE, 0o100640, "neutron"), None),
        (file("/etc/a.conf", CONFIG | NOREPLACE, 0o100644, "neutron"), "ConfigDiffers"),
        (file("/etc/a.conf", CONFIG | NOREPLACE, 0o100640, "root"), "ConfigDiffers"),
        (file("/etc/a.conf", CONFIG, 0o100640, "neutron"), "ConfigDiffers"),
        (file("/etc/b.conf", CONFIG | NOREPLACE, 0o100640, "neutron"), "ConfigMissing"),
    ],
)
def test_a_configuration_file_is_as_its_description_says(built, given, keyword):
    config = Config("/etc/a.conf", source="a.conf", group="neutron", mode="0640")
    component = replace(built.component, configs=(config,))
    there = replace(built, component=component, packages=(main(files=(LICENCE, given)),))
    assert keywords(there) == ([keyword] if keyword else [])


def test_a_generated_configuration_file_that_was_left_out_is_not_looked_for(built):
    component = replace(built.component, configs=(Config("/etc/a.conf", generator=("make-a",)),))
    assert keywords(replace(built, component=component)) == ["ConfigMissing"]
    assert keywords(replace(built, component=component, without=("doc", "config"))) == []


def test_a_folder_of_the_build_in_a_file_or_a_script_is_found(built):
    member = Member(f"{SITE}/sample/a.py", FILE, 0, b"path = '/builds/sfcci-x/environment'\n")
    there = Package(replace(MAIN.header, scripts=(("post", "ls /builds/sfcci-x"),)), (*MAIN.members, member))
    found = check_packages(replace(built, packages=(there,)))
    assert [finding.keyword for finding in found] == ["BuildPath", "BuildPath"]
    assert f"{SITE}/sample/a.py names" in found[0].what
    assert "the script %post" in found[1].what


def code(flags, mtime=0, size=0):
    return b"\xa7\r\r\n" + b"".join(number.to_bytes(4, "little") for number in (flags, mtime, size))


@pytest.mark.parametrize(
    ("name", "data", "keyword"),
    [
        ("a.cpython-311.pyc", code(1), None),
        ("a.cpython-311.pyc", code(0, 7, 4), None),
        ("a.cpython-311.opt-1.pyc", code(0, 7, 4), None),
        ("a.cpython-311.pyc", code(0, 8, 4), "PycStale"),
        ("a.cpython-311.pyc", code(0, 7, 5), "PycStale"),
        ("a.cpython-312.pyc", code(1), "PycForeign"),
        ("b.cpython-311.pyc", code(1), "PycAlone"),
    ],
)
def test_byte_code_is_the_targets_beside_its_source_and_fresh(built, name, data, keyword):
    source = Member(f"{SITE}/sample/a.py", FILE, 7, b"1+1\n")
    compiled = Member(f"{SITE}/sample/__pycache__/{name}", FILE, 7, data)
    there = Package(MAIN.header, (*MAIN.members, source, compiled))
    assert keywords(replace(built, packages=(there,))) == ([keyword] if keyword else [])


def test_modules_for_another_python_are_found(built):
    files = (LICENCE, file("/usr/lib/python3.9/site-packages/sample/a.py"))
    assert keywords(replace(built, packages=(main(files=files),))) == ["SiteForeign"]


def test_a_package_without_a_licence_that_requires_none_that_has_one_is_found(built):
    apart = package("sample-doc", file("/usr/share/doc/sample/index.html"))
    (found,) = check_packages(replace(built, packages=(MAIN, apart)))
    assert (found.keyword, found.place.path) == ("LicenseMissing", "sample-doc-1.0-2.noarch")
    part = package("sample-tests", requires=("sample = 1.0-2",))
    assert keywords(replace(built, packages=(MAIN, part))) == []


def test_a_unit_is_installed_and_systemd_hears_of_it(built):
    component = replace(built.component, services=(Service("sample.service", "sample.service"),))
    unit = file("/usr/lib/systemd/system/sample.service")
    scripts = tuple((name, "systemctl preset sample.service") for name in ("post", "preun", "postun"))
    good = replace(built, component=component, packages=(main(files=(LICENCE, unit), scripts=scripts),))
    assert keywords(good) == []
    bare = replace(good, packages=(main(files=(LICENCE, unit), scripts=scripts[:1]),))
    (found,) = check_packages(bare)
    assert found.what == "sample.service is not named in %preun, %postun"
    assert "UnitMissing" in keywords(replace(good, packages=(main(scripts=scripts),)))


def test_python_dependencies_are_found_in_rich_ones():
    assert atoms(["(python3dist(a[x]) >= 1 with python3dist(a) < 2)", "b", "python3.11dist(c)"]) == {
        ("a", frozenset({"x"}), ">=", "1"),
        ("a", frozenset(), "<", "2"),
        ("c", frozenset(), "", ""),
    }
