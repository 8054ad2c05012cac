"""Where `sfcci trace path` has paths from: a lab, a capture, a run of the gate, an analyzer."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sfcci.cli import console
from sfcci.cli.trace_seen import Seen
from sfcci.datapath import tracing
from sfcci.datapath.scenario import load_scenario
from sfcci.errors import UsageError
from sfcci.trace import path_read
from sfcci.trace.chainpath import ChainPath
from sfcci.trace.evidence import evidence_of
from sfcci.trace.explaining import explained
from sfcci.trace.flowfilter import End, Filter
from sfcci.trace.judging import paths
from sfcci.trace.meant import Meant, meant_of
from sfcci.trace.sending import send as sent
from sfcci.trace.watching import Blind, watched

Found = tuple[Sequence[ChainPath], Meant]
ANALYZER = "127.0.0.1:8082"
SENT_S = 1.0
"""How long a request that was sent may take until it is seen."""


def of_place(seen: Seen, *, send: bool, wait: float) -> Found:
    """Give the paths that a capture tells, or of the first such request that passes in a lab, or is sent there.

    Raises UsageError, InputError, MissingTool, ToolError, Blind.
    """
    if seen.pcap:
        console.progress()(f"reading {seen.pcap}")
        return evidence_of(seen.pcap, seen.meant, seen.wanted), seen.meant
    assert seen.lab is not None  # noqa: S101 - it is a lab or a capture
    lab, name = seen.lab.lab, seen.lab.name
    tell = console.progress(piped=True)
    with watched(lab, seen.meant, seen.wanted.either, name) as watching:
        tell(
            sent(lab, seen.meant, seen.wanted)
            if send
            else f"waiting for such a request in lab {name} ({wait:g} s at most)"
        )
        watching.until_quiet(SENT_S if send else wait)
        if watching.live.ended:
            raise Blind(f"lab {name} has ended")
        trails = watching.take()
    seen.refresh()
    return explained(paths(trails, seen.meant, seen.wanted)[:2], seen.meant, lab), seen.meant


def of_run(run: str, wanted: Filter) -> Found:
    """Give the paths that the evidence of a run has, of all its steps. Raises UsageError, InputError."""
    from sfcci.gate import inquiry
    from sfcci.gate.history import History

    settings = console.settings()
    with History(settings) as history:
        shown = inquiry.show(history, settings, run)
    if not shown.folder or not shown.files:
        raise UsageError(f"there is no evidence of {shown.result.run}: {shown.without}")
    return _joined([*_of_folder(shown.folder, wanted)], shown.result.run)


def _of_folder(folder: Path, wanted: Filter) -> Iterator[Found]:
    """Each step's paths: as they were written down, with the chains that held then; else told from its capture."""
    for capture in sorted(folder.glob("step*.pcapng")):
        written = capture.with_suffix(".paths.json")
        if written.exists():
            found, meant = path_read.paths_in(_document(written), str(written))
            yield _of_requests(found, wanted), meant
        else:
            meant = meant_of(tracing.of_scenario(load_scenario(str(folder / "scenario.yaml"))))
            yield evidence_of(capture, meant, wanted), meant


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def _joined(found: Sequence[Found], run: str) -> Found:
    if not found:
        raise UsageError(f"run {run} has no capture in its evidence")
    ports = {port.id: port for _, meant in found for port in meant.topology.ports}
    first = found[0][1]
    meant = replace(first, topology=replace(first.topology, ports=tuple(ports.values())))
    return [one for some, _ in found for one in some], meant


def of_analyzer(address: str | None, wanted: Filter) -> Found:
    """Give the paths of an analyzer's requests, newest first. Raises Unreachable, UsageError."""
    from sfcci.cli.skydive_client import Client

    where = address or os.environ.get("SKYDIVE_ANALYZER") or ANALYZER
    user, password = (os.environ.get(f"SKYDIVE_{word}", "") for word in ("USERNAME", "PASSWORD"))
    client = Client((where,), user, password)
    known = wanted.id or _newest(client, wanted)
    if not known:
        return path_read.paths_in({"paths": []}, where)
    document = client.ask("GET", f"/api/chainpath/{known}").json()
    return path_read.paths_in(document, f"analyzer {where}")


def _newest(client: Any, wanted: Filter) -> str:
    """The L3TrackingID of the newest flow that is wanted; "" where there is none."""
    from sfcci.trace.flow_json import parse_flow
    from sfcci.trace.recorded import five_tuple

    for given in client.ask("POST", "/api/topology", {"GremlinQuery": _query(wanted)}).json() or ():
        flow = parse_flow(given)
        told = five_tuple(flow)
        if told and wanted(told):
            return flow.l3_tracking_id
    return ""


def _query(wanted: Filter) -> str:
    """Gremlin for flows among which the wanted ones are, newest first."""
    words = [f"'Network', '{one}'" for one in map(_alone, (wanted.source, wanted.destination)) if one]
    if wanted.destination.port is not None:
        words.append(f"'Transport', {wanted.destination.port}")
    return "G.Flows()" + "".join(f".Has({word})" for word in words)


def _alone(end: End) -> str:
    """The address of an end that is a single one."""
    if end.networks and len(end.networks) == 1 and end.networks[0].num_addresses == 1:
        return str(end.networks[0].network_address)
    return ""


def _of_requests(found: Sequence[ChainPath], wanted: Filter) -> list[ChainPath]:
    return [one for one in found if wanted.either(one.flow)]
