"""The private Graphite's software: an environment of its own, because graphite-web brings an old Django.

Versions are pinned and the dependencies named one by one (--no-deps): graphite-web asks for Django < 3.1, which does
not run on Python 3.12, and for cairocffi, which wants a system library. What newer Pythons dropped is given back by
`graphite_site/sfcci_compat.py`, which is in place before pip runs, for both setup.py need it too.
"""

import os
import sys
from pathlib import Path

from sfcci.environment import EnvironmentSpec

PREPARE = ("setuptools==75.8.2", "wheel==0.45.1")
REQUIREMENTS = (
    "carbon==1.1.10",
    "graphite-web==1.1.10",
    "whisper==1.1.10",
    # carbon
    "Twisted==24.11.0",
    "attrs==25.3.0",
    "automat==25.4.16",
    "cachetools==5.5.2",
    "constantly==23.10.4",
    "hyperlink==21.0.0",
    "idna==3.10",
    "incremental==24.7.2",
    "packaging==25.0",
    "six==1.17.0",
    "typing_extensions==4.14.1",
    "urllib3==2.5.0",
    "zope.interface==7.2",
    # graphite-web
    "Django==3.2.25",
    "asgiref==3.9.1",
    "django-tagging==0.4.3",
    "legacy-cgi==2.6.3; python_version >= '3.13'",
    "pyparsing==3.2.3",
    "pytz==2025.2",
    "sqlparse==0.5.3",
    "waitress==3.0.2",
)
OPTIONS = ("--no-deps", "--no-build-isolation")
FOLDER = Path(__file__).parent / "graphite_site"
"""What Graphite's interpreter runs. Only `sfcci_compat` is laid into its environment; the rest lies on its path."""


def specification(python: str = sys.executable) -> EnvironmentSpec:
    """Give the environment of carbon, whisper and graphite-web for an interpreter (3.11 to 3.13 are tried).

    However that is called, there is one environment.
    """
    compat = (FOLDER / "sfcci_compat.py").read_text()
    site = {"sfcci_compat.py": compat, "sfcci_compat.pth": "import sfcci_compat\n"}
    return EnvironmentSpec("graphite", REQUIREMENTS, OPTIONS, PREPARE, site, os.path.realpath(python))
