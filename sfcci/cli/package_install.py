"""`sfcci package install-test|lock`: packages put to use with all that they require, and the lock of what that is."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENTS
from sfcci.cli.package_proof import PROFILE

if TYPE_CHECKING:
    from sfcci.package.install_test import ComponentInstall


@click.command(
    epilog="Examples: sfcci package install-test | sfcci package install-test networking-sfc --json"
)
@COMPONENTS
@PROFILE
@console.as_json
@click.pass_context
def install_test(ctx: click.Context, components: tuple[str, ...], profile: str, json_output: bool) -> None:
    """Install the newest builds from the signed repository with all that they require, and put them to use.

    dnf solves out of that repository and the locked closure alone, into an empty root, without a network. Then: rpm verifies; every
    module is imported and every entry point loaded from that root; scriptlets run; build dependencies and repository are closed.
    """
    from sfcci.package import install_test as test
    from sfcci.package.profile import profile as named
    from sfcci.pipeline.packaging import install_runs, record_packaging

    settings = console.settings()
    report = test.install_test(settings, console.progress(), components, named(profile))
    if json_output:
        told = [_as_json(one) for one in report.components]
        console.print_json({"components": told, "key": report.repository.key})
    else:
        console.print_findings(report.findings)
        for one in report.components:
            click.echo(_sentence(one))
    record_packaging(settings, install_runs(report), time.time())
    ctx.exit(report.exit_status)


@click.command(
    epilog="Examples: sfcci package lock | sfcci package lock --python python3.13 | sfcci package lock --check"
)
@click.option(
    "--python",
    "pythons",
    metavar="PYTHON",
    multiple=True,
    help="The Python to lock for: a path or name, several times for several. [default: the one that runs sfcci]",
)
@click.option("--check", is_flag=True, help="Write nothing; say what the locks do not meet.")
@console.as_json
@click.pass_context
def lock(ctx: click.Context, pythons: tuple[str, ...], check: bool, json_output: bool) -> None:
    """Lock what the components require to build, run, test and document, with all that this leads to: one version each, with hashes.

    pip resolves it anew, from the index that it is set to; packaging/locks/ has one file per version of Python.
    """
    from sfcci.finding import exit_status
    from sfcci.package import closure

    settings, say = console.settings(), console.progress()
    interpreters = [closure.interpreter(name) for name in pythons or ("",)]
    findings = closure.check_locks(settings, interpreters, say) if check else ()
    locks = [] if check else [closure.write_lock(settings, one, say) for one in interpreters]
    if json_output:
        told = [{"path": one.path, "entries": one.entries, "changed": one.changed} for one in locks]
        console.print_json({"locks": told, "findings": [finding.as_json() for finding in findings]})
    else:
        for one in locks:
            click.echo(f"{'wrote' if one.changed else 'unchanged:'} {one.path} ({one.entries} projects)")
        console.print_findings(findings)
        if check and not findings:
            click.echo("the locks meet what the components require")
    ctx.exit(exit_status(findings))


def _sentence(one: "ComponentInstall") -> str:
    scripts = (
        f"scriptlets of {len(one.scriptlets)} packages run" if one.scriptlets_run else "scriptlets left out"
    )
    claimed = f"; the distribution is taken to have {', '.join(one.stand_ins)}" if one.stand_ins else ""
    return (
        f"{one.component}: {len(one.installed)} packages installed, {one.modules} modules imported, "
        f"{one.entry_points} entry points loaded ({one.excused} excused), {scripts}, "
        f"{'' if one.owners_verified else 'owners not verified (an ordinary user has one account), '}"
        f"{sum(one.durations_s.values()):.1f} s{claimed}"
    )


def _as_json(one: "ComponentInstall") -> dict[str, Any]:
    return {**asdict(one), "findings": [finding.as_json() for finding in one.findings]}
