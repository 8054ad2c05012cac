"""Descriptions with `kind = "ebuild"` read into recipes, every fault with its place."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sfcci import document
from sfcci.document import Document, Key
from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.dependency import NoDependency, atom_fault, conditions, parse_dependency, words
from sfcci.package.recipe import (
    KIND,
    LIVE,
    VERSION,
    Autotools,
    Cmake,
    Each,
    Flag,
    Manual,
    Migration,
    Move,
    Origin,
    Recipe,
    RecipeVersion,
    Threads,
    Webapp,
    is_recipe,
)
from sfcci.package.recipe_phases import following
from sfcci.package.recipe_schema import SCHEMA
from sfcci.package.recipe_sources import Unknown, addresses, distfile_names

ECLASS_FLAGS = re.compile(
    r"(abi_[a-z0-9_]+|python_(single_)?targets?_\w+|vhosts|test|doc|elibc_\w+|kernel_\w+|prefix)"
)
"""Flags that eclasses and profiles bring: no IUSE of the recipe names them."""
FEATURES = ("autotools", "cmake", "webapp")
"""Ways to build; a package has at most one."""


def parse_recipe(source: Document) -> Recipe:
    """Give the recipe that a document describes. Raises InputError with all faults."""
    if faults := document.check(source, SCHEMA):
        raise InputError(*faults)
    recipe = _recipe(source)
    if faults := [*_version_faults(source), *_faults(source, recipe)]:
        raise InputError(*faults)
    return recipe


def recipe_faults(folder: Path) -> tuple[tuple[Recipe, ...], tuple[Fault, ...]]:
    """Read the recipes among the descriptions of a folder, in order of names, and what is wrong with them."""
    recipes: list[Recipe] = []
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            if KIND in document.read_text(path) and is_recipe(source := document.read(path)):
                recipes.append(parse_recipe(source))
        except InputError as error:
            faults += error.faults
    first: dict[str, str] = {}
    for recipe in recipes:
        if recipe.package in first:
            found = f"describes {recipe.package}, as {first[recipe.package]} does"
            faults.append(Fault(Place(recipe.path), found, "one description each"))
        first.setdefault(recipe.package, recipe.path)
    return tuple(recipes), tuple(faults)


def load_recipes(folder: Path) -> tuple[Recipe, ...]:
    """Read every recipe in a folder of descriptions, in order of names; there may be none. Raises InputError."""
    recipes, faults = recipe_faults(folder)
    if faults:
        raise InputError(*faults)
    return recipes


def _recipe(source: Document) -> Recipe:
    data = dict(source.data)
    for key in ("kind", "sources"):
        data.pop(key, None)
    made = {key: _frozen(value) for key, value in data.items()}
    tables = {
        "cmake": Cmake,
        "manual": Manual,
        "webapp": Webapp,
        "migration": Migration,
        "threads": Threads,
        "each": Each,
    }
    made |= {key: kind(**made[key]) for key, kind in tables.items() if key in made}
    if "autotools" in made:
        made["autotools"] = Autotools(
            **{"with_" if k == "with" else k: v for k, v in made["autotools"].items()}
        )
    lists = {"versions": RecipeVersion, "flags": Flag}
    made |= {key: tuple(kind(**row) for row in made[key]) for key, kind in lists.items() if key in made}
    made["moves"] = tuple(Move(row["from"], row["to"], row.get("use", "")) for row in data.get("moves", ()))
    made["origins"] = tuple(Origin(**row) for row in source.data.get("sources", ()))
    made["description"] = data.get("description", "").strip()
    return Recipe(**made, path=source.path)


def _frozen(value: Any) -> Any:
    """The same value with tuples for its lists."""
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return value


def _version_faults(source: Document) -> Iterator[Fault]:
    """What PMS's version syntax and the other keys say about the versions."""
    seen: set[tuple[str, int]] = set()
    for number, row in enumerate(source.data["versions"]):
        keys: tuple[Key, ...] = ("versions", number, "version")
        version = row["version"]
        if not VERSION.fullmatch(version):
            yield source.fault(keys, f"found {version!r}", "a version as PMS 3.2 has it", _spelling(version))
        if (version, row.get("revision", 0)) in seen:
            yield source.fault(keys, f"{version} stands there twice", "each version once")
        seen.add((version, row.get("revision", 0)))
        if version == LIVE and "git" not in source.data:
            yield source.fault(keys, f"{LIVE} follows a repository, and none is told", "the key git")
        if version == LIVE and row.get("keywords"):
            yield source.fault(keys, "a live ebuild has no KEYWORDS", "no key keywords")


def _spelling(version: str) -> str:
    """How PMS spells what looks like a version of PEP 440; "" when it does not."""
    from packaging.version import InvalidVersion

    try:
        return f"as in {dialect.gentoo_version(version)}"
    except (InvalidVersion, dialect.Inexpressible):
        return ""


def _faults(source: Document, recipe: Recipe) -> Iterator[Fault]:
    """What the schema cannot say."""
    try:
        dialect.gentoo_license(recipe.license)
    except dialect.Inexpressible as error:
        yield source.fault(("license",), str(error))
    built = [name for name in FEATURES if name in source.data]
    if len(built) > 1:
        yield source.fault((built[1],), f"{' and '.join(built)} together", "one way to build")
    yield from _dependency_faults(source, recipe)
    yield from _flag_faults(source, recipe)
    yield from _distfile_faults(source, recipe)
    if recipe.manual and "doc" not in recipe.flag_names:
        yield source.fault(("manual",), "the flag doc is not among flags", "a flag doc")
    if recipe.migration and not recipe.webapp:
        yield source.fault(("migration",), "there is no webapp to migrate to", "the table webapp")
    for name in sorted(_following(recipe) & recipe.phases.keys()):
        yield source.fault(("phases", name), "other keys lead to this phase already", "one of them")
    if recipe.threads and recipe.migration:
        yield source.fault(("threads",), "threads and migration both are pkg_config", "one of them")


def _following(recipe: Recipe) -> set[str]:
    """The phases that have a body without `phases`."""
    made = {name for version in recipe.versions for name in following(recipe, version)}
    return made | ({"pkg_config"} if recipe.migration else set())


def _dependency_faults(source: Document, recipe: Recipe) -> Iterator[Fault]:
    """Faults in the lines that are written in PMS's dependency syntax."""
    lines: list[tuple[tuple[Key, ...], str]] = [
        (("depends", name, n), line) for name, found in recipe.depends.items() for n, line in enumerate(found)
    ]
    for key in ("required_use", "restrict"):
        lines += [((key, n), line) for n, line in enumerate(getattr(recipe, key))]
    for keys, line in lines:
        try:
            nodes = parse_dependency(line)
        except NoDependency as error:
            yield source.fault(keys, str(error), "PMS's dependency syntax")
            continue
        for flag in conditions(nodes):
            yield from _unknown_flag(source, recipe, keys, flag)
        for word in words(nodes):
            if keys[0] == "depends" and (why := atom_fault(word)):
                yield source.fault(keys, f"{word} {why}", "as in >=app-text/name-1.0[flag]")
            elif keys[0] == "required_use":
                yield from _unknown_flag(source, recipe, keys, word.removeprefix("!"))


def _flag_faults(source: Document, recipe: Recipe) -> Iterator[Fault]:
    """Flags that other keys name and that IUSE lacks."""
    asked: list[tuple[tuple[Key, ...], str]] = []
    asked += [(("sources", n, "use"), o.use) for n, o in enumerate(recipe.origins) if o.use]
    asked += [(("moves", n, "use"), m.use) for n, m in enumerate(recipe.moves) if m.use]
    if recipe.autotools:
        asked += [(("autotools", "enable", flag), flag) for flag in recipe.autotools.enable]
        asked += [(("autotools", "with", flag), flag) for flag in recipe.autotools.with_]
    if recipe.cmake:
        asked += [(("cmake", "switches", name), flag) for name, flag in recipe.cmake.switches.items()]
    asked += [(("openmp",), recipe.openmp)] if recipe.openmp else []
    for keys, flag in asked:
        yield from _unknown_flag(source, recipe, keys, flag.removeprefix("!"))


def _unknown_flag(source: Document, recipe: Recipe, keys: tuple[Key, ...], flag: str) -> Iterator[Fault]:
    if flag not in recipe.flag_names and not ECLASS_FLAGS.fullmatch(flag):
        known = sorted(recipe.flag_names)
        hint = document.did_you_mean(flag, known)
        yield source.fault(
            keys, f"the flag {flag} is not among flags", f"one of: {', '.join(known) or 'none'}", hint
        )


def _distfile_faults(source: Document, recipe: Recipe) -> Iterator[Fault]:
    """Whatever is fetched is pinned, and nothing else is."""
    try:
        names = {name for version in recipe.versions for name in distfile_names(recipe, version)}
    except Unknown as error:
        yield source.fault(("sources",), str(error))
        return
    pinned: Mapping[str, str] = recipe.distfiles
    for name in sorted(names - pinned.keys()):
        hint = f"fetch {addresses(recipe)[name]} as {name}, then: sha512sum {name}"
        yield source.fault(("distfiles",), f"{name} is fetched and has no hash", "its SHA-512", hint)
    for name in sorted(pinned.keys() - names):
        hint = document.did_you_mean(name, sorted(names))
        yield source.fault(("distfiles", name), "no version fetches it", "a file that is fetched", hint)
