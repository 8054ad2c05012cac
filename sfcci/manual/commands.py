"""Pages of the reference about commands: one for each group of a program."""

from collections.abc import Iterator

from sfcci.manual.markdown import block, code, prose, table
from sfcci.manual.tree import Command, Word


def page(group: Command) -> str:
    """Give the page of a group and all that is below it."""
    return "\n".join(_page(group)) + "\n"


def _page(group: Command) -> Iterator[str]:
    yield f"# {code(group.name)}"
    yield ""
    yield from _body(group)
    for one in list(group.walk())[1:]:
        yield f"## {code(one.name)}"
        yield ""
        yield from _body(one)


def _body(command: Command) -> Iterator[str]:
    yield from block(f"{command.name} {command.usage}".strip())
    yield ""
    for paragraph in command.text:
        yield from block(paragraph) if paragraph.startswith("\n") else [prose(paragraph)]
        yield ""
    if command.commands:
        yield from table(("command", "what it does"), map(_row, command.commands))
        yield ""
    if command.options:
        yield from table(("option", "meaning"), ((option(one), prose(one.text)) for one in command.options))
        yield ""
    if command.examples:
        yield "Example:" if len(command.examples) == 1 else "Examples:"
        yield ""
        yield from block("\n".join(command.examples), "sh")
        yield ""


def _row(command: Command) -> tuple[str, str]:
    return f"[{code(command.path[-1])}](#{anchor(command)})", prose(command.line)


def anchor(command: Command) -> str:
    """Give the anchor of a command on its group's page."""
    return command.name.lower().replace(" ", "-")


def option(word: Word) -> str:
    """Give how an option is written."""
    value = f" {word.metavar}" if word.metavar else ""
    return ", ".join(code(name) for name in word.names[:-1]) + (
        (", " if word.names[:-1] else "") + code(word.names[-1] + value)
    )
