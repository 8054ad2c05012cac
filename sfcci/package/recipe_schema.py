"""The JSON Schema of a description with `kind = "ebuild"`: which keys there are, and what each looks like."""

from typing import Any

from sfcci.package.component_schema import NAME as PROJECT
from sfcci.package.component_schema import ONE_LINE, WEB_ADDRESS

NAME = r"^[A-Za-z0-9_][A-Za-z0-9+_-]*$"
CATEGORY = r"^[A-Za-z0-9_][A-Za-z0-9+_.-]*$"
FLAG = r"^[A-Za-z0-9][A-Za-z0-9+_@-]*$"
CONDITION = r"^!?[A-Za-z0-9][A-Za-z0-9+_@-]*$"
VARIABLE = r"^[A-Z][A-Z0-9_]*$"
FILE = r"^(?!\.)[A-Za-z0-9._+~-]+$"
TREE = r"^(?!/)(?!(.*/)?\.\.(/|$))[A-Za-z0-9_@+./-]+$"
BASH_PATH = r"^[A-Za-z0-9_@+./${}:%#-]+$"
"""A path with variables: no blank, no quote, nothing that a shell would run."""
BASH_WORD = r"^[A-Za-z0-9_@+./${}:;,=%#?!*~<>\[\]-]+$"
PHASES = (
    "pkg_pretend",
    "pkg_setup",
    "src_unpack",
    "src_prepare",
    "src_configure",
    "src_compile",
    "src_test",
    "src_install",
    "pkg_preinst",
    "pkg_postinst",
    "pkg_prerm",
    "pkg_postrm",
    "pkg_config",
    "pkg_info",
)
"""Phase functions (PMS 9.1), in the order in which an ebuild has them."""
MULTILIB_PHASES = tuple(
    f"multilib_src_{phase}" for phase in ("configure", "compile", "test", "install", "install_all")
)
"""What multilib-minimal.eclass calls for each ABI, and once at the end."""
DEPENDENCIES = ("RDEPEND", "DEPEND", "BDEPEND", "PDEPEND", "IDEPEND")


def _text(pattern: str, description: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "description": description}


def _list(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _map(values: dict[str, Any], keys: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values, "propertyNames": {"pattern": keys}, **more}


def _table(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    table = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**table, "required": list(required)} if required else table


_LINE = _text(ONE_LINE, "one line of text")
_LINES = _list(_LINE)
_BODY = {"type": "string", "minLength": 1, "description": "the body of a function, in bash"}
_FLAG = _text(FLAG, "a USE flag, as in doc")
_CONDITION = _text(CONDITION, "a USE flag, as in doc or !doc")
_PATH = _text(BASH_PATH, "a path without blanks, as in ${WORKDIR}/${P}")
_TREE = _text(TREE, "a path below the application's folder")
_KEYWORDS = _list(_text(r"^[~-]?[a-z0-9-]+$", "as in ~amd64"))
_URL = _text(
    r"^(https?|mirror|ftp)://[A-Za-z0-9_@+./${}:;,=%?&~-]+$", "a web address, as in https://...${P}.tar.gz"
)
_FILE_NAME = _text(r"^[A-Za-z0-9_+.${}/%#-]+$", "a file's name, as in ${P}.tar.gz")
_WORDS = _list(_text(BASH_WORD, "a word without blanks and quotes"))
_GIT = _text(r"^(https?|git|ssh)://[^\s\"`$]+$", "a git URL")
_VERSION = _table(
    {
        "version": {"type": "string"},
        "revision": {"type": "integer", "minimum": 0},
        "mask": _LINE,
        "keywords": _KEYWORDS,
    },
    "version",
)
_ORIGIN = _table(
    {"url": _URL, "name": _FILE_NAME, "use": _CONDITION, "into": _PATH, "live": {"type": "boolean"}}, "url"
)
_EACH = _table(
    {
        "expand": _text("^[a-z0-9_]+$", "a USE_EXPAND variable in lower case, as in l10n"),
        "word": _text("^[a-z_][a-z0-9_]*$", "a variable's name, as in language"),
        "values": _map(_list(_text(r"^[A-Za-z0-9_@.+-]+$", "a word"), minItems=1), FLAG, minProperties=1),
        "url": _URL,
        "name": _FILE_NAME,
        "into": _PATH,
    },
    *("expand", "word", "values", "url", "name", "into"),
)
_SWITCHES = _map({"anyOf": [{"const": ""}, _text(BASH_WORD, "a word")]}, FLAG)
_AUTOTOOLS = _table(
    {"arguments": _WORDS, "enable": _SWITCHES, "with": _SWITCHES, "regenerate": {"type": "boolean"}}
)
_CMAKE = _table(
    {
        "locals": _map(
            _text(r"^[A-Za-z0-9_./${}() -]+$", "a word, or as in $(get_libdir)"), "^[a-z_][a-z0-9_]*$"
        ),
        "arguments": _WORDS,
        "switches": _map(_FLAG, "^[A-Za-z][A-Za-z0-9_]*$"),
        "multilib": {"type": "boolean"},
    }
)
_WEBAPP = _table({"keep": _list(_TREE), "server_owned": _list(_TREE), "config_files": _list(_TREE)})
_SHOUTED = _text(VARIABLE, "a variable's name, as in OWNCLOUD_DIR")
_TITLE = _text(r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$", "a name as people write it")
SCHEMA: dict[str, Any] = _table(
    {
        "kind": {"const": "ebuild"},
        "name": _text(NAME, "the package's name"),
        "category": _text(CATEGORY, "as in app-text"),
        "license": _text(ONE_LINE, "an SPDX licence expression"),
        "summary": _text(r"^[^\s\n][^\n]{0,78}[^\s.\n]$", "one line, at most 80 characters, no full stop"),
        "homepages": _list(_text(WEB_ADDRESS, "a web address"), minItems=1),
        "years": _text(r"^\d{4}(-\d{4})?$", "as in 2025-2026"),
        "description": {"type": "string"},
        "versions": _list(_VERSION, minItems=1),
        "keywords": _KEYWORDS,
        "git": _GIT,
        "inherit": _list(_text(r"^[a-z0-9][a-z0-9.-]*$", "an eclass")),
        "variables": _map(
            {"anyOf": [_text(r"^[^\n\"`\\]*$", "text without quotes"), {**_WORDS, "minItems": 1}]}, VARIABLE
        ),
        "sources": _list(_ORIGIN),
        "each": _EACH,
        "distfiles": _map(_text("^[0-9a-f]{128}$", "its SHA-512, 128 lower-case hex digits"), FILE),
        "folder": _PATH,
        "slot": _text(r"^$|^[A-Za-z0-9_][A-Za-z0-9+_./${}-]*$", "as in 0 or 0/${PV}"),
        "flags": _list(_table({"name": _FLAG, "description": _LINE, "default": {"type": "boolean"}}, "name")),
        "required_use": _LINES,
        "restrict": _LINES,
        "depends": _table({name: _list(_BODY) for name in DEPENDENCIES}),
        "calls": _list(
            _text(r"^[a-z_][a-z0-9_-]*( [A-Za-z0-9_./${}:=-]+)*$", "a command, as in name word word")
        ),
        "patches": _list(_text(FILE, "a file beside the description")),
        "docs": _list(_text(TREE, "a file in the sources")),
        "openmp": _FLAG,
        "disk": _text(r"^[1-9]\d*[MGT]$", "a size, as in 512M or 4G"),
        "autotools": _AUTOTOOLS,
        "cmake": _CMAKE,
        "manual": _table(
            {"target": _text(PROJECT, "a target of the build"), "html": _PATH}, "target", "html"
        ),
        "moves": _list(_table({"from": _PATH, "to": _PATH, "use": _CONDITION}, "from", "to")),
        "webapp": _WEBAPP,
        "migration": _table(
            {"title": _TITLE, "variable": _SHOUTED, "own_title": _TITLE, "own_variable": _SHOUTED},
            *("title", "variable", "own_title", "own_variable"),
        ),
        "threads": _table(
            {"compiler": _text(r"^[A-Za-z0-9_.+-]+$", "a program"), "library": _PATH}, "compiler", "library"
        ),
        "phases": _map(_BODY, f"^({'|'.join(PHASES + MULTILIB_PHASES)})$"),
        "messages": _LINES,
    },
    *("kind", "name", "category", "license", "summary", "homepages", "years", "versions"),
)
