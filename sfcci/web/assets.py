"""What pages are made of: our own files from this package, uPlot from the installed package `uplot-python`.

uPlot's browser part is used, the package's Python part is not: it comes into an environment of its own without its
dependencies, pinned by version and hash.
"""

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from sfcci import environment
from sfcci.environment import EnvironmentSpec
from sfcci.errors import Unreachable

UPLOT = EnvironmentSpec(
    "assets",
    ("uplot-python==1.1.1 --hash=sha256:07c96cc34ff9107c3751fc31dfad48ccd6e86c6deebb8b41d7ec7d9811722208",),
    options=("--no-deps", "--require-hashes", "--only-binary=:all:"),
)
OURS = (
    *("bar.css", "pages.css", "preview.css", "metrics.css", "runs.css", "difference.css", "topology.css"),
    *(
        "page.js",
        "element.js",
        "format.js",
        "field.js",
        "times.js",
        "theme.js",
        "draw.js",
        "draw_timeseries.js",
        "draw_legend.js",
        "draw_stat.js",
        "draw_table.js",
        "cursor.js",
        "trouble.js",
        "behind.js",
        "layout.js",
        "variables.js",
        "live.js",
        "preview.js",
        "combobox.js",
        "tree.js",
        "metrics.js",
        "difference.js",
        "topology.js",
        "topology_ask.js",
        "topology_model.js",
        "topology_layout.js",
        "topology_draw.js",
        "topology_view.js",
        "topology_search.js",
        "topology_node.js",
        "topology_send.js",
        "topology_captures.js",
        "topology_flows.js",
        "topology_flow.js",
        "topology_way.js",
        "topology_path.js",
        "topology_words.js",
    ),
)
BEGIN = ("preview.js", "metrics.js", "difference.js", "topology.js")
"""The modules that pages begin with."""
THEIRS = ("uPlot.iife.js", "uPlot.min.css")
TYPES = {".css": "text/css", ".js": "text/javascript"}


def asset_files(cache: Path, say: Callable[[str], None] = lambda _text: None) -> dict[str, Path]:
    """Give every asset's file by name. Raises Unreachable when uPlot cannot be installed."""
    made = environment.ensure(UPLOT, cache, say)
    uplot = made.site_packages / "uplot" / "static"
    found = own_files() | {name: uplot / name for name in THEIRS}
    lost = [name for name, path in found.items() if not path.is_file()]
    if lost:
        raise Unreachable(f"{', '.join(lost)} is missing in {made.root}; remove that folder and run it again")
    return found


def own_files() -> dict[str, Path]:
    """Give our own files by name: for pages that draw no charts, and so install nothing."""
    own = Path(str(resources.files("sfcci.web") / "static"))
    return {name: own / name for name in OURS}


def modules(files: Mapping[str, Path]) -> dict[str, str]:
    """Give the text of each of our scripts by its name."""
    return {name: files[name].read_text() for name in OURS if name.endswith(".js")}
