"""The merge test: a component's ebuild built by portage, merged, and put to use from there; then taken away again.

Modules are imported and entry points loaded out of the merged prefix. What they require comes from the locked closure, which pip
installed: that the overlay's own packages satisfy each other is shown where they are merged together.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import InvalidVersion

from sfcci.errors import EXIT_OK, SfcciError, ToolError, UsageError
from sfcci.finding import Finding, exit_status
from sfcci.package import closure, dialect, import_probe, install_answers
from sfcci.package.catalogue import chosen, load_catalogue
from sfcci.package.closure import Interpreter
from sfcci.package.component import Component
from sfcci.package.ebuild import OVERLAY, package_name
from sfcci.package.ebuild_build import build_ebuild
from sfcci.package.ebuild_phases import PHASES, TIMEOUT_S, Around, EbuildBuild, Running
from sfcci.package.index import Subject, fetch_sdist, subject
from sfcci.package.install_answers import Probed
from sfcci.package.recipe import Recipe
from sfcci.package.recipe_merge import merge_recipe
from sfcci.package.recipe_read import load_recipes
from sfcci.settings import Settings

Say = Callable[[str], None]
CATALOGUE = "packaging"
LIVE = "9999"
IMPORT_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Asked:
    """What is to be built, and how."""

    version: str = ""
    """As PEP 440 or Gentoo spell it, 9999 for the live ebuild; "" for the component's own, else the live one."""
    use: tuple[str, ...] = ()
    git: Path | None = None
    """A clone on this machine, for live ebuilds: phases have no network."""
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True)
class ComponentMerge:
    """What building and merging one component gave."""

    component: str
    build: EbuildBuild | None = None
    """None when it could not even begin."""
    modules: int = 0
    """So many were imported, or are exceptions."""
    entry_points: int = 0
    excused: int = 0
    """So many of both do not load, by design."""
    duration_s: float = 0.0
    error: str = ""
    """Why there is no answer."""
    error_status: int = EXIT_OK

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What portage and the imports found."""
        return self.build.findings if self.build else ()

    @property
    def exit_status(self) -> int:
        """The error's, else 1 when something was found."""
        return self.error_status or exit_status(self.findings)


def merge_components(
    settings: Settings, say: Say, only: Sequence[str] = (), asked: Asked = Asked()
) -> tuple[ComponentMerge, ...]:
    """Build and merge the components that the overlay has, and recipes (those named in `only`, else all).

    One that fails stops no other. Raises InputError (the catalogue), UsageError (a name).
    """
    folder = settings.project / CATALOGUE
    known = {one.name: one for one in load_recipes(folder)}
    names = [name for name in only if name not in known]
    found = chosen(load_catalogue(folder, names), names) if names or not only else ()
    listed = [one for one in found if one.gentoo.overlay or only]
    recipes = [one for name, one in known.items() if not only or name in only]
    return (
        *(_merged(settings, say, one, asked) for one in listed),
        *(_merged_recipe(settings, say, one, asked) for one in recipes),
    )


def _merged(settings: Settings, say: Say, component: Component, asked: Asked) -> ComponentMerge:
    begin = time.monotonic()
    try:
        made = _Merge(settings, say, subject(component, settings.project, settings.cache, say), asked)
        build = made.build()
    except SfcciError as error:
        spent = time.monotonic() - begin
        status = error.exit_status
        return ComponentMerge(component.name, duration_s=spent, error=str(error), error_status=status)
    return made.told(build, time.monotonic() - begin)


def _merged_recipe(settings: Settings, say: Say, recipe: Recipe, asked: Asked) -> ComponentMerge:
    begin = time.monotonic()
    try:
        build = merge_recipe(settings, say, recipe, asked)
    except SfcciError as error:
        spent = time.monotonic() - begin
        return ComponentMerge(recipe.name, duration_s=spent, error=str(error), error_status=error.exit_status)
    return ComponentMerge(recipe.name, build, duration_s=time.monotonic() - begin)


@dataclass(frozen=True)
class _Merge:
    """One component's way through the test."""

    settings: Settings
    say: Say
    subject: Subject
    asked: Asked
    probed: list[Probed] = field(default_factory=list)

    def build(self) -> EbuildBuild:
        """Build and merge the ebuild that was asked for. Raises what `build_ebuild` does."""
        component = self.subject.component
        folder = self.settings.project / OVERLAY / package_name(component)
        version = self._version(folder)
        ebuild = folder / f"{folder.name}-{version}.ebuild"
        return build_ebuild(
            self.settings,
            self.say,
            ebuild,
            phases=PHASES,
            use=self.asked.use,
            distfiles=self._distfiles(version),
            around=Around(
                self._repositories(version), self._closure, {"qmerge": self._put_to_use}, self.asked.timeout_s
            ),
        )

    def told(self, build: EbuildBuild, duration_s: float) -> ComponentMerge:
        """Give the report."""
        loads = install_answers.import_findings(self.probed, self.subject.component.exceptions)
        errors = [e for one in self.probed for e in (*one.modules.values(), *one.entry_points.values())]
        return ComponentMerge(
            self.subject.component.name,
            build,
            sum(len(one.modules) for one in self.probed),
            sum(len(one.entry_points) for one in self.probed),
            sum(map(bool, errors)) - sum(f.keyword in install_answers.NOT_LOADED for f in loads),
            duration_s,
        )

    def _version(self, folder: Path) -> str:
        """Give the version in the ebuild's name. Raises UsageError: the overlay has none."""
        component, asked = self.subject.component, self.asked.version
        there = [path.stem.removeprefix(f"{folder.name}-") for path in sorted(folder.glob("*.ebuild"))]
        own = dialect.gentoo_version(component.version) if self.subject.sdist else LIVE
        wanted = [asked] if asked else [own, LIVE]
        if asked:
            with suppress(InvalidVersion, dialect.Inexpressible):
                wanted.append(dialect.gentoo_version(asked))
        if found := next((version for version in wanted if version in there), None):
            return found
        names = ", ".join(there) or "none; render them with: sfcci package ebuild"
        raise UsageError(
            f"{OVERLAY}/{package_name(component)} has no ebuild of {asked or own}; there are: {names}"
        )

    def _distfiles(self, version: str) -> Path:
        """Give the folder with what the ebuild fetches. Raises Unreachable, InputError (its hash)."""
        component = self.subject.component
        for other in component.gentoo.versions:
            if other.sdist and dialect.gentoo_version(other.version) == version:
                return fetch_sdist(component.at(other), self.settings.cache, self.say).parent
        return self.subject.sdist.parent if self.subject.sdist else self.settings.cache / "sdists"

    def _repositories(self, version: str) -> dict[str, Path]:
        """Give the clones that stand for repositories. Raises UsageError: a live ebuild needs one."""
        if version != LIVE:
            return {}
        source = self.subject.component.source
        clone = self.asked.git or (self.settings.project if source.path else None)
        if clone is None:
            raise UsageError(
                f"the live ebuild of {self.subject.component.name} takes its source from {source.git}, and phases have no "
                "network; clone it and name the clone with --git"
            )
        return {source.git: clone.resolve()}

    def _closure(self, python: Interpreter) -> tuple[Path, ...]:
        """What building, testing and running need besides: the locked closure, where there is anything to need."""
        component, metadata = self.subject.component, self.subject.metadata
        tests = bool(component.tests and component.tests.requirements)
        if not (metadata.requires or component.docs or tests):
            return ()
        return (closure.build_environment(self.settings, self.say, python).site_packages,)

    def _put_to_use(self, running: Running) -> tuple[Finding, ...]:
        """Import what was merged and load its entry points; tell what does not."""
        python = running.prefix.python
        if python is None:
            return ()
        self.say(f"{running.name}: imports and entry points")
        self.probed.append(probe_merged(running, python, self._closure(python)))
        return install_answers.import_findings(self.probed, self.subject.component.exceptions)


def probe_merged(running: Running, python: Interpreter, beside: Sequence[Path]) -> Probed:
    """Import all modules and load all entry points of what is merged, the prefix's own before those of `beside`.

    Raises ToolError when the interpreter ended before it could answer.
    """
    prefix = running.prefix.with_layers(*beside)
    site = f"/usr/lib/python{python.version}/site-packages"
    paths = [f"/{path}" for path in running.image]
    request, result, program = (
        prefix.folder / name for name in ("request.json", "result.json", "import_probe.py")
    )
    shutil.copy(str(import_probe.__file__), program)
    result.unlink(missing_ok=True)
    asked = {
        "site": f"{prefix.inside(prefix.path)}{site}",
        "beside": [str(path) for path in beside],
        "modules": install_answers.module_names(paths, site),
        "distributions": install_answers.distributions(paths, site),
    }
    request.write_text(json.dumps(asked))
    words: list[str | Path] = [python.path, "-I", "-S", "-B", *map(prefix.inside, (program, request, result))]
    done = prefix.run(words, IMPORT_TIMEOUT_S)
    if not result.exists():
        raise ToolError(done.failure(), f"the imports of {running.name} ended it")
    told: Mapping[str, dict[str, str]] = json.loads(result.read_text())
    return Probed(running.name, told["modules"], told["entry_points"], tuple(told["outside"]))
