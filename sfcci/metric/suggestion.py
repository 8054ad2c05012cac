"""What was perhaps meant by a metric name that leads nowhere: the part that is wrong, parts and names that are near."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from sfcci.metric.catalogue import Matched, Names, known_names
from sfcci.metric.glob import alternatives, pattern

MAX_COMPARED = 10_000
"""How many names are looked at for suggestions; behind so many faults of one kind nobody reads them."""
NEAR = 0.6
"""How much of two words must be the same (0 to 1) for one to be a slip of the other."""
SHORT = 2
"""So few letters begin many words."""
MOST_NEAR = 3
MOST_WRONG = 3
"""So many wrong parts of one name are put right; who got more of them wrong means something else."""
MOST_PUT_RIGHT = 20
"""For so many missing names whole names are looked for, which takes some questions."""


@dataclass(frozen=True)
class Missing:
    """A name or glob that matches no series: from which part on (counted from 0) there is nothing, and what is near."""

    asked: str
    depth: int
    near: tuple[str, ...] = ()
    """Parts that are there in place of the wrong one, the nearest first."""
    branch: bool = False
    """All of it is there, and is no series: names go on below."""
    empty: bool = False
    """There is nothing at all."""

    @property
    def part(self) -> str:
        """The first part that leads nowhere."""
        return self.asked.split(".")[self.depth]

    @property
    def hint(self) -> str:
        """The nearest part, as a question; "" when none is near."""
        return f"did you mean {self.near[0]}?" if self.near else ""

    def __str__(self) -> str:
        if self.empty:
            return "this Graphite is empty; fill it with: sfcci metrics push"
        if self.branch:
            return f"it is a branch, no series; see what is below: {self.asked}.*"
        above = ".".join(self.asked.split(".")[: self.depth])
        there = (
            f"there is nothing named {self.part!r} below {above}" if above else f"there is no {self.part!r}"
        )
        return f"{there}; {self.hint}" if self.near else there


def missing(asked: Iterable[str], names: Names) -> dict[str, Missing]:
    """Say of each name or glob that matches nothing from which part on, and which parts are near; two questions for all."""
    lost = list(dict.fromkeys(asked))
    if not lost:
        return {}
    prefixes = {one: list(accumulate(one.split(".")[:-1], "{}.{}".format)) for one in lost}
    known = Matched(
        known_names({prefix for some in prefixes.values() for prefix in some}, names, leaves_only=False)
    )
    depths = {
        one: next((n for n, prefix in enumerate(some) if not known.any(prefix)), len(some))
        for one, some in prefixes.items()
    }
    above = {one: ".".join([*one.split(".")[:depth], "*"]) for one, depth in depths.items()}
    inside = Matched(known_names(set(above.values()), names, leaves_only=False))
    siblings = {
        wide: tuple(sorted({name.rpartition(".")[2] for name in inside.matching(wide)}))
        for wide in set(above.values())
    }
    found, compared = {}, 0
    near: dict[tuple[str, str], tuple[str, ...]] = {}
    for one, depth in depths.items():
        part, there = one.split(".")[depth], siblings[above[one]]
        key = (part, above[one])
        if key not in near:
            compared += len(there)
            near[key] = nearest(part, there) if compared <= MAX_COMPARED else ()
        branch = depth == len(prefixes[one]) and any(map(pattern(part).fullmatch, there))
        found[one] = Missing(one, depth, () if branch else near[key], branch, not depth and not there)
    return found


def put_right(lost: Iterable[Missing], names: Names) -> dict[str, tuple[str, ...]]:
    """Give, for missing names, names (or globs) that are there and were perhaps meant, the nearest first.

    Up to MOST_WRONG parts are put right, and a beginning that was left out (StatsD's `stats_counts`) is put before it.
    """
    waiting = {one.asked: [one] for one in list(lost)[:MOST_PUT_RIGHT] if not one.empty and not one.branch}
    found: dict[str, tuple[str, ...]] = dict.fromkeys(waiting, ())
    for turn in range(MOST_WRONG):
        tries = {
            asked: list(dict.fromkeys(text for one in some for text in _tries(one, beginning=not turn)))
            for asked, some in waiting.items()
        }
        there = Matched(known_names({text for some in tries.values() for text in some}, names))
        for asked, some in tries.items():
            hits = [hit for text in some for hit in _hits(text, asked, there)]
            found[asked] = tuple(dict.fromkeys(hits))[:MOST_NEAR]
        still = {asked: some for asked, some in tries.items() if some and not found[asked]}
        if not still:
            break
        reasons = missing((text for some in still.values() for text in some if text[:2] != "*."), names)
        waiting = {
            asked: [reasons[text] for text in some if text in reasons and reasons[text].near]
            for asked, some in still.items()
        }
    return {asked: some for asked, some in found.items() if some}


def _tries(one: Missing, *, beginning: bool) -> Iterator[str]:
    parts = one.asked.split(".")
    for near in one.near:
        yield ".".join([*parts[: one.depth], near, *parts[one.depth + 1 :]])
    if beginning and one.depth == 0 and len(parts) > 1:
        yield from (f"*.{one.asked}", f"*.*.{one.asked}")


def _hits(text: str, asked: str, there: Matched) -> Iterator[str]:
    if text.endswith(f"*.{asked}"):
        count = len(text.split(".")) - len(asked.split("."))
        begins = {".".join(name.split(".")[:count]) for name in there.matching(text)}
        yield from (f"{begin}.{asked}" for begin in sorted(begins))
    elif there.any(text):
        yield text


def nearest(word: str, known: Sequence[str], most: int = MOST_NEAR) -> tuple[str, ...]:
    """Give the known words that `word` is a slip of, the nearest first: misspelt, cut off, in other case, other dashes."""
    spelled = alternatives(word)[0]
    wanted = re.sub(r"[*?\[\]!]", "", spelled)
    if not wanted:
        return ()
    scores = {one: score for one in known if (score := _likeness(wanted, one)) >= NEAR}
    return tuple(sorted(scores, key=lambda one: (-scores[one], len(one), one))[:most])


def put_right_words(words: str, names: Iterable[str]) -> tuple[str, str]:
    """Give words with those that no name holds replaced by the nearest part of a name, and why; "" when none is near."""
    lows = [name.casefold() for name in names]
    parts: tuple[str, ...] = ()
    right, why = [], []
    for word in words.split():
        if any(word.casefold() in name for name in lows):
            right.append(word)
            continue
        parts = parts or tuple({part for name in lows for part in name.split(".")})
        near = nearest(word, parts[:MAX_COMPARED], 1)
        if not near:
            return "", f"no name holds {word!r}"
        right += near
        why.append(f"no name holds {word!r}; did you mean {near[0]}?")
    return " ".join(right), "; ".join(why) or "no name holds all of these words"


def _likeness(word: str, other: str) -> float:
    """Say how near two words are, 0 to 1: what difflib says, and not less than 0.9 for a beginning or other dashes."""
    plain, reference = _plain(word), _plain(other)
    if plain == reference:
        return 0.99
    begins = len(plain) > SHORT and (reference.startswith(plain) or plain.startswith(f"{reference}-"))
    matcher = difflib.SequenceMatcher(None, reference, plain, autojunk=False)
    if not begins and min(matcher.real_quick_ratio(), matcher.quick_ratio()) < NEAR:
        return 0.0
    return max(0.9 if begins else 0.0, min(matcher.ratio(), 0.98))


@lru_cache(maxsize=2**14)
def _plain(word: str) -> str:
    return re.sub(r"[_/]", "-", word.casefold())
