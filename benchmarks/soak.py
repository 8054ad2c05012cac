"""Endurance: chains created, changed and deleted at a rate, under traffic, captures and gate runs; what grows, what is left.

Everything that users run is run: `sfcci lab up`, `sfcci sfc serve` over it, an analyzer that captures every port, the gate with
a private Graphite. Numbered packets go through a chain that stays (its group loses and gets a member every 2 s), through
one that is created, changed and deleted all the time, and beside all chains (the control). Each window of the stream accounts
for every packet: it came by functions that its chain has, or it is lost. A window whose control lost packets (a machine
without time) does not count. Memory, open files, databases and logs are sampled; what grows in the second half is told.

Run as root: python benchmarks/soak.py [--minutes 60] [--rate 20] [--packets 200] [--json FILE]. Exit status 1: something was
lost, grew or was left behind. Bounded: it ends by itself, and ends all that it started.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soak_churn import CHANGING, DEST, PATIENCE_S, STEADY, Api, Churn
from soak_samples import daemons, growth, left_behind, sampled

from sfcci.datapath import standing
from sfcci.datapath.stream import streaming

CONTROL = 9
WINDOW_S, SAMPLE_S, GATE_PAUSE_S = 60.0, 10.0, 20.0
MEMBERS_S = 2.0
LAST_S = 5.0
"""A window is over when nothing has come for so long: packets wait while functions drain, all of them where that is late."""
TTLS = {STEADY: {62}, CHANGING: {62, 63, 64}, CONTROL: {64}}


@dataclass
class Soak:
    """What happens, as told by the threads that do it."""

    folder: Path
    stop: threading.Event = field(default_factory=threading.Event)
    counts: Counter[str] = field(default_factory=Counter)
    windows: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """What every program of ours is told."""
        return {**os.environ, "SFCCI_RUN_STATE": str(self.folder / "state")}

    def sfcci(self, *words: str, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        argv = [sys.executable, "-m", "sfcci", *words]
        return subprocess.run(
            argv,
            capture_output=True,
            text=True,
            env=self.environ,
            cwd=self.folder,
            timeout=timeout_s,
            check=False,
        )

    def note(self, what: str, record: dict[str, Any]) -> None:
        """Write down what has been found so far, beside the folder: it outlives whatever becomes of this program."""
        with self.folder.with_suffix(f".{what}").open("a") as file:
            file.write(json.dumps(record) + "\n")

    @contextlib.contextmanager
    def serving(self, name: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Give a server of ours and where it listens, as long as the block runs."""
        argv = [sys.executable, "-m", "sfcci", *words, "--json"]
        log = (self.folder / f"{name}.log").open("w")
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environ, cwd=self.folder
        )
        try:
            assert process.stdout  # noqa: S101 - it is a pipe
            yield process, json.loads(process.stdout.readline())["url"].removeprefix("http://").rstrip("/")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
            log.close()


def churning(soak: Soak, churn: Churn, rate: float) -> None:
    """Do `rate` operations a second; late ones are made up for."""
    begin, number, members = time.monotonic(), 0, 0.0
    while not soak.stop.wait(max(0.0, begin + number / rate - time.monotonic())):
        asked = time.perf_counter()
        soak.counts[churn.next(number)] += 1
        if time.monotonic() - members > MEMBERS_S:
            churn.members()
            members = time.monotonic()
            soak.counts["members"] += 1
        soak.late_ms.append((time.perf_counter() - asked) * 1000)
        number += 1


def flowing(soak: Soak, lab: Any, rate: float, window_s: float) -> None:
    """Send windows of numbered packets, and account for each."""
    targets = [f"{DEST}/{port}" for port in TTLS]
    while not soak.stop.is_set():
        with streaming(lab, "source", "dest", targets, rate=rate, patience_s=LAST_S) as stream:
            soak.stop.wait(window_s)
        control = stream.flowing[f"{DEST}/{CONTROL}"]
        window: dict[str, Any] = {"void": bool(control.lost), "latest_ms": stream.latest_ms}
        for port, allowed in TTLS.items():
            way = stream.flowing[f"{DEST}/{port}"]
            wrong = sum(count for ttl, count in way.ttls.items() if ttl not in allowed)
            window[str(port)] = {
                "sent": way.sent, "came": way.came, "lost": way.lost, "wrong": wrong,
                "duplicated": way.duplicated, "refused": way.refused, "ttls": dict(way.ttls),
            }  # fmt: skip
        soak.windows.append(window)
        soak.note("windows", window)


def gating(soak: Soak) -> None:
    """Run jobs and push their results, again and again."""
    while not soak.stop.is_set():
        run = soak.sfcci("gate", "run", "--quiet", "sfc-create-port-chain", "sfc-mpls", "sfc-dead-instance")
        soak.counts["gate runs"] += 1
        soak.counts[f"gate status {run.returncode}"] += 1
        if run.returncode:
            soak.faults.append(f"gate run: {run.returncode} {run.stdout[-600:]} {run.stderr[-300:]}")
        push = soak.sfcci("metrics", "push")
        soak.counts[f"push status {push.returncode}"] += 1
        soak.stop.wait(GATE_PAUSE_S)


def asking(soak: Soak, api: Api) -> None:
    """Ask the analyzer what users ask, now and then."""
    for text in ("G.Flows().Limit(10)", "G.Flows().Has('Transport','5001').Count()", "G.V().Count()"):
        api.ask("POST", "/api/topology", {"GremlinQuery": text})
        soak.counts["queries"] += 1


def settled_flows(soak: Soak, lab: Any, wanted: str) -> list[str]:
    """Wait until the switch has the flows of the beginning; say what differs where it does not come to that."""
    end = time.monotonic() + PATIENCE_S
    while (flows := lab.flows()) != wanted and time.monotonic() < end:
        time.sleep(0.2)
    soak.counts["flows at the end"] = len(flows.splitlines())
    return (
        []
        if flows == wanted
        else [f"flows left in the switch: {len(flows.splitlines())}, {len(wanted.splitlines())} before"]
    )


def soaked(soak: Soak, minutes: float, rate: float, packets: float) -> None:
    """Raise everything, let it run, end it; what is to be told is in `soak`."""
    up = soak.sfcci("lab", "up", "demo", "--name", "soak")
    if up.returncode:
        sys.exit(f"no lab: {up.stderr}")
    try:
        with (
            soak.serving("api", "sfc", "serve", "--port", "0", "--lab", "soak", "--no-quota") as (server, address),
            soak.serving(
                "analyzer", "trace", "serve", "--lab", "soak", "--listen", "127.0.0.1:0", "--keep", "10m",
                "--capture", "G.V().Has('Name', Regex('^tap.*'))",
            ) as (analyzer, analyzer_address),
        ):  # fmt: skip
            lab = standing.one(soak.folder / "state", "soak").lab
            worked(soak, lab, {"server": server.pid, "analyzer": analyzer.pid}, address, analyzer_address,
                   minutes=minutes, rate=rate, packets=packets)  # fmt: skip
    finally:
        for words in (("graphite", "down"), ("lab", "down", "--name", "soak")):
            soak.sfcci(*words)


def worked(
    soak: Soak,
    lab: Any,
    programs: dict[str, int],
    address: str,
    analyzer: str,
    *,
    minutes: float,
    rate: float,
    packets: float,
) -> None:
    """Let everything run for so long, sampling, then delete what was made and compare."""
    api = Api(address)
    churn = Churn(api)
    churn.clean()
    time.sleep(2)
    wanted = lab.flows()
    churn = Churn(api)
    soak.sfcci("graphite", "up")
    threads = [
        threading.Thread(target=guarded, args=(soak, work, *words))
        for work, *words in (
            (churning, churn, rate),
            (flowing, lab, packets, min(WINDOW_S, minutes * 60 / 4)),
            (gating,),
        )
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + minutes * 60
    programs |= daemons(lab)
    asked = Api(analyzer)
    pause_s = min(SAMPLE_S, minutes * 60 / 20)
    while time.monotonic() < end and not soak.stop.wait(pause_s):
        guarded(soak, asking, asked)
        soak.samples.append(sampled(soak.folder, programs, lab))
        soak.note("samples", soak.samples[-1] | {"counts": dict(soak.counts)})
    soak.stop.set()
    for thread in threads:
        thread.join()
    churn.api = Api(address)  # the server has closed the other one, if ending took long
    churn.clean()
    soak.faults += settled_flows(soak, lab, wanted)
    soak.faults += growth(soak.samples)


def guarded(soak: Soak, work: Any, *words: Any) -> None:
    """Work, and have everything end where that fails."""
    try:
        work(soak, *words)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and ends the soak
        soak.faults.append(f"{work.__name__}: {type(error).__name__}: {error}")
        soak.stop.set()


def told(soak: Soak, seconds: float) -> dict[str, Any]:
    """Give all that is to be told."""
    counting = [window for window in soak.windows if not window["void"]]
    packets = {
        str(port): {
            key: sum(w[str(port)][key] for w in counting)
            for key in ("sent", "came", "lost", "wrong", "duplicated")
        }
        for port in TTLS
    }
    for port, figures in packets.items():
        if figures["lost"] or figures["wrong"] or figures["duplicated"]:
            soak.faults.append(f"packets to {port}: {figures}")
    if 2 * len(counting) < len(soak.windows) or not counting:
        soak.faults.append(f"only {len(counting)} of {len(soak.windows)} windows count")
    ends = (soak.samples[:1] or [{}])[0], (soak.samples[-1:] or [{}])[0]
    changes = sum(soak.counts[one] for one in ("created", "changed", "deleted"))
    return {
        "minutes": round(seconds / 60, 1),
        "changes": changes,
        "changes a second": round(changes / seconds, 1),
        "counts": dict(soak.counts),
        "answer ms, median and worst": [round(statistics.median(soak.late_ms), 1), round(max(soak.late_ms))],
        "windows": len(soak.windows),
        "void": len(soak.windows) - len(counting),
        "packets": packets,
        "void windows": [window for window in soak.windows if window["void"]],
        "from, to": {key: [ends[0].get(key), value] for key, value in ends[1].items()},
        "faults": soak.faults,
    }


def main() -> int:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20, help="chains created, changed, deleted a second")
    parser.add_argument("--packets", type=float, default=200, help="a second, to each of three")
    parser.add_argument("--json", metavar="FILE", help="write all that was found")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        soak = Soak(Path(name))
        begin = time.monotonic()
        soaked(soak, given.minutes, given.rate, given.packets)
        soak.faults += left_behind(soak.folder)
        found = told(soak, time.monotonic() - begin)
    print(json.dumps(found, indent=1))
    if given.json:
        Path(given.json).write_text(
            json.dumps(found | {"samples": soak.samples, "all windows": soak.windows})
        )
    return int(bool(found["faults"]))


if __name__ == "__main__":
    sys.exit(main())
