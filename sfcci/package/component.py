"""What a package is made of: the values of a description, `packaging/<component>.toml`, for every distribution.

A description says what the source does not say itself. Version bounds, summary and dependencies are read from the
sdist's own metadata (`sdist.SdistMetadata`); names on a distribution follow the rules in `dialect`. Descriptions are
read by `catalogue`, against the schema in `component_schema`.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Source:
    """Where the code comes from: an sdist of the package index, pinned by its hash, or a folder of this project."""

    sdist: str = ""
    """The sdist's file name; "" when it comes from `path`."""
    sha256: str = ""
    path: str = ""
    """The project's folder, relative to the repository; "" when it comes from the index."""
    git: str = ""
    """The repository for live ebuilds; "" for none."""


@dataclass(frozen=True)
class Subpackage:
    """A part that is installed on its own: `modules` and `files` move there out of the main package."""

    name: str
    summary: str
    modules: tuple[str, ...] = ()
    requirements: str = ""
    """The sdist's requirements file that says what this part needs besides; "" for nothing."""
    files: tuple[str, ...] = ()
    """Installed paths, absolute; `*` stands for any letters but "/"."""
    requires: tuple[str, ...] = ()
    """RPM packages that it needs besides."""


@dataclass(frozen=True)
class Docs:
    """Documentation that is built and packaged apart (feature `doc`)."""

    folder: str
    """Where Sphinx's conf.py lies in the sdist."""
    requirements: str = ""
    """The sdist's requirements file for the build; "" when the rest is enough."""
    without: tuple[str, ...] = ()
    """Projects in `requirements` that the build does not need."""
    subpackage: str = "doc"


@dataclass(frozen=True)
class Tests:
    """The sdist's own tests, run over what was built (feature `tests`)."""

    runner: str
    """"stestr", "pytest" or "unittest"."""
    requirements: str = ""
    """The sdist's requirements file for them; "" when the rest is enough."""
    without: tuple[str, ...] = ()
    """Projects in requirements files that no test needs: linters, say. No subpackage requires them either."""
    arguments: tuple[str, ...] = ()
    """Words for the runner."""
    default: bool = False
    """True: they run in every build, not only in those that ask for them."""


@dataclass(frozen=True)
class Config:
    """A configuration file below /etc, out of the sdist or made by a program during the build (feature `config`)."""

    path: str
    source: str = ""
    """The file in the sdist; "" when `generator` makes it."""
    generator: tuple[str, ...] = ()
    """The program and its arguments; the path to write to is added as the last word."""
    owner: str = "root"
    group: str = "root"
    mode: str = "0644"
    subpackage: str = ""
    """The part that it belongs to; "" for the main package."""
    noreplace: bool = True
    """What an administrator changed stays when the package is updated."""


@dataclass(frozen=True)
class Service:
    """A systemd unit that comes with the main package, started by nobody but the administrator."""

    name: str
    """As in sfcci-preview.service."""
    source: str
    """The unit's file in the sdist."""


@dataclass(frozen=True)
class LoadException:
    """A module that cannot be imported, or an entry point that cannot be loaded, by design."""

    module: str
    """A module, or with `*` a pattern of modules; "" for an entry point."""
    entry_point: str
    """As in neutron.db.alembic_migrations:networking-sfc (group:name); "" for a module."""
    reason: str


@dataclass(frozen=True)
class Change:
    """One entry of the changelog: a day, the version and release that it tells of, what changed."""

    date: dt.date
    version: str
    release: int
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Rpm:
    """What RPM asks besides: packages that no Python metadata names."""

    requires: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    """Packages that it drives and can live without."""
    provides: tuple[str, ...] = ()
    """Other names that the main package answers to, in its own version."""
    names: Mapping[str, str] = field(default_factory=dict)
    """PEP 503 name → package, where python3-NAME is not it."""
    spec: bool = True
    """False: there is no spec of it; its RPM comes from elsewhere."""


@dataclass(frozen=True)
class GentooVersion:
    """A version that the overlay carries beside the component's own, or what is to be said of that one."""

    version: str
    """PEP 440. The component's own: `mask` and `keywords` are of it alone, and there is no source to tell."""
    sdist: str = ""
    sha256: str = ""
    mask: str = ""
    """Why nobody shall get it unasked (package.mask); "" for no mask, or for a pre-release, which always has one."""
    masked: dt.date | None = None
    """The day of the mask, which package.mask shows."""
    keywords: tuple[str, ...] | None = None
    """None means the component's; a pre-release has none then."""


@dataclass(frozen=True)
class Gentoo:
    """What Gentoo asks besides: category, keywords, names of packages where the rule does not give them."""

    category: str = "dev-python"
    keywords: tuple[str, ...] = ("~amd64", "~arm64")
    names: Mapping[str, str] = field(default_factory=dict)
    """PEP 503 name → category/package."""
    overlay: bool = True
    """False: the overlay has no ebuild of it; it comes from elsewhere."""
    requires: tuple[str, ...] = ()
    """PEP 508 requirements besides the source's own: those of an extra that it asks for, as Gentoo has no extras; what it forgot."""
    etc: bool = False
    """True: its wheel has files for /etc, which lie in /usr/etc when it is installed."""
    mask: str = ""
    """Why nobody shall get any version of it unasked (package.mask); "" for no mask."""
    masked: dt.date | None = None
    """The day of the mask, which package.mask shows."""
    messages: tuple[str, ...] = ()
    """What whoever installs it is told, line by line."""
    versions: tuple[GentooVersion, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    """Extras that are USE flags (by normal names) → what each is for. The others are left to whoever wants them."""
    undrawn: Mapping[str, str] = field(default_factory=dict)
    """Projects that only other forms of the documentation need → their extension of Sphinx, which is left out."""


@dataclass(frozen=True)
class Component:
    """One thing to package. `version` is PEP 440; "" means the one that the source folder says."""

    name: str
    version: str
    license: str
    homepage: str
    kind: str
    """"library" (python3-NAME, source python-NAME) or "application" (NAME)."""
    modules: tuple[str, ...]
    source: Source
    changelog: tuple[Change, ...]
    """Newest first."""
    summary: str = ""
    """"" means the one in the source's metadata."""
    description: str = ""
    pipeline: bool = True
    """False: the pipeline does not build it at each run; `sfcci package rpm` does."""
    subpackages: tuple[Subpackage, ...] = ()
    extras: tuple[str, ...] = ()
    """Extras of its own that become packages: python3-NAME+EXTRA."""
    docs: Docs | None = None
    tests: Tests | None = None
    configs: tuple[Config, ...] = ()
    services: tuple[Service, ...] = ()
    files: tuple[str, ...] = ()
    """What its installation puts beside Python's folders, programs aside: installed paths; `*` stands for any letters but "/"."""
    exceptions: tuple[LoadException, ...] = ()
    rpm: Rpm = Rpm()
    gentoo: Gentoo = Gentoo()
    path: str = ""
    """The document that it was read from."""

    @property
    def features(self) -> tuple[str, ...]:
        """What its spec can leave out (`--without NAME`): "doc", "tests", "config", in this order.

        Each needs at build time what the component needs to run. Without any, a build needs the back end alone.
        """
        made = any(config.generator for config in self.configs)
        has = {"doc": self.docs is not None, "tests": self.tests is not None, "config": made}
        return tuple(name for name, there in has.items() if there)

    def at(self, other: GentooVersion) -> "Component":
        """Give it as it is at another of the overlay's versions; its changelog ends there."""
        entries = [entry for entry in self.changelog if entry.version == other.version]
        since = self.changelog.index(entries[0]) if entries else 0
        first = replace(self.changelog[since], version=other.version)
        source = replace(self.source, sdist=other.sdist, sha256=other.sha256)
        changelog = (first, *self.changelog[since + 1 :])
        return replace(self, version=other.version, source=source, changelog=changelog)

    @property
    def source_files(self) -> tuple[str, ...]:
        """The files of its source that the description names, each once."""
        docs, tests = self.docs, self.tests
        named = [part.requirements for part in self.subpackages]
        named += [f"{docs.folder}/conf.py", docs.requirements] if docs else []
        named += [tests.requirements] if tests else []
        named += [config.source for config in self.configs] + [service.source for service in self.services]
        return tuple(dict.fromkeys(filter(None, named)))
