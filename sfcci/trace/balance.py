"""How flows spread over the port pairs of a group, against their weights, and whether chance alone explains it. Pure.

The switch chooses by a hash of each flow, so under the weights the flows of the pairs are a multinomial sample. Few flows are
judged exactly (the probability of everything that is no likelier than what was seen), many by Pearson's chi-square.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import comb, erfc, exp, inf, lgamma, log, pi, sqrt

from sfcci.chain.path import Hop as PathHop
from sfcci.chain.path import Instance
from sfcci.trace.chainpath import ChainPath, Role
from sfcci.trace.judging import FORWARD
from sfcci.trace.meant import Meant

MOST_OUTCOMES = 20_000
"""So many ways to spread the flows are looked at one by one; beyond, chi-square is as good."""
LEAST_EXPECTED = 5.0
"""Of pairs that expect fewer flows the chi-square takes the sum (Cochran's rule)."""
LEVEL = 0.01
"""What is less probable than this is not put down to chance."""


@dataclass(frozen=True)
class Share:
    """One port pair: its weight (0: none of its ports' packets may come), and how many flows it was chosen for."""

    pair: str
    node: str
    weight: int
    flows: int


@dataclass(frozen=True)
class Spread:
    """One group of a chain: how the flows spread. `statistic` is Pearson's; None where the p-value is exact."""

    chain: str
    group: str
    shares: tuple[Share, ...]
    p_value: float
    statistic: float | None = None
    freedom: int = 0

    @property
    def flows(self) -> int:
        """How many choices were seen."""
        return sum(share.flows for share in self.shares)

    def expected(self, share: Share) -> float:
        """Give how many flows the weights would have given to a pair."""
        total = sum(one.weight for one in self.shares)
        return self.flows * share.weight / total if total else 0.0


def spreads(paths: Iterable[ChainPath], meant: Meant) -> tuple[Spread, ...]:
    """Give how the requests' flows spread over each group of each chain that has a choice, by chain and group.

    Flows that agree in all that the group's hash looks at are one choice. Answers are left out: they go where their request went.
    """
    chosen: dict[tuple[str, str], dict[object, str]] = {}
    groups = {(chain, group): hop for chain, group, hop in _groups(meant)}
    for path in paths:
        if path.direction != FORWARD:
            continue
        for hop in path.hops:
            key = hop.chain or path.chain, hop.group
            if hop.role is Role.FUNCTION and key in groups:
                chosen.setdefault(key, {}).setdefault(_hashed(path, groups[key].lb_fields), hop.pair)
    return tuple(
        judged(*key, _shares(groups[key].instances, Counter(chosen.get(key, {}).values()), meant))
        for key in sorted(groups)
    )


def judged(chain: str, group: str, shares: Iterable[Share]) -> Spread:
    """Give the spread with its p-value: 1 without a flow, 0 where a pair without weight was chosen."""
    kept = tuple(shares)
    seen = [share.flows for share in kept if share.weight]
    total = sum(share.weight for share in kept)
    if any(share.flows for share in kept if not share.weight):
        return Spread(chain, group, kept, 0.0)
    if not sum(seen) or len(seen) == 1:
        return Spread(chain, group, kept, 1.0)
    parts = [share.weight / total for share in kept if share.weight]
    if comb(sum(seen) + len(seen) - 1, len(seen) - 1) <= MOST_OUTCOMES:
        return Spread(chain, group, kept, exact(seen, parts))
    statistic, freedom = pearson(seen, parts)
    return Spread(chain, group, kept, chi_square_tail(statistic, freedom), statistic, freedom)


def exact(seen: Sequence[int], parts: Sequence[float]) -> float:
    """Give the probability of all outcomes that are no likelier than `seen`, when each falls to a part with its probability."""
    limit = _log_probability(seen, parts) + 1e-9
    found = (_log_probability(one, parts) for one in _outcomes(sum(seen), len(seen)))
    return min(1.0, sum(exp(one) for one in found if one <= limit))


def pearson(seen: Sequence[int], parts: Sequence[float]) -> tuple[float, int]:
    """Give Pearson's statistic and its degrees of freedom; parts that expect too few are put together."""
    total = sum(seen)
    cells = sorted(((total * part, float(count)) for count, part in zip(seen, parts, strict=True)))
    while len(cells) > 1 and cells[0][0] < LEAST_EXPECTED:
        (first, few), (second, more), *rest = cells
        cells = sorted([(first + second, few + more), *rest])
    return sum((count - wanted) ** 2 / wanted for wanted, count in cells), len(cells) - 1


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Give the probability that chi-square is at least so large: the finite sums of whole degrees of freedom.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.4.4 and 26.4.5.
    """
    if freedom <= 0 or statistic <= 0:
        return 1.0
    half = statistic / 2
    if freedom % 2:
        term, found = 2 * sqrt(half / pi) * exp(-half), erfc(sqrt(half))
        for step in range(3, freedom + 1, 2):
            found += term
            term *= statistic / step
        return min(1.0, found)
    term = found = exp(-half)
    for step in range(1, freedom // 2):
        term *= half / step
        found += term
    return min(1.0, found)


def _outcomes(flows: int, pairs: int) -> Iterator[tuple[int, ...]]:
    if pairs == 1:
        yield (flows,)
        return
    for first in range(flows + 1):
        for rest in _outcomes(flows - first, pairs - 1):
            yield (first, *rest)


def _log_probability(seen: Sequence[int], parts: Sequence[float]) -> float:
    found = lgamma(sum(seen) + 1)
    for count, part in zip(seen, parts, strict=True):
        found += count * log(part) - lgamma(count + 1) if part else (-inf if count else 0.0)
    return found


def _groups(meant: Meant) -> Iterator[tuple[str, str, PathHop]]:
    """Every group with a choice, by the names of chain and group."""
    layout = meant.layout
    for chain, ways in layout.ways.items():
        for path in ways[:1]:
            for hop in path.hops:
                if len(hop.instances) > 1:
                    yield layout.name(chain), layout.name(layout.group_of[hop.instances[0].pair].id), hop


def _shares(instances: Sequence[Instance], seen: Counter[str], meant: Meant) -> Iterator[Share]:
    for one in instances:
        name = meant.layout.name(one.pair)
        node = meant.host_at.get(one.entry.number, name)
        yield Share(name, node, one.weight if one.live else 0, seen[name])


def _hashed(path: ChainPath, fields: Sequence[str]) -> object:
    """What the switch looks at of a flow; without fields all of it."""
    flow, first = path.flow, path.hops[0].returned
    known: dict[str, object] = {
        "eth_src": first.eth_src if first else "",
        "eth_dst": first.eth_dst if first else "",
        "ip_src": flow.src,
        "ip_dst": flow.dst,
        "src": flow.sport,
        "dst": flow.dport,
    }
    return tuple(known.get(name, known.get(name[4:])) for name in fields) or flow
