"""What a recipe's ebuilds fetch: SRC_URI with its names worked out for each version, and the Manifest over all of them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sfcci.errors import Fault, InputError, Place
from sfcci.package.manifest import read_distfile
from sfcci.package.recipe import Each, Origin, Recipe, RecipeVersion

EXPANSION = re.compile(
    r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<all>/{1,2})(?P<old>[^/{}$]+)(?:/(?P<new>[^/{}$]*))?)?\}"
)
"""${NAME}, ${NAME/old/new} and ${NAME//old/new} of bash, `old` without patterns."""


class Unknown(Exception):  # noqa: N818 - says what a variable is
    """An expansion that can only be worked out by bash."""


def expanded(text: str, values: Mapping[str, str]) -> str:
    """Work out bash's expansions in a text. Raises Unknown for a variable or a form that is not known."""
    made = EXPANSION.sub(lambda match: _expansion(match, values), text)
    if "$" in made:
        raise Unknown(f"{text}: only ${{NAME}}, ${{NAME/old/new}} and ${{NAME//old/new}} can be worked out")
    return made


def version_values(recipe: Recipe, version: RecipeVersion) -> dict[str, str]:
    """Give PMS's variables of a version (PMS 11.1), and the recipe's own that are plain text."""
    name, pv = recipe.name, version.version
    known = {"PN": name, "PV": pv, "P": f"{name}-{pv}", "PVR": version.full, "PF": f"{name}-{version.full}"}
    own = {key: value for key, value in recipe.variables.items() if isinstance(value, str)}
    return known | {key: expanded(value, known) for key, value in own.items()}


def origins_of(recipe: Recipe, version: RecipeVersion) -> tuple[Origin, ...]:
    """Give what the version's ebuild fetches, `each` apart: a live one takes the code from the repository."""
    return tuple(origin for origin in recipe.origins if origin.live or not version.live)


def last_part(url: str) -> str:
    """Give the name that a file at an address has by itself: what stands behind the last slash outside of ${...}."""
    return re.split(r"/(?![^{]*\})", url)[-1]


def distfile_names(recipe: Recipe, version: RecipeVersion) -> tuple[str, ...]:
    """Give the names in DISTDIR of all that the version may fetch, whatever the flags. Raises Unknown."""
    values = version_values(recipe, version)
    names = [expanded(o.name or last_part(o.url), values) for o in origins_of(recipe, version)]
    if recipe.each:
        names += [
            expanded(recipe.each.name, {**values, recipe.each.word: word}) for word in each_word(recipe.each)
        ]
    return tuple(dict.fromkeys(names))


def each_word(each: Each) -> Iterator[str]:
    """Give the upstream's words of all values."""
    return (word for words in each.values.values() for word in words)


def recipe_manifest(recipe: Recipe, folders: Iterable[Path], kept: str = "") -> str:
    """Give the Manifest's text over all versions; each distfile is looked for in `folders`, the first goes first.

    Of what is in none of them, the line of `kept` (a Manifest that there is) stays, if it has the hash that is pinned.
    Raises InputError for files that are not there, or not those that the description pins.
    """
    looked, known = tuple(folders), addresses(recipe)
    lines, faults = [], []
    for name, sha512 in sorted(recipe.distfiles.items()):
        path = next((folder / name for folder in looked if (folder / name).is_file()), None)
        found = str(read_distfile(path, name)) if path else _kept(kept, name)
        if found.endswith(f" SHA512 {sha512}"):
            lines.append(f"{found}\n")
        elif path:
            faults.append(_wrong(recipe, name, path, found))
        else:
            faults.append(_not_there(recipe, name, known[name], looked))
    if faults:
        raise InputError(*faults)
    return "".join(lines)


def _kept(manifest: str, name: str) -> str:
    return next((line for line in manifest.splitlines() if line.startswith(f"DIST {name} ")), "")


def addresses(recipe: Recipe) -> dict[str, str]:
    """Name in DISTDIR → where upstream has it."""
    known: dict[str, str] = {}
    each = recipe.each
    for version in recipe.versions:
        values = version_values(recipe, version)
        pairs = [(o.name or last_part(o.url), o.url, values) for o in origins_of(recipe, version)]
        if each:
            pairs += [(each.name, each.url, {**values, each.word: word}) for word in each_word(each)]
        known |= {expanded(name, given): expanded(url, given) for name, url, given in pairs}
    return known


def _not_there(recipe: Recipe, name: str, address: str, looked: tuple[Path, ...]) -> Fault:
    where = ", ".join(map(str, looked))
    hint = f"fetch it: curl --fail --location --output {looked[0] / name} {address}"
    return Fault(
        Place(recipe.path), f"distfiles: {name} is not in {where}", "the file that Manifest measures", hint
    )


def _wrong(recipe: Recipe, name: str, path: Path, line: str) -> Fault:
    hint = "correct the description, or find out who changed the file"
    found = f"distfiles: {path} has SHA-512 {line.rpartition(' ')[2]}"
    return Fault(Place(recipe.path), found, f"{recipe.distfiles[name]} for {name}", hint)


def _expansion(match: re.Match[str], values: Mapping[str, str]) -> str:
    name = match["name"]
    if name not in values:
        raise Unknown(f"${{{name}}} is not known")
    if not match["all"]:
        return values[name]
    if set(match["old"]) & set("*?[]#%"):
        raise Unknown(f"{match[0]}: patterns cannot be worked out")
    return values[name].replace(match["old"], match["new"] or "", -1 if match["all"] == "//" else 1)
