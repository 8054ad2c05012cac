"""Configuration, project, branch → the jobs that really run in each pipeline.

Zuul's own order (its documentation, Job and Project Configuration): a project's templates first, then its own pipelines; a
job runs when a definition of it, one of each ancestor, and one mention in the pipeline match the branch; of `voting` the
last word holds. What the folders leave open (a template, a job of another repository) is told, and is no "no".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.gate.running import ProjectJobs, RunningJob
from sfcci.gate.zuul import BranchMatcher, Configuration, Stanza, Variant, expression

NOOP = "noop"
"""Zuul's job that runs nothing."""
MAX_ANCESTORS = 50
MAX_LISTED = 8
WELL_KNOWN = {
    "check-requirements": {"check": ("requirements-check",), "gate": ("requirements-check",)},
}
"""Template → pipelines → jobs: what nearly every OpenStack project uses and nearly nobody has checked out. It holds where no
folder defines the template. Source: openstack/requirements, .zuul.d/project-template.yaml."""


@dataclass(frozen=True)
class _Ancestry:
    """What a job's definitions come to on a branch."""

    runs: bool
    voting: bool | None = None
    abstract: bool = False
    unknown: tuple[str, ...] = ()


def project_jobs(configuration: Configuration, project: str, branch: str) -> ProjectJobs:
    """Give the jobs of a project on a branch. It is whole when its own repository is there and no template is missing."""
    resolver = _Resolver(configuration, branch)
    mentions: dict[str, dict[str, list[Variant]]] = {}
    for stanza in configuration.projects:
        if resolver.applies(stanza, project):
            for part in resolver.parts(stanza):
                for pipeline, jobs in part.pipelines.items():
                    for job in jobs:
                        mentions.setdefault(pipeline, {}).setdefault(job.name, []).append(job)
    running = tuple(
        found
        for pipeline, jobs in mentions.items()
        for found in (resolver.running(pipeline, variants) for variants in jobs.values())
        if found
    )
    whole = not resolver.missing and any(_same(name, project) for name in configuration.repositories)
    resolver.tell_unknown(project, running)
    return ProjectJobs(project, branch, running, whole, tuple(resolver.findings))


def full_names(configuration: Configuration, repository: str) -> tuple[str, ...]:
    """Give the projects that a repository known by its folder's name may be; the name itself when none is declared."""
    if "/" in repository:
        return (repository,)
    names = dict.fromkeys(
        stanza.name
        for stanza in configuration.projects
        if not stanza.name.startswith("^") and stanza.name.rpartition("/")[2] == repository
    )
    return tuple(names) or (repository,)


def _same(repository: str, project: str) -> bool:
    """Say whether a repository is a project's; its folder tells at least the last part of the name."""
    return repository == project or project.endswith(f"/{repository}")


@dataclass
class _Resolver:
    """Answers questions about one branch; what it could not answer gathers."""

    configuration: Configuration
    branch: str
    findings: list[Finding] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    known: dict[str, _Ancestry] = field(default_factory=dict)

    def applies(self, stanza: Stanza, project: str) -> bool:
        """Say whether a stanza is about a project."""
        if not stanza.name:
            return _same(stanza.repository, project)
        if not stanza.name.startswith("^"):
            return stanza.name == project or stanza.name.endswith(f"/{project}")
        found = expression(stanza.name)
        if found is None:
            what = f"the project's name {stanza.name!r} is no regular expression that can be read"
            self.tell("BadName", Severity.WARNING, stanza.place, what, "taken to name another project")
        return bool(found and found.match(project))

    def parts(self, stanza: Stanza) -> Iterator[Stanza]:
        """Give the templates of a project's stanza, then the stanza."""
        for name, place in stanza.templates:
            yield from self.configuration.by_template.get(name) or self.elsewhere(name, place)
        yield stanza

    def elsewhere(self, name: str, place: Place) -> Iterator[Stanza]:
        """Give a template that no folder defines, as far as it is known; else it is missing."""
        what, hint = f"no folder defines the template {name}", "give the repository that defines it, too"
        if known := WELL_KNOWN.get(name):
            jobs = ", ".join(dict.fromkeys(job for some in known.values() for job in some))
            self.tell("KnownTemplate", Severity.INFO, place, f"{what}; it is known to name {jobs}", hint)
            pipelines = {key: tuple(Variant(job, place) for job in some) for key, some in known.items()}
            yield Stanza(name, place, "", (), pipelines)
        else:
            self.missing.add(name)
            self.tell("UnknownTemplate", Severity.WARNING, place, what, hint)

    def running(self, pipeline: str, mentions: list[Variant]) -> RunningJob | None:
        """Give the job that a pipeline names in `mentions`; None when it does not run on this branch."""
        name = mentions[0].name
        ancestry = self.ancestry(name, ())
        matching = [mention for mention in mentions if self.matches(mention.branches)]
        if name == NOOP or not ancestry.runs or not matching:
            return None
        if ancestry.abstract:
            what = f"{pipeline} names the abstract job {name}, which Zuul does not run"
            self.tell("AbstractJob", Severity.WARNING, matching[0].place, what)
            return None
        said = [word for word in (ancestry.voting, *(one.voting for one in matching)) if word is not None]
        return RunningJob(name, pipeline, said[-1] if said else True, matching[0].place, ancestry.unknown)

    def ancestry(self, name: str, below: tuple[str, ...]) -> _Ancestry:
        """Put the definitions of a job that match the branch on those of its parents."""
        if name not in self.known:
            self.known[name] = self._ancestry(name, below)
        return self.known[name]

    def _ancestry(self, name: str, below: tuple[str, ...]) -> _Ancestry:
        variants = self.configuration.variants.get(name, ())
        if not variants or name in below or len(below) > MAX_ANCESTORS:
            if name in below:
                what = f"the job {name} is its own ancestor: {' < '.join((*below, name))}"
                self.tell("ParentCircle", Severity.WARNING, variants[0].place, what)
            return _Ancestry(runs=True, unknown=(name,) if name not in (NOOP, "base") else ())
        matching = [variant for variant in variants if self.matches(variant.branches)]
        parents = [
            self.ancestry(parent, (*below, name))
            for parent in dict.fromkeys(one.parent for one in matching)
            if parent and parent != name
        ]
        said = [*(one.voting for one in parents), *(one.voting for one in matching)]
        voting = [word for word in said if word is not None]
        return _Ancestry(
            runs=bool(matching) and all(parent.runs for parent in parents),
            voting=voting[-1] if voting else None,
            abstract=any(variant.abstract for variant in matching),
            unknown=tuple(dict.fromkeys(name for parent in parents for name in parent.unknown)),
        )

    def matches(self, branches: tuple[BranchMatcher, ...]) -> bool:
        """Say whether a branch is one of those; no condition takes them all."""
        return not branches or any(self.match(one) for one in branches)

    def match(self, matcher: BranchMatcher) -> bool:
        found = expression(matcher.pattern)
        if found is None:
            what = f"the branches {matcher.pattern!r} are no regular expression that can be read"
            self.tell("BadBranches", Severity.WARNING, matcher.place, what, "taken to match")
            return True
        return bool(found.match(self.branch)) is not matcher.negate

    def tell(self, keyword: str, severity: Severity, place: Place, what: str, hint: str = "") -> None:
        """Add a finding, once."""
        finding = Finding(keyword, severity, place, what, hint)
        if finding not in self.findings:
            self.findings.append(finding)

    def tell_unknown(self, project: str, running: tuple[RunningJob, ...]) -> None:
        """Say which jobs are taken to run because no folder defines them or an ancestor."""
        open_jobs = [job for job in running if job.unknown]
        if open_jobs:
            unknown = list(dict.fromkeys(name for job in open_jobs for name in job.unknown))
            names = ", ".join(unknown[:MAX_LISTED]) + (", ..." if len(unknown) > MAX_LISTED else "")
            count = len({job.name for job in open_jobs})
            what = f"{count} jobs of {project} rest on jobs that no folder defines ({names}); they are taken to run"
            self.tell("UnknownJob", Severity.INFO, open_jobs[0].place, what)
