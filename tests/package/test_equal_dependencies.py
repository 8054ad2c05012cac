"""One version model, equal dependencies: what a requirement lets in, it lets in as RPM's dependency and as Gentoo's."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from sfcci import command, environment, settings
from sfcci.package import dialect, ebuild
from sfcci.package.atom import atoms
from sfcci.package.catalogue import load_catalogue
from sfcci.package.index import subject
from sfcci.package.macros.python3dist import bound_version, python3dist
from sfcci.package.portage import PORTAGE

REPOSITORY = Path(__file__).parents[2]
ORDERED = (
    "22.1.0",
    "23.0.0.0.dev5",
    "23.0.0.0a1.dev1",
    "23.0.0.0a1",
    "23.0.0.0a2",
    "23.0.0.0b1",
    "23.0.0.0rc1.dev3",
    "23.0.0.0rc1",
    "23.0.0.0rc10",
    "23.0.0",
    "23.0.0.post1.dev1",
    "23.0.0.post1",
    "23.0.1",
)
COMPARE = """\
import json, sys
from portage.versions import vercmp
print(json.dumps([vercmp(*pair) for pair in json.load(sys.stdin)]))
"""
MATCH = """\
import json, sys
from portage.dep import Atom, match_from_list
print(json.dumps([bool(match_from_list(Atom(a), [c])) for a, c in json.load(sys.stdin)]))
"""
OPERATORS = (">=", "<=", ">", "<", "==", "!=", "~=")


@pytest.fixture(scope="module")
def portage(cache_dir):
    """Ask portage's own code: a script, what it reads as JSON → what it answers."""
    python = environment.ensure(PORTAGE, cache_dir).python

    def ask(script, question):
        done = command.run([python, "-c", script], timeout_s=60, stdin=json.dumps(question))
        return json.loads(done.stdout)

    return ask


def sign(one, other):
    return (one > other) - (one < other)


def random_version(dice):
    """X.Y.Z of few numbers, so that they meet; pre-releases as OpenStack writes them, and plain."""
    text = ".".join(str(dice.randrange(3)) for _ in range(3))
    kind = dice.choice(("", "", "pre", "zero", "post"))
    if kind in {"pre", "zero"}:
        text += (".0" if kind == "zero" else "") + dice.choice("ab") + str(dice.randrange(3))
    return text + (f".post{dice.randrange(1, 3)}" if kind == "post" else "")


def random_specifier(dice):
    operator = dice.choice((*OPERATORS, "==*"))
    if operator == "==*":
        return f"=={dice.randrange(3)}.{dice.randrange(3)}.*"
    return operator + random_version(dice)


@pytest.mark.distro
def test_portage_orders_versions_as_python_does(portage):
    dice = random.Random(6)  # noqa: S311 - examples, the same each time
    texts = [*ORDERED, *(random_version(dice) for _ in range(300))]
    pairs = [(one, other) for one in ORDERED for other in ORDERED]
    pairs += [(dice.choice(texts), dice.choice(texts)) for _ in range(3000)]
    answers = portage(COMPARE, [[dialect.gentoo_version(v) for v in pair] for pair in pairs])
    expected = [sign(Version(one), Version(other)) for one, other in pairs]
    assert [sign(a, 0) for a in answers] == expected


@pytest.mark.distro
def test_a_pre_release_spelled_naively_would_be_newer_than_its_release_and_ours_is_not(portage):
    naive, ours = ("21.0.0.0_rc1", "21.0.0"), (dialect.gentoo_version("21.0.0.0rc1"), "21.0.0")
    assert portage(COMPARE, [naive, ours]) == [1, -1]


def rpm_answers(pairs):
    """Ask rpm for the order of each pair, as many at a time as a command line holds."""
    found = []
    for first in range(0, len(pairs), 1000):
        script = "".join(f'print(rpm.vercmp("{a}", "{b}"), " ")' for a, b in pairs[first : first + 1000])
        done = command.run(["rpm", "--eval", f"%{{lua: {script}}}"], timeout_s=60)
        found += [int(float(word)) for word in done.stdout.split()]
    return found


def rpm_lets_in(cases):
    """Evaluate the RPM dependency of each case (specifier, version) by rpm's own comparison."""
    spelled = [
        (re.findall(r"\(x\) (<=|>=|<|>|=) ([^\s)]+)", text), " or " in text)
        for text in (python3dist(f"x{specifier}") for specifier, _version in cases)
    ]
    pairs = [
        (bound_version(version), bound)
        for (bounds, _any), (_s, version) in zip(spelled, cases, strict=True)
        for _operator, bound in bounds
    ]
    orders = iter(rpm_answers(pairs))
    allowed = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1), "=": (0,)}
    told = [
        ([next(orders) in allowed[o] for o, _b in bounds], one_will_do) for bounds, one_will_do in spelled
    ]
    return [any(found) if one_will_do else all(found) for found, one_will_do in told]


def gentoo_lets_in(cases, portage):
    """Evaluate the atoms of each case by portage's own matching."""
    asked = [dialect.gentoo_atoms(f"x{specifier}", use="") for specifier, _version in cases]
    pairs = [
        (atom.lstrip("!"), f"dev-python/x-{dialect.gentoo_version(version)}")
        for found, (_s, version) in zip(asked, cases, strict=True)
        for atom in found
    ]
    answers = iter(portage(MATCH, pairs))
    told = [[next(answers) is not atom.startswith("!") for atom in found] for found in asked]
    return [all(found) for found in told]


@pytest.mark.distro
def test_rpm_and_portage_let_in_the_same_versions(portage):
    """Every operator of PEP 440, bounds and versions with and without suffixes, asked of rpm and of portage."""
    dice = random.Random(440)  # noqa: S311 - as above
    cases = [(random_specifier(dice), random_version(dice)) for _ in range(4000)]
    by_rpm, by_gentoo = rpm_lets_in(cases), gentoo_lets_in(cases, portage)
    differing = [case for case, a, b in zip(cases, by_rpm, by_gentoo, strict=True) if a is not b]
    assert differing == []
    for (specifier, version), found in zip(cases, by_gentoo, strict=True):
        if not re.search("[a-z]", version):
            assert found is SpecifierSet(specifier).contains(version, prereleases=True), (specifier, version)


small = st.integers(0, 3)
releases = st.builds("{}.{}.{}".format, small, small, small)
bounds = st.builds(
    lambda operator, release, pre: operator + release + pre,
    st.sampled_from(OPERATORS),
    releases,
    st.sampled_from(("", "", "a1", "b2", "rc1", ".0b1")),
)
globs = st.builds("{}{}.{}.*".format, st.sampled_from(("==", "!=")), small, small)
names = st.from_regex(r"[a-z]([a-z._-]?[a-z])*", fullmatch=True)


@given(names, st.lists(st.one_of(bounds, globs), max_size=3), releases)
def test_a_requirement_names_one_project_and_lets_in_the_same_releases_in_both_worlds(
    name, specifiers, version
):
    requirement = f"{name}{','.join(specifiers)}"
    project = canonicalize_name(name)
    assert set(re.findall(r"python3dist\(([^)]+)\)", python3dist(requirement))) == {project}
    (found, *others) = [next(atoms(atom)) for atom in dialect.gentoo_atoms(requirement, use="")]
    package = dialect.gentoo_package(name)
    assert {found.package, *(other.package for other in others)} == {package}
    lets_in = all(a.matches(package, version) is not a.blocks for a in (found, *others))
    assert lets_in is SpecifierSet(",".join(specifiers)).contains(version, prereleases=True)


@pytest.mark.distro
@pytest.mark.parametrize("component", load_catalogue(REPOSITORY / "packaging"), ids=lambda c: c.name)
def test_spec_and_ebuild_of_a_component_require_the_same_projects(component, cache_dir):
    """RPM's generators read what the ebuild is rendered from, and no line is lost on the way."""
    found = subject(component, settings.load(REPOSITORY).project, cache_dir)
    wanted = {
        dialect.gentoo_package(Requirement(r).name, component.gentoo.names)
        for r in (*found.metadata.requires, *component.gentoo.requires)
        if dialect.applies(r, {"python_version": "3.13", "python_full_version": "3.13.99"})
    }
    made = ebuild.live(component, found.metadata)
    assert {atom.package for line in made.runtime for atom in atoms(line)} == wanted
