"""What a dashboard is: its panels and their targets, whichever of the two forms the file has."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Any

from sfcci.document import Document, Key

MAX_UID = 40
"""Grafana refuses a longer uid."""


class Form(StrEnum):
    """How a file spells a dashboard."""

    GRAFYAML = "grafyaml"
    GRAFANA = "grafana"


@dataclass(frozen=True)
class PanelTarget:
    """A target as it stands in a file: its text, Grafana's letter for it, and where it is."""

    text: str
    ref: str
    keys: tuple[Key, ...]
    hide: bool = False


@dataclass(frozen=True)
class Panel:
    """A panel: `number` counts from 1 through the whole dashboard, as Grafana's panel id does."""

    number: int
    title: str
    kind: str
    targets: tuple[PanelTarget, ...]
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that was read: `content` is grafyaml's dictionary with its defaults filled in, or Grafana's JSON."""

    document: Document
    form: Form
    title: str
    content: Mapping[str, Any]
    panels: tuple[Panel, ...]
    variables: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The file it came from."""
        return self.document.path

    @property
    def uid(self) -> str:
        """Give Grafana's name for it: from the file's name, so that a new title keeps links and history."""
        return uid(PurePath(self.path).stem)


def uid(name: str) -> str:
    """Give a name that Grafana takes as uid: its characters only, at most 40, different for different names."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    if plain == name and 0 < len(plain) <= MAX_UID:
        return plain
    return f"{plain[: MAX_UID - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def grafyaml_uid(title: str) -> str:
    """Give the uid under which grafyaml puts a dashboard: it comes from the title, so a rename leaves an orphan."""
    from slugify import slugify

    return hashlib.sha256(slugify(title).encode()).hexdigest()[:10]


def ref(number: int) -> str:
    """Give Grafana's letter for target `number` (from 0): A to Z, then AA, AB ..."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
