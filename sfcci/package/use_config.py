"""The configuration that package managers are asked with: a copy of a user's folder like /etc/portage, repositories, a profile.

Nothing of the user's is changed, and code in it (bashrc) is left out. What cannot be used here is told: a profile or
repositories of another machine.
"""

import configparser
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfcci import files
from sfcci.errors import Fault, InputError, Place, UsageError
from sfcci.finding import Finding, Severity
from sfcci.package import pkgcheck
from sfcci.package.pkgcheck import Repository
from sfcci.package.use_line import Written, parse_file

PACKAGE_USE = "package.use"
TAKEN = (
    "categories",
    "env",
    "make.conf",
    "package.accept_keywords",
    "package.accept_restrict",
    "package.env",
    "package.keywords",
    "package.license",
    "package.mask",
    "package.properties",
    "package.unmask",
    "profile",
)
"""What bears on flags and masks besides package.use, repos.conf and make.profile: files or folders (portage(5))."""
KEPT = ("aliases", "eclass-overrides", "masters", "priority")
"""Of a repository in repos.conf, besides its location."""
TRIED = "--try"
MAIN = "gentoo"
FOREIGN = "PortageConfiguration"


@dataclass(frozen=True)
class Configuration:
    """A folder like /etc/portage that is ready, and what its lines of package.use say."""

    path: Path
    origin: Path | None
    """The user's folder; None: there is none, only a profile's own settings count."""
    lines: tuple[Written, ...]
    """Line N of the package.use in `path` is number N, counted from 0."""
    repositories: tuple[Repository, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def prefix(self) -> Path:
        """The prefix that `path` is etc/portage of."""
        return self.path.parents[1]

    def told_from_origin(self, text: str) -> str:
        """Give a message of a package manager with the user's paths in it."""
        return text.replace(str(self.path), str(self.origin)) if self.origin else text


@dataclass(frozen=True)
class _Entry:
    """A repository in repos.conf."""

    location: Path
    options: Mapping[str, str] = field(default_factory=dict)


def configured(
    target: Path,
    origin: Path | None,
    master: Repository,
    overlay: Repository | None,
    tried: Sequence[str] = (),
    *,
    insist: bool = False,
) -> Configuration:
    """Lay out `target`, an empty folder, from the user's `origin`; `tried` are lines of package.use behind the user's.

    `master` and `overlay` are added where the user's repos.conf names none of that name that is here; with `insist`
    `master` is ::gentoo whatever repos.conf says.
    Raises InputError (a file that cannot be read), UsageError (no such folder), MissingTool (disk).
    """
    if origin:
        _refuse_other_folder(origin)
    written, findings = _package_use(origin, tried)
    files.write_text(target / PACKAGE_USE, "".join(f"{line.text}\n" for line in written))
    for name in TAKEN if origin else ():
        _copy(Path(origin or ".", name), target / name)
    entries, lost = _repositories(origin, master, overlay, insist=insist)
    files.write_text(target / "repos.conf", _repos_conf(entries))
    findings += [*lost, *_link_profile(target, origin, Repository(MAIN, entries[MAIN].location))]
    repositories = tuple(Repository(name, entry.location) for name, entry in entries.items())
    return Configuration(target, origin, tuple(written), repositories, tuple(findings))


def _refuse_other_folder(origin: Path) -> None:
    names = (PACKAGE_USE, "repos.conf", "make.profile", *TAKEN)
    if not any(os.path.lexists(origin / name) for name in names):
        raise UsageError(
            f"{origin} has no configuration of portage: no make.conf, package.use, package.mask ..."
        )


def _package_use(origin: Path | None, tried: Sequence[str]) -> tuple[list[Written], list[Finding]]:
    """Read all lines in portage's order of files; what is wrong with lines is a finding, as portage drops them."""
    paths = list(_files(origin / PACKAGE_USE)) if origin else []
    texts = [(str(path), _text(path)) for path in paths] + [(TRIED, "\n".join(tried))]
    read = [parse_file(text, path) for path, text in texts]
    faults = [fault for _written, found in read for fault in found]
    if wrong := [fault for fault in faults if fault.place.path == TRIED]:
        raise InputError(*wrong)
    hint = "portage drops the line, or reads other flags than were meant"
    findings = [
        Finding(
            "PackageUseSyntax",
            Severity.ERROR,
            f.place,
            f.found,
            "; ".join(filter(None, (f.expected, f.hint, hint))),
        )
        for f in faults
    ]
    return [line for lines, _found in read for line in lines], findings


def _files(path: Path) -> Iterator[Path]:
    """Give a file, or those in a folder and below, as portage reads them: in order of names, no hidden ones, no backups."""
    if path.is_dir():
        for inner in sorted(path.iterdir(), key=lambda p: p.name):
            if not inner.name.startswith(".") and not inner.name.endswith("~") and inner.name != "CVS":
                yield from _files(inner)
    elif path.is_file():
        yield path


def _copy(source: Path, target: Path) -> None:
    for path in _files(source):
        if path.name.endswith("bashrc"):
            continue
        files.write_text(target / path.relative_to(source) if path != source else target, _text(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(
            Fault(Place(str(path)), "is not UTF-8 text", "a file of portage's configuration")
        ) from None
    except OSError as error:
        raise InputError(Fault(Place(str(path)), f"cannot be read: {error.strerror}")) from None


def _repositories(
    origin: Path | None, master: Repository, overlay: Repository | None, *, insist: bool
) -> tuple[dict[str, _Entry], list[Finding]]:
    """Give the repositories by name, ::gentoo first, and what the user's repos.conf names that is not here."""
    named = _named(origin / "repos.conf") if origin else {}
    if insist:
        named[MAIN] = _Entry(master.path)
    here = {name: entry for name, entry in named.items() if (entry.location / "profiles").is_dir()}
    lost = [
        Finding(
            FOREIGN,
            Severity.WARNING,
            Place(str(Path(origin or ".", "repos.conf"))),
            f"the repository {name} is not at {entry.location}",
            f"{master.path} is taken for it" if name == MAIN else "what is in it is not seen",
        )
        for name, entry in named.items()
        if name not in here
    ]
    entries = {MAIN: here.pop(MAIN, _Entry(master.path)), **here}
    if overlay:
        entries.setdefault(overlay.name, _Entry(overlay.path))
    return entries, lost


def _named(path: Path) -> dict[str, _Entry]:
    """Read repos.conf, a file or a folder (portage(5)). Raises InputError."""
    found = configparser.ConfigParser(interpolation=None, strict=False, default_section="DEFAULT")
    for one in _files(path):
        try:
            found.read_string(_text(one), str(one))
        except configparser.Error as error:
            line = getattr(error, "lineno", None)
            raise InputError(
                Fault(Place(str(one), line), "is no repos.conf", "[NAME] and KEY = VALUE lines")
            ) from None
    sections = {name: dict(found[name]) for name in found.sections() if found[name].get("location")}
    return {
        name: _Entry(
            Path(keys["location"].replace("%%", "%")), {key: keys[key] for key in KEPT if key in keys}
        )
        for name, keys in sections.items()
    }


def _repos_conf(entries: Mapping[str, _Entry]) -> str:
    sections = (
        "\n".join(
            [
                f"[{name}]",
                f"location = {str(entry.location).replace('%', '%%')}",
                *(f"{k} = {v}" for k, v in entry.options.items()),
            ]
        )
        for name, entry in entries.items()
    )
    return "\n\n".join([f"[DEFAULT]\nmain-repo = {MAIN}", *sections]) + "\n"


def _link_profile(target: Path, origin: Path | None, main: Repository) -> Iterable[Finding]:
    """Lead make.profile to the user's profile, where that is here, or to its like in `main`; else to the first stable one."""
    link = origin / "make.profile" if origin else None
    if link and link.is_dir():
        (target / "make.profile").symlink_to(link.resolve())
        return
    named = str(link.readlink()).rpartition("/profiles/")[2] if link and link.is_symlink() else ""
    like = main.path / "profiles" / named
    if named and like.is_dir():
        (target / "make.profile").symlink_to(like)
        return
    profile = pkgcheck.profile_path(main)
    (target / "make.profile").symlink_to(profile)
    if origin:
        what = f"the profile {named} is not here" if named else "there is no make.profile"
        hint = f"{profile} is taken for it"
        severity = Severity.WARNING if named else Severity.INFO
        yield Finding(FOREIGN, severity, Place(str(Path(origin, "make.profile"))), what, hint)
