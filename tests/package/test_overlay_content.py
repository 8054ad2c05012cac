"""What the overlay carries: all that networking-sfc needs and ::gentoo lacks, nothing that ::gentoo has without need, and emerge resolves it."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from sfcci.errors import Unreachable, UsageError
from sfcci.package import atom, catalogue, dialect, index, portage_prefix, stand_in
from sfcci.package.catalogue import load_catalogue
from sfcci.package.ebuild import package_name

REPOSITORY = Path(__file__).parents[2]
OVERLAY = REPOSITORY / "gentoo"
ROOT = "sys-cluster/networking-sfc"


def components():
    return [one for one in load_catalogue(REPOSITORY / "packaging") if one.gentoo.overlay]


def ebuilds():
    return {
        f"{path.parent.parent.name}/{path.parent.name}": path
        for path in sorted(OVERLAY.glob("*/*/*.ebuild"), reverse=True)  # a release comes after 9999
    }


def there():
    """Package → versions, in the overlay and in ::gentoo as it was looked at."""
    found = {one.package: [one.version] for one in stand_in.stand_ins() if one.last is None}
    for path in OVERLAY.glob("*/*/*.ebuild"):
        package = f"{path.parent.parent.name}/{path.parent.name}"
        found.setdefault(package, []).append(atom.file_version(path.name, path.parent.name))
    return found


def runtime(package):
    text = ebuilds()[package].read_text()
    found = re.search(r'^RDEPEND="(.*?)^"', text, re.MULTILINE | re.DOTALL)
    return list(atom.atoms(found[1])) if found else []


def test_everything_that_an_ebuild_depends_on_is_in_the_overlay_or_in_gentoo():
    known = there()
    lost = [
        f"{path.name}: {one.package} {one.operator}{one.version}"
        for path in OVERLAY.glob("*/*/*.ebuild")
        for one in atom.atoms(path.read_text())
        if one.package.split("/")[0] in {"dev-python", "sys-cluster", "dev-vcs"}
        and not one.blocks
        and not any(one.matches(one.package, version) for version in known.get(one.package, ()))
    ]
    assert lost == []


def test_every_package_that_gentoo_lacks_and_that_is_needed_has_a_description():
    described = {package_name(one) for one in components()}
    assert set(stand_in.absent()) <= described


def test_what_the_overlay_carries_for_networking_sfc_is_needed_by_it():
    reached, left = set(), [ROOT]
    while left:
        package = left.pop()
        if package not in reached and package in ebuilds():
            reached.add(package)
            left += [one.package for one in runtime(package)]
    others = {"dev-python/grafyaml", "dev-python/graphyte", "sys-cluster/sfcci"}
    assert set(ebuilds()) - reached == others


@pytest.fixture(scope="module")
def sources(own):
    """Each component that comes from the package index, with what its sdist says of itself."""
    try:
        return [index.subject(one, own.project, own.cache) for one in components() if not one.source.path]
    except Unreachable as error:
        pytest.skip(str(error))


def test_dependencies_are_those_of_the_source(sources):
    for source in sources:
        component = source.component
        asked = {
            dialect.gentoo_package(Requirement(line).name, component.gentoo.names)
            for line in (*source.metadata.requires, *component.gentoo.requires)
            if any(
                dialect.applies(line, {"python_version": f"3.{minor}", "sys_platform": "linux"})
                for minor in (12, 13, 14)
            )
        }
        assert {one.package for one in runtime(package_name(component))} == asked, component.name


def test_an_extra_that_a_source_asks_for_is_told_in_other_words(sources):
    """Gentoo has no extras: what one stands for is among the description's own requirements."""
    told = {"sqlalchemy": "greenlet", "oslo-service": "cotyledon"}
    asked = [
        (source.component, wanted)
        for source in sources
        for line in source.metadata.requires
        if (wanted := Requirement(line)).extras and dialect.applies(line)
    ]
    assert {component.name for component, _wanted in asked} == {"neutron", "oslo.db"}
    for component, wanted in asked:
        own = {dialect.requirement_name(line) for line in component.gentoo.requires}
        assert told[dialect.normal_name(wanted.name)] in own, component.name


def test_each_package_that_gentoo_lacks_says_what_was_the_last_there():
    lacking = stand_in.absent()
    assert lacking["dev-python/neutron-lib"].last == "2.6.1"
    assert lacking["dev-python/ncclient"].last == ""
    assert all(re.fullmatch(r"(\d+(\.\d+)*)?", one.last) for one in lacking.values())


def test_the_minimal_master_has_no_stand_in_for_what_the_overlay_carries():
    texts = stand_in.master_files(stand_in.absent())
    assert not any(path.startswith("sys-cluster/neutron/") for path in texts)
    assert any(path.startswith("dev-python/alembic/") for path in texts)
    assert stand_in.master_files(["dev-python/alembic"]) == stand_in.master_files()


def test_a_component_without_a_spec_is_refused_by_what_builds_rpms():
    described = load_catalogue(REPOSITORY / "packaging")
    with pytest.raises(
        UsageError, match=r"neutron has no spec here, its RPM comes from elsewhere \(rpm.spec in .*toml\)"
    ):
        catalogue.with_specs(described, ["neutron"])
    assert "neutron" not in {one.name for one in catalogue.with_specs(described)}
    assert not (REPOSITORY / "rpm" / "neutron").exists()


def test_configuration_that_a_wheel_brings_goes_to_etc():
    text = ebuilds()["sys-cluster/neutron"].read_text()
    assert (
        "python_install_all() {\n\tdistutils-r1_python_install_all\n"
        '\tmv "${ED}/usr/etc" "${ED}/etc" || die\n}\n'
    ) in text
    assert "usr/etc" not in ebuilds()[ROOT].read_text()


@pytest.fixture(scope="module")
def prefix(own):
    """A prefix with the overlay over ::gentoo as it was looked at: what it lacks has no stand-in."""
    master = stand_in.prepare_master(own.cache / "portage", stand_in.master_files(stand_in.absent()))
    with portage_prefix.prepared(own, lambda _text: None, overlay=OVERLAY, master=master) as made:
        yield made


@pytest.mark.distro
def test_emerge_resolves_networking_sfc_with_all_that_it_needs(prefix):
    done = prefix.run(["emerge", "--pretend", "--verbose", "--color=n", ROOT])
    assert done.status == 0, done.stdout + done.stderr
    merged = re.findall(r"^\[ebuild .*?\] (\S+)-\d[^\s:]*::(\w+)", done.stdout, re.MULTILINE)
    ours = {package for package, repository in merged if repository == "sfcci"}
    assert {ROOT, "sys-cluster/neutron", "dev-python/neutron-lib", "dev-python/oslo-messaging"} <= ours
    assert set(stand_in.absent()) - ours == {"dev-python/grafyaml", "dev-python/graphyte"}
    assert "networking-sfc-23.0.0::sfcci" in done.stdout


@pytest.mark.distro
def test_emerge_names_what_is_missing(prefix):
    there = prefix.inside(prefix.folder / "overlay") / "dev-python/os-ken"
    assert prefix.run(["mv", there, prefix.inside(prefix.folder)]).status == 0
    try:
        done = prefix.run(["emerge", "--pretend", "--color=n", ROOT])
    finally:
        prefix.run(["mv", prefix.inside(prefix.folder) / "os-ken", there])
    said = done.stdout + done.stderr
    assert done.status == 1
    assert 'no ebuilds to satisfy ">=dev-python/os-ken-' in said
    assert "sys-cluster/neutron-28.0.2::sfcci" in said  # who asks for it
