"""Of which target a series is, when several are asked in one question: Graphite answers with names alone.

A target's own name for its series (`alias`), or the path that it is, says it; so does the count, where each gives one series.
Where neither is certain, each target has to be asked by itself.
"""

from collections.abc import Callable, Sequence

from sfcci.dashboard import target as grammar
from sfcci.metric.glob import WILD, pattern
from sfcci.metric.graphite import Series

Accepts = Callable[[str], bool]
COMBINED = frozenset(
    {
        *("sum", "sumSeries", "avg", "averageSeries", "max", "maxSeries"),
        *("min", "minSeries", "countSeries", "multiplySeries", "diffSeries"),
    }
)
"""Functions that make one series of all."""
KEPT = frozenset(
    {
        *("alias", "aliasByNode", "aliasByMetric", "aliasSub", "scale", "offset", "absolute"),
        *(
            "round",
            "transformNull",
            "keepLastValue",
            "integral",
            "derivative",
            "nonNegativeDerivative",
            "perSecond",
        ),
        *(
            "movingAverage",
            "movingMedian",
            "movingSum",
            "summarize",
            "smartSummarize",
            "hitcount",
            "consolidateBy",
        ),
        *("timeShift", "scaleToSeconds", "delay", "invert", "logarithm", "color", "dashed"),
    }
)
"""Functions that make one series of each of their first argument."""


def together(texts: Sequence[str]) -> bool:
    """Say whether targets may be asked in one question, so that the answer can be told apart."""
    trees = [grammar.parse_target(text) for text in texts]
    named = [_named(tree) for tree in trees]
    apart = all(named) and len({one for tree in trees if (one := _alias(tree))}) == sum(
        _alias(tree) is not None for tree in trees
    )
    return apart or all(map(_single, trees))


def attributed(texts: Sequence[str], series: Sequence[Series]) -> list[list[Series]] | None:
    """Give the series of each target out of one answer; None where it is not certain."""
    trees = [grammar.parse_target(text) for text in texts]
    names = [accepts for tree in trees if (accepts := _named(tree))]
    if len(names) == len(trees):
        found: list[list[Series]] = [[] for _ in texts]
        for one in series:
            whose = [index for index, accepts in enumerate(names) if accepts(one.target)]
            if len(whose) != 1:
                return None
            found[whose[0]].append(one)
        return found
    if len(series) == len(texts) and all(map(_single, trees)):
        return [[one] for one in series]
    return None


def _named(tree: grammar.Target) -> Accepts | None:
    """Give what says whether a series' name is one of a target's; None where its names cannot be foretold."""
    alias = _alias(tree)
    if alias is not None:
        return lambda name: name == alias
    if not isinstance(tree, grammar.Path):
        return None
    parts = [pattern(part) if WILD.search(part) else part for part in tree.text.split(".")]

    def accepts(name: str) -> bool:
        words = name.split(".")
        return len(words) == len(parts) and all(
            part == word if isinstance(part, str) else bool(part.fullmatch(word))
            for part, word in zip(parts, words, strict=True)
        )

    return None if "**" in tree.text or "\\" in tree.text else accepts


def _alias(tree: grammar.Target) -> str | None:
    if not isinstance(tree, grammar.Call) or tree.name != "alias" or len(tree.arguments) != 2:  # noqa: PLR2004 - series and name
        return None
    name = tree.arguments[1]
    return name.value if isinstance(name, grammar.Literal) and isinstance(name.value, str) else None


def _single(tree: grammar.Target) -> bool:
    """Say whether a target gives one series at most."""
    if isinstance(tree, grammar.Path):
        return not WILD.search(tree.text)
    if not isinstance(tree, grammar.Call) or not tree.arguments:
        return False
    return tree.name in COMBINED or (tree.name in KEPT and _single(tree.arguments[0]))
