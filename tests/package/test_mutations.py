"""What goes wrong in packages without a word: each mutation of a spec or a build is caught by a check.

The rows are those of the table in the specification of this room; rpmbuild lets all but one pass.
"""

import shutil
from dataclasses import dataclass, replace

import pytest

from sfcci import environment, settings
from sfcci.errors import ToolError
from sfcci.finding import Severity
from sfcci.package import build, signing
from sfcci.package.build import BUILD_ENVIRONMENT, found_host, workspace
from sfcci.package.catalogue import load_catalogue
from sfcci.package.hosts import Hosts
from sfcci.package.lint import lint
from sfcci.package.work import NORMAL, own_findings, prepared_work

from .conftest import make_project

pytestmark = pytest.mark.distro
CONFIG = """
[[configs]]
path = "/etc/sample/sample.conf"
source = "sample.conf"
mode = "0640"

[[subpackages]]
name = "tests"
summary = "Tests of the sample"
modules = ["sample.tests"]
"""
NOT_A_LINE = "this is in no spec\n"


@dataclass(frozen=True)
class Site:
    """A place to build the sample in, mutated or not."""

    folder: object
    work: object

    def build(self, before=NOT_A_LINE, after=NOT_A_LINE):
        """Build with one text of the spec replaced by another."""
        ((path, spec),) = self.work.rendered.items()
        assert before == NOT_A_LINE or before in spec
        shutil.rmtree(self.work.host.folder / "build", ignore_errors=True)
        changed = replace(self.work, rendered={path: spec.replace(before, after)})
        return changed, changed.build()

    def keywords(self, *mutation):
        """Keywords of the errors of our own checks."""
        found = own_findings(*self.build(*mutation))
        return {finding.keyword for finding in found if finding.severity is Severity.ERROR}


@pytest.fixture(scope="module")
def site(tmp_path_factory, cache_dir):
    project = make_project(tmp_path_factory.mktemp("mutations") / "project")
    code = project / "code"
    (code / "sample" / "tests").mkdir()
    (code / "sample" / "tests" / "__init__.py").write_text('"""Tests."""\n')
    (code / "sample.conf").write_text("[sample]\n")
    text = (code / "pyproject.toml").read_text()
    wanted = text.replace('"packaging>=20"', '"packaging>=20", "Oslo.Service[threading]>=1"')
    (code / "pyproject.toml").write_text(wanted + '\n[tool.flit.sdist]\ninclude = ["sample.conf"]\n')
    with (project / "packaging" / "sample.toml").open("a") as file:
        file.write(CONFIG)
    given = settings.load(
        project, {"SFCCI_RUN_CACHE": str(cache_dir), "SFCCI_RUN_STATE": str(project.parent / "state")}
    )
    (component,) = load_catalogue(project / "packaging")
    with workspace() as folder:
        hosts = Hosts(given, folder, lambda _text: None)
        yield Site(folder, prepared_work(given, component, hosts, NORMAL, lambda _text: None))


def test_without_a_mutation_nothing_is_found(site):
    assert site.keywords() == set()


def test_tests_that_are_in_the_main_package_too_are_caught(site):
    assert site.keywords("%exclude %{python3_sitelib}/sample/tests\n", "") == {"FileTwice"}


def test_a_configuration_file_that_is_not_marked_is_caught(site):
    ((_path, spec),) = site.work.rendered.items()
    (line,) = (line for line in spec.splitlines() if "%config(noreplace)" in line)
    plain = line.replace("%config(noreplace) ", "")
    assert site.keywords(line, plain) == {"NotConfig", "ConfigDiffers"}
    work, built = site.build(line, plain)
    assert "non-conffile-in-etc" in {finding.keyword for finding in lint(built, work.host).findings}


@pytest.mark.parametrize(
    "bound", ["python3dist(neutron) >= 27.0.0.0b1", "python3dist(packaging) >= 99", "python3.11dist(nobody)"]
)
def test_a_bound_that_nothing_can_meet_is_caught_before_anybody_installs(site, bound):
    assert site.keywords("BuildArch:      noarch\n", f"BuildArch:      noarch\nRequires: {bound}\n") == {
        "RequiresUntold"
    }


@pytest.mark.parametrize(
    ("before", "after", "keyword"),
    [
        ("%__pythondist_requires %{__python3}", "%__pythondist_requires true", "RequiresMissing"),
        (" --require-extras-subpackages", "", "RequiresMissing"),
        ("%__pythondist_provides %{__python3}", "%__pythondist_provides true", "ProvidesMissing"),
    ],
)
def test_a_generator_that_says_nothing_or_drops_extras_is_caught(
    site, tmp_path, monkeypatch, cache_dir, before, after, keyword
):
    macros = tmp_path / "macros"
    shutil.copytree(build.MACROS, macros)
    text = (macros / "macros.python").read_text()
    assert before in text
    (macros / "macros.python").write_text(text.replace(before, after))
    monkeypatch.setattr(build, "MACROS", macros)
    with workspace() as folder:
        host = found_host(folder / "host", environment.ensure(BUILD_ENVIRONMENT, cache_dir))
        if not host.own_macros:
            pytest.skip("this host has the distribution's own macros")
        assert Site(folder, replace(site.work, host=host)).keywords() == {keyword}


def test_files_that_belong_to_no_package_fail_the_build(site):
    with pytest.raises(ToolError, match="unpackaged"):
        site.build("%check\n", "touch %{buildroot}/usr/left\n\n%check\n")


def test_a_traceback_in_the_log_fails_a_build_that_rpmbuild_calls_good(site):
    with pytest.raises(ToolError, match="a program in it failed"):
        site.build("%check\n", "%check\necho 'Traceback (most recent call last)'\n")


def test_a_folder_of_the_build_in_a_file_is_caught(site):
    line = "%install\n%pyproject_install\n"
    site_packages = "%{buildroot}%{python3_sitelib}"
    written = f'{line}echo "# %{{_topdir}}" >>{site_packages}/sample/tool.py\n'
    assert "BuildPath" in site.keywords(line, written)


def test_byte_code_of_another_python_and_stale_byte_code_are_caught(site):
    line = "%install\n%pyproject_install\n"
    cache = "%{buildroot}%{python3_sitelib}/sample/__pycache__"
    foreign = f"{line}cp {cache}/tool.cpython-*.pyc {cache}/tool.cpython-399.pyc\n"
    assert site.keywords(line, foreign) == {"PycForeign"}
    compiled = "%{__python3} -m py_compile %{buildroot}%{python3_sitelib}/sample/tool.py"
    stale = f"{line}SOURCE_DATE_EPOCH= {compiled}\ntouch -d @9 %{{buildroot}}%{{python3_sitelib}}/sample/tool.py\n"
    assert site.keywords(line, stale) == {"PycStale", "BuildPath"}, "it names the build root, too"


def test_a_package_without_its_licence_is_caught(site):
    ((_path, spec),) = site.work.rendered.items()
    assert "%pyproject_save_files -l sample" in spec
    mutation = (
        "%pyproject_save_files -l sample\n",
        "%pyproject_save_files sample\nsed -i '/licenses/d' %{pyproject_files}\nrm -r %{buildroot}%{python3_sitelib}/sample-1.0.dist-info/licenses\n",
    )
    assert site.keywords(*mutation) == {"LicenseMissing"}


def test_an_unsigned_package_is_caught(site, tmp_path):
    if not signing_programs():
        pytest.skip("no gpg, rpmsign or rpmkeys here")
    _work, built = site.build()
    key = signing.new_key(site.folder / "gpg")
    found = signing.signature_findings(key.public, list(built.binary_rpms), tmp_path / "keys")
    assert {finding.keyword for finding in found} == {"SignatureBad"}
    signing.sign_packages(key, list(built.binary_rpms))
    assert signing.signature_findings(key.public, list(built.binary_rpms), tmp_path / "again") == ()


def signing_programs():
    from sfcci import command

    return all(command.available(program) for program in ("gpg", "rpmsign", "rpmkeys"))
