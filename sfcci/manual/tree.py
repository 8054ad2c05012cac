"""The commands of a program as values, read from click; nothing here says how they look on a page."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True)
class Word:
    """An option or argument: how it is written, what it means."""

    names: tuple[str, ...]
    """("-h", "--help"), or the argument's one name."""
    metavar: str = ""
    """The value behind an option; "" for a flag."""
    text: str = ""
    required: bool = False
    """An option that cannot be left out."""


@dataclass(frozen=True)
class Command:
    """A command or a group of them. A paragraph of `text` that begins with a line feed keeps its lines."""

    path: tuple[str, ...]
    """The words that call it, the program first."""
    usage: str
    """What stands behind them: "[OPTIONS] HOST"."""
    line: str
    """One sentence: what it is for."""
    text: tuple[str, ...]
    """Paragraphs."""
    options: tuple[Word, ...] = ()
    examples: tuple[str, ...] = ()
    commands: tuple["Command", ...] = ()
    passes: bool = False
    """Options behind its first argument are another program's."""
    meant: str = ""
    """Of its commands the one that is meant where none is named."""

    @property
    def name(self) -> str:
        """The words that call it, as they are typed."""
        return " ".join(self.path)

    def walk(self) -> Iterator["Command"]:
        """Give the command and all below it, in the help's order."""
        yield self
        for one in self.commands:
            yield from one.walk()


def tree(command: click.Command, *path: str) -> Command:
    """Give a program (or a part of one) as values; `path`: the words that call it."""
    ctx = click.Context(command, info_name=path[-1])
    paragraphs = _paragraphs(command.help or "")
    below: tuple[Command, ...] = ()
    if isinstance(command, click.Group):
        named = [(name, command.get_command(ctx, name)) for name in command.list_commands(ctx)]
        below = tuple(tree(one, *path, name) for name, one in named if one and not one.hidden)
    return Command(
        path,
        " ".join(_usage(command)),
        _sentence(paragraphs[0]) if paragraphs else "",
        paragraphs,
        tuple(_option(one) for one in command.params if isinstance(one, click.Option) and not one.hidden),
        _examples(command.epilog or ""),
        below,
        _passes(command),
        getattr(command, "meant", ""),
    )


def _passes(command: click.Command) -> bool:
    """Whether words behind the first argument are another program's: then options stop there."""
    told = command.context_settings
    return not told.get("allow_interspersed_args", command.allow_interspersed_args) or bool(
        told.get("ignore_unknown_options", command.ignore_unknown_options)
    )


def _usage(command: click.Command) -> Iterator[str]:
    if any(isinstance(one, click.Option) for one in command.params):
        yield "[OPTIONS]"
    yield from (_argument(one) for one in command.params if isinstance(one, click.Argument))
    if isinstance(command, click.Group):
        yield "COMMAND [ARGS]..." if not command.invoke_without_command else "[COMMAND [ARGS]...]"


def _argument(argument: click.Argument) -> str:
    """Give an argument as usage lines have it: [PATH]... may be left out or repeated."""
    if argument.metavar:
        name, dots = argument.metavar.removesuffix("..."), argument.metavar.endswith("...")
    else:
        name, dots = (argument.name or "").upper().strip("_"), False
    shown = name if argument.required or name.startswith("[") else f"[{name}]"
    return shown + ("..." if dots or argument.nargs != 1 else "")


def _option(option: click.Option) -> Word:
    on, off = sorted(option.opts, key=len), sorted(option.secondary_opts, key=len)
    names = (*on[:-1], " / ".join((on[-1], *off)))
    text = " ".join((option.help or "").split()) + _extra(option)
    return Word(names, _metavar(option), text, option.required)


def _metavar(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return f"[{'|'.join(map(str, option.type.choices))}]"
    names = {"filename": "FILE", "integer range": "INTEGER", "float range": "FLOAT"}
    return names.get(option.type.name, option.type.name.upper())


def _extra(option: click.Option) -> str:
    """What click's help adds in brackets."""
    default: Any = option.default
    said = [f"default: {default}"] if option.show_default and default is not None else []
    if isinstance(option.show_default, str):
        said = [f"default: ({option.show_default})"]
    said += ["required"] if option.required else []
    return f" [{'; '.join(said)}]" if said else ""


def _paragraphs(text: str) -> tuple[str, ...]:
    """Give a help's paragraphs; click's mark for one that keeps its lines becomes a line feed before it."""
    blocks = re.split(r"\n[ \t]*\n", inspect.cleandoc(text.partition("\f")[0]).strip())
    return tuple(
        "\n" + block.removeprefix("\b\n") if block.startswith("\b") else " ".join(block.split())
        for block in blocks
        if block.strip()
    )


def _sentence(paragraph: str) -> str:
    """Give a paragraph's first sentence: a point, or a semicolon's end, and a capital behind it."""
    found = re.match(r"(.+?[.!?])(?=\s+[A-Z`\"'(\[-]|$)", paragraph.strip())
    return found.group(1) if found else paragraph.strip()


def _examples(epilog: str) -> tuple[str, ...]:
    """Give the commands of "Example: ..." or "Examples: ... | ..."."""
    text = " ".join(epilog.split())
    if text.startswith("Examples:"):
        return tuple(one.strip() for one in text.removeprefix("Examples:").split(" | "))
    return (text.removeprefix("Example:").strip(),) if text else ()
