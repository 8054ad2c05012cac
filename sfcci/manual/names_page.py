"""Pages of the reference that list names: metrics, the gate's jobs, rules of dashboards, extensions of the API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sfcci.dashboard.rule import RULES
from sfcci.gate.job import BAD, NOT_COUNTED, Job, Result
from sfcci.manual.markdown import code, prose, table
from sfcci.metric import kept_latency
from sfcci.metric.name import FORMS, PIPELINE_FORMS, TIMED, Kind
from sfcci.metric.series import FIGURES

KINDS = {
    Kind.COUNT: "how many results in one step, a sum",
    Kind.TIMER: f"figures of their durations, in milliseconds: {', '.join(FIGURES)}",
    Kind.GAUGE: "a value that holds until the next one: pass_probability",
    Kind.RATE: "how many per second; read, never written",
}


def metrics() -> str:
    """Give the page of the names of metrics."""
    results = [(code(one), _counts(one)) for one in Result]
    lines = [
        *("# Names of metrics", ""),
        "A series is named by what StatsD puts in front, and Zuul's name of the metric. Parts in braces are the job's own;",
        "a character that Graphite would take for something else becomes `_`.",
        "",
        *table(("in front", "the series holds"), ((code(kind), prose(text)) for kind, text in KINDS.items())),
        *("", "## A job's results", ""),
        *(f"* {code(form)}" for form in FORMS),
        *("", "The second form is the one from before Zuul v3: read, never written.", ""),
        *table(("result", "what it counts as"), results),
        *("", "## A pipeline's figures", ""),
        *(f"* {code(form)}" for form in PIPELINE_FORMS),
        *("", "## What functions keep packets for", ""),
        *(f"* {code(form)}" for form in (kept_latency.FORM, kept_latency.SWITCH_FORM)),
    ]
    return "\n".join(lines) + "\n"


def _counts(result: Result) -> str:
    word = "bad" if result in BAD else "nothing: it is in no rate" if result in NOT_COUNTED else "good"
    return f"{word}; its duration is kept" if result in TIMED else word


def jobs(declared: Iterable[Job]) -> str:
    """Give the page of the jobs that come with the tool."""
    rows = ((code(one.name), ", ".join(one.pipelines), prose(one.description)) for one in declared)
    return _page(
        "Jobs of the gate", "`sfcci gate run NAME` runs one.", ("job", "pipelines", "what it proves"), rows
    )


def rules() -> str:
    """Give the page of the rules of `sfcci dashboard validate`."""
    rows = ((code(one.keyword), one.layer.value, prose(one.what)) for one in RULES.values())
    intro = "The keywords are for remarks that silence a finding: `# sfcci: ignore[KEYWORD] because REASON`."
    return _page("Rules of `sfcci dashboard validate`", intro, ("keyword", "layer", "what it says"), rows)


def extensions(served: Mapping[str, Mapping[str, Any]]) -> str:
    """Give the page of the extensions of Neutron's API that are served."""
    rows = ((code(alias), prose(one["name"]), prose(one["description"])) for alias, one in served.items())
    intro = "Extensions of Neutron's API that `sfcci sfc serve` has. How it differs from the reference: [neutron-api.md](../neutron-api.md)."
    return _page("Extensions of the API", intro, ("alias", "name", "description"), rows)


def _page(title: str, intro: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join((f"# {title}", "", intro, "", *table(head, rows))) + "\n"
