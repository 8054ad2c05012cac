"""Ebuilds of recipes as text: what a Gentoo developer would write by hand, the same from the same description."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from sfcci.package import dialect
from sfcci.package.dependency import laid_out, parse_dependency
from sfcci.package.ebuild import MAINTAINER, OVERLAY, REMOTES
from sfcci.package.recipe import Each, Origin, Recipe, RecipeVersion
from sfcci.package.recipe_phases import each_name, function, phase_bodies, quoted
from sfcci.package.recipe_schema import DEPENDENCIES
from sfcci.package.recipe_sources import origins_of
from sfcci.package.template import text_templates

if TYPE_CHECKING:
    from jinja2 import Environment

PLAIN = re.compile(r"[a-z][a-z0-9_.-]*")
"""A value that stands without quotes."""
REFERENCE = re.compile(r"\$\{[A-Z_]+\}")
"""Another variable, whole."""


@dataclass(frozen=True)
class RecipeEbuild:
    """One ebuild's parts, ready for the template; "" or () leaves a line out."""

    years: str
    variables: tuple[tuple[str, str], ...]
    inherit: tuple[str, ...]
    description: str
    homepage: str
    git: str
    fetched: str
    folder: str
    license: str
    slot: str
    keywords: tuple[str, ...]
    flags: tuple[str, ...]
    required_use: str
    restrict: str
    each: str
    depends: tuple[str, ...]
    lists: tuple[str, ...]
    calls: tuple[str, ...]
    functions: tuple[str, ...]


def recipe_texts(recipe: Recipe, manifest: str) -> dict[str, str]:
    """Give a recipe's ebuilds, metadata.xml and Manifest: path in the project → text. `manifest` is that text.

    Patches are files beside the description: `recipe_patches` names them.
    """
    path = f"{OVERLAY}/{recipe.package}"
    texts = {f"{path}/metadata.xml": recipe_metadata_text(recipe)}
    texts |= {
        f"{path}/{recipe.name}-{version.full}.ebuild": recipe_ebuild_text(recipe, version)
        for version in recipe.versions
    }
    return texts | ({f"{path}/Manifest": manifest} if manifest else {})


def recipe_patches(recipe: Recipe) -> dict[str, str]:
    """Give where the recipe's patches go: path in the project → name beside the description."""
    return {f"{OVERLAY}/{recipe.package}/files/{name}": name for name in recipe.patches}


def recipe_masks(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """Give the entries of profiles/package.mask that the recipe asks for: atom, reason."""
    return tuple(
        (f"={recipe.package}-{version.full}", version.mask) for version in recipe.versions if version.mask
    )


def recipe_ebuild_text(recipe: Recipe, version: RecipeVersion) -> str:
    """Give the text of one version's ebuild."""
    return _templates().get_template("recipe.ebuild.j2").render(e=recipe_ebuild(recipe, version))


def recipe_metadata_text(recipe: Recipe) -> str:
    """Give metadata.xml (GLEP 68); flags that ::gentoo describes for all packages are not described again."""
    flags = sorted((flag.name, flag.description) for flag in recipe.flags if flag.description)
    template = _templates().get_template("gentoo.metadata.xml.j2")
    lines = recipe.description.splitlines()
    return template.render(maintainer=MAINTAINER, lines=lines, flags=flags, remote_ids=_remote_ids(recipe))


def recipe_ebuild(recipe: Recipe, version: RecipeVersion) -> RecipeEbuild:
    """The ebuild of one version."""
    variables = tuple((name, _assigned(value)) for name, value in _variables(recipe).items())
    return RecipeEbuild(
        years=recipe.years,
        variables=variables,
        inherit=inherited(recipe, version),
        description=recipe.summary,
        homepage=_many("HOMEPAGE", recipe.homepages),
        git=recipe.git if version.live else "",
        fetched=_many("SRC_URI", tuple(map(_fetched, origins_of(recipe, version)))),
        folder=_folder(recipe, version),
        license=dialect.gentoo_license(recipe.license),
        slot=recipe.slot,
        keywords=recipe.keywords_of(version),
        flags=_flags(recipe),
        required_use=_expression("REQUIRED_USE", recipe.required_use),
        restrict=_expression("RESTRICT", recipe.restrict),
        each=_each(recipe),
        depends=tuple(
            _expression(n, recipe.depends[n], split=True) for n in DEPENDENCIES if n in recipe.depends
        ),
        lists=_lists(recipe),
        calls=recipe.calls,
        functions=_functions(recipe, version),
    )


def inherited(recipe: Recipe, version: RecipeVersion) -> tuple[str, ...]:
    """Give the eclasses: those that the recipe names and those that its keys need, in order of names."""
    needed = {
        "autotools": bool(recipe.autotools and recipe.autotools.regenerate),
        "check-reqs": bool(recipe.disk),
        "cmake": bool(recipe.cmake and not recipe.cmake.multilib),
        "cmake-multilib": bool(recipe.cmake and recipe.cmake.multilib),
        "git-r3": version.live,
        "toolchain-funcs": bool(recipe.openmp),
        "webapp": bool(recipe.webapp),
    }
    return tuple(sorted({*recipe.inherit, *(name for name, wanted in needed.items() if wanted)}))


def _variables(recipe: Recipe) -> Mapping[str, str | tuple[str, ...]]:
    space = {"CHECKREQS_DISK_BUILD": recipe.disk} if recipe.disk else {}
    return {**recipe.variables, **space}


def _assigned(value: str | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return f"( {' '.join(value)} )"
    return value if PLAIN.fullmatch(value) else f'"{value}"'


def _many(name: str, values: tuple[str, ...]) -> str:
    """A variable with one value on its line, or with several on lines of their own; "" for none."""
    if len(values) <= 1:
        return f'{name}="{values[0]}"' if values else ""
    return "\n".join([f'{name}="', *(f"\t{value}" for value in values), '"'])


def _fetched(origin: Origin) -> str:
    text = f"{origin.url} -> {origin.name}" if origin.name else origin.url
    return f"{origin.use}? ( {text} )" if origin.use else text


def _folder(recipe: Recipe, version: RecipeVersion) -> str:
    """A live ebuild's S is the repository's: git-r3.eclass sets it."""
    return "" if version.live else recipe.folder


def _flags(recipe: Recipe) -> tuple[str, ...]:
    flags = sorted(recipe.flags, key=lambda flag: flag.name)
    return tuple(f"+{flag.name}" if flag.default else flag.name for flag in flags)


def _expression(name: str, lines: Iterable[str], *, split: bool = False) -> str:
    """A variable in PMS's dependency syntax: on one line where that is short and `split` does not ask for more."""
    found = [line for text in lines for line in laid_out(parse_dependency(text))]
    if not found:
        return ""
    if len(found) == 1 and (not split or REFERENCE.fullmatch(found[0].strip())):
        return f'{name}="{found[0].strip()}"'
    return "\n".join([f'{name}="', *found, '"'])


def _each(recipe: Recipe) -> str:
    """The values of `each` and what they add to SRC_URI and IUSE."""
    each = recipe.each
    if not each:
        return ""
    variable = each_name(recipe)
    return "\n".join(
        [
            f"# {each.expand.upper()} and what upstream calls it",
            f'{variable}="',
            *_pairs(each),
            '"',
            f"for pair in ${{{variable}}}; do",
            f'\tIUSE+=" {each.expand}_${{pair%:*}}"',
            "\twords=${pair#*:}",
            f"\tfor {each.word} in ${{words//,/ }}; do",
            f'\t\tSRC_URI+=" {each.expand}_${{pair%:*}}? ( {each.url} -> {each.name} )"',
            "\tdone",
            "done",
            f"unset pair words {each.word}",
        ]
    )


def _pairs(each: Each) -> list[str]:
    return [f"\t{value}:{','.join(words)}" for value, words in sorted(each.values.items())]


def _lists(recipe: Recipe) -> tuple[str, ...]:
    """The arrays that phases read: DOCS, PATCHES."""
    docs = f"DOCS=( {' '.join(recipe.docs)} )" if recipe.docs else ""
    patches = [f'\t"${{FILESDIR}}/{name}"' for name in recipe.patches]
    return tuple(filter(None, (docs, "\n".join(["PATCHES=(", *patches, ")"]) if patches else "")))


def _functions(recipe: Recipe, version: RecipeVersion) -> tuple[str, ...]:
    bodies = phase_bodies(recipe, version)
    made = [function(name, lines) for name, lines in bodies.items()]
    if recipe.threads:
        made.insert(0, _part("recipe.threads.bash.j2"))
    if recipe.migration:
        made.append(_part("recipe.migration.bash.j2", m=recipe.migration))
    return tuple(made)


def _part(template: str, **values: object) -> str:
    return _templates().get_template(template).render(**values).rstrip("\n")


def _remote_ids(recipe: Recipe) -> list[tuple[str, str]]:
    """The project on a host that metadata.xml knows: the repository's, else that of the first file from there."""
    pages = [recipe.git, *(origin.url for origin in recipe.origins)]
    found = (re.match(r"https?://([^/]+)/([^/$]+/[^/$]+?)(?:\.git)?(?:/|$)", page) for page in pages)
    known = [(REMOTES[at[1]], at[2]) for at in found if at and at[1] in REMOTES]
    return known[:1]


@cache
def _templates() -> "Environment":
    return text_templates({"quoted": quoted, "xml": partial(html.escape, quote=False)})
