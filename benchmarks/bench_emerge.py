"""How long it takes to emerge networking-sfc with all of its closure that the overlay carries, once, and what it imports then.

python benchmarks/bench_emerge.py [SECONDS]

portage resolves, builds and merges every one of these packages for real, two at a time, in a prefix without a network. What ::gentoo
has of the closure counts as installed there; its modules are those that pip installed from the project's lock. The overlay's own
packages are taken out of them: what is imported of those is what was merged. Fails when it takes longer than SECONDS (default 900).
"""

import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from sfcci import environment, settings
from sfcci.package import closure, dialect, portage, portage_prefix, stand_in
from sfcci.package.catalogue import load_catalogue
from sfcci.package.closure import Interpreter
from sfcci.package.component import Component
from sfcci.package.ebuild import package_name
from sfcci.package.ebuild_build import (
    _link_modules,  # what `build_ebuild` does for one ebuild is done here for all of them
    _write_bashrc,
    chosen_python,
    copy_distfiles,
)
from sfcci.package.index import fetch_sdist
from sfcci.package.portage_prefix import Prefix
from sfcci.settings import Settings

ROOT = "sys-cluster/networking-sfc"
LIMIT_S = 900.0
BY_DESIGN = {"networking_sfc.db.migration.alembic_migrations.env"}
"""alembic runs it: there is a context only while it does."""
PROBE = """
import importlib, json, pkgutil, networking_sfc, neutron
failed, count = {}, 0
for found in pkgutil.walk_packages(networking_sfc.__path__, "networking_sfc."):
    if ".tests" not in found.name:
        count += 1
        try:
            importlib.import_module(found.name)
        except BaseException as error:
            failed[found.name] = repr(error)
print(json.dumps({"modules": count, "failed": failed, "from": [networking_sfc.__file__, neutron.__file__]}))
"""


def quiet(_text: str) -> None:
    """Say nothing."""


def modules_beside(installed: Path, own: frozenset[str], folder: Path) -> Path:
    """Give a folder with links to what is installed, without the projects named in `own` (PEP 503)."""
    left_out = set()
    for told in installed.glob("*.dist-info"):
        if dialect.normal_name(told.name.split("-")[0]) in own:
            rows = (told / "RECORD").read_text().splitlines()
            left_out |= {told.name, *(row.split(",")[0].split("/")[0] for row in rows)}
    folder.mkdir()
    for one in installed.iterdir():
        if one.name not in left_out:
            (folder / one.name).symlink_to(one)
    return folder


def count_as_installed(prefix: Prefix, python: Interpreter) -> None:
    """Have the stand-ins of Python packages say that they are installed for this Python."""
    for one in stand_in.stand_ins():
        category, _, name = one.package.partition("/")
        folder = prefix.path / "var/db/pkg" / category / f"{name}-{one.version}"
        if one.python and folder.is_dir():
            (folder / "IUSE").write_text(f"{stand_in.PYTHON_FLAGS}\n")
            (folder / "USE").write_text(f"python_targets_python{python.version.replace('.', '_')}\n")


def install_programs(prefix: Prefix, python: Interpreter, environment_bin: Path, names: set[str]) -> None:
    """Have the prefix's Python run programs of what counts as installed: those that ebuilds call while they build."""
    for name in sorted(names):
        _first, _, body = (environment_bin / name).read_text().partition("\n")
        program = prefix.path / "usr/bin" / name
        program.write_text(f"#!{prefix.inside(prefix.path)}/usr/bin/python{python.version}\n{body}")
        program.chmod(0o755)


def emerged(
    at: Settings, scratch: Path, carried: list[Component]
) -> tuple[float, list[str], dict[str, object]]:
    """Emerge it; give the seconds, the packages that were merged, and what the imports gave."""
    python, variant = chosen_python(at, (12, 13, 14), minimal=True)
    if python is None or variant:
        sys.exit("this machine has no Python that PYTHON_COMPAT names")
    tools = environment.ensure(portage.build_tools(python.path), at.cache, quiet).site_packages
    closed = closure.build_environment(at, quiet, python).site_packages
    own = frozenset(dialect.normal_name(one.name) for one in carried)
    beside = modules_beside(closed, own, scratch / "beside")
    master = stand_in.prepare_master(at.cache / "portage", stand_in.master_files(stand_in.absent()))
    known = [one for one in stand_in.stand_ins() if one.last is None and one.package.startswith("dev-")]
    known = [one for one in known if one.package != "dev-lang/python"]
    installed = [f"{one.package}-{one.version}:{one.slot}" for one in known]
    with portage_prefix.prepared(
        at, quiet, overlay=at.project / "gentoo", master=master, python=python, installed=installed
    ) as plain:
        count_as_installed(plain, python)
        for one in carried:
            if one.source.sha256:
                manifest = at.project / "gentoo" / package_name(one) / "Manifest"
                copy_distfiles(
                    manifest, fetch_sdist(one, at.cache, quiet).parent, plain.path / "var/cache/distfiles"
                )
        prefix = plain.with_layers(tools, beside, closed)
        _link_modules(prefix, (tools, beside))
        generators = {config.generator[0] for one in carried for config in one.configs if config.generator}
        install_programs(prefix, python, closed.parents[2] / "bin", generators)
        _write_bashrc(prefix, (), (tools, beside), {})
        begin, log = time.monotonic(), scratch / "emerge.log"
        words = ["emerge", "--oneshot", "--color=n", "--quiet-build=y", "--jobs=2", ROOT]
        if prefix.run(words, 3600.0, log=log).status != 0:
            sys.exit(log.read_text(errors="replace")[-4000:])
        spent = time.monotonic() - begin
        merged = re.findall(
            r"^>>> Completed \(\d+ of \d+\) (\S+)::", log.read_text(errors="replace"), re.MULTILINE
        )
        program = prefix.inside(prefix.path) / f"usr/bin/python{python.version}"
        done = prefix.run([program, "-c", PROBE], 600.0)
        told = json.loads(done.stdout.splitlines()[-1]) if done.status == 0 else {"failed": {"": done.stderr}}
    return spent, merged, told


def main(limit_s: float) -> None:
    """Measure, and fail beyond the limit or when something cannot be imported."""
    at = settings.load(Path(__file__).parents[1])
    carried = [one for one in load_catalogue(at.project / "packaging") if one.gentoo.overlay]
    scratch = Path(tempfile.mkdtemp(prefix="sfcci-emerge-"))
    try:
        spent, merged, told = emerged(at, scratch, carried)
    finally:
        shutil.rmtree(scratch)
    print(f"emerge {ROOT}: {len(merged)} packages of the overlay in {spent:.0f} s (limit {limit_s:.0f} s)")
    print(f"imports: {told.get('modules')} modules, failed: {told['failed']}, from {told.get('from')}")
    if spent > limit_s or set(told["failed"]) != BY_DESIGN:
        sys.exit(1)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S)
