"""Installed packages: RPMs put into a root folder by rpm itself, and the program in it made ready to run."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcci import command, files
from sfcci.errors import MissingTool, UsageError
from sfcci.package.build import debian_option, sandbox
from sfcci.package.repository import current_build
from sfcci.settings import Settings

TIMEOUT_S = 120.0
DATABASE = "/var/lib/rpm"


@dataclass(frozen=True)
class Installed:
    """A program out of an installed root: the words that start it and its environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


def built_packages(settings: Settings) -> Callable[[str], tuple[Path, ...]] | None:
    """Give a function that gives the RPMs of a component's newest build (Raises UsageError); None when nothing was built."""
    if not any((settings.state / "packages").glob("*/current")):
        return None

    def packages(component: str) -> tuple[Path, ...]:
        build = current_build(settings.state, component)
        if build is None:
            raise UsageError(
                f"no RPM of {component} has been built; build it with: sfcci package rpm {component}"
            )
        return build.binary_rpms

    return packages


def install_root(rpms: Sequence[Path], root: Path) -> None:
    """Install RPMs below `root`, with an RPM database there. Their dependencies are not asked for.

    An ordinary user needs user namespaces, for rpm changes its root. Raises MissingTool, ToolError.
    """
    if os.geteuid() != 0 and not sandbox():
        raise MissingTool(
            "an ordinary user cannot install into a root here: the kernel allows no user namespaces",
            "run it as root, or allow them (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)",
        )
    with files.disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    options = [
        "--root",
        str(root.resolve()),
        "--dbpath",
        DATABASE,
        "--nodeps",
        "--nosignature",
        *debian_option(),
    ]
    packages = [str(path.resolve()) for path in rpms]
    argv = [*sandbox(), command.find("rpm"), "--install", *options, *packages]
    command.run(argv, timeout_s=TIMEOUT_S)


def installed_program(root: Path, name: str) -> Installed:
    """Give the way to run the program `name` out of `root`: its own modules from there, what it requires from this interpreter.

    Raises MissingTool when the root lacks the program or its modules: this interpreter's own must not stand in for them.
    """
    script = root.resolve() / "usr" / "bin" / name
    sites = sorted(root.resolve().glob("usr/lib/python3*/site-packages"))
    if not script.is_file() or not any((site / name).is_dir() for site in sites):
        raise MissingTool(
            f"{root} holds no program {name} with its modules",
            f"install its package there: sfcci package rpm {name}",
        )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env = {**kept, "PYTHONPATH": str(sites[-1]), "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return Installed((sys.executable, str(script)), env)
