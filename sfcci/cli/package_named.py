"""Components named on a command line: what others have begun to describe is no obstacle, and is told."""

import click

from sfcci.cli import completion, console


def tell_unfinished(names: tuple[str, ...] = ()) -> None:
    """Say on standard error which descriptions are left out, not filled in, and what in them; `names`: those that are not left out."""
    from sfcci.package.catalogue import CATALOGUE, unfinished

    for one in unfinished(console.settings().project / CATALOGUE):
        if one.name not in names:
            click.secho(f"warning: {one}", fg="yellow", err=True)


def _told(
    ctx: click.Context, _parameter: click.Parameter, value: str | tuple[str, ...]
) -> str | tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if names and not ctx.resilient_parsing:
        tell_unfinished(names)
    return value


COMPONENT = click.argument("component", shell_complete=completion.components, callback=_told)
COMPONENTS = click.argument(
    "components", metavar="[COMPONENT]...", nargs=-1, shell_complete=completion.components, callback=_told
)
"""None means all; then a description that is not filled in is refused."""
