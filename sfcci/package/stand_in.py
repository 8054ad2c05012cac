"""Our minimal stand-in for ::gentoo: rules, eclasses and body-less packages, enough for pkgcheck to read an overlay.

It is what checks fall back to where there is no ::gentoo. It says what we wrote into it, so it proves less than the
real tree: `master/packages.toml` tells the version and the month that each package stands for, and which packages
::gentoo does not have at all.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sfcci import document, files

VARIABLE = re.compile(r'^([A-Z]+)="?([^"\n]*)"?$', re.MULTILINE)
"""A variable of a stand-in: EAPI=8, IUSE="..."."""
DATA = Path(__file__).with_name("master")
PYTHON_FLAGS = "python_targets_python3_12 python_targets_python3_13 python_targets_python3_14"


@dataclass(frozen=True)
class StandIn:
    """A package that the minimal master claims to have."""

    package: str
    """category/name."""
    version: str
    slot: str = "0"
    python: bool = False
    """It has a flag for each Python implementation."""
    last: str | None = None
    """None: ::gentoo has it. Else it does not, and this is the newest version that it had ("" for none ever)."""

    @property
    def path(self) -> str:
        """The ebuild's path in the repository (PMS 4.3)."""
        name = self.package.partition("/")[2]
        return f"{self.package}/{name}-{self.version}.ebuild"


@cache
def stand_ins() -> tuple[StandIn, ...]:
    """Give the packages of the minimal master, in order of names."""
    table = document.read(DATA / "packages.toml").data
    found = [_stand_in(text, python=True) for text in table["python"]]
    found += [_stand_in(text) for text in table["other"]]
    found += [_stand_in(row["package"], python=True, last=row["last"]) for row in table["absent"]]
    return tuple(sorted(found, key=lambda s: (s.package, s.version)))


def absent() -> Mapping[str, StandIn]:
    """Packages that ::gentoo does not have, by category/name."""
    return {s.package: s for s in stand_ins() if s.last is not None}


@cache
def seen() -> str:
    """The month in which ::gentoo was looked at, as in 2026-08."""
    return str(document.read(DATA / "packages.toml").data["seen"])


def master_files(without: Collection[str] = ()) -> dict[str, str]:
    """Give the minimal master: path in the repository → text.

    `without` are packages (category/name) that ::gentoo does not have and that need no stand-in: an overlay carries them.
    """
    texts = {
        str(path.relative_to(DATA)): path.read_text(encoding="utf-8")
        for path in DATA.rglob("*")
        if path.is_file() and path.name != "packages.toml"
    }
    categories = sorted({s.package.partition("/")[0] for s in stand_ins()})
    texts["profiles/categories"] = "".join(f"{category}\n" for category in categories)
    left_out = absent().keys() & set(without)
    return texts | {s.path: ebuild_text(s) for s in stand_ins() if s.package not in left_out}


def ebuild_text(stand_in: StandIn) -> str:
    """Give the ebuild of a stand-in: that it is there, and what it stands for."""
    name = f"{stand_in.package}-{stand_in.version}"
    if stand_in.last is None:
        origin = f"Stands for {name}, which ::gentoo had in {seen()}."
    else:
        last = f"the newest it had was {stand_in.last}" if stand_in.last else "nor ever had"
        origin = f"NOT IN ::gentoo in {seen()} ({last}): only so that the rest can be checked."
    return (
        f"# {origin}\n"
        "EAPI=8\n"
        'DESCRIPTION="Stand-in without a body"\n'
        'HOMEPAGE="https://sfcci.example.org"\n'
        'LICENSE="metapackage"\n'
        f'SLOT="{stand_in.slot}"\n'
        'KEYWORDS="~amd64 ~arm64"\n'
        f'IUSE="{PYTHON_FLAGS if stand_in.python else ""}"\n'
    )


def metadata_files(texts: Mapping[str, str]) -> dict[str, str]:
    """Give the metadata cache of stand-ins among a repository's files, so that nothing has to source them: path → text.

    Shape: md5-dict (PMS 14.4; egencache(1)).
    """
    found = {}
    for path, text in texts.items():
        if path.endswith(".ebuild"):
            values = dict(VARIABLE.findall(text))
            lines = sorted(
                f"{key}={value}" for key, value in {"DEFINED_PHASES": "-", **values}.items() if value
            )
            lines.append(f"_md5_={hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}")
            category, _package, name = path.split("/")
            found[f"metadata/md5-cache/{category}/{name.removesuffix('.ebuild')}"] = "\n".join(lines) + "\n"
    return found


def prepare_master(folder: Path, texts: Mapping[str, str] | None = None) -> Path:
    """Give the minimal master (else these files) on disk below `folder`, written now if need be: whole, or not at all.

    Its metadata cache is with it.
    """
    texts = master_files() if texts is None else texts
    texts = {**texts, **metadata_files(texts)}
    digest = hashlib.sha256("\0".join(f"{p}\0{t}" for p, t in sorted(texts.items())).encode()).hexdigest()
    root = folder / f"master-{digest[:12]}"
    if not root.is_dir():
        with files.disk_errors(root):
            _write_whole(root, texts)
    return root


def _write_whole(root: Path, texts: Mapping[str, str]) -> None:
    """Write beside `root` and rename; who comes second with the same files leaves the first one's in place."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=f".{root.name}-") as beside:
        made = Path(beside) / "master"
        for path, text in texts.items():
            target = made / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        try:
            made.rename(root)
        except OSError:
            if not root.is_dir():
                raise
            shutil.rmtree(made)


def _stand_in(text: str, *, python: bool = False, last: str | None = None) -> StandIn:
    """Read category/name-version[-revision][:slot]."""
    atom, _, slot = text.partition(":")
    package, version = re.split(r"-(?=\d[^-]*(?:-r\d+)?$)", atom)
    return StandIn(package, version, slot or "0", python, last)
