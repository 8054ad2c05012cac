"""`sfcci gate schedule`: periodic runs by systemd or cron."""

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.errors import UsageError

if TYPE_CHECKING:
    from sfcci.gate.schedule import Rhythm, Task
    from sfcci.settings import Settings

SPARE_S = 600
"""Packages, pushing, a slow machine."""


@dataclass(frozen=True)
class _File:
    name: str
    text: str


@click.command("schedule", epilog="Example: sfcci gate schedule --every 6h --write ~/.config/systemd/user")
@click.option("--every", metavar="SPAN", help="The rhythm: 15m, 1h, 6h, 1d, 1w ... (default: 1d).")
@click.option(
    "--calendar",
    metavar="TEXT",
    help="The rhythm as systemd (OnCalendar) or, with --cron, as cron (five fields) reads it.",
)
@click.option("--pipeline", default="periodic", show_default=True, help="The pipeline whose jobs run.")
@click.option("--cron", is_flag=True, help="A cron line instead of systemd units.")
@click.option(
    "--system/--user",
    default=None,
    help="Units for the system's systemd or the user's own (default: the system's for root).",
)
@click.option("--push/--no-push", default=True, help="Push the metrics after each run (default).")
@click.option(
    "--write",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the files into this folder (/etc/systemd/system, ~/.config/systemd/user, /etc/cron.d).",
)
@console.as_json
def schedule(
    every: str | None,
    calendar: str | None,
    pipeline: str,
    *,
    cron: bool,
    system: bool | None,
    push: bool,
    write: Path | None,
    json_output: bool,
) -> None:
    """Print (or write) what runs a pipeline's jobs periodically and pushes their metrics.

    Two runs never overlap: systemd starts no second one, and a run that cron starts while another goes on begins nothing,
    says so, and ends with status 3.

    What variables say of the gate, its database and Graphite (SFCCI_GATE_*, SFCCI_DATABASE_*, SFCCI_GRAPHITE_*) goes with
    it, but no password: that belongs in sfcci.toml.
    """
    settings = console.settings()
    task = _task(settings, pipeline, push=push)
    rhythm = _rhythm(every, calendar, str(settings.project), cron=cron)
    is_system = os.geteuid() == 0 if system is None else system
    files = _cron_files(task, rhythm, written=write is not None) if cron else _units(task, rhythm, is_system)
    if write:
        _write(write, files)
        _make_folders(settings)
    if json_output:
        console.print_json(
            {"files": {one.name: one.text for one in files}, "calendar": rhythm.calendar or rhythm.cron}
        )
    elif write:
        click.echo(_next_steps(task, write, is_system=is_system, cron=cron))
    else:
        click.echo(
            "\n".join(f"# {one.name}\n{one.text}" if len(files) > 1 else one.text for one in files), nl=False
        )


def _task(settings: "Settings", pipeline: str, *, push: bool) -> "Task":
    from sfcci.gate.declaration import chosen, load_jobs
    from sfcci.gate.order import GRACE_S
    from sfcci.gate.schedule import Task

    jobs = chosen(load_jobs(settings.gate.jobs), (), pipeline)
    folders = {
        "SFCCI_PROJECT": settings.project,
        "SFCCI_RUN_STATE": settings.state,
        "SFCCI_RUN_CACHE": settings.cache,
    }
    pinned = {key: str(path.resolve()) for key, path in folders.items()}
    return Task(
        program=(sys.executable, "-m", "sfcci"),
        pipeline=pipeline,
        project=str(settings.project),
        environment={**_carried(os.environ), **pinned},
        writable=tuple(map(str, _written_folders(settings))),
        limit_s=round(sum((job.timeout_s + GRACE_S) * job.attempts for job in jobs)) + SPARE_S,
        push=push,
    )


_CARRIED = ("SFCCI_GATE_", "SFCCI_DATABASE_", "SFCCI_GRAPHITE_")
"""Settings that a run or a push reads; a variable that is set where this is typed would not be set where it runs."""


def _carried(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the settings in variables that the runs need, too. Raises UsageError where one holds a password: all read units."""
    from sfcci.address import has_password

    found = {key: value for key, value in environ.items() if key.startswith(_CARRIED) and value}
    if secret := sorted(key for key, value in found.items() if has_password(value)):
        section, _, name = secret[0].removeprefix("SFCCI_").lower().partition("_")
        raise UsageError(
            f"{secret[0]} holds a password, and everybody may read a unit; write it as {name} into sfcci.toml, "
            f"section [{section}], readable by its user alone, and unset the variable"
        )
    return found


def _written_folders(settings: "Settings") -> tuple[Path, ...]:
    """Give the folders in which runs write: state, cache, and that of an SQLite database elsewhere."""
    folders = [settings.state, settings.cache]
    if settings.database_url.startswith("sqlite:///"):
        folders.append(Path(settings.database_url.removeprefix("sqlite:///")).parent)
    found = sorted({path.resolve() for path in folders})
    return tuple(path for path in found if not set(path.parents) & set(found))


def _rhythm(every: str | None, calendar: str | None, seed: str, *, cron: bool) -> "Rhythm":
    from sfcci.gate import schedule as units

    if every and calendar:
        raise UsageError("--every and --calendar both name the rhythm; give one of them")
    if not calendar:
        return units.every(every or "1d", seed)
    return units.cron_calendar(calendar) if cron else _checked(units.systemd_calendar(calendar))


def _checked(rhythm: "Rhythm") -> "Rhythm":
    """Have systemd read the calendar, where it is installed. Raises UsageError."""
    from sfcci import command

    if command.available("systemd-analyze"):
        argv = ["systemd-analyze", "calendar", "--", rhythm.calendar]
        done = command.run(argv, timeout_s=10, check=False)
        if done.status != 0:
            why = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "systemd refuses it"
            raise UsageError(f"--calendar {rhythm.calendar!r}: {why}; see systemd.time(7), or use --every")
    return rhythm


def _units(task: "Task", rhythm: "Rhythm", is_system: bool) -> tuple[_File, ...]:
    from sfcci.gate.schedule import service_unit, timer_unit

    service = service_unit(task, system=is_system)
    return (_File(f"{task.name}.service", service), _File(f"{task.name}.timer", timer_unit(task, rhythm)))


def _cron_files(task: "Task", rhythm: "Rhythm", *, written: bool) -> tuple[_File, ...]:
    from sfcci.gate.schedule import cron_line

    return (
        _File(task.name.replace(".", "-"), cron_line(task, rhythm, getpass.getuser() if written else "")),
    )


def _write(folder: Path, made: tuple[_File, ...]) -> None:
    from sfcci import files

    for one in made:
        files.write_text(folder / one.name, one.text)


def _make_folders(settings: "Settings") -> None:
    """Make what the service may write in: systemd refuses to start it where a folder is missing."""
    from sfcci import files

    for folder in _written_folders(settings):
        with files.disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)


def _next_steps(task: "Task", folder: Path, *, is_system: bool, cron: bool) -> str:
    if cron:
        return f"written: {folder / task.name.replace('.', '-')}; cron reads files in /etc/cron.d by itself"
    systemctl = "systemctl" if is_system else "systemctl --user"
    return (
        f"written: {folder / task.name}.service, {folder / task.name}.timer\n"
        f"next: {systemctl} daemon-reload && {systemctl} enable --now {task.name}.timer"
    )
