"""`sfcci preview build`: the image of our own Graphite."""

import time

import click

from sfcci.cli import console
from sfcci.errors import UsageError


@click.command(epilog="Example: sfcci preview build --from-system")
@click.option("--base", metavar="IMAGE", help="Build on this image of Debian 12, not on Debian's own.")
@click.option(
    "--from-system", is_flag=True, help="Without any registry: build on Debian's packages, by mmdebstrap."
)
@click.option(
    "--mirror",
    metavar="URL",
    multiple=True,
    help="With --from-system: fetch them from here; may be repeated.",
)
@click.option(
    "--fresh", is_flag=True, help="Fetch anew what is here already: Debian has mended something since."
)
@click.option("--tag", metavar="NAME", help="The image's name, for another than the pod's.")
@console.as_json
def build(
    base: str | None,
    from_system: bool,
    mirror: tuple[str, ...],
    fresh: bool,
    tag: str | None,
    json_output: bool,
) -> None:
    """Build the image of Graphite for the pod: carbon and graphite-web of Debian 12, as an ordinary user.

    It takes a minute or two. `sfcci preview up` does it where the image is missing; do it by hand after an update of sfcci,
    or, with --fresh, for what Debian has mended since.
    """
    if base and from_system:
        raise UsageError("--base and --from-system both name what to build on; give one of them")
    if mirror and not from_system:
        raise UsageError("--mirror is for --from-system")
    from sfcci.dashboard import graphite_image, podman

    settings, say = console.settings(), console.progress()
    begin = time.monotonic()
    here = podman.probe(settings, say)
    name = tag or graphite_image.GRAPHITE_IMAGE
    if from_system:
        base = graphite_image.system_image(here, settings.cache, say, mirrors=mirror, fresh=fresh)
    graphite_image.build(
        here, say, base=base, tag=name, network="none" if from_system else "host", fresh=fresh
    )
    seconds = time.monotonic() - begin
    if json_output:
        console.print_json(
            {"image": name, "base": base or graphite_image.DEBIAN_IMAGE, "seconds": round(seconds, 1)}
        )
    else:
        click.echo(f"built {name} in {seconds:.0f} s")
