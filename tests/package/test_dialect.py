"""Versions, names and licences as the distributions spell them."""

import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from sfcci.package import dialect
from sfcci.package.macros.python3dist import bound_version, python3dist

ORDER = (
    "22.1.0",
    "23.0.0.0.dev5",
    "23.0.0.0a1.dev1",
    "23.0.0.0a1",
    "23.0.0.0b1",
    "23.0.0.0rc1.dev3",
    "23.0.0.0rc1",
    "23.0.0.0rc10",
    "23.0.0",
    "23.0.0.post1.dev1",
    "23.0.0.post1",
    "23.0.1",
    "23.1.0",
)


@pytest.mark.parametrize(
    ("version", "rpm", "gentoo"),
    [
        ("23.0.0", "23.0.0", "23.0.0"),
        ("23.0.0.0rc1", "23.0.0~rc1", "23.0.0_rc1"),
        ("27.0.0.0b1", "27.0.0~b1", "27.0.0_beta1"),
        ("1.0a2", "1.0~a2", "1.0_alpha2"),
        ("1.0.dev5", "1.0~~dev5", "1.0_alpha_alpha5"),
        ("1.0rc1.dev5", "1.0~rc1~dev5", "1.0_rc1_pre5"),
        ("1.0.post1", "1.0^post1", "1.0_p1"),
        ("1.0.0.0", "1.0.0.0", "1.0.0.0"),
    ],
)
def test_a_version_is_spelled_for_rpm_and_for_gentoo(version, rpm, gentoo):
    assert dialect.rpm_version(version) == rpm
    assert dialect.gentoo_version(version) == gentoo


def test_gentoo_has_no_words_for_epochs_and_local_versions():
    for version in ("1!2.0", "2.0+ours"):
        with pytest.raises(dialect.Inexpressible):
            dialect.gentoo_version(version)


def test_the_order_that_is_tested_is_pythons():
    assert list(ORDER) == sorted(ORDER, key=Version)


def rpm_compares(pairs):
    """Ask rpm itself: -1, 0 or 1 for each pair of versions."""
    script = "".join(f'print(rpm.vercmp("{a}", "{b}"), " ")' for a, b in pairs)
    done = subprocess.run(
        ["rpm", "--eval", f"%{{lua: {script}}}"], capture_output=True, text=True, check=True
    )
    return [int(float(word)) for word in done.stdout.split()]


@pytest.mark.distro
def test_rpm_orders_versions_as_python_does():
    pairs = [(dialect.rpm_version(a), dialect.rpm_version(b)) for a, b in pairwise(ORDER)]
    assert rpm_compares(pairs) == [-1] * len(pairs)


@pytest.mark.distro
def test_rpm_orders_bounds_as_python_does():
    pairs = [(bound_version(a), bound_version(b)) for a, b in pairwise(ORDER)]
    assert rpm_compares(pairs) == [-1] * len(pairs)


numbers = st.integers(0, 30)
versions = st.builds(
    lambda release, pre, post, dev: ".".join(map(str, release)) + pre + post + dev,
    st.lists(numbers, min_size=3, max_size=3),
    st.one_of(st.just(""), st.builds("{}{}".format, st.sampled_from(("a", "b", "rc")), numbers)),
    st.one_of(st.just(""), st.builds(".post{}".format, numbers)),
    st.one_of(st.just(""), st.builds(".dev{}".format, numbers)),
)


@pytest.mark.distro
@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(versions, versions), min_size=100, max_size=100))
def test_rpms_comparison_agrees_with_pythons_for_all_versions(pairs):
    wanted = [(Version(a) > Version(b)) - (Version(a) < Version(b)) for a, b in pairs]
    assert rpm_compares([(dialect.rpm_version(a), dialect.rpm_version(b)) for a, b in pairs]) == wanted


@pytest.mark.distro
@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(versions, versions), min_size=100, max_size=100))
def test_rpms_comparison_agrees_with_pythons_for_all_bounds(pairs):
    wanted = [(Version(a) > Version(b)) - (Version(a) < Version(b)) for a, b in pairs]
    assert rpm_compares([(bound_version(a), bound_version(b)) for a, b in pairs]) == wanted


openstack = st.builds(
    lambda release, pre: f"{release}.0.0.0{pre}" if pre else f"{release}.0.0",
    st.integers(20, 30),
    st.one_of(st.just(""), st.builds("{}{}".format, st.sampled_from(("a", "b", "rc")), st.integers(1, 12))),
)


@pytest.mark.distro
@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(openstack, openstack), min_size=100, max_size=100))
def test_a_lower_bound_lets_in_what_python_lets_in(pairs):
    """neutron>=27.0.0.0b1: what the release 27.0.0 provides does, what 27.0.0.0a1 or 26.0.0 provide does not."""
    wanted = [SpecifierSet(f">={bound}").contains(version, prereleases=True) for version, bound in pairs]
    got = rpm_compares([(bound_version(version), bound_version(bound)) for version, bound in pairs])
    assert [order >= 0 for order in got] == wanted


@pytest.mark.parametrize(
    ("requirement", "dependency"),
    [
        ("oslo.config", "python3dist(oslo-config)"),
        ("SQLAlchemy>=2.0.0", "python3dist(sqlalchemy) >= 2"),
        ("neutron>=27.0.0.0b1", "python3dist(neutron) >= 27~b1"),
        ("flit_core<5,>=3.11", "(python3dist(flit-core) >= 3.11 with python3dist(flit-core) < 5)"),
        ("x~=1.4.2", "(python3dist(x) >= 1.4.2 with python3dist(x) < 1.5~~)"),
        ("x==1.2.*", "(python3dist(x) >= 1.2~~ with python3dist(x) < 1.3~~)"),
        ("x==1.0", "python3dist(x) = 1"),
        ("x!=4.4", "(python3dist(x) < 4.4 or python3dist(x) > 4.4)"),
        ("oslo.service[threading]>=4", "python3dist(oslo-service[threading]) >= 4"),
    ],
)
def test_a_requirement_is_spelled_as_fedoras_generators_spell_it(requirement, dependency):
    assert python3dist(requirement) == dependency


def test_packages_have_rdos_names(sample):
    from dataclasses import replace

    library = replace(sample, name="python-Neutron.Client", kind="library")
    assert dialect.rpm_source_name(library) == "python-neutron-client"
    assert dialect.rpm_name(library) == "python3-neutron-client"
    assert dialect.rpm_name(library, "tests") == "python3-neutron-client-tests"
    assert dialect.rpm_source_name(sample) == dialect.rpm_name(sample) == "sample"
    assert dialect.rpm_doc_name(library) == "python-neutron-client-doc"
    assert dialect.rpm_doc_name(sample) == "sample-doc"


@pytest.mark.parametrize(
    ("project", "package"),
    [
        ("oslo.config", "python3-oslo-config"),
        ("python-neutronclient", "python3-neutronclient"),
        ("PyYAML", "python3-pyyaml"),
        ("Some_Thing", "libsome"),
    ],
)
def test_a_requirement_has_fedoras_and_rdos_name_unless_another_is_told(project, package):
    assert dialect.rpm_package(project, {"some-thing": "libsome"}) == package


def test_a_marker_decides_whether_a_requirement_applies():
    assert dialect.applies("x")
    assert dialect.applies("x; python_version >= '3'")
    assert not dialect.applies("x; extra == 'test'")
    assert not dialect.applies("x; python_version < '3.12'", {"python_version": "3.13"})


@pytest.mark.parametrize(
    ("requirement", "why"),
    [
        ("x>=1!2.0", "version 1!2.0: Gentoo's versions have no epoch and no local part"),
        ("x==1.0+local", "version 1.0+local: Gentoo's versions have no epoch and no local part"),
        ("x===foobar", "version foobar: is none of PEP 440, and no other kind is known here"),
        (
            "zope.3>=1",
            "zope-3 is no package's name in Gentoo: -3 would be its version; name the package in [gentoo.names]",
        ),
    ],
)
def test_a_requirement_that_gentoo_has_no_words_for_is_told_with_its_reason(requirement, why):
    with pytest.raises(dialect.Inexpressible) as told:
        dialect.gentoo_atoms(requirement)
    assert str(told.value) == f"requirement {requirement!r}: {why}"


def test_a_name_that_ends_as_a_version_is_right_where_the_package_is_named():
    assert dialect.gentoo_atoms("zope.3", {"zope-3": "dev-python/zope3"}, "") == ("dev-python/zope3",)
    assert dialect.gentoo_atoms("python3-openid", {}, "") == ("dev-python/python3-openid",)
