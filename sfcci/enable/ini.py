"""A configuration file as oslo.config reads it, kept line by line: what is not changed stays as it was written.

oslo.config's own rules (oslo_config.iniparser): a line that begins with white space goes on with the value before it, until a blank line
or a comment; `=` or `:`, whichever comes first; an option that is repeated has its last value; names of sections, but DEFAULT, have no case.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from sfcci.errors import Fault, InputError, Place

QUOTES = ('"', "'")


@dataclass(frozen=True)
class Assignment:
    """An option with its value: lines `begin` to `end` (from 0, the end not included)."""

    section: str
    key: str
    value: str
    """As oslo.config has it: continuation lines joined by newlines, quotes of a one-line value gone."""
    begin: int
    end: int


@dataclass(frozen=True)
class Ini:
    """A file: its lines with their ends, its assignments in order, and where each section begins (name, line from 0)."""

    path: str
    lines: tuple[str, ...]
    assignments: tuple[Assignment, ...]
    sections: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return "".join(self.lines)

    def last(self, section: str, key: str) -> Assignment | None:
        """Give the assignment that counts; None where there is none."""
        meant = normal(section)
        found = (one for one in reversed(self.assignments) if one.key == key and normal(one.section) == meant)
        return next(found, None)

    def words(self, section: str, key: str) -> tuple[str, ...] | None:
        """Give the value as oslo.config's ListOpt reads it; None where the option is not set."""
        found = self.last(section, key)
        return None if found is None else as_list(found.value)


def normal(section: str) -> str:
    """Give the name under which oslo.config finds a section."""
    return section if section == "DEFAULT" else section.lower()


def as_list(value: str) -> tuple[str, ...]:
    """Give the words of a list (oslo_config.types.List): between commas, without white space around them."""
    bare = value.strip().rstrip(",")
    return tuple(word.strip() for word in bare.split(",")) if bare else ()


def parse(text: str, path: str) -> Ini:
    """Parse a file as oslo.config does. Raises InputError: what stops oslo.config, too."""
    lines = tuple(io.StringIO(text, newline=""))
    sections: list[tuple[str, int]] = []
    return Ini(path, lines, tuple(_assignments(lines, path, sections)), tuple(sections))


def _assignments(lines: Sequence[str], path: str, sections: list[tuple[str, int]]) -> Iterator[Assignment]:
    section, key, value, begin = "", "", [""], 0
    for number, raw in enumerate((*lines, "")):
        line = raw.rstrip()
        if line.startswith((" ", "\t")):
            if not key:
                _refuse(path, number, "a continuation of no value", "an option, a section or a comment")
            value.append(line.lstrip())
            continue
        if key:
            yield Assignment(section, key, "\n".join(value), begin, number)
            key = ""
        if line.startswith("["):
            section = _section(line, path, number)
            sections.append((section, number))
        elif line and not line.startswith(("#", ";")):
            key, value, begin = *_option(line, path, number), number
            if not section:
                _refuse(path, number, f"the option {key} stands before any section", "[DEFAULT] above it")


def _section(line: str, path: str, number: int) -> str:
    if not line.endswith("]") or len(line) == len("[]"):
        _refuse(path, number, f"found {line!r}", "a section as in [agent]")
    return line[1:-1]


def _option(line: str, path: str, number: int) -> tuple[str, list[str]]:
    found = re.search("[=:]", line)
    if found is None:  # the line itself is not told: it may be part of a secret
        _refuse(path, number, "a line with neither = nor :", "an option with = or :")
    key, value = line[: found.start()].strip(), line[found.end() :].strip()
    if not key:
        _refuse(path, number, "an option without a name", "NAME = VALUE")
    quoted = value.startswith(QUOTES) and value[0] == value[-1]
    return key, [value[1:-1] if quoted else value]


def _refuse(path: str, number: int, found: str, expected: str) -> NoReturn:
    hint = "oslo.config would not read it either"
    raise InputError(Fault(Place(path, number + 1), found, expected, hint))
