"""All that is made from the code: pages of the reference and manual pages, each a path in the project and its text."""

import inspect
from pathlib import Path, PurePosixPath

from sfcci import __version__, settings
from sfcci.manual import commands, man, names_page, schema_page, settings_page
from sfcci.manual.markdown import code, table
from sfcci.manual.tree import Command, tree

PAGES = PurePosixPath("docs/reference")
MANUAL = PurePosixPath("data/share/man/man1")
"""Where flit takes what an installation puts beside Python's own folders: share/man/man1 of the prefix."""


def everything(project: Path) -> dict[PurePosixPath, str]:
    """Give every file that is made, by its path in the project. Raises InputError."""
    known = programs()
    found = {PAGES / name: text for name, text in _pages(known).items()}
    date = _date(project / "packaging" / "sfcci.toml")
    for program in known:
        found |= {MANUAL / name: text for name, text in man.pages(program, date, __version__).items()}
    return found


def programs() -> tuple[Command, Command]:
    """Give the commands of both programs."""
    from sfcci.cli.main import sfcci
    from sfcci.cli.skydive import skydive

    return tree(sfcci, "sfcci"), tree(skydive, "sfcci-skydive")


def _pages(programs: tuple[Command, Command]) -> dict[str, str]:
    ours, skydive = programs
    groups = {f"{'-'.join(one.path)}.md": one for one in (*ours.commands, skydive)}
    documents = _documents()
    return {
        "README.md": _index(groups, documents),
        **{name: commands.page(one) for name, one in groups.items()},
        **documents,
    }


def _documents() -> dict[str, str]:
    from sfcci.api.extensions import EXTENSIONS
    from sfcci.datapath.scenario_schema import SCHEMA as SCENARIO
    from sfcci.gate.declaration import load_jobs
    from sfcci.gate.job_schema import SCHEMA as JOBS
    from sfcci.package.component_schema import SCHEMA as COMPONENT
    from sfcci.package.recipe_schema import SCHEMA as RECIPE

    change = "`restore`, `delete`, a patch on the scenario's collections and `hosts: {NAME: up|down}`, or a list of these"
    return {
        "settings.md": settings_page.page(
            settings.SCHEMA, settings_page.attributes(inspect.getsource(settings))
        ),
        "scenario.md": schema_page.page(
            "Words of a scenario",
            "With examples and explanations: [scenarios.md](../scenarios.md).",
            SCENARIO,
        ),
        "job.md": schema_page.page(
            "Words of a job file",
            "With an example: [how to keep a gate](../howto-gate-maintainer.md#a-job-of-your-own).",
            JOBS,
            {"jobs[].steps[].change": change},
        ),
        "component.md": schema_page.page(
            "Words of a component", "A description `packaging/NAME.toml` of a Python project.", COMPONENT
        ),
        "recipe.md": schema_page.page(
            "Words of a recipe", 'A description `packaging/NAME.toml` with `kind = "ebuild"`.', RECIPE
        ),
        "jobs.md": names_page.jobs(load_jobs()),
        "metrics.md": names_page.metrics(),
        "rules.md": names_page.rules(),
        "extensions.md": names_page.extensions(EXTENSIONS),
    }


def _index(groups: dict[str, Command], documents: dict[str, str]) -> str:
    named = [(f"[{code(one.name)}]({name})", one.line) for name, one in groups.items()]
    titles = [(f"[{text.splitlines()[0].removeprefix('# ')}]({name})",) for name, text in documents.items()]
    lines = ["# Reference", "", "Made from the code by `make docs`.", ""]
    lines += [*table(("commands", "what they do"), named), "", *table(("documents and names",), titles)]
    return "\n".join(lines) + "\n"


def _date(component: Path) -> str:
    """Give the date of the newest release, as the component's changelog tells it."""
    import tomllib

    return max(str(one["date"]) for one in tomllib.loads(component.read_text())["changelog"])
