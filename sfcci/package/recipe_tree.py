"""The recipes' part of the overlay: ebuilds, metadata, Manifests over their distfiles, patches, masks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfcci import document
from sfcci.errors import Fault, InputError, Place
from sfcci.package.catalogue import CATALOGUE, chosen
from sfcci.package.component import Component
from sfcci.package.ebuild import OVERLAY
from sfcci.package.package_mask import Mask
from sfcci.package.recipe import Recipe
from sfcci.package.recipe_ebuild import recipe_masks, recipe_patches, recipe_texts
from sfcci.package.recipe_read import load_recipes
from sfcci.package.recipe_sources import recipe_manifest
from sfcci.settings import Settings

DISTFILES = "distfiles"
"""The folder of the cache with what recipes fetch."""
SYSTEM_DISTFILES = Path("/var/cache/distfiles")
"""Where portage keeps what ebuilds fetch."""


@dataclass(frozen=True)
class RecipePart:
    """What recipes give an overlay."""

    texts: dict[str, str] = field(default_factory=dict)
    """Path in the project → text, of the recipes that were asked for."""
    masks: tuple[Mask, ...] = ()
    """Of all recipes: package.mask is one file."""
    others: tuple[str, ...] | None = None
    """The names that were asked for and are no recipe's; None: everything is asked for."""

    def components(self, catalogue: Iterable[Component]) -> tuple[Component, ...]:
        """Give the components that were asked for besides. Raises UsageError for a name that nothing has."""
        return () if self.others == () else chosen(catalogue, self.others or ())


NO_RECIPES = RecipePart()


def recipe_part(settings: Settings, only: Sequence[str] = (), distdir: Path | None = None) -> RecipePart:
    """Give the part of the recipes that are named (all when nothing is). Raises InputError.

    Distfiles are looked for in `distdir` before the cache and the system's own folder.
    """
    recipes = load_recipes(settings.project / CATALOGUE)
    picked = [one for one in recipes if not only or one.name in only]
    masks = tuple(Mask(atom, why) for recipe in recipes for atom, why in recipe_masks(recipe))
    known = {recipe.name for recipe in recipes}
    others = tuple(name for name in only if name not in known) if only else None
    folders = (*([distdir] if distdir else []), *distfile_folders(settings))
    return RecipePart(recipe_tree(settings.project, picked, folders), masks, others)


def recipe_tree(project: Path, recipes: Iterable[Recipe], folders: Sequence[Path]) -> dict[str, str]:
    """Give what recipes render: path in the project → text; `folders` are looked through for distfiles.

    A Manifest of the project speaks for the distfiles that are not there. Raises InputError: a distfile that neither is
    there nor in the Manifest, other bytes than the description says, a patch that is not there.
    """
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    for recipe in recipes:
        there = project / OVERLAY / recipe.package / "Manifest"
        try:
            kept = document.read_text(there) if there.exists() else ""
            texts |= recipe_texts(recipe, recipe_manifest(recipe, folders, kept)) | _patches(recipe)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return texts


def distfile_folders(settings: Settings) -> tuple[Path, ...]:
    """Give the folders in which distfiles are looked for, the first goes first."""
    return settings.cache.absolute() / DISTFILES, SYSTEM_DISTFILES


def _patches(recipe: Recipe) -> dict[str, str]:
    folder = Path(recipe.path).parent
    lost = [name for name in recipe.patches if not (folder / name).is_file()]
    if lost:
        raise InputError(
            *(Fault(Place(recipe.path), f"patches: {folder / name} is not there", "a file") for name in lost)
        )
    return {path: document.read_text(folder / name) for path, name in recipe_patches(recipe).items()}
