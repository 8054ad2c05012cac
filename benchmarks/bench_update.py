"""How long an update of 46 dashboards takes when the server is far: one request at a time against several.

The server is the stand-in of the tests on loopback, each answer delayed. Files are made, as many and as large as upstream's.

python benchmarks/bench_update.py [LATENCY_MS]
"""

import importlib.util
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sfcci.dashboard.grafana import Options, update
from sfcci.dashboard.grafana_client import WORKERS, Client
from sfcci.dashboard.source import load
from sfcci.settings import Grafana

TESTS = Path(__file__).parents[1] / "tests"
FILES, PANELS = 46, 17
LIMIT = 0.33
"""Of the time that one request at a time takes."""
REQUESTS = 4
"""For a new dashboard: two looks (ours, grafyaml's), the write, the reading back."""


def module(path: Path) -> Any:
    """Give a module of the tests, which are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is not there")
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


def write_files(folder: Path) -> None:
    """Write dashboards with two targets on each panel."""
    path = "stats_counts.zuul.tenant.openstack.pipeline.check.project.opendev_org.openstack_x.master.job.j{}.FAILURE"
    for number in range(FILES):
        panels = [
            {"title": f"P{n}", "type": "graph", "span": 4, "targets": [{"target": path.format(n)}] * 2}
            for n in range(PANELS)
        ]
        rows = [{"title": "R", "height": "320px", "panels": panels}]
        text = json.dumps({"dashboard": {"title": f"Board {number}", "rows": rows}})
        (folder / f"board-{number}.yaml").write_text(text)


def wall_s(workers: int, latency_s: float, folder: Path) -> tuple[float, float]:
    """Give the time of the first update and of a second one, which writes nothing."""
    stand_in = module(TESTS / "dashboard" / "grafana_stand_in.py")
    file = module(TESTS / "conftest.py").SHARED / "data" / "grafana-7.5.5-http.json"
    if not file.is_file():
        sys.exit(f"no recording of a Grafana at {file}; SFCCI_SHARED names its folder")
    with stand_in.serving(json.loads(file.read_text())) as server:
        settings = Grafana(url=server.url, token=stand_in.TOKEN)
        sources = load([folder], settings.folder)
        server.latency_s = latency_s
        times = []
        for _ in range(2):
            begin = time.monotonic()
            with Client(settings, workers=workers) as client:
                client.connect()
                report = update(client, sources, settings, Options())
            times.append(time.monotonic() - begin)
            if len(report.pushed) != FILES or report.findings:
                sys.exit(f"the update failed: {report.findings}")
    return times[0], times[1]


def main(latency_ms: float) -> int:
    """Print the times; 1 when requests in parallel gain too little."""
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        first, second = wall_s(1, latency_ms / 1000, Path(name))
        fast, again = wall_s(WORKERS, latency_ms / 1000, Path(name))
    bound = FILES * REQUESTS * latency_ms / 1000 / WORKERS
    print(f"{FILES} dashboards, {FILES * PANELS * 2} targets, {latency_ms:g} ms an answer")
    print(f"one at a time: {first:.2f} s, again {second:.2f} s")
    print(f"{WORKERS} at a time: {fast:.2f} s, again {again:.2f} s (the server alone: {bound:.2f} s)")
    print(f"ratio {fast / first:.2f}, limit {LIMIT}")
    return int(fast / first > LIMIT)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 50))
