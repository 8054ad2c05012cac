"""How long it takes from a changed description to packages that are signed, installed and put to use, medians of n runs.

python benchmarks/bench_install.py [N] [cold]

universe: RPMs of the whole locked closure, made from its environment.
install-test: networking-sfc with all that it requires, installed, verified, imported, closed, taken away again.
way: networking-sfc built whole (documentation, configuration), put into a signed repository, installed and tested; environments and
universe cached. With `cold` once more from an empty cache: the closure fetched and made, too.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sfcci import settings
from sfcci.package import closure, install_test, publication, run, universe_build
from sfcci.package.work import Order
from sfcci.settings import Settings

COMPONENT = "networking-sfc"
UNIVERSE_LIMIT_S = 30.0
TEST_LIMIT_S = 40.0
WAY_LIMIT_S = 60.0
COLD_LIMIT_S = 300.0


def quiet(_text: str) -> None:
    """Say nothing."""


def universe(at: Settings) -> None:
    """Make the universe from its environment, beside the cached one."""
    python = closure.interpreter()
    locked, made = closure.project_lock(at, python), closure.build_environment(at, quiet, python)
    with tempfile.TemporaryDirectory(dir=at.cache) as folder:
        universe_build.make_universe(locked, made, python.version, Path(folder, "universe"))


def tested(at: Settings) -> None:
    """Test the installation; what it finds is no speed."""
    report = install_test.install_test(at, quiet, [COMPONENT])
    if report.findings:
        sys.exit("\n".join(str(finding) for finding in report.findings))


def whole_way(at: Settings) -> None:
    """Build, publish signed, install and test."""
    run.build_packages(at, quiet, Order(force=True), only=[COMPONENT])
    publication.publish(at, sign=True)
    tested(at)


def measured(name: str, work: Callable[[], None], count: int, limit_s: float) -> bool:
    """Print the median of some work; say whether it is within the limit."""
    times = []
    for _ in range(count):
        begin = time.monotonic()
        work()
        times.append(time.monotonic() - begin)
    median = statistics.median(times)
    print(f"{name}: median of {count}: {median:.1f} s (limit {limit_s:g} s)")
    return median <= limit_s


def main(count: int, cold: bool) -> int:
    """Print all figures; 1 when one is above its limit."""
    with tempfile.TemporaryDirectory() as folder:
        at = replace(settings.load(), state=Path(folder, "state"))
        whole_way(at)  # what is fetched, is fetched now
        good = [
            measured("universe", lambda: universe(at), count, UNIVERSE_LIMIT_S),
            measured("install-test", lambda: tested(at), count, TEST_LIMIT_S),
            measured("way", lambda: whole_way(at), count, WAY_LIMIT_S),
        ]
        if cold:
            empty = replace(at, state=Path(folder, "cold"), cache=Path(folder, "cache"))
            good.append(measured("way from an empty cache", lambda: whole_way(empty), 1, COLD_LIMIT_S))
    return int(not all(good))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    sys.exit(main(numbers[0] if numbers else 3, "cold" in sys.argv[1:]))
