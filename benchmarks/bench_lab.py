"""How long the lab takes: the demo raised, a change of its chain applied, the lab ended. Medians of n runs.

Run it as root (netdev datapath) or as an ordinary user (dummy datapath): python benchmarks/bench_lab.py [N]
"""

import statistics
import sys
import time
from collections.abc import Callable

from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import load_scenario

LIMIT_S = 1.0


def timed(step: Callable[[], object]) -> float:
    """Give the seconds that a step takes."""
    begin = time.monotonic()
    step()
    return time.monotonic() - begin


def once() -> tuple[str, dict[str, float]]:
    """Raise the demo, change it, end it; give the datapath and the times in seconds."""
    scenario = load_scenario("demo")
    context = raised(scenario)
    begin = time.monotonic()
    lab = context.__enter__()
    up = time.monotonic() - begin
    try:
        change = timed(lambda: lab.apply(scenario.chains.with_groups("PC1", ["PG1"])))
    finally:
        down = timed(lambda: context.__exit__(None, None, None))
    return lab.datapath, {"raise": up, "apply": change, "end": down}


def main(count: int) -> int:
    """Print the figures; 1 when the demo is not raised in time."""
    runs = [once() for _ in range(count)]
    print(f"$ python benchmarks/bench_lab.py {count}    (Open vSwitch datapath {runs[0][0]})")
    for name in runs[0][1]:
        times = [times[name] for _, times in runs]
        print(f"{name:>6}: median {statistics.median(times):.3f} s, worst {max(times):.3f} s of {count}")
    median = statistics.median(times["raise"] for _, times in runs)
    print(f"the demo is raised in {median:.3f} s; the limit is {LIMIT_S:g} s")
    return int(median > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
