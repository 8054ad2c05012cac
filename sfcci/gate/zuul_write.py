"""Jobs of the gate as Zuul's: definitions, the project's pipelines, playbooks (Zuul's documentation, Project Configuration).

Each job becomes one of Zuul's of its name, or all that a pipeline has run in one. What differs stands in the definitions'
variables; the playbooks are the same for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from sfcci.gate.ci import Needs, components, header, limit_s, pipelines, yaml_text
from sfcci.gate.job import Job

COMMAND = "sfcci zuul jobs"
BASE = "sfcci-gate"
"""The abstract job that the others have as their parent."""
TOGETHER = "sfcci-gate-pipeline"
"""The job that runs all that a pipeline has."""
PLAYBOOKS = "playbooks/sfcci"
DOCUMENTATION = (r"^(.*/)?[^/]*\.(md|rst)$", r"^docs?/.*$", r"^releasenotes/.*$")
"""Changes of such files alone run no job."""
LONGEST_S = 10_800
"""A tenant of Zuul's takes no job with a longer limit, unless it says so (max-job-timeout)."""
ATTEMPTS = 3
"""Zuul's own number where a job says none."""


@dataclass(frozen=True)
class ZuulOptions:
    """What the definitions say beside the jobs. "" leaves a thing to Zuul's tenant."""

    needs: Needs
    nodeset: str = ""
    """The name of a nodeset; or"""
    label: str = ""
    """a label of nodes, of which one is asked for."""
    parent: str = ""
    required_projects: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    irrelevant_files: tuple[str, ...] = DOCUMENTATION
    together: bool = False


def zuul_files(jobs: Iterable[Job], options: ZuulOptions, folder: str = "zuul.d") -> dict[str, str]:
    """Give the files, path → text; `folder` is the one in which Zuul looks for definitions."""
    some = tuple(jobs)
    definitions = [_base(some, options), *(_together(some) if options.together else map(_job, some))]
    documents = {
        f"{folder}/sfcci-jobs.yaml": [{"job": one} for one in definitions],
        f"{folder}/sfcci-project.yaml": [{"project": _project(some, together=options.together)}],
    }
    made = {path: header(COMMAND) + "---\n" + _spaced(value) for path, value in documents.items()}
    return made | {f"{PLAYBOOKS}/{name}": header(COMMAND) + text for name, text in _playbooks().items()}


def _playbooks() -> Mapping[str, str]:
    found = resources.files("sfcci.gate") / "playbooks"
    return {name: (found / name).read_text() for name in ("pre.yaml", "run.yaml", "post.yaml")}


def _spaced(items: list[dict[str, Any]]) -> str:
    """Give a list of items with an empty line between them."""
    return "\n".join(yaml_text([item]) for item in items)


def _base(jobs: tuple[Job, ...], options: ZuulOptions) -> dict[str, Any]:
    needs = options.needs
    nodeset = {"nodes": [{"name": "node", "label": options.label}]} if options.label else options.nodeset
    matchers = {"files": options.files, "irrelevant-files": () if options.files else options.irrelevant_files}
    return {
        "name": BASE,
        "abstract": True,
        **({"parent": options.parent} if options.parent else {}),
        "description": "Set up a node for the jobs of the gate, run those that are meant, keep results and evidence.\n",
        **({"nodeset": nodeset} if nodeset else {}),
        **({"required-projects": list(options.required_projects)} if options.required_projects else {}),
        **{key: list(value) for key, value in matchers.items() if value},
        "pre-run": f"{PLAYBOOKS}/pre.yaml",
        "run": f"{PLAYBOOKS}/run.yaml",
        "post-run": f"{PLAYBOOKS}/post.yaml",
        "timeout": max((_limit_s([job]) for job in jobs), default=_limit_s([])),
        "vars": {
            "sfcci_install": needs.install,
            "sfcci_packages": {family: list(names) for family, names in needs.packages.items()},
        },
    }


def _job(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "parent": BASE,
        **({"description": job.description} if job.description else {}),
        "timeout": _limit_s([job]),
        **({} if job.voting else {"voting": False}),
        **({} if job.attempts == ATTEMPTS else {"attempts": job.attempts}),
        **({"vars": {"sfcci_builds": [job.install]}} if job.install else {}),
    }


def _together(jobs: tuple[Job, ...]) -> tuple[dict[str, Any]]:
    longest_s = max(_limit_s(_of(jobs, pipeline)) for pipeline in pipelines(jobs))
    builds = components(jobs)
    return (
        {
            "name": TOGETHER,
            "parent": BASE,
            "description": "Run all jobs of the gate that are declared for the pipeline.\n",
            "timeout": longest_s,
            "vars": {"sfcci_jobs": [], **({"sfcci_builds": list(builds)} if builds else {})},
        },
    )


def _project(jobs: tuple[Job, ...], *, together: bool) -> dict[str, Any]:
    names = {pipeline: [job.name for job in _of(jobs, pipeline)] for pipeline in pipelines(jobs)}
    return {pipeline: {"jobs": [TOGETHER] if together else some} for pipeline, some in names.items()}


def _limit_s(jobs: Iterable[Job]) -> int:
    return min(limit_s(jobs), LONGEST_S)


def _of(jobs: tuple[Job, ...], pipeline: str) -> tuple[Job, ...]:
    return tuple(job for job in jobs if pipeline in job.pipelines)
