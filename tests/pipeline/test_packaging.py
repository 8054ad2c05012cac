"""Packaging jobs in the run database."""

from sfcci import settings
from sfcci.errors import EXIT_INPUT, EXIT_TOOL, Place
from sfcci.finding import Finding, Severity
from sfcci.gate.history import History
from sfcci.gate.job import Result
from sfcci.package.ebuild_build import EbuildBuild
from sfcci.package.install_test import ComponentInstall, InstallReport
from sfcci.package.merge import ComponentMerge
from sfcci.package.publication import Published
from sfcci.package.turn import ComponentReport, Outcome
from sfcci.package.verify import Verified, VerifyReport
from sfcci.pipeline import packaging

ERROR = Finding("FileTwice", Severity.ERROR, Place("a.rpm"), "a file is in b, too")
WARNING = Finding("no-documentation", Severity.WARNING, Place("a.rpm"), "none")


def results(runs):
    return packaging.packaging_results(settings.load(), runs, 1000.0, "set", "abc")


def test_what_was_built_and_what_the_checks_said_are_two_jobs():
    stages = {"source": 1.0, "build": 4.0, "lint": 0.5, "check": 0.5}
    built = ComponentReport("a", Outcome.BUILT, duration_s=6.5, stages_s=stages, findings=(ERROR, WARNING))
    unchanged = ComponentReport("b", Outcome.UNCHANGED)
    build, check = results(packaging.build_runs([built, unchanged]))
    assert (build.job, build.result, build.duration_ms) == ("package-build-a", Result.SUCCESS, 5500)
    assert (check.job, check.result, check.duration_ms) == ("package-check-a", Result.FAILURE, 1000)
    assert check.reasons == ("a.rpm: a file is in b, too [FileTwice]",)
    assert (build.pipeline, build.buildset, build.commit) == ("package", "set", "abc")
    assert (build.started_at, build.ended_at, check.ended_at) == (993.5, 999.0, 1000.0)


def test_what_failed_and_what_could_not_be_asked_are_apart():
    failed = ComponentReport("a", Outcome.FAILED, findings=(ERROR,))
    bad = ComponentReport("b", Outcome.FAILED, error="packaging/b.toml: bad", error_status=EXIT_INPUT)
    lost = ComponentReport("c", Outcome.FAILED, error="no index answers", error_status=EXIT_TOOL)
    found = results(packaging.build_runs([failed, bad, lost]))
    assert [(one.job, one.result) for one in found] == [
        ("package-build-a", Result.FAILURE),
        ("package-build-b", Result.CONFIG_ERROR),
        ("package-build-c", Result.NODE_FAILURE),
    ]
    assert found[2].reasons == ("no index answers",)


def test_installations_and_proofs_are_jobs_too(tmp_path):
    good = ComponentInstall("a", durations_s={"dnf": 3.0, "imports": 1.0})
    report = InstallReport((good,), Published(tmp_path, ()), closure=(ERROR,))
    (install,) = results(packaging.install_runs(report))
    assert (install.job, install.result, install.duration_ms) == ("package-install-a", Result.FAILURE, 4000)
    (proof,) = results(packaging.verify_runs(VerifyReport((Verified("a", duration_s=2.0),))))
    assert (proof.job, proof.result, proof.duration_ms) == ("package-reproducible-a", Result.SUCCESS, 2000)


def test_the_scan_of_the_overlay_and_the_ways_of_its_ebuilds_are_jobs_too(tmp_path):
    (scan,) = results(packaging.scan_runs([WARNING, ERROR], 7.0))
    assert (scan.job, scan.result, scan.duration_ms) == ("package-scan-overlay", Result.FAILURE, 7000)
    phases = {"unpack": 1.0, "compile": 3.0, "qmerge": 0.5, "unmerge": 0.5}
    merged = ComponentMerge("a", EbuildBuild("x/a-1", phases, (ERROR,), tmp_path), duration_s=7.0)
    broken = ComponentMerge("b", EbuildBuild("x/b-1", {"unpack": 1.0}, (ERROR,), tmp_path), duration_s=2.0)
    lost = ComponentMerge("c", duration_s=0.5, error="no portage", error_status=EXIT_TOOL)
    found = results(packaging.merge_runs([merged, broken, lost]))
    assert [(one.job, one.result, one.duration_ms) for one in found] == [
        ("package-ebuild-a", Result.SUCCESS, 4000),
        ("package-merge-a", Result.FAILURE, 3000),
        ("package-ebuild-b", Result.FAILURE, 2000),
        ("package-ebuild-c", Result.NODE_FAILURE, 500),
    ]


def test_runs_are_recorded_and_nothing_is_without_any():
    at = settings.load()
    packaging.record_packaging(at, (), 1000.0)
    assert not at.state.exists()
    runs = packaging.verify_runs(VerifyReport((Verified("a", duration_s=2.0),)))
    packaging.record_packaging(at, runs, 1000.0)
    with History(at) as history:
        assert [one.job for one in history.results()] == ["package-reproducible-a"]
