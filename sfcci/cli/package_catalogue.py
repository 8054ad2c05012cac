"""`sfcci package list|show|render`: the catalogue as it is, and what it renders."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENT, COMPONENTS, tell_unfinished
from sfcci.errors import EXIT_OK, EXIT_TOOL

if TYPE_CHECKING:
    from sfcci.package.catalogue_run import Available
    from sfcci.package.recipe import Recipe


@click.command("list", epilog="Example: sfcci package list --outdated")
@click.option("--outdated", is_flag=True, help="Ask the package index for newer releases.")
@console.as_json
@click.pass_context
def list(ctx: click.Context, outdated: bool, json_output: bool) -> None:  # noqa: A001 - the command's name
    """List the components of packaging/ with their versions, and the recipes (ebuild) with their newest.

    With --outdated, exit status 3 when the index could not be asked for one of them. Recipes are on no index.
    """
    from sfcci.package import catalogue_run
    from sfcci.package.catalogue import CATALOGUE
    from sfcci.package.recipe_read import load_recipes

    settings = console.settings()
    recipes = load_recipes(settings.project / CATALOGUE)
    found = (
        catalogue_run.available(settings, console.progress()) if outdated else catalogue_run.listed(settings)
    )
    if json_output:
        known = [_available_json(one, outdated) for one in found]
        known += [_recipe_json(one, outdated) for one in recipes]
        console.print_json(sorted(known, key=itemgetter("name")))
    else:
        columns = (
            "component",
            "version",
            "kind",
            "from",
            "in the pipeline",
            *(("newest",) if outdated else ()),
        )
        rows = [_available_row(one, outdated) for one in found] + [
            _recipe_row(one, outdated) for one in recipes
        ]
        console.table("", columns, sorted(rows))
        for reason in dict.fromkeys(one.reason for one in found if one.reason):
            click.echo(reason, err=True)
    tell_unfinished()
    ctx.exit(EXIT_TOOL if any(one.reason for one in found) else EXIT_OK)


@click.command(epilog="Example: sfcci package show networking-sfc --json")
@COMPONENT
@console.as_json
def show(component: str, json_output: bool) -> None:
    """Show what is told of COMPONENT, what its source says, and the distributions' names for it and what it requires.

    Of a recipe, show its ebuilds: versions, masks, flags, dependencies.
    """
    from sfcci.package import catalogue_run
    from sfcci.package.catalogue import CATALOGUE
    from sfcci.package.portrait import portrait, translations
    from sfcci.package.recipe_read import load_recipes

    settings = console.settings()
    recipes = {one.name: one for one in load_recipes(settings.project / CATALOGUE)}
    if component in recipes:
        _show_recipe(recipes[component], json_output)
        return
    (found,) = catalogue_run.subjects(settings, [component], console.progress())
    known = portrait(found.component, found.metadata)
    if json_output:
        console.print_json(known)
        return
    click.echo(f"{known['name']} {known['version']}: {known['read']['summary']}")
    _sections(known, ("told", "read", "rpm", "gentoo"))
    rows = [
        (one.requirement, one.rpm, one.rpm_package, " ".join(one.gentoo) or one.why)
        for one in translations(found.component, found.metadata)
    ]
    click.echo()
    console.table("Requirements", ("the source", "RPM's dependency", "RPM package", "Gentoo"), rows)


@click.command(epilog="Example: sfcci package render networking-sfc")
@COMPONENTS
@console.as_json
def render(components: tuple[str, ...], json_output: bool) -> None:
    """Write what the descriptions say: specs into rpm/, ebuilds into gentoo/. Hand-edited regions of specs stay.

    Each COMPONENT is a description in packaging/; without one, all are rendered.
    """
    from sfcci.package import catalogue_run, tree

    settings = console.settings()
    texts = catalogue_run.rendered(settings, components, console.progress())
    written = tree.write_tree(settings.project, texts)
    if json_output:
        console.print_json({"files": sorted(texts), "written": written})
        return
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"{len(texts)} files rendered, {len(written)} changed")


def _show_recipe(recipe: "Recipe", json_output: bool) -> None:
    from sfcci.package.recipe_portrait import recipe_portrait

    known = recipe_portrait(recipe)
    if json_output:
        console.print_json(known)
        return
    click.echo(f"{known['name']} {known['version']}: {known['told'].pop('summary')}")
    depends = known["gentoo"].pop("depends")
    _sections(known, ("told", "gentoo"))
    for name, lines in depends.items():
        click.secho(f"\n{name}", bold=True)
        for line in lines:
            click.echo(f"  {line}")


def _sections(known: Mapping[str, Any], titles: Iterable[str]) -> None:
    for title in titles:
        click.secho(f"\n{title}", bold=True)
        for line in _lines(known[title]):
            click.echo(f"  {line}")


def _recipe_json(recipe: "Recipe", outdated: bool) -> dict[str, Any]:
    from sfcci.package.recipe_portrait import newest, recipe_source

    known = {
        "name": recipe.name,
        "version": newest(recipe).full,
        "kind": "ebuild",
        "source": recipe_source(recipe),
        "pipeline": False,
    }
    return {**known, "newest": None, "outdated": False, "reason": ""} if outdated else known


def _recipe_row(recipe: "Recipe", outdated: bool) -> tuple[str, ...]:
    from sfcci.package.recipe_portrait import newest, recipe_source

    row = (recipe.name, newest(recipe).full, "ebuild", recipe_source(recipe), "no")
    return (*row, "not on the index") if outdated else row


def _available_json(one: "Available", outdated: bool) -> dict[str, Any]:
    source = one.component.source
    known = {
        "name": one.component.name,
        "version": one.version,
        "kind": one.component.kind,
        "source": source.path or source.sdist,
        "pipeline": one.component.pipeline,
    }
    if not outdated:
        return known
    newest = one.newest.version if one.newest else None
    return {**known, "newest": newest, "outdated": one.outdated, "reason": one.reason}


def _available_row(one: "Available", outdated: bool) -> tuple[str, ...]:
    component = one.component
    source = f"this project ({component.source.path})" if component.source.path else component.source.sdist
    row = (component.name, one.version, component.kind, source, "yes" if component.pipeline else "no")
    return (*row, _newest(one)) if outdated else row


def _newest(one: "Available") -> str:
    if one.component.source.path:
        return ""
    if one.newest is None:
        return "not known"
    return one.newest.version if one.outdated else "the same"


def _lines(values: Mapping[str, Any]) -> Iterable[str]:
    """Lines "key: value" of what is not empty."""
    for key, value in values.items():
        if text := _text(value):
            yield f"{key.replace('_', ' ')}: {text}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(inner)}".rstrip() for key, inner in value.items())
    return value if isinstance(value, str) else ", ".join(map(str, value))
