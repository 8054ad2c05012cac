"""The pages' scripts and styles put into one file that needs no server and no network.

Modules become functions in one script, in the order in which they need each other. What is read is our own style of writing
modules (`import { a } from './b.js';`, `export function`, `export const` at the begin of a line); anything else is refused.
A Content-Security-Policy names each script and style by its digest, so that nothing else runs, whatever the data says.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_IMPORT = re.compile(r"^import (?:(\{[^}]*\}|\* as \w+) from )?'\./([\w.-]+)';$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function\*?|const|class) (\w+))", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*|\bimport\(", re.MULTILINE)
_STYLE = re.compile(r'[ \t]*<link rel="stylesheet" href="/static/([\w.-]+)">\n')
_SCRIPT = re.compile(r'[ \t]*<script src="/static/([\w.-]+)" (defer|type="module")></script>\n')
_CHARSET = '<meta charset="utf-8">'


def one_file(page: str, texts: Mapping[str, str], carried: Mapping[str, Any]) -> str:
    """Put a page's styles and scripts (`texts`, by name) into it, and `carried`, which `page.js` gives as `exported`.

    Raises ValueError for a script that cannot be put together.
    """
    styles = [texts[name] for name in _STYLE.findall(page)]
    found = _SCRIPT.findall(page)
    plain = [texts[name] for name, kind in found if kind == "defer"]
    entries = [name for name, kind in found if kind != "defer"]
    scripts = [*map(_inert, plain), *([_inert(bundled(entries, texts))] if entries else [])]
    kinds = ["<script>"] * len(plain) + ['<script type="module">'] * bool(entries)
    parts = [f"<style>{one}</style>" for one in styles]
    parts.append(f'<script type="application/json" id="exported">{_json(carried)}</script>')
    parts += [f"{kind}{one}</script>" for kind, one in zip(kinds, scripts, strict=True)]
    bare = _SCRIPT.sub("", _STYLE.sub("", page))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts, styles)}">'
    head, charset, rest = bare.partition(_CHARSET)
    return f"{head}{charset}\n  {policy}" + rest.replace("</head>", "\n".join(parts) + "\n</head>", 1)


def bundled(entries: Sequence[str], texts: Mapping[str, str]) -> str:
    """Give one script for modules and all that they need. Raises ValueError for what is not written in our style."""
    made = [_module(name, texts[name]) for name in _ordered(entries, texts)]
    return "\n".join(made)


def _ordered(entries: Sequence[str], texts: Mapping[str, str]) -> Iterator[str]:
    """Give the modules, each behind those that it needs."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in path:
            raise ValueError(f"modules need each other: {' → '.join([*path, name])}")
        if name in done:
            return
        for _, needed in _IMPORT.findall(texts[name]):
            yield from visit(needed, (*path, name))
        done.add(name)
        yield name

    for entry in entries:
        yield from visit(entry, ())


def _module(name: str, text: str) -> str:
    exported = _EXPORT.findall(text)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, text))
    if left := _LEFT.search(body):
        raise ValueError(f"{name}: {left[0]!r} cannot be put into one file")
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _taken(found: "re.Match[str]") -> str:
    names, module = found[1], _variable(found[2])
    if not names:
        return ""
    if names.startswith("*"):
        return f"const {names.removeprefix('* as ')} = {module};"
    return f"const {names.replace(' as ', ': ')} = {module};"


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name)


def _json(value: Mapping[str, Any]) -> str:
    """Give JSON in which HTML finds no mark of its own."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _inert(script: str) -> str:
    """Give a script that HTML reads to its end: both marks stand in strings or expressions only, where the escape is the same."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    made = {"script-src": scripts, "style-src": styles}
    sources = {
        kind: " ".join(f"'sha256-{_digest(one)}'" for one in texts) or "'none'"
        for kind, texts in made.items()
    }
    told = "; ".join(f"{kind} {value}" for kind, value in sources.items())
    return f"default-src 'none'; {told}; img-src data:; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
