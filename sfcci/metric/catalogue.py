"""A catalogue of metric names: which of them match a glob or some words, and the tree of them.

It works on whoever knows the names (`Names`): a few questions for all names, whatever their number.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from sfcci.errors import UsageError
from sfcci.metric.glob import WILD, pattern

FEW, COMPANIONS, MAX_OPENED = 100, 8, 2
"""Up to how many patterns are asked as they are; how many must differ in one part for it to be opened; how often."""
MAX_LENGTH = 1000
MAX_PARTS = 40


class Names(Protocol):
    """Who knows Graphite's metric names (`metric.graphite.GraphiteReader` does)."""

    def expand(self, patterns: Sequence[str], *, leaves_only: bool = True) -> list[str]:
        """Give the names that match any of the patterns; without `leaves_only` branches too."""


class Matched:
    """Names as a tree of their parts: a pattern walks down the branches that it matches, not over all names."""

    def __init__(self, names: AbstractSet[str]) -> None:
        self.names = names
        self.tree: dict[str, dict[str, object]] = {}
        for name in names:
            node: dict[str, object] = self.tree  # type: ignore[assignment]
            for part in name.split("."):
                node = node.setdefault(part, {})  # type: ignore[assignment]

    def any(self, asked: str) -> bool:
        """Say whether some name matches."""
        if not WILD.search(asked):
            return asked in self.names
        return next(self.matching(asked), None) is not None

    def matching(self, asked: str) -> Iterator[str]:
        """Give the names that match."""
        if not WILD.search(asked):
            yield from [asked] if asked in self.names else []
            return
        for name in dict.fromkeys(self._below(self.tree, asked.split("."), 0, "")):
            if name in self.names:
                yield name

    def _below(
        self, node: Mapping[str, object], parts: Sequence[str], depth: int, begin: str
    ) -> Iterator[str]:
        if depth == len(parts):
            yield begin
            return
        part = parts[depth]
        if part == "**":  # any number of parts
            yield from self._below(node, parts, depth + 1, begin)
        fits = pattern(part).fullmatch if WILD.search(part) else None
        for word in [part] if fits is None else [word for word in node if fits(word)]:
            if word in node:
                inner: Mapping[str, object] = node[word]  # type: ignore[assignment]
                name = f"{begin}.{word}" if begin else word
                yield from self._below(inner, parts, depth + (part != "**"), name)


class Known:
    """Names that are all at hand: answers as Graphite would, without a question."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.series = Matched(self.names)
        self._below = Counter(above for name in self.names for above in _above(name))
        self._all = Matched(self.names | self._below.keys())

    def expand(self, patterns: Sequence[str], *, leaves_only: bool = True) -> list[str]:
        """Give the names that match any of the patterns, sorted; without `leaves_only` branches too."""
        matched = self.series if leaves_only else self._all
        return sorted({name for one in patterns for name in matched.matching(one)})

    def find(self, pattern: str) -> dict[str, bool]:
        """Give the names one pattern matches, branches too, each with whether it is a series; sorted."""
        return {name: name in self.names for name in self.expand([pattern], leaves_only=False)}

    def count_below(self, name: str) -> int:
        """Give the number of series below a branch."""
        return self._below[name]


def _above(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def checked(asked: str) -> str:
    """Give a name or glob back. Raises UsageError with what Graphite would not understand in it."""
    wrong = ""
    if len(asked) > MAX_LENGTH:
        wrong = f"is longer than {MAX_LENGTH} characters"
    elif found := re.search(r"[^!-~]|[()'\"\\|$]", asked):
        wrong = f"holds {found[0]!r}"
    elif not all(re.sub(r"\{[^{}]*\}", "x", asked).split(".")):
        wrong = "has an empty part"
    elif re.search(r"[{}]", re.sub(r"\{[^{}.]+\}", "", asked)):
        wrong = "has a brace without its other half, or a dot between braces"
    if wrong:
        raise UsageError(f"{asked[:80]!r} {wrong}; expected a name or a glob, such as stats_counts.*.{{a,b}}")
    return asked


def known_names(patterns: Iterable[str], names: Names, *, leaves_only: bool = True) -> set[str]:
    """Ask for the names that match any of the patterns, and perhaps more, in as few questions as will do."""
    asked = sorted(set(patterns)) if isinstance(names, Known) else gathered(patterns)
    return set(names.expand(asked, leaves_only=leaves_only)) if asked else set()


def gathered(patterns: Iterable[str]) -> list[str]:
    """Give few patterns that match whatever the given ones do: where many differ in one part only, that part is open."""
    wanted = set(patterns)
    for _ in range(MAX_OPENED):
        if len(wanted) <= FEW:
            break
        split = [tuple(one.split(".")) for one in wanted]
        best = min((_opened(split, at) for at in range(max(map(len, split)))), key=len)
        if len(best) == len(wanted):
            break
        wanted = best
    return sorted(wanted)


def _opened(split: Sequence[tuple[str, ...]], at: int) -> set[str]:
    """Replace part `at` by a wildcard in those that have enough companions that differ in nothing else."""
    groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for parts in split:
        groups.setdefault((*parts[:at], "*", *parts[at + 1 :]) if at < len(parts) else parts, []).append(
            parts
        )
    return {
        ".".join(parts)
        for opened, some in groups.items()
        for parts in ([opened] if len(some) >= COMPANIONS and opened[:1] != ("*",) else some)
    }


def completions(begun: str, find: Callable[[str], Mapping[str, bool]]) -> list[str]:
    """Give what `begun` may go on as: whole names of series, branches with a dot behind; `find` as GraphiteReader.find.

    Where there is one way only it is followed, up to the fork. Globs in the parts before the last are kept.
    """
    for _ in range(MAX_PARTS):
        above, dot, word = begun.rpartition(".")
        if WILD.search(word) or not all(part for part in above.split(".") if dot):
            return []
        there: dict[str, bool] = {}
        for name, series in find(f"{begun}*").items():
            part = name.rpartition(".")[2]
            there[part] = there.get(part, False) or series
        found = [f"{above}{dot}{part}{'' if series else '.'}" for part, series in there.items()]
        if len(found) != 1 or not found[0].endswith(".") or found[0] == begun:
            break
        begun = found[0]
    return sorted(found, key=in_order)


def search(words: str, names: Iterable[str]) -> list[str]:
    """Give the names that hold every one of the words (case does not count; a word may be a glob of a part), best first.

    A word that is a whole part, or begins one, counts for more than one in the middle; then the shorter name comes first.
    """
    wanted = [word.casefold() for word in words.split()]
    globs = [pattern(word).fullmatch for word in wanted if WILD.search(word)]
    plain = [word for word in wanted if not WILD.search(word)]
    found = []
    for name in names:
        low = name.casefold()
        if not all(word in low for word in plain):
            continue
        if globs and not all(any(map(fits, low.split("."))) for fits in globs):
            continue
        found.append((sum(_rank(word, low) for word in plain), len(name), name))
    return [name for _, _, name in sorted(found)]


def _rank(word: str, name: str) -> int:
    around = f".{name}."
    return (
        0
        if f".{word}." in around
        else 1
        if f".{word}" in around
        else 2
        if re.search(rf"[-_]{re.escape(word)}", name)
        else 3
    )


@dataclass(frozen=True)
class Branch:
    """A part of the tree of names: its whole name, how many series are in it, what is below; `series`: it is one itself."""

    name: str
    leaves: int
    below: "tuple[Branch, ...]" = ()
    series: bool = False


def tree(names: Iterable[str], top: str = "") -> Branch:
    """Give the tree of names; with `top` the part of it below that name."""
    found = Matched(set(names))
    node: Mapping[str, object] = found.tree
    for part in top.split(".") if top else ():
        node = node.get(part, {})  # type: ignore[assignment]
    return _branch(top, node, found.names)


def _branch(name: str, node: Mapping[str, object], names: AbstractSet[str]) -> Branch:
    below = tuple(
        _branch(f"{name}.{part}" if name else part, node[part], names)  # type: ignore[arg-type] # a tree of dicts
        for part in sorted(node, key=in_order)
    )
    series = name in names
    return Branch(name, sum(one.leaves for one in below) + series, below, series)


def in_order(text: str) -> list[tuple[int, int, str]]:
    """Sort as people do: job-2 before job-10."""
    pieces = re.split(r"(\d+)", text)
    return [(1, int(piece), piece) if piece.isdecimal() else (0, 0, piece) for piece in pieces]


def drawn(top: Branch, depth: int, most: int = 0) -> Iterator[str]:
    """Draw the tree, `depth` forks deep and at most `most` lines below one branch (0: all); a way without a fork is one line."""
    begin, below = _straight(top)
    yield _line(begin or "all names", below)
    if depth > 0:
        yield from _drawn(below, depth, most, "")


def _drawn(branch: Branch, depth: int, most: int, indent: str) -> Iterator[str]:
    shown = branch.below[:most] if most and len(branch.below) > most else branch.below
    left = branch.below[len(shown) :]
    for number, one in enumerate(shown):
        last = number == len(shown) - 1 and not left
        end = _straight(one)[1]
        text = end.name[len(branch.name) + 1 :] if branch.name else end.name
        yield f"{indent}{'└── ' if last else '├── '}{_line(text, end)}"
        if depth > 1:
            yield from _drawn(end, depth - 1, most, indent + ("    " if last else "│   "))
    if left:
        yield f"{indent}└── … {len(left)} more with {sum(one.leaves for one in left)} series"


def _straight(branch: Branch) -> tuple[str, Branch]:
    """Follow the way down until it forks or ends: its name, and where that is."""
    while len(branch.below) == 1 and not branch.series:
        branch = branch.below[0]
    return branch.name, branch


def _line(text: str, branch: Branch) -> str:
    return f"{text}  ({branch.leaves})" if branch.below else text
