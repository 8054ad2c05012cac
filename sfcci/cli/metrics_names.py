"""`sfcci metrics find|complete|tree|check`: the names of a Graphite for people."""

import contextlib
import sys
import time
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

import click

from sfcci.cli import completion, console
from sfcci.errors import EXIT_FINDINGS, UsageError
from sfcci.moment import moment_text, parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sfcci.metric.catalogue import Branch
    from sfcci.metric.check import CheckedName
    from sfcci.metric.graphite import GraphiteReader

LINES = 60
"""As deep as it fits on so many lines a tree is drawn unless --depth says otherwise."""
SHOWN = 50
"""Of so many names each is told; of more those that something is wrong with."""
VALUED = 500
"""Of so many names the last value is looked up without being asked for; of 10 000 it takes Graphite some seconds."""

graphite_option = click.option(
    "--graphite",
    metavar="URL",
    help="This Graphite, read only; by default that of [graphite] url, else the private one.",
)


@contextlib.contextmanager
def source(url: str | None) -> "Iterator[GraphiteReader]":
    """Give a reader of the Graphite that is meant; the private one is up for the block."""
    from sfcci.metric.graphite import GraphiteReader

    with console.graphite_url(console.settings(), url) as found:
        yield GraphiteReader(found)


@click.command(epilog="Example: sfcci metrics find 'stats_counts.zuul.tenant.*'")
@click.argument("pattern", metavar="[GLOB]", default="*", shell_complete=completion.metric_names)
@graphite_option
@console.as_json
def find(pattern: str, graphite: str | None, json_output: bool) -> None:
    """List the names that a Graphite glob matches (* ? [a-z] {a,b}; a part at a time).

    A branch is shown with `.*` behind it. Exit status 1 when nothing matches, with what was perhaps meant.
    """
    from sfcci.metric.catalogue import checked

    with source(graphite) as reader:
        found = reader.find(checked(pattern))
        why = "" if found else _why_not(pattern, reader)
    if json_output:
        console.print_json([{"name": name, "series": series} for name, series in found.items()])
    else:
        for name, series in found.items():
            click.echo(name if series else f"{name}.*")
    if not found:
        click.echo(f"nothing matches {pattern}: {why}", err=True)
        sys.exit(EXIT_FINDINGS)


def _why_not(pattern: str, reader: "GraphiteReader") -> str:
    from sfcci.metric.suggestion import missing, put_right

    lost = missing([pattern], reader)
    meant = put_right(lost.values(), reader).get(pattern, ())
    return "\n  ".join([str(lost[pattern]), *(f"perhaps {name}" for name in meant)])


@click.command(epilog="Example: sfcci metrics complete stats_counts.zuul.tenant.")
@click.argument("prefix", metavar="[PREFIX]", default="", shell_complete=completion.metric_names)
@graphite_option
@console.as_json
def complete(prefix: str, graphite: str | None, json_output: bool) -> None:
    """List what a name may go on as, one per line: names of series, and branches with a dot behind.

    Where there is one way only it is followed up to the fork. Globs in the parts before the last are kept.
    """
    from sfcci.metric.catalogue import completions

    with source(graphite) as reader:
        found = completions(prefix, reader.find)
        why = "" if found else _why_not(f"{prefix}*", reader)
    if json_output:
        console.print_json(found)
    else:
        click.echo("".join(f"{name}\n" for name in found), nl=False)
    if not found:
        click.echo(f"no name begins with {prefix}: {why}" if prefix else why, err=True)
    sys.exit(0 if found else EXIT_FINDINGS)


@click.command(epilog="Example: sfcci metrics tree stats_counts.zuul.tenant --depth 3")
@click.argument("prefix", metavar="[PREFIX]", default="", shell_complete=completion.metric_names)
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    help=f"So many forks deep; by default as deep as fits on {LINES} lines.",
)
@click.option(
    "--most",
    type=click.IntRange(min=0),
    default=12,
    show_default=True,
    help="At most so many lines below one branch; 0: all.",
)
@graphite_option
@console.as_json
def tree(prefix: str, depth: int | None, most: int, graphite: str | None, json_output: bool) -> None:
    """Draw the names below PREFIX as a tree, each branch with the number of its series.

    A way without a fork is one line. With --json the whole tree comes out, or so many forks as --depth says.
    """
    from sfcci.metric import catalogue
    from sfcci.metric.glob import WILD

    top = catalogue.checked(prefix.removesuffix(".*").rstrip(".")) if prefix else ""
    if WILD.search(top):
        raise UsageError(f"{prefix} is a glob; name one branch, or list names with: sfcci metrics find")
    with source(graphite) as reader:
        names = reader.below(top) if top else reader.names()
        why = "" if names or not top else _why_not(f"{top}.*", reader)
    if why:
        click.echo(f"nothing is below {top}: {why}", err=True)
        sys.exit(EXIT_FINDINGS)
    root = catalogue.tree(names, top)
    if json_output:
        console.print_json(_branch(root, depth))
        return
    lines = list(catalogue.drawn(root, depth, most)) if depth is not None else _fitting(root, most)
    click.echo("\n".join(lines))


def _fitting(root: "Branch", most: int) -> list[str]:
    """Draw as deep as fits, one fork at least."""
    from sfcci.metric.catalogue import drawn

    lines = list(drawn(root, 1, most))
    for depth in range(2, 40):
        deeper = list(drawn(root, depth, most))
        if len(deeper) > LINES or len(deeper) == len(lines):
            break
        lines = deeper
    return lines


def _branch(branch: "Branch", depth: int | None) -> dict[str, object]:
    below = [] if depth == 0 else [_branch(one, None if depth is None else depth - 1) for one in branch.below]
    return {"name": branch.name, "series": branch.leaves, "is_series": branch.series, "below": below}


@click.command(
    epilog="Example: sfcci metrics check --since 7d 'stats_counts.zuul.**.my-job.*' --file names.txt"
)
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completion.metric_names)
@click.option(
    "--file",
    "file",
    type=click.File(encoding="utf-8"),
    help='Names of a file, too, one per line, "#" begins a remark; - is standard input.',
)
@click.option("--since", metavar="WHEN", help="A name must have had a value since then: 36h, 7d, 2026-11-20.")
@click.option(
    "--until", metavar="WHEN", default="now", help="Values before then are looked at (default: now)."
)
@click.option(
    "--values/--no-values",
    default=None,
    help=f"Look up the last values; by default those of up to {VALUED} names.",
)
@click.option("--all", "everything", is_flag=True, help=f"Tell of each name, also of more than {SHOWN}.")
@graphite_option
@console.as_json
def check(
    names: tuple[str, ...],
    file: IO[str] | None,
    since: str | None,
    until: str,
    values: bool | None,
    everything: bool,
    graphite: str | None,
    json_output: bool,
) -> None:
    """Say of names and globs whether Graphite has series for them, and when these last had a value.

    A name that leads nowhere is told with what was perhaps meant. Exit status 1 when one is missing, or has had no value
    since --since.
    """
    from sfcci.metric.check import Fate, check_names

    asked = _asked(names, file)
    now_s = time.time()
    until_s = parse_moment(until, now_s)
    since_s = parse_moment(since, now_s) if since else None
    if since_s is not None and since_s >= until_s:
        raise UsageError(f"--since {since} is not before --until {until}")
    wanted = values if values is not None else len(asked) <= VALUED or since is not None or until != "now"
    with source(graphite) as reader:
        found = check_names(asked, reader, until_s=until_s, since_s=since_s, values=wanted)
    wrong = [one for one in found if one.fate is not Fate.THERE]
    if json_output:
        console.print_json([asdict(one) for one in found])
    else:
        _tell(found if everything or len(found) <= SHOWN else wrong)
        click.echo(_summary(found))
    sys.exit(EXIT_FINDINGS if wrong else 0)


def _asked(names: tuple[str, ...], file: IO[str] | None) -> tuple[str, ...]:
    from sfcci.metric.catalogue import checked

    try:
        lines = [line.partition("#")[0].strip() for line in file or ()]
    except UnicodeDecodeError:
        raise UsageError(f"{getattr(file, 'name', 'the file')} is not text in UTF-8") from None
    asked = tuple(dict.fromkeys(checked(name) for name in (*names, *lines) if name))
    if not asked:
        raise UsageError("no name to check; give NAME, or --file with a name on each line")
    return asked


def _tell(found: "Sequence[CheckedName]") -> None:
    colours = {"there": "green", "silent": "yellow", "missing": "red", "branch": "red"}
    for one in found:
        count = f"{one.series} series" if one.series > 1 else ""
        last = f"last value {moment_text(one.last_s)}" if one.last_s else ""
        told = "; ".join(text for text in (count, last, one.why) if text)
        click.echo(
            click.style(f"{one.fate:8}", fg=colours[one.fate])
            + f"{one.name}"
            + (f"  ({told})" if told else "")
        )
        for name in one.meant:
            click.echo(f"        perhaps {name}")


def _summary(found: "Sequence[CheckedName]") -> str:
    counts = {
        fate: sum(one.fate == fate for one in found) for fate in ("there", "silent", "missing", "branch")
    }
    words = {"there": "there", "silent": "silent", "missing": "missing", "branch": "branches, no series"}
    return f"{console.counted(len(found), 'name')}: " + ", ".join(
        f"{n} {words[fate]}" for fate, n in counts.items() if n
    )
