"""`sfcci dashboard new|regenerate`: dashboards made from lists of jobs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfcci.cli import console
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sfcci.dashboard.generate_recipe import Recipe
    from sfcci.gate.running import ProjectJobs
    from sfcci.gate.zuul_files import JobSources
    from sfcci.settings import Gate

ZUUL = {"tenant": "openstack", "host": "opendev.org", "branch": "master"}
"""Where projects are that have Zuul's configuration, when nothing else is said."""


@click.command(
    epilog="Example: sfcci dashboard new networking-sfc --jobs networking-sfc --jobs project-config "
    "--project openstack/networking-sfc -o dashboards/networking-sfc.yaml"
)
@click.argument("name")
@click.option(
    "--jobs",
    "paths",
    metavar="DIR",
    multiple=True,
    required=True,
    help="A job list: a repository with Zuul's configuration, a folder of such, or our own job files. "
    "PROJECT=DIR says whose it is. Give the repositories that define templates, too.",
)
@click.option("--project", help="The project whose jobs are shown (default: the only one that is there).")
@click.option("--pipeline", "pipelines", multiple=True, help="Only this pipeline (default: all).")
@click.option("--tenant", help="Zuul's tenant (default: openstack; of our own jobs: [gate] tenant).")
@click.option("--host", help="The host in metric names (default: opendev.org; of our own jobs: [gate] host).")
@click.option("--branch", help="The branch (default: master; of our own jobs: [gate] branch).")
@click.option(
    "--link",
    metavar="PATTERN",
    help="The page with the runs of a job, with {tenant} {host} {project} {branch} {pipeline} {job} "
    "(default: Zuul's builds page for opendev.org; of our own jobs: [gate] link).",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def new(
    name: str,
    *,
    paths: tuple[str, ...],
    project: str | None,
    pipelines: tuple[str, ...],
    tenant: str | None,
    host: str | None,
    branch: str | None,
    link: str | None,
    output: Path | None,
) -> None:
    """Make the dashboard NAME from a list of jobs.

    Every job that runs is on a panel: its weighted failure rate with n, its duration, links to its runs. The file says
    how it was made, so that `sfcci dashboard regenerate` can follow when jobs come and go; what you write into it stays.
    """
    from sfcci import files
    from sfcci.dashboard.generate import dashboard_text
    from sfcci.dashboard.generate_recipe import Recipe
    from sfcci.gate.zuul_files import read_sources

    if output and output.exists():
        raise UsageError(f"{output} is there already; `sfcci dashboard regenerate {output}` makes it anew")
    own = console.settings().gate
    sources = read_sources(paths)
    places = {"tenant": tenant, "host": host, "branch": branch}
    usual = {key: getattr(own, key) for key in ZUUL} if sources.declared else ZUUL
    given = {key: value or usual[key] for key, value in places.items()}
    chosen = project or _only_project(sources, own)
    jobs = sources.project(chosen, given["branch"])
    _check_pipelines(jobs, pipelines)
    seen_from = output.parent if output else Path()
    recipe = Recipe(
        jobs=tuple(_relative(path, seen_from) for path in paths),
        project=chosen,
        pipelines=pipelines,
        link=_usual_link(own, given["host"], bool(sources.declared)) if link is None else link,
        tenant=given["tenant"],
        host=given["host"],
        branch=given["branch"],
    )
    text = dashboard_text(name, recipe, jobs)
    _tell(jobs)
    if output is None:
        click.echo(text, nl=False)
        return
    files.write_text(output, text)
    click.echo(f"{output}: {_summary(recipe, jobs)}")


@click.command(epilog="Example: sfcci dashboard regenerate dashboards/sfc-gate.yaml --check")
@click.argument(
    "paths",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
)
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 when a file is not up to date.")
@console.as_json
@click.pass_context
def regenerate(ctx: click.Context, paths: tuple[Path, ...], check: bool, json_output: bool) -> None:
    """Make dashboards anew from the jobs of today, as their headers say; what was written by hand stays.

    A job that is new gets its place on each panel, one that is gone loses it. All files are made before one is written.
    """
    from sfcci import document, files

    made = []
    for path in paths:
        text = document.read_text(path)
        made.append((path, text, _anew(path, text)))
    changed = [(path, text) for path, old, text in made if text != old]
    if not check:
        for path, text in changed:
            files.write_bytes(path, text.encode(), mode=path.stat().st_mode & 0o777)
    if json_output:
        names = [str(path) for path, _ in changed]
        console.print_json({"files": [str(path) for path in paths], "changed": names, "written": not check})
    else:
        word = "not up to date" if check else "made anew"
        for path, old, text in made:
            click.echo(f"{path}: {word if text != old else 'up to date'}")
    ctx.exit(EXIT_FINDINGS if check and changed else EXIT_OK)


def _anew(path: Path, text: str) -> str:
    """Give the text of a dashboard made from the job lists of its header."""
    from sfcci.dashboard.generate_anew import regenerated
    from sfcci.dashboard.generate_recipe import parse_header
    from sfcci.gate.zuul_files import read_sources

    recipe = parse_header(text, str(path))
    jobs = read_sources(_from(path.parent, one) for one in recipe.jobs).project(recipe.project, recipe.branch)
    _tell(jobs)
    return regenerated(text, str(path), jobs)


def _relative(path: str, folder: Path) -> str:
    """Give a job list's path as it is seen from the dashboard's folder; what names its project stays in front."""
    return _moved(path, lambda plain: os.path.relpath(plain, folder))


def _from(folder: Path, path: str) -> str:
    """Give a job list's path as it is seen from here; the inverse of `_relative`."""
    return _moved(path, lambda plain: os.path.normpath(folder / plain))


def _moved(path: str, move: "Callable[[str], str]") -> str:
    from sfcci.gate.zuul_files import named_source

    project, plain = named_source(path)
    return f"{project}={move(plain)}" if project else move(plain)


def _only_project(sources: "JobSources", own: "Gate") -> str:
    names = sources.project_names(own)
    if len(names) != 1:
        raise UsageError(f"whose jobs? give --project, one of: {', '.join(names)}")
    return names[0]


def _check_pipelines(jobs: "ProjectJobs", pipelines: tuple[str, ...]) -> None:
    from sfcci.document import did_you_mean

    for name in pipelines:
        if name not in jobs.pipelines:
            known = ", ".join(jobs.pipelines) or "none"
            hint = did_you_mean(name, list(jobs.pipelines))
            raise UsageError(f"no job of {jobs.project} runs in {name}; {hint or f'its pipelines: {known}'}")


def _usual_link(own: "Gate", host: str, ours: bool) -> str:
    from sfcci.dashboard.generate_recipe import ZUUL_LINK

    if ours:
        return own.link
    return ZUUL_LINK if host == ZUUL["host"] else ""


def _tell(jobs: "ProjectJobs") -> None:
    """Say on standard error what the job lists leave open."""
    from sfcci.finding import Severity

    for finding in jobs.findings:
        if finding.severity is not Severity.INFO:
            click.echo(str(finding), err=True)
    if not jobs.whole:
        click.echo(
            f"not all declarations of {jobs.project} are here: more jobs may run than are shown", err=True
        )


def _summary(recipe: "Recipe", jobs: "ProjectJobs") -> str:
    from sfcci.dashboard.generate import wanted

    shown = wanted(recipe, jobs)
    count = sum(job.pipeline in shown for job in jobs.jobs)
    return f"{console.counted(count, 'job')} of {recipe.project} in {', '.join(shown)}"
