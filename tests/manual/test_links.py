"""Documents: every link leads somewhere, every command that they speak of is there; the site has the same links."""

from pathlib import Path

import pytest

from sfcci.manual import links, project, site, spoken
from sfcci.manual.markdown import code, prose, slug
from sfcci.manual.reference import programs

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def documents():
    return project.documents(PROJECT)


@pytest.fixture(scope="module")
def known():
    return programs()


def test_every_link_of_the_documents_leads_to_a_file_and_a_heading_that_are_there(documents):
    assert list(map(str, links.faults(documents, project.files(PROJECT)))) == []


def test_every_command_that_the_documents_speak_of_is_there_with_its_options(documents, known):
    assert list(map(str, spoken.faults(documents, known))) == []


def test_every_page_of_the_docs_is_linked_from_somewhere(documents):
    aims = {
        links.resolved(path, link.target.split("#")[0])
        for path, text in documents.items()
        for link in links.links(links.parser().parse(text))
    }
    lonely = {path for path in documents if path.startswith("docs/") and path not in aims}
    assert lonely == set()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a](missing.md)", "missing.md: no such file"),
        ("[a](b.md#no)", "b.md#no: docs/b.md has no heading with that anchor"),
        ("[a](#no)", "#no: docs/a.md has no heading with that anchor"),
        ("[a](/etc/passwd)", "/etc/passwd: a path of one machine; documents are linked from where they lie"),
        ("[a](javascript:no)", ""),  # CommonMark takes it for text
        ("![a](../picture.png)", "../picture.png: no such file"),
        ("[a](mailto:x@example.org)", "mailto:x@example.org: an address of another kind"),
        ("[a](https://example.org/)", ""),
        ("[a](b.md#two-words-1)", ""),
        ("[a](../sfcci)", ""),
    ],
)
def test_a_link_that_leads_nowhere_is_told_with_its_line(text, why):
    documents = {"docs/a.md": f"# One\n\n{text}\n", "docs/b.md": "# Two *words*\n\n## Two `words`!\n"}
    found = [str(one) for one in links.faults(documents, {"sfcci", "docs/a.md", "docs/b.md"})]
    assert found == ([f"docs/a.md:3: error: {why} [links]"] if why else [])


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("sfcci lab upp", "no command 'upp'; did you mean up?"),
        ("sfcci lab up demo --nam x", "no option --nam; did you mean --name?"),
        ("sfcci lab up demo --name x --json | less --bare", ""),
        ("sfcci lab exec source curl --retry 3 http://10.0.0.128/", ""),
        ("sfcci sfc port|router list", ""),
        ("sfcci sfc port|ruoter list", "no command 'ruoter'; did you mean router?"),
        ("sfcci preview dashboards/ --port 8765", ""),
        ("createdb --owner sfcci --encoding UTF8 runs", ""),
        ("sfcci sfc user add alice --admin", "lacks --project"),
        ("sfcci sfc user add alice --project=demo", ""),
        ("sfcci sfc user add", ""),
        ("cd /tmp && sfcci gate run 'sfc-*' --no-such", "no option --no-such"),
    ],
)
def test_a_command_that_is_not_there_is_told_with_its_line(typed, why, known):
    found = list(spoken.faults({"a.md": f"text\n\n```sh\n{typed}\n```\n"}, known))
    assert [one.place.line for one in found] == ([4] if why else [])
    assert all(why in one.what for one in found)


def test_the_site_has_a_page_for_each_document_and_links_between_pages():
    pages = site.pages(
        {
            "README.md": "# Tool\n\n[more](docs/a.md#two), [code](sfcci/x.py)\n",
            "docs/a.md": "# A\n\n## Two\n\n| a |\n|---|\n| `<b>` |\n\n[up](../README.md)\n",
        }
    )
    assert {"index.html", "docs/a.html", "titles.js", "style.css", "search.js"} == set(pages)
    assert '<a href="docs/a.html#two">more</a>, <a href="sfcci/x.py">code</a>' in pages["index.html"]
    assert '<a href="../index.html">up</a>' in pages["docs/a.html"]
    assert '<h2 id="two">Two</h2>' in pages["docs/a.html"]
    assert "<code>&lt;b&gt;</code>" in pages["docs/a.html"]


def test_text_of_the_code_is_read_on_a_page_as_it_stands_there():
    render = links.parser().renderInline
    assert render(prose("[gate] *x* <b> a_b `c*d`")) == "[gate] *x* &lt;b&gt; a_b <code>c*d</code>"
    assert render(code("a `b`")) == "<code>a `b`</code>"
    assert slug("`sfcci gate` -- What's new?") == "sfcci-gate----whats-new"
