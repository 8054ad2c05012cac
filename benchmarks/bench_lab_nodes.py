"""What a lab over nodes costs: a chain of as many functions as nodes raised, a request through all of them, memory, end.

Run it as root (netdev datapath) or as an ordinary user (dummy datapath): python benchmarks/bench_lab_nodes.py [NODES] [RUNS]
"""

import os
import re
import statistics
import sys
import time
from pathlib import Path

from sfcci import document
from sfcci.datapath.lab import Lab, raised
from sfcci.datapath.scenario import SCHEMA, Scenario, on_nodes, parse_scenario

DAEMONS = ("ovs-vswitchd", "ovsdb-server")
TICKS = os.sysconf("SC_CLK_TCK")
REQUEST = """
import socket, time
begin = time.monotonic()
with socket.create_connection(("10.0.0.2", 80), timeout=30) as s:
    s.sendall(b"GET /bytes/100000 HTTP/1.1\\r\\n\\r\\n")
    data = b""
    while part := s.recv(65536):
        data += part
assert data.endswith(b"x" * 100000)
print(time.monotonic() - begin)
"""


def chain_of(functions: int) -> Scenario:
    """Give a scenario with one chain of so many routers, each in a group of its own."""
    numbers = range(1, functions + 1)
    text = "name: long\nnetwork: 10.0.0.0/24\nhosts:\n  source: {}\n"
    text += "".join(f"  vm{n}: {{forwards: true}}\n" for n in numbers) + "  dest: {services: {http: 80}}\n"
    text += "ports:\n  src: {host: source}\n  dst: {host: dest}\n"
    text += "".join(f"  in{n}: {{host: vm{n}}}\n  out{n}: {{host: vm{n}}}\n" for n in numbers)
    text += "port_pairs:\n" + "".join(f"  PP{n}: {{ingress: in{n}, egress: out{n}}}\n" for n in numbers)
    text += "port_pair_groups:\n" + "".join(f"  PG{n}: {{port_pairs: [PP{n}]}}\n" for n in numbers)
    text += "flow_classifiers:\n  FC: {logical_source_port: src, protocol: tcp, ethertype: IPv4}\n"
    groups = ", ".join(f"PG{n}" for n in numbers)
    text += f"port_chains:\n  PC: {{port_pair_groups: [{groups}], flow_classifiers: [FC]}}\n"
    return parse_scenario(document.parse(text, "long.yaml", SCHEMA))


def processes(lab: Lab) -> dict[str, list[Path]]:
    """Give the folders in the lab's /proc of its processes, by name."""
    found: dict[str, list[Path]] = {}
    for folder in (lab.keeper.root / "proc").glob("[0-9]*"):
        found.setdefault((folder / "comm").read_text().strip(), []).append(folder)
    return found


def pss_mib(folder: Path) -> float:
    """Give a process's share of memory in MiB."""
    size = re.search(r"^Pss: +(\d+) kB", (folder / "smaps_rollup").read_text(), re.MULTILINE)
    return int(size[1]) / 1024 if size else 0.0


def cpu_s(lab: Lab) -> float:
    """Give the seconds of CPU that the lab has taken so far: of those that live, and of children that ended."""
    total = 0
    for folders in processes(lab).values():
        for folder in folders:
            total += sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:15]))
    return total / TICKS


def once(scenario: Scenario) -> tuple[str, dict[str, float]]:
    """Raise it, send a request, end it; give the datapath and the figures."""
    before = sum(os.times()[:4])
    begin = time.monotonic()
    context = raised(scenario)
    with context as lab:
        figures = {"raised s": time.monotonic() - begin}
        figures["raised CPU s"] = sum(os.times()[:4]) - before + cpu_s(lab)
        daemons = {name: [pss_mib(folder) for folder in processes(lab)[name]] for name in DAEMONS}
        figures |= {f"{name} MiB": statistics.mean(sizes) for name, sizes in daemons.items()}
        figures["all switches MiB"] = sum(map(sum, daemons.values()))
        words = [sys.executable, "-I", "-S", "-c", REQUEST]
        asked = lab.run("source", words, timeout_s=60, check=True)
        figures["100 kB through the chain s"] = float(asked.stdout)
        datapath, begin = lab.datapath, time.monotonic()
    figures["ended s"] = time.monotonic() - begin
    return datapath, figures


def main(nodes: int, count: int) -> int:
    """Print the figures for one switch, and for as many nodes."""
    plain = chain_of(nodes)
    print(f"$ python benchmarks/bench_lab_nodes.py {nodes} {count}    (load {os.getloadavg()[0]:.1f})")
    for scenario in (plain, on_nodes(plain, nodes)):
        runs = [once(scenario) for _ in range(count)]
        where = f"{nodes} nodes" if scenario.topology.nodes else "one switch"
        print(
            f"a chain of {nodes} functions, {where}, Open vSwitch datapath {runs[0][0]}; medians of {count}:"
        )
        for name in runs[0][1]:
            print(f"  {name:>28}: {statistics.median(figures[name] for _, figures in runs):.3f}")
    return 0


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(given + [10, 3][len(given) :])))
