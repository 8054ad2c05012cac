"""What an ebuild can leave out: USE=doc, USE=test and the flags of extras, told by the same tables as a spec's features."""

from dataclasses import dataclass

from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.component import Component, Docs, Tests
from sfcci.package.ebuild_dependency import PYTHON_MINORS, dependencies, with_added
from sfcci.package.sdist import SdistMetadata
from sfcci.package.spec_feature import kept_requirements

RUNNERS = {"stestr": "unittest", "pytest": "pytest", "unittest": "unittest"}
"""Runner of tests → word for distutils_enable_tests, which knows no other and wants one."""
PYTEST_PLUGIN = "pytest-"
"""How the names of pytest's plugins begin."""


@dataclass(frozen=True)
class Sphinx:
    """What distutils_enable_sphinx is told, and what of its conf.py is left out."""

    folder: str
    plugins: tuple[str, ...]
    """Atoms without USE dependencies; without any, "--no-autodoc" where conf.py does not ask for autodoc."""
    undrawn: tuple[str, ...] = ()
    """Extensions, as conf.py names them."""


@dataclass(frozen=True)
class Checks:
    """How the sdist's own tests are run."""

    runner: str
    """As distutils_enable_tests knows it."""
    plugins: tuple[str, ...] = ()
    """EPYTEST_PLUGINS."""
    build: tuple[str, ...] = ()
    """Lines of BDEPEND below test?."""
    command: str = ""
    """The line of python_test(); "" leaves it to the eclass."""


@dataclass(frozen=True)
class Flag:
    """A USE flag for an extra: the lines of RDEPEND below it."""

    name: str
    lines: tuple[str, ...]


def sphinx(component: Component, metadata: SdistMetadata) -> Sphinx | None:
    """Give what builds the documentation; None for none."""
    docs = component.docs
    if not docs:
        return None
    left_out = {"sphinx", *component.gentoo.undrawn}
    plugins = tuple(
        atom
        for requirement in kept_requirements(component, docs.requirements, metadata)
        if dialect.requirement_name(requirement) not in left_out
        and dialect.applies_to_some(requirement, PYTHON_MINORS)
        for atom in dialect.gentoo_atoms(requirement, component.gentoo.names, "")
        if not atom.startswith("!")  # what is not to be there is nothing to look for
    )
    return Sphinx(
        docs.folder,
        tuple(sorted(plugins, key=lambda a: a.lstrip("<>=~"))) or _autodoc(docs, metadata),
        tuple(sorted(component.gentoo.undrawn.values())),
    )


def checks(component: Component, metadata: SdistMetadata, minors: tuple[int, ...]) -> Checks | None:
    """Give what runs the tests; None for none."""
    tests = component.tests
    if not tests:
        return None
    listed = list(kept_requirements(component, tests.requirements, metadata))
    projects = [dialect.requirement_name(r) for r in listed]
    if tests.runner == "stestr" and "stestr" not in projects:
        listed.append("stestr")
    plugins = [name for name in projects if name.startswith(PYTEST_PLUGIN) and tests.runner == "pytest"]
    brought = {*plugins, "pytest"} if tests.runner == "pytest" else set()
    names = component.gentoo.names
    wanted = dependencies((r for r in listed if dialect.requirement_name(r) not in brought), names, minors)
    known = dependencies(with_added(metadata.requires, component.gentoo.requires), names, minors)
    build = tuple(line for line in wanted if line not in known)
    return Checks(RUNNERS[tests.runner], tuple(sorted(plugins)), build, _command(tests))


def flags(component: Component, metadata: SdistMetadata, minors: tuple[int, ...]) -> tuple[Flag, ...]:
    """Give the flags for extras, by name. Raises InputError for one that the source has not."""
    lost = [extra for extra in component.gentoo.flags if extra not in metadata.extras]
    there = ", ".join(metadata.extras) or "none"
    if lost:
        place = Place(component.path)
        raise InputError(
            *(Fault(place, f"gentoo.flags.{e}: no such extra", f"one of: {there}") for e in lost)
        )
    names = component.gentoo.names
    return tuple(
        Flag(extra, dependencies(metadata.requires, names, minors, extra))
        for extra in sorted(component.gentoo.flags)
    )


def _autodoc(docs: Docs, metadata: SdistMetadata) -> tuple[str, ...]:
    return () if f"{docs.folder}/conf.py" in metadata.autodoc else ("--no-autodoc",)


def _command(tests: Tests) -> str:
    words = " ".join(tests.arguments)
    if tests.runner == "stestr":
        return _python("stestr run", words)
    if not words:
        return ""
    # eunittest would take the words for those of "discover"
    return f"epytest {words}" if tests.runner == "pytest" else _python("unittest", words)


def _python(module: str, words: str) -> str:
    line = f'"${{EPYTHON}}" -m {module} {words}'.rstrip()
    return f'{line} || die "Tests failed with ${{EPYTHON}}"'
