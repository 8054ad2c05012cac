"""Manifests: size and hashes of what an ebuild fetches, in the form that Gentoo's own tools write, made offline.

Thin manifests (`thin-manifests = true` in metadata/layout.conf) list distfiles only; git keeps the rest. Source: GLEP 74,
PMS 4.3.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class Distfile:
    """A file that an ebuild fetches: name in DISTDIR, size in bytes, hashes in lower-case hex digits."""

    name: str
    size: int
    blake2b: str
    sha512: str

    def __str__(self) -> str:
        return f"DIST {self.name} {self.size} BLAKE2B {self.blake2b} SHA512 {self.sha512}"


def read_distfile(path: Path, name: str = "") -> Distfile:
    """Measure the file at `path`, which ebuilds call `name` (its own name when "")."""
    blake2b, sha512, size = hashlib.blake2b(), hashlib.sha512(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            blake2b.update(block)
            sha512.update(block)
            size += len(block)
    return Distfile(name or path.name, size, blake2b.hexdigest(), sha512.hexdigest())


def manifest_text(distfiles: Iterable[Distfile]) -> str:
    """Give a thin Manifest: one line per distfile, in order of names; "" (no file) for none."""
    return "".join(f"{distfile}\n" for distfile in sorted(distfiles, key=lambda d: d.name))
