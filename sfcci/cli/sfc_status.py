"""`sfcci sfc status`: whether the chains carry traffic, and why not."""

from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console, sfc_door
from sfcci.errors import EXIT_FINDINGS

if TYPE_CHECKING:
    from sfcci.api.client import Door

ACTIVE = "ACTIVE"
COLOURS = {ACTIVE: "green", "DEGRADED": "yellow", "BUILD": "yellow", "ERROR": "red"}


@click.command(epilog="Example: sfcci sfc status --json")
@sfc_door.asks
@console.as_json
def status(json_output: bool, door: "Door") -> None:
    """Show each port chain's status, the reason, and per hop which of its port pairs live.

    Exit status 1 when a chain is not ACTIVE.
    """
    chains = door.ask("GET", "sfc/port_chains")["port_chains"]
    groups = {one["id"]: one for one in door.ask("GET", "sfc/port_pair_groups")["port_pair_groups"]}
    pairs = {one["id"]: one for one in door.ask("GET", "sfc/port_pairs")["port_pairs"]}
    told = [_chain(chain, groups, pairs) for chain in chains]
    if json_output:
        console.print_json(told)
    else:
        _show(told)
    if any(chain["status"] != ACTIVE for chain in told):
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _chain(chain: dict[str, Any], groups: dict[str, Any], pairs: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": chain["id"],
        "name": chain["name"],
        "status": chain.get("status") or "UNKNOWN",
        "reason": chain.get("status_reason") or "",
        "fail_mode": chain.get("fail_mode", ""),
        "hops": hops(chain, groups, pairs),
    }


def hops(chain: dict[str, Any], groups: dict[str, Any], pairs: dict[str, Any]) -> list[dict[str, Any]]:
    """Give a chain's hops, each with the names of its pairs, of those that live, and of those of weight 0."""
    live = chain.get("live_port_pairs") or {}
    names = {id_: pair["name"] or id_ for id_, pair in pairs.items()}
    idle = {id_ for id_, pair in pairs.items() if _weight(pair) == 0}
    return [
        {
            "port_pair_group": hop["name"] or hop["id"],
            "port_pairs": [names.get(id_, id_) for id_ in hop["port_pairs"]],
            "live": [names.get(id_, id_) for id_ in live.get(hop["id"], ())],
            "weight_0": [names.get(id_, id_) for id_ in hop["port_pairs"] if id_ in idle],
        }
        for hop in (groups[id_] for id_ in chain["port_pair_groups"] if id_ in groups)
    ]


def _weight(pair: dict[str, Any]) -> int:
    parameters = pair.get("service_function_parameters") or {}
    return int(parameters.get("weight", 1))


def _show(told: list[dict[str, Any]]) -> None:
    if not told:
        click.echo("no port chain is there")
    for chain in told:
        word = click.style(chain["status"], fg=COLOURS.get(chain["status"]))
        reason = f": {chain['reason']}" if chain["reason"] else ""
        click.echo(f"{chain['name'] or chain['id']}  {word}{reason}  (fail mode {chain['fail_mode'] or '?'})")
        for number, hop in enumerate(chain["hops"], 1):
            click.echo(f"  {number}. {hop['port_pair_group']}: {marked(hop) or 'no port pair'}")


def marked(hop: dict[str, Any]) -> str:
    """Give a hop's pairs, and why one gets nothing: it is down, or its weight says so."""
    return ", ".join(name + _mark(name, hop) for name in hop["port_pairs"])


def _mark(name: str, hop: dict[str, Any]) -> str:
    if name in hop["weight_0"]:
        return " (weight 0)"
    return "" if name in hop["live"] else " (down)"
