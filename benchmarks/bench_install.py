"""How long it takes from a changed description to packages that are signed, installed and put to use, medians of n runs.

python benchmarks/bench_install.py [N] [cold]

universe: RPMs of the whole locked closure, made from its environment.
install-test: networking-sfc with all that it requires, installed, verified, imported, closed, taken away again.
build: networking-sfc built whole (documentation, configuration), put into a signed repository, installed and tested.
bump: python-neutronclient, in a copy of the project, taken to another version: its description and spec written, built whole, put into a
signed repository, installed and tested. Environments and universe are cached; with `cold` once more from an empty cache: sdists and
the closure fetched and made, too.
"""

import datetime as dt
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sfcci import settings
from sfcci.package import catalogue_run, closure, install_test, publication, revise, run, universe_build
from sfcci.package.ebuild import OVERLAY
from sfcci.package.work import Order
from sfcci.settings import Settings

COMPONENT = "networking-sfc"
BUMPED = ("python-neutronclient", "13.0.0")
"""A component, and the version that it is taken to."""
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


def installed(at: Settings, component: str = COMPONENT) -> None:
    """Test the installation; what it finds is no speed."""
    report = install_test.install_test(at, quiet, [component])
    if report.findings:
        sys.exit("\n".join(str(finding) for finding in report.findings))


def whole_way(at: Settings, component: str = COMPONENT) -> None:
    """Build, publish signed, install and test."""
    run.build_packages(at, quiet, Order(force=True), only=[component])
    publication.publish(at, quiet, sign=True)
    installed(at, component)


def bumped_way(at: Settings) -> None:
    """Take a component to another version in a copy of the project, then go the whole way."""
    component, version = BUMPED
    with tempfile.TemporaryDirectory() as folder:
        for name in (catalogue_run.CATALOGUE, catalogue_run.SPECS, OVERLAY):
            shutil.copytree(at.project / name, Path(folder, name))
        own = replace(at, project=Path(folder))
        day = dt.datetime.now(dt.UTC).date()
        revise.apply(own, revise.prepared_bump(own, component, version, day, quiet))
        whole_way(own, component)


def measured(name: str, work: Callable[[], None], count: int, limit_s: float) -> bool:
    """Print the median of some work; say whether it is within the limit."""
    times = []
    for _ in range(count):
        begin = time.monotonic()
        work()
        times.append(time.monotonic() - begin)
    median = statistics.median(times)
    print(f"{name}: median of {count}: {median:.1f} s (limit {limit_s:g} s)", flush=True)
    return median <= limit_s


def main(count: int, cold: bool) -> int:
    """Print all figures; 1 when one is above its limit."""
    with tempfile.TemporaryDirectory() as folder:
        at = replace(settings.load(), state=Path(folder, "state"))
        whole_way(at)  # what is fetched, is fetched now
        bumped_way(at)
        good = [
            measured("universe", lambda: universe(at), count, UNIVERSE_LIMIT_S),
            measured("install-test", lambda: installed(at), count, TEST_LIMIT_S),
            measured("build", lambda: whole_way(at), count, WAY_LIMIT_S),
            measured("bump", lambda: bumped_way(at), count, WAY_LIMIT_S),
        ]
        if cold:
            empty = replace(at, state=Path(folder, "cold"), cache=Path(folder, "cache"))
            good.append(measured("bump from an empty cache", lambda: bumped_way(empty), 1, COLD_LIMIT_S))
    return int(not all(good))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    sys.exit(main(numbers[0] if numbers else 3, "cold" in sys.argv[1:]))
