"""What a dashboard is made from: a recipe, which stands in the header of the file as comments; text ⇄ value."""

import re
from dataclasses import dataclass, fields

from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.gate.link import check_words, job_link
from sfcci.gate.query import SeriesKey
from sfcci.gate.running import RunningJob

ZUUL_LINK = "https://zuul.{host}/t/{tenant}/builds?job_name={job}&project={project}&pipeline={pipeline}&branch={branch}"
"""Where Zuul's own pages show the builds of a job; that its address is zuul.HOST is a habit of OpenDev."""
ALL = "all"


@dataclass(frozen=True)
class Recipe:
    """What a dashboard is made from; it stands in the header of the file, so that it can be made anew."""

    jobs: tuple[str, ...]
    """Where the job lists are, seen from the dashboard's folder."""
    project: str
    tenant: str
    host: str
    branch: str
    pipelines: tuple[str, ...] = ()
    """Empty: all in which a job runs."""
    link: str = ""
    """A pattern (see `gate.link`): the page with the runs of a job."""
    holds: tuple[str, ...] = ()
    """Pipelines whose rows were made already: a row that was taken out by hand stays out."""

    def __post_init__(self) -> None:
        check_words(self.link)
        given = (getattr(self, one.name) for one in fields(self) if one.name != "link" or self.link)
        check_names(*(text for value in given for text in ((value,) if isinstance(value, str) else value)))


def check_names(*names: str) -> None:
    """Refuse names that no line of a dashboard could hold."""
    for name in names:
        if not name.isprintable() or not name.strip():
            raise UsageError(f"the name {name!a} cannot be shown; expected printable text")


def header_text(recipe: Recipe) -> str:
    """Give the lines of the header that carry the recipe; `parse_header` is the inverse."""
    lines = [f"# sfcci: jobs {path}" for path in recipe.jobs]
    lines += [f"# sfcci: {key} {getattr(recipe, key)}" for key in ("project", "tenant", "host", "branch")]
    lines += [f"# sfcci: link {recipe.link}"] if recipe.link else []
    lines += [f"# sfcci: pipelines {', '.join(recipe.pipelines) or ALL}", holds_line(recipe.holds)]
    return "\n".join(lines)


def holds_line(pipelines: tuple[str, ...]) -> str:
    """Give the line that says which pipelines have had their rows."""
    return f"# sfcci: holds {', '.join(pipelines)}"


HEADER_LINE = re.compile(
    r"# sfcci: (?P<key>jobs|project|tenant|host|branch|link|pipelines|holds)[ \t]+(?P<value>.*?)\s*"
)


def parse_header(text: str, path: str) -> Recipe:
    """Read the recipe out of a dashboard's text. Raises InputError when there is none, or not all of it."""
    found: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if match := HEADER_LINE.fullmatch(line):
            found.setdefault(match["key"], []).append(match["value"])
    missing = [key for key in ("jobs", "project", "tenant", "host", "branch") if not found.get(key)]
    if missing:
        lacking = ", ".join(f"`# sfcci: {key} ...`" for key in missing)
        hint = "dashboards that `sfcci dashboard new` made can be made anew"
        raise InputError(
            Fault(Place(path), f"its header lacks {lacking}", "the lines that say how it was made", hint)
        )
    single = {key: values[-1] for key, values in found.items() if key not in ("jobs", "pipelines", "holds")}
    many = {
        key: tuple(word for one in found.get(key, ()) for word in re.split(r",\s*", one) if word)
        for key in ("pipelines", "holds")
    }
    if many["pipelines"] == (ALL,):
        many["pipelines"] = ()
    return Recipe(jobs=tuple(found["jobs"]), **single, **many)  # type: ignore[arg-type] # keys are those of HEADER_LINE


def link(recipe: Recipe, job: RunningJob) -> str:
    """Give the address of the page with a job's runs."""
    key = SeriesKey(recipe.tenant, job.pipeline, recipe.host, recipe.project, recipe.branch, job.name)
    return job_link(recipe.link, key)
