r"""Manual pages for man(1): roff with the macros of man(7), one page for each group of commands.

Source: groff_man(7), mandoc_char(7): \- is the hyphen-minus that can be typed, \(aq the apostrophe, \[uXXXX] any character.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence

from sfcci.manual.tree import Command, Word

SECTION = "1"
WIDTH = 80
"""Octets of a line of text: as mandoc wants them."""
ESCAPES = {
    "\\": r"\(rs",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    '"': r"\(dq",
}
STATUS = (
    ("0", "well"),
    ("1", "a finding, a failed job, something refused"),
    ("2", "bad input"),
    ("3", "a step could not run, or what was to be asked cannot be reached"),
)


def pages(program: Command, date: str, version: str) -> dict[str, str]:
    """Give file name → text of a program's pages: its own, and one for each group right below it."""
    groups = [one for one in program.commands if one.commands]
    names = [file_name(one) for one in groups]
    own = _page(program, _body(program, [one for one in program.commands if not one.commands]), date, version)
    all_of_it = {file_name(program): own}
    for group in groups:
        below = [one for one in list(group.walk())[1:] if not one.commands]
        all_of_it[file_name(group)] = _page(group, _body(group, below), date, version)
    return {
        name: "\n".join((*lines, *_see_also(sorted({file_name(program), *names} - {name})))) + "\n"
        for name, lines in all_of_it.items()
    }


def file_name(command: Command) -> str:
    """Give the name of a command's page: sfcci-lab.1."""
    return f"{'-'.join(command.path)}.{SECTION}"


def _page(command: Command, body: Iterator[str], date: str, version: str) -> list[str]:
    title = "-".join(command.path)
    return [
        f'.TH "{escaped(title.upper())}" "{SECTION}" "{date}" "sfcci {version}" "sfcci"',
        ".SH NAME",
        f"{escaped(title)} \\-",
        _text_line(command.line.rstrip(".")),
        ".SH SYNOPSIS",
        f".B {escaped(command.name)}",
        *([escaped(command.usage)] if command.usage else []),
        *body,
    ]


def _body(command: Command, below: Sequence[Command]) -> Iterator[str]:
    yield ".SH DESCRIPTION"
    yield from _paragraphs(command.text)
    if command.options:
        yield ".SH OPTIONS"
        yield from _options(command.options)
    groups = [one for one in command.commands if one.commands and len(command.path) == 1]
    if groups or below:
        yield ".SH COMMANDS"
    for one in groups:
        yield from (".TP", f".B {escaped(one.name)}", _text_line(one.line))
        yield f"See \\fB{escaped('-'.join(one.path))}\\fR({SECTION})."
    for one in below:
        yield f'.SS "{escaped(f"{one.name} {one.usage}".strip())}"'
        yield from _paragraphs(one.text)
        yield from _options(one.options)
        yield from _examples(one.examples)
    yield ".SH EXIT STATUS"
    for number, meaning in STATUS:
        yield from (".TP", f".B {number}", escaped(meaning))
    if command.examples:
        yield ".SH EXAMPLES"
        yield from _code("\n".join(command.examples))


def _paragraphs(text: Sequence[str]) -> Iterator[str]:
    for number, paragraph in enumerate(text):
        if number:
            yield ".PP"
        yield from _code(paragraph.strip("\n")) if paragraph.startswith("\n") else [_text_line(paragraph)]


def _options(options: Sequence[Word]) -> Iterator[str]:
    for one in options:
        yield ".TP"
        names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in one.names)
        yield names + (f" \\fI{escaped(one.metavar)}\\fR" if one.metavar else "")
        yield _text_line(one.text)


def _examples(examples: Sequence[str]) -> Iterator[str]:
    if examples:
        yield ".PP"
        yield "Example:" if len(examples) == 1 else "Examples:"
        yield from _code("\n".join(examples))


def _code(text: str) -> Iterator[str]:
    yield from (".RS 4", ".nf")
    yield from (_safe(escaped(line)) for line in text.splitlines())
    yield from (".fi", ".RE")


def _see_also(names: Sequence[str]) -> list[str]:
    told = [f"\\fB{escaped(name.removesuffix(f'.{SECTION}'))}\\fR({SECTION})" for name in names]
    return [".SH SEE ALSO", ",\n".join(told)] if told else []


def _text_line(text: str) -> str:
    """Give a paragraph of text; what stands in backticks is set in bold."""
    parts = re.split(r"`([^`]+)`", text)
    shown = (f"\\fB{escaped(part)}\\fR" if number % 2 else escaped(part) for number, part in enumerate(parts))
    lines = textwrap.wrap("".join(shown), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(map(_safe, lines)) or "\\&"


def _safe(line: str) -> str:
    """Guard a line that would be a request: one that begins with a point."""
    return f"\\&{line}" if line.startswith(".") else line


def escaped(text: str) -> str:
    """Give text as roff reads it: characters with a meaning there, and those beyond ASCII, by their names."""
    return "".join(ESCAPES.get(sign, sign if sign.isascii() else f"\\[u{ord(sign):04X}]") for sign in text)
