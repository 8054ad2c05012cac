"""How fast ebuilds are made, judged and built, medians of n runs; everything that is fetched or cached is there before.

python benchmarks/bench_ebuild.py [N] [render|check|build]...

render: the whole overlay with its Manifests (distfiles hashed) rendered by one process, start-up and all; nothing is written.
check: one `sfcci package check`: rendered, compared, judged by our own lints and by pkgcheck.
build: one `sfcci package build networking-sfc`: all phases from clean to unmerge in a prefix made for it, modules loaded.
"""

import resource
import statistics
import sys

from sfcci import command
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, ToolError

RENDER = (
    "from sfcci import settings; from sfcci.package import overlay; overlay.rendered_overlay(settings.load())"
)
SFCCI = ("-m", "sfcci", "package")
WORK = {
    "render": (("-c", RENDER), 0.5),
    "check": ((*SFCCI, "check"), 10.0),
    "build": ((*SFCCI, "build", "networking-sfc"), 30.0),
}
"""Name → what python is given, the limit in seconds."""


def measured(name: str, count: int) -> bool:
    """Print the medians of some work; say whether its wall time is within its limit."""
    words, limit_s = WORK[name]
    run(words)
    walls, processors = zip(*(run(words) for _ in range(count)), strict=True)
    wall, processor = statistics.median(walls), statistics.median(processors)
    print(f"{name}: median of {count}: {wall:.2f} s wall, {processor:.2f} s processor (limit {limit_s:g} s)")
    return wall <= limit_s


def run(words: tuple[str, ...]) -> tuple[float, float]:
    """Run python to its end; give wall and processor seconds. Findings are an answer; what is none raises ToolError."""
    before = _processor_s()
    done = command.run([sys.executable, *words], timeout_s=900, check=False)
    if done.status not in {EXIT_OK, EXIT_FINDINGS}:
        raise ToolError(done.failure())
    return done.duration_s, _processor_s() - before


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(words: list[str]) -> int:
    """Print all figures, or those that are named; 1 when one is above its limit."""
    count = next((int(word) for word in words if word.isdigit()), 5)
    names = [word for word in words if word in WORK] or list(WORK)
    good = [measured(name, count) for name in names]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
