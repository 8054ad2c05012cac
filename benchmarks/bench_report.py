"""How long `sfcci gate report` takes over a million results: 22 jobs, 90 days and all of the year, process start included.

Run: python benchmarks/bench_report.py [RESULTS]. The database is made first, out of an invented year (a minute or so). Medians of
RUNS new processes for the command with --json; then, in one process, what the parts take. The limit stands next to its
figure, and the exit status says whether it holds.
"""

import contextlib
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sfcci import settings
from sfcci.gate.history import History
from sfcci.gate.query import Query
from sfcci.gate.report import report_of
from sfcci.gate.report_html import report_html

PROJECT = Path(__file__).parents[1]
RUNS = 5
LIMIT_S = 1.0
JOBS, DAYS = 22, 365


def main() -> int:
    """Print a table of figures with their limit; 1 when it is passed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as made:
        os.environ["SFCCI_RUN_STATE"] = made
        recorded, took = _record(count)
        size = sum(path.stat().st_size for path in Path(made).iterdir())
        print(
            f"{recorded} results recorded in {took:.0f} s, {size / 1e6:.0f} MB; load {os.getloadavg()[0]:.1f}"
        )
        figures = {since: _command("--since", since) for since in ("90d", "10y")}
        for since, figure in figures.items():
            told = "ok" if figure <= LIMIT_S else "TOO SLOW"
            print(f"gate report --json --since {since:4} {figure:6.2f} s  limit {LIMIT_S} s  {told}")
        print(f"gate report, a terminal's       {_command('--since', '10y', form=()):6.2f} s")
        print(
            f"sfcci --version                 {_timed([sys.executable, '-m', 'sfcci', '--version']):6.2f} s"
        )
        _parts()
    return int(any(figure > LIMIT_S for figure in figures.values()))


def _record(count: int) -> tuple[int, float]:
    """Record about so many results of the invented year that ends now."""
    sys.path.insert(0, str(PROJECT / "tests" / "gate"))
    import made_year

    made_year.NOW = int(time.time())
    made_year.REGRESSED_AT = made_year.NOW - 40 * made_year.DAY
    made_year.STOPPED_AT = made_year.NOW - 9 * made_year.DAY
    results = made_year.made_year(changes_a_day=3 * count / 53_400).results
    begin = time.perf_counter()
    with History(settings.load(PROJECT)) as history:
        for start in range(0, len(results), 50_000):
            history.record(results[start : start + 50_000])
    return len(results), time.perf_counter() - begin


def _command(*words: str, form: tuple[str, ...] = ("--json",)) -> float:
    return _timed([sys.executable, "-m", "sfcci", "gate", "report", *words, *form])


def _timed(argv: list[str]) -> float:
    """Give the median of new processes in seconds."""
    took = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, cwd=PROJECT)
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def _parts() -> None:
    now_s = time.time()
    with History(settings.load(PROJECT)) as history, _timing("  of it the query"):
        outcomes = history.outcomes(Query())
    with _timing("  of it the figures"):
        report = report_of(outcomes, now_s)
    with _timing("  the page"):
        page = report_html(report)
    print(f"  the page has {len(page) / 1e3:.0f} kB")


@contextlib.contextmanager
def _timing(what: str) -> Iterator[None]:
    gc.disable()
    begin = time.perf_counter()
    yield
    print(f"{what:31} {time.perf_counter() - begin:6.2f} s")
    gc.enable()


if __name__ == "__main__":
    sys.exit(main())
