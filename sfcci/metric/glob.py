"""Graphite's globs: * ? [a-z] {a,b}, a part of a name at a time."""

import re
from functools import lru_cache

WILD = re.compile(r"[*?{\[]")
"""What makes a name a glob."""


def alternatives(part: str) -> tuple[str, ...]:
    """Spell out the braces of one part of a path: `a{b,c}` is `ab` and `ac`; wildcards stay."""
    found = _BRACES.search(part) if "{" in part else None
    if not found:
        return (part,)
    head, tail = part[: found.start()], alternatives(part[found.end() :])
    return tuple(head + word + rest for word in found[1].split(",") for rest in tail)


@lru_cache(maxsize=2**12)
def pattern(path: str) -> "re.Pattern[str]":
    """Give the regular expression that matches the names which Graphite finds for a path expression.

    Where braces have no other half nothing is found.
    """
    text, depth, at = "", 0, 0
    while at < len(path):
        character = path[at]
        if character == "\\" and at + 1 < len(path):
            text += re.escape(path[at + 1])
            at += 2
            continue
        if character == "[" and (found := _CLASS.match(path, at)):
            text += _class(bool(found[1]), found[2])
            at = found.end()
            continue
        depth += (character == "{") - (character == "}")
        if depth < 0:
            break
        text += _GLOB.get(character) or ("|" if character == "," and depth else re.escape(character))
        at += 1
    return re.compile(_NOTHING if depth else text)


def _class(negated: bool, inside: str) -> str:
    text = f"[{'^' if negated else ''}{inside}]"
    try:
        re.compile(text)
    except re.error:  # a range that ends before it begins matches nothing, as in fnmatch
        return _NOTHING
    return text


_NOTHING = "(?!)"
_GLOB = {"*": "[^.]*", "?": "[^.]", "{": "(?:", "}": ")"}
_CLASS = re.compile(r"\[(!?)([\w*-]+)\]")
_BRACES = re.compile(r"\{([^{}]*)\}")
