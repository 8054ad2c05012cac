"""What the commands know of one collection: its path, columns and options."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sfcci.cli.sfc_words import Option, text

Columns = tuple[tuple[str, str], ...]
"""Attribute and title."""


@dataclass(frozen=True)
class Kind:
    """One collection as the commands see it. `listed`, `long`: the columns of lists.

    `titled`: the fields of one have the columns' titles, and `more` those that no list has; else attributes' names.
    """

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
    titled: bool = False
    more: Columns = ()
    examples: Mapping[str, str] = field(default_factory=dict)
    """Verb → the rest of the example's line."""

    @property
    def titles(self) -> dict[str, str]:
        """Attribute → title; none where a field is called as its attribute."""
        return dict((*self.listed, *self.long, *self.more)) if self.titled else {}

    @property
    def example(self) -> str:
        """What one of them is called in examples."""
        return self.examples["create"].split()[-1]

    @property
    def metavar(self) -> str:
        """What stands for one of them in usage lines."""
        return self.words.upper().replace(" ", "-")


NAME = text("--name", "name", "Its new name.")
DESCRIPTION = text("--description", "description", "What it is for.")
BOTH = (NAME, DESCRIPTION)
