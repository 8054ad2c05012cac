"""The pod's images: pulled or built where they are missing, and carried to machines without a network."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from sfcci import files
from sfcci.dashboard.graphite_image import GRAPHITE_IMAGE, LOCAL, build, pull
from sfcci.dashboard.podman import Podman, remedy
from sfcci.errors import MissingTool, ToolError, UsageError

ARCHIVE_TIMEOUT_S = 900.0
UNREACHED = (
    "see the network and the name in [preview] of sfcci.toml, or carry it here: sfcci preview save FILE there, "
    "sfcci preview load FILE here"
)
Say = Callable[[str], None]


def ensure(podman: Podman, images: Sequence[str], say: Say) -> None:
    """Have all images here: what is missing is pulled, our own Graphite's is built. Raises Unreachable, MissingTool, ToolError."""
    for name in missing(podman, images):
        if name == GRAPHITE_IMAGE:
            build(podman, say)
        elif name.startswith(LOCAL):
            raise MissingTool(f"podman has no image {name}", "it is in no registry: build it, or load it with "
                              "sfcci preview load FILE")  # fmt: skip
        else:
            pull(podman, name, say, UNREACHED)


def missing(podman: Podman, images: Sequence[str]) -> tuple[str, ...]:
    """Give those of the images that are not here."""
    return tuple(name for name in images if not podman.exists("image", name))


def save(podman: Podman, images: Sequence[str], path: Path) -> int:
    """Write the images into one archive, beside it first; give its size in octets. Raises MissingTool, DiskFull, ToolError."""
    if lost := missing(podman, images):
        raise MissingTool(
            f"podman has no image {', '.join(lost)}", "sfcci preview up fetches what is missing"
        )
    with files.disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    beside = Path(name)
    try:
        beside.unlink()  # podman writes no archive over a file
        podman.run("save", "--quiet", "--multi-image-archive", "--format=docker-archive", "--output", beside, *images,
                   timeout_s=ARCHIVE_TIMEOUT_S)  # fmt: skip
        with files.disk_errors(path):
            beside.chmod(0o644)
            beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return path.stat().st_size


def load(podman: Podman, path: Path) -> tuple[str, ...]:
    """Bring an archive's images here; give their names. Raises UsageError (no archive), MissingTool (no room for it)."""
    if not path.is_file():
        raise UsageError(f"{path} is no file; give an archive that sfcci preview save wrote")
    try:
        done = podman.run("load", "--quiet", "--input", path, timeout_s=ARCHIVE_TIMEOUT_S)
    except ToolError as error:
        told = f"{path} cannot be loaded: {_why_not(error.failure.last_lines)}"
        if hint := remedy(told):
            raise MissingTool(told, hint) from None
        raise UsageError(f"{told}; expected an archive that sfcci preview save wrote") from None
    said = (line.partition(":")[2] for line in done.stdout.splitlines() if line.startswith("Loaded image"))
    return tuple(name.strip() for line in said for name in line.split(","))


def _why_not(lines: Sequence[str]) -> str:
    """Give podman's reason: it tries all kinds of archive in turn, and `save` writes one of them."""
    own = (line.partition("docker-archive: ")[2] for line in lines)
    last = lines[-1].removeprefix("Error: ") if lines else "no word"
    return next(filter(None, own), last)
