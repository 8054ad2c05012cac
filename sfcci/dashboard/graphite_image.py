"""The image of our own Graphite, built where it is used: from a Debian image, or, without any registry, from Debian's packages.

What goes into it lies in `graphite_container`; `podman/Containerfile.graphite` is the same file, for `podman build` by hand.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import sfcci
from sfcci import command, files
from sfcci.dashboard.podman import Podman
from sfcci.errors import ToolError, Unreachable

GRAPHITE_IMAGE = "localhost/sfcci-graphite:1"
DEBIAN_IMAGE = "docker.io/library/debian:12-slim"
LOCAL = "localhost/"
"""Images of this name are made here and in no registry."""
OWN_BASE = f"{LOCAL}sfcci-base-"
SUITE = "bookworm"
PACKAGES = ("graphite-carbon", "graphite-web", "python3-waitress")
"""What the Containerfile installs, too, where the base lacks it."""
CONTEXT = Path(sfcci.__file__).parent
CONTAINERFILE = CONTEXT / "dashboard" / "graphite_container" / "Containerfile"
LEFT_OUT = ("doc", "man", "locale", "info")
"""Folders of /usr/share that nobody reads in a container."""
PULL_TIMEOUT_S = 900.0
BUILD_TIMEOUT_S = 1800.0
SYSTEM_TIMEOUT_S = 1800.0
Say = Callable[[str], None]


def _quietly(_text: str) -> None:
    pass


def build(
    podman: Podman,
    say: Say = _quietly,
    *,
    base: str | None = None,
    tag: str = GRAPHITE_IMAGE,
    network: str = "host",
    fresh: bool = False,
) -> None:
    """Build the image on `base`, a Debian 12 (None: the one of Debian, pulled where it is missing, or `fresh`).

    Of the network only what apt-get needs is used; "none" will do where `base` has the packages already.
    Raises Unreachable (the base cannot be pulled), ToolError.
    """
    base = base or DEBIAN_IMAGE
    if not podman.exists("image", base) or (fresh and not base.startswith(LOCAL)):
        pull(podman, base, say)
    say(f"building {tag} from {base}")
    before = _identity(podman, tag)
    with _own_base(podman, base) as own:
        words = [
            "--layers=false",
            "--force-rm",
            "--pull=never",
            f"--network={network}",
            f"--build-arg=BASE={own}",
        ]
        where = (f"--tag={tag}", f"--file={CONTAINERFILE}", CONTEXT)
        podman.run("build", *words, *where, timeout_s=BUILD_TIMEOUT_S)
    if before and before != _identity(podman, tag):
        podman.run("rmi", before, check=False)  # it stays as long as a container is made of it


@contextlib.contextmanager
def _own_base(podman: Podman, base: str) -> Iterator[str]:
    """Give the base a second name while a build lasts.

    Podman names the container that it builds in after the base, and leaves it when it is killed: by this name what is ours is
    told from others', and by the process id in it whether its build still lasts.
    """
    name = f"{OWN_BASE}{os.getpid()}"
    _remove_left(podman)
    podman.run("tag", base, name)
    try:
        yield name
    finally:
        _remove_left(podman)


def _remove_left(podman: Podman) -> None:
    """Remove what our builds left that are over or were killed, with this process's own."""
    working = podman.run("ps", "--all", "--external", "--format={{.Names}}", check=False)
    for name in filter(_is_over, working.stdout.split()):
        podman.run("rm", "--force", name, check=False)
    named = podman.run("images", "--format={{.Repository}}", check=False)
    for name in filter(_is_over, named.stdout.split()):
        podman.run("untag", name, name, check=False)


def _is_over(name: str) -> bool:
    found = re.match(rf"(?:{LOCAL})?{OWN_BASE.removeprefix(LOCAL)}(\d+)\b", name)
    if not found:
        return False
    return int(found[1]) == os.getpid() or not Path("/proc", found[1]).exists()


def _identity(podman: Podman, name: str) -> str:
    return podman.run("image", "inspect", "--format={{.Id}}", name, check=False).stdout.strip()


def pull(
    podman: Podman, name: str, say: Say, remedy: str = "without a registry: sfcci preview build --from-system"
) -> None:
    """Fetch an image from its registry. Raises Unreachable, in podman's own words and with the remedy."""
    say(f"pulling {name}")
    try:
        podman.run("pull", "--quiet", name, timeout_s=PULL_TIMEOUT_S)
    except ToolError as error:
        last = error.failure.last_lines[-1:] or ("no word",)
        raise Unreachable(
            f"the image {name} cannot be pulled: {last[0].removeprefix('Error: ')}; {remedy}"
        ) from None


def system_image(
    podman: Podman, cache: Path, say: Say = _quietly, *, mirrors: Sequence[str] = (), fresh: bool = False
) -> str:
    """Give the name of an image with Debian's packages for Graphite, made by mmdebstrap where it is missing, or `fresh`.

    `mirrors` are addresses of Debian's packages; none: those of this machine when it is a Debian, else mmdebstrap's own.
    Raises MissingTool (mmdebstrap is not here), Unreachable (the packages cannot be had), ToolError, DiskFull.
    """
    name = f"localhost/sfcci-debian:{_system_key()}"
    if not fresh and podman.exists("image", name):
        return name
    command.find("mmdebstrap")
    with files.locked(cache / "images" / f"{_system_key()}.lock"):
        if not fresh and podman.exists("image", name):  # made by who held the lock
            return name
        with _work_folder(podman, cache) as folder:
            archive = folder / "root.tar"
            say(f"fetching Debian's packages for {name} (a minute or two)")
            _fetch(archive, [_source(mirror) for mirror in mirrors or _host_mirrors()])
            say("importing it")
            podman.run("import", "--quiet", archive, name, timeout_s=BUILD_TIMEOUT_S)
    return name


def _fetch(archive: Path, sources: Sequence[str]) -> None:
    """Have mmdebstrap write a root file system; root's mmdebstrap ends whole when the tool does, others' does so by itself."""
    whole = ("unshare", "--pid", "--fork", "--kill-child") if os.geteuid() == 0 else ()
    argv = [*command.ends_with_tool(), *whole, "mmdebstrap", *_system_words(), SUITE, archive, *sources]
    env = {**os.environ, "TMPDIR": str(archive.parent), "LC_ALL": "C.UTF-8"}
    try:
        command.run(argv, timeout_s=SYSTEM_TIMEOUT_S, env=env)
    except ToolError as error:
        lines = error.failure.last_lines
        told = next(
            (line for line in lines if line.startswith(("E:", "Err:", "error:"))), (*lines, "no word")[-1]
        )
        raise Unreachable(
            f"Debian's packages cannot be fetched: {told}; see the network, or name another place with --mirror"
        ) from error


def _system_words() -> tuple[str, ...]:
    """Give mmdebstrap's options: no apt, no documentation; what is half written is thrown away, so nothing waits for the disk."""
    left_out = (f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT)
    recommends = '--aptopt=Apt::Install-Recommends "false"'
    included = f"--include={','.join(PACKAGES)}"
    return ("--quiet", "--variant=essential", "--dpkgopt=force-unsafe-io", *left_out, recommends, included)


def _system_key() -> str:
    return hashlib.sha256("\0".join((SUITE, *_system_words())).encode()).hexdigest()[:12]


@contextlib.contextmanager
def _work_folder(podman: Podman, cache: Path) -> Iterator[Path]:
    """Give an empty folder, and remove it with what a killed run left in it.

    An ordinary user's lies where mmdebstrap's other users can get at it: below a home with mode 0700 they cannot.
    """
    name = f"sfcci-{os.geteuid()}-{_system_key()}"
    folder = Path("/var/tmp" if podman.rootless else cache / "images", name)  # noqa: S108 - mkdir takes none that is there
    _remove(podman, folder)
    with files.disk_errors(folder):
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    try:
        yield folder
    finally:
        _remove(podman, folder)


def _remove(podman: Podman, folder: Path) -> None:
    """Remove a folder; in an ordinary user's, files may belong to the users of its containers."""
    files.remove_tree(folder)
    if folder.exists() and podman.rootless:
        podman.run("unshare", "rm", "-rf", "--one-file-system", folder, check=False)


MIRRORS = re.compile(r"https?://\S+/debian(?:-security)?(?=/?(?:\s|$))", re.MULTILINE)


def _host_mirrors() -> tuple[str, ...]:
    """Give the addresses that this machine's apt has Debian's packages from; none where it is no Debian."""
    paths = [*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    return mirrors_in("\n".join(path.read_text(errors="replace") for path in paths))


def mirrors_in(text: str) -> tuple[str, ...]:
    """Give the addresses of Debian's packages in sources.list(5), of either form; a comment names none."""
    used = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return tuple(dict.fromkeys(MIRRORS.findall(used)))


def _source(mirror: str) -> str:
    """Give a mirror as a line of sources.list(5)."""
    suite = f"{SUITE}-security" if mirror.rstrip("/").endswith("-security") else SUITE
    return f"deb {mirror} {suite} main"
