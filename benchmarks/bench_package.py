"""How fast packages are made, medians of n runs.

python benchmarks/bench_package.py [N]

render: the whole catalogue rendered and compared with rpm/ and gentoo/ by one process, start-up and all, sdists cached.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable

from sfcci import command

RENDER_LIMIT_S = 0.5


def render() -> tuple[float, float]:
    """Give wall and processor time of one `sfcci package check`."""
    before, begin = _processor_s(), time.monotonic()
    command.run([sys.executable, "-m", "sfcci", "package", "check"], timeout_s=60)
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
    return int(not measured("render", render, count, RENDER_LIMIT_S))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
