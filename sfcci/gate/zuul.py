"""Zuul's configuration: jobs, templates and projects as they are declared, each with its place.

Only what decides which job runs where is read (Zuul's documentation, Project Configuration); node sets, secrets, variables
and the rest are passed over.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sfcci.document import did_you_mean
from sfcci.errors import Fault, InputError, Place
from sfcci.gate.zuul_yaml import Kind, Node, parse

READ = ("job", "project", "project-template", "pipeline")
OTHER = frozenset(
    ("nodeset", "secret", "semaphore", "queue", "pragma", "image", "flavor", "label", "section")
)
"""Kinds that Zuul knows and that decide nothing here; later ones are passed over as well."""
NO_PIPELINES = frozenset(
    ("name", "description", "templates", "vars", "queue", "default-branch", "merge-mode", "squash-merge")
)
"""Keys of a project that are no pipelines."""


@dataclass(frozen=True)
class BranchMatcher:
    """A regular expression that the beginning of a branch's name matches, or must not."""

    pattern: str
    place: Place
    negate: bool = False


@dataclass(frozen=True)
class Variant:
    """A declaration of a job: its definition, or the conditions under which a pipeline names it. None: not said."""

    name: str
    place: Place
    parent: str | None = None
    abstract: bool = False
    voting: bool | None = None
    branches: tuple[BranchMatcher, ...] = ()


@dataclass(frozen=True)
class Stanza:
    """A project or a template: pipelines → jobs. A project without a name is that of its `repository`."""

    name: str
    place: Place
    repository: str
    templates: tuple[tuple[str, Place], ...]
    pipelines: Mapping[str, tuple[Variant, ...]]


@dataclass(frozen=True)
class Configuration:
    """All that was read, in the order of repositories and files."""

    repositories: tuple[str, ...] = ()
    """Names of the projects whose own configuration is here."""
    jobs: tuple[Variant, ...] = ()
    templates: tuple[Stanza, ...] = ()
    projects: tuple[Stanza, ...] = ()
    pipelines: tuple[str, ...] = ()

    @cached_property
    def variants(self) -> Mapping[str, tuple[Variant, ...]]:
        """Give the definitions of each job by name."""
        return _by_name(self.jobs)

    @cached_property
    def by_template(self) -> Mapping[str, tuple[Stanza, ...]]:
        """Give the templates by name."""
        found: dict[str, tuple[Stanza, ...]] = {}
        for template in self.templates:
            found[template.name] = (*found.get(template.name, ()), template)
        return found

    def __add__(self, other: "Configuration") -> "Configuration":
        return Configuration(
            tuple(dict.fromkeys((*self.repositories, *other.repositories))),
            self.jobs + other.jobs,
            self.templates + other.templates,
            self.projects + other.projects,
            tuple(dict.fromkeys((*self.pipelines, *other.pipelines))),
        )


def _by_name(jobs: tuple[Variant, ...]) -> dict[str, tuple[Variant, ...]]:
    found: dict[str, list[Variant]] = {}
    for job in jobs:
        found.setdefault(job.name, []).append(job)
    return {name: tuple(variants) for name, variants in found.items()}


def parse_configuration(text: str, path: str, repository: str) -> Configuration:
    """Read one file of the configuration of `repository`. Raises InputError with all of its faults."""
    return read_configuration(parse(text, path), path, repository)


def read_configuration(root: Node | None, path: str, repository: str) -> Configuration:
    """Like `parse_configuration`, for a file whose nodes are there."""
    reader = _Reader(path, repository)
    if root is not None and not root.nothing:
        reader.items(root)
    if reader.faults:
        raise InputError(*reader.faults)
    return Configuration(
        (), tuple(reader.jobs), tuple(reader.templates), tuple(reader.projects), tuple(reader.pipelines)
    )


class _Reader:
    """Reads the items of one file; what gathers is a configuration and its faults."""

    def __init__(self, path: str, repository: str) -> None:
        self.path, self.repository = path, repository
        self.faults: list[Fault] = []
        self.jobs: list[Variant] = []
        self.templates: list[Stanza] = []
        self.projects: list[Stanza] = []
        self.pipelines: list[str] = []

    def expect(self, node: Node, kind: Kind, what: str, expected: str = "") -> bool:
        """Say whether a node is of a kind; when not, that is a fault."""
        if node.kind is kind and not (kind is Kind.SCALAR and node.nothing):
            return True
        found = "nothing" if node.nothing else repr(node.text[:60]) if node.text else str(node.kind)
        self.faults.append(Fault(node.place, f"{what}: found {found}", expected or str(kind)))
        return False

    def items(self, root: Node) -> None:
        expected = "a list of jobs, projects, templates: `- job:`"
        if not self.expect(root, Kind.LIST, "Zuul's configuration", expected):
            return
        for item in root.items:
            if self.expect(item, Kind.MAPPING, "an item", "`- job:`, `- project:` ..."):
                self.item(item)

    def item(self, item: Node) -> None:
        if len(item.keys) != 1:
            keys = ", ".join(item.keys)
            self.faults.append(
                Fault(item.place, f"an item with the keys {keys or 'none'}", "one: `- job:`, indented below")
            )
            return
        ((kind, (key, value)),) = item.keys.items()
        if kind not in READ:
            hint = "" if kind in OTHER else did_you_mean(kind, READ)
            if hint:
                self.faults.append(Fault(key.place, f"found {kind!r}", ", ".join(READ), hint))
        elif self.expect(value, Kind.MAPPING, kind):
            self.read(kind, value)

    def read(self, kind: str, value: Node) -> None:
        if kind == "project":
            self.projects.append(self.stanza(value, self.name(value, kind, required=False)))
        elif name := self.name(value, kind):
            if kind == "job":
                self.jobs.append(self.variant(name, value, value.place))
            elif kind == "pipeline":
                self.pipelines.append(name)
            else:
                self.templates.append(self.stanza(value, name))

    def name(self, value: Node, kind: str, *, required: bool = True) -> str:
        node = value.get("name")
        if node is None:
            if required:
                self.faults.append(Fault(value.place, f"a {kind} without a name", "`name: TEXT`"))
            return ""
        return node.text if self.expect(node, Kind.SCALAR, f"the name of a {kind}") else ""

    def stanza(self, value: Node, name: str) -> Stanza:
        pipelines = {
            key: tuple(self.entries(key, inside))
            for key, (_, inside) in value.keys.items()
            if key not in NO_PIPELINES and inside.kind is Kind.MAPPING
        }
        return Stanza(name, value.place, self.repository, tuple(self.names(value, "templates")), pipelines)

    def names(self, value: Node, key: str) -> Iterator[tuple[str, Place]]:
        node = value.get(key)
        if node is None:
            return
        for one in node.items if node.kind is Kind.LIST else [node]:
            if self.expect(one, Kind.SCALAR, key, "names"):
                yield one.text, one.place

    def entries(self, pipeline: str, value: Node) -> Iterator[Variant]:
        """Give the jobs that a pipeline names: a name, or a name with what differs there."""
        node = value.get("jobs")
        if node is None or not self.expect(node, Kind.LIST, f"{pipeline}.jobs", "a list of jobs"):
            return
        for one in node.items:
            if one.kind is Kind.MAPPING and len(one.keys) == 1:
                ((name, (key, options)),) = one.keys.items()
                yield self.variant(name, options, key.place)
            elif self.expect(one, Kind.SCALAR, f"{pipeline}.jobs", "a name, or `NAME:` with what differs"):
                yield Variant(one.text, one.place)

    def variant(self, name: str, options: Node, place: Place) -> Variant:
        if options.kind is not Kind.MAPPING:
            if not options.nothing:
                self.expect(options, Kind.MAPPING, f"the job {name}", "a mapping below its name")
            return Variant(name, place)
        parent = options.get("parent")
        known = parent.text if parent is not None and self.expect(parent, Kind.SCALAR, "parent") else None
        abstract, voting = (self.flag(options, key) for key in ("abstract", "voting"))
        return Variant(name, place, known, bool(abstract), voting, tuple(self.branches(options)))

    def flag(self, options: Node, key: str) -> bool | None:
        node = options.get(key)
        if node is None:
            return None
        if node.kind is not Kind.SCALAR or node.flag is None:
            self.faults.append(Fault(node.place, f"{key}: found {node.text!r}", "true or false"))
        return node.flag

    def branches(self, options: Node) -> Iterator[BranchMatcher]:
        node = options.get("branches")
        if node is None:
            return
        for one in node.items if node.kind is Kind.LIST else [node]:
            pattern = one.get("regex") if one.kind is Kind.MAPPING else one
            expected = "a regular expression, or `regex:` and `negate:`"
            if pattern is None:
                self.faults.append(Fault(one.place, "branches: found a mapping without regex", expected))
            elif self.expect(pattern, Kind.SCALAR, "branches", expected):
                negate = one.kind is Kind.MAPPING and bool(self.flag(one, "negate"))
                yield BranchMatcher(pattern.text, one.place, negate)


MAX_LOOPS = 5
"""Python tries `.*.*.*...` out; a pattern with more of them, or with a repeated group, could take for ever. Zuul's cannot."""
_LOOP = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|(?P<group>\)[*+{])|(?P<loop>[*+{])")


@lru_cache(maxsize=4096)
def expression(pattern: str) -> "re.Pattern[str] | None":
    """Compile a regular expression of Zuul's (RE2); None where Python's cannot say it, or not in bounded time."""
    plain = re.sub(r"^\^\*", "", pattern)  # RE2 takes `^*`: a beginning that need not be
    loops = [found for found in _LOOP.finditer(plain) if found.lastgroup]
    if len(loops) > MAX_LOOPS or any(found["group"] for found in loops):
        return None
    try:
        return re.compile(plain)
    except (re.error, OverflowError, RecursionError):
        return None
