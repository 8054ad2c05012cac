"""`sfcci package`: packages rendered, built, checked and put into a repository."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "list": ("package_catalogue", "List the components and their versions, and newer ones."),
    "show": ("package_catalogue", "Show what is known of a component, and its names on each distribution."),
    "new": ("package_new", "Begin a description from an sdist's metadata."),
    "bump": ("package_revise", "Take a component to another version: description, spec, ebuilds."),
    "live": ("package_revise", "Give a component a live ebuild, from its git repository."),
    "mask": ("package_revise", "Mask versions in the overlay, for a reason."),
    "unmask": ("package_revise", "Lift a mask of the overlay."),
    "manifest": ("package_revise", "Write the overlay's Manifests, without the network."),
    "render": ("package_catalogue", "Write the specs that the descriptions say."),
    "check": ("package_check", "Say what differs from the descriptions, and what is wrong in the overlay."),
    "rpm": ("package_rpm", "Render specs, build and check RPMs, make their repository."),
    "verify": ("package_proof", "Build packages again: are they the same, octet by octet?"),
    "sbom": ("package_proof", "Print what a package is made of: CycloneDX or SPDX."),
    "repo": ("package_repo", "Make the repository: signed on request, with its .repo file."),
    "key": ("package_repo", "Show the key that packages are signed with; make one if there is none."),
    "install-test": ("package_install", "Install packages with all that they require, and put them to use."),
    "install-root": ("package_root", "Have dnf fill a root with packages, to be kept."),
    "lock": ("package_install", "Lock what the components require, with all that it leads to."),
    "ebuild": ("package_ebuild", "Render ebuilds and Manifests, check the overlay."),
    "build": ("package_build", "Build ebuilds with portage, merge them, put them to use."),
}
"""Name → module with the command of that name, one line of help."""


@click.group(cls=LateGroup, table=COMMANDS, epilog="Example: sfcci package rpm networking-sfc")
def package() -> None:
    """Render, build and check packages (RPM, Gentoo) of the components in packaging/."""
