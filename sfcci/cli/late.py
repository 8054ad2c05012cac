"""Groups whose commands are imported when they are called, so that help and completion stay fast."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

Table = Mapping[str, tuple[str, str]]
"""Name of a command → (its module below `sfcci.cli`, its line in the help), in the order of the help."""


class ReaderGone(Exception):  # noqa: N818 - not an error: who read the output has what was wanted
    """Standard output, a pipe, was closed by its reader. click would end the program with status 1."""


class LateGroup(click.Group):
    """A group made from a table; the command NAME of module M is the object `sfcci.cli.M.NAME`.

    "-" is written "_"; a name that Python has taken (`import`, `list`) ends with one, as in PEP 8.
    """

    meant = ""
    """The command that is meant where none is named; "" where one has to be."""

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that has gone is told apart from other errors."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the table's order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and give the command."""
        if cmd_name not in self.table:
            return None
        module = importlib.import_module(f"sfcci.cli.{self.table[cmd_name][0]}")
        word = cmd_name.replace("-", "_")
        command: click.Command = getattr(module, f"{word}_" if hasattr(module, f"{word}_") else word)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Resolve as click does, with the nearest name in the error."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from sfcci.document import did_you_mean

            hint = did_you_mean(args[0], list(self.table))
            raise click.UsageError(f"no such command {args[0]!r}" + (f"; {hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)
