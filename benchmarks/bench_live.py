"""From a save to the word of it: dashboards of OpenStack's number (46 files), one of them saved, an open page told what changed.

Run: python benchmarks/bench_live.py [FOLDER]. FOLDER (else the project's dashboards) is multiplied to 46 files. Measured: from
the moment a file is in its place to the event that a page hears, and to the new dashboard in its hands; what watching costs
while nothing happens. Medians of RUNS; each limit stands next to its figure, and the exit status says whether all hold.
"""

import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import requests

from sfcci import settings
from sfcci.web.server import start_preview

PROJECT = Path(__file__).parents[1]
FILES = 46
RUNS = 15
IDLE_S = 10.0
TOLD_S = 0.25
"""Half of what a save may take until it is drawn."""
READ_S = 0.35
IDLE_SHARE = 0.05


def copies(source: Path, into: Path) -> list[Path]:
    """Give FILES dashboards, each with a title of its own."""
    texts = [path.read_text() for path in sorted(source.glob("*.yaml")) if "dashboard:" in path.read_text()]
    made = []
    for number in range(FILES):
        path = into / f"board-{number}.yaml"
        text = texts[number % len(texts)]
        path.write_text(
            re.sub(r"^  title: .*$", f"  title: Board {number}", text, count=1, flags=re.MULTILINE)
        )
        made.append(path)
    return made


def events(address: str) -> Iterator[None]:
    """Give one for each event of the stream."""
    with requests.get(f"{address}api/changes", stream=True, timeout=60) as answer:
        for line in answer.iter_lines(chunk_size=None):
            if line.startswith((b"retry", b"data")):
                yield None


def saved(path: Path, title: str) -> float:
    """Save a dashboard with another title; give when it is in its place."""
    text = re.sub(r"^  title: .*$", f"  title: {title}", path.read_text(), count=1, flags=re.MULTILINE)
    path.with_name("new.part").write_text(text)
    path.with_name("new.part").replace(path)
    return time.perf_counter()


def main() -> int:
    """Measure and tell; 0 when all limits hold."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "dashboards"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "boards"
        folder.mkdir()
        paths = copies(source, folder)
        given = replace(settings.load(Path(name)), state=Path(name) / "state")
        told, read = [], []
        with start_preview(given, "http://127.0.0.1:1", paths=[folder]) as address:
            heard = events(address)
            next(heard)
            for number in range(RUNS):
                path = paths[number * 7 % FILES]
                begin = saved(path, f"Anew {number}")
                next(heard)
                told.append(time.perf_counter() - begin)
                answer = requests.get(f"{address}api/dashboards/{path.stem}", timeout=60).json()
                read.append(time.perf_counter() - begin)
                if answer["dashboard"]["title"] != f"Anew {number}":
                    sys.exit("an old dashboard was given")
            used = time.process_time()
            time.sleep(IDLE_S)
            idle = (time.process_time() - used) / IDLE_S
    figures = (
        ("from a save to the event of a page", statistics.median(told), TOLD_S, "s"),
        ("from a save to the new dashboard in its hands", statistics.median(read), READ_S, "s"),
        ("processors used while nothing happens", idle, IDLE_SHARE, ""),
    )
    for what, figure, limit, unit in figures:
        print(f"{what}: {figure:.3f} {unit} (limit {limit} {unit})")
    return int(any(figure > limit for _, figure, limit, _ in figures))


if __name__ == "__main__":
    sys.exit(main())
