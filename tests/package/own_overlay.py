"""A small overlay of its own with ebuilds that the tests build: one without Python, one with, and what they fetch."""

import io
import tarfile

from sfcci.package.ebuild import BASE_FILES
from sfcci.package.manifest import manifest_text, read_distfile

HEAD = """\
# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DESCRIPTION="Says one word"
HOMEPAGE="https://sfcci.example.org"
SRC_URI="https://sfcci.example.org/${P}.tar.gz"

LICENSE="Apache-2.0"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
IUSE="extra loud"
REQUIRED_USE="loud? ( extra )"
"""
BODY = """
src_compile() {
	sed "s/@WORD@/$(usex loud HELLO hello)/" word.in > word || die
}

src_install() {
	dobin word
	insinto /usr/share/word
	doins data.txt
	newins - made.txt <<< "made"
	newinitd - wordd <<< "#!/sbin/openrc-run"
	newconfd - wordd <<< "WORD=1"
	keepdir /var/lib/word
	dosym word /usr/bin/spoken
	dodoc README
	use extra && dodoc data.txt
}

pkg_postinst() {
	elog "The word is hello."
}
"""
SOURCES = {
    "word.in": '#!/bin/sh\necho "@WORD@"\n',
    "data.txt": "data\n",
    "README": "How to say it.\n",
}
PYPROJECT = """\
[build-system]
requires = ["flit_core>=3.11,<5"]
build-backend = "flit_core.buildapi"

[project]
name = "said"
version = "1.0"
description = "Says one word"
license = "MIT"
requires-python = ">=3.11"

[project.scripts]
said = "said.tool:main"
"""
PYTHON_SOURCES = {
    "pyproject.toml": PYPROJECT,
    "README.md": "# said\n",
    "said/__init__.py": '"""Says one word."""\n\nWORD = "hello"\n',
    "said/tool.py": 'from said import WORD\n\n\ndef main():\n    """Say it."""\n    print(WORD)\n',
    "tests/test_said.py": 'from said import WORD, __file__ as at\n\n\ndef test_it():\n    assert WORD == "hello"\n    print("from", at)\n',
    "doc/conf.py": 'project = "said"\nextensions = ["sphinx.ext.autodoc"]\nintersphinx_mapping = {"x": ("https://x.example.org", None)}\n',
    "doc/index.rst": "said\n====\n\n.. automodule:: said.tool\n   :members:\n",
}
PYTHON_EBUILD = """\
# Copyright 2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=flit
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 pypi

DESCRIPTION="Says one word"
HOMEPAGE="https://sfcci.example.org"

LICENSE="MIT"
SLOT="0"
KEYWORDS="~amd64 ~arm64"

distutils_enable_sphinx doc

EPYTEST_PLUGINS=()
distutils_enable_tests pytest
"""


def archive(path, folder, members):
    """Write a source archive with these members below `folder`; always the same octets."""
    with tarfile.open(path, "w:gz") as target:
        for name, text in members.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size, info.mtime = len(text.encode()), 1_700_000_000
            target.addfile(info, io.BytesIO(text.encode()))


def make_overlay(root):
    """Make an empty overlay in `root`."""
    for name, text in {**BASE_FILES, "profiles/categories": "app-misc\ndev-python\n"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def add_ebuild(overlay, distfiles, name, text, sources, *, folder=""):
    """Add an ebuild `category/package-version` with its sources and Manifest; give its path."""
    category, _, stem = name.partition("/")
    package, _, _version = stem.rpartition("-")
    place = overlay / category / package
    place.mkdir(parents=True, exist_ok=True)
    distfiles.mkdir(exist_ok=True)
    if sources:
        path = distfiles / f"{stem}.tar.gz"
        archive(path, folder or stem, sources)
        lines = (place / "Manifest").read_text() if (place / "Manifest").exists() else ""
        (place / "Manifest").write_text(lines + manifest_text([read_distfile(path)]))
    (place / f"{stem}.ebuild").write_text(text)
    return place / f"{stem}.ebuild"
