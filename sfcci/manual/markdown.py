"""Markdown: words, tables and links written so that they are read as they were meant."""

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\*_<\[\]])")


def prose(text: str) -> str:
    """Give text of a docstring as Markdown; what stands in backticks is code there, too."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part.startswith("`") and len(part) > 1 else _plain(part) for part in parts)


def _plain(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    """Give a text as code within a line; one with backticks in it is fenced by more of them."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(text: str, language: str = "") -> list[str]:
    """Give the lines of a fenced block."""
    return [f"```{language}", *text.strip("\n").splitlines(), "```"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Give the lines of a table; cells are Markdown, in which a bar is told from the table's own."""
    return [
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows),
    ]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def slug(heading: str) -> str:
    """Give the anchor that forges make of a heading's text: small letters, digits, - and _; spaces become -."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
