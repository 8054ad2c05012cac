"""Hand-edited regions of a rendered file: what stands between two marks outlives the next rendering.

    # by hand: why it is here
    Patch0:         fix.patch
    # end by hand

A region belongs to the line above it (of the same section), else to the line below it. Where neither is rendered any
more, that is an error, and nothing is lost. Everything outside of regions is rendered. Sections are those of a spec,
and in an ebuild functions and strings of several lines, in which a mark would be no comment. Marks may be indented, as
what is between them is.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfcci.errors import Fault, InputError, Place

BEGIN = re.compile(r"# by hand(:.*)?")
END = "# end by hand"
BESIDE = re.compile(r"^(?:Patch\d*|Source[1-9]\d*):\s*([A-Za-z0-9_@+.-]+)\s*$", re.MULTILINE)
"""A patch or source that is no address: a file that lies beside the spec."""
Key = tuple[str, str, int]
"""Section, line (or its tag), and which of several alike, from 1."""


@dataclass(frozen=True)
class Grammar:
    """How a file is divided, and which of its lines are known by how they begin: what follows changes with every version."""

    section: re.Pattern[str]
    tag: re.Pattern[str]
    end: str = ""
    """Lines that end a section; "" where only the next one does."""
    string: str = ""
    """The line that ends a section in which "#" begins no comment; "" where there are none."""


SPEC = Grammar(
    section=re.compile(
        r"%(package|description|prep|generate_buildrequires|build|install|check|pre|post|preun|postun|files|changelog)\b"
    ),
    tag=re.compile(r"(Name|Version|Release|Summary|License|URL|Source0|BuildArch):"),
)
EBUILD = Grammar(
    section=re.compile(r'[a-z][a-z0-9_-]*\(\) \{$|[A-Z_]+\+?="$'),
    tag=re.compile(r"# Copyright |[A-Z][A-Z0-9_]*\+?=|inherit "),
    end='"}',
    string='"',
)


@dataclass(frozen=True)
class Region:
    """Lines that somebody wrote, marks included, and what they belong to."""

    lines: tuple[str, ...]
    number: int
    """The line in the file, from 1, that the first of them is."""
    above: Key | None
    """The rendered line before it, blank ones aside; None at the top."""
    blanks: int
    """Blank lines between that and the region."""
    below: Key | None


def regions(text: str, path: str) -> tuple[Region, ...]:
    """Give a file's regions in their order. Raises InputError for marks without their other half, or inside a string."""
    lines = text.splitlines()
    spans = list(_spans(lines, path))
    outside = [(n, line) for n, line in enumerate(lines) if not any(a <= n <= b for a, b in spans)]
    grammar = _grammar(path)
    keys = dict(zip((n for n, _line in outside), _keys([line for _n, line in outside], grammar), strict=True))
    found = tuple(_region(lines, keys, span) for span in spans)
    for region in found:
        if _in_string(region, grammar):
            raise _fault(
                path,
                region.number - 1,
                "a hand-edited region inside a string or a command is no comment",
                "a place outside",
            )
    return found


def carried(old: str, new: str, path: str) -> str:
    """Give the text `new` with the regions of `old` in their places; `path` is what faults name. Raises InputError."""
    found = regions(old, path)
    if not found:
        return new
    lines = new.splitlines()
    places: dict[Key, int] = {}
    for number, key in enumerate(_keys(lines, _grammar(path))):
        places.setdefault(key, number)
    inserted: dict[int, list[str]] = {}
    for region in found:
        inserted.setdefault(_place(region, places, lines, path), []).extend(region.lines)
    text = [*_with(lines, inserted)]
    return "\n".join(text) + "\n"


def files_beside(spec: str) -> tuple[str, ...]:
    """Give the names of the files that a spec takes from its own folder: PatchN and SourceN, but not Source0."""
    return tuple(dict.fromkeys(BESIDE.findall(spec)))


def without_regions(text: str, path: str) -> str:
    """Give the text that was rendered. Raises InputError for marks without their other half."""
    lines = text.splitlines(keepends=True)
    spans = list(_spans(text.splitlines(), path))
    return "".join(line for n, line in enumerate(lines) if not any(a <= n <= b for a, b in spans))


def _with(lines: Sequence[str], inserted: dict[int, list[str]]) -> Iterator[str]:
    for number in range(len(lines) + 1):
        yield from inserted.get(number, ())
        yield from lines[number : number + 1]


def _spans(lines: Sequence[str], path: str) -> Iterator[tuple[int, int]]:
    """First and last line of each region, from 0."""
    begin = None
    for number, line in enumerate(lines):
        if BEGIN.fullmatch(line.strip()):
            if begin is not None:
                raise _fault(path, begin, "a hand-edited region begins and does not end", f"a line {END!r}")
            begin = number
        elif line.strip() == END:
            if begin is None:
                raise _fault(
                    path, number, "a hand-edited region ends that did not begin", "a line '# by hand: why'"
                )
            yield begin, number
            begin = None
    if begin is not None:
        raise _fault(path, begin, "a hand-edited region begins and does not end", f"a line {END!r}")


def _grammar(path: str) -> Grammar:
    return EBUILD if path.endswith(".ebuild") else SPEC


def _keys(lines: Sequence[str], grammar: Grammar) -> Iterator[Key]:
    """What each line is known by."""
    section, counts = "", Counter[tuple[str, str]]()
    for line in lines:
        if grammar.section.match(line):
            section = line.rstrip()
        tag = grammar.tag.match(line)
        name = tag[0] if tag else line.rstrip()
        counts[section, name] += 1
        yield section, name, counts[section, name]
        if line.rstrip() and line.rstrip() in grammar.end:
            section = ""


def _in_string(region: Region, grammar: Grammar) -> bool:
    """Say whether the line above goes on in the next: it lies in a string and does not end it, or ends with a backslash."""
    if not grammar.string or region.above is None:
        return False
    section, line, _which = region.above
    return line.endswith("\\") or (section.endswith(grammar.string) and line != grammar.string)


def _region(lines: Sequence[str], keys: dict[int, Key], span: tuple[int, int]) -> Region:
    begin, end = span
    rendered = [n for n in keys if keys[n][1]]
    above = max((n for n in rendered if n < begin), default=None)
    below = min((n for n in rendered if n > end), default=None)
    blanks = sum(n in keys for n in range(0 if above is None else above + 1, begin))
    return Region(
        lines=tuple(lines[begin : end + 1]),
        number=begin + 1,
        above=None if above is None else keys[above],
        blanks=blanks,
        below=None if below is None else keys[below],
    )


def _place(region: Region, places: dict[Key, int], lines: Sequence[str], path: str) -> int:
    """The number of the line that a region goes in front of."""
    if region.above is None or region.above in places:
        start = 0 if region.above is None else places[region.above] + 1
        end = start
        while end < len(lines) and end - start < region.blanks and not lines[end].strip():
            end += 1
        return end
    if region.below in places:
        return places[region.below]
    what = f"a hand-edited region stands below {region.above[1]!r}, which is not rendered any more"
    raise _fault(path, region.number - 1, what, "a place below or above a line that is")


def _fault(path: str, number: int, found: str, expected: str) -> InputError:
    return InputError(Fault(Place(path, number + 1), found, expected))
