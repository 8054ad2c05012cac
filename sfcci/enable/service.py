"""What has to be done once a configuration has changed: the tables of the database, and the service's restart."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sfcci import command
from sfcci.enable.role import Role
from sfcci.enable.source import MACHINE, Source

Say = Callable[[str], None]
MIGRATE = "neutron-db-manage"
UPGRADE = ("--subproject", "networking-sfc", "upgrade", "head")
MIGRATE_S = 600.0
RESTART_S = 180.0
ASK_S = 30.0
LABEL = "PODMAN_SYSTEMD_UNIT"


@dataclass(frozen=True)
class Step:
    """A program to run, and what for."""

    what: str
    argv: tuple[str, ...]
    timeout_s: float = RESTART_S

    def __str__(self) -> str:
        return " ".join(self.argv)


def steps(role: Role, source: Source, root: Path = MACHINE, *, undone: bool = False) -> tuple[Step, ...]:
    """Give what has to be run, in order. Undone, the tables stay: they harm nobody, and hold what was made."""
    migrate = (_migration(source),) if role.migrates and not undone else ()
    return (*migrate, *_restarts(role, source, root))


def _migration(source: Source) -> Step:
    told = [
        word
        for one in source.named
        for word in ("--config-dir" if one.is_folder else "--config-file", one.path)
    ]
    within = (source.engine, "exec", source.container[:12]) if source.container else ()
    beside = Path(source.python).with_name(MIGRATE) if source.python else Path(MIGRATE)
    program = str(beside) if not within and beside.is_absolute() and beside.exists() else MIGRATE
    argv = (*within, program, *told, *UPGRADE)
    return Step("the tables of networking-sfc in Neutron's database", argv, MIGRATE_S)


def _restarts(role: Role, source: Source, root: Path) -> tuple[Step, ...]:
    what = f"{role.programs[0]} reads its configuration when it starts"
    if source.container and root == MACHINE:
        if unit := _unit_of_container(source):
            return (Step(what, ("systemctl", "restart", unit)),)
        return (Step(what, (source.engine, "restart", source.container[:12])),)
    units = source.units or (f"{role.units[0]}.service",)
    return (Step(what, ("systemctl", "restart", *units)),)


def _unit_of_container(source: Source) -> str:
    """Ask podman for the unit that starts a container: one of systemd's is restarted by it."""
    if source.engine != "podman" or not command.available("podman"):
        return ""
    argv = [
        "podman",
        "inspect",
        "--type",
        "container",
        "--format",
        "{{json .Config.Labels}}",
        source.container,
    ]
    done = command.run(argv, timeout_s=ASK_S, check=False)
    try:
        return str((json.loads(done.stdout) or {}).get(LABEL, "")) if done.status == 0 else ""
    except ValueError:
        return ""


def carry_out(planned: tuple[Step, ...], say: Say) -> None:
    """Run the steps one after the other; each is said first. Raises MissingTool, ToolError: those behind are not run."""
    for one in planned:
        command.find(one.argv[0])
    for one in planned:
        say(f"{one}  ({one.what})")
        command.run(one.argv, timeout_s=one.timeout_s)
