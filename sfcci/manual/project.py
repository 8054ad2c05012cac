"""The project's documents, read: which there are, and what else lies in the project for them to link to."""

from collections.abc import Iterator
from pathlib import Path

DOCUMENTS = ("*.md", "docs/**/*.md", "podman/*.md")
LEFT_OUT = (".venv", ".git", "node_modules", "__pycache__")


def documents(project: Path) -> dict[str, str]:
    """Give path → text of every document, the one that leads first first."""
    paths = sorted({path for pattern in DOCUMENTS for path in project.glob(pattern)})
    return {str(path.relative_to(project)): path.read_text() for path in paths}


def files(project: Path) -> set[str]:
    """Give the paths of all files and folders in the project, but for environments and what git keeps."""
    return {str(path.relative_to(project)) for path in _walk(project)}


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in LEFT_OUT or path.name.startswith(".") or path.is_symlink():
            continue
        yield path
        if path.is_dir():
            yield from _walk(path)
