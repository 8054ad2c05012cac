"""A project whose overlay holds the packages in articles/, over a master that has what they need."""

from dataclasses import dataclass, replace
from pathlib import Path

from sfcci import settings
from sfcci.package import overlay, stand_in
from sfcci.package.tree import write_tree

from .made_distfiles import make_descriptions, make_distfiles

ABIS = "abi_x86_32 abi_x86_64"
PHP = "curl filter gd intl mysql pdo posix postgres session simplexml sqlite truetype xmlreader xmlwriter zip"
PACKAGES = {
    "app-text/doxygen-1": "",
    "app-text/poppler-1": "introspection",
    "app-text/tesseract-5": "",
    "dev-lang/php-8:8": PHP,
    "dev-libs/libffi-3": ABIS,
    "dev-libs/libxml2-2:2": "",
    "dev-php/pecl-imagick-3": "",
    "media-libs/leptonica-2": "jpeg png tiff webp zlib",
    "sys-devel/clang-3": ABIS,
    "sys-libs/ncurses-6": "",
    "sys-libs/zlib-1": ABIS,
    "virtual/httpd-php-8:8": "",
    "x11-libs/gtk+-3:3": "introspection",
}
"""What the articles' packages need → its flags. Versions are made up: only that the package is there counts."""
PYTHON_PACKAGES = (
    "dev-python/legacy-cgi-2",
    "dev-python/pillow-12",
    "dev-python/pygobject-3:3",
    "dev-python/whoosh-2",
)


@dataclass(frozen=True)
class Articles:
    """The settings of the project; its distfiles; its overlay as it was rendered."""

    settings: settings.Settings
    distfiles: Path
    texts: dict

    def ebuild(self, name):
        return next(self.settings.project.glob(f"gentoo/*/*/{name}.ebuild"))


def made_articles(folder, environments):
    """Make the project below a folder; `environments` is the cache that environments are shared from."""
    cache = folder / "cache"
    cache.mkdir()
    (environments / "environments").mkdir(parents=True, exist_ok=True)
    (cache / "environments").symlink_to(environments / "environments")
    hashes = make_distfiles(cache / "distfiles")
    make_descriptions(folder / "project" / "packaging", hashes)
    environ = {"SFCCI_RUN_CACHE": str(cache), "SFCCI_RUN_STATE": str(folder / "state")}
    at = settings.load(folder / "project", environ)
    texts = overlay.rendered_overlay(at)
    write_tree(at.project, texts)
    return Articles(at, cache / "distfiles", texts)


def over_fuller_master(articles, folder):
    """The settings with a master that has what the packages need, too."""
    texts = stand_in.master_files()
    for name, flags in PACKAGES.items():
        add(texts, name, flags)
    for name in PYTHON_PACKAGES:
        add(texts, name, stand_in.PYTHON_FLAGS)
    categories = {path.partition("/")[0] for path in texts if path.endswith(".ebuild")} | {"www-apps"}
    texts["profiles/categories"] = "".join(f"{one}\n" for one in sorted(categories))
    described = texts["profiles/use.desc"].splitlines()
    known = {line.partition(" ")[0] for line in described} | set(ABIS.split())
    unknown = {flag for flags in PACKAGES.values() for flag in flags.split()} - known
    described += [f"{flag} - What the tests need" for flag in unknown]
    texts["profiles/use.desc"] = "".join(f"{line}\n" for line in sorted(described))
    master = stand_in.prepare_master(folder, texts)
    return replace(articles.settings, gentoo=replace(articles.settings.gentoo, repo=str(master)))


def add(texts, name, flags):
    atom, _, slot = name.partition(":")
    package, _, version = atom.rpartition("-")
    made = stand_in.StandIn(package, version, slot or "0")
    texts[made.path] = stand_in.ebuild_text(made).replace('IUSE=""', f'IUSE="{flags}"')
