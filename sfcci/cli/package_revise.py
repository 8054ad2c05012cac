"""`sfcci package bump|live|mask|unmask|manifest`: descriptions changed, with the ebuilds and masks that follow."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENT, COMPONENTS

if TYPE_CHECKING:
    from sfcci.package.revise import Revision

DRY_RUN = click.option("--dry-run", is_flag=True, help="Tell what would change, write nothing.")


@click.command(
    epilog="Examples: sfcci package bump networking-sfc 23.0.1 | sfcci package bump networking-sfc 24.0.0.0rc1 --beside"
)
@COMPONENT
@click.argument("version", default="", metavar="[VERSION]")
@click.option("--keep", is_flag=True, help="Keep the old version's ebuild beside the new one.")
@click.option(
    "--beside", is_flag=True, help="Add the version to the overlay only; the component stays where it is."
)
@DRY_RUN
@console.as_json
def bump(component: str, version: str, keep: bool, beside: bool, dry_run: bool, json_output: bool) -> None:
    """Take COMPONENT to VERSION, by default the newest: description (comments kept), spec, ebuilds, Manifest.

    Prints how the requirements and the ebuild differ. Hand-edited regions go along. The old ebuild goes, unless it is kept.
    A pre-release is masked. A source that the description does not fit is refused, and nothing is written.
    """
    from sfcci.package import revise

    if keep and beside:
        raise click.UsageError("--beside leaves the component where it is: there is nothing to --keep")
    settings, say = console.settings(), console.progress()
    found = revise.prepared_bump(settings, component, version, _today(), say, keep=keep, beside=beside)
    changed = () if dry_run else revise.apply(settings, found)
    if json_output:
        console.print_json(_bump_json(component, found, changed, written=not dry_run))
        return
    click.echo(f"{component} {found.before.version} -> {found.version}" + (" (beside it)" if beside else ""))
    if not beside:
        click.echo(f"{found.after.source.sdist}  sha256 {found.after.source.sha256}")
    for change in found.requirements:
        click.echo(str(change))
    if not found.requirements:
        click.echo("the requirements are the same")
    if found.ebuild:
        click.echo("the ebuild:")
    for line in found.ebuild:
        click.echo(f"  {line}")
    _tell(found, changed, dry_run)


@click.command(
    epilog="Examples: sfcci package live networking-sfc | sfcci package live sample https://git.example.org/sample"
)
@COMPONENT
@click.argument("address", default="", metavar="[GIT-URL]")
@DRY_RUN
@console.as_json
def live(component: str, address: str, dry_run: bool, json_output: bool) -> None:
    """Give COMPONENT a live ebuild (9999, git-r3, no KEYWORDS) from GIT-URL, by default what its source names."""
    from sfcci.package import revise

    settings = console.settings()
    found = revise.prepared_live(settings, component, address, console.progress())
    _done(settings, found, dry_run, json_output)


@click.command(
    epilog='Example: sfcci package mask networking-sfc 23.0.0 --reason "loses its chains when an agent restarts"'
)
@COMPONENT
@click.argument("version", default="", metavar="[VERSION]")
@click.option(
    "--reason", required=True, metavar="TEXT", help="Why nobody shall get it unasked; users read it."
)
@DRY_RUN
@console.as_json
def mask(component: str, version: str, reason: str, dry_run: bool, json_output: bool) -> None:
    """Mask VERSION of COMPONENT in profiles/package.mask, by default all its versions."""
    from sfcci.package import revise

    if not (words := " ".join(reason.split())):
        raise click.UsageError("a mask needs a reason: what is wrong, and what to do instead")
    settings = console.settings()
    found = revise.prepared_mask(settings, component, version, words, _today(), console.progress())
    _done(settings, found, dry_run, json_output)


@click.command(epilog="Example: sfcci package unmask networking-sfc 23.0.0")
@COMPONENT
@click.argument("version", default="", metavar="[VERSION]")
@DRY_RUN
@console.as_json
def unmask(component: str, version: str, dry_run: bool, json_output: bool) -> None:
    """Lift the mask of VERSION of COMPONENT, by default the mask of all its versions. A pre-release stays masked."""
    from sfcci.package import revise

    settings = console.settings()
    found = revise.prepared_unmask(settings, component, version, console.progress())
    _done(settings, found, dry_run, json_output)


@click.command(
    epilog="Examples: sfcci package manifest | sfcci package manifest networking-sfc --distdir /var/cache/distfiles"
)
@COMPONENTS
@click.option(
    "--distdir",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where distfiles lie; nothing in it is changed. [default: the cache]",
)
@console.as_json
def manifest(components: tuple[str, ...], distdir: Path | None, json_output: bool) -> None:
    """Write the Manifest of each COMPONENT (by default of all) over all its versions. No network is used."""
    from sfcci.package import tree
    from sfcci.package.catalogue import CATALOGUE, load_catalogue
    from sfcci.package.overlay_render import manifest_tree
    from sfcci.package.recipe_tree import recipe_part

    settings = console.settings()
    catalogue = load_catalogue(settings.project / CATALOGUE, components)
    recipes = recipe_part(settings, components, distdir)
    texts = {path: text for path, text in recipes.texts.items() if path.endswith("/Manifest")}
    texts |= manifest_tree(settings, recipes.components(catalogue), distdir)
    written = tree.write_tree(settings.project, texts)
    if json_output:
        console.print_json({"files": sorted(texts), "written": written})
        return
    for path in written:
        click.echo(f"wrote {path}")
    distfiles = sum(len(text.splitlines()) for text in texts.values())
    click.echo(f"{len(texts)} Manifests with {distfiles} distfiles, {len(written)} changed")


def _done(settings: Any, found: "Revision", dry_run: bool, json_output: bool) -> None:
    from sfcci.package import revise

    changed = () if dry_run else revise.apply(settings, found)
    if json_output:
        console.print_json({"component": found.before.name, "written": not dry_run, "files": changed})
    else:
        _tell(found, changed, dry_run)


def _tell(found: "Revision", changed: tuple[str, ...], dry_run: bool) -> None:
    if dry_run:
        click.echo("nothing written")
        return
    for path in changed:
        click.echo(f"{'removed' if path in found.removed else 'wrote'} {path}")
    if not changed:
        click.echo("nothing to do")


def _bump_json(
    component: str, found: "Revision", changed: tuple[str, ...], *, written: bool
) -> dict[str, Any]:
    return {
        "component": component,
        "before": found.before.version,
        "after": found.version,
        "sdist": found.after.source.sdist,
        "sha256": found.after.source.sha256,
        "written": written,
        "requirements": [
            {"kind": c.kind, "where": c.where, "project": c.project, "before": c.before, "after": c.after}
            for c in found.requirements
        ],
        "ebuild": found.ebuild,
        "files": changed,
    }


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
