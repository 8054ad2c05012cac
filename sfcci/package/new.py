"""A new description out of an sdist's metadata: what it says is taken from it, the rest is marked, to be filled in.

Nothing is guessed: a field that the metadata does not settle says `FILL IN` with what is known, and a description is
refused as long as one does.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator

from packaging.utils import canonicalize_name

from sfcci.package.catalogue import FILL_IN, license_fault
from sfcci.package.component_schema import WEB_ADDRESS
from sfcci.package.sdist import SdistMetadata

LICENSE_CLASSIFIER = "License :: "
HOMEPAGES = ("homepage", "home-page", "home", "documentation", "repository", "source")
"""Labels of addresses in the metadata, the likeliest home first."""
GIT_HOST = re.compile(r"https://(opendev\.org|github\.com|gitlab\.com|codeberg\.org)/[^/\s]+/[^/\s#?]+")


def description_name(metadata: SdistMetadata) -> str:
    """Give the file's name in packaging/: networking-sfc.toml."""
    return f"{canonicalize_name(metadata.name)}.toml"


def description_text(metadata: SdistMetadata, sdist: str, sha256: str, day: dt.date) -> str:
    """Give the text of a description; `sdist` is the file's name."""
    return "".join(f"{line}\n" for line in _lines(metadata, sdist, sha256, day))


def open_fields(text: str) -> tuple[str, ...]:
    """Give the lines of a description that are still to be filled in."""
    return tuple(line for line in text.splitlines() if f'"{FILL_IN}' in line)


def git_address(metadata: SdistMetadata) -> str:
    """Give the address of a git repository, where the metadata has one that can be nothing else; "" for none."""
    found = (GIT_HOST.fullmatch(url.removesuffix("/")) for url in metadata.urls.values())
    return next((match[0] for match in found if match), "")


def _lines(metadata: SdistMetadata, sdist: str, sha256: str, day: dt.date) -> Iterator[str]:
    yield f"# {' '.join((metadata.summary or metadata.name).split())}"
    yield f"name = {_quoted(metadata.name)}"
    yield f"version = {_quoted(metadata.version)}"
    yield f"license = {_quoted(_license(metadata))}"
    yield f"homepage = {_quoted(_homepage(metadata))}"
    yield f"kind = {_quoted(_kind(metadata))}"
    if not metadata.summary:
        yield f"summary = {_quoted(f'{FILL_IN}: one line; its metadata has none')}"
    yield f"modules = {_list(_modules(metadata))}"
    yield "pipeline = false"
    yield from ("", "[source]")
    if sdist != f"{canonicalize_name(metadata.name).replace('-', '_')}-{metadata.version}.tar.gz":
        yield f"sdist = {_quoted(sdist)}"
    yield f"sha256 = {_quoted(sha256)}"
    if git := git_address(metadata):
        yield f"git = {_quoted(git)}"
    yield from _offers(metadata)
    yield from ("", "[[changelog]]", f"date = {day.isoformat()}", "release = 1")
    yield f"version = {_quoted(metadata.version)}"
    yield 'changes = ["First package"]'


def _license(metadata: SdistMetadata) -> str:
    """License-Expression, or an old License that is an SPDX expression as it stands."""
    if metadata.license:
        return metadata.license
    if metadata.license_words and not license_fault(metadata.license_words):
        return metadata.license_words
    said = [
        c.removeprefix(LICENSE_CLASSIFIER) for c in metadata.classifiers if c.startswith(LICENSE_CLASSIFIER)
    ]
    said += [metadata.license_words.splitlines()[0]] if metadata.license_words else []
    said += metadata.license_files
    return f"{FILL_IN}: an SPDX licence expression; the sdist says only: {'; '.join(said) or 'nothing'}"


def _homepage(metadata: SdistMetadata) -> str:
    urls = {label.lower(): url for label, url in metadata.urls.items() if re.match(WEB_ADDRESS, url)}
    return next((urls[label] for label in HOMEPAGES if label in urls), f"{FILL_IN}: a web address")


def _kind(metadata: SdistMetadata) -> str:
    programs = (
        f"it has the programs {', '.join(metadata.scripts)}" if metadata.scripts else "it has no programs"
    )
    return f"{FILL_IN}: library (python3-NAME) or application (NAME); {programs}"


def _modules(metadata: SdistMetadata) -> tuple[str, ...]:
    """What the back end wrote down; else the one top folder or file that is a module, when there is but one."""
    if metadata.modules:
        return metadata.modules
    tops = _tops(metadata.files)
    if len(tops) == 1:
        return tuple(tops)
    return (f"{FILL_IN}: the modules that it installs; candidates: {', '.join(sorted(tops)) or 'none'}",)


def _tops(files: Iterable[str]) -> set[str]:
    found = (re.fullmatch(r"(?:src/)?([A-Za-z_]\w*)(?:/__init__)?\.py", name) for name in files)
    return {match[1] for match in found if match and match[1] not in {"setup", "conftest", "noxfile"}}


def _offers(metadata: SdistMetadata) -> Iterator[str]:
    """Features that the sdist has files for, as comments: whether they are wanted is nothing that it says."""
    folders = sorted(
        name.removesuffix("/conf.py")
        for name in metadata.files
        if re.fullmatch(r"docs?(/source)?/conf\.py", name)
    )
    files = metadata.requirement_files
    for folder in folders[:1]:
        yield from ("", "# [docs]", f"# folder = {_quoted(folder)}")
        yield from (f"# requirements = {_quoted(name)}" for name in sorted(files) if name.startswith("doc"))
    runner = "stestr" if ".stestr.conf" in metadata.files else "pytest"
    listed = [name for name in sorted(files) if "test" in name]
    if listed or runner == "stestr":
        yield from (
            "",
            "# [tests]",
            f'# runner = "{runner}"',
            *(f"# requirements = {_quoted(n)}" for n in listed[:1]),
        )
    if metadata.extras:
        yield from ("", f"# extras = {_list(metadata.extras)}  # at the top: packages of their own")


def _quoted(text: str) -> str:
    """A basic string of TOML, which JSON's strings are but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"
