"""Package dependencies as text, and the order of versions against portage's own."""

import random

import pytest

from sfcci import command, environment
from sfcci.package.atom import Atom, atoms, compared, file_version
from sfcci.package.portage import PORTAGE

COMPARE = """\
import sys
from portage.versions import vercmp
for line in sys.stdin:
    print(vercmp(*line.split()))
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dev-python/pbr", [Atom("dev-python/pbr")]),
        (">=a/b-1.2_rc1-r3:2/3=[c?,-d(+)]", [Atom("a/b", ">=", "1.2_rc1-r3", ":2/3=", "[c?,-d(+)]")]),
        ("!!<a/b-1", [Atom("a/b", "<", "1", blocks=True)]),
        ("=a/b-1.2*", [Atom("a/b", "=*", "1.2")]),
        ("~a/b-${PV}[${PYTHON_USEDEP}]", [Atom("a/b", "~", "${PV}", use="[${PYTHON_USEDEP}]")]),
        ("|| ( a/b:3 c/d-e )", [Atom("a/b", slot=":3", offset=5), Atom("c/d-e", offset=11)]),
        ("x? ( a/b )", [Atom("a/b", offset=5)]),
        ("$(python_gen_cond_dep 'a/b[x]')", [Atom("a/b", use="[x]", offset=23)]),
        (">=a/b", []),
        ("a/b-1", []),
        ("https://a.example.org/b", []),
        ("${CATEGORY}/b", []),
    ],
)
def test_atoms_are_found_in_a_text(text, found):
    assert list(atoms(text)) == found


@pytest.mark.parametrize(
    ("mask", "version", "matched"),
    [
        ("a/b", "1", True),
        ("a/c", "1", False),
        ("=a/b-1.0", "1.0", True),
        ("=a/b-1.0", "1.0-r1", False),
        ("~a/b-1.0", "1.0-r1", True),
        ("=a/b-1*", "1.5", True),
        ("=a/b-1*", "10", False),
        ("<a/b-1", "1_rc1", True),
        (">=a/b-9999", "9999", True),
        (">a/b-1", "1", False),
    ],
)
def test_a_mask_matches_the_versions_that_pms_says(mask, version, matched):
    (atom,) = atoms(mask)
    assert atom.matches("a/b", version) is matched


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("a-1.0.ebuild", "1.0"),
        ("a-1.0_rc1-r2.ebuild", "1.0_rc1-r2"),
        ("a-9999.ebuild", "9999"),
        ("a-1.0rc1.ebuild", None),
        ("a-b-1.ebuild", None),
        ("a.ebuild", None),
        ("a-1.ebuild~", None),
    ],
)
def test_an_ebuild_is_named_by_package_and_version(name, version):
    assert file_version(name, "a") == version


def test_what_is_no_version_is_compared_with_none():
    with pytest.raises(ValueError, match="is no version of PMS"):
        compared("1.0rc1", "1.0")


def made_version(random):
    """A version, as often as not one that differs little from others."""
    numbers = [random.choice(["0", "1", "2", "10", "01", "010", "100"]) for _ in range(random.randint(1, 3))]
    suffixes = [
        f"_{random.choice(['alpha', 'beta', 'pre', 'rc', 'p'])}{random.choice(['', '0', '1', '2'])}"
        for _ in range(random.choice([0, 0, 1, 2]))
    ]
    letter, revision = random.choice(["", "", "a", "b"]), random.choice(["", "", "-r0", "-r1", "-r10"])
    return ".".join(numbers) + letter + "".join(suffixes) + revision


@pytest.mark.distro
def test_versions_are_ordered_as_portage_orders_them(cache_dir):
    made = random.Random(6)  # noqa: S311 - pairs that are the same each time
    pairs = [(made_version(made), made_version(made)) for _ in range(3000)]
    python = environment.ensure(PORTAGE, cache_dir).python
    given = "".join(f"{one} {other}\n" for one, other in pairs)
    done = command.run([python, "-c", COMPARE], timeout_s=60, stdin=given)
    theirs = [(int(line) > 0) - (int(line) < 0) for line in done.stdout.split()]
    wrong = [pair for pair, order in zip(pairs, theirs, strict=True) if compared(*pair) != order]
    assert wrong == []
