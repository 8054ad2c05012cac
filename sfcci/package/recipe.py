"""A package that is no Python sdist: the values of a description with `kind = "ebuild"`, for Gentoo alone.

What every ebuild of its build system needs, the generator knows (`recipe_phases`); the description says what is this
package's own. Texts that become part of an ebuild are bash, in which `${PN}`, `${PV}` and `${P}` mean what PMS says.
Descriptions are read by `recipe_read`, against the schema in `recipe_schema`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sfcci.document import Document

KIND = "ebuild"
LIVE = "9999"
"""The version of an ebuild that follows the repository."""
VERSION = re.compile(r"\d+(\.\d+)*[a-z]?(_(alpha|beta|pre|rc|p)\d*)*")
"""A version as PMS 3.2 has it, without its revision."""
PRE_RELEASE = re.compile(r"_(alpha|beta|pre|rc)")


def is_recipe(source: Document) -> bool:
    """Say whether a document describes ebuilds alone."""
    return isinstance(source.data, dict) and source.data.get("kind") == KIND


@dataclass(frozen=True)
class RecipeVersion:
    """One version that has an ebuild. KEYWORDS are those of the recipe unless it is live, a pre-release or masked."""

    version: str
    """PV of PMS: 4.00.00_alpha; 9999 follows the repository."""
    revision: int = 0
    mask: str = ""
    """Why nobody gets it unasked (profiles/package.mask); "" when it is not masked."""
    keywords: tuple[str, ...] | None = None
    """None: as the recipe says."""

    @property
    def live(self) -> bool:
        """Say whether it follows the repository."""
        return self.version == LIVE

    @property
    def full(self) -> str:
        """Give PVR: the version, with its revision where there is one."""
        return f"{self.version}-r{self.revision}" if self.revision else self.version


@dataclass(frozen=True)
class Origin:
    """A file that is fetched (an entry of SRC_URI)."""

    url: str
    name: str = ""
    """Its name in DISTDIR; "" for the address's last part."""
    use: str = ""
    """The flag that asks for it, `!flag` for one that does without; "" for always."""
    into: str = ""
    """The folder that it is copied to, under the address's last part; "" for an archive that is unpacked."""
    live: bool = False
    """The live ebuild fetches it too."""


@dataclass(frozen=True)
class Each:
    """Files for each value of a USE_EXPAND variable: one flag, one file or more."""

    expand: str
    """As in l10n: the flags are l10n_af ..."""
    word: str
    """The variable in `url` and `name` that stands for the upstream's word: language."""
    values: Mapping[str, tuple[str, ...]]
    """Value → the upstream's words: zh-CN → chi_sim."""
    url: str = ""
    name: str = ""
    into: str = ""


@dataclass(frozen=True)
class Flag:
    """A USE flag. A global one needs no description."""

    name: str
    description: str = ""
    default: bool = False


@dataclass(frozen=True)
class Autotools:
    """./configure: its arguments, and flag → word of --enable-WORD and --with-WORD ("" for the flag's own name)."""

    arguments: tuple[str, ...] = ()
    enable: Mapping[str, str] = field(default_factory=dict)
    with_: Mapping[str, str] = field(default_factory=dict)
    regenerate: bool = False
    """configure is made from configure.ac first."""


@dataclass(frozen=True)
class Cmake:
    """CMake: its arguments, and variable → flag that turns it on. `locals` (name → bash) is what arguments use."""

    locals: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    switches: Mapping[str, str] = field(default_factory=dict)
    multilib: bool = False
    """Built once for each ABI."""


@dataclass(frozen=True)
class Manual:
    """Documentation for USE=doc: the target that makes it, the folder with the HTML."""

    target: str
    html: str


@dataclass(frozen=True)
class Move:
    """A part of the sources that belongs elsewhere in the tree."""

    origin: str
    target: str
    use: str = ""


@dataclass(frozen=True)
class Webapp:
    """An application for a web server, installed by webapp-config. Paths are below its htdocs."""

    keep: tuple[str, ...] = ()
    """Empty folders."""
    server_owned: tuple[str, ...] = ()
    config_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Migration:
    """The data of a predecessor, taken over by `emerge --config`: copied, never moved."""

    title: str
    """The predecessor, as people call it: ownCloud."""
    variable: str
    """The variable that tells its folder: OWNCLOUD_DIR. Where it is not set, the folder is asked for."""
    own_title: str
    own_variable: str


@dataclass(frozen=True)
class Threads:
    """An OpenMP runtime: what was built proves itself on a program whose every thread must have its turn."""

    compiler: str
    library: str
    """The folder with the library before it is installed."""


@dataclass(frozen=True)
class Recipe:
    """One package with all its ebuilds. Lists of lines are in PMS's dependency syntax (PMS 8.2)."""

    name: str
    category: str
    license: str
    """SPDX."""
    summary: str
    homepages: tuple[str, ...]
    years: str
    versions: tuple[RecipeVersion, ...]
    keywords: tuple[str, ...] = ("~amd64", "~arm64")
    description: str = ""
    git: str = ""
    inherit: tuple[str, ...] = ()
    variables: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """What eclasses want to find before `inherit`, in this order."""
    origins: tuple[Origin, ...] = ()
    each: Each | None = None
    distfiles: Mapping[str, str] = field(default_factory=dict)
    """Name in DISTDIR → SHA-512 (which Manifest has, too), for all versions."""
    folder: str = ""
    """S; "" for PMS's own."""
    slot: str = "0"
    """"" where an eclass sets it."""
    flags: tuple[Flag, ...] = ()
    required_use: tuple[str, ...] = ()
    restrict: tuple[str, ...] = ()
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """RDEPEND, DEPEND, BDEPEND, PDEPEND, IDEPEND → lines."""
    calls: tuple[str, ...] = ()
    """Commands behind the dependencies: distutils_enable_tests pytest."""
    patches: tuple[str, ...] = ()
    """Files beside the description."""
    docs: tuple[str, ...] = ()
    openmp: str = ""
    """The flag with which the compiler must know OpenMP."""
    disk: str = ""
    """Space that a build takes: 4G."""
    autotools: Autotools | None = None
    cmake: Cmake | None = None
    manual: Manual | None = None
    moves: tuple[Move, ...] = ()
    webapp: Webapp | None = None
    migration: Migration | None = None
    threads: Threads | None = None
    phases: Mapping[str, str] = field(default_factory=dict)
    """Phase → its body, for what no other key says."""
    messages: tuple[str, ...] = ()
    path: str = ""
    """The document that it was read from."""

    @property
    def package(self) -> str:
        """Give category/package."""
        return f"{self.category}/{self.name}"

    @property
    def flag_names(self) -> frozenset[str]:
        """Every flag that IUSE names: its own and those of `each`."""
        expanded = {f"{self.each.expand}_{value}" for value in self.each.values} if self.each else set()
        return frozenset({flag.name for flag in self.flags} | expanded)

    def keywords_of(self, version: RecipeVersion) -> tuple[str, ...]:
        """Give KEYWORDS of a version: none for what nobody shall get unasked."""
        if version.keywords is not None:
            return version.keywords
        hidden = version.live or version.mask or PRE_RELEASE.search(version.version)
        return () if hidden else self.keywords
