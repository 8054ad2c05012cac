"""The universe's text: a package per project, per extra; the oracle is rpm's own generator of Python dependencies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci import environment, files
from sfcci.package import universe, universe_build
from sfcci.package.build import BUILD_ENVIRONMENT
from sfcci.package.component import Component, Config, Rpm, Source, Subpackage
from sfcci.package.lock import Lock, Locked
from sfcci.package.universe import Project, Universe
from sfcci.package.universe_build import installed_projects

GENERATOR = Path("/usr/lib/rpm/pythondistdeps.py")
SERVICE = Project(
    "oslo.service",
    "4.8.0",
    requires=(
        "oslo.utils>=4.5",
        "cotyledon>=1.7; extra == 'threading'",
        "nowhere; extra == 'other'",
        "tomli; python_version < '3.11'",
    ),
    extras=("threading", "other"),
    files=("/usr/lib/python3.11/site-packages/oslo_service/__init__.py",),
)
UTILS = Project("oslo.utils", "10.2.0", requires=("oslo.service[threading]>=4",))
COTYLEDON = Project("cotyledon", "2.2.0")
SMALL = Universe((COTYLEDON, SERVICE, UTILS), "3.11")
SERVICE_TEXT = """\
%package -n python3-oslo-service
Version: 4.8.0
Summary: oslo.service, as the closure has it
AutoReqProv: no
Provides: python3dist(oslo-service) = 4.8
Provides: python3.11dist(oslo-service) = 4.8
Requires: python(abi) = 3.11
Requires: python3.11dist(oslo-utils) >= 4.5
%description -n python3-oslo-service
%{summary}.
%files -n python3-oslo-service
"/usr/lib/python3.11/site-packages/oslo_service"

%package -n python3-oslo-service+threading
Version: 4.8.0
Summary: oslo.service with its extra threading
AutoReqProv: no
Provides: python3dist(oslo-service[threading]) = 4.8
Provides: python3.11dist(oslo-service[threading]) = 4.8
Requires: python3-oslo-service = 4.8.0-1
Requires: python3.11dist(cotyledon) >= 1.7
%description -n python3-oslo-service+threading
%{summary}.
%files -n python3-oslo-service+threading
"""


def spec(of=SMALL):
    contents = universe.shares(
        {one.name: one.files for one in of.projects}, universe.common_folders(of.python)
    )
    return universe.universe_spec(of, contents, "%install\n")


def test_a_project_and_its_extras_as_the_distribution_would_have_them():
    assert SERVICE_TEXT in spec()


def test_an_extra_that_the_closure_cannot_satisfy_is_no_package():
    assert SMALL.satisfiable(SERVICE) == ("threading",)
    assert "+other" not in spec()


def test_a_requirement_with_an_extra_asks_for_the_extras_package():
    assert "Requires: python3.11dist(oslo-service[threading]) >= 4\n" in spec()
    assert universe.dependencies("x[b,a]>=1", "python3dist") == (
        "python3dist(x[a]) >= 1",
        "python3dist(x[b]) >= 1",
    )


def test_the_stand_in_for_python_says_that_it_is_one():
    assert "Summary: Stands for the distribution's Python 3.11; the tests run the host's\n" in spec()
    assert "Provides: python(abi) = 3.11\n" in spec()


def test_a_project_that_stands_for_another_provides_it():
    one = Project("psycopg2-binary", "2.9.13", also=("psycopg2",))
    text = spec(Universe((one,), "3.13"))
    assert "Provides: python3.13dist(psycopg2) = 2.9.13\n" in text


def test_names_as_in_fedora_but_where_two_would_be_one():
    several = Universe((Project("python-dateutil", "1"), Project("python-x", "1"), Project("x", "1")), "3.11")
    assert list(several.package_names.values()) == ["python3-dateutil", "python3-python-x", "python3-x"]


def test_no_letter_of_a_path_means_anything_to_rpm():
    path = "/usr/share/a b/{x}[1]*?100%/q\\"
    odd = Project("odd", "1", files=(path, "/usr/share/a b/other"))
    other = Project("other", "1", files=("/usr/share/a b/third",))
    assert '"/usr/share/a b/\\{x\\}\\[1\\]\\*\\?100%%"\n' in spec(Universe((odd, other), "3.11"))


@st.composite
def owned(draw):
    parts = st.sampled_from("abc")
    path = st.lists(parts, min_size=1, max_size=4).map(lambda p: "/" + "/".join([*p, "f"]))
    return draw(
        st.dictionaries(
            st.sampled_from("XYZ"), st.lists(path, min_size=1, max_size=6, unique=True), min_size=1
        )
    )


def below(path, tops):
    return any(path == top or path.startswith(f"{top}/") for top in tops)


@given(owned())
def test_the_shares_make_up_just_what_each_owner_has(files):
    shares = universe.shares(files)
    everything = {path for paths in files.values() for path in paths}
    for owner, paths in files.items():
        assert {path for path in everything if below(path, shares[owner])} == set(paths)
    for owner, tops in shares.items():
        assert not [top for top in tops if below(top, [other for other in tops if other != top])], owner


def component(**more):
    return Component("x", "1", "MIT", "https://x.example.org", "library", ("x",), Source(), (), **more)


def test_what_a_description_requires_by_name_is_claimed_unless_it_is_built_here():
    described = component(
        rpm=Rpm(requires=("openstack-neutron >= 1:17.0.0", "ours")),
        subpackages=(Subpackage("tests", "Tests", requires=("other < 3",)),),
        configs=(Config("/etc/x.conf", group="neutron"),),
    )
    claims = universe.own_claims(described, {"ours"})
    assert claims == ("group(neutron)", "openstack-neutron = 1:17.0.0", "other")
    assert "Provides: openstack-neutron = 1:17.0.0\n" in universe.stand_in_spec(claims)


@pytest.mark.distro
def test_dependencies_are_those_that_rpms_own_generator_gives(cache_dir):
    """For every project of the small environment: the generator reads the same metadata."""
    if not GENERATOR.exists():
        pytest.skip("rpm here has no generator of Python dependencies")
    made = environment.ensure(BUILD_ENVIRONMENT, cache_dir)
    names = [line.partition("==")[0] for line in BUILD_ENVIRONMENT.requirements]
    projects, places = installed_projects(made, Lock("3.11", tuple(Locked(name, "0", ()) for name in names)))
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    whole = Universe(projects, minor)
    assert len(projects) == len(names)
    tops = set(made.site_packages.iterdir())
    for project in projects:
        (metadata,) = {
            places[path].parent for path in project.files if path.endswith(".dist-info/METADATA")
        } & tops
        ours = {
            one
            for line in whole.required(project)
            for one in universe.dependencies(line, f"python{minor}dist")
        }
        argv = [
            made.python,
            GENERATOR,
            "--requires",
            "--normalized-names-format",
            "pep503",
            "--package-name",
            "x",
            "--require-extras-subpackages",
            "--console-scripts-nodep-setuptools-since",
            "3.10",
            str(metadata),
        ]
        theirs = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
        assert {f"python(abi) = {minor}", *ours} == set(theirs), project.name


def test_universes_that_were_used_last_stay_and_those_that_are_used_now(tmp_path):
    for number in range(9):
        folder = tmp_path / f"py3.{number}-digest"
        folder.mkdir()
        (folder / "x.rpm").write_text("x")
        os.utime(folder, (number, number))
    with files.locked(universe_build._lock(tmp_path / "py3.1-digest"), shared=True):
        universe_build._prune(tmp_path / "py3.0-digest")
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert left == {f"py3.{number}-digest" for number in (0, 1, 4, 5, 6, 7, 8)}
