"""The overlay as the catalogue says it: ebuilds of all versions, Manifests, metadata, masks; hand-edited regions kept."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sfcci import document
from sfcci.errors import Fault, InputError, MissingTool, Place
from sfcci.package import dialect
from sfcci.package.component import Component
from sfcci.package.ebuild import base_files, overlay_files, package_folder
from sfcci.package.hand_edited import carried
from sfcci.package.index import Subject, file_digest, kept, other_versions
from sfcci.package.manifest import manifest_text, read_distfile
from sfcci.package.package_mask import PATH, Mask, mask_text, masks
from sfcci.package.recipe_tree import NO_RECIPES, RecipePart
from sfcci.settings import Settings

Say = Callable[[str], None]
EDITABLE = (".spec", ".ebuild", "package.mask")
"""How the names of files end that may have hand-edited regions."""


def overlay_tree(
    settings: Settings,
    catalogue: Iterable[Component],
    subjects: Iterable[Subject],
    say: Say = lambda _text: None,
    *,
    recipes: RecipePart = NO_RECIPES,
) -> dict[str, str]:
    """Give the overlay's own files and the part of each subject: path in the project → text.

    package.mask is that of the whole `catalogue` and of all `recipes`. Fetches sdists of other versions if need be.
    Raises InputError (also for a region that has lost its place), Unreachable.
    """
    texts = base_files() | recipes.texts
    for one in subjects:
        if one.component.gentoo.overlay:
            others = other_versions(one.component, settings.cache, say)
            texts |= overlay_files(one.component, one.metadata, one.sdist, others)
    texts[PATH] = mask_text([*recipes.masks, *(mask for one in catalogue for mask in _masks(one))])
    texts = with_hand_edits(settings.project, texts)
    return {path: text for path, text in texts.items() if text or path != PATH}


def manifest_tree(
    settings: Settings, components: Iterable[Component], distdir: Path | None = None
) -> dict[str, str]:
    """Give the Manifests of components over all their versions: path in the project → text. No network is used.

    Sdists are taken from `distdir` where they lie there, else from the cache.
    Raises InputError (a file that is not the pinned one), MissingTool (one that is nowhere).
    """
    texts = {}
    for component in components:
        versions = [component, *(component.at(v) for v in component.gentoo.versions if v.sha256)]
        released = [one for one in versions if one.source.sha256]
        if released and component.gentoo.overlay:
            files = [read_distfile(_distfile(settings, one, distdir), one.source.sdist) for one in released]
            texts[f"{package_folder(component)}/Manifest"] = manifest_text(files)
    return texts


def with_hand_edits(project: Path, texts: dict[str, str]) -> dict[str, str]:
    """Carry over the hand-edited regions of the project's own files. Raises InputError."""
    return {path: _carried(project / path, text, path) for path, text in texts.items()}


def _carried(there: Path, text: str, path: str) -> str:
    if not path.endswith(EDITABLE) or not there.exists():
        return text
    return carried(document.read_text(there), text, path)


def _distfile(settings: Settings, component: Component, distdir: Path | None) -> Path:
    source = component.source
    given = distdir / source.sdist if distdir else None
    if given and given.is_file():
        if (found := file_digest(given)) != source.sha256:
            raise InputError(
                Fault(Place(str(given)), f"has SHA-256 {found}", f"{source.sha256}, as {component.path} says")
            )
        return given
    if path := kept(settings.cache, source.sha256, source.sdist):
        return path
    where = f"neither in {distdir} nor in the cache" if distdir else "not in the cache"
    raise MissingTool(f"{source.sdist} is {where}", f"fetch it: sfcci package render {component.name}")


def _masks(component: Component) -> tuple[Mask, ...]:
    if not component.gentoo.overlay:
        return ()
    try:
        return masks(component)
    except dialect.Inexpressible as error:
        raise InputError(Fault(Place(component.path), str(error))) from None
