"""Grafana's own variables of time, put into a target: the step that a graph has room for, and the range that is shown."""

import re
from collections.abc import Mapping

from sfcci.dashboard.variable import AUTO, Choice

_ROUND_MS = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000), (3500, 2000), (7500, 5000),
    (12500, 10_000), (17500, 15_000), (25000, 20_000), (45000, 30_000), (90_000, 60_000), (210_000, 120_000),
    (450_000, 300_000), (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000), (2_700_000, 1_800_000),
    (5_400_000, 3_600_000), (9_000_000, 7_200_000), (16_200_000, 10_800_000), (32_400_000, 21_600_000),
    (86_400_000, 43_200_000), (604_800_000, 86_400_000), (1_814_400_000, 604_800_000), (3_628_800_000, 2_592_000_000),
)  # fmt: skip
"""Below the first it is the second (milliseconds): Grafana's table of round steps."""
_YEAR_MS = 31_536_000_000
_UNITS = (
    ("y", _YEAR_MS),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
)


def step_ms(from_s: float, until_s: float, points: int, least_ms: int = 0) -> int:
    """Give the round step (milliseconds) with which a range fills so many points."""
    exact = max(least_ms, (until_s - from_s) * 1000 / max(1, points))
    return next((step for below, step in _ROUND_MS if exact < below), _YEAR_MS)


def interval_text(interval_ms: int) -> str:
    """Give an interval in Grafana's words: 30s, 5m, 200ms."""
    unit, size = next(((unit, size) for unit, size in _UNITS if interval_ms % size == 0), ("ms", 1))
    return f"{interval_ms // size}{unit}"


def interval_ms(text: str) -> int:
    """Give an interval's milliseconds; 0 for what is none."""
    found = re.fullmatch(r"(\d{1,9})(ms|[smhdwy])", text.strip())
    return int(found[1]) * {"ms": 1, **dict(_UNITS)}[found[2]] if found else 0


def words(choices: Mapping[str, Choice], from_s: int, until_s: int, points: int) -> dict[str, str]:
    """Give Grafana's own variables of time, and those of kind interval that are left to it (auto)."""
    step, span_ms = step_ms(from_s, until_s, points), (until_s - from_s) * 1000
    autos = {
        f"{AUTO}_{name}"[1:]: interval_text(
            step_ms(from_s, until_s, choice.variable.auto_count, interval_ms(choice.variable.auto_min))
        )
        for name, choice in choices.items()
        if choice.variable.kind == "interval"
    }
    return {
        **autos,
        "__interval": interval_text(step),
        "__interval_ms": str(step),
        "__rate_interval": interval_text(step),
        "__from": str(from_s * 1000),
        "__to": str(until_s * 1000),
        "__range": f"{span_ms // 1000}s",
        "__range_s": str(span_ms // 1000),
        "__range_ms": str(span_ms),
    }


def timed(text: str, told: Mapping[str, str]) -> str:
    """Put the variables of time into a target, and say intervals in Graphite's words ('5min', '1mon'), as Grafana does."""
    if "__" in text:
        text = _OWN.sub(lambda found: told.get(found[1] or found[2] or found[3], found[0]), text)
    return _INTERVAL.sub(lambda found: f"'{found[1]}{_GRAPHITE[found[2]]}'", text)


_OWN = re.compile(r"\$(__\w+)|\$\{(__\w+)(?::\w+)?\}|\[\[(__\w+)(?::\w+)?\]\]")
_INTERVAL = re.compile(r"'(\d+)([mM])'")
_GRAPHITE = {"m": "min", "M": "mon"}
