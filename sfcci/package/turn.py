"""One component's way through the package step: rendered, built, checked, stored. What fails there is told, and stops no other."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from sfcci import files
from sfcci.errors import EXIT_OK, MissingTool, Place, SfcciError, ToolError
from sfcci.finding import Finding, Severity, exit_status
from sfcci.package import lint, repository, tree
from sfcci.package.build import BuiltPackages
from sfcci.package.component import Component
from sfcci.package.hosts import Hosts
from sfcci.package.proofs import proof_files
from sfcci.package.work import NORMAL, Order, Work, own_findings, prepared_work, wrong_python
from sfcci.settings import Settings

Say = Callable[[str], None]
SPEC_COMMAND = "package rpm --spec-only"
_Given = TypeVar("_Given")


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
    stages_s: Mapping[str, float] = field(default_factory=dict)
    """Stage → how long it took, in the order of the stages."""
    findings: tuple[Finding, ...] = ()
    linted: str = ""
    """What rpmlint's numbers are, with and without our filters."""
    error: str = ""
    """Why nothing could be said of it: bad input, a source that is out of reach."""
    error_status: int = EXIT_OK

    @property
    def exit_status(self) -> int:
        """What this component alone would make the command's exit status."""
        return max(self.error_status, exit_status(self.findings))


@dataclass
class Turn:
    """One component's way through the step."""

    settings: Settings
    component: Component
    hosts: Hosts
    say: Say
    order: Order = NORMAL
    stages_s: dict[str, float] = field(default_factory=dict)
    _begun: Work | None = None

    def report(self) -> ComponentReport:
        """Take the component through. Raises MissingTool: what no other component could do without, either."""
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
        return replace(report, duration_s=time.monotonic() - begin, stages_s=dict(self.stages_s))

    def _built(self) -> ComponentReport:
        work = self._begun = self._timed("source", self._work)
        if self.order.write_specs:
            tree.write_tree(self.settings.project, work.rendered)
        drift = tree.drift(self.settings.project, work.rendered, SPEC_COMMAND)
        build = repository.current_build(self.settings.state, self.component.name)
        if build and not self.order.force and build.fingerprint in self._fingerprints(work):
            self.say(f"{self.component.name} {build.version}: unchanged, nothing to do")
            return self._told(build, Outcome.UNCHANGED, drift)
        return self._told(self._stored(work), Outcome.BUILT, drift)

    def _stored(self, work: Work) -> repository.StoredBuild:
        version = work.found.metadata.version
        self.say(f"building {self.component.name} {version}")
        built = self._timed("build", work.build)
        self.say(f"checking {self.component.name}")
        linted = self._timed("lint", lambda: lint.lint(built, work.host))
        checked = self._timed("check", lambda: own_findings(work, built))
        findings = (*checked, *linted.findings, *wrong_python(work))
        return self._timed("store", lambda: self._store(work, built, findings, str(linted)))

    def _store(
        self, work: Work, built: BuiltPackages, findings: tuple[Finding, ...], linted: str
    ) -> repository.StoredBuild:
        return repository.store_build(
            self.settings.state,
            self.component.name,
            work.fingerprint(),
            work.found.metadata.version,
            built,
            findings,
            linted,
            proof_files(work, built),
        )

    def _work(self) -> Work:
        return prepared_work(self.settings, self.component, self.hosts, self.order, self.say)

    def _fingerprints(self, work: Work) -> Iterator[str]:
        """Those of builds that will do: what would be built now, and where features are left out, one that has them."""
        yield work.fingerprint()
        if work.without and (whole := self.hosts.whole_if_ready()):
            yield replace(work, host=whole, without=()).fingerprint()

    def _failed(self, error: ToolError) -> ComponentReport:
        """A build that fails is an answer; its log outlives the run's folder."""
        name = self.component.name
        kept: Path | None = None
        if self._begun and self._begun.log.exists():
            kept = self.settings.state / "packages" / name / "failed.log"
            files.write_bytes(kept, self._begun.log.read_bytes())
        hint = f"the whole log: {kept}" if kept else ""
        what = Finding("BuildFailed", Severity.ERROR, Place(self.component.path), str(error), hint)
        return ComponentReport(name, Outcome.FAILED, log=kept, findings=(what,))

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
            linted=build.linted,
        )

    def _timed(self, stage: str, work: Callable[[], _Given]) -> _Given:
        begin = time.monotonic()
        try:
            return work()
        finally:
            self.stages_s[stage] = time.monotonic() - begin
