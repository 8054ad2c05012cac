"""Addresses of logs in two parts: a root that many runs share, and what is a run's own. Most of a database would be addresses."""

import re

_RUN = "\x1a"
"""Stands for the run's id; an address that holds this character itself is not parted."""
_ROOT = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^/]*/|/)?(?:[^/]*/){0,4}(?=[^/])")
"""A server and at most four folders, never the last part: beyond those, folders are a run's own."""


def parted(address: str, run: str) -> tuple[str, str]:
    """Give the root ("" when there is none) and the rest."""
    if _RUN in address or not run:
        return "", address
    text = address.replace(run, _RUN)
    found = _ROOT.match(text)
    if not found or not found.end():
        return "", address
    return text[: found.end()], text[found.end() :]


def joined(root: str, rest: str, run: str) -> str:
    """Give the address again; the inverse of `parted`."""
    return (root + rest).replace(_RUN, run) if root else rest
