"""`up` and `down`: all that one command does with the pod, one at a time, and the same again when it is said twice."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sfcci import files
from sfcci.dashboard import pod, pod_grafana, pod_images, pod_start
from sfcci.dashboard.grafana import PushReport
from sfcci.dashboard.pod import Pod, Wish
from sfcci.dashboard.pod_follow import sampled_sources
from sfcci.dashboard.podman import Podman, probe
from sfcci.dashboard.source import Sources, load
from sfcci.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Shown:
    """What `up` did: the pod that is up now, what was pushed to it, whether it was started for that, how long it took."""

    pod: Pod
    report: PushReport
    sources: Sources
    started: bool
    points: int
    """So many points of the gate's history were written into its Graphite."""
    duration_s: float


def up(settings: Settings, paths: Sequence[Path], wish: Wish, say: Say) -> Shown:
    """Have the pod up, with data and with the dashboards of `paths`.

    Raises InputError and UsageError before anything is done; MissingTool, Unreachable, ToolError when podman cannot.
    """
    begin = time.monotonic()
    sources = load(paths, settings.grafana.folder, checked=False)
    with _alone(settings, say) as playing:
        podman = probe(settings, say)
        spec = pod.spec(settings, wish, podman)
        if not spec.own_graphite:
            _check_graphite(spec.graphite_url)
        pod_images.ensure(podman, spec.images, say)
        with ExitStack() as undo:
            started = pod_start.start(podman, spec, say, playing)
            if started:
                undo.callback(pod_start.remove, podman, spec.name)
            found = pod.addresses(spec, sample=wish.sample)
            say("waiting for it")
            pod_start.wait(podman, spec, found)
            pod_grafana.ensure_token(settings, found)
            pod.remember(settings, found)
            undo.pop_all()
        shown, points = _fed(settings, found, sources, say)
        report = pod_grafana.push(settings, found, shown, say)
    return Shown(found, report, shown, started, points, time.monotonic() - begin)


@contextmanager
def _alone(settings: Settings, say: Say) -> Iterator[Path]:
    """Have the pod for the block, also before the podman of a run that was killed; give the lock for ours."""
    folder = pod.folder_of(settings)
    with files.locked(folder / "lock"):
        pod_start.settle(folder / "playing", say)
        yield folder / "playing"


def _check_graphite(url: str) -> None:
    """Raises Unreachable when the Graphite that shall be read does not answer."""
    from sfcci.metric.graphite import GraphiteReader

    GraphiteReader(url).expand("*", leaves_only=False)


def _fed(settings: Settings, found: Pod, sources: Sources, say: Say) -> tuple[Sources, int]:
    """Put data into the pod's own Graphite: the gate's history, or made-up series that the dashboards then ask for."""
    if not found.carbon:
        return sources, 0
    if found.sample:
        return sampled_sources(found, sources, say), 0
    from sfcci.metric.push import feed

    say("writing the gate's history into its Graphite")
    return sources, feed(settings, pod.instance(found), say)


@dataclass(frozen=True)
class Gone:
    """What `down` did: whether there was a pod, and which volumes were removed or stay."""

    was_up: bool
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def down(settings: Settings, say: Say, *, volume: bool = False) -> Gone:
    """End the pod and remove exactly what is its own; with `volume` also what it keeps. Raises MissingTool, ToolError."""
    name = settings.preview.name
    with _alone(settings, say):
        podman = probe(settings, say)
        say("ending the pod")
        was_up = pod_start.remove(podman, name)
        removed = pod_start.remove_volumes(podman, name) if volume else ()
        pod.forget(settings, secrets_too=volume)
        return Gone(was_up, removed, pod_start.volumes(podman, name))


@dataclass(frozen=True)
class Status:
    """What there is of the pod: where it is, the state of its containers, whether its servers answer, what stays of it."""

    pod: Pod | None
    containers: dict[str, str]
    grafana_answers: bool
    graphite_answers: bool
    images: dict[str, bool]
    """Image → whether it is here."""
    volumes: tuple[str, ...]

    @property
    def up(self) -> bool:
        """Whether it can be looked at."""
        return self.pod is not None and self.grafana_answers


def status(settings: Settings, say: Say) -> Status:
    """Look at the pod. Raises MissingTool, ToolError."""
    podman: Podman = probe(settings, say)
    spec = pod.by_hand(settings)
    kept = pod_start.find(podman, spec.name)
    found = pod.known(settings) if kept else None
    lost = pod_images.missing(podman, spec.images)
    return Status(
        found,
        dict(sorted(kept.containers.items())) if kept else {},
        bool(found and pod.answers(f"{found.grafana_url}/api/health")),
        bool(found and pod.answers(f"{found.graphite_url}/metrics/find?query=*")),
        {name: name not in lost for name in spec.images},
        tuple(sorted(pod_start.volumes(podman, spec.name))),
    )
