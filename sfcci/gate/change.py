"""Changes of a step: a scenario → the scenario with other chains.

A change is a merge patch (RFC 7396) on the scenario's document, which is then read again: whatever a scenario can say can
be changed, made and taken away, and what it may not say is refused with the scenario's own words.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sfcci import document
from sfcci.datapath.scenario import SCHEMA, Scenario, parse_scenario
from sfcci.datapath.topology import Topology
from sfcci.errors import InputError
from sfcci.gate.job import Change, Whole
from sfcci.gate.job_schema import COLLECTIONS, UP

NUMBERS = {"port_pair_groups": "group_id", "port_chains": "chain_id"}
"""Collections whose resources have numbers, which they keep as long as they live."""


def declared(value: str | Mapping[str, Any]) -> Change:
    """Give the change that a job file's words mean."""
    if isinstance(value, str):
        return Change(whole=Whole(value))
    hosts = {host: state == UP for host, state in value.get("hosts", {}).items()}
    return Change({kind: patch for kind, patch in value.items() if kind != "hosts"}, hosts)


def merged(target: Any, patch: Any) -> Any:
    """Give what a merge patch makes of a value: mappings are merged, null takes away, all else replaces (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    kept = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = merged(kept.get(key), value)
    return kept


def changed(scenario: Scenario, change: Change, begin: Scenario) -> Scenario:
    """Give what a change makes of `scenario`, which was `begin` at the start. Raises InputError with all faults."""
    if change.whole is Whole.RESTORE:
        return begin
    if change.whole is Whole.DELETE:
        return patched(scenario, dict.fromkeys(COLLECTIONS))
    return patched(scenario, change.patch)


def patched(scenario: Scenario, patch: Mapping[str, Any]) -> Scenario:
    """Give the scenario with other chains; resources that stay keep their numbers. Raises InputError with all faults."""
    if not patch:
        return scenario
    source = replace(scenario.source, data=merged(_numbered(scenario), patch))
    if faults := document.check(source, SCHEMA):
        raise InputError(*faults)
    found = parse_scenario(source)
    return replace(found, topology=_roomy(found.topology, scenario.topology))


def _roomy(new: Topology, old: Topology) -> Topology:
    """Give the new lab in which no cable carries less than in the old one: what is not needed does no harm."""
    rooms = {port.id: port.room for port in old.ports}
    return replace(new, ports=tuple(replace(p, room=max(p.room, rooms.get(p.id, 0))) for p in new.ports))


def _numbered(scenario: Scenario) -> dict[str, Any]:
    """Give the scenario's data in which each resource says its number."""
    data = dict(scenario.source.data)
    for collection, key in NUMBERS.items():
        numbers = {one.name: getattr(one, key) for one in getattr(scenario.chains, collection)}
        given = data.get(collection, {})
        data[collection] = {name: {**record, key: numbers[name]} for name, record in given.items()}
    return data


def empty(scenario: Scenario) -> Scenario:
    """Give the scenario without any chain."""
    return patched(scenario, dict.fromkeys(COLLECTIONS))
