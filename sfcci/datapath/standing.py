"""Labs that stay when the command that raised them has ended: found again by name, ended by name.

A record per lab lies in `<state>/labs/<name>.json`. It is written before the lab may outlive the tool, so a lab
without a record cannot be, and a record whose keeper is gone means nothing. A lab is raised from a scenario; once the
API serves it, its record holds what the API has plugged into it instead.
"""

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sfcci import document, files
from sfcci.chain.encapsulation import VXLAN
from sfcci.chain.model import ChainState
from sfcci.datapath.lab import Lab, Say, build, require
from sfcci.datapath.namespace import Keeper, Raising
from sfcci.datapath.scenario import SCHEMA, Scenario, parse_scenario
from sfcci.datapath.topology import Function, Host, Port, Topology
from sfcci.document import Document, did_you_mean
from sfcci.errors import Fault, InputError, Place, UsageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")


@dataclass(frozen=True)
class StandingLab:
    """A lab that is up, and since when (seconds since the epoch)."""

    name: str
    since: float
    lab: Lab
    chains: tuple[str, ...] = ()
    """The names of its chains."""
    served: bool = False
    """Whether the API has it: then its hosts and ports are the API's, and no longer the scenario's."""


def up(state: Path, name: str, scenario: Scenario, say: Say) -> StandingLab:
    """Raise a lab that stays. Raises UsageError (one with that name is up), MissingTool, ToolError."""
    if not NAME.fullmatch(name):
        raise UsageError(f"bad lab name {name!r}; letters, digits, - and _, at most 31")
    require()
    with _locked(state, name):
        if _read(state, name):
            raise UsageError(
                f"lab {name} is up already; sfcci lab down --name {name} ends it, --name gives another its name"
            )
        raising = Raising()
        try:
            chains = tuple(chain.name for chain in scenario.chains.port_chains)
            standing = StandingLab(
                name,
                time.time(),
                build(raising.keeper, scenario, say),
                chains,
                served=not scenario.source.text,
            )
            if not standing.served:
                standing.lab.remember()
            _write(state, standing)
            raising.stay()
        except BaseException:
            raising.end()
            _path(state, name).unlink(missing_ok=True)
            raise
    return standing


def up_empty(
    state: Path, name: str, say: Say, nodes: Sequence[str] = (), encapsulation: str = VXLAN
) -> StandingLab:
    """Raise a lab without hosts, into which the API plugs; over these nodes, if any. Raises as `up` does."""
    topology = Topology(nodes=tuple(nodes), encapsulation=encapsulation)
    return up(state, name, _of_api(name, topology), say)


def there(state: Path, name: str) -> StandingLab | None:
    """Give the lab of that name, None when it is not up. Raises UsageError (no name for a lab), InputError."""
    if not NAME.fullmatch(name):
        raise UsageError(f"bad lab name {name!r}; letters, digits, - and _, at most 31")
    return _read(state, name)


def was_ended(state: Path, name: str) -> bool:
    """Say whether a lab was ended by name; one whose keeper was killed has its record still."""
    with _locked(state, name):
        return not _path(state, name).exists()


def keep(state: Path, standing: StandingLab, topology: Topology, chains: Sequence[str]) -> StandingLab:
    """Write down what the API has plugged into a lab; a lab that has ended meanwhile is not written down again."""
    lab = replace(standing.lab, scenario=replace(standing.lab.scenario, topology=topology))
    kept = replace(standing, lab=lab, chains=tuple(chains), served=True)
    with _locked(state, standing.name):
        if standing.lab.keeper.alive():
            _write(state, kept)
    return kept


def labs(state: Path) -> tuple[StandingLab, ...]:
    """Give every lab that is up, by name. A spoilt record hides no other: InputError only where there is nothing else."""
    found: list[StandingLab | None] = []
    faults: list[Fault] = []
    for path in sorted((state / "labs").glob("*.json")):
        try:
            found.append(_read(state, path.stem))
        except InputError as error:
            faults += error.faults
    there = tuple(standing for standing in found if standing)
    if faults and not there:
        raise InputError(*faults)
    return there


def one(state: Path, name: str = "") -> StandingLab:
    """Give the lab of that name; without a name, the only one that is up. Raises UsageError."""
    if NAME.fullmatch(name) and (standing := _read(state, name)):
        return standing
    there = labs(state)
    if not there:
        raise UsageError(f"no lab {name or ''} is up; raise one with: sfcci lab up".replace("  ", " "))
    if not name and len(there) == 1:
        return there[0]
    names = [standing.name for standing in there]
    if not name:
        raise UsageError(f"several labs are up: {', '.join(names)}; say which with --name")
    raise UsageError(f"no lab {name!r}; {did_you_mean(name, names) or 'there are: ' + ', '.join(names)}")


def down(state: Path, standing: StandingLab) -> None:
    """End a lab and forget it; when this returns nothing of it is left."""
    with _locked(state, standing.name):
        standing.lab.keeper.end()
        _path(state, standing.name).unlink(missing_ok=True)
        files.remove_tree(keys_folder(state, standing.name))


def keys_folder(state: Path, name: str) -> Path:
    """Give the folder of the keys by which ssh comes into a lab."""
    return state / "labs" / f"{name}.ssh"


def _path(state: Path, name: str) -> Path:
    return state / "labs" / f"{name}.json"


@contextlib.contextmanager
def _locked(state: Path, name: str) -> Iterator[None]:
    with files.locked(state / "labs" / f"{name}.lock"):
        yield


def _of_api(name: str, topology: Topology) -> Scenario:
    """The scenario of a lab that none has raised: what the API has plugged, and no document."""
    return Scenario(name, topology, ChainState(), Document("the API", "", {}))


def _write(state: Path, standing: StandingLab) -> None:
    files.write_text(_path(state, standing.name), json.dumps(_record(standing), indent=2) + "\n", mode=0o600)


def _record(standing: StandingLab) -> dict[str, Any]:
    keeper, source = standing.lab.keeper, standing.lab.scenario.source
    return {
        "name": standing.name,
        "since": standing.since,
        "datapath": standing.lab.datapath,
        "keeper": {"pid": keeper.pid, "identity": keeper.identity, "user": keeper.user},
        "scenario": {"path": source.path, "text": source.text, "placed": _placed(standing.lab.topology)},
        "chains": standing.chains,
        "served": asdict(standing.lab.topology) if standing.served else None,
    }


def _read(state: Path, name: str) -> StandingLab | None:
    """Give the lab of a record whose keeper is alive; None without one. Raises InputError for a spoilt record."""
    path = _path(state, name)
    try:
        record = json.loads(path.read_text())
        keeper = Keeper(**record["keeper"])
        if not keeper.alive():
            return None
        if record.get("served"):
            topology = _topology(record["served"])
            lab = Lab(_of_api(name, topology), keeper, record["datapath"])
            return StandingLab(name, record["since"], lab, tuple(record["chains"]), served=True)
        source = document.parse(record["scenario"]["text"], record["scenario"]["path"], SCHEMA)
        more = record["scenario"].get("placed", {})
        scenario = parse_scenario(replace(source, data={**source.data, **more}))
        chains = tuple(chain.name for chain in scenario.chains.port_chains)
        return StandingLab(name, record["since"], Lab(scenario, keeper, record["datapath"]), chains)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(Fault(Place(str(path)), f"{error!r}", "a lab's record", "remove the file")) from None


def _placed(topology: Topology) -> dict[str, Any]:
    """Give what the scenario's document may not say: it may have been raised over other nodes than that names."""
    return {"nodes": topology.nodes, "encapsulation": topology.encapsulation} if topology.nodes else {}


def _host(record: Mapping[str, Any]) -> Host:
    given = record.get("function")
    function = Function(**{**given, "maps": tuple(map(tuple, given["maps"]))}) if given else None
    return Host(**{**record, "owner": tuple(record["owner"]), "function": function})


def _topology(record: Mapping[str, Any]) -> Topology:
    hosts = tuple(_host(host) for host in record["hosts"])
    ports = (
        {**port, "addresses": tuple(port["addresses"]), "gateways": tuple(port["gateways"])}
        for port in record["ports"]
    )
    nodes, encapsulation = tuple(record.get("nodes", ())), record.get("encapsulation", VXLAN)
    return Topology(hosts, tuple(Port(**port) for port in ports), nodes, encapsulation)
