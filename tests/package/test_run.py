"""RPMs built, checked, published and installed by the real programs."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from sfcci import command, settings
from sfcci.cli.package import package
from sfcci.errors import InputError, MissingTool, UsageError
from sfcci.finding import Severity
from sfcci.package import build, install, lint, publication, repository, run, tree, work
from sfcci.package.repository import package_name
from sfcci.package.turn import Outcome
from sfcci.package.work import Order

from .conftest import REPOSITORY, make_project, skip_without_network

pytestmark = pytest.mark.distro


@pytest.fixture
def configured(project, tmp_path, cache_dir):
    return settings.load(
        project, {"SFCCI_RUN_STATE": str(tmp_path / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    )


@pytest.fixture(scope="module")
def built_once(tmp_path_factory, cache_dir):
    """A state folder in which the sample was built."""
    folder = tmp_path_factory.mktemp("once")
    project = make_project(folder / "project")
    state = {"SFCCI_RUN_STATE": str(folder / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    built(settings.load(project, state))
    return folder / "state"


@pytest.fixture
def stored(configured, built_once):
    """Settings with a copy of that state."""
    shutil.copytree(built_once, configured.state, symlinks=True)
    return configured


def installed(settings, component, root):
    install.install_root(install.built_packages(settings)(component), root)
    return install.installed_program(root, component)


def built(configured, **options):
    said = []
    report = run.build_packages(configured, said.append, Order(write_specs=True, **options))
    return report.components[0], said


def requires(rpm):
    done = subprocess.run(["rpm", "-qp", "--requires", rpm], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_component_is_built_published_installed_and_runs(configured, tmp_path):
    report, _said = built(configured)
    assert (report.outcome, report.exit_status) == (Outcome.BUILT, 0)
    assert {finding.keyword for finding in report.findings} == {"no-manual-page-for-binary"}
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    (rpm,) = report.binary_rpms
    assert {f"python{minor}dist(packaging) >= 20", f"python{minor}dist(some-thing) >= 2~rc1"} <= set(
        requires(rpm)
    )
    assert not [line for line in requires(rpm) if "old-thing" in line]
    listed = subprocess.run(["rpm", "-qpl", rpm], capture_output=True, text=True, check=True).stdout
    assert "left" not in listed
    licence = subprocess.run(["rpm", "-qpL", rpm], capture_output=True, text=True, check=True).stdout
    assert licence.strip().endswith("licenses/LICENSE")
    published = publication.current_repository(configured.state)
    assert (published / "repodata" / "repomd.xml").exists()
    assert (published / rpm.name).read_bytes() == rpm.read_bytes()

    way = installed(configured, "sample", tmp_path / "root")
    assert command.run(way.argv, timeout_s=120, env=way.env).stdout == "a sample that runs\n"

    again, said = built(configured)
    assert (again.outcome, again.binary_rpms) == (Outcome.UNCHANGED, report.binary_rpms)
    assert "sample 1.0: unchanged, nothing to do" in said


PATCH = """\
--- a/sample/tool.py
+++ b/sample/tool.py
@@ -2,3 +2,3 @@

 def main():
-    print("a sample that runs")
+    print("a sample that is patched")
"""


def test_a_patch_in_a_hand_edited_region_is_built_in_and_a_change_of_it_builds_again(configured, tmp_path):
    tree.write_tree(configured.project, run.rendered_specs(configured))
    spec = configured.project / "rpm" / "sample.spec"
    line = "BuildArch:      noarch\n"
    region = "# by hand: says more\nPatch0:         say.patch\n# end by hand\n"
    spec.write_text(spec.read_text().replace(line, line + region))
    tool = (configured.project / "code" / "sample" / "tool.py").read_text().splitlines()
    at = tool.index("def main():")
    patch = PATCH.replace("-2,3 +2,3", f"-{at},3 +{at},3")
    (spec.parent / "say.patch").write_text(patch)
    report, _said = built(configured)
    assert (report.outcome, report.exit_status) == (Outcome.BUILT, 0), report
    way = installed(configured, "sample", tmp_path / "root")
    assert command.run(way.argv, timeout_s=120, env=way.env).stdout == "a sample that is patched\n"
    assert built(configured)[0].outcome is Outcome.UNCHANGED
    (spec.parent / "say.patch").write_text(patch.replace("is patched", "is patched again"))
    assert built(configured)[0].outcome is Outcome.BUILT


def test_a_build_requirement_that_is_not_there_fails_the_build_and_keeps_its_log(configured):
    pyproject = configured.project / "code" / "pyproject.toml"
    pyproject.write_text(
        pyproject.read_text().replace('"flit_core>=3.11,<5"', '"flit_core>=3.11,<5", "no-such-thing>=2"')
    )
    report, _said = built(configured)
    assert report.outcome is Outcome.FAILED
    assert "python3dist(no-such-thing) >= 2 is needed by sample" in report.findings[0].what
    assert "Failed build dependencies" in report.log.read_text()
    assert not (publication.current_repository(configured.state) / "sample-1.0-2.noarch.rpm").exists()


def test_a_module_that_does_not_import_fails_the_build(configured):
    (configured.project / "code" / "sample" / "__init__.py").write_text(
        '"""Broken."""\nimport no_such_module\n'
    )
    report, _said = built(configured)
    assert "No module named 'no_such_module'" in report.findings[0].what


def test_a_build_has_no_network(configured):
    code = '"""Asks."""\nimport socket\nsocket.create_connection(("192.0.2.1", 9), timeout=5)\n'
    (configured.project / "code" / "sample" / "__init__.py").write_text(code)
    if not build.sandbox():
        pytest.skip("no namespaces here")
    report, _said = built(configured)
    assert "Network is unreachable" in report.findings[0].what or "Cannot assign" in report.findings[0].what


def test_one_component_that_fails_stops_no_other(configured):
    text = (configured.project / "packaging" / "sample.toml").read_text()
    bad = text.replace('"sample"', '"another"', 1).replace("code", "nowhere")
    (configured.project / "packaging" / "another.toml").write_text(bad)
    report = run.build_packages(configured, lambda _text: None, Order(write_specs=True))
    assert [c.outcome for c in report.components] == [Outcome.FAILED, Outcome.BUILT]
    assert report.exit_status == 2


def test_a_generator_of_requires_that_fails_is_found_though_rpmbuild_is_content(
    configured, monkeypatch, tmp_path
):
    broken = tmp_path / "macros"
    shutil.copytree(build.MACROS, broken)
    text = (broken / "macros.python").read_text()
    (broken / "macros.python").write_text(
        text.replace("%__pythondist_requires %{__python3}", "%__pythondist_requires true")
    )
    monkeypatch.setattr(build, "MACROS", broken)
    report, _said = built(configured)
    assert {f.keyword for f in report.findings if f.severity is Severity.ERROR} == {"RequiresMissing"}
    assert report.exit_status == 1
    published = publication.current_repository(configured.state)
    assert not list(published.glob("*.rpm")), "a package with errors is not published"


def test_a_program_broken_on_purpose_builds_and_does_not_start(configured, monkeypatch, tmp_path):
    monkeypatch.setattr(work, "BROKEN_MODULE", "sample/tool.py")
    report, _said = built(configured, fault=True)
    assert report.exit_status == 0
    way = installed(work.with_fault(configured), "sample", tmp_path / "root")
    done = command.run(way.argv, timeout_s=120, env=way.env, check=False)
    assert "ModuleNotFoundError" in done.stderr
    assert install.built_packages(configured) is None, "the good packages are left alone"


def test_force_builds_again_and_the_older_builds_stay_for_their_readers(stored):
    first, _ = built(stored)
    second, _ = built(stored, force=True)
    assert first.outcome is Outcome.UNCHANGED
    assert second.outcome is Outcome.BUILT
    assert second.binary_rpms != first.binary_rpms
    assert first.binary_rpms[0].exists()


def test_what_a_killed_run_left_is_swept_away_and_a_live_runs_folder_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr(build.tempfile, "gettempdir", lambda: str(tmp_path))
    left = tmp_path / f"{build.PREFIX}left"
    left.mkdir()
    (left / "lock").touch()
    with build.workspace() as alive, build.workspace():
        assert alive.exists()
        assert not left.exists()
    assert not list(tmp_path.iterdir())


def test_a_build_that_was_only_half_stored_is_not_there(stored):
    repository.current_build(stored.state, "sample").binary_rpms[0].unlink()
    assert repository.current_build(stored.state, "sample") is None


def test_installing_what_was_not_built_says_what_to_do(stored, tmp_path):
    with pytest.raises(UsageError, match="sfcci package rpm other"):
        install.built_packages(stored)("other")
    with pytest.raises(MissingTool, match="holds no program"):
        install.installed_program(tmp_path, "sample")


def test_a_full_disk_is_one_sentence():
    with pytest.raises(MissingTool, match="is full; free some space"):
        build.refuse_full_disk("error: write failed: No space left on device")


def asked(*words):
    return CliRunner().invoke(package, words, catch_exceptions=False)


def test_the_command_tells_drift_and_writes_what_is_rendered(configured, monkeypatch):
    monkeypatch.setenv("SFCCI_PROJECT", str(configured.project))
    missing = asked("rpm", "--check", "--json")
    assert missing.exit_code == 1
    assert json.loads(missing.stdout)["findings"][0]["keyword"] == "FileMissing"
    assert asked("rpm", "--spec-only").exit_code == 0
    assert asked("rpm", "--check").output == "1 specs; 0 differ\n"


def test_a_description_with_faults_is_bad_input(configured):
    (configured.project / "packaging" / "sample.toml").write_text("name = 3\n")
    with pytest.raises(InputError):
        run.build_packages(configured, lambda _text: None)


def names(report):
    return [package_name(path) for component in report.components for path in component.binary_rpms]


def test_what_the_pipeline_builds_needs_no_large_environment_and_has_no_finding(built_for_pipeline):
    report = built_for_pipeline.report
    skip_without_network(report)
    assert [str(finding) for finding in report.all_findings] == []
    assert names(report) == [
        "python3-networking-sfc",
        "python3-networking-sfc-tests",
        "sfcci+rpm",
        "sfcci",
    ]
    assert len(report.places) == 1


def test_the_whole_catalogue_is_built_without_a_finding(built_catalogue):
    report = built_catalogue.report
    assert [str(finding) for finding in report.all_findings] == []
    assert names(report) == [
        "grafyaml",
        "python3-graphyte",
        "python-networking-sfc-doc",
        "python3-networking-sfc",
        "python3-networking-sfc-tests",
        "python-neutronclient-doc",
        "python3-neutronclient",
        "python3-neutronclient-tests",
        "sfcci+rpm",
        "sfcci",
    ]
    (component,) = (one for one in report.components if one.component == "networking-sfc")
    assert component.linted.startswith("rpmlint: 0 errors (")
    main = lint.main_rpm(
        next(c for c in run.load_catalogue(REPOSITORY / "packaging") if c.name == "networking-sfc"),
        component.binary_rpms,
    )
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"python{minor}dist(neutron) >= 27~b1" in requires(main)


def test_a_package_with_all_its_features_passes_for_one_without(built_catalogue, own, tmp_path):
    shutil.copytree(built_catalogue.settings.state, tmp_path / "state", symlinks=True)
    again = run.build_packages(
        replace(own, state=tmp_path / "state"),
        lambda _text: None,
        Order(whole=False),
        only=["networking-sfc"],
    )
    assert [component.outcome for component in again.components] == [Outcome.UNCHANGED]


@pytest.mark.distro
def test_the_sources_own_tests_run_over_the_build_when_they_are_asked_for(project, tmp_path, cache_dir):
    with (project / "packaging" / "sample.toml").open("a") as file:
        file.write('\n[tests]\nrunner = "unittest"\narguments = ["test_sample"]\n')
    failing = "import unittest\n\n\nclass One(unittest.TestCase):\n    def test(self):\n        self.fail('as planned')\n"
    (project / "code" / "test_sample.py").write_text(failing)
    pyproject = project / "code" / "pyproject.toml"
    packed = '\n[tool.flit.sdist]\ninclude = ["test_sample.py"]\n'
    told = "\n".join(
        line for line in pyproject.read_text().splitlines() if not line.startswith("dependencies")
    )
    pyproject.write_text(told + packed)
    at = settings.load(
        project, {"SFCCI_RUN_STATE": str(tmp_path / "state"), "SFCCI_RUN_CACHE": str(cache_dir)}
    )
    (without,) = run.build_packages(at, lambda _text: None, Order(write_specs=True)).components
    assert (without.outcome, without.error) == (Outcome.BUILT, "")
    (asked,) = run.build_packages(at, lambda _text: None, Order(wanted=("tests",))).components
    assert asked.outcome is Outcome.FAILED, "it is another build, and it ran them"
    assert "as planned" in asked.log.read_text()
    talkative = failing.replace("self.fail('as planned')", "print('Traceback (most recent call last)')")
    (project / "code" / "test_sample.py").write_text(talkative)
    (passed,) = run.build_packages(at, lambda _text: None, Order(wanted=("tests",))).components
    assert passed.outcome is Outcome.BUILT, "what a test prints is no failure of the build"
