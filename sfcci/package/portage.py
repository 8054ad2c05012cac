"""portage: Gentoo's package manager, from the package index, driven as a program in an environment of its own.

Its wheel is one for all interpreters and requires nothing. What builds Python packages for it lies in a second environment, for the
interpreter that the packages are made for.
"""

import os
import sys

from sfcci.environment import EnvironmentSpec

VERSION = "3.0.83"
PORTAGE = EnvironmentSpec(
    "portage",
    (f"portage=={VERSION} --hash=sha256:25de95ad893cdf9abec2bf4d18217b3fc07756989c62d3e74bb1695cdf639402",),
    options=("--require-hashes", "--no-deps"),
    python=os.path.realpath(sys.executable),
)
PROGRAMS = ("bash", "bzip2", "find", "gzip", "patch", "tar", "xargs")
"""What portage and its phases start themselves."""
BUILD_TOOLS = (
    "flit_core==4.2.0",
    "gpep517==23",
    "hatch-vcs==0.5.0",
    "hatchling==1.33.0",
    "iniconfig==2.3.1",
    "installer==1.1.0",
    "packaging==26.3",
    "pathspec==1.1.1",
    "pbr==7.1.3",
    "pdm-backend==2.5.0",
    "pluggy==1.7.0",
    "poetry-core==2.5.0",
    "Pygments==2.21.0",
    "pytest==9.2.0",
    "setuptools==84.2.1",
    "setuptools-scm==10.3.4",
    "tomlkit==0.15.2",
    "trove-classifiers==2026.9.21.13",
    "vcs-versioning==2.6.0",
    "wheel==0.48.0",
)
"""Back ends that DISTUTILS_USE_PEP517 names, what installs wheels, and the test runner; the closure is complete."""


def build_tools(python: str) -> EnvironmentSpec:
    """Say what the environment of the build tools is made of, for the interpreter at this path."""
    return EnvironmentSpec("gentoo-build", BUILD_TOOLS, options=("--no-deps",), python=python)
