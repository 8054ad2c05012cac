"""What the commands know of one collection: its path, columns and options."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sfcci.cli.sfc_words import Option, text

Columns = tuple[tuple[str, str], ...]
"""Attribute and title."""


@dataclass(frozen=True)
class Kind:
    """One collection as the commands see it. `listed`, `long`: the columns of lists; `titles`: the fields of one."""

    collection: str
    member: str
    path: str
    words: str
    """As people say it, and as it is written behind `sfcci sfc`."""
    listed: Columns
    long: Columns = ()
    create: tuple[Option, ...] = ()
    set: tuple[Option, ...] = ()
    unset: tuple[Option, ...] = ()
    filters: tuple[Option, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    """Attribute → title, for collections whose fields have titles; else a field is called as its attribute."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """Verb → the rest of the example's line."""

    @property
    def metavar(self) -> str:
        """What stands for one of them in usage lines."""
        return self.words.upper().replace(" ", "-")


NAME = text("--name", "name", "Its new name.")
DESCRIPTION = text("--description", "description", "What it is for.")
BOTH = (NAME, DESCRIPTION)
COMMON = {"id": "ID", "name": "Name", "description": "Description", "project_id": "Project"}
