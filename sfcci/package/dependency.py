"""PMS's dependency syntax (PMS 8.2): words and groups, read and laid out as Gentoo's developers write it.

The same syntax carries REQUIRED_USE, where the words are flags. Bash inside (`${RDEPEND}`, `$(python_gen_cond_dep ...)`)
stays as it is: what it becomes is known to the package manager alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfcci.package.atom import ATOM

HEAD = re.compile(r"\|\||\^\^|\?\?|!?[A-Za-z0-9][A-Za-z0-9+_@-]*\?")
"""What may stand before a group."""
WORDS = re.compile(r"\$\((?:'[^']*'|[^()']|\([^()]*\))*\)|\S+")
BASH = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*[^{}]*\}")
FLAG = re.compile(r"!?[A-Za-z0-9][A-Za-z0-9+_@-]*")
WIDTH = 100


class NoDependency(Exception):  # noqa: N818 - says what the text is not
    """A text that is no dependency; the message says why."""


@dataclass(frozen=True)
class Group:
    """Words that belong together: `head` is "||", "^^", "??", "flag?", "!flag?" or "" for mere brackets."""

    head: str
    members: tuple["str | Group", ...]


Node = str | Group


def parse_dependency(text: str) -> tuple[Node, ...]:
    """Read a text. Raises NoDependency (brackets that do not match, a head without its group)."""
    return tuple(_nodes(iter(WORDS.findall(text)), inner=False))


def laid_out(nodes: Sequence[Node], indent: str = "\t") -> tuple[str, ...]:
    """Give the lines of nodes: a group on one line where it fits, else its members on lines of their own."""
    return tuple(line for node in nodes for line in _lines(node, indent))


def conditions(nodes: Sequence[Node]) -> Iterator[str]:
    """Give the flags that the heads of groups ask, `!` and `?` taken off."""
    for node in nodes:
        if isinstance(node, Group):
            if node.head.endswith("?") and node.head != "??":
                yield node.head.strip("!?")
            yield from conditions(node.members)


def words(nodes: Sequence[Node]) -> Iterator[str]:
    """Give the words that stand in groups and outside of them."""
    for node in nodes:
        if isinstance(node, Group):
            yield from words(node.members)
        else:
            yield node


def atom_fault(word: str) -> str:
    """Say what is wrong with a word that shall be a package dependency; "" for nothing. Bash is no fault."""
    if word.startswith("$(") or BASH.fullmatch(word):
        return ""
    match = ATOM.fullmatch(BASH.sub("1", word))
    if match is None:
        return "is no package dependency"
    if bool(match["operator"]) is not bool(match["version"]):
        return (
            "has an operator without a version" if match["operator"] else "has a version without an operator"
        )
    return ""


def _nodes(words: Iterator[str], *, inner: bool) -> Iterator[Node]:
    for word in words:
        if word == ")" and inner:
            return
        if word == ")":
            raise NoDependency("a bracket is closed that was never opened")
        if word == "(" or HEAD.fullmatch(word):
            if word != "(" and next(words, "") != "(":
                raise NoDependency(f"{word} has no group in brackets behind it")
            yield Group("" if word == "(" else word, tuple(_nodes(words, inner=True)))
        elif "(" in word.replace("(+)", "").replace("(-)", "") and not word.startswith("$("):
            raise NoDependency(f"{word}: brackets want blanks around them")
        else:
            yield word
    if inner:
        raise NoDependency("a bracket is opened that is never closed")


def _lines(node: Node, indent: str) -> Iterator[str]:
    if isinstance(node, str):
        yield indent + node
        return
    opening = f"{node.head} (".lstrip()
    flat = f"{opening} {' '.join(map(_flat, node.members))} )"
    if (len(node.members) <= 1 and len(flat) <= WIDTH) or all(FLAG.fullmatch(_flat(m)) for m in node.members):
        yield indent + flat
        return
    yield indent + opening
    yield from laid_out(node.members, f"{indent}\t")
    yield f"{indent})"


def _flat(node: Node) -> str:
    if isinstance(node, str):
        return node
    return f"{node.head} ( {' '.join(map(_flat, node.members))} )".lstrip()
