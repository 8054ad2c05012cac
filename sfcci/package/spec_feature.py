"""What a spec can leave out: documentation, tests, generated configuration (%bcond), and what each needs and does."""

import re
from collections.abc import Iterable
from typing import Any

from sfcci.errors import Fault, InputError, Place
from sfcci.package import dialect
from sfcci.package.component import Component, Tests
from sfcci.package.macros.python3dist import python3dist
from sfcci.package.sdist import SdistMetadata

RUNNERS = {"stestr": "stestr", "pytest": "pytest", "unittest": ""}
"""Runner of tests → the project that has it; "" for the standard library's."""


def needs_closure(component: Component, metadata: SdistMetadata) -> bool:
    """Say whether a build with all features wants more than the back end: what the component, its docs, its tests require."""
    files = [component.docs.requirements if component.docs else ""]
    files += [component.tests.requirements if component.tests else ""]
    return bool(component.features) and bool(metadata.requires or any(files))


def feature_fields(component: Component, metadata: SdistMetadata) -> dict[str, Any]:
    """Give the template's fields for the features. Raises InputError when the sdist lacks a file that they name."""
    check_files(component, metadata)
    docs, tests = component.docs, component.tests
    return {
        "bconds": [(feature, _default(component, feature)) for feature in component.features],
        "any_feature": " || ".join(f"%{{with {feature}}}" for feature in component.features),
        "runners": list(_runners(component, metadata)),
        "feature_files": list(_feature_files(component)),
        "withouts": list(_withouts(component, metadata)),
        "docs": docs and {"name": dialect.rpm_doc_name(component), "folder": docs.folder},
        "tests": _test_command(tests) if tests else "",
        "unimportable": list(_unimportable(component)),
    }


def kept_requirements(component: Component, file: str, metadata: SdistMetadata) -> tuple[str, ...]:
    """Give the requirements of a file in the sdist, without those that the description leaves out (PEP 508)."""
    left_out = _left_out(component, file)
    return tuple(
        r for r in metadata.requirement_files.get(file, ()) if dialect.requirement_name(r) not in left_out
    )


def _default(component: Component, feature: str) -> int:
    return int(component.tests.default) if feature == "tests" and component.tests else 1


def _feature_files(component: Component) -> Iterable[tuple[str, str]]:
    """Requirement files that a feature adds to the build requirements."""
    if component.docs and component.docs.requirements:
        yield "doc", component.docs.requirements
    if component.tests and component.tests.requirements:
        yield "tests", component.tests.requirements


def _runners(component: Component, metadata: SdistMetadata) -> Iterable[tuple[str, str]]:
    """The programs that a feature starts, where no requirements file asks for them."""
    wanted = {"doc": "sphinx" if component.docs else ""}
    wanted["tests"] = RUNNERS[component.tests.runner] if component.tests else ""
    files = dict(_feature_files(component))
    for feature, project in wanted.items():
        listed = kept_requirements(component, files.get(feature, ""), metadata)
        if project and project not in map(dialect.requirement_name, listed):
            yield feature, python3dist(project)


def _left_out(component: Component, file: str) -> frozenset[str]:
    docs, tests = component.docs, component.tests
    of_docs = docs is not None and docs.requirements == file
    named = docs.without if docs and of_docs else ()
    if tests and (not of_docs or tests.requirements == file):
        named = (*named, *tests.without)
    return frozenset(map(dialect.normal_name, named))


def _withouts(component: Component, metadata: SdistMetadata) -> Iterable[dict[str, Any]]:
    """What %prep takes out of requirements files, each name in whatever spelling (PEP 503) it stands there."""
    for file in dict.fromkeys(file for _feature, file in _feature_files(component)):
        there = {dialect.requirement_name(r) for r in metadata.requirement_files[file]}
        names = sorted(_left_out(component, file))
        if absent := [name for name in names if name not in there]:
            found = f"without: {file} does not require {', '.join(absent)}"
            raise InputError(_fault(component, found, "projects that it requires"))
        if names:
            yield {"file": file, "names": [re.sub("-", "[-_.]+", name) for name in names]}


def _test_command(tests: Tests) -> str:
    words = {
        "stestr": "%{py3_test_envvars} stestr run",
        "pytest": "%pytest",
        "unittest": "%{py3_test_envvars} %{python3} -m unittest",
    }
    return " ".join([words[tests.runner], *tests.arguments])


def _unimportable(component: Component) -> Iterable[str]:
    """Patterns of modules that the build does not import: by design, and tests, which need more than the package."""
    for exception in component.exceptions:
        if exception.module:
            yield exception.module
    for part in component.subpackages:
        if part.requirements:
            yield from (f"{module}*" for module in part.modules)


def check_files(component: Component, metadata: SdistMetadata) -> None:
    """Raise InputError when the source lacks a file that the description names."""
    there = metadata.files | metadata.requirement_files.keys()
    lost = [name for name in component.source_files if name not in there]
    known = ", ".join(sorted(metadata.requirement_files)) or "none"
    if lost:
        expected = f"a file in it (its requirements files: {known})"
        raise InputError(*(_fault(component, f"the source has no {name}", expected) for name in lost))


def _fault(component: Component, found: str, expected: str) -> Fault:
    return Fault(Place(component.path), found, expected)
