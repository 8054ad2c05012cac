"""The proof that a package can be built again: twice, at different times, in different folders, compared octet by octet."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sfcci.errors import EXIT_OK, MissingTool, Place, SfcciError, ToolError
from sfcci.finding import Finding, Severity, exit_status
from sfcci.package import repository
from sfcci.package.build import BuiltPackages, workspace
from sfcci.package.catalogue import CATALOGUE, load_catalogue, with_specs
from sfcci.package.component import Component
from sfcci.package.difference import first_difference
from sfcci.package.hosts import Hosts
from sfcci.package.payload import unpacked
from sfcci.package.work import NORMAL, Order, Work, kept_apart, prepared_work
from sfcci.settings import Settings

Say = Callable[[str], None]
CLOCK_S = 1.1
"""So far apart are two builds at least: file systems and archives keep whole seconds."""


@dataclass(frozen=True)
class Verified:
    """How a component's two builds compare."""

    component: str
    against: str = ""
    """What the new build was compared with."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Each RPM that both builds gave alike → its hash."""
    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0
    error: str = ""
    """Why nothing could be said of it."""
    error_status: int = EXIT_OK

    @property
    def exit_status(self) -> int:
        """What this component alone would make the command's exit status."""
        return max(self.error_status, exit_status(self.findings))


@dataclass(frozen=True)
class VerifyReport:
    """The components' answers, and what separated the builds from this machine."""

    components: tuple[Verified, ...]
    places: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """The worst of the components'."""
        return max((one.exit_status for one in self.components), default=EXIT_OK)


def verify(settings: Settings, say: Say, order: Order = NORMAL, only: Sequence[str] = ()) -> VerifyReport:
    """Build components anew and compare them with the build that is kept; one that is stale or missing is built twice.

    Nothing is kept. Raises InputError (the catalogue), UsageError (a name), MissingTool.
    """
    components = with_specs(load_catalogue(settings.project / CATALOGUE, only), only)
    settings = kept_apart(settings, order)
    with workspace() as one, workspace() as other:
        places = (Hosts(settings, one, say, order.profile), Hosts(settings, other, say, order.profile))
        found = tuple(_verified(settings, component, places, order, say) for component in components)
        return VerifyReport(found, places[0].told())


def comparison(one: Mapping[str, Path], other: Mapping[str, Path]) -> tuple[Finding, ...]:
    """Give a finding for each RPM (file name → place) that differs, or that only one of two builds gave. Raises InputError."""
    findings = []
    for name in sorted(one.keys() | other.keys()):
        if name not in one or name not in other:
            what = "only one of the two builds gave it"
        else:
            what = first_difference(one[name].read_bytes(), other[name].read_bytes(), name, unpacked)
        if what:
            hint = "look for a time, a folder of the build, or an order that is not sorted"
            findings.append(Finding("NotReproducible", Severity.ERROR, Place(name), what, hint))
    return tuple(findings)


def _verified(
    settings: Settings, component: Component, places: tuple[Hosts, Hosts], order: Order, say: Say
) -> Verified:
    begin = time.monotonic()
    try:
        answer = _compared(settings, component, places, order, say)
    except ToolError as error:
        what = Finding("BuildFailed", Severity.ERROR, Place(component.path), str(error))
        answer = Verified(component.name, findings=(what,))
    except MissingTool:
        raise
    except SfcciError as error:
        answer = Verified(component.name, error=str(error), error_status=error.exit_status)
    return replace(answer, duration_s=time.monotonic() - begin)


def _compared(
    settings: Settings, component: Component, places: tuple[Hosts, Hosts], order: Order, say: Say
) -> Verified:
    work = prepared_work(settings, component, places[0], order, say)
    kept = repository.current_build(settings.state, component.name)
    if kept is not None and kept.fingerprint == work.fingerprint() and not work.host.obstacle:
        before, against = kept.rpms, "the build that is kept"
    else:
        say(f"building {component.name} for the first time")
        before, against = _set_aside(work.build(), work), "a build right before it"
        time.sleep(CLOCK_S)
    say(f"building {component.name} again")
    # without a root of its own a build's folder goes into the source RPM: then both are built in the same one
    second = work if work.host.obstacle else prepared_work(settings, component, places[1], order, say)
    built = second.build()
    files = {path.name: path for path in before}
    findings = comparison(files, {path.name: path for path in (built.source_rpm, *built.binary_rpms)})
    differing = {finding.place.path for finding in findings}
    alike = {name: repository.digest(path) for name, path in files.items() if name not in differing}
    return Verified(component.name, against, alike, findings)


def _set_aside(built: BuiltPackages, work: Work) -> tuple[Path, ...]:
    """Move a build out of the way of the next one; give its RPMs."""
    folder = built.log.parent
    aside = (work.host.folder / "first").joinpath(folder.name)
    aside.parent.mkdir(exist_ok=True)
    folder.rename(aside)
    return tuple(aside / path.relative_to(folder) for path in (built.source_rpm, *built.binary_rpms))
