"""The overlay read for our own lints: ebuilds, Manifests, metadata, masks, and what the repositories around them say.

Nothing is sourced or written: neither bash nor pkgcheck nor a network is needed.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.package.atom import file_version
from sfcci.package.ebuild_lint import (
    PYTHON_ECLASSES,
    Source,
    Surroundings,
    dependencies,
    ebuild_findings,
    inherited,
    maintainer_there,
    masks_used,
)
from sfcci.package.shell import Script, parsed

HASHES = {
    "BLAKE2B": "blake2b",
    "BLAKE2S": "blake2s",
    "SHA256": "sha256",
    "SHA512": "sha512",
    "SHA3_512": "sha3_512",
}
"""Hashes of GLEP 74 that are checked → hashlib's names."""
UNPROVEN = "ManifestUnproven"
DEFAULT_HASHES = ("BLAKE2B", "SHA512")
"""What ::gentoo has."""
DIST = re.compile(r"DIST (?P<name>[^\s/]+) (?P<size>\d+)(?P<hashes>( [A-Z0-9_]+ [0-9a-f]+)+)")


class Repositories:
    """An overlay and its master as folders, the overlay first; each file is read once."""

    def __init__(self, overlay: Path, master: Path) -> None:
        self.overlay, self.master = overlay, master

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The overlay's ebuilds, in order of paths."""
        paths = sorted(self.overlay.glob("*/*/*.ebuild"))
        return tuple(Source(str(path.relative_to(self.overlay)), _text(path) or "") for path in paths)

    @cached_property
    def versions(self) -> Mapping[str, tuple[str, ...]]:
        """Package of the overlay → its versions."""
        found: dict[str, list[str]] = {}
        for source in self.sources:
            name = source.package.partition("/")[2]
            found.setdefault(source.package, []).extend(
                filter(None, [file_version(Path(source.path).name, name)])
            )
        return {package: tuple(listed) for package, listed in found.items()}

    def surroundings(self) -> Surroundings:
        """Give what the lints of ebuilds want to know."""
        needed = {atom.package for source in self.sources for _assignment, atom in dependencies(source)}
        ebuilds = {package: tuple(self._ebuilds(package)) for package in sorted(needed)}
        base = self.master / "profiles" / "base" / "make.defaults"
        defaults = parsed(_text(base) or "")
        implicit = {
            *_words(defaults, "IUSE_IMPLICIT"),
            *(_text(self.master / "profiles" / "arch.list") or "").split(),
        }
        return Surroundings(
            eclasses=self._eclasses(),
            slots={package: slots for package, scripts in ebuilds.items() if (slots := _slots(scripts))},
            for_pythons={p: any(map(_for_pythons, scripts)) for p, scripts in ebuilds.items() if scripts},
            flags=frozenset(implicit),
            prefixes=tuple(f"{word.lower()}_" for word in _words(defaults, "USE_EXPAND")),
        )

    def _eclasses(self) -> dict[str, Script]:
        """Every eclass that ebuilds lead to, as far as it is there."""
        found: dict[str, Script] = {}
        waiting = [name for source in self.sources for name in source.inherited]
        while waiting:
            name = waiting.pop()
            if name not in found and (text := self._first_text(f"eclass/{name}.eclass")) is not None:
                found[name] = parsed(text)
                waiting += inherited(found[name])
        return found

    def _ebuilds(self, package: str) -> Iterator[Script]:
        for root in (self.overlay, self.master):
            for path in sorted((root / package).glob("*.ebuild")):
                yield parsed(_text(path) or "")

    def _first_text(self, path: str) -> str | None:
        texts = (_text(root / path) for root in (self.overlay, self.master))
        return next((text for text in texts if text is not None), None)


def lint_overlay(overlay: Path, master: Path, distfiles: Sequence[Path] = ()) -> tuple[Finding, ...]:
    """Judge an overlay by every lint of our own; places are relative to it.

    `distfiles` are folders in which what Manifests name may lie, directly or one folder deeper; a file that lies in none
    is not judged, and an info says so.
    """
    there = Repositories(overlay, master)
    around = there.surroundings()
    found = [finding for source in there.sources for finding in ebuild_findings(source, around)]
    found += _wrong_names(there.sources)
    for package in there.versions:
        found += maintainer_there(package, _text(overlay / package / "metadata.xml"))
        found += _manifest_findings(overlay, package, distfiles)
    found += masks_used(_text(overlay / "profiles" / "package.mask") or "", there.versions)
    return tuple(sorted(_together(found), key=lambda f: (f.place.path, f.place.line or 0)))


def _together(found: Iterable[Finding]) -> Iterator[Finding]:
    """The same findings, with one that counts the files that were not judged instead of one for each."""
    unproven = []
    for finding in found:
        if finding.keyword == UNPROVEN:
            unproven.append(finding)
        else:
            yield finding
    if unproven:
        what = f"{len(unproven)} files that Manifests name were not hashed: they are not on this machine"
        hint = f"{unproven[0].place}: {unproven[0].what}" + (", for example" if unproven[1:] else "")
        yield Finding(UNPROVEN, Severity.INFO, Place("."), what, hint)


def _wrong_names(sources: Iterable[Source]) -> Iterator[Finding]:
    for source in sources:
        path = Path(source.path)
        if file_version(path.name, path.parent.name) is None:
            what = "the file name is no package and version as PMS 3.2 has them"
            hint = f"expected {path.parent.name}-VERSION.ebuild, with 23.0.0_rc1 for 23.0.0.0rc1"
            yield Finding("InvalidEbuildName", Severity.ERROR, Place(source.path), what, hint)


def _manifest_findings(overlay: Path, package: str, distfiles: Sequence[Path]) -> Iterator[Finding]:
    """Each line of a Manifest is true: the file has that size and those hashes (GLEP 74)."""
    wanted = _wanted_hashes(overlay)
    path = f"{package}/Manifest"
    for number, line in enumerate((_text(overlay / path) or "").splitlines(), 1):
        if not line.strip():
            continue
        place = Place(path, number)
        entry = DIST.fullmatch(line)
        if not entry or not wanted <= set(entry["hashes"].split()[::2]):
            hint = f"expected: DIST NAME SIZE {' '.join(f'{name} HEX' for name in sorted(wanted))}"
            what = "is no line of a thin Manifest with the hashes that metadata/layout.conf asks for"
            yield Finding("ManifestInvalid", Severity.ERROR, place, what, hint)
        else:
            yield from _untrue(entry, place, list(_copies(entry["name"], distfiles)))


def _untrue(entry: re.Match[str], place: Place, copies: Sequence[Path]) -> Iterator[Finding]:
    """Compare a line with the file that it names; a right one among several copies will do."""
    if not copies:
        yield Finding(UNPROVEN, Severity.INFO, place, entry["name"])
    elif all(reasons := [_difference(entry, copy) for copy in copies]):
        hint = "fetch the file anew, or write the Manifest again: sfcci package ebuild"
        yield Finding("ManifestMismatch", Severity.ERROR, place, f"{entry['name']} {reasons[0]}", hint)


def _wanted_hashes(overlay: Path) -> frozenset[str]:
    found = re.search(
        r"^manifest-hashes\s*=(.*)$", _text(overlay / "metadata" / "layout.conf") or "", re.MULTILINE
    )
    return frozenset(found[1].split() if found else DEFAULT_HASHES)


def _copies(name: str, folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (p for p in (folder / name, *sorted(folder.glob(f"*/{_literal(name)}"))) if p.is_file())


def _difference(entry: re.Match[str], copy: Path) -> str:
    """Say how a file differs from its line; "" when it does not."""
    if (size := copy.stat().st_size) != int(entry["size"]):
        return f"has {size} bytes, and the Manifest says {entry['size']}"
    words = entry["hashes"].split()
    for name, told in zip(words[::2], words[1::2], strict=True):
        if name in HASHES:
            with copy.open("rb") as file:
                digest = hashlib.file_digest(file, HASHES[name]).hexdigest()
            if digest != told:
                return f"has {name} {digest[:16]}..., and the Manifest says {told[:16]}..."
    return ""


def _slots(scripts: Iterable[Script]) -> frozenset[str]:
    return frozenset(slot.value for script in scripts for slot in script.values("SLOT") if not slot.function)


def _for_pythons(script: Script) -> bool:
    flags = (assignment.value for assignment in script.values("IUSE"))
    return bool(PYTHON_ECLASSES & inherited(script)) or any("python_targets_" in value for value in flags)


def _words(script: Script, name: str) -> list[str]:
    return [
        word for assignment in script.values(name) for word in assignment.value.split() if "$" not in word
    ]


def _literal(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def _text(path: Path) -> str | None:
    """A file's text, None when it is not there; whether it is UTF-8, pkgcheck says."""
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    except OSError:
        return None
