"""Retentions: how long Graphite keeps how fine a step, written as in carbon's storage-schemas.conf (`10s:1d,60s:30d`)."""

import re
from dataclasses import dataclass
from itertools import pairwise

from sfcci.errors import Fault, InputError, Place

DEFAULT = "10s:1d,60s:30d,1h:1y"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


@dataclass(frozen=True)
class Archive:
    """One ring of values: a value for every `step_s` seconds, for `kept_s` seconds back from now."""

    step_s: int
    kept_s: int

    def start(self, time_s: float) -> int:
        """Give the begin of the step that `time_s` falls into."""
        return int(time_s // self.step_s) * self.step_s

    def __str__(self) -> str:
        return f"{self.step_s}s:{self.kept_s}s"


def parse_retentions(text: str) -> tuple[Archive, ...]:
    """Give the archives, the finest first. Raises InputError where whisper would refuse them too."""
    archives = tuple(_archive(part.strip(), text) for part in text.split(","))
    for finer, coarser in pairwise(archives):
        if coarser.step_s <= finer.step_s or coarser.step_s % finer.step_s or coarser.kept_s <= finer.kept_s:
            raise _fault(text, f"{coarser} follows {finer}", "steps that divide each other, each kept longer")
    return archives


def parse_span(text: str) -> int:
    """Give a length of time such as 90m, 36h or 7d in seconds. Raises InputError."""
    found = re.fullmatch(r"(\d+)([smhdwy])", text.strip())
    if not found:
        raise InputError(Fault(Place("time"), repr(text), "a number and one of s m h d w y, such as 36h"))
    return int(found[1]) * SECONDS[found[2]]


def _archive(part: str, text: str) -> Archive:
    found = re.fullmatch(r"(\d+)([smhdwy]?):(\d+)([smhdwy]?)", part)
    if not found:
        raise _fault(text, f"{part!r} is no retention", "STEP:TIME, such as 60s:30d")
    step_s = int(found[1]) * SECONDS[found[2] or "s"]
    kept_s = int(found[3]) * (SECONDS[found[4]] if found[4] else step_s)  # a bare number counts points
    if not 0 < step_s <= kept_s:
        raise _fault(text, f"{part!r} keeps less than one step", "STEP:TIME, such as 60s:30d")
    return Archive(step_s, kept_s // step_s * step_s)


def _fault(text: str, found: str, expected: str) -> InputError:
    return InputError(Fault(Place(f"retentions {text!r}"), found, expected))
