"""The package step: every component rendered, built, checked and in the repository; one that fails stops no other."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci import command
from sfcci.errors import SfcciError
from sfcci.finding import Finding, exit_status
from sfcci.package import copr, mock, overlay, publication, tree
from sfcci.package.build import workspace
from sfcci.package.catalogue import load_catalogue, with_specs
from sfcci.package.ebuild import OVERLAY
from sfcci.package.hosts import Hosts
from sfcci.package.index import subject
from sfcci.package.turn import ComponentReport, Outcome, Turn
from sfcci.package.work import NORMAL, Order, kept_apart
from sfcci.settings import Settings

Say = Callable[[str], None]
CATALOGUE = "packaging"
SPECS = "rpm"
PROGRAMS = ("rpmbuild", "rpm", "rpmlint", "createrepo_c", "bash")


@dataclass(frozen=True)
class PackageReport:
    """What the step gave: a report per component, the repository, and what is wrong with no single component."""

    components: tuple[ComponentReport, ...]
    repository: Path
    findings: tuple[Finding, ...] = ()
    """Of the overlay: drift, and what pkgcheck found."""
    master: str = ""
    """What the overlay was checked against, as a sentence; "" when it was not."""
    scan_s: float = 0.0
    """How long checking the overlay took."""
    places: tuple[str, ...] = ()
    """What separated the builds from this machine, a sentence each."""
    left_out: tuple[str, ...] = ()
    """Components that the pipeline does not build."""

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
    """Build and check the RPMs that the pipeline needs, make the repository, check the overlay.

    Arguments and errors as `build_packages`; without `only`, descriptions that say `pipeline = false` are left out. An
    overlay that cannot be checked is told like a component that failed. What needs the components' whole requirements is
    left out of a package, unless it was built with it before: making their environment takes minutes.
    """
    catalogue = load_catalogue(settings.project / CATALOGUE, only)
    wanted = only or [component.name for component in with_specs(catalogue) if component.pipeline]
    report = build_packages(settings, say, Order(force=force, fault=fault, whole=False), only=wanted)
    report = replace(
        report, left_out=tuple(c.name for c in with_specs(catalogue) if not only and not c.pipeline)
    )
    say("checking the overlay")
    begin = time.monotonic()
    try:
        checked = overlay.check_overlay(settings, say, only=only)
    except SfcciError as error:
        lost = ComponentReport(OVERLAY, Outcome.FAILED, error=str(error), error_status=error.exit_status)
        return replace(report, components=(*report.components, lost))
    spent = time.monotonic() - begin
    return replace(report, findings=checked.findings, master=checked.master, scan_s=spent)


def build_packages(
    settings: Settings,
    say: Say,
    order: Order = NORMAL,
    *,
    only: Sequence[str] = (),
) -> PackageReport:
    """Build the components' RPMs (those named in `only`, else all), check them, make the repository.

    Packages that are broken on purpose, or built for another distribution, are kept apart. Raises InputError (the
    catalogue), UsageError (a name), MissingTool, Unreachable.
    """
    components = with_specs(load_catalogue(settings.project / CATALOGUE, only), only)
    require_builder(settings, order)
    for program in PROGRAMS:
        command.find(program)
    apart = kept_apart(settings, order)
    with workspace() as folder:
        hosts = Hosts(apart, folder, say, order.profile)
        reports = tuple(Turn(apart, one, hosts, say, order).report() for one in components)
        places = hosts.told() if order.builder == "rpmbuild" else (_chroot(settings, order),)
    return PackageReport(reports, publication.publish(settings, say, state=apart.state).folder, places=places)


def require_builder(settings: Settings, order: Order) -> None:
    """Raises MissingTool, UsageError: what an order's builder needs is not here, or not said."""
    if order.builder == "mock":
        mock.require_mock(order.profile)
    if order.builder == "copr":
        copr.require_copr(order.profile, settings.rpm.copr)


def _chroot(settings: Settings, order: Order) -> str:
    """Say in whose chroot packages were built."""
    by = f"Copr in {settings.rpm.copr}" if order.builder == "copr" else order.builder
    return f"built by {by}: {mock.chroot_name(order.profile)}"


def rendered_specs(
    settings: Settings, only: Sequence[str] = (), say: Say = lambda _text: None
) -> dict[str, str]:
    """Give the specs of the components: path in the project → text. Raises InputError, Unreachable, UsageError."""
    components = with_specs(load_catalogue(settings.project / CATALOGUE, only), only)
    found = [subject(c, settings.project, settings.cache, say) for c in components]
    return tree.spec_tree(settings.project, found)
