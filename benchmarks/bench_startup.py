"""How long a user waits for help: `sfcci --help` and each group's, medians of n processes.

python benchmarks/bench_startup.py [N]
"""

import statistics
import sys
import time

from sfcci import command
from sfcci.cli.main import GROUPS

LIMIT_S = 0.15


def wall_s(words: list[str]) -> float:
    """Give the wall time of one process."""
    begin = time.monotonic()
    command.run([sys.executable, "-m", "sfcci", *words], timeout_s=30)
    return time.monotonic() - begin


def main(count: int) -> int:
    """Print the medians; 1 when `sfcci --help` is too slow."""
    medians = {}
    for words in ([], *([name] for name in GROUPS)):
        medians[" ".join(words)] = statistics.median(wall_s([*words, "--help"]) for _ in range(count))
    for name, median in medians.items():
        print(f"sfcci {name + ' ' if name else ''}--help: median of {count}: {median * 1000:.0f} ms")
    print(f"limit of sfcci --help: {LIMIT_S * 1000:.0f} ms")
    return int(medians[""] > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
