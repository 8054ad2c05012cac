"""Words for the shell's completion: names of jobs, components, hosts and labs. What cannot be read gives none."""

import contextlib
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from sfcci.cli import console
from sfcci.errors import SfcciError

PATIENCE_S = 2.0
"""Who completes a word does not wait longer for a Graphite."""
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completer(names: Callable[[], Iterable[str]]) -> Completer:
    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        with contextlib.suppress(SfcciError):
            return [CompletionItem(name) for name in names() if name.startswith(begun)]
        return []

    return complete


def _jobs() -> Iterable[str]:
    from sfcci.gate.declaration import load_jobs

    return [job.name for job in load_jobs(console.settings().gate.jobs)]


def _runs() -> Iterable[str]:
    from sfcci.gate.history import History
    from sfcci.gate.query import Query

    with History(console.settings()) as history:
        newest = [one.run for one in history.select(Query(limit=50, newest_first=True))]
    return ["last", "last-bad", *newest]


def _components() -> Iterable[str]:
    return sorted(path.stem for path in (console.settings().project / "packaging").glob("*.toml"))


def _labs() -> Iterable[str]:
    from sfcci.datapath.standing import labs

    return [standing.name for standing in labs(console.settings().state)]


def _scenarios() -> Iterable[str]:
    from sfcci.datapath.scenario import shipped

    return shipped()


def _hosts() -> Iterable[str]:
    from sfcci.datapath.standing import labs

    there = labs(console.settings().state)
    hosts = [host.name for standing in there for host in standing.lab.topology.hosts]
    return [*hosts, *(node for standing in there for node in standing.lab.nodes or ("switch",))]


def _ports() -> Iterable[str]:
    from sfcci.datapath.standing import labs

    return [port.name for standing in labs(console.settings().state) for port in standing.lab.topology.ports]


def metric_names(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Give what a metric's name may go on as: of the Graphite of the command line, of the settings, of a private one that is up."""
    from sfcci.metric import instance
    from sfcci.metric.catalogue import completions
    from sfcci.metric.graphite import GraphiteReader

    with contextlib.suppress(SfcciError):
        settings = console.settings()
        url = context.params.get("graphite") or settings.graphite.url or instance.status(settings).url
        if url:
            return [CompletionItem(name) for name in completions(begun, GraphiteReader(url, PATIENCE_S).find)]
    return []


jobs = _completer(_jobs)
runs = _completer(_runs)
components = _completer(_components)
scenarios = _completer(_scenarios)
labs = _completer(_labs)
hosts = _completer(_hosts)
ports = _completer(_ports)
