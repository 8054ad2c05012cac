"""A target of a file that parsed: where it stands, what it says, and findings about it at their column."""

from dataclasses import dataclass

from sfcci.dashboard import target as grammar
from sfcci.dashboard.model import PanelTarget
from sfcci.document import Document
from sfcci.errors import Place
from sfcci.finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class ReadTarget:
    """A target that parsed, with its paths and calls, and where it stands; `panel` is how messages name its panel."""

    document: Document
    target: PanelTarget
    tree: grammar.Target
    panel: str = ""
    paths: tuple[grammar.Path, ...] = ()
    calls: tuple[grammar.Call, ...] = ()

    @classmethod
    def of(cls, document: Document, target: PanelTarget, panel: str) -> "ReadTarget":
        """Parse a target. Raises TargetError."""
        tree = grammar.parse_target(target.text)
        paths: list[grammar.Path] = []
        calls: list[grammar.Call] = []
        for node in grammar.walk(tree):
            if isinstance(node, grammar.Path):
                paths.append(node)
            elif isinstance(node, grammar.Call):
                calls.append(node)
        return cls(document, target, tree, panel, tuple(paths), tuple(calls))

    def place(self, offset: int) -> Place:
        """Give the place of character `offset` (from 0) of the target in its file."""
        return self.document.character(self.target.keys, offset)

    def finding(self, keyword: str, severity: Severity, offset: int, what: str, hint: str = "") -> Finding:
        """Say something about the target at character `offset`."""
        said = f"{self.panel}: {what}" if self.panel else what
        return Finding(keyword, severity, self.place(offset), said, hint)
