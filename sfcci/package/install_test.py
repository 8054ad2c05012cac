"""The installation test: packages installed from the signed repository with all that they require, and put to use there.

dnf solves out of our repository and the universe alone; then rpm verifies, and every module is imported and every entry point
loaded from that root by an interpreter that has nothing else. Scriptlets, build dependencies and the repository's closure are checked.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sfcci import command
from sfcci.command import Completed
from sfcci.errors import MissingTool, UsageError
from sfcci.finding import Finding, exit_status
from sfcci.machine import DNF_PLUGINS, install_hint
from sfcci.package import install_answers, lint, publication, signing
from sfcci.package.build import workspace
from sfcci.package.catalogue import finished, load_catalogue, with_specs
from sfcci.package.component import Component
from sfcci.package.hosts import target_python
from sfcci.package.install_root import Root, empty_root, memory, probe
from sfcci.package.profile import HOST, Profile
from sfcci.package.publication import Published
from sfcci.package.repository import StoredBuild, package_name
from sfcci.package.universe import CLAIMED, own_claims
from sfcci.package.universe_build import BuiltUniverse, build_stand_in, held_universe
from sfcci.package.work import Order, kept_apart
from sfcci.settings import Settings

Say = Callable[[str], None]
CATALOGUE = "packaging"
SHORT_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class ComponentInstall:
    """What the installation of one component gave."""

    component: str
    installed: tuple[str, ...] = ()
    """NAME-VERSION-RELEASE.ARCH of all that dnf installed, sorted."""
    modules: int = 0
    """So many were imported, or are exceptions."""
    entry_points: int = 0
    excused: int = 0
    """So many of both do not load, by design."""
    scriptlets: tuple[str, ...] = ()
    """Packages whose scriptlets ran."""
    scriptlets_run: bool = True
    """False: the kernel allows no overlay here, scriptlets were left out."""
    owners_verified: bool = True
    """False: as an ordinary user, who has one account for all that is installed."""
    stand_ins: tuple[str, ...] = ()
    """What the distribution has and the test only claims (capabilities), sorted."""
    durations_s: Mapping[str, float] = field(default_factory=dict)
    """Check → seconds."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class InstallReport:
    """What the test gave."""

    components: tuple[ComponentInstall, ...]
    repository: Published
    """The repository that was installed from; signed, with a key of this run alone where the published one is not."""
    closure: tuple[Finding, ...] = ()
    """What packages of the repository require and nothing brings."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all components, then the repository's, each once: what is wrong with the repository itself meets them all."""
        of_components = (finding for one in self.components for finding in one.findings)
        return tuple(dict.fromkeys((*of_components, *self.closure)))

    @property
    def exit_status(self) -> int:
        """1 when something was found."""
        return exit_status(self.findings)


def install_test(
    settings: Settings, say: Say, only: Sequence[str] = (), profile: Profile = HOST
) -> InstallReport:
    """Test the newest builds of the components named in `only`, else of all that were built for the profile.

    The interpreter is that of the profile's distribution where this machine has it. Raises UsageError (a name, nothing built), InputError, MissingTool, Unreachable, ToolError.
    """
    require_dnf()
    state = kept_apart(settings, Order(profile=profile)).state
    builds = tested_builds(settings, state, only, profile)
    with (
        held_universe(settings, say, target_python(profile)) as made,
        workspace(memory()) as scratch,
    ):
        repository = signed_repository(settings, scratch, say, state)
        tested = tuple(_Test(one, made, repository, scratch / one[0].name, say).report() for one in builds)
        say("looking for what the repository requires and does not have")
        everything = _all_builds(settings, state)
        closure = _closure(everything, made, repository, scratch / "closure")
    return InstallReport(tested, repository, closure)


def require_dnf() -> None:
    """Raises MissingTool when dnf or the plug-ins that the test needs are not here; the message says what installs them."""
    command.find("dnf")
    done = command.run(["dnf", "repoclosure", "--help"], timeout_s=SHORT_TIMEOUT_S, check=False)
    if done.status != 0:
        raise MissingTool("dnf has no plug-ins here (repoclosure, builddep)", install_hint(DNF_PLUGINS))


def signed_repository(settings: Settings, scratch: Path, say: Say, state: Path) -> Published:
    """Give the published repository when it is signed, else a copy of it that is signed with a key of this run.

    `state` is where the packages are kept.
    """
    published = publication.publish(settings, say, state=state)
    if published.key:
        return published
    key = signing.new_key(scratch / "key")
    folder = scratch / "repository"
    folder.mkdir()
    copy = Published(folder, published.builds, key.fingerprint)
    publication.fill(folder, publication.publishable(state), copy, key, scratch)
    return copy


def tested_builds(
    settings: Settings, state: Path, only: Sequence[str], profile: Profile
) -> tuple[tuple[Component, StoredBuild], ...]:
    """Give the newest builds without errors of the components named in `only`, else of all. Raises UsageError, InputError."""
    wanted = with_specs(load_catalogue(settings.project / CATALOGUE, only), only)
    there = _all_builds(settings, state)
    lost = [one.name for one in wanted if one not in [component for component, _build in there]]
    if (lost and only) or not there:
        words = ["sfcci package rpm", *(lost if only else ()), *profile.words]
        raise UsageError(f"no RPM without errors of {', '.join(lost)}; build it with: {' '.join(words)}")
    return tuple((component, build) for component, build in there if component in wanted)


def _all_builds(settings: Settings, state: Path) -> tuple[tuple[Component, StoredBuild], ...]:
    """Every described component that has a build without errors."""
    there = {build.component: build for build in publication.publishable(state)}
    catalogue = finished(settings.project / CATALOGUE)
    return tuple((one, there[one.name]) for one in catalogue if one.name in there)


@dataclass(frozen=True)
class _Test:
    """One component's way through the test."""

    subject: tuple[Component, StoredBuild]
    made: BuiltUniverse
    repository: Published
    scratch: Path
    say: Say
    said: list[str] = field(default_factory=list)
    """What dnf said when it installed."""
    installed: list[str] = field(default_factory=list)
    """What was in the root before build dependencies came and the packages went again."""
    findings: list[Finding] = field(default_factory=list)
    probed: list[install_answers.Probed] = field(default_factory=list)
    durations_s: dict[str, float] = field(default_factory=dict)

    def report(self) -> ComponentInstall:
        component, build = self.subject
        self.say(f"installing {component.name} {build.version} with all that it requires")
        claims = claims_of([self.subject])
        with self._timed("prepare"):
            root = prepared(self.scratch, self.repository, self.made, claims, accounts(component))
        whole = self._put_to_use(root)
        self.installed.extend(packages_of(root))
        if whole:
            self._verify(root)
            self._build_dependencies(root)
            self._remove(root)
        return self._told(root, claims)

    def _put_to_use(self, root: Root) -> bool:
        """Install the main package and import what it brings, then the others: the main one must not live on what those require."""
        component, build = self.subject
        main = lint.main_rpm(component, build.binary_rpms)
        others = tuple(path for path in build.binary_rpms if path != main)
        if not (self._installed(root, (main,)) and self._installed(root, others)):
            return False
        if component.rpm.provides:
            self._install(root, component.rpm.provides, "NameNotResolved")
        return True

    def _installed(self, root: Root, rpms: Sequence[Path]) -> bool:
        """Install packages and import what they bring. False when dnf could not."""
        if not rpms:
            return True
        if not self._install(root, [path.stem for path in rpms], "NotInstalled"):
            return False
        with self._timed("import"):
            for rpm in rpms:
                self._import(root, package_name(rpm))
        return True

    def _install(self, root: Root, names: Sequence[str], keyword: str) -> bool:
        with self._timed("install"):
            done = root.dnf("install", "--setopt=plugins=0", *names)
        self._heard(done, keyword)
        return done.status == 0

    def _heard(self, done: Completed, keyword: str) -> None:
        """Keep what dnf said of a transaction, and what was wrong with it."""
        text = done.stdout + done.stderr
        self.said.append(text)
        self.findings.extend(install_answers.scriptlet_findings(text))
        if done.status != 0:
            self.findings.extend(install_answers.transaction_findings(text, keyword))

    def _import(self, root: Root, package: str) -> None:
        python = self.made.python
        site = f"/usr/lib/python{python.version}/site-packages"
        paths = root.rpm("--query", "--list", package).stdout.splitlines()
        modules = install_answers.module_names(paths, site)
        folders = install_answers.distributions(paths, site)
        if modules or folders:
            self.probed.append(probe(root, python.path, package, site, modules, folders))

    def _verify(self, root: Root) -> None:
        with self._timed("verify"):
            done = root.rpm("--verify", *(() if root.owners else ("--nouser", "--nogroup")), "--all")
        self.findings.extend(install_answers.verify_findings(done.stdout + done.stderr))

    def _build_dependencies(self, root: Root) -> None:
        _component, build = self.subject
        with self._timed("builddep"):
            done = root.dnf("builddep", "--srpm", build.source_rpm)
        if done.status != 0:
            text = done.stdout + done.stderr
            self.findings.extend(install_answers.transaction_findings(text, "BuildDependencies"))

    def _remove(self, root: Root) -> None:
        """Take the packages away again: their last scriptlets run."""
        _component, build = self.subject
        with self._timed("remove"):
            done = root.dnf(
                "remove", "--setopt=plugins=0", *(package_name(path) for path in build.binary_rpms)
            )
        self._heard(done, "NotRemoved")

    def _told(self, root: Root, claims: Sequence[str]) -> ComponentInstall:
        component, _build = self.subject
        loads = install_answers.import_findings(self.probed, component.exceptions)
        answers = [
            error for one in self.probed for error in (*one.modules.values(), *one.entry_points.values())
        ]
        return ComponentInstall(
            component.name,
            installed=tuple(self.installed),
            modules=sum(len(one.modules) for one in self.probed),
            entry_points=sum(len(one.entry_points) for one in self.probed),
            excused=sum(map(bool, answers)) - sum(f.keyword in install_answers.NOT_LOADED for f in loads),
            scriptlets=install_answers.scriptlets_run("".join(self.said)) if root.runs_scriptlets else (),
            scriptlets_run=root.runs_scriptlets,
            owners_verified=root.owners,
            stand_ins=tuple(sorted(claims)),
            durations_s=dict(self.durations_s),
            findings=(*self.findings, *(loads if self.probed else ())),
        )

    @contextlib.contextmanager
    def _timed(self, check: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.durations_s[check] = self.durations_s.get(check, 0.0) + time.monotonic() - begin


def packages_of(root: Root) -> list[str]:
    """Give NAME-VERSION-RELEASE.ARCH of what is installed, sorted; keys are no packages."""
    query = root.rpm("--query", "--all", "--queryformat", "%{nevra}\\n").stdout.splitlines()
    return sorted(line for line in query if not line.startswith("gpg-pubkey"))


def claims_of(builds: Iterable[tuple[Component, StoredBuild]]) -> tuple[str, ...]:
    """Give what the descriptions of these builds require of the distribution by name, sorted; not what is built here."""
    listed = tuple(builds)
    packages = {package_name(path) for _component, build in listed for path in build.binary_rpms}
    return tuple(sorted({claim for component, _build in listed for claim in own_claims(component, packages)}))


def accounts(component: Component) -> tuple[str, ...]:
    """Give the users and groups that the component's files belong to: a package that it requires brings them."""
    return tuple(sorted({name for one in component.configs for name in (one.owner, one.group)} - {"root"}))


def prepared(
    scratch: Path, repository: Published, made: BuiltUniverse, claims: Sequence[str], names: Sequence[str]
) -> Root:
    """Make an empty root for dnf, with the repository, the universe, and the stand-in for what is claimed."""
    stand_in = scratch / "stand-in"
    build_stand_in((*CLAIMED, *claims), stand_in)
    ours = publication.repo_text(repository.folder.resolve().as_uri(), signed=True)
    fillers = {"universe": made.folder, "stand-in": stand_in}
    names_of_ours = sorted({package_name(path) for path in repository.folder.glob("*.noarch.rpm")})
    repositories = {name: _filling(name, folder, names_of_ours) for name, folder in fillers.items()}
    return empty_root(scratch, {publication.NAME: ours, **repositories}, names)


def _closure(
    builds: Sequence[tuple[Component, StoredBuild]], made: BuiltUniverse, repository: Published, scratch: Path
) -> tuple[Finding, ...]:
    """Have dnf look for what no package brings, over all that is published."""
    root = prepared(scratch, repository, made, claims_of(builds), ())
    done = root.dnf("repoclosure", "--check", publication.NAME)
    return install_answers.repository_findings(done.stdout + done.stderr) if done.status != 0 else ()


def _filling(name: str, folder: Path, ours: Sequence[str]) -> str:
    """Give the .repo text of a repository that only fills up: what ours has, in whatever version, is not taken from there."""
    lines = (f"name={name}", f"baseurl={folder.resolve().as_uri()}/", "enabled=1", "gpgcheck=0")
    return "\n".join([f"[{name}]", *lines, f"excludepkgs={','.join(ours)}", ""])
