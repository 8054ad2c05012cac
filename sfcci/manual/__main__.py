"""`python -m sfcci.manual` writes what is made from the code; `--check` judges documents, `--site DIR` makes pages of them."""

import sys
from pathlib import Path, PurePosixPath

from sfcci import files
from sfcci.errors import EXIT_FINDINGS, EXIT_INPUT, EXIT_OK, Place
from sfcci.finding import Finding, Severity
from sfcci.manual.reference import MANUAL, PAGES, everything

PROJECT = Path(__file__).parents[2]


def main(words: list[str]) -> int:
    """Do what the words say; every finding is told. Gives the exit status."""
    site = words[-1] if words[-2:-1] == ["--site"] else ""
    if set(words) - {"--check", "--site", site} or ("--site" in words and not site):
        print(f"usage: python -m sfcci.manual [--check] [--site DIR]\n{__doc__}", file=sys.stderr)  # noqa: T201
        return EXIT_INPUT
    if "--check" not in words:
        write(PROJECT)
    found = check(PROJECT)
    for finding in found:
        print(finding)  # noqa: T201 - its answer
    if site and not found:
        write_site(PROJECT, Path(site))
    return EXIT_FINDINGS if found else EXIT_OK


def write(project: Path) -> None:
    """Write what is made from the code, and take away what nothing makes any more."""
    wanted = everything(project)
    for path in different(project, wanted):
        if path in wanted:
            files.write_text(project / path, wanted[path])
        else:
            (project / path).unlink()


def write_site(project: Path, folder: Path) -> None:
    """Write the documents as a site."""
    from sfcci.manual import site
    from sfcci.manual.project import documents

    for address, text in site.pages(documents(project)).items():
        files.write_text(folder / address, text)


def check(project: Path) -> list[Finding]:
    """Say what of the documents is not so: files that the code says otherwise, links, commands that are not there."""
    from sfcci.manual import links, spoken
    from sfcci.manual import project as there
    from sfcci.manual.reference import programs

    documents = there.documents(project)
    stale = [
        Finding("stale", Severity.ERROR, Place(str(path)), "not as the code says", "run: make docs")
        for path in different(project, everything(project))
    ]
    return [
        *stale,
        *links.faults(documents, there.files(project)),
        *spoken.faults(documents, programs()),
    ]


def different(project: Path, wanted: dict[PurePosixPath, str]) -> list[PurePosixPath]:
    """Give the files that are not as they would be written, and those that nothing writes any more."""
    there = {
        PurePosixPath(path.relative_to(project))
        for folder in (PAGES, MANUAL)
        for path in (project / folder).glob("*.*")
    }
    return sorted(
        path
        for path in {*there, *wanted}
        if path not in wanted or path not in there or (project / path).read_text() != wanted[path]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
