"""`sfcci gentoo use`: effective USE, masks and REQUIRED_USE of a package, by portage and by pkgcore."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci import finding
from sfcci.cli import console

if TYPE_CHECKING:
    from sfcci.package.use import UseReport
    from sfcci.package.use_answer import Answer, Version
    from sfcci.package.use_line import UseLine


@click.command(
    epilog="Examples: sfcci gentoo use sys-cluster/networking-sfc | "
    "sfcci gentoo use www-servers/apache --config /etc/portage --short | "
    "sfcci gentoo use app-office/libreoffice --try 'app-office/libreoffice PYTHON_SINGLE_TARGET: -* python3_13'"
)
@click.argument("atom")
@click.option(
    "--config",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="A folder like /etc/portage. [default: /etc/portage on Gentoo, else the profile's own settings]",
)
@click.option(
    "--try", "tried", metavar="LINE", multiple=True, help="A line of package.use to try behind those of DIR."
)
@click.option(
    "--long",
    "form",
    flag_value="long",
    help="Print the lines of package.use that act on it, with whole flags.",
)
@click.option(
    "--short", "form", flag_value="short", help="Print them with NAME: for the variables of USE_EXPAND."
)
@click.option(
    "--gentoo-repo",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    help="The ::gentoo to ask. [default: that of DIR's repos.conf, setting gentoo.repo, /var/db/repos/gentoo, a minimal one]",
)
@console.as_json
@click.pass_context
def use(
    ctx: click.Context,
    atom: str,
    config: Path | None,
    tried: tuple[str, ...],
    form: str | None,
    gentoo_repo: Path | None,
    json_output: bool,
) -> None:
    """Say which flags the versions of ATOM have, what masks them and why, and whether REQUIRED_USE holds.

    portage and pkgcore are both asked. Exit status 1: emerge would refuse the flags, package.use has an error, or the two differ.
    """
    from sfcci.package.use import asked

    settings = console.settings()
    if gentoo_repo:
        settings = replace(settings, gentoo=replace(settings.gentoo, repo=str(gentoo_repo)))
    report = asked(settings, atom, console.progress(), config=config, tried=tried)
    if json_output:
        console.print_json(_json(report, form))
    elif form:
        lines = _rewritten(report, form)
        for line in lines:
            click.echo(str(line))
        if not lines:
            click.echo(f"no line of package.use acts on {atom}", err=True)
        for found in report.findings:  # beside the lines, which may go into a file
            click.echo(str(found), err=True)
    else:
        click.echo(_text(report))
        console.print_findings(report.findings)
    ctx.exit(finding.exit_status(report.findings))


def _rewritten(report: "UseReport", form: str) -> "tuple[UseLine, ...]":
    from sfcci.package.use_line import long_form, short_form

    return (
        long_form(report.lines()) if form == "long" else short_form(report.lines(), report.answer.use_expand)
    )


def _text(report: "UseReport") -> str:
    answer = report.answer
    blocks = [_version(version, report) for version in answer.versions]
    chosen = f"emerge would choose {answer.visible}" if answer.visible else "every version is masked"
    origin = (
        f"configuration in {report.configuration.origin}"
        if report.configuration.origin
        else "the profile's own settings"
    )
    judges = f"asked portage {answer.portage} and pkgcore {answer.pkgcore} with {origin}"
    return "\n".join([*blocks, chosen, judges, f"judged by {report.master}"])


def _version(version: "Version", report: "UseReport") -> str:
    answer = report.answer
    rows = [f"{version} (slot {version.slot})"]
    rows += _flags("on", answer, version.use)
    rows += _flags("off", answer, version.iuse - version.use)
    if version.required_use:
        rows.append(f"  REQUIRED_USE  {f'does not hold: {version.unmet}' if version.unmet else 'holds'}")
    for mask in version.masks:
        rows.append(
            f"  masked        {mask.text}"
            + (f" ({report.configuration.told_from_origin(mask.where)})" if mask.where else "")
        )
        rows += [f"                | {line}" for line in mask.reason.splitlines()]
        if line := mask.unmasking(version.cpv):
            rows.append(f"                lift it in {line}")
    for number in version.lines:
        written = report.configuration.lines[number]
        rows.append(f"  package.use   {written.place}: {written.text.strip()}")
    return "\n".join(rows)


def _flags(title: str, answer: "Answer", flags: frozenset[str]) -> list[str]:
    rows: list[str] = []
    for name, values in answer.grouped(flags).items():
        if values:
            rows.append(f"  {title if not rows else '':13} {f'{name}: ' if name else ''}{' '.join(values)}")
    return rows


def _json(report: "UseReport", form: str | None) -> dict[str, Any]:
    answer = report.answer
    return {
        "package": answer.package,
        "visible": answer.visible,
        "versions": [_version_json(version, report) for version in answer.versions],
        "rewritten": [str(line) for line in _rewritten(report, form)] if form else None,
        "portage": answer.portage,
        "pkgcore": answer.pkgcore,
        "config": report.configuration.origin,
        "repositories": {one.name: str(one.path) for one in report.configuration.repositories},
        "master": report.master,
        "findings": [found.as_json() for found in report.findings],
    }


def _version_json(version: "Version", report: "UseReport") -> dict[str, Any]:
    other = report.answer.others.get((version.cpv, version.repo))
    lines = [report.configuration.lines[number] for number in version.lines]
    return {
        "version": version.cpv,
        "repository": version.repo,
        "slot": version.slot,
        "on": sorted(version.use),
        "off": sorted(version.iuse - version.use),
        "pkgcore_on": sorted(other.use) if other else None,
        "required_use": version.required_use,
        "unmet": version.unmet,
        "masks": [
            {
                "kind": mask.kind,
                "text": mask.text,
                "reason": mask.reason,
                "where": report.configuration.told_from_origin(mask.where),
                "lift": mask.unmasking(version.cpv),
            }
            for mask in version.masks
        ],
        "lines": [{"place": str(written.place), "text": written.text.strip()} for written in lines],
    }
