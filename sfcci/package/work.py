"""What a component is built from, and the build itself: for the step, which keeps it, and for the proof, which builds it twice."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.package import checks, copr, headers, lint, mock, payload, rpm_format, rpmbuild, tree
from sfcci.package.build import BuiltPackages, Host
from sfcci.package.component import Component
from sfcci.package.hosts import Hosts
from sfcci.package.index import Subject, subject
from sfcci.package.payload import read_package
from sfcci.package.profile import HOST, Profile
from sfcci.package.publication import current_repository
from sfcci.package.spec_feature import needs_closure
from sfcci.settings import Settings

Say = Callable[[str], None]
BREAKING_IMPORT = b"import sfcci_has_no_such_module\n"
BROKEN_MODULE = "sfcci/cli/main.py"
PROOFS = (checks, copr, headers, lint, mock, payload, rpm_format, rpmbuild)
"""Modules whose code decides what a build is and what is said of it."""


BUILDERS = ("rpmbuild", "mock", "copr")
"""What builds: rpmbuild on this machine; mock in a chroot of the distribution, here or at Copr."""


@dataclass(frozen=True)
class Order:
    """How components are to be built."""

    force: bool = False
    """Nothing that was built before is used again."""
    fault: bool = False
    """The import of every application is broken on purpose."""
    write_specs: bool = False
    """A spec that has changed is written; else that is a finding."""
    whole: bool = True
    """With the features that need the components' whole requirements. A build that has them passes for one without."""
    profile: Profile = HOST
    builder: str = BUILDERS[0]
    wanted: tuple[str, ...] = ()
    """Features that a build has only when it is asked for them."""


NORMAL = Order()


def kept_apart(settings: Settings, order: Order) -> Settings:
    """Give the settings under which packages of an order are kept: those of this machine's own in the state folder itself."""
    if order.fault:
        return with_fault(settings)
    if order.profile is not HOST:
        return replace(settings, state=settings.state / "profiles" / order.profile.name)
    return settings


def with_fault(settings: Settings) -> Settings:
    """Give the settings under which packages that were broken on purpose are kept."""
    return replace(settings, state=settings.state / "with-fault")


@dataclass(frozen=True)
class Work:
    """What a component is built from and where."""

    component: Component
    found: Subject
    rendered: Mapping[str, str]
    """The spec: path in the project → text."""
    archive: Path
    host: Host
    without: tuple[str, ...] = ()
    """Features that are left out."""
    wanted: tuple[str, ...] = ()
    """Features that are asked for."""
    builder: str = BUILDERS[0]
    repository: Path = Path()
    """Where components that were built before are published."""
    beside: tuple[Path, ...] = ()
    """Patches and sources that hand-edited regions of the spec name."""
    copr: str = ""
    """The project at Copr."""
    say: Say = lambda _text: None

    @property
    def sources(self) -> tuple[Path, ...]:
        """What goes into the source RPM besides the spec, the archive first."""
        return (self.archive, *self.beside)

    @property
    def log(self) -> Path:
        """What was said while it was built, as far as it came: by mock, else by rpmbuild."""
        log = rpmbuild.build_log(self.component, self.host)
        by_mock = log.parent / mock.RESULTS / log.name
        by_copr = log.parent / copr.RESULTS / mock.chroot_name(self.host.profile) / log.name
        return next((path for path in (by_mock, by_copr) if path.exists()), log)

    @property
    def python(self) -> str:
        """The Python that the packages are for, as in 3.11."""
        return self.host.python_version if self.builder == BUILDERS[0] else self.host.profile.python

    @property
    def spec(self) -> str:
        """The spec's text."""
        (text,) = self.rendered.values()
        return text

    def fingerprint(self) -> str:
        """Hash of all that a build is made of: source, spec, features left out, host, checks."""
        parts = (
            *(hashlib.sha256(source.read_bytes()).hexdigest() for source in self.sources),
            self.spec,
            " ".join([self.builder, *self.without, *(f"+{name}" for name in self.wanted)]),
            self.host.identity(),
            lint.CONFIGURATION.read_text(),
            *(Path(str(module.__file__)).read_text() for module in PROOFS),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def build(self) -> BuiltPackages:
        """Build the source and binary RPMs. Raises ToolError, MissingTool, UsageError, Unreachable."""
        if self.builder == BUILDERS[0]:
            options = rpmbuild.feature_options(self.without, self.wanted)
            return rpmbuild.build_rpms(self.component, self.spec, self.sources, self.host, options)
        source_rpm, spec = rpmbuild.build_source_rpm(self.component, self.spec, self.sources, self.host)
        folder, profile = spec.parent.parent, self.host.profile
        if self.builder == "copr":
            return copr.rebuild(profile, self.copr, source_rpm, spec, folder, self.say)
        return mock.rebuild(profile, source_rpm, spec, folder, self.repository, self.without)


def prepared_work(settings: Settings, component: Component, hosts: Hosts, order: Order, say: Say) -> Work:
    """Get the source, render the spec, choose the host. Raises InputError, Unreachable, MissingTool, ToolError."""
    found = subject(component, settings.project, settings.cache, say)
    rendered = tree.spec_tree(settings.project, [found])
    large = needs_closure(component, found.metadata)
    host = hosts.whole() if large and order.whole and order.builder == "rpmbuild" else hosts.small()
    archive = found.sdist or _archive(settings, found, host, order)
    without = component.features if large and not order.whole else ()
    published = current_repository(settings.state)
    beside = tree.beside(settings.project, rendered)
    return Work(
        component,
        found,
        rendered,
        archive,
        host,
        without,
        tuple(name for name in order.wanted if name in component.features),
        order.builder,
        published,
        beside,
        copr=settings.rpm.copr,
        say=say,
    )


def own_findings(work: Work, built: BuiltPackages) -> tuple[Finding, ...]:
    """Give what our own checks say of a build. Raises InputError, MissingTool, ToolError."""
    host = work.host
    inside = [host.inside(host.folder / name) for name in ("build", "home", "environment", "macros")]
    built_in = (host.folder, host.environment.root, host.place, *inside)
    return checks.check_packages(
        checks.Subject(
            component=work.component,
            python=work.python,
            packages=tuple(read_package(path) for path in built.binary_rpms),
            requires=work.found.metadata.requires,
            build_paths=tuple(dict.fromkeys(str(path) for path in built_in)),
            without=work.without,
        )
    )


def wrong_python(work: Work) -> tuple[Finding, ...]:
    """Tell that a package is for another Python than its distribution's. The source RPM is right all the same."""
    profile = work.host.profile
    if profile.python in {"", work.python}:
        return ()
    what = f"built for Python {work.python}: this machine has no Python {profile.python}, which {profile.title} has"
    hint = f"install python{profile.python}, or build the source RPM there: sfcci package rpm --builder mock (or copr)"
    return (Finding("ProfilePython", Severity.WARNING, Place(profile.name), what, hint),)


def _archive(settings: Settings, found: Subject, host: Host, order: Order) -> Path:
    component = found.component
    archive = rpmbuild.source_archive(component, found.metadata.build_backend, settings.project, host)
    if order.fault and component.kind == "application":
        _break_import(archive)
    return archive


def _break_import(archive: Path) -> None:
    """Rewrite an sdist so that its program imports a module that is nowhere: it builds, and fails when it is started."""
    with tarfile.open(archive, "r:gz") as source:
        opened = [(member, source.extractfile(member)) for member in source]
        members = [(member, file.read() if file else b"") for member, file in opened]
    with tarfile.open(archive, "w:gz") as target:
        for member, data in members:
            text = BREAKING_IMPORT + data if member.name.endswith(f"/{BROKEN_MODULE}") else data
            member.size = len(text)
            target.addfile(member, io.BytesIO(text))
