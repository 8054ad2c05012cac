"""Jobs of the gate for CI systems: what a machine needs for them, how long they may take, and how a file of theirs begins."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sfcci.gate.job import Job
from sfcci.gate.order import GRACE_S

SETUP_S = 900
"""System packages and pip, on a slow mirror."""
BUILD_S = 1800
"""One component's packages."""
MADE = "# Made by: "
"""How a file begins that may be made again; another's is never overwritten."""
RESULTS, JUNIT, EVIDENCE = "results.json", "results.xml", "evidence.tar.gz"
"""What a run leaves for others: for `sfcci gate import`, for the CI system itself, for people."""


@dataclass(frozen=True)
class Needs:
    """What a machine needs before jobs run on it: what pip installs, and system packages by family ("apt", "dnf")."""

    install: str
    packages: Mapping[str, tuple[str, ...]]


def header(command: str) -> str:
    """Give the first line of a file that `command` makes."""
    return f"{MADE}{command}. What is changed by hand is lost when it is made again.\n"


def components(jobs: Iterable[Job]) -> tuple[str, ...]:
    """Give the components whose packages must be built before the jobs, each once."""
    return tuple(dict.fromkeys(job.install for job in jobs if job.install))


def pipelines(jobs: Iterable[Job]) -> tuple[str, ...]:
    """Give the pipelines in which jobs run, in the order in which they are named first."""
    return tuple(dict.fromkeys(pipeline for job in jobs for pipeline in job.pipelines))


def limit_s(jobs: Iterable[Job]) -> int:
    """Give a limit in seconds that jobs keep one after the other: set-up, builds, each once, all attempts of the longest."""
    some = tuple(jobs)
    once_s = [job.timeout_s + GRACE_S for job in some]
    again_s = [one_s * (job.attempts - 1) for one_s, job in zip(once_s, some, strict=True)]
    return math.ceil(SETUP_S + BUILD_S * len(components(some)) + sum(once_s) + max(again_s, default=0))


def yaml_text(value: Any) -> str:
    """Give a YAML document of plain values: keys in their order, lists set in, texts of several lines as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            del indentless
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, width=110, allow_unicode=True))
