"""How fast the embedded preview is, over a private Graphite that is up, in headless Chromium that is open.

The first panel and all forty (of four targets each) after the command, and a saved file until its panel is drawn anew; beside
them the CPU seconds until the forty are there, and the load.

Usage: bench_preview.py [ROUNDS]
"""

import contextlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfcci import settings
from sfcci.metric import carbon, instance
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.point import Point

PANELS, TARGETS, POINTS = 40, 4, 360
TARGETS_S = {"first panel": 1.0, "forty panels": 2.0, "save to redraw": 0.5}
DRAWN = "[...document.querySelectorAll('.panel .body')].filter((one) => one.plots?.length).length"


def dashboard(title: str = "P") -> dict[str, Any]:
    """Give a dashboard of forty panels of four targets each."""
    panels = [
        {
            "id": number + 1,
            "type": "timeseries",
            "title": f"{title} {number}",
            "gridPos": {"x": 6 * (number % 4), "y": 8 * (number // 4), "w": 6, "h": 8},
            "targets": [
                {
                    "refId": chr(65 + one),
                    "target": f"alias(scale(bench.p{number}.t{one},{len(title)}),'{one}')",
                }
                for one in range(TARGETS)
            ],
        }
        for number in range(PANELS)
    ]
    return {"title": "Bench", "time": {"from": "now-1h", "to": "now"}, "refresh": "", "panels": panels}


def points(now_s: int) -> Iterator[Point]:
    """Give an hour of values in steps of ten seconds."""
    for step in range(POINTS):
        for panel in range(PANELS):
            for one in range(TARGETS):
                yield Point(
                    f"bench.p{panel}.t{one}", (step * (one + 1) + panel) % 17, now_s - 3600 + 10 * step
                )


def browser() -> Any:
    """Give the module that drives Chromium in the tests."""
    path = Path(__file__).parents[1] / "tests" / "web" / "browser.py"
    spec = importlib.util.spec_from_file_location("browser", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def until(page: Any, script: str, limit_s: float = 60.0) -> None:
    """Wait until the page says so."""
    end = time.perf_counter() + limit_s
    while not page.evaluate(script):
        if time.perf_counter() > end:
            raise TimeoutError(script)
        time.sleep(0.03)


def all_there(reader: GraphiteReader) -> bool:
    """Say whether every series has its values."""
    found = reader.render("bench.*.*", time.time() - 1800, time.time())
    return len(found) == PANELS * TARGETS and all(any(value for value, _ in one.values) for one in found)


def ticks(*roots: int) -> float:
    """Give the CPU seconds of processes and of all that they have started and that is there."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = path.read_text().rpartition(")")[2].split()
            found[int(path.parent.name)] = (int(words[1]), int(words[11]) + int(words[12]))
    mine, size = set(roots), 0
    while len(mine) > size:
        size = len(mine)
        mine |= {pid for pid, (parent, _) in found.items() if parent in mine}
    return sum(found[pid][1] for pid in mine if pid in found) / os.sysconf("SC_CLK_TCK")


def once(page: Any, url: str, folder: Path, number: int, programs: Mapping[str, int]) -> dict[str, float]:
    """Measure each figure once, in seconds; `programs`: name → process whose CPU seconds are told, too."""
    file = folder / "bench.json"
    file.write_text(json.dumps(dashboard()))
    argv = [sys.executable, "-m", "sfcci", "preview", "serve", str(folder), "--graphite", url, "--json"]
    before = {name: ticks(pid) for name, pid in programs.items()}
    begin = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # noqa: S101 - a pipe was asked for
            text = ""
            while "}" not in text:
                text += server.stdout.readline()
            told = time.perf_counter() - begin
            page.ask("Page.navigate", url=f"{json.loads(text)['address']}?refresh=0")
            until(page, f"{DRAWN} > 0")
            first = time.perf_counter() - begin
            until(page, f"document.body.dataset.state === 'ready' && {DRAWN} === {PANELS}")
            forty = time.perf_counter() - begin
            used = {f"CPU of {name}": ticks(pid) - before[name] for name, pid in programs.items()}
            used["CPU of the page's server"] = ticks(server.pid)
            made = dashboard()
            made["panels"][0]["title"], made["panels"][0]["targets"][0]["target"] = (
                f"New {number}",
                "bench.p9.t0",
            )
            saved = time.perf_counter()
            file.write_text(json.dumps(made))
            changed = f"document.querySelector('#panel-1').textContent === 'New {number}' && document.querySelector('[data-panel=\"1\"]').textContent.includes('bench.p9.t0')"
            until(page, changed)
            return {"address told": told, "first panel": first, "forty panels": forty, "save to redraw": time.perf_counter() - saved, **used}  # fmt: skip
        finally:
            server.terminate()
            page.blank()


def supervisor(own: settings.Settings) -> int:
    """Give the process that all of the private Graphite comes from."""
    state = json.loads((instance.folder_of(own) / "instance.json").read_text())
    return int(state["pid"])


def main() -> None:
    """Measure and print the medians."""
    if not shutil.which("chromium"):
        print("preview: chromium is not installed; nothing is measured")
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "boards").mkdir()
        own = replace(settings.load(), state=folder / "state", graphite=settings.Graphite())
        with instance.running(own) as graphite, browser().chromium(folder / "profile") as page:
            carbon.send(points(int(time.time()) // 10 * 10), graphite.carbon)
            while not all_there(GraphiteReader(graphite.url)):
                time.sleep(0.2)
            page.size(1400, 1000)
            programs = {"Graphite": supervisor(own), "Chromium": page.pid}
            found = [
                once(page, graphite.url, folder / "boards", number, programs) for number in range(rounds)
            ]
    print(f"preview, load of the machine ({os.cpu_count()} cores): {os.getloadavg()[0]:.1f}")
    for name in found[0]:
        median = statistics.median(one[name] for one in found)
        print(
            f"preview, {name}: {median:.2f} s"
            + (f" (target {TARGETS_S[name]} s)" if name in TARGETS_S else "")
        )


if __name__ == "__main__":
    main()
