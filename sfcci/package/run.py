"""The package step: every component rendered, built, checked and in the repository; one that fails stops no other."""

import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sfcci import command, files
from sfcci.errors import EXIT_OK, MissingTool, Place, SfcciError, ToolError
from sfcci.finding import Finding, Severity, exit_status
from sfcci.package import lint, overlay, publication, repository, tree
from sfcci.package.build import (
    Host,
    build_log,
    build_rpms,
    found_host,
    source_archive,
    workspace,
)
from sfcci.package.catalogue import chosen, load_catalogue
from sfcci.package.component import Component
from sfcci.package.ebuild import OVERLAY
from sfcci.package.index import Subject, subject
from sfcci.settings import Settings

Say = Callable[[str], None]
CATALOGUE = "packaging"
SPECS = "rpm"
SPEC_COMMAND = "package rpm --spec-only"
PROGRAMS = ("rpmbuild", "rpm", "rpmlint", "createrepo_c", "bash")
BREAKING_IMPORT = b"import sfcci_has_no_such_module\n"
BROKEN_MODULE = "sfcci/cli/main.py"


class Outcome(StrEnum):
    """How a component fared."""

    BUILT = "built"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True)
class ComponentReport:
    """What one component's turn gave. Paths are empty when it failed."""

    component: str
    outcome: Outcome
    version: str = ""
    source_rpm: Path | None = None
    binary_rpms: tuple[Path, ...] = ()
    log: Path | None = None
    duration_s: float = 0.0
    findings: tuple[Finding, ...] = ()
    error: str = ""
    """Why nothing could be said of it: bad input, a source that is out of reach."""
    error_status: int = EXIT_OK

    @property
    def exit_status(self) -> int:
        """What this component alone would make the command's exit status."""
        return max(self.error_status, exit_status(self.findings))


@dataclass(frozen=True)
class PackageReport:
    """What the step gave: a report per component, the repository, and what is wrong with no single component."""

    components: tuple[ComponentReport, ...]
    repository: Path
    findings: tuple[Finding, ...] = ()
    """Of the overlay: drift, and what pkgcheck found."""
    master: str = ""
    """What the overlay was checked against, as a sentence; "" when it was not."""

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Those of the components, then the others."""
        return (*(finding for report in self.components for finding in report.findings), *self.findings)

    @property
    def exit_status(self) -> int:
        """3 (a step could not run) outranks 2 (bad input) and 1 (findings)."""
        return max([exit_status(self.findings), *(report.exit_status for report in self.components)])


def run_packages(
    settings: Settings, say: Say, *, force: bool = False, only: Sequence[str] = (), fault: bool = False
) -> PackageReport:
    """Build and check the RPMs, make the repository, check the overlay. Arguments and errors as `build_packages`.

    An overlay that cannot be checked is told like a component that failed.
    """
    report = build_packages(settings, say, force=force, only=only, fault=fault)
    say("checking the overlay")
    try:
        checked = overlay.check_overlay(settings, say, only=only)
    except SfcciError as error:
        lost = ComponentReport(OVERLAY, Outcome.FAILED, error=str(error), error_status=error.exit_status)
        return replace(report, components=(*report.components, lost))
    return replace(report, findings=checked.findings, master=checked.master)


def build_packages(
    settings: Settings,
    say: Say,
    *,
    force: bool = False,
    only: Sequence[str] = (),
    fault: bool = False,
    write_specs: bool = False,
) -> PackageReport:
    """Build the components' RPMs (those named in `only`, else all), check them, make the repository.

    `force` reuses nothing that was built before; `fault` breaks the import of every application on purpose and keeps
    the results apart; `write_specs` writes a spec that has changed, else that is a finding. Raises InputError (the catalogue), UsageError (a name), MissingTool, Unreachable.
    """
    components = chosen(load_catalogue(settings.project / CATALOGUE), only)
    for program in PROGRAMS:
        command.find(program)
    if fault:
        settings = with_fault(settings)
    with workspace() as folder:
        host = found_host(folder, settings.cache, say)
        turns = [_Turn(settings, component, host, say, force, fault, write_specs) for component in components]
        reports = tuple(turn.report() for turn in turns)
    return PackageReport(reports, publication.publish(settings, say).folder)


def with_fault(settings: Settings) -> Settings:
    """Give the settings under which packages that were broken on purpose are kept."""
    return replace(settings, state=settings.state / "with-fault")


def rendered_specs(
    settings: Settings, only: Sequence[str] = (), say: Say = lambda _text: None
) -> dict[str, str]:
    """Give the specs of the components: path in the project → text. Raises InputError, Unreachable, UsageError."""
    components = chosen(load_catalogue(settings.project / CATALOGUE), only)
    return tree.spec_tree(subject(c, settings.project, settings.cache, say) for c in components)


@dataclass(frozen=True)
class _Turn:
    """One component's way through the step."""

    settings: Settings
    component: Component
    host: Host
    say: Say
    force: bool
    fault: bool
    write_specs: bool

    def report(self) -> ComponentReport:
        begin = time.monotonic()
        try:
            report = self._built()
        except ToolError as error:
            report = self._failed(error)
        except MissingTool:
            raise
        except SfcciError as error:
            report = ComponentReport(
                self.component.name, Outcome.FAILED, error=str(error), error_status=error.exit_status
            )
        return replace(report, duration_s=time.monotonic() - begin)

    def _built(self) -> ComponentReport:
        found = subject(self.component, self.settings.project, self.settings.cache, self.say)
        rendered = tree.spec_tree([found])
        (text,) = rendered.values()
        if self.write_specs:
            tree.write_tree(self.settings.project, rendered)
        drift = tree.drift(self.settings.project, rendered, SPEC_COMMAND)
        archive = self._archive(found)
        fingerprint = _fingerprint(archive, text, self.host)
        build = repository.current_build(self.settings.state, self.component.name)
        if build and build.fingerprint == fingerprint and not self.force:
            self.say(f"{self.component.name} {build.version}: unchanged, nothing to do")
            return self._told(build, Outcome.UNCHANGED, drift)
        self.say(f"building {self.component.name} {found.metadata.version}")
        built = build_rpms(self.component, text, archive, self.host)
        self.say(f"checking {self.component.name}")
        findings = (
            *lint.requires_findings(self.component, found.metadata, built, self.host),
            *lint.rpmlint_findings(built, self.host),
        )
        build = repository.store_build(
            self.settings.state, self.component.name, fingerprint, found.metadata.version, built, findings
        )
        return self._told(build, Outcome.BUILT, drift)

    def _failed(self, error: ToolError) -> ComponentReport:
        """A build that fails is an answer; its log outlives the run's folder."""
        name, log = self.component.name, build_log(self.component, self.host)
        kept = self.settings.state / "packages" / name / "failed.log"
        if log.exists():
            files.write_bytes(kept, log.read_bytes())
        hint = f"the whole log: {kept}" if log.exists() else ""
        what = Finding("BuildFailed", Severity.ERROR, Place(self.component.path), str(error), hint)
        return ComponentReport(name, Outcome.FAILED, log=kept if log.exists() else None, findings=(what,))

    def _archive(self, found: Subject) -> Path:
        if found.sdist:
            return found.sdist
        back_end = found.metadata.build_backend
        archive = source_archive(self.component, back_end, self.settings.project, self.host)
        if self.fault and self.component.kind == "application":
            _break_import(archive)
        return archive

    def _told(
        self, build: repository.StoredBuild, outcome: Outcome, drift: tuple[Finding, ...]
    ) -> ComponentReport:
        return ComponentReport(
            self.component.name,
            outcome,
            version=build.version,
            source_rpm=build.source_rpm,
            binary_rpms=build.binary_rpms,
            log=build.log,
            findings=(*drift, *build.findings),
        )


def _fingerprint(archive: Path, spec: str, host: Host) -> str:
    """Hash of all that a build is made of: source, spec, host, checks."""
    parts = (
        hashlib.sha256(archive.read_bytes()).hexdigest(),
        spec,
        host.identity(),
        lint.CONFIGURATION.read_text(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _break_import(archive: Path) -> None:
    """Rewrite an sdist so that its program imports a module that is nowhere: it builds, and fails when it is started."""
    with tarfile.open(archive, "r:gz") as source:
        opened = [(member, source.extractfile(member)) for member in source]
        members = [(member, file.read() if file else b"") for member, file in opened]
    with tarfile.open(archive, "w:gz") as target:
        for member, data in members:
            text = BREAKING_IMPORT + data if member.name.endswith(f"/{BROKEN_MODULE}") else data
            member.size = len(text)
            target.addfile(member, io.BytesIO(text))
