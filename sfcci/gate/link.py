"""The page with the runs of a job: its address is made from a pattern.

Such as `https://zuul.example.org/t/{tenant}/builds?job_name={job}&pipeline={pipeline}`; words are those of `SeriesKey`.
"""

import re
from urllib.parse import quote

from sfcci.document import did_you_mean
from sfcci.errors import UsageError
from sfcci.gate.query import SeriesKey


def check_words(pattern: str) -> None:
    """Refuse a pattern with words that no series has."""
    for word in re.findall(r"\{([^{}]*)\}", pattern):
        if word not in SeriesKey._fields:
            hint = did_you_mean(word, SeriesKey._fields)
            known = ", ".join(SeriesKey._fields)
            raise UsageError(f"the link has {{{word}}}; it may have {known}; {hint}".rstrip("; "))


def check_link(pattern: str) -> None:
    """Refuse a pattern with such words, too, or one that a browser would run instead of opening it."""
    check_words(pattern)
    if pattern and not re.match(r"https?://|/(?!/)", pattern):
        raise UsageError(
            f"the link {pattern[:60]!r} leads nowhere; expected http://, https:// or a path from /"
        )


def job_link(pattern: str, key: SeriesKey) -> str:
    """Give the address of the page with a series' runs; "" for none."""
    return re.sub(r"\{(\w+)\}", lambda found: quote(getattr(key, found[1]), safe="/"), pattern)
