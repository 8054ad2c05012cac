"""PYTHON_COMPAT: which Pythons an ebuild names, and the variant of a tree for a Python that no tree names any more.

The variant is for tests on machines that have no newer Python: the same text but for the name of the implementation. Nobody gets it.
"""

import re
from collections.abc import Mapping

ASSIGNED = re.compile(r"^PYTHON_COMPAT=\((?P<words>[^)]*)\)", re.MULTILINE)
WORD = re.compile(
    r"python3_(?:(?P<one>\d+)|\{(?P<first>\d+)\.\.(?P<last>\d+)\}|\{(?P<listed>\d+(?:,\d+)*)\})"
)


def python_minors(ebuild: str) -> tuple[int, ...] | None:
    """Give the minors of CPython 3 that an ebuild's text names, sorted; None when it sets no PYTHON_COMPAT.

    Read: python3_12, python3_{12..14}, python3_{12,14} (brace expansion, bash(1)).
    """
    assigned = ASSIGNED.search(ebuild)
    if assigned is None:
        return None
    found: set[int] = set()
    for word in WORD.finditer(assigned["words"]):
        if word["one"]:
            found.add(int(word["one"]))
        elif word["first"]:
            found |= set(range(int(word["first"]), int(word["last"]) + 1))
        else:
            found |= {int(number) for number in word["listed"].split(",")}
    return tuple(sorted(found))


def ebuild_variant(ebuild: str, minor: int) -> str:
    """Give an ebuild's text for Python 3.`minor` alone."""
    return ASSIGNED.sub(f"PYTHON_COMPAT=( python3_{minor} )", ebuild, count=1)


def master_variant(texts: Mapping[str, str], oldest: int, minor: int) -> dict[str, str]:
    """Give the minimal master with Python 3.`minor` in the place of 3.`oldest`: path → text."""
    changes = {
        f"python3_{oldest}": f"python3_{minor}",
        f"Python 3.{oldest}": f"Python 3.{minor}",
        f"python-3.{oldest}.": f"python-3.{minor}.",
        f'SLOT="3.{oldest}"': f'SLOT="3.{minor}"',
    }

    def changed(text: str) -> str:
        for old, new in changes.items():
            text = text.replace(old, new)
        return text

    return {changed(path): changed(text) for path, text in texts.items()}
