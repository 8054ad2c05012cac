"""`sfcci package repo|key`: the repository of what was built, and the key that it is signed with."""

from typing import Any

import click

from sfcci.cli import console
from sfcci.cli.package_proof import PROFILE
from sfcci.errors import UsageError


@click.command(
    epilog="Examples: sfcci package repo --sign | sfcci package repo --sign --baseurl https://packages.example.org/sfcci/"
)
@click.option(
    "--sign/--no-sign",
    default=None,
    help="Sign packages and metadata, with the key that `sfcci package key` shows. [default: as the last time]",
)
@click.option(
    "--baseurl",
    metavar="URL",
    help='Where the users will find it; "" means its folder on this machine. [default: as the last time]',
)
@PROFILE
@console.as_json
def repo(sign: bool | None, baseurl: str | None, profile: str, json_output: bool) -> None:
    """Make a repository of every component's newest build without errors, and the .repo file for its users.

    The .repo file lies in it: copied to /etc/yum.repos.d it is all that dnf needs. A repository that is just so already stays.
    """
    from sfcci.package import publication
    from sfcci.package.profile import profile as named
    from sfcci.package.work import Order, kept_apart

    settings = console.settings()
    state = kept_apart(settings, Order(profile=named(profile))).state
    publication.checked_url(baseurl or "")
    if not publication.publishable(state):
        words = " ".join(("sfcci package rpm", *named(profile).words))
        raise UsageError(f"no RPM without errors for {named(profile).title}; build some with: {words}")
    made = publication.publish(settings, console.progress(), sign=sign, baseurl=baseurl, state=state)
    if json_output:
        console.print_json({**_told(made), "repo_file": made.repo_file})
        return
    click.echo(f"repository: {made.folder} ({len(made.builds)} builds)")
    click.echo(f"signed with: {made.key or 'no key; sign it with: sfcci package repo --sign'}")
    click.echo(f"for its users: {made.repo_file}")


@click.command(epilog="Examples: sfcci package key | sfcci package key --export > RPM-GPG-KEY-sfcci")
@click.option("--export", is_flag=True, help="Print the public key itself.")
@console.as_json
def key(export: bool, json_output: bool) -> None:
    """Show the key that packages are signed with: that of the settings ([rpm] key or key_file), else one of sfcci's own.

    Where there is none yet, it is made; its secret half lies in the state folder, readable by its owner alone.
    """
    from sfcci.package import signing
    from sfcci.package.build import workspace

    settings = console.settings()
    with workspace() as folder:
        found = signing.signing_key(settings, folder, console.progress())
    origin = signing.origin(settings)
    if json_output:
        console.print_json({"fingerprint": found.fingerprint, "origin": origin, "public": found.public})
    elif export:
        click.echo(found.public, nl=False)
    else:
        click.echo(f"{found.fingerprint}  ({origin})")


def _told(made: Any) -> dict[str, Any]:
    return {"repository": made.folder, "builds": made.builds, "key": made.key, "baseurl": made.baseurl}
