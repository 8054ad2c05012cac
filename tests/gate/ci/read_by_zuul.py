"""Runs with Zuul's own Python: reads a repository's configuration as Zuul's scheduler does, prints what it took it for.

What Zuul needs to run at all, and not to read configuration (ZooKeeper, telemetry, cloud clients), need not be installed: a module
that is missing is replaced by an empty one.
"""

import importlib.abc
import importlib.machinery
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

STAND_INS = (
    "cachetools",
    "cryptography",
    "grpc",
    "jsonpath_rw",
    "kazoo",
    "mmh3",
    "opentelemetry",
    "psutil",
    "requests",
)


class Anything(type):
    """A class that has every attribute, can be called with whatever, and decorates nothing."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(name, (), {})

    def __call__(cls, *words, **_named):
        if len(words) == 1 and callable(words[0]):
            return words[0]
        return cls


class Empty(ModuleType):
    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(name, (), {})


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, _path=None, _target=None):
        if name.split(".")[0] in STAND_INS:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Empty(spec.name)

    def exec_module(self, module):
        pass


def main(folder, project):
    from zuul import configloader, model

    system = SimpleNamespace(connections={})
    context = configloader.ParseContext(system, SimpleNamespace(), SimpleNamespace(), None)
    unparsed = model.UnparsedConfig()
    for path in sorted((folder / "zuul.d").glob("*.yaml")):
        source = model.SourceContext(f"example.org/{project}", project, "gerrit", "main", path.name)
        unparsed.extend(configloader.safe_load_yaml(path.read_text(), source))
    jobs = [context.job_parser.fromYaml(one) for one in unparsed.jobs]
    projects = [context.project_parser.fromYaml(one) for one in unparsed.projects]
    tenant = model.Tenant("example")
    tenant.allowed_labels = tenant.disallowed_labels = []
    tenant.project_configs = {f"example.org/{project}": SimpleNamespace(shadow_projects=())}
    layout = model.Layout(tenant)
    base = model.Job("base")
    base.parent = base.BASE_JOB_MARKER
    layout.jobs["base"] = [base]
    for job in jobs:
        layout.addJob(job)
    told = {
        "jobs": {job.name: shown(job) for job in jobs},
        "parents": sorted({job.parent or "base" for job in jobs if job.parent not in layout.jobs}),
        "pipelines": {
            name: [one.name for some in pipeline.job_list.jobs.values() for one in some]
            for found in projects
            for name, pipeline in found.pipelines.items()
        },
        "errors": [str(error) for error in context.error_list],
    }
    json.dump(told, sys.stdout)


def shown(job):
    return {
        "parent": job.parent,
        "abstract": bool(job.abstract),
        "voting": job.voting is not False,
        "timeout": job.timeout,
        "attempts": job.attempts,
        "nodeset": job.nodeset if isinstance(job.nodeset, str) else None,
        "playbooks": [one.path for some in (job.pre_run, job.run, job.post_run) for one in some],
        "required": sorted(job.required_projects),
        "variables": dict(job.variables),
    }


if __name__ == "__main__":
    sys.meta_path.append(Finder())
    main(Path(sys.argv[1]), sys.argv[2])
