"""Enabling, from what is found to what is written: a plan first, which can be shown, then its change of files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci.enable import change, package, role, service, source, writing
from sfcci.enable.change import Read
from sfcci.enable.ini import Ini, parse
from sfcci.enable.role import Role
from sfcci.enable.source import MACHINE, PROC, Source
from sfcci.enable.writing import Change
from sfcci.errors import EXIT_OK, EXIT_TOOL, Place
from sfcci.finding import Finding, Severity


@dataclass(frozen=True)
class Plan:
    """What is to be done for a role, and where that was found."""

    role: Role
    root: Path
    source: Source
    changes: tuple[Change, ...]
    remarks: tuple[Finding, ...]
    steps: tuple[service.Step, ...]
    """What has to be run when the files are written."""

    @property
    def exit_status(self) -> int:
        """3 when the service would not start: an entry point is missing."""
        return EXIT_TOOL if any(one.severity is Severity.ERROR for one in self.remarks) else EXIT_OK

    def diff(self) -> str:
        """Give the changes as a unified diff; "" when there is nothing to do."""
        return "".join(one.diff() for one in self.changes)


def planned(
    name: str,
    *,
    root: Path = MACHINE,
    given: Sequence[str] = (),
    driver: str = "ovs",
    proc: Path = PROC,
    checked: bool = True,
) -> Plan:
    """Plan what enables networking-sfc for a role (controller, compute) on this machine or in a root.

    `given`: its configuration files, in the order in which it reads them. Not `checked`: a package that is missing comes
    later. Raises UsageError, InputError, MissingTool.
    """
    wanted = role.role(name, driver)
    at = source.found(wanted, root, given, proc)
    read = _read(at)
    after = change.fulfilled(read, wanted.wishes)
    changes = tuple(
        Change(one.path, str(old), str(new))
        for one, old, new in zip(at.files, read.files, after.files, strict=True)
        if str(new) != str(old)
    )
    severity = Severity.ERROR if checked else Severity.WARNING
    said = (*_lost(wanted, at, root, severity), *_besides(wanted, at), *change.remarks(read, name))
    return Plan(wanted, root, at, changes, said, service.steps(wanted, at, root) if changes else ())


def undoing(
    name: str, *, root: Path = MACHINE, given: Sequence[str] = (), driver: str = "ovs", proc: Path = PROC
) -> Plan:
    """Plan what takes the last change back: a file that nobody else changed since is again what it was, of others our words go.

    The driver is the one that the change brought; `driver` counts where that cannot be told.
    """
    at = source.found(role.role(name, driver), root, given, proc)
    read = _read(at)
    kept = [next(iter(writing.backups(one.path)), None) for one in at.files]
    befores = tuple(
        ini if backup is None else parse(writing.text_of(backup), str(backup))
        for ini, backup in zip(read.files, kept, strict=True)
    )
    wanted = role.role(name, _brought(read.files, befores) or driver)
    ours = change.fulfilled(replace(read, files=befores), wanted.wishes)
    changes = tuple(
        Change(one.path, str(now), text, backup)
        for one, now, before, enabled, backup in zip(
            at.files, read.files, befores, ours.files, kept, strict=True
        )
        if backup is not None and (text := _undone(wanted, now, before, enabled)) != str(now)
    )
    return Plan(
        wanted, root, at, changes, (), service.steps(wanted, at, root, undone=True) if changes else ()
    )


def carry_out(plan: Plan) -> tuple[Path, ...]:
    """Write what was planned; give the backups, one of each changed file. Raises UsageError, DiskFull, MissingTool."""
    return writing.write(plan.changes)


def _brought(files: Sequence[Ini], befores: Sequence[Ini]) -> str:
    """Give the driver that was not there before; "" where that is none, or several."""
    new = {
        word
        for now, before in zip(files, befores, strict=True)
        for word in set(now.words(*role.DRIVERS) or ()) - set(before.words(*role.DRIVERS) or ())
        if role.DRIVER.fullmatch(word)
    }
    return new.pop() if len(new) == 1 else ""


def _undone(wanted: Role, now: Ini, before: Ini, enabled: Ini) -> str:
    return (
        str(before) if str(now) == str(enabled) else str(change.undone(before, enabled, now, wanted.wishes))
    )


def _read(at: Source) -> Read:
    packaged = frozenset(number for number, one in enumerate(at.files) if one.packaged)
    texts = tuple(parse(writing.text_of(one.path), str(one.path)) for one in at.files)
    return Read(texts, at.main, packaged)


def _besides(wanted: Role, at: Source) -> tuple[Finding, ...]:
    """Say which services of the role are not reached by the change and the restart."""
    found = []
    if at.programs and wanted.migrates and not set(at.programs) & set(role.SERVING):
        what = f"of Neutron's services only {', '.join(at.programs)} was found; the API is served by something else"
        hint = "restart that, too (httpd, apache2, uwsgi): it reads its configuration when it starts"
        found.append(Finding("ApiNotFound", Severity.WARNING, Place(wanted.programs[0]), what, hint))
    if at.elsewhere:
        what = f"{', '.join(at.elsewhere)} runs in another container than {at.programs[0]}, with files of its own"
        hint = "enable that, too, by its files (--config-file FILE), and restart it"
        found.append(Finding("AnotherContainer", Severity.WARNING, Place(wanted.name), what, hint))
    return tuple(found)


def _lost(wanted: Role, at: Source, root: Path, severity: Severity) -> tuple[Finding, ...]:
    """Say which entry points are not installed; what is in a container is not looked into."""
    if at.container:
        what = "the service runs in a container: see to it that its image has networking-sfc"
        return (Finding("PackageInContainer", Severity.INFO, Place(at.container[:12]), what),)
    lost = package.lacking(wanted, package.entry_points(root, at.python))
    if not lost:
        return ()
    what = f"{', '.join(lost)}: nothing installed below {root} has that, and {wanted.programs[0]} would not start"
    hint = "install the package first (dnf install python3-networking-sfc, emerge sys-cluster/networking-sfc), or name it with --driver"
    return (Finding("PackageNotInstalled", severity, Place(str(root)), what, hint),)
