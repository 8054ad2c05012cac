"""A description's table [gentoo]: its values, and every fault with its place."""

import pytest

from sfcci import document
from sfcci.errors import InputError
from sfcci.package.catalogue import parse_component
from sfcci.package.component import GentooVersion

from .test_package_mask import DESCRIPTION, component

HASH = "1" * 64


def test_versions_are_read_with_the_file_name_that_follows_from_them():
    (one, own) = component(
        f'[[gentoo.versions]]\nversion = "1.0"\nsha256 = "{HASH}"\nkeywords = ["amd64"]\n'
        '[[gentoo.versions]]\nversion = "2.0"\nmask = "Broken."\n'
    ).gentoo.versions
    assert one == GentooVersion("1.0", "chain-1.0.tar.gz", HASH, keywords=("amd64",))
    assert own == GentooVersion("2.0", mask="Broken.")


@pytest.mark.parametrize(
    ("gentoo", "says"),
    [
        ('[[gentoo.versions]]\nversion = "1.0"', r":11:1: gentoo.versions\[0\]: sha256 is missing"),
        ('[[gentoo.versions]]\nversion = "one"', "version one"),
        ('[[gentoo.versions]]\nversion = "1!2.0"', "no epoch and no local part"),
        (f'[[gentoo.versions]]\nversion = "2.0"\nsha256 = "{HASH}"', "is the component's own version"),
        (
            "".join(
                f'[[gentoo.versions]]\nversion = "{version}"\nsha256 = "{HASH}"\n'
                for version in ("1.0.0.0rc1", "1.0.0rc1")
            ),
            r"gentoo.versions\[1\]: is 1.0.0_rc1, as entry 1 is",
        ),
        (
            '[[gentoo.versions]]\nversion = "2.0"\nmasked = 2026-11-21',
            "masked: is the day of no mask; expected mask beside it",
        ),
        ('[gentoo]\nmask = "x"\nmasked = "2026-11-21"', "without quotes"),
        ('[gentoo]\nmask = ""', "mask"),
        ('[gentoo.flags]\ntest = "Tests"', "is the flag of a table of its own"),
        ('[gentoo.undrawn]\nx = "y"', r"there is no documentation to draw; expected a table \[docs\]"),
        ('[gentoo.names]\nx = "y"', "category/package, perhaps with :slot"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(gentoo, says):
    text = DESCRIPTION.format(version="2.0", hash="0" * 64, gentoo=gentoo)
    with pytest.raises(InputError, match=says) as caught:
        parse_component(document.parse(text, "packaging/chain.toml"))
    assert str(caught.value).startswith("packaging/chain.toml:")


def test_a_component_of_this_project_has_no_versions_from_the_index():
    text = DESCRIPTION.format(
        version="2.0", hash="0" * 64, gentoo=f'[[gentoo.versions]]\nversion = "1.0"\nsha256 = "{HASH}"'
    ).replace(f'sha256 = "{"0" * 64}"', 'path = "."')
    with pytest.raises(InputError, match="a version of a component that lies in this project"):
        parse_component(document.parse(text, "x.toml"))
