"""Documents in Markdown and the links between them: each leads to a file that is there, and to a heading that it has.

Anchors are those that forges make of headings. Addresses of other machines are not asked for: a check of documents says
nothing about a network.
"""

import itertools
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sfcci.errors import Place
from sfcci.finding import Finding, Severity
from sfcci.manual.markdown import slug


@dataclass(frozen=True)
class Link:
    """Where a link leads (as it is written), and the line that it stands in, from 1."""

    target: str
    line: int


@dataclass(frozen=True)
class Heading:
    """A heading: 1 to 6, its text, its anchor on the page."""

    level: int
    text: str
    anchor: str


@cache
def parser() -> MarkdownIt:
    """Give the parser: CommonMark with tables, as forges read documents."""
    return MarkdownIt("commonmark").enable("table")


def headings(tokens: list[Token]) -> list[Heading]:
    """Give a document's headings in order; of the same anchor the second one ends in -1."""
    seen: Counter[str] = Counter()
    found = []
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(one.content for one in inline.children or ())
            anchor, times = slug(text), seen[slug(text)]
            seen[anchor] += 1
            found.append(Heading(int(opening.tag[1:]), text, f"{anchor}-{times}" if times else anchor))
    return found


def links(tokens: list[Token]) -> Iterator[Link]:
    """Give a document's links and pictures."""
    for token in tokens:
        line = token.map[0] + 1 if token.map else 0
        for one in token.children or ():
            target = one.attrGet("href" if one.type == "link_open" else "src")
            if one.type in {"link_open", "image"}:
                yield Link(str(target or ""), line)


def faults(documents: Mapping[str, str], files: AbstractSet[str]) -> Iterator[Finding]:
    """Say which links of documents (path → text) lead nowhere; `files`: every file and folder of the project."""
    parsed = {path: parser().parse(text) for path, text in documents.items()}
    anchors = {path: {one.anchor for one in headings(tokens)} for path, tokens in parsed.items()}
    for path, tokens in parsed.items():
        for link in links(tokens):
            if why := _fault(path, link.target, anchors, files):
                place = Place(path, link.line)
                yield Finding("links", Severity.ERROR, place, f"{link.target}: {why}")


def _fault(path: str, target: str, anchors: Mapping[str, AbstractSet[str]], files: AbstractSet[str]) -> str:
    """Say what is wrong with a link; "" when nothing is."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return "" if parts.scheme in {"http", "https"} and parts.netloc else "an address of another kind"
    if parts.path.startswith("/"):
        return "a path of one machine; documents are linked from where they lie"
    aim = resolved(path, parts.path)
    if aim not in files and aim not in anchors:
        return "no such file"
    known = anchors.get(aim)
    if parts.fragment and (known is None or unquote(parts.fragment) not in known):
        return f"{aim} has no heading with that anchor"
    return ""


def resolved(path: str, target: str) -> str:
    """Give the path, in the project, of what a document's link names; of a bare anchor its own."""
    if not target:
        return path
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(target)))
