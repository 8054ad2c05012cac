"""Targets against the jobs that run: each job that a target names still runs there, each running job is on a panel."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

from sfcci.dashboard import target as grammar
from sfcci.dashboard.read_target import ReadTarget
from sfcci.document import did_you_mean
from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.gate.running import ProjectJobs, RunningJobs
from sfcci.metric import glob
from sfcci.metric.name import part, parts_of

COLLAPSING = re.compile(
    r"(sum|average|avg|max|min|count|multiply|median|stddev|range|diff|percentile)(OfSeries|Series)?|rangeOfSeries"
    r"|aggregate|percentileOfSeries|stddevSeries"
)
"""Functions that make one line of many: a wildcard below shows no job of its own."""
MAX_WORDS = 1024
MAX_LISTED = 8


@dataclass(frozen=True)
class _Named:
    """Jobs that a path of a target names: patterns for the parts, and whether each job is a line of its own."""

    read: ReadTarget
    offset: int
    project: str
    branch: str
    pipeline: str
    jobs: str
    alone: bool

    @property
    def file(self) -> str:
        return self.read.document.path

    @cached_property
    def title(self) -> Place:
        return self.read.document.place("dashboard", "title")


def job_findings(read: Iterable[ReadTarget], jobs: RunningJobs) -> tuple[Finding, ...]:
    """Give what the running jobs say about dashboards: JobGone, JobUnknown, ProjectUnknown, JobWithoutPanel.

    What the configuration leaves open about the projects that are named comes along.
    """
    named = [one for target in read for one in _named(target)]
    used = [project for project in jobs.projects if any(_fits(one, project) for one in named)]
    told = dict.fromkeys(finding for project in used for finding in project.findings)
    return (*told, *_gone(named, jobs), *_unknown_projects(named, jobs), *_without_panel(named, used))


def _named(read: ReadTarget) -> Iterator[_Named]:
    for path, collapsed in _paths(read.tree):
        if found := parts_of(path.text):
            (jobs, offset), (pipeline, _) = found["job"], found["pipeline"]
            project, branch = (
                grammar.with_variables(found.get(key, ("", 0))[0], "*") for key in ("project", "branch")
            )
            plain = grammar.with_variables(jobs, "*")
            alone = not collapsed or not re.search(r"[*?\[]", plain)
            pipeline = grammar.with_variables(pipeline, "*")
            yield _Named(read, path.offset + offset, project, branch, pipeline, plain, alone or plain != jobs)


def _paths(tree: grammar.Target, collapsed: bool = False) -> Iterator[tuple[grammar.Path, bool]]:
    """Give the paths of a target, and whether a function above makes one line of all that they find."""
    if isinstance(tree, grammar.Path):
        yield tree, collapsed
    elif isinstance(tree, grammar.Call):
        inside = collapsed or bool(COLLAPSING.fullmatch(tree.name))
        for argument in (*tree.arguments, *(value for _, value in tree.named)):
            yield from _paths(argument, inside)


@lru_cache(maxsize=4096)
def _matches(pattern: str, name: str) -> bool:
    """Say whether a path's part finds what goes under `name` into a metric's name."""
    return pattern in (name, "*") or bool(glob.pattern(pattern).fullmatch(part(name)))


def _fits(named: _Named, project: ProjectJobs) -> bool:
    """Say whether a path names a project on the branch whose jobs are known; the short form names all projects."""
    return not named.project or (
        _names_project(named.project, project.project) and _matches(named.branch, project.branch)
    )


@lru_cache(maxsize=4096)
def _names_project(pattern: str, project: str) -> bool:
    """Say whether a path's part names a project, of which a folder may have told the last word only."""
    short = "/" not in project and pattern.endswith(f"_{part(project)}")
    return short or _matches(pattern, project)


@lru_cache(maxsize=4096)
def _words(pattern: str) -> tuple[str, ...]:
    """Spell out the braces of a part; a part with too many of them stays as it is."""
    size = 1
    for braces in re.findall(r"\{([^{}]*)\}", pattern):
        size *= braces.count(",") + 1
    return glob.alternatives(pattern) if size <= MAX_WORDS else (pattern,)


def _gone(named: Iterable[_Named], jobs: RunningJobs) -> Iterator[Finding]:
    """Say which jobs run no longer; of a project that is not all there, that nobody can tell."""
    seen: set[tuple[object, ...]] = set()
    unsure: dict[tuple[str, str], tuple[_Named, ProjectJobs, list[str]]] = {}
    for one in named:
        projects = [project for project in jobs.projects if _fits(one, project)]
        for pipeline, job in product(_words(one.pipeline), _words(one.jobs)):
            key = (one.file, one.read.target.keys, one.project, pipeline, job)
            if not projects or key in seen or any(_runs(project, pipeline, job) for project in projects):
                continue
            seen.add(key)
            open_projects = [project for project in projects if not project.whole]
            if one.project and open_projects:
                known = unsure.setdefault((one.file, one.project), (one, open_projects[0], []))
                known[2].append(job)
            else:
                yield _job_gone(one, projects, pipeline, job)
    for one, project, names in unsure.values():
        yield _job_unknown(one, project, names)


def _runs(project: ProjectJobs, pipeline: str, job: str) -> bool:
    return any(_matches(pipeline, one.pipeline) and _matches(job, one.name) for one in project.jobs)


def _job_gone(one: _Named, projects: list[ProjectJobs], pipeline: str, job: str) -> Finding:
    running = {name.name: name.pipeline for project in projects for name in project.jobs}
    elsewhere = [
        found.pipeline for project in projects for found in project.jobs if _matches(job, found.name)
    ]
    here = [
        found.name for project in projects for found in project.jobs if _matches(pipeline, found.pipeline)
    ]
    of = f" of {projects[0].project}" if one.project else " of any project (a name from before Zuul v3)"
    hint = f"it runs in {', '.join(dict.fromkeys(elsewhere))}" if elsewhere else ""
    hint = hint or did_you_mean(job, here) or did_you_mean(job, list(running))
    if not here:
        hint = hint or f"no job runs in {pipeline}"
    what = f"the job {job} does not run in {pipeline}{of}"
    return Finding("JobGone", Severity.ERROR, one.read.place(one.offset), what, hint)


def _job_unknown(one: _Named, project: ProjectJobs, names: list[str]) -> Finding:
    names = list(dict.fromkeys(names))
    shown = ", ".join(names[:MAX_LISTED]) + (", ..." if len(names) > MAX_LISTED else "")
    what = f"cannot tell whether {len(names)} jobs of {project.project} still run: {shown}"
    hint = "its declarations are not all here; see the findings about its templates"
    return Finding("JobUnknown", Severity.WARNING, one.read.place(one.offset), what, hint)


def _unknown_projects(named: Iterable[_Named], jobs: RunningJobs) -> Iterator[Finding]:
    """Say once a file of which projects, or branches, nothing is known."""
    seen: set[tuple[str, str, str]] = set()
    for one in named:
        key = (one.file, one.project, one.branch)
        if one.project and key not in seen and not any(_fits(one, project) for project in jobs.projects):
            seen.add(key)
            what = f"nothing is known about the jobs of {one.project} on {one.branch}"
            hint = "give its repository with --jobs to have them checked"
            yield Finding("ProjectUnknown", Severity.INFO, one.read.place(one.offset), what, hint)


def _without_panel(named: list[_Named], projects: Iterable[ProjectJobs]) -> Iterator[Finding]:
    """Say which running jobs are on no panel, in the pipelines that are shown of a dashboard's main project."""
    for project in projects:
        mine = [one for one in named if one.project and _fits(one, project)]
        home = _home(named, mine)
        if home is None:
            continue
        for job in project.jobs:
            shown = [one for one in mine if _matches_any(one.pipeline, job.pipeline)]
            if shown and not any(one.alone and _matches_any(one.jobs, job.name) for one in shown):
                what = f"the job {job.name} runs in {job.pipeline} of {project.project} and is on no panel"
                hint = f"{job.place} names it" if job.place.line else f"{job.place} declares it"
                yield Finding("JobWithoutPanel", Severity.WARNING, home.title, what, hint)


def _matches_any(pattern: str, name: str) -> bool:
    return any(_matches(word, name) for word in _words(pattern))


def _home(named: list[_Named], mine: list[_Named]) -> _Named | None:
    """Give a path of the file that shows this project most, if it shows none more; a passing mention makes no home."""
    for file, count in Counter(one.file for one in mine).most_common():
        rivals = Counter(one.project for one in named if one.file == file and one.project)
        if count >= max(rivals.values()):
            return next(one for one in mine if one.file == file)
    return None
