"""A small component of its own: a description, a project folder, its sdist."""

import io
import tarfile

import pytest

from sfcci.package.catalogue import load_catalogue

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
