"""Set-up before anything is installed: `python3 -m sfcci.bootstrap run|test|lint`, called by the Makefile.

Only the standard library is used here. System packages are named before apt is asked for them; on other
distributions they are named and left to the user. The tool's environment is `.venv` of the project.
"""

import hashlib
import importlib
import os
import shutil
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sfcci import command, files, machine
from sfcci.errors import EXIT_TOOL, SfcciError

PROJECT = Path(__file__).parents[1]
EXTRAS = {"run": "", "test": "[test]", "lint": "[test,dev]"}
LEAST_PYTHON = (3, 11)
INSTALL_TIMEOUT_S = 1200.0
LINT_TIMEOUT_S = 1200.0
MOST_AT_ONCE = 5
"""Processes of tests: each may raise labs, a Graphite, a browser."""


def main(purpose: str, words: list[str]) -> None:
    """Set up for `purpose`, then become its program: the pipeline, the tests or the linters."""
    if sys.version_info[:2] < LEAST_PYTHON:
        _stop(
            f"Python {'.'.join(map(str, LEAST_PYTHON))} or later is needed, this is {sys.version.split()[0]}; "
            "call make with PYTHON=python3.12, for example"
        )
    install_system_packages(purpose)
    if machine.missing_named("module:ensurepip"):
        _stop("this Python cannot make virtual environments; " + machine.install_hint("module:ensurepip"))
    make_environment(EXTRAS[purpose])
    _become(purpose, words)


def install_system_packages(purpose: str) -> None:
    """Name the system packages that are missing; install them where apt and the right to use it are there."""
    missing = machine.missing(purpose)
    wanted = machine.install_command(missing)
    if not missing:
        return
    for tool in missing:
        _say(f"missing: {tool.probe.removeprefix('module:')} ({tool.why})")
    prefix = _privilege()
    if machine.distribution() != "apt" or prefix is None:
        _say(f"install what is missing with: {wanted or 'your package manager'}; going on without it")
        return
    packages = wanted.split()[2:]
    _say(f"installing with apt: {' '.join(packages)}")
    _call([*prefix, "apt-get", "update", "-q"])
    if _call([*prefix, *_APT_INSTALL, *packages]) != 0:
        _say("apt did not install them all; going on with what is there")
    importlib.invalidate_caches()  # ensurepip may have come just now


_APT_INSTALL = [
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "install",
    "-y",
    "-q",
    "--no-install-recommends",
]


def make_environment(extras: str) -> None:
    """Make `.venv` and install sfcci into it, unless it holds just that already."""
    root = PROJECT / ".venv"
    stamp = root / "sfcci-stamp"
    base = _digest()
    with files.locked(PROJECT / ".venv.lock"):
        told = stamp.read_text().split() if stamp.exists() else []
        if base in told and _installed(told) >= _words(extras):
            return
        if not told:  # new, or left half made by a set-up that was killed
            _say("making the environment .venv")
            # A link, not a copy: the environments in the cache are named by the interpreter behind it, for all clones.
            venv.create(root, with_pip=True, clear=True, symlinks=True)
            files.write_text(stamp, "made\n")
        _say(f"installing sfcci{extras} and its dependencies into .venv")
        _pip_install(root, extras)
        kept = [word for word in told if word.startswith("extras=")] if base in told else []
        files.write_text(stamp, "\n".join(dict.fromkeys(["made", base, *kept, f"extras={extras}"])) + "\n")


def _installed(told: list[str]) -> set[str]:
    return {word for line in told if line.startswith("extras=") for word in _words(line)}


def _words(extras: str) -> set[str]:
    """Give what "[test,dev]" names; whatever else is there, the tool itself is."""
    return {"", *extras.removeprefix("extras=").strip("[]").split(",")}


def _pip_install(root: Path, extras: str) -> None:
    pip: list[str | Path] = [
        root / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
    ]
    env = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    words = [*command.ends_with_tool(), *pip, "-e", f"{PROJECT}{extras}"]
    command.run(words, timeout_s=INSTALL_TIMEOUT_S, env=env)


def _digest() -> str:
    """Give what the environment depends on besides the extras: the requirements, the interpreter, the place."""
    parts = [
        (PROJECT / "pyproject.toml").read_text(),
        sys.version,
        os.path.realpath(sys.executable),
        str(PROJECT),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _become(purpose: str, words: list[str]) -> None:
    programs = PROJECT / ".venv" / "bin"
    os.chdir(PROJECT)
    os.environ["PATH"] = f"{programs}{os.pathsep}{command.search_path()}"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each of a thousand programs would compile the tool anew
    if purpose == "lint":
        sys.exit(_lint())
    argv = ["sfcci", "pipeline", "run", *words] if purpose == "run" else ["pytest", *(words or _at_once())]
    os.execv(programs / argv[0], argv)  # noqa: S606 - an argv list, no shell


def _at_once() -> list[str]:
    """Give the words for all tests: two files at a time for each processor and one more, five at most.

    Tests wait for programs most of the time. tests/conftest.py says which begin first.
    """
    count = min(2 * (os.cpu_count() or 1) + 1, MOST_AT_ONCE)
    return ["-n", str(count), "--dist", "loadfile", "--no-loadscope-reorder"]


def _lint() -> int:
    """Run the linters side by side, and say what each says in their order. Give the greatest of their statuses."""
    with ThreadPoolExecutor(len(_CHECKS)) as pool:
        runs = pool.map(lambda argv: command.run(argv, timeout_s=LINT_TIMEOUT_S, check=False), _CHECKS)
        return max([_told(done) for done in runs])


_CHECKS = (
    ["ruff", "format", "--check", "."],
    ["ruff", "check", "."],
    ["mypy"],
    ["lint-imports"],
    # What cannot be collected is a fault; and the workers of the tests find everything compiled, once for all.
    ["pytest", "--collect-only", "-qq"],
)


def _told(done: command.Completed) -> int:
    collected = done.argv[0].endswith("pytest") and not done.status
    text = "All tests can be collected." if collected else f"{done.stdout}{done.stderr}".rstrip()
    print(text, flush=True)  # noqa: T201 - as below
    return done.status


def _privilege() -> list[str] | None:
    """Give the words that make apt run with its rights; None when this user has no way."""
    if os.geteuid() == 0:
        return []
    return ["sudo"] if shutil.which("sudo") else None


def _call(argv: list[str]) -> int:
    """Run a program on this terminal (sudo may ask there for a password) and give its status."""
    try:
        return os.spawnvp(os.P_WAIT, argv[0], argv)  # noqa: S606 - an argv list, no shell
    except FileNotFoundError:
        return EXIT_TOOL


def _say(text: str) -> None:
    print(f"sfcci: {text}", flush=True)  # noqa: T201 - nothing better is installed yet


def _stop(text: str) -> None:
    print(f"sfcci: {text}", file=sys.stderr)  # noqa: T201 - as above
    sys.exit(EXIT_TOOL)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except SfcciError as failure:
        _stop(str(failure))
    except KeyboardInterrupt:
        _stop("interrupted; run it again to go on")
