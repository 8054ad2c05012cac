"""What is known of an sdist of the cache, kept beside it: judged, read and measured once for all who pin these bytes."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

from sfcci import files
from sfcci.errors import MissingTool
from sfcci.package import sdist, sdist_archive
from sfcci.package.manifest import Distfile, read_distfile
from sfcci.package.sdist import SdistMetadata, sdist_metadata


def known_metadata(path: Path) -> SdistMetadata:
    """Give what `sdist_metadata` gives for an sdist that has been checked against its hash. Raises as that."""
    kept = path.with_name(f"{path.name}.{_rules()}.json")
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        return _metadata(json.loads(kept.read_text()))
    metadata = sdist_metadata(path)
    with contextlib.suppress(MissingTool):  # a cache that others own is read again each time
        files.write_text(kept, json.dumps(asdict(metadata), default=sorted))
    return metadata


def known_distfile(path: Path, sha256: str, name: str) -> Distfile:
    """Give what `read_distfile` gives for an sdist that has been checked against its hash, `sha256`."""
    kept = path.with_name(f"{path.name}.hashes.json")
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        told = json.loads(kept.read_text())
        if told["sha256"] == sha256:
            return Distfile(name, told["size"], told["blake2b"], told["sha512"])
    found = read_distfile(path, name)
    with contextlib.suppress(MissingTool):
        files.write_text(kept, json.dumps({**asdict(found), "sha256": sha256}))
    return found


@cache
def _rules() -> str:
    """Change with the code that judges and reads."""
    code = b"".join(Path(str(module.__file__)).read_bytes() for module in (sdist, sdist_archive))
    return hashlib.sha256(code).hexdigest()[:12]


def _metadata(told: Mapping[str, Any]) -> SdistMetadata:
    """The value again: JSON has one kind of list."""
    kinds: dict[str, type[Any]] = {one.name: type(one.default) for one in fields(SdistMetadata)}
    given = {
        name: kinds[name](value) if kinds[name] in {tuple, frozenset} else value
        for name, value in told.items()
    }
    given["requirement_files"] = {name: tuple(lines) for name, lines in told["requirement_files"].items()}
    return SdistMetadata(**given)
