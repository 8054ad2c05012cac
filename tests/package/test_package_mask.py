"""What nobody shall get unasked, and why: profiles/package.mask."""

import datetime as dt

from sfcci import document
from sfcci.package import package_mask
from sfcci.package.catalogue import parse_component

DESCRIPTION = """\
name = "chain"
version = "{version}"
license = "MIT"
homepage = "https://chain.example.org"
kind = "library"
modules = ["chain"]

[source]
sha256 = "{hash}"

{gentoo}

[[changelog]]
date = 2026-10-01
release = 1
version = "{version}"
changes = ["First package"]
"""
LONG = (
    "It loses the flows of a chain when an agent restarts while the chain is being changed, "
    "and nothing brings them back: stay at 1.0."
)
TEXT = f"""\
# The sfcci developers <sfcci@sfcci.example.org> (2026-11-21)
# It loses the flows of a chain when an agent restarts while the chain is being
# changed, and nothing brings them back: stay at 1.0.
=dev-python/chain-2.0

# The sfcci developers <sfcci@sfcci.example.org>
# {package_mask.PRE_RELEASE}
=dev-python/chain-3.0.0_rc1
"""


def component(gentoo, version="2.0"):
    text = DESCRIPTION.format(version=version, hash="0" * 64, gentoo=gentoo)
    return parse_component(document.parse(text, "packaging/chain.toml"))


def entries(gentoo, version="2.0"):
    return package_mask.masks(component(gentoo, version))


def test_a_mask_says_who_when_and_why_and_a_pre_release_always_has_one():
    found = entries(
        f'[[gentoo.versions]]\nversion = "3.0.0.0rc1"\nsha256 = "{"3" * 64}"\n'
        f'[[gentoo.versions]]\nversion = "2.0"\nmask = "{LONG}"\nmasked = 2026-11-21\n'
    )
    assert package_mask.mask_text(found) == TEXT
    assert package_mask.mask_text(reversed(found)) == TEXT


def test_all_versions_can_be_masked_at_once():
    (found,) = entries('[gentoo]\nmask = "Nobody looks after it."\nmasked = 2026-11-21\n')
    assert found == package_mask.Mask("dev-python/chain", "Nobody looks after it.", dt.date(2026, 11, 21))


def test_a_component_that_is_a_pre_release_itself_is_masked():
    (found,) = entries("", "2.0.0.0b1")
    assert found == package_mask.Mask("=dev-python/chain-2.0.0_beta1", package_mask.PRE_RELEASE)


def test_nothing_masked_is_no_file():
    assert entries("") == ()
    assert package_mask.mask_text([]) == ""


def test_a_user_is_told_the_line_that_lifts_a_mask():
    assert package_mask.unmask_line(component(""), "3.0.0.0rc1") == "=dev-python/chain-3.0.0_rc1"
