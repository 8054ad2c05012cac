"""What goes with a build's RPMs: its bills of materials and its provenance, from the files themselves."""

from collections.abc import Sequence
from pathlib import Path

from sfcci.environment import MARKER
from sfcci.errors import UsageError
from sfcci.package import mock, provenance, sbom
from sfcci.package.build import MACROS, BuiltPackages
from sfcci.package.catalogue import CATALOGUE, load_catalogue, with_specs
from sfcci.package.headers import read_header
from sfcci.package.profile import profile
from sfcci.package.provenance import Making, provenance_text
from sfcci.package.repository import current_build, digest
from sfcci.package.sbom import Bill, BuiltRpm, sbom_text
from sfcci.package.work import BUILDERS, Order, Work, kept_apart
from sfcci.settings import Settings


def bill(component: str, version: str, source_rpm: Path, binary_rpms: Sequence[Path]) -> Bill:
    """Read what a bill of materials tells of. Raises InputError."""
    return Bill(_rpm(source_rpm), tuple(_rpm(path) for path in binary_rpms), component, version)


def built_bill(settings: Settings, component: str, profile_name: str = "") -> Bill:
    """Give the bill of a component's newest build. Raises UsageError (no such component or build), InputError."""
    (chosen_one,) = with_specs(load_catalogue(settings.project / CATALOGUE, [component]), [component])
    order = Order(profile=profile(profile_name))
    build = current_build(kept_apart(settings, order).state, chosen_one.name)
    if build is None:
        raise UsageError(
            f"no RPM of {component} has been built; build it with: "
            + " ".join(("sfcci package rpm", component, *order.profile.words))
        )
    return bill(chosen_one.name, build.version, build.source_rpm, build.binary_rpms)


def proof_files(work: Work, built: BuiltPackages) -> dict[str, str]:
    """Give the files that go with a build: name → text. The same build gives the same octets. Raises InputError."""
    found = bill(work.component.name, work.found.metadata.version, built.source_rpm, built.binary_rpms)
    bills = {f"{found.name}{sbom.SUFFIX[one]}": sbom_text(found, one) for one in sbom.FORMATS}
    return {**bills, f"{found.name}{provenance.SUFFIX}": provenance_text(found, making(work, built))}


def making(work: Work, built: BuiltPackages) -> Making:
    """Say what a build was made with. mock's chroot, here or at Copr, is what it says itself of the packages in it."""
    host = work.host
    (spec_path,) = work.rendered
    macros = {path.name: path.read_text() for path in MACROS.iterdir() if path.is_file()}
    by_mock = work.builder != BUILDERS[0]
    place = mock.chroot_name(host.profile) if by_mock else str(host)
    requirements = built.log.parent / mock.INSTALLED if by_mock else host.environment.root / MARKER
    return Making(
        component=work.component.name,
        archive=work.archive.name,
        archive_sha256=digest(work.archive),
        spec_path=spec_path,
        spec=work.spec,
        requirements=requirements.read_text() if requirements.exists() else "",
        macros=macros if host.own_macros and not by_mock else {},
        target={"profile": host.profile.name, "python": work.python},
        builder=work.builder,
        isolation={"place": place, "rpm": host.rpm_version},
        without=work.without,
        fingerprint=work.fingerprint(),
        patches={path.name: digest(path) for path in work.beside},
    )


def _rpm(path: Path) -> BuiltRpm:
    return BuiltRpm(path.name, digest(path), read_header(path))
