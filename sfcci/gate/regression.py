"""Regressions: the moment since which a job fails more often than before, and the probability that chance did it.

Results are octets here, 1 for a bad one, in the order of time. A split at i has the first i results before it.
"""

from dataclasses import dataclass, replace
from itertools import chain, compress
from math import exp, lgamma, log

MIN_RISE = 0.05
"""A rate that rose by less is no regression."""
MIN_FAILURES = 4
"""So many failures must have come since."""
MAX_PROBABILITY = 0.05
SUPPORT = 2.0
"""A split is plausible, too, when its likelihood ratio is at most e to this power times smaller than the best."""


@dataclass(frozen=True)
class Split:
    """Results cut in two; all numbers count results."""

    at: int
    """How many lie before: the index of the first result after."""
    bad_before: int
    n: int
    bad: int
    """All results, and the bad ones among them."""
    earliest: int | None = None
    """From here to `at` every split is plausible: the fault may have come so early. None: nobody looked."""

    @property
    def bad_after(self) -> int:
        """The bad ones after."""
        return self.bad - self.bad_before

    @property
    def after(self) -> int:
        """How many lie after."""
        return self.n - self.at

    @property
    def rise(self) -> float:
        """The failure rate after less that before."""
        return self.bad_after / self.after - self.bad_before / self.at

    @property
    def likelihood(self) -> float:
        """How much likelier two rates make the results than one: the logarithm of the ratio; 0 without a difference."""
        halves = _entropy(self.bad_before, self.at) + _entropy(self.bad_after, self.after)
        return halves - _entropy(self.bad, self.n)

    @property
    def probability(self) -> float:
        """The probability that chance made the best split of n - 1 as good as this: Fisher's, times n - 1, at most 1.

        Bonferroni's correction is on the safe side: neighbouring splits hardly differ.
        """
        return min(1.0, fisher(self.bad_after, self.after, self.bad_before, self.at) * (self.n - 1))


def regression(bits: bytes) -> Split | None:
    """Give the split that is a regression: the likeliest, where the rate rose enough, by enough failures, not by chance."""
    split = best_split(bits)
    if split is None or split.bad_after < MIN_FAILURES or split.rise < MIN_RISE:
        return None
    return replace(split, earliest=earliest(bits, split)) if split.probability < MAX_PROBABILITY else None


def best_split(bits: bytes) -> Split | None:
    """Give the likeliest split into a better before and a worse after (the first such); None when there is none.

    Draw the results as a walk: x counts results, y bad ones, from (0, 0) to (n, bad). The likelihood ratio of a split is
    a function of its point (x, y): e(y, x) + e(bad - y, n - x) + a constant, where e(k, m) = k ln k + (m - k) ln(m - k) - m ln m.
    e is convex (it is the perspective of the convex t ln t + (1 - t) ln(1 - t)), so the sum is; and a convex function has
    its maximum over some points at a corner of their convex hull. It is 0 on the straight line from end to end, and the
    rate rises where the walk is below that line. So the corners of the lower hull are enough: few among n, found without
    a logarithm. Between bad results y stands still, and with each it rises as steeply as it can: a corner stands where a
    bad result follows a good one.
    """
    n, bad = len(bits), bits.count(1)
    splits = [Split(at, before, n, bad) for at, before in _lower_hull(bits) if at > 0]
    return max((one for one in splits if one.rise > 0), key=lambda one: one.likelihood, default=None)


def earliest(bits: bytes, split: Split) -> int:
    """Give the first of the plausible splits that lead without a gap to the best one.

    Where only some runs fail, the first ones after the fault may have been good by luck.
    """
    least = split.likelihood - SUPPORT
    before = split.bad_before
    for at in range(split.at - 1, 0, -1):
        before -= bits[at]
        if Split(at, before, split.n, split.bad).likelihood < least:
            return at + 1
    return 1


def fisher(bad: int, n: int, other_bad: int, other_n: int) -> float:
    """Give the one-sided p of Fisher's exact test: that chance puts at least `bad` of all bad ones among these n.

    Source: R. A. Fisher, The Design of Experiments (1935). The hypergeometric terms fall from the first on where `bad` is
    above what is expected; they are summed until they no longer matter.
    """
    total, all_bad = n + other_n, bad + other_bad
    term = exp(_log_choose(n, bad) + _log_choose(other_n, other_bad) - _log_choose(total, all_bad))
    chance = 0.0
    for count in range(bad, min(n, all_bad) + 1):
        if chance and term < chance * 1e-17:
            break
        chance += term
        term *= (n - count) / (count + 1) * (all_bad - count) / (other_n - all_bad + count + 1)
    return min(1.0, chance)


def _lower_hull(bits: bytes) -> list[tuple[int, int]]:
    """Give the corners of the lower hull of the walk, from its begin on, but its end (Andrew's monotone chain)."""
    xs, ys, last = [0], [0], -1
    points = enumerate(compress(range(len(bits)), bits))
    for y, x in chain(points, [(bits.count(1), len(bits))]):
        if x - last > 1 or x == len(bits):  # right after a bad result there is no corner
            while len(xs) > 1 and (xs[-1] - xs[-2]) * (y - ys[-2]) <= (ys[-1] - ys[-2]) * (x - xs[-2]):
                xs.pop()
                ys.pop()
            xs.append(x)
            ys.append(y)
        last = x
    return list(zip(xs[:-1], ys[:-1], strict=True))


def _entropy(bad: int, n: int) -> float:
    """Give the logarithm of the greatest likelihood of so many bad ones of n."""
    return sum(count * log(count / n) for count in (bad, n - bad) if count)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
