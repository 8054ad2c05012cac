"""A small component of its own: a description, a project folder, its sdist."""

import io
import os
import tarfile
from pathlib import Path

import pytest
from built_packages import built_once, of_all_workers

from sfcci import settings
from sfcci.errors import Unreachable
from sfcci.package import index
from sfcci.package.catalogue import load_catalogue

REPOSITORY = Path(__file__).parents[2]

PYPROJECT = """\
[build-system]
requires = ["flit_core>=3.11,<5"]
build-backend = "flit_core.buildapi"

[project]
name = "sample"
version = "1.0"
description = "Prints one line."
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.11"
dependencies = ["packaging>=20", "Some.Thing>=2.0.0rc1; python_version >= '3'", "old-thing; python_version < '3'"]

[project.scripts]
sample = "sample.tool:main"
"""
DEPENDENCIES = next(line for line in PYPROJECT.splitlines() if line.startswith("dependencies"))
WELL_FILES = {
    "pyproject.toml": PYPROJECT.replace(DEPENDENCIES, 'dependencies = ["packaging>=20"]'),
    "sample/__init__.py": '"""Uses what it requires."""\n\nfrom packaging.version import Version\n\nONE = Version("1")\n',
}
"""Files with which the sample requires only what is there."""
DESCRIPTION = """\
name = "sample"
license = "MIT"
homepage = "https://sample.example.org"
kind = "application"
description = "A sample of 100% text."
modules = ["sample"]

[source]
path = "code"

[[changelog]]
date = 2026-10-01
release = 2
version = "1.0"
changes = ["100% new"]
"""
FILES = {
    "pyproject.toml": PYPROJECT,
    "README.md": "# sample\n",
    "LICENSE": "Permission is hereby granted.\n",
    "sample/__init__.py": '"""A sample."""\n',
    "sample/tool.py": '"""Its program."""\n\n\ndef main():\n    print("a sample that runs")\n',
    "sample/__pycache__/left.cpython-311.pyc": "left behind by a test\n",
}
PKG_INFO = """\
Metadata-Version: 2.4
Name: sample
Version: 1.0
Summary: Prints one line.
License-Expression: MIT
License-File: LICENSE
Requires-Dist: packaging>=20

# sample
"""


def make_project(root):
    """Make a project whose one component lies in its folder `code`."""
    for name, text in FILES.items():
        path = root / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "packaging").mkdir()
    (root / "packaging" / "sample.toml").write_text(DESCRIPTION)
    return root


def configured_sample(folder, cache, given=None, description=DESCRIPTION):
    """Settings of a project with the sample, and a lock of what builds it: no larger closure is needed."""
    from sfcci.package import closure, lock
    from sfcci.package.build import BUILD_ENVIRONMENT
    from sfcci.package.lock import Lock

    root = make_project(folder / "project")
    (root / "packaging" / "sample.toml").write_text(description)
    for name, text in (given if given is not None else WELL_FILES).items():
        (root / "code" / name).write_text(text)
    python = closure.interpreter()
    whole = lock.read_lock(lock.lock_path(REPOSITORY, python.version))
    names = [line.partition("==")[0] for line in BUILD_ENVIRONMENT.requirements]
    path = lock.lock_path(root, python.version)
    path.parent.mkdir(exist_ok=True)
    path.write_text(lock.lock_text(Lock(python.version, whole.named(names))))
    return settings.load(root, {"SFCCI_RUN_STATE": str(folder / "state"), "SFCCI_RUN_CACHE": str(cache)})


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def sample(project):
    (component,) = load_catalogue(project / "packaging")
    return component


@pytest.fixture
def archive(tmp_path):
    """Make an archive: name → text, or a whole TarInfo for the odd ones."""

    def make(*members, name="sample-1.0.tar.gz"):
        path = tmp_path / name
        with tarfile.open(path, "w:gz") as target:
            for member in members:
                if isinstance(member, tarfile.TarInfo):
                    target.addfile(member, io.BytesIO(bytes(member.size)))
                else:
                    info = tarfile.TarInfo(member[0])
                    info.size = len(member[1].encode())
                    target.addfile(info, io.BytesIO(member[1].encode()))
        return path

    return make


@pytest.fixture(scope="session")
def own(cache_dir):
    """Settings of this project; a test that writes gives them a state folder of its own."""
    return settings.load(
        REPOSITORY, {"SFCCI_RUN_CACHE": str(cache_dir), "SFCCI_RUN_STATE": "/nonexistent/state"}
    )


@pytest.fixture(scope="session")
def built_catalogue(own, tmp_path_factory):
    """Every component of the project with all features, built once for all workers of a run. The state folder is for reading."""
    from sfcci.package import run

    folder = of_all_workers(tmp_path_factory) / "catalogue"
    built = built_once(own, folder, lambda at: run.build_packages(at, lambda _text: None))
    skip_without_network(built.report)
    return built


def skip_without_network(report):
    """Skip where the package index cannot be reached: a source or an environment is not in the cache."""
    if lost := [c.error for c in report.components if c.error_status == Unreachable.exit_status]:
        pytest.skip(lost[0])


@pytest.fixture
def links(archive, tmp_path, monkeypatch):
    """Make sdists of `sample` in a folder that stands in for the index; nothing else is asked."""
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    folder = tmp_path / "links"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(index, "pip_settings", _settings_of_the_environment)

    def add(version="1.0", *members, requires=("packaging>=20",)):
        lines = [line for line in PKG_INFO.splitlines() if not line.startswith("Requires-Dist")]
        lines[2] = f"Version: {version}"
        lines[6:6] = [f"Requires-Dist: {line}" for line in requires]
        top = f"sample-{version}"
        own = [(f"{top}/{name}", text) for name, text in members]
        made = archive((f"{top}/PKG-INFO", "\n".join(lines)), (f"{top}/LICENSE", "x"), *own)
        return made.rename(folder / f"sample-{version}.tar.gz")

    return add


def _settings_of_the_environment():
    """What pip would say, without starting it each time."""
    given = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    return {key[4:].lower().replace("_", "-"): value for key, value in given.items()}


@pytest.fixture
def configured_project(tmp_path):
    """Settings of a project whose `packaging` is empty."""
    (tmp_path / "own" / "packaging").mkdir(parents=True)
    return settings.load(
        tmp_path / "own",
        {"SFCCI_RUN_STATE": str(tmp_path / "state"), "SFCCI_RUN_CACHE": str(tmp_path / "cache")},
    )
