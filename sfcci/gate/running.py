"""Which jobs run: by project, pipeline and branch, wherever they were declared, and what could not be told."""

from collections.abc import Iterable
from dataclasses import dataclass

from sfcci.errors import Place
from sfcci.finding import Finding
from sfcci.gate.job import Job


@dataclass(frozen=True)
class RunningJob:
    """A job that runs in a pipeline; `place` is where the pipeline names it."""

    name: str
    pipeline: str
    voting: bool
    place: Place
    unknown: tuple[str, ...] = ()
    """Jobs (itself or ancestors) that no folder defines: it is taken to run."""


@dataclass(frozen=True)
class ProjectJobs:
    """The jobs of one project on one branch, each once a pipeline, in the order of the configuration."""

    project: str
    branch: str
    jobs: tuple[RunningJob, ...]
    whole: bool = True
    """False: a part of the project's configuration is not there, so a job that is missing may run all the same."""
    findings: tuple[Finding, ...] = ()
    """What the configuration leaves open, and why."""

    @property
    def pipelines(self) -> tuple[str, ...]:
        """Give the pipelines in which a job runs."""
        return tuple(dict.fromkeys(job.pipeline for job in self.jobs))

    def inside(self, pipeline: str) -> tuple[str, ...]:
        """Give the names of the jobs of one pipeline."""
        return tuple(job.name for job in self.jobs if job.pipeline == pipeline)


@dataclass(frozen=True)
class RunningJobs:
    """The jobs of all projects whose own declarations were read."""

    projects: tuple[ProjectJobs, ...]


def declared(jobs: Iterable[Job], project: str, branch: str, path: str) -> ProjectJobs:
    """Give the gate's own jobs as those of its project; `path` is where they were declared."""
    place = Place(path)
    running = (
        RunningJob(job.name, pipeline, job.voting, place)
        for job in jobs
        for pipeline in dict.fromkeys(job.pipelines)
    )
    return ProjectJobs(project, branch, tuple(running))
