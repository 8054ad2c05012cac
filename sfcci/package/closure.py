"""The closure made: pip resolves what the components require, and an environment holds just what the lock says."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from sfcci import command, environment, files
from sfcci.environment import Environment, EnvironmentSpec
from sfcci.errors import MissingTool, Place, ToolError, Unreachable
from sfcci.finding import Finding, Severity
from sfcci.package import dialect, lock
from sfcci.package.build import BUILD_ENVIRONMENT
from sfcci.package.catalogue import load_catalogue, with_specs
from sfcci.package.component import Component
from sfcci.package.index import Subject, subject
from sfcci.package.lock import Lock
from sfcci.settings import Settings

Say = Callable[[str], None]
CATALOGUE = "packaging"
RESOLVE_TIMEOUT_S = 900.0
SHORT_TIMEOUT_S = 30.0
BUILD_TOOLS = ("setuptools", "wheel", "packaging", "pbr", "flit_core")
"""Installed first: what the locked source archives are built with, since nothing unlocked may be fetched for them."""
LOCKED_OPTIONS = ("--require-hashes", "--no-deps", "--no-build-isolation")


@dataclass(frozen=True)
class Interpreter:
    """A Python that packages are made for."""

    path: str
    version: str
    """As in 3.11."""


def interpreter(name: str = "") -> Interpreter:
    """Give the Python with this path or name, else the one that runs sfcci. Raises MissingTool."""
    path = command.find(name) if name else os.path.realpath(sys.executable)
    code = "import os, sys; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))"
    told = command.run([path, "-IBc", code], timeout_s=SHORT_TIMEOUT_S, check=False).stdout.split(maxsplit=1)
    if len(told) != 2:  # noqa: PLR2004 - version and path
        raise MissingTool(f"{path} is no Python", "name one, as in python3.12 or /usr/bin/python3")
    return Interpreter(told[1].strip(), told[0])


def build_environment(settings: Settings, say: Say, python: Interpreter | None = None) -> Environment:
    """Give the environment with the whole locked closure for `python`, made now if need be.

    Raises InputError (no lock for that Python), Unreachable, MissingTool.
    """
    made_for = python or interpreter()
    return environment.ensure(closure_spec(project_lock(settings, made_for), made_for), settings.cache, say)


def project_lock(settings: Settings, python: Interpreter) -> Lock:
    """Give the project's lock for `python`. Raises InputError."""
    return lock.read_lock(lock.lock_path(settings.project, python.version))


def closure_spec(locked: Lock, python: Interpreter) -> EnvironmentSpec:
    """Say what the environment of a lock is made of."""
    return EnvironmentSpec(
        "rpm-closure",
        tuple(str(entry) for entry in locked.entries),
        options=LOCKED_OPTIONS,
        prepare=tuple(str(entry) for entry in locked.named(BUILD_TOOLS)),
        python=python.path,
    )


@dataclass(frozen=True)
class WrittenLock:
    """A lock as it lies in the project."""

    path: Path
    entries: int
    changed: bool


def write_lock(settings: Settings, python: Interpreter, say: Say) -> WrittenLock:
    """Resolve the closure anew and write the project's lock for `python`. Raises InputError, Unreachable, MissingTool."""
    wanted = roots(subjects(settings, say), python.version)
    made = resolve(wanted, python, settings.cache, say)
    path = lock.lock_path(settings.project, python.version)
    return WrittenLock(path, len(made.entries), files.write_text(path, lock.lock_text(made)))


def check_locks(settings: Settings, pythons: Iterable[Interpreter], say: Say) -> tuple[Finding, ...]:
    """Give what the project's locks do not meet of the components' requirements. Raises InputError, Unreachable."""
    found = subjects(settings, say)
    return tuple(
        Finding(
            "LockStale",
            Severity.ERROR,
            Place(str(lock.lock_path(settings.project, python.version))),
            f"does not meet {requirement}",
            f"make it anew with: sfcci package lock --python {python.path}",
        )
        for python in pythons
        for requirement in lock.unmet(project_lock(settings, python), roots(found, python.version))
    )


def subjects(settings: Settings, say: Say) -> tuple[Subject, ...]:
    """Give every component of the catalogue that has a spec with its source's metadata. Raises InputError, Unreachable."""
    catalogue = with_specs(load_catalogue(settings.project / CATALOGUE))
    return tuple(subject(one, settings.project, settings.cache, say) for one in catalogue)


def roots(found: Iterable[Subject], python: str) -> tuple[str, ...]:
    """Give what the closure grows from: what components require to build, run, test and document, on one Python.

    PEP 508, sorted; the markers have been asked and are gone.
    """
    markers = {"python_version": python, "python_full_version": f"{python}.0"}
    needed = {line for one in found for line in _required(one, markers)}
    needed |= {line for line in BUILD_ENVIRONMENT.requirements if dialect.applies(line, markers)}
    return tuple(sorted({_unmarked(line) for line in needed}))


def resolve(requirements: Sequence[str], python: Interpreter, cache: Path, say: Say) -> Lock:
    """Have pip resolve the requirements for `python`; nothing is installed. Raises Unreachable, MissingTool."""
    tools = environment.ensure(
        EnvironmentSpec(BUILD_ENVIRONMENT.name, BUILD_ENVIRONMENT.requirements, python=python.path),
        cache,
        say,
    )
    say(f"resolving {len(requirements)} requirements for Python {python.version}")
    with files.disk_errors(cache), tempfile.TemporaryDirectory(prefix="sfcci-resolve-") as folder:
        listed, report = Path(folder, "requirements.txt"), Path(folder, "report.json")
        listed.write_text("".join(f"{lock.stand_in(line)}\n" for line in requirements))
        pip: list[str | Path] = [tools.python, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        pip += ["--quiet", "--no-input", "--report", report, "--requirement", listed]
        try:
            command.run(pip, timeout_s=RESOLVE_TIMEOUT_S)
        except ToolError as error:
            lines = [line for line in error.failure.last_lines if "ERROR" in line] or ["it said nothing"]
            raise Unreachable(
                f"pip found no closure for Python {python.version}: {'; '.join(lines)}"
            ) from error
        return lock.resolved_lock(json.loads(report.read_text()))


def _required(one: Subject, markers: Mapping[str, str]) -> Iterable[str]:
    """What one component requires; the extras that it packages, and the requirement files that its description names, with it."""
    for line in one.metadata.requires:
        marker = Requirement(line).marker
        if marker is None or any(
            marker.evaluate({**markers, "extra": x}) for x in ("", *one.component.extras)
        ):
            yield line
    for name, without in _requirement_files(one.component):
        lines = one.metadata.requirement_files.get(name, ())
        kept = (line for line in lines if dialect.requirement_name(line) not in without)
        yield from (line for line in kept if dialect.applies(line, markers))
    yield from (line for line in one.metadata.build_requires if dialect.applies(line, markers))


def _unmarked(requirement: str) -> str:
    parsed = Requirement(requirement)
    parsed.marker = None
    return str(parsed)


def _requirement_files(component: Component) -> Iterable[tuple[str, frozenset[str]]]:
    """Each requirements file that the description names, with the projects in it that nothing needs (PEP 503)."""
    tests, docs = component.tests, component.docs
    unused = frozenset(map(dialect.normal_name, tests.without if tests else ()))
    named = [(part.requirements, unused) for part in component.subpackages]
    if tests:
        named.append((tests.requirements, unused))
    if docs:
        named.append((docs.requirements, frozenset(map(dialect.normal_name, docs.without))))
    return [(name, without) for name, without in named if name]
