"""What a recipe's ebuild does in each phase: the functions that its build system and its other keys ask for.

A body is a list of lines without the function's own indentation. PMS 9.1 names the phases; what `cmake_src_compile`
and its like do is the eclasses' (::gentoo, or the minimal master's).
"""

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from sfcci.package.recipe import Recipe, RecipeVersion
from sfcci.package.recipe_schema import MULTILIB_PHASES, PHASES
from sfcci.package.recipe_sources import last_part, origins_of

Lines: TypeAlias = list[str]


def phase_bodies(recipe: Recipe, version: RecipeVersion) -> dict[str, Lines]:
    """Give each phase that has a body, in the order of an ebuild: those that follow, and those that are given."""
    made = following(recipe, version) | {name: given(text) for name, text in recipe.phases.items()}
    order = [*PHASES[: PHASES.index("pkg_preinst")], *MULTILIB_PHASES, *PHASES[PHASES.index("pkg_preinst") :]]
    return {name: made[name] for name in order if made.get(name)}


def following(recipe: Recipe, version: RecipeVersion) -> dict[str, Lines]:
    """Give the phases that the recipe's keys lead to; `pkg_config` of a migration is a text of its own."""
    made: dict[str, Lines] = {}
    for part in (_checks, _unpack, _autotools, _cmake, _webapp, _threads, _messages):
        for name, lines in part(recipe, version).items():
            made.setdefault(name, []).extend(lines)
    return {name: lines for name, lines in made.items() if lines}


def given(text: str) -> Lines:
    """Give the lines of a body that stands in a description: four blanks in front count as a tab."""
    lines = textwrap.dedent(text).strip("\n").splitlines()
    return [_tabbed(line.rstrip()) for line in lines]


def function(name: str, lines: Iterable[str]) -> str:
    """Give the text of a function."""
    return "\n".join([f"{name}() {{", *(f"\t{line}" if line else "" for line in lines), "}"])


def only_if(condition: str, lines: Lines) -> Lines:
    """Give lines that happen when a flag is set (`flag`) or is not (`!flag`); all the same for ""."""
    if not condition or not lines:
        return lines
    use = f"! use {condition[1:]}" if condition.startswith("!") else f"use {condition}"
    return [f"if {use}; then", *(f"\t{line}" for line in lines), "fi"]


def _checks(recipe: Recipe, _version: RecipeVersion) -> Mapping[str, Lines]:
    if not recipe.openmp:
        return {}
    asked = [f"if [[ ${{MERGE_TYPE}} != binary ]] && use {recipe.openmp}; then", "\ttc-check-openmp", "fi"]
    return {phase: [*_room(recipe, phase), *asked] for phase in ("pkg_pretend", "pkg_setup")}


def _room(recipe: Recipe, phase: str) -> Lines:
    """check-reqs.eclass exports both phases: who defines them himself calls it."""
    return [f"check-reqs_{phase}"] if recipe.disk else []


def _unpack(recipe: Recipe, version: RecipeVersion) -> Mapping[str, Lines]:
    """Archives are unpacked by PMS's default, which passes over all that is no archive; the rest goes to its place."""
    origins = origins_of(recipe, version)
    placed = [
        line
        for move in recipe.moves
        if not version.live
        for line in only_if(move.use, [_moved(move.origin, move.target)])
    ]
    for origin in origins:
        if origin.into:
            placed += only_if(
                origin.use, [_copied(origin.name or last_part(origin.url), origin.into, origin.url)]
            )
    placed += _each(recipe)
    if not placed:
        return {}
    archives = any(not origin.into for origin in origins)
    first = ["git-r3_src_unpack"] if version.live else []
    return {"src_unpack": [*first, *(["default"] if archives else []), *placed]}


def _moved(origin: str, target: str) -> str:
    return f'mv "{origin}" "{target}" || die'


def _copied(name: str, folder: str, url: str) -> str:
    return f'cp "${{DISTDIR}}/{name}" "{folder}/{last_part(url)}" || die'


def _each(recipe: Recipe) -> Lines:
    each = recipe.each
    if not each or not each.into:
        return []
    return [
        f"local pair words {each.word}",
        f"for pair in ${{{each_name(recipe)}}}; do",
        f"\tuse {each.expand}_${{pair%:*}} || continue",
        "\twords=${pair#*:}",
        f"\tfor {each.word} in ${{words//,/ }}; do",
        f"\t\t{_copied(each.name, each.into, each.url)}",
        "\tdone",
        "done",
    ]


def each_name(recipe: Recipe) -> str:
    """Give the variable that holds the values of `each`: LANGUAGES."""
    return f"{recipe.each.word.upper()}S" if recipe.each else ""


def _autotools(recipe: Recipe, _version: RecipeVersion) -> Mapping[str, Lines]:
    tools = recipe.autotools
    if not tools:
        return {}
    arguments = list(tools.arguments)
    arguments += [_use_words("enable", flag, word) for flag, word in tools.enable.items()]
    arguments += [_use_words("with", flag, word) for flag, word in tools.with_.items()]
    configure = [*_array("myeconfargs", arguments), 'econf "${myeconfargs[@]}"'] if arguments else []
    manual = recipe.manual
    return {
        "src_prepare": ["default", "eautoreconf"] if tools.regenerate else [],
        "src_configure": configure,
        "src_compile": ["default", *only_if("doc", [f"emake {manual.target}"])] if manual else [],
        "src_install": [*only_if("doc", [f"local HTML_DOCS=( {manual.html}/. )"]), "default"]
        if manual
        else [],
    }


def _use_words(kind: str, flag: str, word: str) -> str:
    return f"$(use_{kind} {flag} {word})" if word else f"$(use_{kind} {flag})"


def _cmake(recipe: Recipe, _version: RecipeVersion) -> Mapping[str, Lines]:
    cmake = recipe.cmake
    if not cmake:
        return {}
    prefix = "multilib_src_" if cmake.multilib else "src_"
    arguments = [*cmake.arguments, *(f"-D{name}=$(usex {flag})" for name, flag in cmake.switches.items())]
    configure = [
        *(f"local {name}={value}" for name, value in cmake.locals.items()),
        *_array("mycmakeargs", arguments),
    ]
    made = {f"{prefix}configure": [*configure, "cmake_src_configure"] if arguments else []}
    if manual := recipe.manual:
        asked = "multilib_is_native_abi && use doc" if cmake.multilib else "use doc"
        made[f"{prefix}compile"] = [
            "cmake_src_compile",
            f"if {asked}; then",
            f"\tcmake_build {manual.target}",
            "fi",
        ]
        made[f"{prefix}install"] = [
            "cmake_src_install",
            f"if {asked}; then",
            "\tdocinto html",
            f"\tdodoc -r {_word(manual.html)}/.",
            "fi",
        ]
    return made


def _array(name: str, words: Iterable[str]) -> Lines:
    return [f"local {name}=(", *(f"\t{_word(word)}" for word in words), ")"]


def _word(word: str) -> str:
    """A variable in a word wants quotes; what the eclasses' functions give is a word already."""
    return f'"{word}"' if "${" in word and not word.startswith("$(") else word


def _webapp(recipe: Recipe, _version: RecipeVersion) -> Mapping[str, Lines]:
    webapp = recipe.webapp
    if not webapp:
        return {}
    below = '"${{MY_HTDOCSDIR}}"/{}'.format
    install = ["webapp_src_preinst", "", 'insinto "${MY_HTDOCSDIR}"', "doins -r ."]
    install += [f"keepdir {below(path)}" for path in webapp.keep]
    install += ["", *(f"webapp_serverowned -R {below(path)}" for path in webapp.server_owned)]
    install += [f"webapp_configfile {below(path)}" for path in webapp.config_files]
    return {"pkg_setup": ["webapp_pkg_setup"], "src_install": [*install, "", "webapp_src_install"]}


def _threads(recipe: Recipe, _version: RecipeVersion) -> Mapping[str, Lines]:
    threads = recipe.threads
    if not threads:
        return {}
    prefix = "multilib_" if recipe.cmake and recipe.cmake.multilib else ""
    test = [
        f'local -x LD_LIBRARY_PATH="{threads.library}"',
        f'check_threads {threads.compiler} -I"{threads.library}" -L"{threads.library}"',
    ]
    return {f"{prefix}src_test": test, "pkg_config": [f"check_threads {threads.compiler}"]}


def _messages(recipe: Recipe, _version: RecipeVersion) -> Mapping[str, Lines]:
    said = [f'elog "{quoted(message)}"' for message in recipe.messages]
    if recipe.migration:
        what = f"{recipe.migration.own_title} can take the data of {recipe.migration.title} over"
        said += [f'elog "{what}:"', 'elog "  emerge --config =${CATEGORY}/${PF}"']
    if recipe.threads:
        said += ['elog "Every thread at work? emerge --config =${CATEGORY}/${PF}"']
    if recipe.webapp and said:
        said.append("webapp_pkg_postinst")
    return {"pkg_postinst": said}


def quoted(text: str) -> str:
    r"""Make text stand for itself inside double quotes of bash: \, ", $ and ` lose their meaning."""
    return re.sub(r'([\\"$`])', r"\\\1", text)


def _tabbed(line: str) -> str:
    bare = line.lstrip(" ")
    return "\t" * ((len(line) - len(bare)) // 4) + bare
