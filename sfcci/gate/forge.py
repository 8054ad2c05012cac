"""The gate on GitHub and GitLab: a workflow, a CI file. Events stand for Zuul's pipelines.

A change under review is `check`, one that is about to be merged (merge queue, merge train) is `gate`, a schedule is `periodic`; an
event without jobs is left out. All jobs of a pipeline run on one machine, as `sfcci gate run` runs them, and as root: these
machines give ordinary users no namespaces. What comes from a change (names of branches, titles) is in the environment only,
never in a script's text. Sources: GitHub's "Workflow syntax for GitHub Actions", GitLab's "CI/CD YAML syntax reference".
"""

import math
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from sfcci.gate.ci import EVIDENCE, JUNIT, RESULTS, Needs, components, header, limit_s, pipelines, yaml_text
from sfcci.gate.job import Job

GITHUB_COMMAND, GITLAB_COMMAND = "sfcci zuul github", "sfcci zuul gitlab"
CHECK, GATE, PERIODIC = "check", "gate", "periodic"
NIGHTLY = "23 2 * * *"
MINUTE_S = 60
LONGEST_MINUTES = 360
"""GitHub ends a job then, whatever it says."""
PROGRAM = ".sfcci/environment/bin/sfcci"
_NAMES = (
    '--buildset="$BUILDSET" --commit="$COMMIT"',
    '--change="$CHANGE" --patchset="$PATCHSET"',
    f"--results results/{RESULTS} --junit results/{JUNIT}",
)
_GITHUB_RUN = (
    'export SFCCI_GATE_BRANCH="${BASE#refs/heads/}"',
    'case "$GITHUB_REF_NAME" in',
    "gh-readonly-queue/*/pr-*)  # what the merge queue tests: .../pr-NUMBER-COMMIT",
    '  CHANGE="${GITHUB_REF_NAME##*/pr-}"',
    '  CHANGE="${CHANGE%%-*}" ;;',
    "esac",
    "mkdir -p results",
    f"sudo --preserve-env {PROGRAM} gate run",
)
_GITLAB_RUN = (
    'export SFCCI_GATE_BRANCH="${CI_MERGE_REQUEST_TARGET_BRANCH_NAME:-$CI_COMMIT_REF_NAME}"',
    'BUILDSET="gitlab-$CI_PIPELINE_ID"',
    'COMMIT="${CI_MERGE_REQUEST_SOURCE_BRANCH_SHA:-$CI_COMMIT_SHA}"',
    'CHANGE="${CI_MERGE_REQUEST_IID:-}"',
    'PATCHSET="${CHANGE:+$COMMIT}"',
    "mkdir -p results",
    f"{PROGRAM} gate run",
)
"""Scripts that end with the command; its options follow. The pipeline is told by the environment."""


def github_workflow(jobs: Iterable[Job], needs: Needs, cron: str = NIGHTLY) -> str:
    """Give the workflow; by hand (workflow_dispatch) any pipeline's jobs can be run."""
    some = tuple(jobs)
    workflow = {
        "name": "sfcci gate",
        "on": _github_events(pipelines(some), cron),
        "permissions": {"contents": "read"},
        "concurrency": {
            "group": "sfcci-gate-${{ github.event.pull_request.number || github.run_id }}",
            "cancel-in-progress": True,
        },
        "jobs": {
            "gate": {
                "name": "Jobs of the gate",
                "runs-on": "ubuntu-24.04",
                "timeout-minutes": _minutes(some),
                "env": _github_environment(pipelines(some)),
                "steps": list(_github_steps(some, needs)),
            }
        },
    }
    return header(GITHUB_COMMAND) + yaml_text(workflow)


def gitlab_pipeline(jobs: Iterable[Job], needs: Needs, image: str = "debian:bookworm", tag: str = "") -> str:
    """Give the CI file. Its runner must let containers make namespaces (`privileged`), or be no container (`tag` names it)."""
    some = tuple(jobs)
    job = {
        "stage": "test",
        "image": image,
        **({"tags": [tag]} if tag else {}),
        "timeout": f"{_minutes(some)} minutes",
        "interruptible": True,
        "rules": list(_gitlab_rules(pipelines(some))),
        "variables": {
            "SFCCI_RUN_STATE": "$CI_PROJECT_DIR/.sfcci/state",
            "SFCCI_RUN_CACHE": "$CI_PROJECT_DIR/.sfcci/cache",
            "SFCCI_GATE_HOST": "$CI_SERVER_HOST",
            "SFCCI_GATE_PROJECT": "$CI_PROJECT_PATH",
        },
        "before_script": _installed(needs, ""),
        "script": [*(_built(component, PROGRAM) for component in components(some)), _script(_GITLAB_RUN)],
        "after_script": [_packed("$CI_PROJECT_DIR/.sfcci/state", "")],
        "artifacts": {
            "when": "always",
            "expire_in": "30 days",
            "paths": ["results/"],
            "reports": {"junit": f"results/{JUNIT}"},
        },
    }
    return header(GITLAB_COMMAND) + yaml_text({"sfcci-gate": job})


def _minutes(jobs: tuple[Job, ...]) -> int:
    """Give the limit for the longest pipeline."""
    some = [[job for job in jobs if name in job.pipelines] for name in pipelines(jobs)]
    longest = max((math.ceil(limit_s(one) / MINUTE_S) for one in some), default=1)
    return min(longest, LONGEST_MINUTES)


def _github_events(names: Sequence[str], cron: str) -> dict[str, Any]:
    choice = {"description": "The pipeline whose jobs run", "type": "choice", "options": list(names)}
    return {
        **({"pull_request": {}} if CHECK in names else {}),
        **({"merge_group": {}} if GATE in names else {}),
        **({"schedule": [{"cron": cron}]} if PERIODIC in names else {}),
        "workflow_dispatch": {"inputs": {"pipeline": {**choice, "required": True, "default": names[0]}}},
    }


def _github_environment(names: Sequence[str]) -> dict[str, str]:
    events = {"merge_group": GATE, "schedule": PERIODIC, "pull_request": CHECK}
    known = [f"github.event_name == '{event}' && '{name}'" for event, name in events.items() if name in names]
    return {
        "SFCCI_GATE_PIPELINE": "${{ inputs.pipeline || " + " || ".join([*known, f"'{names[0]}'"]) + " }}",
        "SFCCI_GATE_HOST": "github.com",
        "SFCCI_GATE_PROJECT": "${{ github.repository }}",
        "BASE": "${{ github.base_ref || github.event.merge_group.base_ref || github.ref_name }}",
        "SFCCI_RUN_STATE": "${{ github.workspace }}/.sfcci/state",
        "SFCCI_RUN_CACHE": "${{ github.workspace }}/.sfcci/cache",
        "COMMIT": "${{ github.event.pull_request.head.sha || github.sha }}",
        "CHANGE": "${{ github.event.pull_request.number }}",
        "PATCHSET": "${{ github.event.pull_request.head.sha }}",
        "BUILDSET": "github-${{ github.run_id }}-${{ github.run_attempt }}",
    }


def _github_steps(jobs: tuple[Job, ...], needs: Needs) -> Iterable[dict[str, Any]]:
    yield {"uses": "actions/checkout@v4", "with": {"persist-credentials": False}}
    yield {"name": "Install sfcci and what a lab needs", "run": "\n".join(_installed(needs, "sudo ")) + "\n"}
    for component in components(jobs):
        yield {
            "name": f"Build the packages of {component}",
            "run": _built(component, f"sudo --preserve-env {PROGRAM}"),
        }
    yield {"name": "Run the jobs", "run": _script(_GITHUB_RUN)}
    packed = f'{_packed(".sfcci/state", "sudo ")}sudo chown -R "$(id -u)" results\n'
    yield {"name": "Pack the evidence", "if": "${{ always() }}", "run": packed}
    yield {
        "name": "Keep results and evidence",
        "if": "${{ always() }}",
        "uses": "actions/upload-artifact@v4",
        "with": {"name": "sfcci-results", "path": "results/", "if-no-files-found": "warn"},
    }


def _gitlab_rules(names: Sequence[str]) -> Iterable[dict[str, Any]]:
    train = '$CI_MERGE_REQUEST_EVENT_TYPE == "merge_train"'
    review, clock = (f'$CI_PIPELINE_SOURCE == "{one}"' for one in ("merge_request_event", "schedule"))
    known = ((GATE, train), (CHECK, review), (PERIODIC, clock))
    for name, condition in known:
        if name in names:
            yield {"if": condition, "variables": {"SFCCI_GATE_PIPELINE": name}}
    yield {"if": '$CI_PIPELINE_SOURCE == "web"', "variables": {"SFCCI_GATE_PIPELINE": names[0]}}


def _script(lines: Sequence[str]) -> str:
    """Give a script whose last command has the names of the run as options."""
    return "\n".join(lines) + "".join(f" \\\n  {words}" for words in _NAMES) + "\n"


def _installed(needs: Needs, sudo: str) -> list[str]:
    """Give the commands that install, each whole on its line."""
    install = f"{sudo}env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
    return [
        f"{sudo}apt-get update -q",
        install + "".join(f" \\\n  {name}" for name in needs.packages["apt"]),
        "python3 -m venv .sfcci/environment",
        f".sfcci/environment/bin/pip install -q {shlex.quote(needs.install)}",
    ]


def _built(component: str, program: str) -> str:
    return f"{program} package rpm {shlex.quote(component)}"


def _packed(state: str, sudo: str) -> str:
    archive = f'{sudo}tar --create --gzip --file=results/{EVIDENCE} --directory="{state}" runs'
    return f'if [ -d "{state}/runs" ]; then\n  {archive}\nfi\n'
