"""All that is known of a recipe, for `sfcci package show`: as its description tells it, with what follows from that."""

from typing import Any

from sfcci.package import dialect
from sfcci.package.recipe import KIND, Recipe, RecipeVersion
from sfcci.package.recipe_ebuild import inherited


def recipe_portrait(recipe: Recipe) -> dict[str, Any]:
    """Give what is known as JSON-ready values."""
    return {
        "name": recipe.name,
        "version": newest(recipe).full,
        "description": recipe.path,
        "told": {
            "summary": recipe.summary,
            "license": recipe.license,
            "kind": KIND,
            "homepages": recipe.homepages,
            "git": recipe.git,
            "distfiles": sorted(recipe.distfiles),
            "patches": recipe.patches,
            "required_use": recipe.required_use,
            "messages": recipe.messages,
        },
        "gentoo": {
            "package": recipe.package,
            "license": dialect.gentoo_license(recipe.license),
            "versions": [one.full for one in recipe.versions],
            "keywords": {one.full: recipe.keywords_of(one) for one in recipe.versions},
            "masked": {one.full: one.mask for one in recipe.versions if one.mask},
            "slot": recipe.slot,
            "flags": sorted(recipe.flag_names),
            "eclasses": inherited(recipe, newest(recipe)),
            "depends": recipe.depends,
        },
    }


def newest(recipe: Recipe) -> RecipeVersion:
    """Give the version that stands for a recipe: the last that is told and follows no repository, else the live one."""
    return next((one for one in reversed(recipe.versions) if not one.live), recipe.versions[-1])


def recipe_source(recipe: Recipe) -> str:
    """Give the first file that is fetched, else the repository."""
    return next(iter(recipe.distfiles), "") or recipe.git
