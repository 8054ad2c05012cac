"""Python's dependencies in RPM's words, as Fedora's generators spell them: python3dist(oslo-config) >= 8.

Needs nothing but `packaging`: the build environment imports this file beside `pyproject.py`.
"""

from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.utils import canonicalize_name
from packaging.version import Version


def python3dist(requirement: str, prefix: str = "python3dist") -> str:
    """Give the dependency for a PEP 508 requirement, rich (`(a with b)`) where it has two bounds. The marker is not asked."""
    parsed = Requirement(requirement)
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    name = f"{prefix}({canonicalize_name(parsed.name)}{extras})"
    specifiers = sorted(parsed.specifier, key=lambda s: (s.operator not in {">", ">=", "~=", "=="}, str(s)))
    bounds = [bound for specifier in specifiers for bound in _bounds(name, specifier)]
    if len(bounds) > 1:
        return f"({' with '.join(bounds)})"
    return bounds[0] if bounds else name


def bound_version(version: str) -> str:
    """Spell a version as the generators do: no zeros at the end, so that 2.0 and 2 are one; 27.0.0.0b1 → 27~b1."""
    parsed = Version(version)
    numbers = list(parsed.release)
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    text = f"{parsed.epoch}:" if parsed.epoch else ""
    text += ".".join(str(number) for number in numbers)
    if parsed.pre:
        text += "~" + "".join(str(part) for part in parsed.pre)
    if parsed.post is not None:
        text += f"^post{parsed.post}"
    if parsed.dev is not None:
        text += f"{'~' if parsed.pre or parsed.post is not None else '~~'}dev{parsed.dev}"
    return text


def _bounds(name: str, specifier: Specifier) -> list[str]:
    operator, version = specifier.operator, specifier.version
    if version.endswith(".*"):
        low, high = bound_version(version[:-2]), _next(Version(version[:-2]).release)
        if operator == "!=":
            return [f"({name} < {low}~~ or {name} >= {high})"]
        return [f"{name} >= {low}~~", f"{name} < {high}~~"]
    spelled = bound_version(version)
    if operator == "~=":
        return [f"{name} >= {spelled}", f"{name} < {_next(Version(version).release[:-1])}~~"]
    if operator == "!=":
        return [f"({name} < {spelled} or {name} > {spelled})"]
    return [f"{name} {'=' if operator in {'==', '==='} else operator} {spelled}"]


def _next(release: tuple[int, ...]) -> str:
    """The first release after all that begin with these numbers: (1, 4) → 1.5."""
    return bound_version(".".join(str(number) for number in (*release[:-1], release[-1] + 1)))
