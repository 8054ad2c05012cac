"""The installation test on a small project: what is well passes, and each planted fault is a finding of its check."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sfcci import command
from sfcci.errors import MissingTool, Unreachable, UsageError
from sfcci.finding import Severity
from sfcci.package import build, install_answers, install_test, publication, run, signing, turn
from sfcci.package.profile import profile
from sfcci.package.work import Order

from .conftest import DESCRIPTION, WELL_FILES, configured_sample

FAULTY = WELL_FILES["pyproject.toml"].replace('tool:main"\n', 'tool:main"\nlost = "sample.tool:nowhere"\n')
OLDER = """\
[build-system]
requires = ["flit_core>=3.11,<5"]
build-backend = "flit_core.buildapi"

[project]
name = "installer"
version = "1.0"
description = "Stands for an old installer"
license = "MIT"
license-files = ["LICENSE"]
"""
EXCEPTIONS = """\
[[exceptions]]
module = "sample.excused"
reason = "it wants a host"

[[exceptions]]
module = "sample.tool"
reason = "it is well"

"""


def quiet(_text):
    """Say nothing."""


@dataclass(frozen=True)
class Trial:
    """A project that was built and tested once."""

    settings: object
    report: object

    @property
    def sample(self):
        (one,) = self.report.components
        return one

    def findings(self, keyword):
        return [one for one in self.report.findings if one.keyword == keyword]


def trial_of(at):
    """Build the sample and test it."""
    try:
        run.build_packages(at, quiet, Order(write_specs=True))
        return Trial(at, install_test.install_test(at, quiet))
    except Unreachable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def well(tmp_path_factory, cache_dir):
    return trial_of(configured_sample(tmp_path_factory.mktemp("well"), cache_dir))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory, cache_dir):
    files = {
        "pyproject.toml": FAULTY,
        "sample/broken.py": "import nowhere\n",
        "sample/ends.py": "raise SystemExit(3)\n",
        "sample/excused.py": "raise RuntimeError\n",
        "sample/strays.py": "import sys\n\nimport yonder\n",
    }
    description = DESCRIPTION.replace("[[changelog]]", f"{EXCEPTIONS}[[changelog]]")
    return trial_of(configured_sample(tmp_path_factory.mktemp("faulty"), cache_dir, files, description))


@pytest.fixture(scope="module")
def lacking(tmp_path_factory, cache_dir):
    """The sample as it is elsewhere: it requires Some.Thing, which is nowhere."""
    return trial_of(configured_sample(tmp_path_factory.mktemp("lacking"), cache_dir, {}))


@pytest.mark.distro
def test_a_package_that_is_well_is_installed_verified_imported_and_loaded(well):
    one = well.sample
    assert well.report.findings == ()
    assert well.report.exit_status == 0
    assert (one.modules, one.entry_points, one.excused) == (2, 1, 0)
    names = [nevra.rsplit("-", 2)[0] for nevra in one.installed]
    assert {"sample", "python3-packaging"} <= set(names), one.installed
    assert "python3-flit-core" not in names, "what only a build needs was not installed by the package"
    assert set(one.durations_s) == {"prepare", "install", "import", "verify", "builddep", "remove"}


@pytest.mark.distro
def test_what_is_installed_is_signed_even_where_the_published_repository_is_not(well):
    assert len(well.report.repository.key) == 40
    assert publication.published(well.settings.state).key == ""
    assert not (well.settings.state / "signing").exists(), "the key was this run's alone"


@pytest.mark.distro
def test_modules_and_entry_points_that_do_not_load_are_findings_but_for_exceptions(faulty):
    said = {one.what for one in faulty.findings("ModuleNotImported")}
    assert said == {
        "module sample.broken: ModuleNotFoundError: No module named 'nowhere'",
        "module sample.ends: SystemExit: 3",
        "module sample.strays: ModuleNotFoundError: No module named 'yonder'",
    }
    (point,) = faulty.findings("EntryPointNotLoaded")
    assert point.what.startswith("entry point console_scripts:lost: AttributeError:")
    assert "nowhere" in point.what
    (stale,) = faulty.findings("ExceptionNotNeeded")
    assert stale.what == "module sample.tool loads, or is there no more: 'it is well' does not hold"
    assert faulty.sample.excused == 1
    assert faulty.report.exit_status == 1
    assert len(faulty.report.findings) == 5


@pytest.mark.distro
def test_a_dependency_that_nothing_brings_is_a_finding_of_the_installation_and_of_the_closure(lacking):
    (found,) = lacking.findings("DependencyMissing")
    assert "some-thing" in found.what
    assert "sample-1.0-2.noarch" in str(found.place)
    (closed,) = lacking.findings("RepositoryNotClosed")
    assert "some-thing" in closed.what
    assert lacking.sample.modules == 0, "nothing was installed, so nothing is imported"
    assert lacking.report.exit_status == 1


@pytest.fixture
def signed(well, tmp_path):
    """Settings of a state folder of the test's own, and a function that publishes its repository signed."""
    shutil.copytree(well.settings.state, tmp_path / "state", symlinks=True)
    at = replace(well.settings, state=tmp_path / "state")

    def publish():
        return publication.publish(at, quiet, sign=True).folder.resolve()

    return at, publish


@pytest.mark.distro
def test_a_package_without_a_signature_in_a_signed_repository_is_refused(signed, monkeypatch):
    at, publish = signed
    monkeypatch.setattr(signing, "sign_packages", lambda _key, _rpms: None)
    monkeypatch.setattr(signing, "signature_findings", lambda _public, _rpms, _folder: ())
    publish()
    report = install_test.install_test(at, quiet)
    assert [(one.keyword, str(one.place)) for one in report.findings] == [
        ("SignatureBad", "sample-1.0-2.noarch.rpm")
    ]
    assert report.components[0].modules == 0


@pytest.mark.distro
def test_a_package_that_was_changed_in_the_repository_is_refused(signed):
    at, publish = signed
    path = publish() / "sample-1.0-2.noarch.rpm"
    octets = bytearray(path.read_bytes())
    octets[-100] ^= 1
    path.write_bytes(octets)
    report = install_test.install_test(at, quiet)
    (found,) = report.findings
    assert (found.keyword, str(found.place)) == ("PackageChanged", "sample-1.0-2.noarch")
    assert report.components[0].modules == 0


@pytest.mark.distro
def test_metadata_that_was_changed_is_refused(signed):
    at, publish = signed
    path = publish() / "repodata" / "repomd.xml"
    path.write_text(path.read_text().replace("<revision>1<", "<revision>2<"))
    report = install_test.install_test(at, quiet)
    (found,) = report.findings
    assert found.keyword == "SignatureBad"
    assert "Bad GPG signature" in found.what
    assert report.components[0].modules == 0


@pytest.mark.distro
def test_packages_of_another_distribution_are_tested_and_published_apart_with_the_same_key(well, tmp_path):
    """Built for this machine's Python, so that they can be installed here."""
    at = replace(well.settings, state=tmp_path / "state")
    stream = replace(profile("centos-stream-10"), python="")
    with pytest.raises(UsageError, match="sfcci package rpm sample --profile centos-stream-10"):
        install_test.install_test(at, quiet, ["sample"], stream)
    apart = run.build_packages(at, quiet, Order(profile=stream)).repository.parent
    assert apart == at.state / "profiles" / "centos-stream-10"
    made = publication.publish(at, quiet, sign=True, state=apart)
    assert made.folder == apart / "repository"
    assert made.key == publication.publish(at, quiet, sign=True).key, "one key for all"
    report = install_test.install_test(at, quiet, ["sample"], stream)
    assert report.findings == ()
    assert "sample-1.0-2.el10.noarch" in report.components[0].installed


@pytest.mark.distro
def test_what_we_package_is_ours_also_where_the_closure_has_it_newer(tmp_path, cache_dir):
    """The sample requires installer, which is described here at 1.0 and locked at a version that is higher."""
    files = {
        **WELL_FILES,
        "pyproject.toml": WELL_FILES["pyproject.toml"].replace('"packaging>=20"', '"installer>=1"'),
        "sample/__init__.py": "import installer\n",
    }
    at = configured_sample(tmp_path, cache_dir, files)
    older = at.project / "installer"
    (older / "installer").mkdir(parents=True)
    (older / "installer" / "__init__.py").write_text('"""Stands for an old installer."""\n')
    (older / "LICENSE").write_text("Permission is hereby granted.\n")
    (older / "pyproject.toml").write_text(OLDER)
    description = DESCRIPTION.replace('"sample"', '"installer"').replace('"code"', '"installer"')
    (at.project / "packaging" / "installer.toml").write_text(
        description.replace('"application"', '"library"')
    )
    built = run.build_packages(at, quiet, Order(write_specs=True))
    assert [str(one) for one in built.all_findings if one.severity is Severity.ERROR] == []
    report = install_test.install_test(at, quiet, ["sample"])
    assert report.findings == ()
    assert "python3-installer-1.0-2.noarch" in report.components[0].installed


@pytest.mark.distro
def test_requirements_that_a_generator_lost_are_found_by_importing_where_dnf_finds_nothing(
    well, tmp_path, monkeypatch
):
    macros = tmp_path / "macros"
    shutil.copytree(build.MACROS, macros)
    text = (macros / "macros.python").read_text()
    lost = text.replace("%__pythondist_requires %{__python3}", "%__pythondist_requires true")
    (macros / "macros.python").write_text(lost)
    monkeypatch.setattr(build, "MACROS", macros)
    monkeypatch.setattr(turn, "own_findings", lambda _work, _built: ())
    at = replace(well.settings, state=tmp_path / "state")
    run.build_packages(at, quiet, Order())
    report = install_test.install_test(at, quiet)
    assert {one.keyword for one in report.findings} == {"ModuleNotImported", "EntryPointNotLoaded"}
    assert all("No module named 'packaging'" in one.what for one in report.findings)


@pytest.mark.distro
def test_the_command_says_what_it_did_and_leaves_nothing(well, tmp_path):
    (tmp_path / "tmp").mkdir()
    given = {
        "SFCCI_PROJECT": str(well.settings.project),
        "SFCCI_RUN_STATE": str(well.settings.state),
        "SFCCI_RUN_CACHE": str(well.settings.cache),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    argv = [sys.executable, "-m", "sfcci", "package", "install-test", "sample", "--json"]
    done = subprocess.run(argv, env={**os.environ, **given}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["components"]
    assert (told["component"], told["modules"], told["findings"]) == ("sample", 2, [])
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path) in line_of(path)]


def line_of(path):
    """The command line of what runs; "" of what has ended meanwhile."""
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


@pytest.mark.distro
def test_a_component_that_was_not_built_is_named_with_the_remedy(tmp_path, cache_dir):
    at = configured_sample(tmp_path, cache_dir, {})
    with pytest.raises(UsageError, match="no RPM without errors of sample; build it with: sfcci package rpm"):
        install_test.install_test(at, quiet, ["sample"])


def test_without_dnf_the_remedy_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(command, "search_path", lambda: str(tmp_path))
    with pytest.raises(MissingTool, match="dnf") as raised:
        install_test.require_dnf()
    assert "apt" in str(raised.value) or "install" in str(raised.value)


def test_a_key_that_dnf_takes_is_no_finding():
    text = "Importing GPG key 0xE40B5C7A:\n Userid     : somebody\nError: the disk is odd\n"
    (found,) = install_answers.transaction_findings(text, "NotInstalled")
    assert found.keyword == "NotInstalled"
    assert found.what.endswith("Error: the disk is odd")


def test_a_scriptlet_that_fails_is_a_finding_though_dnf_goes_on():
    text = """\
  Running scriptlet: sample-1.0-2.noarch                                    1/1
warning: %post(sample-1.0-2.noarch) scriptlet failed, exit status 3
  Running scriptlet: other-1-1.noarch                                       1/1
"""
    (found,) = install_answers.scriptlet_findings(text)
    assert (found.keyword, str(found.place)) == ("ScriptletFailed", "sample-1.0-2.noarch")
    assert found.what == "%post failed, exit status 3"
    assert install_answers.scriptlets_run(text) == ("sample-1.0-2.noarch", "other-1-1.noarch")


def test_files_that_are_not_as_packaged_and_unmet_requirements_are_findings():
    text = "S.5....T.  c /etc/a.conf\nmissing     /usr/b\nUnsatisfied dependencies for x-1-1.noarch:\n\tnowhere is needed by x-1-1.noarch\n"
    told = [(one.keyword, str(one.place), one.what) for one in install_answers.verify_findings(text)]
    assert told == [
        ("FileChanged", "/etc/a.conf", "size, digest, time changed (S.5....T.)"),
        ("FileChanged", "/usr/b", "is missing"),
        ("DependencyMissing", "x-1-1.noarch", "installed without nowhere is needed by x-1-1.noarch"),
    ]
