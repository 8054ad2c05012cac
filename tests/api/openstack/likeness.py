"""Is an answer like the recorded one? Ids, MAC addresses, IP addresses and times are others, but the same ones each time.

What a recording calls `2309e77c-…` is learnt where it first appears and must be that resource ever after. Times may be
any times. Everything else is compared as it stands, whether it comes as JSON or in a table that the client printed.
"""

import ast
import json
import re

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
KINDS = {
    "uuid": UUID,
    "mac": r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}",
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?",
    "address": r"\b10\.0\.0\.\d+\b",
    "server": r"http://[\w.]+:\d+",
}
TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in KINDS.items()))
UUID_ALONE = re.compile(UUID)
SETS = {"port_pairs", "flow_classifiers", "security_groups", "Port Pair", "Flow Classifiers"}
"""Lists whose order says nothing."""
ADDED = ("revision_number", "fail_mode", "status", "status_reason", "live_port_pairs")
"""What our answers have more than the reference's."""
NAMES = ("name", "Name", "alias", "Alias", "binary", "Binary")
"""What tells a list's rows apart where their ids are not known yet: none of the recorded ones have two of one name."""


class Likeness:
    """`known`: recorded → ours. `free`: patterns of places that may have another value; `added`: fields that only ours has."""

    def __init__(self, free=("(?!)",), added=()):
        self.known, self.free, self.added = {}, re.compile("|".join(free)), set(added)

    def ours(self, text):
        """The recorded text in our words, as far as they are known: a request that can be sent again."""
        return TOKEN.sub(lambda match: self.known.get(match[0], match[0]), text)

    def text(self, recorded, ours):
        """Say whether two texts are alike."""
        if TOKEN.split(recorded)[:: len(KINDS) + 1] != TOKEN.split(ours)[:: len(KINDS) + 1]:
            return False
        pairs = zip(TOKEN.finditer(recorded), TOKEN.finditer(ours), strict=True)
        return all(self._token(one.lastgroup, one[0], other.lastgroup, other[0]) for one, other in pairs)

    def _token(self, kind, recorded, other_kind, ours):
        if kind != other_kind:
            return False
        if kind in ("time", "server") or (kind == "address" and recorded == ours):
            return True
        if recorded not in self.known and (kind == "address" or ours not in self.known.values()):
            self.known[recorded] = ours
        return self.known.get(recorded) == ours

    def differences(self, recorded, ours, place=""):
        """What of the recorded value is not in ours: one line for each difference."""
        if self.free.search(place):
            return []
        if isinstance(recorded, dict) and isinstance(ours, dict):
            return self._of_mappings(recorded, ours, place)
        if isinstance(recorded, list) and isinstance(ours, list):
            return self._of_lists(recorded, ours, place)
        if isinstance(recorded, str) and isinstance(ours, str):
            same = self.text(recorded, ours)
        else:
            same = type(recorded) is type(ours) and recorded == ours
        return [] if same else [f"{place or 'answer'}: recorded {recorded!r}, ours {ours!r}"]

    def _of_mappings(self, recorded, ours, place):
        lost = [f"{place}.{key}: recorded {recorded[key]!r}, ours has none" for key in recorded.keys() - ours]
        more = [f"{place}.{key}: ours alone, {ours[key]!r}" for key in ours.keys() - recorded - self.added]
        both = [
            line
            for key in recorded
            if key in ours
            for line in (self._of_sets if key in SETS else self.differences)(
                recorded[key], ours[key], f"{place}.{key}"
            )
        ]
        return [*lost, *more, *both]

    def _of_sets(self, recorded, ours, place):
        """Ids in any order: those that are not known yet can be told apart only where there is one of them."""
        if not all(
            isinstance(side, list) and all(isinstance(one, str) for one in side) for side in (recorded, ours)
        ):
            return self.differences(recorded, ours, place)
        met = [one for one in recorded if self.known.get(one) in ours]
        new = [one for one in recorded if one not in met]
        ours_new = [one for one in ours if one not in {self.known[one] for one in met}]
        if len(new) == len(ours_new) > 1 and all(map(UUID_ALONE.fullmatch, [*new, *ours_new])):
            return [f"{place}: {one!r} is known" for one in ours_new if one in self.known.values()]
        return self.differences(new, ours_new, place)

    def _of_lists(self, recorded, ours, place):
        if len(recorded) != len(ours):
            return [f"{place}: recorded {len(recorded)} of them, ours {len(ours)}: {ours!r}"]
        pairs = zip(recorded, self._in_that_order(recorded, ours), strict=True)
        return [
            line
            for number, (one, other) in enumerate(pairs)
            for line in self.differences(one, other, f"{place}[{number}]")
        ]

    def _in_that_order(self, recorded, ours):
        """Our rows in the order of the recorded ones: the reference sorts by id, and ids are others here."""
        field = next(
            (n for n in NAMES if all(isinstance(r, dict) and n in r for r in [*recorded, *ours])), ""
        )
        if not field:
            return ours
        places = {row[field]: number for number, row in enumerate(recorded)}
        return sorted(ours, key=lambda row: places.get(row[field], len(places)))


def printed(text):
    """What the client printed, as plain values: JSON, a table of fields, a table of rows, or lines."""
    if text.startswith("+-"):
        return _table(text)
    try:
        return json.loads(text)
    except ValueError:
        return [_cell(line) for line in text.splitlines()]


def _table(text):
    lines = [
        [cell.strip() for cell in line[2:-2].split(" | ")] for line in text.splitlines() if line[:1] == "|"
    ]
    heads, rows = lines[0], []
    for cells in lines[1:]:
        if cells[0] or not rows:
            rows.append(cells)
        else:  # a cell of several lines
            rows[-1] = ["\n".join(filter(None, pair)) for pair in zip(rows[-1], cells, strict=True)]
    if heads == ["Field", "Value"]:
        return {name: _cell(value) for name, value in rows}
    return [dict(zip(heads, map(_cell, row), strict=True)) for row in rows]


def _cell(text):
    """A cell's value: lists and mappings are printed as Python writes them."""
    if text[:1] in ("[", "{"):
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text
    return text
