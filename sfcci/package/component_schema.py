"""The JSON Schema of a description: which keys there are, and what each looks like."""

from typing import Any

NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
MODULE = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"
MODULES = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_*][A-Za-z0-9_*]*)*$"
WORD = r"^[A-Za-z0-9][A-Za-z0-9_+.-]*$"
PART = r"^[a-z][a-z0-9-]*$"
WEB_ADDRESS = r"^https?://[^\s/]+(/\S*)?$"
GIT_ADDRESS = r"^(https?|git|ssh)://\S+$"
ONE_LINE = r"^\S[^\n]*$"
SHELL_WORD = r"^[A-Za-z0-9_@:,./=+-]+$"
"""What needs no quotes in a shell, and no second look in a spec: no %, no $, no blank."""
IN_SDIST = r"^(?!/)(?!(.*/)?\.\.(/|$))[A-Za-z0-9_@+./-]+$"
INSTALLED = r"^/(?!(.*/)?\.\.?(/|$))[A-Za-z0-9_@+.*/-]*[A-Za-z0-9_@+*]$"
CONFIGURATION = r"^/etc/(?!(.*/)?\.\.?(/|$))[A-Za-z0-9_@+./-]*[A-Za-z0-9_@+]$"
PACKAGE = r"^[A-Za-z0-9_][A-Za-z0-9_+.:()/-]*( (>=|<=|=|<|>) [0-9][A-Za-z0-9.:~^_-]*)?$"


def _text(pattern: str, description: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "description": description}


def _list(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _table(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    table = {"type": "object", "additionalProperties": False, "properties": properties, **more}
    return {**table, "required": list(required)} if required else table


_LINE = _text(ONE_LINE, "one line of text")
_VERSION = {"type": "string", "description": "a version as in PEP 440"}
_MODULES = _list(_text(MODULE, "a module, as in package.module"), minItems=1)
_REQUIREMENTS = _text(
    r"^(?!\.)[A-Za-z0-9_./-]+\.txt$", "a requirements file in the sdist, as in doc/requirements.txt"
)
_PROJECTS = _list(_text(NAME, "a project's name on the package index"))
_WORDS = _list(_text(SHELL_WORD, "a word without blanks, quotes, % and $"))
_PACKAGES = _list(_text(PACKAGE, "an RPM package, as in openvswitch or openvswitch >= 3.1"))
_FILE = _text(IN_SDIST, "a file in the sdist, relative to its folder")
_SDIST = _text(r"^[A-Za-z0-9][A-Za-z0-9._+!-]*\.tar\.gz$", "a file name that ends in .tar.gz")
_SHA256 = _text("^[0-9a-f]{64}$", "64 lower-case hex digits")
_SOURCE = _table(
    {
        "sdist": _SDIST,
        "sha256": _SHA256,
        "path": _text(r"^[^/\s][^\s]*$", "a relative folder"),
        "git": _text(GIT_ADDRESS, "a git URL"),
    }
)
_FILES = _list(_text(INSTALLED, "an installed path, as in /usr/bin/*-agent"))
_SUBPACKAGE = _table(
    {
        "name": _text(PART, "as in tests"),
        "summary": _LINE,
        "modules": _MODULES,
        "requirements": _REQUIREMENTS,
        "files": _FILES,
        "requires": _PACKAGES,
    },
    "name",
    "summary",
)
_DOCS = _table(
    {
        "builder": {"enum": ["sphinx"]},
        "folder": _text(IN_SDIST, "the folder with Sphinx's conf.py, as in doc/source"),
        "requirements": _REQUIREMENTS,
        "without": _PROJECTS,
        "subpackage": _text(PART, "as in doc"),
    },
    "folder",
)
_TESTS = _table(
    {
        "runner": {"enum": ["stestr", "pytest", "unittest"]},
        "requirements": _REQUIREMENTS,
        "without": _PROJECTS,
        "arguments": _WORDS,
        "default": {"type": "boolean"},
    },
    "runner",
)
_CONFIG = _table(
    {
        "path": _text(CONFIGURATION, "a path below /etc"),
        "source": _FILE,
        "generator": {**_WORDS, "minItems": 1},
        "owner": _text("^[a-z_][a-z0-9_-]*$", "a user's name"),
        "group": _text("^[a-z_][a-z0-9_-]*$", "a group's name"),
        "mode": _text("^0[0-7]{3}$", "four octal digits, as in 0640"),
        "subpackage": _text(PART, "as in common"),
        "noreplace": {"type": "boolean"},
    },
    "path",
)
_SERVICE = _table(
    {
        "name": _text(
            r"^[A-Za-z0-9][A-Za-z0-9_.@-]*\.(service|socket|timer|target|path)$", "as in sfcci.service"
        ),
        "source": _FILE,
    },
    "name",
    "source",
)
_EXCEPTION = _table(
    {
        "module": _text(MODULES, "a module, as in package.module or package.migration.*"),
        "entry_point": _text(r"^[^\s:]+:[^\s:]+$", "group:name, as in neutron.service_plugins:sfc"),
        "reason": _LINE,
    },
    "reason",
)
_RPM = _table(
    {
        "requires": _PACKAGES,
        "recommends": _PACKAGES,
        "provides": _list(_text(WORD, "an RPM package's name")),
        "names": {"type": "object", "additionalProperties": _text(WORD, "an RPM package's name")},
        "spec": {"type": "boolean"},
    }
)
_KEYWORDS = _list(_text(r"^~?[a-z0-9-]+$", "as in ~amd64"))
_DATE = {"description": "a date as in 2026-10-01"}
_GENTOO_VERSION = _table(
    {
        "version": _VERSION,
        "sdist": _SDIST,
        "sha256": _SHA256,
        "mask": _LINE,
        "masked": _DATE,
        "keywords": _KEYWORDS,
    },
    "version",
)
_GENTOO = _table(
    {
        "category": _text(WORD, "as in dev-python"),
        "keywords": _KEYWORDS,
        "names": {
            "type": "object",
            "additionalProperties": _text(
                r"^[a-z0-9-]+/[A-Za-z0-9+_-]+(:[A-Za-z0-9_][A-Za-z0-9+_./-]*=?)?$",
                "category/package, perhaps with :slot",
            ),
        },
        "overlay": {"type": "boolean"},
        "requires": _list(_text(ONE_LINE, "a requirement as in PEP 508")),
        "etc": {"type": "boolean"},
        "mask": _LINE,
        "masked": _DATE,
        "messages": _list(_LINE),
        "versions": _list(_GENTOO_VERSION),
        "flags": {
            "type": "object",
            "additionalProperties": _text(ONE_LINE, "what the flag of that extra is for, in one line"),
        },
        "undrawn": {
            "type": "object",
            "additionalProperties": _text(
                MODULE, "an extension of Sphinx, as in sphinxcontrib.rsvgconverter"
            ),
        },
    }
)
_CHANGE = _table(
    {
        "date": _DATE,
        "release": {"type": "integer", "minimum": 1, "description": "1 or more"},
        "version": _VERSION,
        "changes": _list(_LINE, minItems=1),
    },
    "date",
    "release",
    "version",
    "changes",
)
SCHEMA: dict[str, Any] = _table(
    {
        "name": _text(NAME, "the project's name on the package index"),
        "version": _VERSION,
        "license": _text(ONE_LINE, "an SPDX licence expression"),
        "homepage": _text(WEB_ADDRESS, "a web address"),
        "kind": {"enum": ["library", "application"]},
        "summary": _LINE,
        "description": {"type": "string"},
        "modules": _MODULES,
        "pipeline": {"type": "boolean"},
        "extras": _list(_text(NAME, "the name of an extra")),
        "source": _SOURCE,
        "subpackages": _list(_SUBPACKAGE),
        "docs": _DOCS,
        "tests": _TESTS,
        "configs": _list(_CONFIG),
        "services": _list(_SERVICE),
        "files": _FILES,
        "exceptions": _list(_EXCEPTION),
        "rpm": _RPM,
        "gentoo": _GENTOO,
        "changelog": _list(_CHANGE, minItems=1),
    },
    "name",
    "license",
    "homepage",
    "kind",
    "modules",
    "source",
    "changelog",
)
