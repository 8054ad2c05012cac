"""`sfcci enable controller` and `compute`: the options of both, the plan shown, carried out, taken back."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.errors import MissingTool, UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

    from sfcci.enable.turn import Plan

Command = Callable[..., Any]
RESTARTED_S = 60.0
"""How long the API may take until it answers again."""
OPTIONS = (
    click.option(
        "--root",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        help="A machine's files, mounted or made here: its units and configuration are read there, nothing is started.",
    ),
    click.option(
        "--config-file",
        "config_files",
        metavar="FILE",
        multiple=True,
        help="The configuration, in the order in which it is read, where it is not to be looked for.",
    ),
    click.option("--dry-run", is_flag=True, help="Show the change as a diff, and write nothing."),
    click.option(
        "--apply", "applies", is_flag=True, help="Also run the migration and the restart; each is said first."
    ),
    click.option("--undo", "undoes", is_flag=True, help="Take the last change back."),
    click.option(
        "--verify",
        "verifies",
        is_flag=True,
        help="Ask the cloud of OS_CLOUD whether chains can be made; without --apply nothing else is done.",
    ),
    click.option(
        "--no-check", "unchecked", is_flag=True, help="Also where the package is not installed yet."
    ),
    console.as_json,
)


def _with_options(command: Command) -> Command:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command(
    epilog="Example: sfcci enable controller --dry-run; then: sfcci enable controller --apply --verify"
)
@_with_options
@click.option("--driver", metavar="NAME", default="ovs", show_default=True, help="What programs the chains.")
def controller(**given: Any) -> None:
    """Enable chains where neutron-server runs.

    service_plugins gains flow_classifier and sfc, [sfc] and [flowclassifier] drivers gain the driver. Which files these are, the running
    process says, else its unit, else the places where they are by default. What is written keeps comments, order, owner and mode; a backup
    is beside it (NAME.sfcci-TIME.bak). A second time nothing is to be done.
    """
    _carry_out("controller", **given)


@click.command(epilog="Example: sfcci enable compute --root /mnt/overcloud-compute-0 --dry-run")
@_with_options
def compute(**given: Any) -> None:
    """Enable chains where neutron-openvswitch-agent runs: [agent] extensions gains sfc.

    Which file that is, the running agent says, else its unit, else the place where it is by default. What is written keeps comments, order,
    owner and mode; a backup is beside it (NAME.sfcci-TIME.bak). A second time nothing is to be done.
    """
    _carry_out("compute", driver="ovs", **given)


def _carry_out(
    role: str,
    *,
    root: str | None,
    config_files: tuple[str, ...],
    driver: str,
    dry_run: bool,
    applies: bool,
    undoes: bool,
    verifies: bool,
    unchecked: bool,
    json_output: bool,
) -> None:
    from pathlib import Path

    from sfcci.enable import turn
    from sfcci.enable.source import MACHINE

    if root and (applies or verifies):
        raise UsageError("--apply and --verify are for this machine; in a root nothing runs")
    if dry_run and (applies or verifies):
        raise UsageError("--dry-run changes nothing: give it without --apply and --verify")
    if applies and os.geteuid() != 0:
        raise MissingTool("services are restarted by root", "run it as root, or without --apply")
    if verifies and not applies:
        if undoes or config_files or unchecked:
            raise UsageError("--verify asks the cloud alone: give it with --apply, or by itself")
        _verify(role, json_output)
    at = Path(root).resolve() if root else MACHINE
    if undoes:
        plan = turn.undoing(role, root=at, given=config_files, driver=driver)
    else:
        plan = turn.planned(role, root=at, given=config_files, driver=driver, checked=not unchecked)
    status = plan.exit_status
    kept = () if dry_run or status else turn.carry_out(plan)
    found = _after(
        role,
        plan,
        undoes=undoes,
        applies=applies and not status,
        verifies=verifies and not status,
        quiet=json_output,
    )
    if json_output:
        console.print_json(_as_json(plan, kept, dry_run, found))
    else:
        _show(plan, kept, dry_run=dry_run, undoes=undoes, refused=bool(status), applied=applies)
        console.print_findings(found)
    from sfcci.finding import exit_status

    sys.exit(status or exit_status(found))


def _verify(role: str, json_output: bool) -> "NoReturn":
    """Ask the cloud, and end; of this machine nothing is looked at."""
    from sfcci.enable import cloud
    from sfcci.finding import exit_status

    found = cloud.verified(role, lambda text: click.echo(text, err=json_output))
    if json_output:
        console.print_json({"role": role, "findings": [one.as_json() for one in found]})
    else:
        console.print_findings(found)
    sys.exit(exit_status(found))


def _after(
    role: str, plan: "Plan", *, undoes: bool, applies: bool, verifies: bool, quiet: bool
) -> tuple[Any, ...]:
    """Run the steps and ask the cloud, as wished; give what the cloud's answers lack."""
    from sfcci.enable import cloud, service

    if applies:
        steps = service.steps(plan.role, plan.source, undone=undoes)
        service.carry_out(steps, lambda text: click.echo(f"running: {text}", err=quiet))
    if not verifies:
        return ()
    patience_s = RESTARTED_S if applies else 0.0
    return cloud.verified(role, lambda text: click.echo(text, err=quiet), patience_s=patience_s)


def _show(
    plan: "Plan", kept: "tuple[Path, ...]", *, dry_run: bool, undoes: bool, refused: bool, applied: bool
) -> None:
    console.print_findings(plan.remarks)
    where = f"{plan.role.name}: configuration {plan.source.how}: {', '.join(str(one.path) for one in plan.source.files)}"
    click.echo(where)
    if not plan.changes:
        click.echo("nothing to take back" if undoes else "nothing to do: chains are enabled")
        return
    click.echo(plan.diff(), nl=False)
    if dry_run or refused:
        click.echo("nothing was written")
        return
    for one, backup in zip(plan.changes, kept, strict=True):
        click.echo(f"written: {one.path}" + (f" (as it was: {backup})" if backup.exists() else ""))
    if not applied:
        click.echo(
            "now run (or let --apply do it):" if plan.root == plan.root.parent else "on that machine run:"
        )
        for step in plan.steps:
            click.echo(f"  {step}")


def _as_json(plan: "Plan", kept: "tuple[Path, ...]", dry_run: bool, found: tuple[Any, ...]) -> dict[str, Any]:
    backups = dict(zip((one.path for one in plan.changes), kept, strict=False))
    return {
        "role": plan.role.name,
        "root": str(plan.root),
        "source": plan.source.how,
        "files": [str(one.path) for one in plan.source.files],
        "changes": [
            {"path": str(one.path), "backup": str(backups[one.path]) if one.path in backups else None}
            for one in plan.changes
        ],
        "written": bool(plan.changes) and bool(kept) and not dry_run,
        "diff": plan.diff(),
        "steps": [{"what": step.what, "argv": list(step.argv)} for step in plan.steps],
        "findings": [one.as_json() for one in (*plan.remarks, *found)],
    }
