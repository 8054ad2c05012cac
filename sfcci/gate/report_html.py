"""The gate's report as one page that needs nothing else: no script, no other file, readable on paper and on a telephone."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from sfcci.gate import report_words as words
from sfcci.gate.figures import JobFigures, Level, Rate
from sfcci.gate.report import JobReport, Report

if TYPE_CHECKING:
    from jinja2 import Template

SIGNS = {Level.ALARM: "▲▲▲ ", Level.RED: "▲▲ ", Level.AMBER: "▲ ", Level.LOOK: "? ", Level.WELL: "✓ "}
"""Level → the sign before its word."""
STEP, RATE_HEIGHT, N_HEIGHT = 5, 28, 10
"""Of the daily bars: width, greatest height of a rate (all failed) and of n, in the drawing's units."""


@dataclass(frozen=True)
class Bar:
    """A day of a drawing: its place, its heights, and what it says."""

    x: int
    rate_height: float
    n_height: float
    title: str


def report_html(report: Report) -> str:
    """Give the page. Everything that came from results is escaped."""
    return _template().render(report=report)


def style_source() -> str:
    """Give the word for a Content-Security-Policy that lets the page's style work: `style-src` needs it, nothing else."""
    digest = hashlib.sha256(_style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def bars(days: Sequence[Rate]) -> tuple[Bar, ...]:
    """Give the bars of daily rates; a rate that is not 0 can be seen."""
    most = max((day.n for day in days), default=0)
    return tuple(
        Bar(
            number * STEP,
            _height(day.bad, day.n, RATE_HEIGHT),
            _height(day.n, most, N_HEIGHT),
            f"{_ago(len(days) - number)}: {words.rate_words(day)}",
        )
        for number, day in enumerate(days)
    )


def spark_label(found: JobFigures) -> str:
    """Say in words what the bars show."""
    n = [day.n for day in found.days]
    worst = max((day.value or 0 for day in found.days), default=0)
    return f"daily failure rates of 30 days up to {words.percent(worst)}, n from {min(n)} to {max(n)}"


def _ago(days: int) -> str:
    return "last 24 h" if days == 1 else f"{days - 1} days before"


def _height(part: int, whole: int, height: int) -> float:
    return round(max(1.5, height * part / whole), 1) if part else 0


def _rate_css(rate: Rate) -> str:
    return rate.level.replace(" ", "-")


def _css(job: JobReport) -> str:
    """A job that reports no more is not well, whatever it said last."""
    found = job.figures
    return _rate_css(Rate(0, 0) if found.silent and found.level is Level.WELL else found.rates[found.window])


def _sign(job: JobReport) -> str:
    found = job.figures
    return "" if found.silent and found.level is Level.WELL else SIGNS.get(found.level, "")


def _style() -> str:
    return resources.files("sfcci.gate").joinpath("templates/report.css").read_text(encoding="utf-8")


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("sfcci.gate"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.globals.update(words=words, css=_css, rate_css=_rate_css, sign=_sign, bars=bars)
    environment.globals.update(spark_label=spark_label, style=Markup(_style()))  # noqa: S704 - our own file
    return environment.get_template("report.html.j2")
