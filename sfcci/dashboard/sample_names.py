"""Names of series that match what targets ask for: those that are spelled out, and invented ones where a wildcard stands."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from sfcci.gate.job import Result
from sfcci.metric.glob import WILD, alternatives, pattern

MOST_WORDS = 4
"""So many words stand for one wildcard."""
MOST_OF_ONE = 400
"""So many names come of one pattern."""
MOST = 4000
"""So many names there are in all."""
FAR = 4
"""So many parts in front of a part say what it is."""
WORDS = {
    "tenant": ("main",),
    "pipeline": ("check", "gate"),
    "job": ("unit-tests", "functional-tests", "lint"),
    "project": ("git_example_org",),
    "branch": ("main",),
    "provider": ("east", "west"),
}
"""What a part is called behind one of these; else the words below."""
ANY = ("alpha", "beta", "gamma")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_CLASS = re.compile(r"\[(!?)([^\]]*)\]")
Words = Mapping[tuple[str, int], Iterable[str]]
"""So many places behind a part → the words that stand there."""


@dataclass
class Names:
    """The names that were found so far, and which words stand where."""

    found: dict[str, None] = field(default_factory=dict)
    words: dict[tuple[str, int], dict[str, None]] = field(default_factory=dict)
    cut: bool = False
    """Whether a bound left names out."""

    def add(self, parts: Sequence[str]) -> None:
        """Keep a name."""
        if len(self.found) >= MOST:
            self.cut = True
            return
        self.found.setdefault(".".join(parts))
        for place, part in enumerate(parts):
            for key in _places(parts, place):
                self.words.setdefault(key, {})[part] = None


def names(patterns: Iterable[str]) -> Names:
    """Give names for patterns (without variables): at least one for each, as far as the bounds allow.

    What is spelled out comes first, so that a wildcard stands for what other targets name, where they do.
    """
    made = Names()
    spelled = [parts for text in patterns for parts in _spelled(text, made)]
    for wild in (False, True):
        for parts in spelled:
            if any(map(WILD.search, parts)) is wild:
                for name in islice(_filled(parts, made.words), MOST_OF_ONE):
                    made.add(name)
    return made


def invented(
    part: str, before: Sequence[str], known: Words | None = None, most: int = MOST_WORDS
) -> tuple[str, ...]:
    """Give words that match one part of a pattern, which stands behind the parts `before`: known ones, else usual ones."""
    if not WILD.search(part):
        return (part,)
    matches = pattern(part).fullmatch
    for key in _places([*before, part], len(before)):
        if words := [word for word in (known or {}).get(key, ()) if matches(word)]:
            return tuple(words[:most])
    usual = dict.fromkeys(made for word in _usual(before) if matches(made := _put(part, word)))
    return tuple(usual) or ((made,) if matches(made := _put(part, "x")) else ())


def _spelled(text: str, made: Names) -> Iterator[tuple[str, ...]]:
    """Give a pattern's parts with the braces spelled out."""
    ways = list(islice(product(*map(alternatives, text.split("."))), MOST_OF_ONE + 1))
    made.cut |= len(ways) > MOST_OF_ONE
    for parts in ways[:MOST_OF_ONE]:
        if all(parts):
            yield parts


def _filled(parts: Sequence[str], known: Words, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Put words into the place of wildcards, from the left."""
    if len(before) == len(parts):
        yield before
        return
    for word in invented(parts[len(before)], before, known):
        yield from _filled(parts, known, (*before, word))


def _places(parts: Sequence[str], place: int) -> Iterator[tuple[str, int]]:
    """Say where a part stands: so far behind each of the parts in front of it, the nearest first."""
    yield from ((parts[place - back], back) for back in range(1, min(FAR, place) + 1))


def _usual(before: Sequence[str]) -> tuple[str, ...]:
    """Give the usual words behind some parts; behind a job come Zuul's results."""
    if len(before) > 1 and before[-2] == "job":
        return (Result.SUCCESS, Result.FAILURE)
    return WORDS.get(before[-1], ANY) if before else ANY


def _put(part: str, word: str) -> str:
    """Put a word into the place of a part's wildcards: all of it for the first *, nothing for others, one character for ?."""
    part = _CLASS.sub(lambda found: _of_class(bool(found[1]), found[2]), part).replace("?", word[0])
    return part.replace("*", word, 1).replace("*", "")


def _of_class(negated: bool, inside: str) -> str:
    """Give a character of a class: [a-f], [!0-9]."""
    for character in "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-":
        if pattern(f"[{'!' if negated else ''}{inside}]").fullmatch(character):
            return character
    return ""
