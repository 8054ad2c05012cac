"""The group of a hop: as many buckets for each instance as its weight says, so that the switch's hash obeys it."""

import hashlib
from collections.abc import Iterator, Sequence
from math import gcd

from sfcci.chain.action import Resubmit
from sfcci.chain.flows_chain import delivered
from sfcci.chain.openflow import Bucket, Group
from sfcci.chain.path import Hop, Path
from sfcci.chain.spread import spread
from sfcci.chain.table import DELIVER

MOST_BUCKETS = 500
"""Of one group, where weights ask for more; a message of OpenFlow holds about a thousand (64 KiB)."""


def hop_group(path: Path, hop: Hop) -> Group:
    """Give the group of a hop with several live instances."""
    taken: set[int] = set()
    buckets = []
    for instance, turns in zip(hop.live, counts([one.weight for one in hop.live]), strict=True):
        steps = (*delivered(path, instance), Resubmit(DELIVER))
        for turn in range(turns):
            number = _bucket_id(f"{instance.pair}/{turn}" if turn else instance.pair, taken)
            buckets.append(Bucket(number, steps, instance.entry.number))
    fields = spread(hop.lb_fields, path.back).fields
    return Group(hop.group, fields, tuple(sorted(buckets, key=lambda bucket: bucket.id)))


def counts(weights: Sequence[int]) -> tuple[int, ...]:
    """Give how many buckets each has for these weights (from 1): exactly in proportion while these are not too many.

    Else the nearest to it, what is left going to the largest remainders; everybody has one.
    """
    unit = gcd(*weights)
    exact = [weight // unit for weight in weights]
    total = sum(exact)
    if total <= max(MOST_BUCKETS, len(weights)):
        return tuple(exact)
    found = [max(1, part * MOST_BUCKETS // total) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda n: -(exact[n] * MOST_BUCKETS % total))
    for n in by_remainder[: max(0, MOST_BUCKETS - sum(found))]:
        found[n] += 1
    return tuple(found)


def _bucket_id(word: str, taken: set[int]) -> int:
    """Give a number that is the pair's own whoever else is in the group, so that few flows move when others come."""
    number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:3], "big")
    while number in taken:
        number += 1
    taken.add(number)
    return number


def hop_groups(ways: Sequence[Path]) -> Iterator[tuple[Path, Hop]]:
    """Give the hops of a chain's ways that have a group, each with its way."""
    for path in ways:
        yield from ((path, hop) for hop in path.hops if len(hop.live) > 1)
