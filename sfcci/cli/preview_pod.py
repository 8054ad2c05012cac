"""`sfcci preview up|down|status|logs|open|save|load|kube|quadlet`: the dashboards in a real Grafana under podman."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sfcci.cli import browsing, console
from sfcci.errors import DiskFull, MissingTool, ToolError, Unreachable, UsageError
from sfcci.finding import exit_status

if TYPE_CHECKING:
    from sfcci.dashboard.pod import Pod, Wish
    from sfcci.dashboard.pod_up import Shown, Status
    from sfcci.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
MIB = 2**20


def _pod_options(function: F) -> F:
    """Add the options that say what the pod shows."""
    for option in (
        click.option("--sample", is_flag=True, help="Show made-up data, which is labelled so on every panel."),
        click.option("--graphite", metavar="URL", default="", help="Show this Graphite's data; it is only read."),
        click.option("--statsd", is_flag=True, help="Have a StatsD beside Graphite."),
    ):  # fmt: skip
        function = option(function)
    return function


def _wish(given: dict[str, Any]) -> "Wish":
    from sfcci.dashboard.pod import Wish

    return Wish(given["statsd"], given["graphite"], given["sample"])


@click.command(epilog="Example: sfcci preview up dashboards/ --sample")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@_pod_options
@click.option(
    "--no-fallback", is_flag=True, help="Where podman cannot, end with status 3; do not go on as `serve`."
)
@console.as_json
@click.pass_context
def up(
    ctx: click.Context, /, paths: tuple[Path, ...], no_fallback: bool, json_output: bool, **given: Any
) -> None:
    """Show the dashboards in Grafana, in a pod with Graphite, on this machine's loopback address.

    PATH is a file or a folder; without any it is `dashboards` of the project. Images that are missing are pulled, our own
    Graphite's is built. The pod's Graphite gets the gate's history; [graphite] url of the settings is read instead where it
    is set. Said again it pushes again, and makes the pod anew only when it shall be another. What the pod keeps outlives it.

    Where podman cannot do it the reason is told, and the dashboards are shown on a local page, until Ctrl-C.
    """
    from sfcci.dashboard import pod_up

    settings = console.settings()
    shown_paths = paths or (settings.project / "dashboards",)
    try:
        shown = pod_up.up(settings, shown_paths, _wish(given), console.progress(piped=True))
    except DiskFull:
        raise
    except (MissingTool, Unreachable, ToolError) as error:
        if no_fallback:
            raise
        click.echo(f"no pod: {error}", err=True)
        click.echo("the dashboards are shown on a local page instead (--no-fallback: not)", err=True)
        _serve(ctx, paths, given, json_output)
        return
    _tell(shown, json_output)
    ctx.exit(exit_status((*shown.sources.findings, *shown.report.findings)))


def _serve(ctx: click.Context, paths: tuple[Path, ...], given: dict[str, Any], json_output: bool) -> None:
    from sfcci.cli.preview_serve import serve

    ctx.invoke(
        serve,
        paths=paths,
        graphite=given["graphite"] or None,
        sample=given["sample"],
        port=0,
        json_output=json_output,
    )


def _tell(shown: "Shown", json_output: bool) -> None:
    pod, report = shown.pod, shown.report
    if json_output:
        console.print_json(
            {
                **_addresses(pod),
                "started": shown.started,
                "sample": pod.sample,
                "points": shown.points,
                "dashboards": [vars(one) for one in report.pushed],
                "findings": [str(one) for one in (*shown.sources.findings, *report.findings)],
            }
        )
        return
    console.print_findings((*shown.sources.findings, *report.findings))
    pushed = console.counted(len(report.pushed), "dashboard")
    how = "" if shown.started else ", in the pod that was up"
    click.echo(
        f"{pushed} in Grafana {report.version} at {pod.grafana_url}{how}, {_source(pod, shown.points)}"
    )
    for one in report.pushed:
        click.echo(f"  {one.title}: {one.url}")
    click.echo(
        "look at it: sfcci preview open; follow the files: sfcci preview watch; end it: sfcci preview down"
    )


def _source(pod: "Pod", points: int) -> str:
    if not pod.carbon:
        return f"with Graphite at {_addresses(pod)['graphite']}, read only"
    if pod.sample:
        return "with made-up data"
    history = (
        f"{console.counted(points, 'point')} of the gate's history" if points else "no gate's history yet"
    )
    hint = "" if points else " (sfcci gate run makes some; --sample shows made-up data)"
    return f"with {history} in Graphite at {pod.graphite_url}{hint}"


def _addresses(pod: "Pod") -> dict[str, str]:
    from sfcci.metric.graphite import GraphiteReader

    graphite = GraphiteReader(pod.graphite_url).shown
    return {"grafana": pod.grafana_url, "graphite": graphite, "carbon": pod.carbon, "statsd": pod.statsd}


@click.command(epilog="Example: sfcci preview down --volume")
@click.option(
    "--volume", is_flag=True, help="Remove what the pod keeps, too: its series, what was changed in Grafana."
)
@console.as_json
def down(volume: bool, json_output: bool) -> None:
    """End the pod and remove it. What it keeps stays for the next `up`."""
    from sfcci.dashboard import pod_up

    gone = pod_up.down(console.settings(), console.progress(), volume=volume)
    if json_output:
        console.print_json({"was_up": gone.was_up, "removed": gone.removed, "kept": gone.kept})
        return
    click.echo("the preview is down" if gone.was_up else "the preview was not up")
    if gone.removed:
        click.echo(f"removed: {', '.join(gone.removed)}")
    if gone.kept:
        click.echo(f"its data stay in {', '.join(gone.kept)}; remove them with: sfcci preview down --volume")


@click.command(epilog="Example: sfcci preview status --json")
@console.as_json
def status(json_output: bool) -> None:
    """Say whether the pod is up, where it is, and what of it is on this machine."""
    from sfcci.dashboard import pod_up

    found = pod_up.status(console.settings(), console.progress())
    if json_output:
        at = _addresses(found.pod) if found.pod else {}
        console.print_json({**vars(found), "pod": at, "up": found.up})
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: "Status") -> list[str]:
    if not found.pod:
        begin = ["the preview is not up; start it with: sfcci preview up"]
    else:
        says = {True: "answers", False: "does not answer"}
        at = _addresses(found.pod)
        begin = [
            f"Grafana {says[found.grafana_answers]} at {at['grafana']}",
            f"Graphite {says[found.graphite_answers]} at {at['graphite']}",
            *(f"{name} at {at[name]}" for name in ("carbon", "statsd") if at[name]),
        ]
    images = [f"image {name} is {'here' if here else 'missing'}" for name, here in found.images.items()]
    containers = [f"container {name}: {state}" for name, state in found.containers.items()]
    return [*begin, *containers, *images, *(f"volume {name}" for name in found.volumes)]


@click.command(epilog="Example: sfcci preview logs --follow")
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--tail",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="So many last lines of each container.",
)
def logs(follow: bool, tail: int) -> None:
    """Show what the pod's containers say."""
    from sfcci import command
    from sfcci.dashboard.podman import probe

    settings = console.settings()
    podman = probe(settings, console.progress())
    name = settings.preview.name
    if not podman.exists("pod", name):
        raise UsageError("the preview is not up; start it with: sfcci preview up")
    words = ["pod", "logs", "--names", f"--tail={tail}", *(["--follow"] if follow else []), name]
    with command.start([podman.path, *words], env=podman.environ, stdout=None, stderr=None) as process:
        process.wait()


@click.command(name="open", epilog="Example: sfcci preview open")
@console.as_json
def open_(json_output: bool) -> None:
    """Open the pod's Grafana in the desktop's browser; tell its address."""
    from sfcci.dashboard import pod

    found = pod.running(console.settings())
    if not found:
        raise UsageError("the preview is not up; start it with: sfcci preview up")
    if json_output:
        console.print_json({"address": found.grafana_url})
        return
    click.echo(found.grafana_url)
    browsing.open_page(f"{found.grafana_url}/dashboards")


@click.command(epilog="Example: sfcci preview save preview-images.tar")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--statsd", is_flag=True, help="StatsD's image, too.")
@console.as_json
def save(file: Path, statsd: bool, json_output: bool) -> None:
    """Write the pod's images into one archive, for a machine without a network. What is missing is fetched first."""
    from sfcci.dashboard import pod_images

    settings = console.settings()
    podman, images = _images(settings, statsd=statsd)
    say = console.progress()
    pod_images.ensure(podman, images, say)
    say(f"writing {file}")
    size = pod_images.save(podman, images, file)
    if json_output:
        console.print_json({"file": file, "bytes": size, "images": images})
        return
    click.echo(f"{file}: {', '.join(images)}, {size / MIB:.0f} MiB; there: sfcci preview load {file.name}")


def _images(settings: "Settings", *, statsd: bool) -> tuple[Any, tuple[str, ...]]:
    from sfcci.dashboard import pod
    from sfcci.dashboard.podman import probe

    extra = (settings.preview.statsd_image,) if statsd else ()
    return probe(settings, console.progress()), (*pod.by_hand(settings).images, *extra)


@click.command(epilog="Example: sfcci preview load preview-images.tar")
@click.argument("file", type=click.Path(path_type=Path))
@console.as_json
def load(file: Path, json_output: bool) -> None:
    """Bring the images of an archive here, which `sfcci preview save` wrote."""
    from sfcci.dashboard import pod_images
    from sfcci.dashboard.podman import probe

    names = pod_images.load(probe(console.settings(), console.progress()), file)
    if json_output:
        console.print_json({"images": names})
        return
    click.echo(f"{', '.join(names)} are here; start them with: sfcci preview up")


@click.command(epilog="Example: sfcci preview kube --statsd > preview.yaml")
@click.option("--statsd", is_flag=True, help="With a StatsD beside Graphite.")
def kube(statsd: bool) -> None:
    """Print the pod as kube YAML, for `podman kube play` by hand: on loopback, with Grafana's own password (admin)."""
    from sfcci.dashboard import pod

    click.echo(pod.by_hand_yaml(console.settings(), statsd=statsd), nl=False)


@click.command(epilog="Example: sfcci preview quadlet --install")
@click.option(
    "--install", is_flag=True, help="Write it where systemd looks for quadlet units (podman 4.4 or later)."
)
@click.option("--statsd", is_flag=True, help="With a StatsD beside Graphite.")
@console.as_json
def quadlet(install: bool, statsd: bool, json_output: bool) -> None:
    """Print a quadlet unit with which systemd keeps the pod up, or install it for this user."""
    from sfcci.dashboard import pod_quadlet

    settings = console.settings()
    if not install:
        click.echo(pod_quadlet.unit(settings), nl=False)
        return
    unit = pod_quadlet.install(settings, console.progress(), statsd=statsd)
    if json_output:
        console.print_json({"unit": unit.path, "start": unit.start})
        return
    click.echo(f"{unit.path} is written; start it with: {unit.start}")
