"""How long `sfcci preview up` takes with the images present, and a save until Grafana has the dashboard.

Real podman and our own Graphite; Grafana is the tests' stand-in, so its own start is not in the figures. The images are those that
the tests have built: .venv/bin/python -m pytest tests/dashboard/test_pod_podman.py makes them.

python benchmarks/bench_pod.py [TIMES]
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sfcci import settings

REPOSITORY = Path(__file__).parents[1]
UP_LIMIT_S, SAVE_LIMIT_S = 20.0, 2.0
PORTS = {"GRAFANA": 21300, "GRAPHITE": 21301, "CARBON": 21302, "PICKLE": 21303}
SFCCI = (sys.executable, "-m", "sfcci", "preview")


def images_module() -> Any:
    """Give what the tests make their podman with; tests are no package."""
    path = REPOSITORY / "tests" / "podman_images.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is not there")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def timed(environ: dict[str, str], *words: str) -> float:
    """Run a command of `sfcci preview`; give its seconds."""
    begin = time.perf_counter()
    subprocess.run([*SFCCI, *words], env=environ, check=True, capture_output=True)
    return time.perf_counter() - begin


def saved(environ: dict[str, str], path: Path, times: int) -> list[float]:
    """Give the seconds from each save to the line that says that Grafana has it."""
    found = []
    with subprocess.Popen(
        [*SFCCI, "watch", "--json"],
        env={**environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is None:
            sys.exit("no output to read")
        process.stdout.readline()  # what is there already
        for number in range(times):
            text = path.read_text()
            begin = time.perf_counter()
            path.write_text(text.replace("title: SFC gate", f"title: SFC gate {number}", 1))
            while not json.loads(process.stdout.readline())["pushed"]:
                continue
            found.append(time.perf_counter() - begin)
        process.terminate()
    return found


def main() -> None:
    """Measure, print, and end with status 1 above the limits."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    images = images_module()
    folder = settings.load(REPOSITORY).cache / "podman-test"
    with images._session(folder / "sessions") as own, tempfile.TemporaryDirectory() as project:  # noqa: SLF001 - the tests' own way
        podman = images._podman(own, folder / "images")  # noqa: SLF001
        (Path(project) / "dashboards").mkdir()
        board = Path(project) / "dashboards" / "sfc-gate.yaml"
        board.write_text(next((REPOSITORY / "dashboards").glob("*.yaml")).read_text())
        environ = {
            **os.environ,
            **{key: podman.environ[key] for key in ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF")},
            "PYTHONPATH": str(REPOSITORY),
            "SFCCI_PROJECT": project,
            "SFCCI_RUN_STATE": f"{project}/state",
            "SFCCI_PREVIEW_NAME": "sfcci-bench",
            "SFCCI_PREVIEW_GRAFANA_IMAGE": images.GRAFANA_IMAGE,
            **{f"SFCCI_PREVIEW_{name}_PORT": str(port) for name, port in PORTS.items()},
        }
        try:
            ups, agains, downs = [], [], []
            for _ in range(times):
                ups.append(timed(environ, "up", "--no-fallback"))
                agains.append(timed(environ, "up", "--no-fallback"))
                downs.append(timed(environ, "down", "--volume"))
            timed(environ, "up", "--no-fallback")
            saves = saved(environ, board, times)
        finally:
            images._end(podman, own)  # noqa: SLF001
    for what, found in {"up": ups, "up again": agains, "save to Grafana": saves, "down": downs}.items():
        print(f"{what}: median {statistics.median(found):.2f} s of {sorted(round(one, 2) for one in found)}")
    if statistics.median(ups) > UP_LIMIT_S or statistics.median(saves) > SAVE_LIMIT_S:
        sys.exit(1)


if __name__ == "__main__":
    main()
