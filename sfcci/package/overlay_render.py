"""The overlay as the catalogue says it: ebuilds of all versions, Manifests, metadata, masks; hand-edited regions kept."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sfcci import document
from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.component import Component
from sfcci.package.ebuild import base_files, overlay_files
from sfcci.package.hand_edited import carried
from sfcci.package.index import Subject, other_versions
from sfcci.package.package_mask import PATH, Mask, mask_text, masks
from sfcci.settings import Settings

Say = Callable[[str], None]
EDITABLE = (".ebuild", "package.mask")
"""How the names of files end that may have hand-edited regions."""


def overlay_tree(
    settings: Settings,
    catalogue: Iterable[Component],
    subjects: Iterable[Subject],
    say: Say = lambda _text: None,
    *,
    masked: Sequence[Mask] = (),
) -> dict[str, str]:
    """Give the overlay's own files and the part of each subject: path in the project → text.

    package.mask is that of the whole `catalogue`, with what else is `masked`. Fetches sdists of other versions if need be.
    Raises InputError (also for a region that has lost its place), Unreachable.
    """
    texts = base_files()
    for one in subjects:
        if one.component.gentoo.overlay:
            others = other_versions(one.component, settings.cache, say)
            texts |= overlay_files(one.component, one.metadata, one.sdist, others)
    if text := mask_text([*masked, *(mask for one in catalogue for mask in _masks(one))]):
        texts[PATH] = text
    return with_hand_edits(settings.project, texts)


def with_hand_edits(project: Path, texts: dict[str, str]) -> dict[str, str]:
    """Carry over the hand-edited regions of the project's own files. Raises InputError."""
    return {path: _carried(project / path, text, path) for path, text in texts.items()}


def _carried(there: Path, text: str, path: str) -> str:
    if not path.endswith(EDITABLE) or not there.exists():
        return text
    return carried(document.read_text(there), text, path)


def _masks(component: Component) -> tuple[Mask, ...]:
    if not component.gentoo.overlay:
        return ()
    try:
        return masks(component)
    except dialect.Inexpressible as error:
        raise InputError(Fault(Place(component.path), str(error))) from None
