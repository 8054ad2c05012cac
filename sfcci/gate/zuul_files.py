"""Folders → the jobs that run: repositories with Zuul's configuration, folders of such repositories, our own job files."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcci import document
from sfcci.errors import Fault, InputError, UsageError
from sfcci.gate.declaration import load_jobs, parse_jobs
from sfcci.gate.job import Job
from sfcci.gate.job_schema import SCHEMA
from sfcci.gate.running import ProjectJobs, RunningJobs, declared
from sfcci.gate.zuul import Configuration, read_configuration
from sfcci.gate.zuul_jobs import full_names, project_jobs
from sfcci.gate.zuul_yaml import Kind, Node, parse
from sfcci.settings import Gate

_JOB_LIST = re.compile(
    r"^(jobs|[ \t]*-[ \t]+(job|project|project-template|nodeset|pipeline|queue))[ \t]*:", re.MULTILINE
)
"""How our job files, and items of Zuul's configuration, begin."""
ROOTS = ("zuul.yaml", "zuul.d", ".zuul.yaml", ".zuul.d")
"""Where Zuul looks in a repository; the first that is there holds."""
MAX_FILES = 10_000
BRANCH = "master"
"""Zuul's branch where a repository says nothing else."""


@dataclass(frozen=True)
class Repository:
    """A checkout: its project (the folder's name when nothing says the whole), branch, and configuration files."""

    project: str
    branch: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class JobSources:
    """What was read: Zuul's configuration with each repository's branch, and the jobs of our own job files."""

    configuration: Configuration
    branches: tuple[tuple[str, str], ...]
    """Repository and branch."""
    declared: tuple[tuple[str, tuple[Job, ...]], ...]
    """Path and its jobs."""

    def project_names(self, own: Gate) -> tuple[str, ...]:
        """Give the projects whose own declarations are here."""
        zuul = (
            name for repository, _ in self.branches for name in full_names(self.configuration, repository)
        )
        return tuple(dict.fromkeys((*([own.project] if self.declared else []), *zuul)))

    def project(self, project: str, branch: str) -> ProjectJobs:
        """Give the jobs of one project: those of our own job files when there are such, else of Zuul's configuration."""
        if self.declared:
            jobs = tuple(job for _, some in self.declared for job in some)
            return declared(jobs, project, branch, self.declared[0][0])
        return project_jobs(self.configuration, project, branch)

    def running(self, own: Gate) -> RunningJobs:
        """Give the jobs of every project that is here; our own job files are those of the project of the settings."""
        mine = [declared(jobs, own.project, own.branch, path) for path, jobs in self.declared]
        zuul = [
            project_jobs(self.configuration, name, branch)
            for repository, branch in self.branches
            for name in full_names(self.configuration, repository)
        ]
        return RunningJobs((*mine, *zuul))


def read_sources(paths: Iterable[Path | str]) -> JobSources:
    """Read job lists. A path is a repository, a folder of repositories or of YAML files, or a file; PROJECT=PATH names it.

    Raises InputError with the faults of all files, UsageError for a path that holds no job list.
    """
    configuration, branches = Configuration(), []
    own: list[tuple[str, tuple[Job, ...]]] = []
    faults: list[Fault] = []
    for path in paths:
        found = tuple(_repositories(str(path)))
        for repository in found:
            part, jobs = _read(repository, faults)
            own += jobs
            if not jobs:
                configuration += part
                branches.append((repository.project, repository.branch))
    if faults:
        raise InputError(*faults)
    return JobSources(configuration, tuple(branches), tuple(own))


def running_jobs(paths: Iterable[Path | str], own: Gate) -> RunningJobs:
    """Give the jobs that run, out of the job lists at `paths`. Raises InputError, UsageError."""
    return read_sources(paths).running(own)


def named_source(text: str) -> tuple[str, str]:
    """Give the project ("" when none is named) and the path of a job list: PROJECT=PATH, or PATH alone."""
    named = re.fullmatch(r"([\w.-]+(?:/[\w.-]+)+)=(.+)", text, re.DOTALL)
    return (named[1], named[2]) if named else ("", text)


def _repositories(text: str) -> Iterator[Repository]:
    project, name = named_source(text)
    path = Path(name)
    if not path.exists():
        raise UsageError(f"{path} does not exist; --jobs takes repositories, folders or files with job lists")
    if path.is_file():
        yield Repository(project or path.absolute().parent.name, BRANCH, (path,))
        return
    found = [_repository(path, project)]
    if not found[0].files:
        found = [
            one for folder in _folders(path) if (one := _repository(folder, "")).files and _has_jobs(one)
        ]
    if not found:
        raise UsageError(
            f"no job list in {path}; expected zuul.d, zuul.yaml, *.yaml, or folders that hold such"
        )
    yield from found


def _has_jobs(found: Repository) -> bool:
    """Whether what was found by walking is a job list: a checkout without one has YAML files of others."""
    of_zuul = any(name in path.parts for path in found.files for name in ROOTS)
    return of_zuul or any(map(_looks_like_jobs, found.files))


def _looks_like_jobs(path: Path) -> bool:
    try:
        return bool(_JOB_LIST.search(document.read_text(path)))
    except InputError:
        return False


def _folders(path: Path) -> Iterator[Path]:
    """Give the folders below, and those below them: checkouts lie as NAME or as NAMESPACE/NAME."""
    for folder in sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith(".")):
        yield folder
        if not _files(folder):
            yield from sorted(one for one in folder.iterdir() if one.is_dir())


def _repository(folder: Path, project: str) -> Repository:
    review = _gitreview(folder)
    name = project or review.get("project", "").removesuffix(".git") or folder.absolute().resolve().name
    return Repository(name, review.get("defaultbranch", BRANCH), tuple(_files(folder)))


def _gitreview(folder: Path) -> dict[str, str]:
    """Read what a checkout says of itself to git-review: project and defaultbranch."""
    try:
        text = (folder / ".gitreview").read_bytes()[:4096].decode()
    except (OSError, UnicodeDecodeError):
        return {}
    return dict(re.findall(r"^\s*(project|defaultbranch)\s*=\s*(\S+)\s*$", text, re.MULTILINE))


def _files(folder: Path) -> list[Path]:
    """Give the configuration files of a repository, or the YAML files of a folder that is none."""
    for root in (folder / name for name in ROOTS):
        if root.is_file():
            return [root]
        if root.is_dir():
            return sorted(_yaml_below(root))
    return sorted(path for path in folder.glob("[!.]*.yaml") if path.is_file())


def _yaml_below(root: Path) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not (Path(folder) / name / ".zuul.ignore").exists())
        for name in names:
            if name.endswith(".yaml"):
                count += 1
                if count > MAX_FILES:
                    raise UsageError(f"more than {MAX_FILES} files in {root}; that is no Zuul configuration")
                yield Path(folder) / name


def _read(
    repository: Repository, faults: list[Fault]
) -> tuple[Configuration, list[tuple[str, tuple[Job, ...]]]]:
    """Read a repository; its faults gather. A mapping at a file's root is one of our own job files."""
    configuration = Configuration((repository.project,))
    roots: list[tuple[Path, Node | None]] = []
    for path in repository.files:
        try:
            roots.append((path, parse(document.read_text(path), str(path))))
        except InputError as error:
            faults += error.faults
    if any(root is not None and root.kind is Kind.MAPPING for _, root in roots):
        return configuration, _own(repository.files, faults)
    for path, root in roots:
        try:
            configuration += read_configuration(root, str(path), repository.project)
        except InputError as error:
            faults += error.faults
    return configuration, []


def _own(files: Sequence[Path], faults: list[Fault]) -> list[tuple[str, tuple[Job, ...]]]:
    """Read our own job files."""
    try:
        if len(files) == 1:
            return [(str(files[0]), parse_jobs(document.read(files[0], SCHEMA)))]
        return [(str(files[0].parent), load_jobs(str(files[0].parent)))]
    except InputError as error:
        faults += error.faults
        return []
