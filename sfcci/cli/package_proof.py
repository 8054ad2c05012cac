"""`sfcci package verify|sbom`: proof that packages can be built again, and what they are made of."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import console
from sfcci.cli.package_named import COMPONENT, COMPONENTS
from sfcci.errors import UsageError
from sfcci.package.profile import HOST, PROFILES

if TYPE_CHECKING:
    from sfcci.package.verify import Verified, VerifyReport

PROFILE = click.option(
    "--profile",
    type=click.Choice([one.name for one in PROFILES]),
    default=HOST.name,
    show_default=True,
    help="The distribution that the packages are for.",
)


@click.command(epilog="Examples: sfcci package verify | sfcci package verify networking-sfc --json")
@COMPONENTS
@PROFILE
@console.as_json
@click.pass_context
def verify(ctx: click.Context, components: tuple[str, ...], profile: str, json_output: bool) -> None:
    """Build packages again and compare them with the first build, octet by octet.

    The first build is the one that is kept, when it is of today's sources; else two are made, in folders of their own.
    Nothing of them is kept. What differs is told with its place: the file, the octet, the header's tag or the file in the payload.
    """
    from sfcci.package.profile import profile as named
    from sfcci.package.verify import verify as verified
    from sfcci.package.work import Order
    from sfcci.pipeline.packaging import record_packaging, verify_runs

    settings = console.settings()
    report = verified(settings, console.progress(), Order(profile=named(profile)), components)
    _tell(report, json_output)
    record_packaging(settings, verify_runs(report), time.time())
    ctx.exit(report.exit_status)


@click.command(
    epilog="Examples: sfcci package sbom networking-sfc | sfcci package sbom sfcci --format spdx --output sfcci.spdx.json"
)
@COMPONENT
@click.option(
    "--format",
    "format_",
    type=click.Choice(["cyclonedx", "spdx"]),
    default="cyclonedx",
    show_default=True,
    help="CycloneDX 1.6 or SPDX 2.3, both as JSON.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it there. [default: the terminal]",
)
@PROFILE
def sbom(component: str, format_: str, output: Path | None, profile: str) -> None:
    """Print the bill of materials of a COMPONENT's newest build, made from the headers of its RPMs.

    Both formats list the packages and what they require. CycloneDX lists each package's files below it, with their hashes; SPDX
    stays with packages (filesAnalyzed: false), as the distributions' own do: each RPM carries its files in its header.
    The same files, and its provenance, lie beside the RPMs.
    """
    from sfcci import files
    from sfcci.package.proofs import built_bill
    from sfcci.package.sbom import sbom_text

    text = sbom_text(built_bill(console.settings(), component, profile), format_)
    if output is None:
        click.echo(text, nl=False)
    elif output.is_dir():
        raise UsageError(f"{output} is a folder; name a file")
    else:
        files.write_text(output, text)


def _tell(report: "VerifyReport", json_output: bool) -> None:
    if json_output:
        answer = [_as_json(one) for one in report.components]
        console.print_json({"components": answer, "places": report.places})
        return
    console.print_findings(tuple(finding for one in report.components for finding in one.findings))
    for one in report.components:
        if one.error:
            click.echo(one.error, err=True)
        click.echo(f"{one.component}: {_verdict(one)}, {one.duration_s:.1f} s")
    for place in report.places:
        click.echo(place)


def _verdict(one: "Verified") -> str:
    if one.findings or one.error:
        return "not proven"
    return f"{len(one.sha256)} RPMs are those of {one.against}, octet by octet"


def _as_json(one: "Verified") -> dict[str, Any]:
    return {**asdict(one), "findings": [finding.as_json() for finding in one.findings]}
