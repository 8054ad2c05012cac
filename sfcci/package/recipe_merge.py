"""The merge test of recipes: an ebuild built by portage, merged, and taken away again. No module of it is loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sfcci.errors import UsageError
from sfcci.package.ebuild import OVERLAY
from sfcci.package.ebuild_build import build_ebuild
from sfcci.package.ebuild_phases import PHASES, Around, EbuildBuild
from sfcci.package.recipe import Recipe, RecipeVersion
from sfcci.package.recipe_portrait import newest
from sfcci.package.recipe_sources import distfile_names
from sfcci.package.recipe_tree import distfile_folders
from sfcci.settings import Settings

if TYPE_CHECKING:
    from sfcci.package.merge import Asked


def merge_recipe(
    settings: Settings, say: Callable[[str], None], recipe: Recipe, asked: "Asked"
) -> EbuildBuild:
    """Build and merge one of a recipe's ebuilds. Raises UsageError (no such version), and what `build_ebuild` does."""
    version = _version(recipe, asked.version)
    folder = settings.project / OVERLAY / recipe.package
    return build_ebuild(
        settings,
        say,
        folder / f"{recipe.name}-{version.full}.ebuild",
        phases=PHASES,
        use=asked.use,
        distfiles=_distfiles(settings, recipe, version),
        around=Around(repositories=_repositories(recipe, version, asked.git), timeout_s=asked.timeout_s),
    )


def _version(recipe: Recipe, asked: str) -> RecipeVersion:
    there = {one.full: one for one in recipe.versions}
    if asked and asked not in there:
        raise UsageError(f"{recipe.package} has no ebuild of {asked}; there are: {', '.join(there)}")
    return there[asked] if asked else newest(recipe)


def _distfiles(settings: Settings, recipe: Recipe, version: RecipeVersion) -> Path:
    """Give the folder that has all of it, else the cache's: what is not there, portage names."""
    names, folders = distfile_names(recipe, version), distfile_folders(settings)
    complete = (folder for folder in folders if all((folder / name).is_file() for name in names))
    return next(complete, folders[0])


def _repositories(recipe: Recipe, version: RecipeVersion, clone: Path | None) -> dict[str, Path]:
    if not version.live:
        return {}
    if clone is None:
        raise UsageError(
            f"the live ebuild of {recipe.name} takes its source from {recipe.git}, and phases have no network; clone it "
            "and name the clone with --git"
        )
    return {recipe.git: clone.resolve()}
