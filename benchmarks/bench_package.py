"""How fast packages are made, medians of n runs.

python benchmarks/bench_package.py [N]

render: the whole catalogue rendered and compared with rpm/ and gentoo/ by one process, start-up and all, sdists cached.
build: networking-sfc without documentation built by our build stage (namespaces, a root of its own, its log judged) and by bare
rpmbuild with the same spec, macros and requirements, in turns; the ratio of the medians.
unchanged: the step over components of which nothing has changed, in one process without its start-up.
"""

import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sfcci import command, settings
from sfcci.package import rpmbuild, run
from sfcci.package.build import clean_environment, make_ready, workspace
from sfcci.package.catalogue import load_catalogue
from sfcci.package.hosts import Hosts
from sfcci.package.work import Order, Work, prepared_work

RENDER_LIMIT_S = 0.5
BUILD_LIMIT = 1.1
"""Of the build stage to bare rpmbuild."""
UNCHANGED_LIMIT_S = 2.0
COMPONENTS = ("networking-sfc", "sfcci")


def build_ratio(count: int) -> bool:
    """Print what the build stage costs over bare rpmbuild; say whether it is within the limit."""
    at = settings.load()
    order = Order(whole=False)
    component = next(one for one in load_catalogue(at.project / run.CATALOGUE) if one.name == COMPONENTS[0])
    with workspace() as folder:
        work = prepared_work(at, component, Hosts(at, folder, print), order, print)
        make_ready(work.host)
        ways = {"ours": lambda: work.build().duration_s, "bare rpmbuild": lambda: bare_s(work)}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(count):
            for name, way in ways.items():
                shutil.rmtree(work.host.folder / "build", ignore_errors=True)
                begin = time.monotonic()
                way()
                times[name].append(time.monotonic() - begin)
    medians = {name: statistics.median(listed) for name, listed in times.items()}
    ratio = medians["ours"] / medians["bare rpmbuild"]
    told = ", ".join(f"{name} {median:.2f} s" for name, median in medians.items())
    print(f"build: medians of {count}: {told}; ratio {ratio:.3f} (limit {BUILD_LIMIT:g})")
    return ratio <= BUILD_LIMIT


def bare_s(work: Work) -> float:
    """Build without namespaces, root or judgement; give the seconds."""
    host = replace(work.host, obstacle="bare")
    top = host.folder / "build" / "bare"
    for name in ("SOURCES", "SPECS"):
        (top / name).mkdir(parents=True)
    shutil.copy(work.archive, top / "SOURCES")
    (top / "SPECS" / "bare.spec").write_text(work.spec)
    options = [word for feature in work.without for word in ("--without", feature)]
    argv = ["rpmbuild", *rpmbuild.definitions(host, top), *options, "-ba", str(top / "SPECS" / "bare.spec")]
    done = command.run(argv, timeout_s=300, env=clean_environment(host), cwd=top, log=top / "build.log")
    shutil.rmtree(host.place, ignore_errors=True)
    return done.duration_s


def unchanged(count: int) -> bool:
    """Print how long the step takes when there is nothing to do; say whether it is within the limit."""
    with tempfile.TemporaryDirectory() as folder:
        at = replace(settings.load(), state=Path(folder))

        def step() -> None:
            run.build_packages(at, lambda _text: None, Order(whole=False), only=COMPONENTS)

        step()
        times = []
        for _ in range(count):
            begin = time.monotonic()
            step()
            times.append(time.monotonic() - begin)
    median = statistics.median(times)
    print(
        f"unchanged: {len(COMPONENTS)} components, median of {count}: {median:.2f} s (limit {UNCHANGED_LIMIT_S:g} s)"
    )
    return median <= UNCHANGED_LIMIT_S


def render() -> tuple[float, float]:
    """Give wall and processor time of one `sfcci package render`; where nothing differs, nothing is written."""
    before, begin = _processor_s(), time.monotonic()
    command.run([sys.executable, "-m", "sfcci", "package", "render"], timeout_s=60)
    return time.monotonic() - begin, _processor_s() - before


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(name: str, work: Callable[[], tuple[float, float]], count: int, limit_s: float) -> bool:
    """Print the medians of some work; say whether its wall time is within the limit."""
    work()  # what is fetched, is fetched now
    walls, processors = zip(*(work() for _ in range(count)), strict=True)
    wall, processor = statistics.median(walls), statistics.median(processors)
    print(f"{name}: median of {count}: {wall:.3f} s wall, {processor:.3f} s processor (limit {limit_s:g} s)")
    return wall <= limit_s


def main(count: int) -> int:
    """Print all figures; 1 when one is above its limit."""
    good = [measured("render", render, count, RENDER_LIMIT_S), build_ratio(count), unchanged(count)]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
