"""`sfcci doctor`: what this machine has, what it lacks, and how to get it."""

import sys

import click

from sfcci import command, machine
from sfcci.cli import console
from sfcci.errors import EXIT_OK, EXIT_TOOL
from sfcci.machine import Tool


@click.command(epilog="Example: sfcci doctor --json")
@console.as_json
def doctor(json_output: bool) -> None:
    """Say what this machine has, what it lacks, and the command that installs it.

    Exit status 3 when something that the pipeline needs is missing.
    """
    rows = [(tool, machine.present(tool)) for tool in machine.TOOLS]
    possible, lab = lab_way()
    well = possible and all(there or tool.optional for tool, there in rows)
    if json_output:
        console.print_json({"tools": [_tool_json(*row) for row in rows], "lab": lab, "ok": well})
    else:
        console.table("Programs", ("program", "for", "here", "what for"), [_row(*row) for row in rows])
        click.echo(f"python {sys.version.split()[0]}; lab: {lab}")
        _advice([tool for tool, there in rows if not there])
    sys.exit(EXIT_OK if well else EXIT_TOOL)


def _tool_json(tool: Tool, there: bool) -> dict[str, object]:
    hint = "" if there else machine.install_command([tool])
    return {
        "program": tool.probe,
        "room": tool.room,
        "here": there,
        "optional": tool.optional,
        "install": hint,
    }


def _row(tool: Tool, there: bool) -> tuple[str, ...]:
    lost = "no (optional)" if tool.optional else "NO"
    return (tool.probe.removeprefix("module:"), tool.room, "yes" if there else lost, tool.why)


def _advice(missing: list[Tool]) -> None:
    for wanted, text in ((False, "needed"), (True, "optional")):
        tools = [tool for tool in missing if tool.optional is wanted]
        if tools:
            click.echo(f"{text}: {machine.install_command(tools) or ', '.join(tool.probe for tool in tools)}")


def lab_way() -> tuple[bool, str]:
    """Give whether a lab can run here, and how (as root or in a user namespace) or why not."""
    from sfcci.datapath.namespace import remedy

    if not command.available("unshare"):
        return False, f"not possible: unshare is missing; {machine.install_hint('unshare')}"
    for way in command.unshare_ways():
        probe = ["unshare", *way, "--net", "--mount", "--pid", "--fork", "true"]
        if command.run(probe, timeout_s=10, check=False).status == 0:
            return True, "in a user namespace" if way == command.OWN_USER else "as root"
    return False, f"not possible: the kernel makes no namespaces for this user; {remedy()}"
