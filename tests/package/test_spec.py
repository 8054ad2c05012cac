"""The spec's text, and how description and source must agree."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sfcci.errors import InputError
from sfcci.package import component as described
from sfcci.package import dialect
from sfcci.package.component import Config, LoadException, Rpm, Service, Source, Subpackage
from sfcci.package.sdist import SdistMetadata, project_metadata
from sfcci.package.spec import spec_path, spec_text
from sfcci.package.spec_feature import needs_closure

REPOSITORY = Path(__file__).parents[2]
MACROS = REPOSITORY / "sfcci" / "package" / "macros"

APPLICATION = """\
# Rendered from packaging/sample.toml, which is where to change it
Name:           sample
Version:        1.0
Release:        2%{?dist}
Summary:        Prints one line
License:        MIT
URL:            https://sample.example.org
Source0:        sample-%{version}.tar.gz
BuildArch:      noarch

BuildRequires:  python3-devel
BuildRequires:  pyproject-rpm-macros
Recommends:     openvswitch

%description
A sample of 100%% text.

%prep
%autosetup -p1 -n sample-%{version}

%generate_buildrequires
# -R: what it needs to run is no build requirement
%pyproject_buildrequires -R

%build
%pyproject_wheel

%install
%pyproject_install
%pyproject_save_files -l sample

%check
# -t: modules below the first level import what is needed to run
%pyproject_check_import -t

%files -f %{pyproject_files}
%doc README.md
%{_bindir}/sample

%changelog
* Thu Oct 01 2026 The sfcci developers <packages@sfcci.example.org> - 1.0-2
- 100%% new
"""


FULL = """\
# Rendered from packaging/sample.toml, which is where to change it
# Off with --without NAME, on with --with NAME. Each is built with what the package needs to run.
%bcond doc 1
%bcond tests 0
%bcond config 1
Name:           python-sample
Version:        1.0
Release:        2%{?dist}
Summary:        A sample
License:        MIT
URL:            https://sample.example.org
Source0:        %{pypi_source sample %{version}}
BuildArch:      noarch

BuildRequires:  python3-devel
BuildRequires:  pyproject-rpm-macros
BuildRequires:  systemd-rpm-macros
%if %{with doc}
BuildRequires:  python3dist(sphinx)
%endif

%description
A sample of 100%% text.

%package -n     python3-sample
Summary:        A sample
Requires:       openvswitch >= 3.1
Recommends:     podman
Provides:       python-sample = %{version}-%{release}

%description -n python3-sample
A sample of 100%% text.

%pyproject_extras_subpkg -n python3-sample fast

%package -n     python3-sample-tests
Summary:        Tests of it
Requires:       python3-sample = %{version}-%{release}
Requires:       python3dist(oslotest)
Requires:       python3dist(stestr) >= 2

%description -n python3-sample-tests
Tests of it.

%package -n     python3-sample-agent
Summary:        Its agent
Requires:       python3-sample = %{version}-%{release}
Requires:       iproute

%description -n python3-sample-agent
Its agent.

%if %{with doc}
%package -n     python-sample-doc
Summary:        Documentation of sample

%description -n python-sample-doc
Documentation of sample, as HTML.
%endif

%prep
%autosetup -p1 -n sample-%{version}
# what is run here does without them
sed -i -E '/^(hacking)([^A-Za-z0-9._-]|$)/Id' test-requirements.txt

%generate_buildrequires
%if %{with doc} || %{with tests} || %{with config}
%pyproject_buildrequires %{?with_tests:test-requirements.txt}
%else
# -R: what it needs to run is no build requirement
%pyproject_buildrequires -R
%endif

%build
%pyproject_wheel

%install
%pyproject_install
%pyproject_save_files -l sample
install -D -p -m 0644 etc/agent.conf %{buildroot}%{_sysconfdir}/sample/agent.conf
install -D -p -m 0644 etc/sample.service %{buildroot}%{_unitdir}/sample.service
%if %{with config}
install -d %{buildroot}%{_sysconfdir}/neutron/conf.d
%{py3_test_envvars} generate -o %{buildroot}%{_sysconfdir}/neutron/conf.d/sample.conf
%endif
%if %{with doc}
%{py3_test_envvars} sphinx-build -b html -d doctrees doc/source html
rm -f html/.buildinfo*
%endif

%check
%if %{with doc} || %{with tests} || %{with config}
%pyproject_check_import -e 'sample.migration.*' -e 'sample.tests*'
%else
# -t: modules below the first level import what is needed to run
%pyproject_check_import -t
%endif
%if %{with tests}
%{py3_test_envvars} stestr run --serial
%endif

%post -n python3-sample
%systemd_post sample.service

%preun -n python3-sample
%systemd_preun sample.service

%postun -n python3-sample
%systemd_postun_with_restart sample.service

%files -n python3-sample -f %{pyproject_files}
%doc README.rst
%{_bindir}/sample
%{_unitdir}/sample.service
%if %{with config}
%attr(0640, root, neutron) %config(noreplace) %{_sysconfdir}/neutron/conf.d/sample.conf
%endif
%exclude %{python3_sitelib}/sample/tests

%files -n python3-sample-tests
%license LICENSE
%{python3_sitelib}/sample/tests

%files -n python3-sample-agent
%license LICENSE
%{_bindir}/*-agent
%dir %{_sysconfdir}/sample
%config(noreplace) %{_sysconfdir}/sample/agent.conf

%if %{with doc}
%files -n python-sample-doc
%license LICENSE
%doc html
%endif

%changelog
* Thu Oct 01 2026 The sfcci developers <packages@sfcci.example.org> - 1.0-2
- 100%% new
"""


@pytest.fixture
def whole(sample):
    """A library that has everything."""
    return replace(
        sample,
        kind="library",
        version="1.0",
        source=Source(sdist="sample-1.0.tar.gz", sha256="0" * 64),
        subpackages=(
            Subpackage("tests", "Tests of it", ("sample.tests",), "test-requirements.txt"),
            Subpackage("agent", "Its agent", files=("/usr/bin/*-agent",), requires=("iproute",)),
        ),
        extras=("fast",),
        docs=described.Docs("doc/source"),
        tests=described.Tests("stestr", "test-requirements.txt", ("Hacking",), ("--serial",)),
        configs=(
            Config(
                "/etc/neutron/conf.d/sample.conf", generator=("generate", "-o"), group="neutron", mode="0640"
            ),
            Config("/etc/sample/agent.conf", source="etc/agent.conf", subpackage="agent"),
        ),
        services=(Service("sample.service", "etc/sample.service"),),
        exceptions=(LoadException("sample.migration.*", "", "run by alembic"),),
        rpm=Rpm(("openvswitch >= 3.1",), ("podman",), ("python-sample",)),
    )


@pytest.fixture
def said():
    """What the source of that library says."""
    return SdistMetadata(
        "sample",
        "1.0",
        "A sample.",
        requires=("packaging",),
        extras=("fast",),
        license_files=("LICENSE",),
        readme="README.rst",
        scripts=("sample", "sample-agent"),
        requirement_files={"test-requirements.txt": ("stestr>=2.0.0", "hacking", "oslotest")},
        files=frozenset(
            {"doc/source/conf.py", "test-requirements.txt", "etc/agent.conf", "etc/sample.service"}
        ),
    )


def test_the_spec_of_a_library_that_has_everything_is_this_text(whole, said):
    assert spec_text(whole, said) == FULL


def test_what_needs_nothing_to_be_built_completely_is_said_to(whole, said, sample):
    assert needs_closure(whole, said)
    tested = replace(sample, tests=described.Tests("unittest", default=True))
    assert not needs_closure(tested, replace(said, requires=()))
    assert not needs_closure(sample, said)
    text = spec_text(tested, replace(said, requires=(), license="MIT"))
    assert "%bcond tests 1" in text
    assert "%{py3_test_envvars} %{python3} -m unittest" in text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"files": frozenset()}, "the source has no doc/source/conf.py; expected a file in it"),
        ({"extras": ()}, "extras: the source has no extra 'fast'; expected one of: none"),
        (
            {"requirement_files": {"test-requirements.txt": ("stestr",)}},
            "without: test-requirements.txt does not require hacking",
        ),
        (
            {"requires": ("x @ https://x.example.org/x.zip",)},
            "it requires x from an address .*, which no package can",
        ),
        ({"requires": ("x==1.0+ours",)}, "it requires x==1.0[+]ours, which is one builder's own version"),
    ],
)
def test_what_the_description_names_and_the_source_has_not_is_refused(whole, said, change, why):
    with pytest.raises(InputError, match=why):
        spec_text(whole, replace(said, **change))


DEFINES = {
    "the host": (),
    "CentOS Stream 10": ("dist .el10", "rhel 10", "centos 10"),
    "Fedora": ("dist .fc45", "fedora 45"),
    "RDO": ("dist .el10", "rhel 10", "dlrn 1", "rdo 1"),
}


@pytest.fixture(scope="module")
def macros(tmp_path_factory):
    """A home with our macros, as a build has them."""
    home = tmp_path_factory.mktemp("home")
    (home / ".rpmmacros").write_bytes((MACROS / "macros.python").read_bytes())
    return home


def rpmspec(home, spec, *options, defines=()):
    given = [
        "__python3 /usr/bin/python3",
        "python3_version 3.12",
        f"__sfcci_macros {home}",
        f"_topdir {home}",
    ]
    words = [word for define in (*given, *defines) for word in ("--define", define)]
    return subprocess.run(
        ["rpmspec", *words, *options, spec],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.distro
@pytest.mark.parametrize("distribution", DEFINES)
@pytest.mark.parametrize("spec", sorted((REPOSITORY / "rpm").glob("*.spec")), ids=lambda path: path.stem)
def test_rpm_reads_every_spec_of_the_catalogue_under_every_distributions_macros(macros, spec, distribution):
    done = rpmspec(macros, spec, "-P", defines=DEFINES[distribution])
    assert done.stderr == ""
    assert "%{" not in done.stdout.replace("%{expand", "")


@pytest.mark.distro
@pytest.mark.parametrize(
    ("options", "names"),
    [
        (
            (),
            {
                "python3-sample",
                "python3-sample+fast",
                "python3-sample-tests",
                "python3-sample-agent",
                "python-sample-doc",
            },
        ),
        (
            ("--without", "doc", "--without", "config"),
            {"python3-sample", "python3-sample+fast", "python3-sample-tests", "python3-sample-agent"},
        ),
    ],
)
def test_rpm_sees_the_packages_that_are_meant(macros, whole, said, tmp_path, options, names):
    spec = tmp_path / "sample.spec"
    spec.write_text(spec_text(whole, said))
    done = rpmspec(macros, spec, "-q", "--builtrpms", "--qf", "%{name}\n", *options)
    assert set(done.stdout.split()) == names
    without = rpmspec(macros, spec, "-P", *options).stdout
    assert ("sphinx-build" in without) is not bool(options)
    assert set(dialect.rpm_names(whole)) >= names


@pytest.fixture
def library(sample):
    tests = Subpackage("tests", "Tests of it", ("sample.tests",), "test-requirements.txt")
    return replace(
        sample,
        kind="library",
        version="23.0.0.0rc1",
        source=Source(sdist="sample-23.0.0.0rc1.tar.gz", sha256="0" * 64),
        subpackages=(tests,),
        changelog=(replace(sample.changelog[0], version="23.0.0.0rc1"),),
    )


@pytest.fixture
def told():
    files = {"test-requirements.txt": ("stestr>=2.0.0", "Coverage!=4.4")}
    return SdistMetadata(
        "sample", "23.0.0.0rc1", "A sample.", license_files=("LICENSE",), requirement_files=files
    )


def test_the_spec_of_an_application_is_this_text(sample, project):
    text = spec_text(
        replace(sample, rpm=Rpm(recommends=("openvswitch",))), project_metadata(project / "code")
    )
    assert text == APPLICATION


def test_a_library_has_rdos_package_names_and_a_pre_release_its_own_version(library, told):
    lines = spec_text(library, told).splitlines()
    assert spec_path(library) == "rpm/python-sample.spec"
    for line in (
        "%global upstream_version 23.0.0.0rc1",
        "Name:           python-sample",
        "Version:        23.0.0~rc1",
        "Source0:        %{pypi_source sample %{upstream_version}}",
        "%package -n     python3-sample",
        "%package -n     python3-sample-tests",
        "Requires:       python3-sample = %{version}-%{release}",
        "Requires:       python3dist(stestr) >= 2",
        "Requires:       (python3dist(coverage) < 4.4 or python3dist(coverage) > 4.4)",
        "%autosetup -p1 -n sample-%{upstream_version}",
        "%exclude %{python3_sitelib}/sample/tests",
        "%license LICENSE",
        "* Thu Oct 01 2026 The sfcci developers <packages@sfcci.example.org> - 23.0.0~rc1-2",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": "9.9"}, "version: found '23.0.0.0rc1'; expected '9.9'"),
        ({"name": "other"}, "name: found 'sample'; expected 'other'"),
        ({"license": "GPL-3.0-only"}, "license: found 'MIT'; expected 'GPL-3.0-only'"),
        ({"requirement_files": {}}, "the source has no test-requirements.txt"),
    ],
)
def test_a_description_that_contradicts_its_source_is_refused(library, told, change, why):
    with pytest.raises(InputError, match=why):
        spec_text(library, replace(told, **change))


def test_a_requirement_of_another_system_or_an_old_python_is_none(whole, said):
    part = next(one for one in whole.subpackages if one.requirements)
    lines = ("pywin32; sys_platform=='win32'", "foo>=1; python_version<'3.0'", "bar; python_version<'3.12'")
    files = {
        **said.requirement_files,
        part.requirements: (*said.requirement_files[part.requirements], *lines),
    }
    text = spec_text(whole, replace(said, requirement_files=files))
    assert "python3dist(bar)" in text
    assert "pywin32" not in text
    assert "python3dist(foo)" not in text


def test_a_requirement_that_no_distribution_has_words_for_is_told_with_its_file(whole, said):
    part = next(one for one in whole.subpackages if one.requirements)
    files = {**said.requirement_files, part.requirements: ("git+https://x.example.org/y",)}
    with pytest.raises(InputError, match=r"requirements\.txt has 'git\+https"):
        spec_text(whole, replace(said, requirement_files=files))


def test_the_same_name_may_be_spelled_in_more_than_one_way(library, told):
    assert spec_text(library, replace(told, name="Sample"))
