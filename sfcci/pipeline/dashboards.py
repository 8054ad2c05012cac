"""The last step: dashboards validated against Graphite, then shown the best way that is here; what their panels say."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sfcci.dashboard.model import Dashboard
from sfcci.dashboard.reading import PanelNumbers
from sfcci.errors import EXIT_OK, SfcciError, UsageError
from sfcci.finding import exit_status
from sfcci.pipeline.report import Outcome, Run, told_findings
from sfcci.settings import Grafana

if TYPE_CHECKING:
    from sfcci.dashboard.pod import Pod

DASHBOARDS = "dashboards"
WINDOW_S = 3600.0
"""How far back the panels' numbers look: long enough for a run, short enough to be asked twice."""
SERIES_TOLD = 3
"""So many series of a panel that changed are told; the rest is counted."""


def dashboard_step(run: Run) -> Outcome:
    """Validate the project's dashboards, show them, tell which panels show something else than before the gate."""
    from sfcci.dashboard.reading import changes
    from sfcci.dashboard.validate import examine

    folder = run.settings.project / DASHBOARDS
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not there; run it in a project with dashboards, sfcci's own checkout for one"
        )
    _, reader = run.graphite()
    seen = examine([folder], reader)
    where, details, status = _shown(run, seen.dashboards)
    changed = _by_panel(changes(run.before or (), panel_numbers(run) or ()))
    told = [*told_findings(seen.findings), *details, *changed]
    summary = f"{seen.targets} targets validated; {where}; {len(changed)} panels changed"
    return summary, told, max(status, exit_status(seen.findings))


def _by_panel(changes: Iterable[str]) -> tuple[str, ...]:
    """Give one line per panel out of "panel: series 0 → 1" lines."""
    panels: dict[str, list[str]] = {}
    for line in changes:
        panel, _, series = line.partition(": ")
        panels.setdefault(panel, []).append(series)
    return tuple(f"changed: {panel}: {_few(series)}" for panel, series in panels.items())


def _few(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - SERIES_TOLD} more" if len(texts) > SERIES_TOLD else ""
    return ", ".join(texts[:SERIES_TOLD]) + more


def _shown(run: Run, dashboards: Sequence[Dashboard]) -> Outcome:
    """Show the dashboards the best way that is here: a configured Grafana, the pod, the embedded preview."""
    from sfcci.dashboard import pod

    way = pod.choice(run.settings)
    if way.way is pod.Way.GRAFANA:
        return _pushed(run, dashboards, run.settings.grafana)
    if way.pod:
        return _pushed(run, dashboards, _fed(run, way.pod))
    return _previewed(run, way.reason)


def _pushed(run: Run, dashboards: Sequence[Dashboard], grafana: Grafana) -> Outcome:
    from sfcci.dashboard.grafana import push

    report = push(dashboards, grafana, run.say)
    run.address = report.pushed[0].url if report.pushed else report.server
    summary = f"{len(report.pushed)} pushed to Grafana {report.version} at {report.server} and read back"
    return summary, told_findings(report.findings), exit_status(report.findings)


def _fed(run: Run, found: "Pod") -> Grafana:
    """Feed the pod's Graphite with what the run database holds, and give its Grafana."""
    from sfcci.dashboard import pod
    from sfcci.metric.push import feed

    feed(run.settings, pod.instance(found), run.say)
    return pod.grafana(run.settings, found)


def _previewed(run: Run, reason: str) -> Outcome:
    """Start the embedded preview and ask it for every panel, as its page does."""
    from sfcci.web.client import drawn
    from sfcci.web.server import start_preview

    instance, _ = run.graphite()
    run.address = run.shown.enter_context(
        start_preview(run.settings, instance.url, run.options.port, say=run.say)
    )
    panels = drawn(run.address, hours=1)
    full = sum(panel.has_data for panel in panels)
    details = (reason, "look at it: sfcci preview, or sfcci pipeline run --serve")
    return f"preview: {full} of {len(panels)} panels have data", details, EXIT_OK


def panel_numbers(run: Run) -> tuple[PanelNumbers, ...] | None:
    """What every panel shows now; None when Graphite is not there (its own step says why)."""
    from sfcci.dashboard.reading import dashboard_numbers
    from sfcci.dashboard.validate import examine

    now = time.time()
    try:
        _, reader = run.graphite()
        dashboards = examine([run.settings.project / DASHBOARDS]).dashboards
        return tuple(dashboard_numbers(dashboards, reader, now - WINDOW_S, now + 60))
    except SfcciError:
        return None
