"""`sfcci dashboard render`: a dashboard with its numbers as one file, a picture or a page."""

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfcci.cli import browsing, console
from sfcci.errors import EXIT_FINDINGS, EXIT_OK, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sfcci.settings import Settings
    from sfcci.web.export import View
    from sfcci.web.pages_dashboards import Preview, Wish

TARGET = click.Path(path_type=Path)


@click.command(
    epilog="Example: sfcci dashboard render dashboards/sfc-gate.yaml --png gate.png --from now-7d --theme dark"
)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=TARGET)
@click.option(
    "--png",
    metavar="FILE",
    type=TARGET,
    help="Write a picture (needs Chromium); a folder for several dashboards.",
)
@browsing.html_option
@click.option(
    "--width",
    type=click.IntRange(320, 7680),
    default=1400,
    help="The picture's width in pixels; 1400 by default.",
)
@click.option(
    "--theme",
    type=click.Choice(["light", "dark", "system"]),
    default=None,
    help="By default light for a picture, the reader's for a page.",
)
@browsing.time_options
@click.option("--panel", metavar="TITLE|NUMBER", default="", help="Only this panel.")
@click.option(
    "--var",
    "chosen",
    metavar="NAME=VALUE",
    multiple=True,
    help="A template variable's value; again for several.",
)
@browsing.graphite_option
@click.option("--sample", is_flag=True, help="Draw made-up data, which is labelled so.")
@console.as_json
@click.pass_context
def render(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    png: Path | None,
    html: Path | None,
    width: int,
    theme: str | None,
    begin: str,
    end: str,
    panel: str,
    chosen: tuple[str, ...],
    graphite: str | None,
    sample: bool,
    json_output: bool,
) -> None:
    """Draw dashboards with Graphite's numbers, without Grafana, and write each as one file: a picture or a page.

    PATH is a file or a folder; without any it is `dashboards` of the project. For several dashboards FILE is a folder, and
    the files in it are named by uid. The page holds data and scripts, and asks nobody.

    Exit status 1 when something is wrong in the dashboards; they are drawn all the same.
    """
    from sfcci.web import export
    from sfcci.web.export import View

    if sample and graphite:
        raise UsageError("--sample makes data up, --graphite draws what is there: give one of them")
    if not png and not html:
        raise UsageError("say what to write: --png FILE, --html FILE, or both")
    wish = _wish(chosen)
    settings = console.settings()
    view = View(begin, end, panel, theme or "system", width, wish)
    with contextlib.ExitStack() as stack:
        shown = paths or (settings.project / "dashboards",)
        preview = stack.enter_context(_preview(settings, shown, graphite, sample))
        listed = preview.listed()
        uids = [one["uid"] for one in listed["dashboards"]]
        wanted = {kind: _targets(path, kind, uids) for kind, path in (("html", html), ("png", png)) if path}
        camera = stack.enter_context(export.camera(settings.state / "browser")) if png else None
        written = [one for uid in uids for one in _write(settings, preview, uid, view, wanted, camera)]
    for problem in listed["problems"]:
        click.echo(problem, err=True)
    if json_output:
        console.print_json({"written": written, "problems": list(listed["problems"])})
    else:
        for one in written:
            click.echo(f"{one['path']}: {one['title']}")
    ctx.exit(EXIT_FINDINGS if listed["problems"] else EXIT_OK)


@contextlib.contextmanager
def _preview(
    settings: "Settings", paths: tuple[Path, ...], graphite: str | None, sample: bool
) -> "Iterator[Preview]":
    """Give for the block what answers for the dashboards: from that Graphite, or from one with made-up data."""
    from sfcci.dashboard.latest import Latest
    from sfcci.web.live import Live
    from sfcci.web.pages_dashboards import Preview, Readers

    if not sample:
        with console.graphite_url(settings, graphite) as url:
            yield Preview(Live(Latest(paths)), Readers(url))
        return
    from sfcci.dashboard import sample_feed

    with sample_feed.running(settings, console.progress()) as feeder:
        yield Preview(Live(Latest(paths, feeder.prepare)), Readers(feeder.to.url))


def _wish(chosen: tuple[str, ...]) -> "Wish":
    """Read NAME=VALUE, so often as a name is given. Raises UsageError."""
    found: dict[str, tuple[str, ...]] = {}
    for one in chosen:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise UsageError(f"--var {one}: expected NAME=VALUE")
        found[name] = (*found.get(name, ()), value)
    return tuple(sorted(found.items()))


def _targets(path: Path, kind: str, uids: list[str]) -> dict[str, Path]:
    """Give the file of each dashboard: the one named, or those in the folder that is named. Raises UsageError."""
    if len(uids) == 1 and not path.is_dir():
        return {uids[0]: path}
    if path.suffix and not path.is_dir():
        raise UsageError(
            f"there are {len(uids)} dashboards ({', '.join(uids)}): give one PATH, or a folder for --{kind}"
        )
    return {uid: path / f"{uid}.{kind}" for uid in uids}


def _write(
    settings: "Settings",
    preview: "Preview",
    uid: str,
    view: "View",
    wanted: "Mapping[str, Mapping[str, Path]]",
    camera: "Callable[[str, View], bytes] | None",
) -> "Iterator[dict[str, Any]]":
    """Write the files of one dashboard and tell of each."""
    from sfcci import files
    from sfcci.web import assets, export

    say = console.progress()
    title = preview.dashboard(uid, view.wish)["dashboard"].get("title", uid)
    say(f"drawing {title}")
    text = export.html(preview, uid, view, assets.asset_files(settings.cache, say), time.time())
    for kind, paths in wanted.items():
        if kind == "png" and camera:
            files.write_bytes(paths[uid], camera(text, view))
        else:
            files.write_text(paths[uid], text)
        yield {"uid": uid, "title": title, "path": str(paths[uid])}
