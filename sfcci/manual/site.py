"""The documents as a site: a folder of pages that any web server, or none, can show; links between documents become pages'."""

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it.token import Token

from sfcci.manual.links import Heading, headings, parser, resolved

TEMPLATES = Path(__file__).with_name("templates")
FIRST = "README.md"
SECTIONS = (
    ("Begin", (FIRST, "docs/tutorial.md")),
    ("How to", ("docs/howto-",)),
    ("Explained", ("docs/",)),
    ("Reference", ("docs/reference/",)),
    ("The project", ("",)),
)
"""Title → how the paths of its documents begin; the longest beginning that fits a document is its section's."""


@dataclass(frozen=True)
class Page:
    """A document on its way to a page."""

    path: str
    tokens: list[Token]
    headings: list[Heading]

    @property
    def title(self) -> str:
        """The text of its first heading."""
        return self.headings[0].text if self.headings else self.path

    @property
    def address(self) -> str:
        """Where its page lies in the site."""
        if self.path == FIRST:
            return "index.html"
        folder, name = posixpath.split(self.path)
        page = "index" if name == FIRST else name.removesuffix(".md")
        return posixpath.join(folder, f"{page}.html")


def pages(documents: Mapping[str, str]) -> dict[str, str]:
    """Give address → text of every file of the site; `documents`: path in the project → Markdown."""
    import jinja2

    parsed = [
        Page(path, tokens := parser().parse(text), headings(tokens)) for path, text in documents.items()
    ]
    by_path = {page.path: page for page in parsed}
    template = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    ).get_template("page.html.j2")
    drawn = {page.address: template.render(_fields(page, by_path)) for page in parsed}
    titles = [
        {"title": one.text, "address": f"{page.address}#{one.anchor}"}
        for page in parsed
        for one in page.headings
    ]
    return {
        **drawn,
        "titles.js": f"window.sfcciTitles = {json.dumps(titles)};\n",
        **{name: (TEMPLATES / name).read_text() for name in ("style.css", "search.js")},
    }


def _fields(page: Page, by_path: Mapping[str, Page]) -> dict[str, Any]:
    import markupsafe

    root = "../" * page.address.count("/")
    return {
        "title": page.title,
        "root": root,
        "sections": list(_sections(page, by_path)),
        "outline": [one for one in page.headings[1:] if one.level <= 3],  # noqa: PLR2004 - the third level
        "body": markupsafe.Markup(_body(page, by_path)),  # noqa: S704 - the project's own documents, without raw HTML
    }


def _sections(here: Page, by_path: Mapping[str, Page]) -> Iterator[dict[str, Any]]:
    for title, beginnings in SECTIONS:
        own = [page for page in by_path.values() if _section(page.path) == title]
        if own:
            own.sort(
                key=lambda page: (
                    next((n for n, one in enumerate(beginnings) if page.path == one), 99),
                    page.path,
                )
            )
            shown = [{"title": page.title, "address": page.address, "here": page is here} for page in own]
            yield {"title": title, "pages": shown, "here": any(one["here"] for one in shown)}


def _section(path: str) -> str:
    fitting = [
        (len(one), title) for title, beginnings in SECTIONS for one in beginnings if path.startswith(one)
    ]
    return max(fitting)[1]


def _body(page: Page, by_path: Mapping[str, Page]) -> str:
    renderer = parser().renderer
    anchors = iter(page.headings)
    for token in page.tokens:
        if token.type == "heading_open":
            token.attrSet("id", next(anchors).anchor)
        for one in token.children or ():
            if one.type == "link_open":
                one.attrSet("href", _address(page, str(one.attrGet("href")), by_path))
    text: str = renderer.render(page.tokens, parser().options, {})
    return text.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")


def _address(page: Page, target: str, by_path: Mapping[str, Page]) -> str:
    """Give what a link becomes: a document's page, seen from this one; what is no document stays as it is."""
    path, mark, anchor = target.partition("#")
    aim = by_path.get(resolved(page.path, path)) if "://" not in target else None
    if not aim or not path:
        return target
    return posixpath.relpath(aim.address, posixpath.dirname(page.address) or ".") + mark + anchor
