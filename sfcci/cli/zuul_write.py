"""`sfcci zuul jobs|github|gitlab`: files for CI systems, made of the declared jobs."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, UsageError

if TYPE_CHECKING:
    from sfcci.gate.ci import Needs
    from sfcci.gate.job import Job

ALONE = ("zuul.yaml", ".zuul.yaml")
"""Where one of these is, Zuul reads no folder, or reads the folder and not it."""


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of all three."""
    options = (
        click.option(
            "--out",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="The repository to write into (default: the project).",
        ),
        click.option(
            "--install",
            metavar="TEXT",
            default="",
            help="What pip installs to have sfcci (default: the project itself, if it is sfcci's; else this version).",
        ),
        click.option(
            "--check", is_flag=True, help="Write nothing; status 1 where a file is not as it would be made."
        ),
        console.as_json,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog="Example: sfcci zuul jobs --nodeset debian-bookworm --together")
@click.option(
    "--nodeset",
    metavar="NAME",
    default="",
    help="The nodeset that jobs run on (default: that of the parent).",
)
@click.option(
    "--label", metavar="NAME", default="", help="... or the label of the one node that they run on."
)
@click.option(
    "--parent", metavar="JOB", default="", help="The parent of all (default: the tenant's base job)."
)
@click.option(
    "--required-project", "required", metavar="NAME", multiple=True, help="A project that jobs need, too."
)
@click.option(
    "--from-project",
    metavar="NAME",
    default="",
    help="Install sfcci from this required project, as in opendev.org/x/sfcci.",
)
@click.option("--files", metavar="REGEX", multiple=True, help="Jobs run for changes of such files only.")
@click.option(
    "--irrelevant-files",
    "irrelevant",
    metavar="REGEX",
    multiple=True,
    help="Jobs do not run for changes of such files alone (default: documentation).",
)
@click.option(
    "--together", is_flag=True, help="One job of Zuul's for all that a pipeline has, not one for each."
)
@_shared
def jobs(
    *,
    nodeset: str,
    label: str,
    parent: str,
    required: tuple[str, ...],
    from_project: str,
    files: tuple[str, ...],
    irrelevant: tuple[str, ...],
    together: bool,
    out: Path | None,
    install: str,
    check: bool,
    json_output: bool,
) -> None:
    """Write Zuul's job definitions, the project's pipelines and the playbooks, of the jobs that `sfcci gate list` shows.

    \b
    zuul.d/sfcci-jobs.yaml      one job for each of ours, of its name, with its timeout, attempts, voting
    zuul.d/sfcci-project.yaml   check, gate, periodic ...: which jobs run in which pipeline
    playbooks/sfcci/*.yaml      set up a node, run the job, bring results and evidence to the build's logs

    Files that were not made by this command are never overwritten. The build's logs have sfcci/results.json: what
    `sfcci gate import` reads elsewhere.

    Exit status: 0 well, 1 with --check: a file differs, 2 bad input.
    """  # noqa: D301 - click's mark of lines that stay as they are
    from sfcci.gate.zuul_write import COMMAND, DOCUMENTATION, ZuulOptions, zuul_files

    if nodeset and label:
        raise UsageError("--nodeset and --label both say what jobs run on; give one of them")
    if install and from_project:
        raise UsageError("--install and --from-project both say where sfcci comes from; give one of them")
    _check_expressions(*files, *irrelevant)
    root = out or console.settings().project
    declared = _declared()
    options = ZuulOptions(
        _needs(declared, _zuul_source(install, from_project, root)),
        nodeset,
        label,
        parent,
        tuple(dict.fromkeys((*required, *filter(None, [from_project])))),
        files,
        irrelevant or DOCUMENTATION,
        together,
    )
    _finish(root, zuul_files(declared, options, _folder(root)), COMMAND, check=check, json_output=json_output)


@click.command(epilog="Example: sfcci zuul github --cron '17 3 * * *'")
@click.option(
    "--cron", metavar="TEXT", default="", help="When the periodic jobs run, in UTC (default: 23 2 * * *)."
)
@click.option(
    "--file",
    default=".github/workflows/sfcci-gate.yml",
    show_default=True,
    metavar="PATH",
    help="Where in the repository it is written.",
)
@_shared
def github(*, cron: str, file: str, out: Path | None, install: str, check: bool, json_output: bool) -> None:
    """Write a GitHub workflow that runs the jobs: pull requests run `check`, the merge queue `gate`, a schedule `periodic`.

    What failed is annotated in the pull request. Results and evidence are the artifact sfcci-results.

    Exit status: 0 well, 1 with --check: the file differs, 2 bad input.
    """
    from sfcci.gate.forge import GITHUB_COMMAND, NIGHTLY, github_workflow
    from sfcci.gate.schedule import cron_calendar

    declared, root = _declared(), out or console.settings().project
    needs = _needs(declared, install or _own_source(root, "."))
    text = github_workflow(declared, needs, cron_calendar(cron).cron if cron else NIGHTLY)
    _finish(root, {file: text}, GITHUB_COMMAND, check=check, json_output=json_output)


@click.command(epilog="Example: sfcci zuul gitlab --tag privileged")
@click.option("--image", default="debian:bookworm", show_default=True, help="The image that jobs run in.")
@click.option("--tag", default="", help="The tag of the runners that may run them.")
@click.option(
    "--file",
    default=".gitlab-ci.yml",
    show_default=True,
    metavar="PATH",
    help="Where in the repository it is written; another than the default is to be included there.",
)
@_shared
def gitlab(
    *, image: str, tag: str, file: str, out: Path | None, install: str, check: bool, json_output: bool
) -> None:
    """Write a GitLab CI file that runs the jobs: merge requests run `check`, merge trains `gate`, schedules `periodic`.

    A lab is made of namespaces: its runner has `privileged = true`, or runs jobs on machines of their own.
    Merge requests show the results (JUnit); results and evidence are the job's artifacts.

    Exit status: 0 well, 1 with --check: the file differs, 2 bad input.
    """
    from sfcci.gate.forge import GITLAB_COMMAND, gitlab_pipeline

    declared, root = _declared(), out or console.settings().project
    text = gitlab_pipeline(declared, _needs(declared, install or _own_source(root, ".")), image, tag)
    _finish(root, {file: text}, GITLAB_COMMAND, check=check, json_output=json_output)


def _declared() -> "tuple[Job, ...]":
    """Give the jobs; those that install a component which the project does not describe build none (they are SKIPPED)."""
    from sfcci.gate.declaration import load_jobs

    settings = console.settings()
    described = {path.stem for path in (settings.project / "packaging").glob("*.toml")}
    jobs = load_jobs(settings.gate.jobs)
    return tuple(job if job.install in described else replace(job, install="") for job in jobs)


def _needs(declared: "tuple[Job, ...]", install: str) -> "Needs":
    """Give what a machine needs: the lab's programs; those that build packages where a job installs some."""
    from sfcci import machine
    from sfcci.gate.ci import Needs, components

    rooms = {"environment", "datapath", "gate", *(["package"] if components(declared) else [])}
    wanted = [
        tool
        for tool in machine.TOOLS
        if tool.room in rooms and "run" in tool.purposes and (not tool.optional or tool.probe == "curl")
    ]
    families = {
        family: tuple(dict.fromkeys(word for tool in wanted for word in getattr(tool, family).split()))
        for family in ("apt", "dnf")
    }
    return Needs(install, families)


def _own_source(root: Path, here: str) -> str:
    """Give `here` for sfcci's own repository, which installs itself; else this version of sfcci."""
    import tomllib

    from sfcci import __version__

    try:
        name = tomllib.loads((root / "pyproject.toml").read_text())["project"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        name = ""
    return here if name == "sfcci" else f"sfcci=={__version__}"


def _zuul_source(install: str, from_project: str, root: Path) -> str:
    if from_project:
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", from_project):
            raise UsageError(
                f"--from-project {from_project!r} is no project; expected one as in opendev.org/x/sfcci"
            )
        return "file://{{ ansible_user_dir }}/{{ zuul.projects['" + from_project + "'].src_dir }}"
    return install or _own_source(root, "file://{{ ansible_user_dir }}/{{ zuul.project.src_dir }}")


def _check_expressions(*patterns: str) -> None:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"{pattern!r} is no regular expression: {error}") from None


def _folder(root: Path) -> str:
    """Give the folder in which Zuul looks for definitions. Raises UsageError where it would look into a file alone."""
    for name in ALONE:
        if (root / name).is_file():
            raise UsageError(
                f"{root / name} is there, beside which Zuul reads no zuul.d; move it to zuul.d/project.yaml, then run this again"
            )
    return ".zuul.d" if (root / ".zuul.d").is_dir() and not (root / "zuul.d").is_dir() else "zuul.d"


def _finish(root: Path, made: Mapping[str, str], command: str, *, check: bool, json_output: bool) -> None:
    """Write what differs, or say what would; end with the command's status."""
    differing = [name for name, text in made.items() if _text(root / name) != text]
    if not check:
        _write(root, {name: made[name] for name in differing}, command)
    if json_output:
        console.print_json(
            {"folder": str(root), "files": dict(made), "differing": differing, "written": not check}
        )
    else:
        _tell(root, made, differing, check=check)
    sys.exit(EXIT_FINDINGS if check and differing else EXIT_OK)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _write(root: Path, made: Mapping[str, str], command: str) -> None:
    from sfcci import files
    from sfcci.gate.ci import MADE

    for name in made:
        if (root / name).exists() and not _text(root / name).startswith(MADE + command):
            raise UsageError(
                f"{root / name} was not made by {command}, and stays as it is; move it away, or choose another place (--help)"
            )
    for name, text in made.items():
        files.write_text(root / name, text)


def _tell(root: Path, made: Mapping[str, Any], differing: list[str], *, check: bool) -> None:
    for name in made:
        word = ("differs" if check else "written") if name in differing else "as it is"
        click.echo(f"{word:8}  {root / name}")
