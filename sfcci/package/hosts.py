"""The hosts of one run: the small build environment for what needs a back end alone, the locked closure for what needs more."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sfcci import command, environment
from sfcci.environment import Environment, EnvironmentSpec
from sfcci.package import closure, lock
from sfcci.package.build import BUILD_ENVIRONMENT, SHORT_TIMEOUT_S, Host, found_host
from sfcci.package.closure import Interpreter
from sfcci.package.profile import HOST, Profile
from sfcci.settings import Settings

Say = Callable[[str], None]
SMALL, WHOLE = "small", "closure"


@dataclass
class Hosts:
    """Where one run builds; each place is made when the first component wants it."""

    settings: Settings
    folder: Path
    """Of this run alone."""
    say: Say
    profile: Profile = HOST
    _made: dict[str, Host] = field(default_factory=dict)

    def small(self) -> Host:
        """Give the host with build back ends only. Raises MissingTool, Unreachable, ToolError."""
        if SMALL not in self._made:
            python = self.python()
            spec = EnvironmentSpec(BUILD_ENVIRONMENT.name, BUILD_ENVIRONMENT.requirements, python=python.path)
            self._add(SMALL, environment.ensure(spec, self.settings.cache, self.say))
        return self._made[SMALL]

    def whole(self) -> Host:
        """Give the host with everything that the components require. Raises InputError (no lock), and as `small`."""
        if WHOLE not in self._made:
            self._add(WHOLE, closure.build_environment(self.settings, self.say, self.python()))
        return self._made[WHOLE]

    def whole_if_ready(self) -> Host | None:
        """Give the same when its environment was made before; None when not."""
        python = self.python()
        if WHOLE not in self._made and lock.lock_path(self.settings.project, python.version).exists():
            spec = closure.closure_spec(closure.project_lock(self.settings, python), python)
            if made := environment.ready(spec, self.settings.cache):
                self._add(WHOLE, made)
        return self._made.get(WHOLE)

    def python(self) -> Interpreter:
        """Give the target's Python where this machine has it, else the one that runs sfcci. Raises MissingTool."""
        return target_python(self.profile) or closure.interpreter()

    def told(self) -> tuple[str, ...]:
        """Say what the places that were used are, a sentence each."""
        return tuple(dict.fromkeys(map(str, self._made.values())))

    def _add(self, name: str, made: Environment) -> None:
        self._made[name] = found_host(self.folder / name, made, self.profile)


def target_python(profile: Profile) -> Interpreter | None:
    """Give the Python of a profile's distribution; None when this machine has none of that version."""
    if not profile.python:
        return closure.interpreter()
    for path in _candidates(profile.python):
        code = "import os, sys; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))"
        done = command.run([path, "-IBc", code], timeout_s=SHORT_TIMEOUT_S, check=False)
        version, _, real = done.stdout.strip().partition(" ")
        if done.status == 0 and version == profile.python:
            return Interpreter(real, version)
    return None


def _candidates(version: str) -> Iterator[Path]:
    """Programs that may be this version: those on the search path, then pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [Path(folder) for folder in command.search_path().split(os.pathsep) if folder]
    folders += sorted(pyenv.glob(f"versions/{version}*/bin"), reverse=True)
    for folder in folders:
        path = folder / f"python{version}"
        if os.access(path, os.X_OK):
            yield path
