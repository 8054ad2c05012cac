"""A dashboard that was made from a job list, made anew: only what stands between the marks is written, the rest stays.

Lines are moved, never re-spelt: what a hand wrote keeps its every character.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sfcci import document
from sfcci.dashboard.generate import KINDS, region_lines, rows_text, wanted
from sfcci.dashboard.generate_recipe import check_names, holds_line, parse_header
from sfcci.document import did_you_mean
from sfcci.errors import Fault, InputError, Place
from sfcci.gate.running import ProjectJobs

MARK = re.compile(
    r"\s*(?:#|\[//\]: # \()\s*sfcci: (?P<word>begin|end|rows)(?:\s+(?P<kind>\S+)(?:\s+(?P<pipeline>.+?))?)?\)?\s*"
)
ROWS_INDENT = 4
"""Of the rows in `generate.ROWS`."""


@dataclass(frozen=True)
class Region:
    """The lines from `first` (the mark that begins it) to `last` (the mark that ends it)."""

    kind: str
    pipeline: str
    first: int
    last: int


def regenerated(text: str, path: str, jobs: ProjectJobs) -> str:
    """Give the text of a dashboard made anew; doing so twice changes nothing. Raises InputError for spoilt marks."""
    recipe = parse_header(text, path)
    check_names(*(name for job in jobs.jobs for name in (job.name, job.pipeline)))
    pipelines = wanted(recipe, jobs)
    if not pipelines:
        expected = f"jobs of {recipe.project} in {', '.join(recipe.pipelines) or 'any pipeline'}"
        raise InputError(Fault(Place(path), "the job lists of its header name no job", expected))
    lines = text.split("\n")
    found = _regions(lines, path)
    held = tuple(dict.fromkeys((*recipe.holds, *(region.pipeline for region in found))))
    for region in reversed(found):
        if region.pipeline in pipelines:
            indent = re.match(r"\s*", lines[region.first])
            made = region_lines(recipe, jobs, region.kind, region.pipeline, indent[0] if indent else "")
            lines[region.first + 1 : region.last] = _ended(made, lines[region.first])
        else:
            _take_out(lines, region)
    new = [pipeline for pipeline in pipelines if pipeline not in held]
    _add_rows(lines, path, [rows_text(recipe, jobs, pipeline) for pipeline in new])
    _note(lines, tuple(pipeline for pipeline in (*held, *new) if pipeline in pipelines))
    result = "\n".join(lines)
    _check(result, path)
    return result


def _ended(made: list[str], like: str) -> list[str]:
    """Give lines the ends of the line `like`."""
    return [f"{line}\r" for line in made] if like.endswith("\r") else made


def _regions(lines: list[str], path: str) -> list[Region]:
    """Find the regions. Raises InputError with every mark that has no partner or no meaning."""
    regions: list[Region] = []
    faults: list[Fault] = []
    opened: Region | None = None
    for number, mark in _marks(lines):
        place = Place(path, number + 1, 1)
        if mark["word"] == "begin":
            if opened:
                faults.append(
                    Fault(
                        place, "a second `sfcci: begin`", f"`sfcci: end` of line {opened.first + 1} before it"
                    )
                )
            if mark["kind"] not in KINDS or not mark["pipeline"]:
                found = f"`sfcci: begin {mark['kind'] or ''} {mark['pipeline'] or ''}`".replace("  ", " ")
                faults.append(
                    Fault(
                        place,
                        found,
                        f"a kind ({', '.join(KINDS)}) and a pipeline",
                        did_you_mean(mark["kind"] or "", list(KINDS)),
                    )
                )
            opened = Region(mark["kind"] or "", mark["pipeline"] or "", number, number)
        elif mark["word"] == "end":
            if opened:
                regions.append(replace(opened, last=number))
            else:
                faults.append(
                    Fault(place, "`sfcci: end` without a beginning", "`sfcci: begin KIND PIPELINE` before it")
                )
            opened = None
    if opened:
        faults.append(
            Fault(Place(path, opened.first + 1, 1), "`sfcci: begin` without an end", "`sfcci: end` behind it")
        )
    if faults:
        raise InputError(*faults)
    return regions


def _marks(lines: list[str]) -> Iterator[tuple[int, "re.Match[str]"]]:
    for number, line in enumerate(lines):
        if "sfcci: " in line and (found := MARK.fullmatch(line)):
            yield number, found


def _indent(line: str) -> int | None:
    """Give how far a line of YAML is indented; None for one that says nothing (blank, comment)."""
    stripped = line.lstrip(" ")
    return None if not stripped.strip() or stripped.startswith("#") else len(line) - len(stripped)


def _item(lines: list[str], at: int) -> tuple[int, int]:
    """Give the first line of the list element around line `at`, and the first line behind it."""
    limit = len(lines[at]) - len(lines[at].lstrip(" "))
    first = at
    for first in range(at - 1, -1, -1):
        indent = _indent(lines[first])
        if indent is not None and indent < limit:
            limit = indent
            if lines[first].lstrip(" ").startswith("- "):
                break
    behind = first + 1
    while behind < len(lines) and ((indent := _indent(lines[behind])) is None or indent > limit):
        behind += 1
    while behind > first + 1 and (not lines[behind - 1].strip() or _depth(lines[behind - 1]) <= limit):
        behind -= 1  # comments in front of the next element are that one's
    return first, behind


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _take_out(lines: list[str], region: Region) -> None:
    """Take out the panel of a region, and its row when that was the last one; what a hand put beside the region stays."""
    first, behind = _item(lines, region.first)
    if not _fills(lines, region, behind):
        del lines[region.first : region.last + 1]
        return
    row, row_behind = _item(lines, first)
    others = (*range(row + 1, first), *range(behind, row_behind))
    dash = " " * _depth(lines[first]) + "- "
    if not any(lines[number].startswith(dash) for number in others):
        first, behind = row, row_behind
    del lines[first:behind]


def _fills(lines: list[str], region: Region, behind: int) -> bool:
    """Say whether a region is all that its key holds, so that a panel without it would be empty."""
    before = next(line.strip() for line in reversed(lines[: region.first]) if _indent(line) is not None)
    after = next((line for line in lines[region.last + 1 : behind] if _indent(line) is not None), "")
    return before.startswith(("targets:", "content:")) and _depth(after) < _depth(lines[region.first])


def _add_rows(lines: list[str], path: str, texts: list[str]) -> None:
    """Put rows in front of the line that keeps their place."""
    if not texts:
        return
    at = next((number for number, mark in _marks(lines) if mark["word"] == "rows"), None)
    if at is None:
        hint = "put it behind the last row, indented like the rows"
        raise InputError(Fault(Place(path), "new rows have no place", "the line `# sfcci: rows`", hint))
    indent = " " * _depth(lines[at])
    made = [line for text in texts for line in text.removesuffix("\n").split("\n")]
    lines[at:at] = _ended([f"{indent}{line[ROWS_INDENT:]}" if line else "" for line in made], lines[at])


def _note(lines: list[str], pipelines: tuple[str, ...]) -> None:
    """Write down which pipelines have had their rows."""
    for number, line in enumerate(lines):
        if line.startswith("# sfcci: holds"):
            lines[number] = _ended([holds_line(pipelines)], line)[0]
            return


def _check(text: str, path: str) -> None:
    """Refuse to write what could not be read."""
    try:
        document.parse(text, path)
    except InputError as error:
        hint = "it would not be whole; nothing was written"
        raise InputError(*(replace(fault, hint=fault.hint or hint) for fault in error.faults)) from None
