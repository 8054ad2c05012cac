"""What the macros in `macros.python` do: a PEP 517 build and an installation into a build root, step by step.

Runs inside rpmbuild with the build environment's interpreter, in the unpacked source; it cannot import sfcci.
"""

import argparse
import compileall
import contextlib
import fnmatch
import importlib
import os
import py_compile
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

if __name__ == "__main__":
    from python3dist import python3dist  # type: ignore[import-not-found]  # it lies beside this file
else:
    from sfcci.package.macros.python3dist import python3dist

ALWAYS = ("python3-devel", "python3dist(packaging)", "python3dist(installer)")


def build_requires(arguments: argparse.Namespace) -> None:
    """Print what the build needs, in RPM's words: the back end's own requirements, with --runtime the project's too.

    What the given requirements files list comes on top.
    """
    system = _build_system()
    requirements = list(system.get("requires", ["setuptools"]))
    with _back_end(system) as back_end:
        requirements += _hook(back_end, "get_requires_for_build_wheel", [])
        if arguments.runtime:
            requirements += _runtime_requires(back_end)
    for path in arguments.files:
        requirements += _requirement_lines(path.read_text())
    extras = arguments.extras.split(",") if arguments.extras else [""]
    needed = [r for r in requirements if _applies(r, extras)]
    print("\n".join(dict.fromkeys([*ALWAYS, *map(python3dist, needed)])))  # noqa: T201 - rpmbuild reads it


def build_wheel(arguments: argparse.Namespace) -> None:
    """Build the wheel into a folder."""
    arguments.wheels.mkdir(parents=True, exist_ok=True)
    with _back_end(_build_system()) as back_end:
        back_end.build_wheel(str(arguments.wheels))


def install(arguments: argparse.Namespace) -> None:
    """Install the wheel below the build root, as rpm: no RECORD, byte code for this interpreter that no clock changes."""
    from installer import install as install_wheel
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    (wheel,) = arguments.wheels.glob("*.whl")
    prefix = str(Path(arguments.scripts).parent)
    folders = {"purelib": arguments.sitelib, "platlib": arguments.sitelib, "scripts": arguments.scripts}
    destination = SchemeDictionaryDestination(
        {**folders, "data": prefix, "headers": f"{prefix}/include"},
        interpreter=arguments.python,
        script_kind="posix",
        destdir=str(arguments.root),
    )
    with WheelFile.open(wheel) as source:
        install_wheel(source, destination, {"INSTALLER": b"rpm\n"})
    site = _below(arguments.root, arguments.sitelib)
    for record in site.glob("*.dist-info/RECORD"):
        record.unlink()
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(site, stripdir=arguments.root, quiet=1, invalidation_mode=mode):
        sys.exit("a module does not compile")


def save_files(arguments: argparse.Namespace) -> None:
    """Write the list of the named modules' files, and the metadata, as %files -f takes it."""
    site = _below(arguments.root, arguments.sitelib)
    (info,) = site.glob("*.dist-info")
    tops = [path for name in arguments.modules for path in _module(site, name)]
    lines = [_line(arguments.root, path) for top in (*tops, info) for path in (top, *sorted(top.rglob("*")))]
    if arguments.license and not any(line.startswith("%license") for line in lines):
        sys.exit("the metadata names no licence file (License-File)")
    Path(arguments.files).write_text("\n".join(lines) + "\n")
    ghost = f'%ghost %dir "/{info.relative_to(arguments.root)}"'
    Path(arguments.ghost).write_text(f"{ghost}\n")


def check_import(arguments: argparse.Namespace) -> None:
    """Import the installed modules, or with -t the first level of each."""
    site = _below(arguments.root, arguments.sitelib)
    sys.dont_write_bytecode = True
    sys.path[:] = [str(site), *(path for path in sys.path if path not in {"", str(Path.cwd())})]
    for name in sorted(_modules(Path(arguments.files), arguments.sitelib, arguments.top)):
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in arguments.exclude):
            importlib.import_module(name)


def _build_system() -> dict[str, Any]:
    path = Path("pyproject.toml")
    table = tomllib.loads(path.read_text()) if path.exists() else {}
    system: dict[str, Any] = table.get("build-system", {})
    return system


@contextlib.contextmanager
def _back_end(system: dict[str, Any]) -> Iterator[Any]:
    """Give the PEP 517 back end; what it prints goes to standard error, for standard output is read by rpmbuild."""
    module, _, attributes = system.get("build-backend", "setuptools.build_meta:__legacy__").partition(":")
    sys.path[:0] = [str(Path(folder).absolute()) for folder in system.get("backend-path", [])]
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        found: Any = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
        yield found
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)


def _hook(back_end: Any, name: str, default: Any) -> Any:
    return getattr(back_end, name)() if hasattr(back_end, name) else default


def _runtime_requires(back_end: Any) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        info = Path(folder, back_end.prepare_metadata_for_build_wheel(folder))
        headers = HeaderParser().parsestr((info / "METADATA").read_text())
    return headers.get_all("Requires-Dist") or []


def _requirement_lines(text: str) -> list[str]:
    """The requirements of a requirements file, without comments and options."""
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("-")]


def _applies(requirement: str, extras: list[str]) -> bool:
    marker = Requirement(requirement).marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _below(root: Path, folder: str) -> Path:
    return root / folder.lstrip("/")


def _module(site: Path, name: str) -> list[Path]:
    """A package's folder, or a single module's file with its byte code, whose folder is Python's own."""
    if (site / name).exists():
        return [site / name]
    if (site / f"{name}.py").exists():
        return [site / f"{name}.py", *sorted(site.glob(f"__pycache__/{name}.*.pyc"))]
    sys.exit(f"the wheel has no module {name}")


def _line(root: Path, path: Path) -> str:
    """One line of %files: folders without what is in them, licences marked."""
    name = f'"/{path.relative_to(root)}"'
    if path.is_dir():
        return f"%dir {name}"
    return f"%license {name}" if ".dist-info/licenses/" in name else name


def _modules(files: Path, sitelib: str, top: bool) -> set[str]:
    """Names of the modules in a list of files."""
    paths = [line.strip('"') for line in files.read_text().splitlines() if line.endswith('.py"')]
    names = [path.removeprefix(f"{sitelib}/").removesuffix(".py").removesuffix("/__init__") for path in paths]
    dotted = {name.replace("/", ".") for name in names if not name.startswith("/")}
    return {name.partition(".")[0] for name in dotted} if top else dotted


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("buildrequires")
    step.set_defaults(run=build_requires)
    step.add_argument("--runtime", action="store_true")
    step.add_argument("--extras", default="")
    step.add_argument("files", type=Path, nargs="*")
    step = steps.add_parser("wheel")
    step.set_defaults(run=build_wheel)
    step.add_argument("wheels", type=Path)
    step = steps.add_parser("install")
    step.set_defaults(run=install)
    step.add_argument("wheels", type=Path)
    step.add_argument("root", type=Path)
    for name in ("sitelib", "scripts", "python"):
        step.add_argument(name)
    step = steps.add_parser("save-files")
    step.set_defaults(run=save_files)
    step.add_argument("--license", action="store_true")
    step.add_argument("root", type=Path)
    for name in ("sitelib", "files", "ghost"):
        step.add_argument(name)
    step.add_argument("modules", nargs="+")
    step = steps.add_parser("check-import")
    step.set_defaults(run=check_import)
    step.add_argument("-t", dest="top", action="store_true")
    step.add_argument("-e", dest="exclude", action="append", default=[])
    step.add_argument("root", type=Path)
    for name in ("sitelib", "files"):
        step.add_argument(name)
    return parser


if __name__ == "__main__":
    chosen = _parser().parse_args()
    chosen.run(chosen)
