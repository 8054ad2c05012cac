"""The Neutron of a root, asked for what its configuration makes of it: extensions, and a scenario's chain created by its own API.

It is upstream's own code out of the root's folder, run in a process without a network, on a database of this question alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import command
from sfcci.datapath.scenario import Scenario
from sfcci.errors import ToolError
from sfcci.package.build import sandbox, workspace
from sfcci.package.hosts import target_python
from sfcci.package.profile import HOST

PROGRAM = Path(__file__).parent / "inside" / "neutron.py"
CONFIGURATION = ("etc/neutron/neutron.conf", "etc/neutron/plugins/ml2/ml2_conf.ini")
LIMIT_S = 300.0
CREATED = 201
OWN = """\
[DEFAULT]
auth_strategy = noauth
transport_url = fake:/
api_paste_config = {root}/usr/etc/neutron/api-paste.ini
state_path = {work}
use_stderr = true

[database]
connection = {database}

[oslo_concurrency]
lock_path = {work}
"""
"""What comes last, for this question alone: who asks is not checked, nobody else is talked to."""
Question = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True)
class Said:
    """What Neutron said: the aliases of its extensions, the names of its chains, and what it refused."""

    extensions: tuple[str, ...]
    chains: tuple[str, ...]
    refused: tuple[str, ...]


def asked(root: Path, scenario: Scenario) -> Said:
    """Ask the Neutron that is installed and configured in a root. Raises MissingTool, ToolError: it did not start."""
    (site, *_) = sorted(root.glob("usr/lib/python3*/site-packages"))
    python = target_python(HOST)
    questions = (*creations(scenario), ("GET", "/v2.0/extensions", {}), ("GET", "/v2.0/sfc/port_chains", {}))
    with workspace() as work:
        own, request, result = work / "own.conf", work / "request.json", work / "result.json"
        database = f"sqlite:///{work}/neutron.sqlite"
        own.write_text(OWN.format(root=root, work=work, database=database))
        files = [*(str(root / name) for name in CONFIGURATION), str(own)]
        told = {"site": str(site), "files": files, "database": database, "asked": questions}
        request.write_text(json.dumps({**told, "endpoints": endpoints(scenario)}))
        program = (python.path if python else "python3", "-I", "-S", "-B", str(PROGRAM))
        words = [*sandbox(), *program, str(request), str(result)]
        done = command.run(words, timeout_s=LIMIT_S, env=_environment(work), cwd=work, check=False)
        if not result.exists():
            raise ToolError(done.failure(), f"the Neutron of {root} did not start")
        return said(questions, json.loads(result.read_text()))


def said(questions: Sequence[Question], answers: Sequence[tuple[int, Mapping[str, Any]]]) -> Said:
    """Read the answers."""
    *created, (_, extensions), (_, chains) = answers
    refused = tuple(
        f"POST {path}: {status} {json.dumps(body)}"
        for (_method, path, _body), (status, body) in zip(questions, created, strict=False)
        if status != CREATED
    )
    return Said(
        tuple(one["alias"] for one in extensions.get("extensions", ())),
        tuple(one["name"] for one in chains.get("port_chains", ())),
        refused,
    )


def creations(scenario: Scenario) -> Iterator[Question]:
    """Give what creates a scenario's ports and chains, as its document has them; "$NAME" is the id of what has that name."""
    data = scenario.source.data
    yield _new("networks", "network", {"name": "net"})
    subnet = {
        "name": "subnet",
        "network_id": "$net",
        "cidr": data["network"],
        "ip_version": 4,
        "gateway_ip": None,
    }
    yield _new("subnets", "subnet", subnet)
    for port in scenario.topology.ports:
        where = {"device_id": port.host, "binding:host_id": port.node, "mac_address": port.mac}
        fixed = [{"ip_address": address} for address in port.plain]
        yield _new("ports", "port", {"name": port.name, "network_id": "$net", "fixed_ips": fixed, **where})
    for kind, refer in (
        ("port_pair", ("ingress", "egress")),
        ("port_pair_group", ("port_pairs",)),
        ("flow_classifier", ("logical_source_port", "logical_destination_port")),
        ("port_chain", ("port_pair_groups", "flow_classifiers")),
    ):
        for name, given in data[f"{kind}s"].items():
            referred = {key: _ids(value) if key in refer else value for key, value in given.items()}
            yield _new(f"sfc/{kind}s", kind, {"name": name, **referred})


def endpoints(scenario: Scenario) -> dict[str, str]:
    """Give each node an address of those kept for examples (RFC 5737): no packet goes there."""
    return {node: f"192.0.2.{number}" for number, node in enumerate(scenario.topology.nodes, 1)}


def _new(path: str, kind: str, body: Mapping[str, Any]) -> Question:
    return "POST", f"/v2.0/{path}", {kind: body}


def _ids(value: Any) -> Any:
    return [f"${name}" for name in value] if isinstance(value, list) else f"${value}"


def _environment(work: Path) -> dict[str, str]:
    return {"HOME": str(work), "PATH": command.search_path(), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
