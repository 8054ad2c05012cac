"""What gathers while a document is read: findings named by panel, panels with their targets, template variables."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sfcci.dashboard.model import Dashboard, Panel, PanelTarget, ref
from sfcci.document import Document, Key, did_you_mean, key_path
from sfcci.finding import Finding, Severity

MAX_SHOWN = 60
Keys = tuple[Key, ...]


@dataclass(frozen=True)
class Structure:
    """What a document holds: a dashboard when it has one that is whole; its panels, targets and variables in any case."""

    dashboard: Dashboard | None
    targets: tuple[PanelTarget, ...]
    findings: tuple[Finding, ...]
    panels: tuple[Panel, ...] = ()
    variables: tuple[tuple[str, Keys], ...] = ()


@dataclass
class Check:
    """The state of one reading; `panels` get their targets at the end."""

    document: Document
    findings: list[Finding] = field(default_factory=list)
    targets: list[PanelTarget] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    variables: list[tuple[str, Keys]] = field(default_factory=list)
    _of: dict[Keys, Panel] = field(default_factory=dict)

    @property
    def errors(self) -> bool:
        """Whether the dashboard is not whole."""
        return any(one.severity is Severity.ERROR for one in self.findings)

    def add(
        self,
        keyword: str,
        keys: Sequence[Key],
        what: str,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Say what is wrong at `keys`, in the words of the panel that it lies in."""
        keys = tuple(keys)
        panel = self.panel(keys)
        where = key_path(keys[len(panel.keys) :] if panel else keys)
        said = ": ".join(filter(None, (label(panel) if panel else "", where, what)))
        self.findings.append(Finding(keyword, severity, self.document.place(*keys), said, hint))

    def panel(self, keys: Keys) -> Panel | None:
        """Give the innermost panel that `keys` lie in."""
        if len(self._of) != len(self.panels):
            self._of = {one.keys: one for one in self.panels}
        ends = range(len(keys), 0, -1)
        return next((self._of[keys[:end]] for end in ends if keys[:end] in self._of), None)

    def read_targets(self, targets: Sequence[Any], keys: Keys) -> None:
        """Read the targets of a panel, which grafyaml takes unseen: each a mapping with a text under `target`."""
        for number, item in enumerate(targets):
            place = (*keys, number)
            if not isinstance(item, dict):
                self.add("BadStructure", place, f"found {shown(item)}; expected `target: TEXT`")
            elif "target" not in item:
                self.lost(item, place)
            elif not isinstance(item["target"], str) or not item["target"].strip():
                found = f"found {shown(item['target'])}; expected a target"
                self.add("BadStructure", (*place, "target"), found)
            elif not isinstance(item.get("hide", False), bool):
                found = f"found {shown(item['hide'])}; expected true or false"
                self.add("BadStructure", (*place, "hide"), found)
            else:
                self.targets.append(_panel_target(item, number, (*place, "target")))

    def lost(self, item: dict[str, Any], place: Keys) -> None:
        """Say that a target lacks its text, and which key may have been meant for it."""
        near = [key for key in item if did_you_mean(str(key), ["target"])]
        hint = f"did you mean target instead of {near[0]}?" if near else ""
        self.add("MissingKey", place, "'target' is missing", hint)

    def filled(self) -> tuple[Panel, ...]:
        """Give the panels with their targets."""
        of: dict[Keys, list[PanelTarget]] = {}
        for target in self.targets:
            of.setdefault(target.keys[:-3], []).append(target)
        return tuple(replace(panel, targets=tuple(of.get(panel.keys, ()))) for panel in self.panels)

    def structure(self, dashboard: Dashboard | None) -> Structure:
        """Give what was read; the dashboard only when it is whole."""
        whole = None if self.errors else dashboard
        panels = dashboard.panels if dashboard else self.filled()
        return Structure(whole, tuple(self.targets), tuple(self.findings), panels, tuple(self.variables))


def label(panel: Panel) -> str:
    """Name a panel as messages do: its number, as Grafana's panel id, and its title."""
    return f"panel {panel.number} {panel.title!r}" if panel.title else f"panel {panel.number}"


def shown(value: Any) -> str:
    """Spell a value as messages do."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def _panel_target(item: dict[str, Any], number: int, keys: Keys) -> PanelTarget:
    return PanelTarget(item["target"], str(item.get("refId") or ref(number)), keys, item.get("hide", False))
