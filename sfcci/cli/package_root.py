"""`sfcci package install-root`: a root that dnf fills out of the signed repository, to be kept."""

from dataclasses import asdict
from pathlib import Path

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENTS


@click.command("install-root", epilog="Example: sfcci package install-root /srv/controller networking-sfc")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@COMPONENTS
@console.as_json
@click.pass_context
def install_root(ctx: click.Context, folder: Path, components: tuple[str, ...], json_output: bool) -> None:
    """Have dnf fill a root in FOLDER with the newest builds of components (all, when none is named) and what they require.

    Out of the signed repository and the locked closure, without a network. The root comes whole or not at all; one that has these
    builds already is left as it is, an older one is replaced. FOLDER.json beside it says what is in it. `sfcci enable --root FOLDER`
    then enables chains there. Exit status 1 when dnf could not.
    """
    from sfcci.finding import exit_status
    from sfcci.package.roots import fill_roots

    (root,) = fill_roots(console.settings(), console.progress(), {folder: components})
    if json_output:
        findings = [finding.as_json() for finding in root.findings]
        console.print_json({**asdict(root), "findings": findings})
    else:
        console.print_findings(root.findings)
        if not exit_status(root.findings):
            click.echo(root)
    ctx.exit(exit_status(root.findings))
