"""`sfcci gate import`: results of other CI systems into the run database."""

import gc
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.errors import EXIT_INPUT, EXIT_OK, InputError, UsageError

if TYPE_CHECKING:
    from sfcci.gate.cases import Origin
    from sfcci.gate.imports import Imports

NAMES = {
    "tenant": "Zuul's tenant (default: [gate] tenant).",
    "host": "The host of the project (default: [gate] host).",
    "project": "The project (default: [gate] project).",
    "branch": "The branch (default: [gate] branch).",
    "pipeline": "The pipeline (default: [gate] pipeline).",
    "job": "The job that each file is a run of (default: the file's name without .xml, .subunit, .gz).",
    "commit": "The commit that was tested.",
    "change": "The change under review.",
    "patchset": "Its patch set.",
    "buildset": "What the jobs that ran together share.",
    "log-url": "Where the logs are.",
}
"""Option → help. Zuul's builds say most of it themselves; what a file says goes first."""


def _names(command: Callable[..., None]) -> Callable[..., None]:
    for name, text in reversed(NAMES.items()):
        command = click.option(f"--{name}", metavar="TEXT", default="", help=text)(command)
    return command


@click.command(
    "import", epilog="Example: sfcci gate import testr_results.subunit.gz --job sfc-tempest --pipeline check"
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "kind",
    type=click.Choice(["auto", "junit", "subunit", "zuul", "sfcci"]),
    default="auto",
    show_default=True,
    help="What the files are; auto tells by their first octets.",
)
@_names
@click.option("--non-voting", is_flag=True, help="The job does not vote.")
@click.option(
    "--at",
    metavar="TIME",
    default="",
    help="When the tests ended, for a file that does not say: a moment, so that the file can be imported again.",
)
@click.option("--each-test", is_flag=True, help="Each test is a run of a job of its own (JUnit, subunit).")
@console.as_json
def import_(
    *,
    files: tuple[Path, ...],
    kind: str,
    non_voting: bool,
    at: str,
    each_test: bool,
    json_output: bool,
    **names: str,
) -> None:
    """Import results: JUnit XML, subunit version 2 (stestr, tempest), builds of Zuul's API, our own; gzip is unpacked.

    \b
    JUnit, subunit  a file is one run of one job: FAILURE when a test failed (the tests that did are its reasons),
                    SKIPPED when none ran, else SUCCESS. With --each-test each test is a run of a job of its name.
    Zuul            each build is a run: api/tenant/T/builds, .../build/UUID, .../buildset/UUID. Builds that are
                    still running are left out and counted; import them again later.
    sfcci           what `gate run --results FILE` wrote elsewhere: the same runs, in the series in which they were made.

    A file that is imported again changes nothing; one that says something else now replaces its runs. Each file is
    imported whole or refused whole, with the place and the reason. "-" is standard input. Times without a zone are UTC
    in files. What was imported by mistake goes again: sfcci gate forget.

    Exit status: 0 well, 2 a file was refused (the others are imported), 3 the database cannot be used.
    """  # noqa: D301 - click's mark of lines that stay as they are
    from sfcci.gate.imports import Imports

    gc.disable()  # hundreds of thousands of values are made, none in a circle
    origin = _origin(names, at, votes=not non_voting)
    if origin.at_s is not None and re.fullmatch(r"now|\d+\s*[a-z]+", at.strip()):
        said = f"{datetime.fromtimestamp(origin.at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
        click.echo(
            f"--at {at} is {said} now; say --at {said} to import the file again as the same run", err=True
        )
    say = console.progress()
    told: list[dict[str, Any]] = []
    refused: list[InputError] = []
    with Imports(console.settings()) as history:
        for number, path in enumerate(files, 1):
            say(f"{path} ({number}/{len(files)})")
            try:
                told.append(_imported(history, path, kind, origin, each_test))
            except InputError as fault:
                refused.append(fault)
                continue
            if not json_output:
                click.echo(_line(told[-1]))
    if json_output:
        faults = [str(fault) for error in refused for fault in error.faults]
        console.print_json({"files": told, "refused": faults})
    for error in refused:
        click.echo(f"sfcci: {error}", err=True)
    sys.exit(EXIT_INPUT if refused else EXIT_OK)


def check_names(**names: str) -> None:
    """Refuse options that name what no name is; "" names nothing. Raises UsageError."""
    from sfcci.gate.cases import is_name

    for name, value in names.items():
        if value and not is_name(value):
            raise UsageError(
                f"--{name.replace('_', '-')} {value[:60]!a} is no name: at most 255 characters, none of control"
            )


def _origin(names: dict[str, str], at: str, *, votes: bool) -> "Origin":
    from sfcci.gate.cases import Origin
    from sfcci.moment import parse_moment

    check_names(**names)
    gate = console.settings().gate
    known = {name: getattr(gate, name) for name in ("tenant", "host", "project", "branch", "pipeline")}
    given = {name: value for name, value in names.items() if value}
    return Origin(
        **{**known, **given}, voting=votes, at_s=float(parse_moment(at, int(time.time()))) if at else None
    )


def _imported(history: "Imports", path: Path, kind: str, origin: "Origin", each: bool) -> dict[str, Any]:
    from sfcci.gate.importing import read_file

    found = read_file(path, kind, origin, each=each)
    recorded, number = history.bring(found.runs, str(path), found.kind, time.time())
    return {
        "file": str(path),
        "import": number,
        "format": found.kind,
        "runs": len(found.runs),
        **recorded._asdict(),
        "left_out": dict(found.left_out),
    }


def _line(told: dict[str, Any]) -> str:
    text = f"{told['file']}: {told['format']}, {told['runs']} run{'s' if told['runs'] != 1 else ''}: {told['new']} new, {told['changed']} changed, {told['same']} as before"
    left = ", ".join(f"{count} {reason}" for reason, count in told["left_out"].items())
    text += f"; left out: {left}" if left else ""
    return text if told["import"] is None else f"{text} (import {told['import']})"
