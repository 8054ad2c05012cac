"""Commands that documents speak of: each is there, and so is each of its options.

Looked at is what stands in fenced blocks and in code within a line, from the program's name to what a shell would take for
the command's end. Names of one's own (arguments, values) are not judged.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from markdown_it.token import Token

from sfcci.document import did_you_mean
from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.manual.links import parser
from sfcci.manual.tree import Command

END = re.compile(r"\s(?:[|;&>]|#)|[;&)`]|(?:^|\s)\|\s")
"""Where a command ends in a line of shell or of prose."""
WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
LONG = re.compile(r"--[a-z][a-z-]+")
"""An option that is written out."""
GENERATED = "docs/reference/"
"""Pages that are made from the commands themselves."""


def faults(documents: Mapping[str, str], programs: Iterable[Command]) -> Iterator[Finding]:
    """Say which commands of documents (path → text) are not there."""
    known = {one.path[0]: one for one in programs}
    for path, text in documents.items():
        if path.startswith(GENERATED):
            continue
        for line, said in spoken(parser().parse(text), known):
            for why in _faults(said, known[said[0]]):
                yield Finding("commands", Severity.ERROR, Place(path, line), f"{' '.join(said)}: {why}")


def spoken(tokens: Iterable[Token], names: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Give (line, words) of each command of these programs that a document's code has."""
    begin = re.compile(rf"(?:^\s*|[;&|(`$]\s*)(?P<name>{'|'.join(map(re.escape, names))})(?=\s)")
    for token in tokens:
        first = token.map[0] + 1 if token.map else 0
        texts = [(first + 1 + n, line) for n, line in enumerate(token.content.splitlines())]
        if token.type != "fence":
            texts = [(first, one.content) for one in token.children or () if one.type == "code_inline"]
        for line, text in texts:
            for found in begin.finditer(text):
                rest = text[found.start("name") :]
                end = END.search(rest)
                yield line, WORD.findall(rest[: end.start()] if end else rest)


def _faults(words: Sequence[str], program: Command) -> Iterator[str]:
    """Say what of a command is not there. Alternatives (a|b) are each looked for; the first of them goes on.

    A command that is more than named, and whole on its line, has the options that cannot be left out.
    """
    command, options = program, _options(program)
    at = 0
    rest = iter(words[1:])
    for word in rest:
        below = {one.path[-1]: one for one in command.commands}
        if command.meant and word.split("|")[0] not in below:
            command, below = below[command.meant], {}
            options |= _options(command)
        if word.startswith("-"):
            name, _, given = word.partition("=")
            if LONG.fullmatch(name) and name not in options:
                yield f"no option {name}; {did_you_mean(name, list(options))}".rstrip("; ")
            elif options.get(name) and not given:
                next(rest, "")
        elif below and word[0].isalpha() and word[0].islower():
            if wrong := [one for one in word.split("|") if one not in below]:
                yield f"no command {wrong[0]!r}; {did_you_mean(wrong[0], list(below))}".rstrip("; ")
                return
            command = below[word.split("|")[0]]
            options |= _options(command)
            at = words.index(word, at + 1)
        elif not below and command.passes:
            return
    typed = words[at + 1 :]
    if typed and typed[-1] != "\\" and "--help" not in typed:
        yield from (
            f"lacks {name}"
            for name in _required(command)
            if not any(one.partition("=")[0] == name for one in typed)
        )


def _required(command: Command) -> list[str]:
    return [one.names[-1] for one in command.options if one.required]


def _options(command: Command) -> dict[str, bool]:
    """Give each option's names, and whether a value stands behind it."""
    names = {
        name: bool(one.metavar)
        for one in command.options
        for written in one.names
        for name in written.split(" / ")
    }
    return {"--help": False, **names}
