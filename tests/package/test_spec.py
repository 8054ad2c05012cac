"""The spec's text, and how description and source must agree."""

from dataclasses import replace

import pytest

from sfcci.errors import InputError
from sfcci.package.component import Rpm, Source, Subpackage
from sfcci.package.sdist import SdistMetadata, project_metadata
from sfcci.package.spec import spec_path, spec_text

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
%autosetup -n sample-%{version}

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
    text = spec_text(replace(sample, rpm=Rpm(recommends=("openvswitch",))), project_metadata(project / "code"))
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
        "%autosetup -n sample-%{upstream_version}",
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


def test_the_same_name_may_be_spelled_in_more_than_one_way(library, told):
    assert spec_text(library, replace(told, name="Sample"))
