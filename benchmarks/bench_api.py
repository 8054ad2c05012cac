"""Neutron's API of `sfcci sfc serve`, over HTTP with SQLite on the disk: how fast it answers, and what it takes.

Run: python benchmarks/bench_api.py [CHAINS]. Quotas are off, there is no data plane; every write is on the disk before its
answer. Medians in wall time, with the server's CPU time beside them; in brackets what the reference (neutron 29.0.0 with
networking-sfc 23.0.0 and MariaDB) took. Each limit stands next to its figure, and the exit status says whether all hold.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CHAINS = 1000
CLIENTS = 50
SECONDS = 3.0
MEASURED = 100
Row = tuple[str, float, float | None, str]


class Server:
    """`sfcci sfc serve` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        begin = time.perf_counter()
        words = [
            "--port",
            "0",
            "--no-datapath",
            "--no-quota",
            "--json",
            "--database",
            f"sqlite:///{folder}/api.db",
        ]
        argv = [sys.executable, "-m", "sfcci", "sfc", "serve", *words]
        environ = {**os.environ, "SFCCI_RUN_STATE": str(folder / "state")}
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environ)
        assert self.process.stdout  # noqa: S101 - it is a pipe
        self.address = json.loads(self.process.stdout.readline())["url"].removeprefix("http://")
        self.connection = http.client.HTTPConnection(self.address)
        self.ask("GET", "/v2.0/networks")
        self.start_s = time.perf_counter() - begin

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and give the answer's JSON."""
        self.connection.request(method, path, json.dumps(body) if body else None)
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= http.client.BAD_REQUEST:
            sys.exit(f"{method} {path}: {response.status} {content.decode()}")
        return json.loads(content) if content else None

    def made(self, path: str, member: str, **body: Any) -> str:
        """Make one resource and give its id."""
        return str(self.ask("POST", f"/v2.0/{path}", {member: body})[member]["id"])

    def cpu_ms(self) -> float:
        """Give the CPU time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def pss_mb(self) -> float:
        """Give its share of memory."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024

    def timed(self, what: Callable[[int], object], count: int) -> tuple[list[float], float]:
        """Do something so many times: each one's wall time in ms, and the server's CPU time of one in ms."""
        times, cpu = [], self.cpu_ms()
        for number in range(count):
            begin = time.perf_counter()
            what(number)
            times.append((time.perf_counter() - begin) * 1000)
        return times, (self.cpu_ms() - cpu) / count


def fill(server: Server, chains: int) -> tuple[list[Row], list[str]]:
    """Make so many chains of one group, one pair, one classifier; give figures and the chains' ids."""
    network = server.made("networks", "network")
    ports: list[str] = []

    def port(number: int) -> None:
        ports.append(server.made("ports", "port", network_id=network, device_id=f"vm{number // 2}"))

    def pair(number: int) -> None:
        ends = {"ingress": ports[2 * number], "egress": ports[2 * number + 1]}
        pairs.append(server.made("sfc/port_pairs", "port_pair", **ends))

    def group(number: int) -> None:
        groups.append(server.made("sfc/port_pair_groups", "port_pair_group", port_pairs=[pairs[number]]))

    def classifier(number: int) -> None:
        prefix = f"10.{number // 250}.{number % 250}.0/24"
        body = {"protocol": "tcp", "source_ip_prefix": prefix, "logical_source_port": ports[0]}
        classifiers.append(server.made("sfc/flow_classifiers", "flow_classifier", **body))

    def chain(number: int) -> None:
        body = {"port_pair_groups": [groups[number]], "flow_classifiers": [classifiers[number]]}
        made.append(server.made("sfc/port_chains", "port_chain", **body))

    pairs, groups, classifiers, made = list[str](), list[str](), list[str](), list[str]()
    rows: list[Row] = []
    for name, what, count, limit, reference in (
        ("port create", port, 2 * chains, None, "162"),
        ("pair create", pair, chains, 5.0, "100"),
        ("group create", group, chains, None, "20.7"),
        ("classifier create", classifier, chains, None, "39.6"),
        ("chain create", chain, chains, 10.0, "472"),
    ):
        rows += created(server, name, what, count, limit, reference)
    return rows, made


def created(
    server: Server, name: str, what: Callable[[int], object], count: int, limit: float | None, reference: str
) -> list[Row]:
    """Give the median of all, and of the last hundred against the first."""
    times, cpu = server.timed(what, count)
    first, last = statistics.median(times[:MEASURED]), statistics.median(times[-MEASURED:])
    unit = f"ms, {cpu:.2f} ms CPU [{reference}]"
    return [
        (f"{name}, median of {count}", statistics.median(times), limit, unit),
        (f"{name}, the last {MEASURED} ({last:.2f} ms; the first {first:.2f} ms)", last, limit, unit),
    ]


def questions(server: Server, chains: Sequence[str]) -> list[Row]:
    """Give the figures of what is asked of the full server."""
    one = f"/v2.0/sfc/port_chains/{chains[-1]}"

    def update(number: int) -> None:
        server.ask("PUT", one, {"port_chain": {"description": f"{number}"}})

    rows: list[Row] = []
    for name, what, limit, reference in (
        ("list of 100 chains", lambda _: server.ask("GET", "/v2.0/sfc/port_chains?limit=100"), 10.0, "170"),
        (f"list of {len(chains)} chains", lambda _: server.ask("GET", "/v2.0/sfc/port_chains"), None, "-"),
        ("show chain", lambda _: server.ask("GET", one), None, "7.4"),
        ("description-only update", update, 5.0, "413"),
        ("chain delete", lambda n: server.ask("DELETE", f"/v2.0/sfc/port_chains/{chains[n]}"), None, "63"),
    ):
        times, cpu = server.timed(what, min(MEASURED, len(chains) - 1))
        rows.append((name, statistics.median(times), limit, f"ms, {cpu:.2f} ms CPU [{reference}]"))
    return rows


def crowd(address: str, method: str, path: str, body: str | None) -> float:
    """Give the answers per second to CLIENTS at once."""
    answered, end = [0] * CLIENTS, time.perf_counter() + SECONDS

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(address)
        while time.perf_counter() < end:
            connection.request(method, path, body)
            connection.getresponse().read()
            answered[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered) / SECONDS


def main() -> None:
    """Measure and print."""
    chains = int(sys.argv[1]) if len(sys.argv) > 1 else CHAINS
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="sfcci-bench-") as name:
        server = Server(Path(name))
        try:
            rows.append(("start until the first answer", server.start_s, 1.0, "s [19]"))
            made_rows, made = fill(server, chains)
            rows += made_rows + questions(server, made)
            rows.append((f"memory (PSS) with {chains} chains", server.pss_mb(), 80.0, "MB [1 150]"))
            for what, method, path, body in (
                ("shown", "GET", f"/v2.0/sfc/port_chains/{made[-1]}", None),
                ("networks made", "POST", "/v2.0/networks", '{"network": {}}'),
            ):
                speed = crowd(server.address, method, path, body)
                rows.append((f"{what} by {CLIENTS} clients, in Python beside it", speed, None, "per second"))
        finally:
            server.process.terminate()
            server.process.wait()
            server.connection.close()
    for what, figure, limit, unit in rows:
        verdict = "" if limit is None else f"  limit {limit:g}: {'holds' if figure <= limit else 'MISSED'}"
        print(f"{what:75} {figure:9.2f} {unit}{verdict}")
    sys.exit(any(limit is not None and figure > limit for _, figure, limit, _ in rows))


if __name__ == "__main__":
    main()
