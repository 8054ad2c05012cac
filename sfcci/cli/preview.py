"""`sfcci preview`: the dashboards in a real Grafana under podman, or on a page of our own."""

import click

from sfcci.cli.late import LateGroup

COMMANDS = {
    "up": ("preview_pod", "Show the dashboards in Grafana, in a pod with Graphite."),
    "down": ("preview_pod", "End the pod; what it keeps stays."),
    "status": ("preview_pod", "Say whether the pod is up, and where."),
    "logs": ("preview_pod", "Show what the pod's containers say."),
    "open": ("preview_pod", "Open the pod's Grafana in the browser."),
    "save": ("preview_pod", "Write the pod's images into one archive."),
    "load": ("preview_pod", "Bring the images of an archive here."),
    "kube": ("preview_pod", "Print the pod as kube YAML."),
    "quadlet": ("preview_pod", "Have systemd keep the pod up."),
    "build": ("preview_build", "Build the pod's image of Graphite."),
    "diff": ("preview_diff", "Show two versions side by side, with what changed."),
    "serve": ("preview_serve", "Show the dashboards on a local page, without Grafana."),
    "watch": ("preview_watch", "Push dashboards to Grafana when their files are saved."),
}
"""Name → module with the command of that name, one line of help."""


class PreviewGroup(LateGroup):
    """`sfcci preview [PATH]...` is short for `sfcci preview serve [PATH]...`."""

    meant = "serve"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command that is meant before words that name none."""
        if not args or (args[0] not in self.table and args[0] not in ctx.help_option_names):
            args = [self.meant, *args]
        return super().parse_args(ctx, args)


@click.group(cls=PreviewGroup, table=COMMANDS, epilog="Example: sfcci preview dashboards/")
def preview() -> None:
    """Show the dashboards: on a local page, or in a real Grafana under podman.

    Without a command it is `serve`.
    """
