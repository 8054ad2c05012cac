"""Dashboards of OpenStack's size (46 files, at least 1 571 targets) through layers 1 to 4, against the tools of today.

Run: python benchmarks/bench_validate.py FOLDER. The files of FOLDER (OpenStack's dashboards) are multiplied, each copy with
job names of its own, so that nothing kept from one file helps with the next. In the same run: grafyaml's validation (layer 2
alone), graphite-web's grammar over the same targets (read to the end), the parser alone, and 10 000 names asked of a private
Graphite. Medians of RUNS; each limit stands next to its figure, and the exit status says whether all hold.
"""

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sfcci import document, environment, settings
from sfcci.dashboard.existence import metric_findings
from sfcci.dashboard.model import PanelTarget
from sfcci.dashboard.read_target import ReadTarget
from sfcci.dashboard.target import TargetError, parse_target
from sfcci.dashboard.validate import examine
from sfcci.metric import carbon, graphite, instance, software
from sfcci.metric.point import Point

PROJECT = Path(__file__).parents[1]
RUNS = 7
FILES = 46
AGAIN = ("kolla", "networking-sfc", "nodepool-rax", "kolla", "zuul-status", "octavia")
"""So chosen, there are about as many targets as OpenStack has: 1 571."""
NAMES = 10_000
GRAMMAR = """
import json, sys, time
from django.conf import settings
settings.configure(UTF8_METRICS=False)
from pyparsing import ParseBaseException
from graphite.render.grammar_unsafe import grammar
texts = json.load(sys.stdin)
begin = time.perf_counter()
for text in texts:
    try:
        grammar.parseString(text, parseAll=True)
    except ParseBaseException:
        pass
print(time.perf_counter() - begin)
"""
FRESH = """
import sys, time
from pathlib import Path
from sfcci.dashboard.validate import examine
begin = time.perf_counter()
examine([Path(sys.argv[1])])
print(time.perf_counter() - begin)
"""


def copies(source: Path, folder: Path) -> list[str]:
    """Write FILES files and give their targets: each file once, then the smaller ones again and again."""
    import yaml

    originals = sorted(path for path in source.glob("*.yaml") if "dashboard:" in path.read_text())
    texts: list[str] = []
    again = [next(path for path in originals if path.stem == stem) for stem in AGAIN]
    for number in range(FILES):
        path = originals[number] if number < len(originals) else again[number % len(again)]
        content = path.read_text().replace(".job.", f".job.n{number}-")
        content = re.sub(r"(?m)^(  title: [\"']?)", rf"\g<1>{number} ", content, count=1)
        (folder / f"{path.stem}-{number}.yaml").write_text(content)
        texts += _targets(yaml.load(content, Loader=yaml.CSafeLoader))
    return texts


def _targets(value: object) -> "list[str]":
    if isinstance(value, dict):
        own = [value["target"]] if isinstance(value.get("target"), str) else []
        return own + [text for one in value.values() for text in _targets(one)]
    return [text for one in value for text in _targets(one)] if isinstance(value, list) else []


def timed(work: object, runs: int = RUNS) -> float:
    """Give the median of some runs in seconds."""
    took = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()  # type: ignore[operator]
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def parse_all(texts: list[str]) -> None:
    """Parse every target with our own parser."""
    for text in texts:
        with contextlib.suppress(TargetError):
            parse_target(text)


def fresh(folder: Path) -> float:
    """Give the median of new processes, imports and first uses included."""
    argv = [sys.executable, "-P", "-c", FRESH, str(folder)]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return statistics.median(
        float(subprocess.run(argv, check=True, capture_output=True, text=True, env=env).stdout)
        for _ in range(RUNS)
    )


def grafyaml(folder: Path) -> float:
    """Give how long `grafana-dashboard validate` takes for the files, one after the other (it stops at an error)."""
    from grafana_dashboards.parser import YamlParser

    def work() -> None:
        for path in sorted(folder.iterdir()):
            YamlParser().parse(str(path))

    return timed(work, 1)


def grammar(texts: list[str], cache: Path) -> float:
    """Give how long graphite-web's own grammar takes for the targets."""
    made = environment.ensure(software.specification(), cache)
    argv = [str(made.python), "-P", "-c", GRAMMAR]
    done = subprocess.run(argv, input=json.dumps(texts), check=True, capture_output=True, text=True)
    return float(done.stdout)


def names(folder: Path, cache: Path) -> tuple[float, float, float]:
    """Ask a private Graphite about NAMES names: all there, a tenth misspelt; and for the last value of each besides."""
    chosen = replace(settings.load(PROJECT), state=folder / "state", cache=cache)
    known = [f"bench.pipeline{n % 10}.job{n // 10}.SUCCESS" for n in range(NAMES)]
    source = document.parse("a: b\n", "bench.yaml")
    with instance.running(chosen) as running:
        now = int(time.time())
        carbon.send((Point(name, 1, now) for name in known), running.carbon or carbon.Address("", 0))
        reader = graphite.GraphiteReader(running.url, timeout_s=120)
        while len(reader.expand("bench.*.*.SUCCESS")) < NAMES:
            time.sleep(0.5)
        lost = [name.replace("job", "jbo") if number % 10 == 0 else name for number, name in enumerate(known)]
        good, bad = (
            [ReadTarget.of(source, PanelTarget(name, "A", ("a",)), "") for name in asked]
            for asked in (known, lost)
        )
        return (
            timed(lambda: list(metric_findings(good, reader, time.time(), values=False)), 3),
            timed(lambda: list(metric_findings(bad, reader, time.time(), values=False)), 3),
            timed(lambda: list(metric_findings(good, reader, time.time())), 1),
        )


def main() -> int:
    """Print a table of figures with their limits; 1 when a limit is passed."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        print(__doc__)
        return 2
    source = Path(sys.argv[1])
    cache = settings.load(PROJECT).cache
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        folder = Path(made) / "dashboards"
        folder.mkdir()
        texts = copies(source, folder)
        new, warm = fresh(folder), timed(lambda: examine([folder]))
        parser = timed(lambda: parse_all(texts)) / len(texts)
        layer2, theirs = grafyaml(folder), grammar(texts, cache)
        there, lost, valued = names(Path(made), cache)
    print(f"{FILES} files, {len(texts)} targets")
    rows = [
        ("layers 1 to 4, a new process", new, 0.5, "s"),
        ("layers 1 to 4, again", warm, 0.5, "s"),
        ("a target parsed", parser * 1e6, 50, "us"),
        (f"{NAMES} names asked of Graphite", there, 2.0, "s"),
        (f"{NAMES} names, a tenth misspelt", lost, 2.0, "s"),
    ]
    for what, figure, limit, unit in rows:
        print(
            f"{what:36} {figure:8.3f} {unit:2}  limit {limit} {unit}  {'ok' if figure <= limit else 'TOO SLOW'}"
        )
    print(f"{f'{NAMES} names with their last values':36} {valued:8.3f} s")
    print(
        f"{'grafyaml, layer 2 alone':36} {layer2:8.3f} s   {layer2 / new:.0f} times as long as layers 1 to 4"
    )
    print(
        f"{'graphite-web: its grammar alone':36} {theirs:8.3f} s   {theirs / (parser * len(texts)):.0f} times our parser"
    )
    return int(any(figure > limit for _, figure, limit, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
