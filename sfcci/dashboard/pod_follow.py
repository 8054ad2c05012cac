"""What is saved goes into the pod's Grafana, as `up` puts it there: with the pod's data source, and made-up data where it shows that."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sfcci.dashboard import pod
from sfcci.dashboard.following import Follower
from sfcci.dashboard.grafana import Options
from sfcci.dashboard.pod import Pod
from sfcci.dashboard.pod_grafana import aimed
from sfcci.dashboard.source import Sources
from sfcci.errors import Unreachable
from sfcci.settings import Grafana, Settings

SAMPLE_AHEAD_S = 86400
"""Made-up series go on so long by themselves."""
Say = Callable[[str], None]


def follower(settings: Settings, paths: Sequence[Path], options: Options, say: Say) -> Follower:
    """Give what brings the dashboards at `paths` into the pod that is up at the time. It may be made again meanwhile."""

    def aim(sources: Sources) -> tuple[Sources, Options]:
        found = _up(settings)
        shown = sampled_sources(found, sources, say, only_new=True) if found.sample else sources
        plain, mapped = aimed(shown, pod.grafana(settings, found))
        return plain, replace(options, datasources={**mapped.datasources, **options.datasources})

    def grafana() -> Grafana:
        return pod.grafana(settings, _up(settings))

    return Follower(paths, grafana, aim)


def sampled_sources(found: Pod, sources: Sources, say: Say, *, only_new: bool = False) -> Sources:
    """Give the sample of what is to be pushed, once the pod's Graphite has its series. Raises Unreachable."""
    from sfcci.dashboard import sample_feed
    from sfcci.dashboard.sample import sampled

    sample = sampled([one.dashboard for one in sources.items])
    sample_feed.feed(sample, pod.instance(found), say, ahead_s=SAMPLE_AHEAD_S, only_new=only_new)
    pairs = zip(sources.items, sample.dashboards, strict=True)
    return replace(sources, items=tuple(replace(item, dashboard=made) for item, made in pairs))


def _up(settings: Settings) -> Pod:
    found = pod.known(settings)
    if found is None:
        raise Unreachable("the preview's pod is not up; sfcci preview up starts it")
    return found
