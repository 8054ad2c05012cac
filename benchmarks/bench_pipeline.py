"""How long the whole pipeline takes: warm with nothing reused (--force), and how soon a fault shows.

python benchmarks/bench_pipeline.py [N]     # as many runs of each kind; medians
"""

import json
import statistics
import sys
import time

from sfcci import command

LIMIT_S = 60.0
RED_LIMIT_S = 10.0
RUN = [sys.executable, "-m", "sfcci", "pipeline", "run", "--json"]


def timed(*options: str) -> tuple[float, float, dict[str, object]]:
    """Run the pipeline; give its wall time, the seconds from its last job's end to its own, and its report."""
    begin = time.monotonic()
    done = command.run([*RUN, *options], timeout_s=600, check=False)
    wall_s, end = time.monotonic() - begin, time.time()
    report = json.loads(done.stdout)
    last = max(run["started_at"] + run["duration_ms"] / 1000 for run in report["results"])
    return wall_s, end - last, report


def main(count: int) -> int:
    """Print the medians; 1 when a limit is missed or the colours are wrong."""
    green = [timed("--force") for _ in range(count)]
    red = [timed("--inject", "drop") for _ in range(count)]
    wall_s = statistics.median(wall for wall, _, _ in green)
    red_s = statistics.median(after for _, after, _ in red)
    for step in green[0][2]["steps"]:
        print(f"  {step['name']}: {step['duration_s']:.1f} s, {step['status']}")
    print(f"whole pipeline, --force: median of {count}: {wall_s:.1f} s (limit {LIMIT_S:g} s)")
    print(f"--inject drop: {red_s:.1f} s from the job's end to the exit (limit {RED_LIMIT_S:g} s)")
    colours = {report["exit_status"] for _, _, report in green} == {0} and {
        report["exit_status"] for _, _, report in red
    } == {1}
    print("colours: right" if colours else "colours: WRONG")
    return int(wall_s > LIMIT_S or red_s > RED_LIMIT_S or not colours)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
