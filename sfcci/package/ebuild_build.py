"""Ebuilds built for real: portage runs their phases in a prefix of its own, without a network, and merges what they install.

What is built is a copy: neither the overlay nor the distfiles are touched. A phase that fails is an answer (a finding);
its log is kept in the state folder.
"""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sfcci import environment, files
from sfcci.errors import Fault, InputError, MissingTool, Place
from sfcci.package import ebuild_log, pkgcheck, portage, python_compat, stand_in
from sfcci.package.build_python import python_for
from sfcci.package.closure import Interpreter
from sfcci.package.ebuild_phases import NOTHING_AROUND, PHASES, Around, EbuildBuild, Turn
from sfcci.package.manifest import read_distfile
from sfcci.package.overlay import SYSTEM_MASTER
from sfcci.package.portage_prefix import Prefix, prepared
from sfcci.settings import Settings

Say = Callable[[str], None]
OLDEST_MINOR, VARIANT_MINOR = 12, 11
"""The oldest Python of the trees of today, and the one that takes its place where a machine has nothing newer."""
BASHRC = """\
# Tells when each phase begins and ends; gives the Python the build environment.
_sfcci_mark() {{ printf '%s %s %s\\n' "${{EPOCHREALTIME}}" "${{1}}" "${{2}}" >> "{marks}"; }}
for _sfcci_phase in {functions}; do
	eval "pre_${{_sfcci_phase}}() {{ _sfcci_mark begin ${{_sfcci_phase}}; }}"
	eval "post_${{_sfcci_phase}}() {{ _sfcci_mark end ${{_sfcci_phase}}; }}"
done
unset _sfcci_phase
export GIT_CONFIG_GLOBAL="{home}/gitconfig"
export PYTHONPATH="{python_path}"
PATH="${{PATH}}{programs}"
if [[ ${{EBUILD_PHASE}} == setup ]]; then
	_sfcci_known=( ${{IUSE}} )
	for _sfcci_flag in {use}; do
		has "${{_sfcci_flag#-}}" "${{_sfcci_known[@]#[+-]}}" ||
			die "there is no USE flag ${{_sfcci_flag#-}}; there are: ${{IUSE}}"
	done
	unset _sfcci_flag _sfcci_known
fi
"""


def build_ebuild(
    settings: Settings,
    say: Say,
    ebuild: Path,
    *,
    phases: Sequence[str] = PHASES,
    use: Sequence[str] = (),
    distfiles: Path,
    around: Around = NOTHING_AROUND,
) -> EbuildBuild:
    """Run phases (those of ebuild(1)) of an ebuild in its overlay; `use` are flags, with "-" before one to switch off.

    `distfiles` is a folder with what its Manifest names; what is around it matters to Python's, live and watched ebuilds.
    Raises InputError (no ebuild, a distfile that is not the Manifest's), MissingTool, Unreachable.
    """
    overlay = _overlay_of(ebuild)
    name = f"{ebuild.parent.parent.name}/{ebuild.stem}"
    minors = python_compat.python_minors(ebuild.read_text(encoding="utf-8"))
    master = found_master(settings)
    python, variant = chosen_python(settings, minors, minimal=master is None)
    tree = master or _minimal(settings, variant=bool(variant))
    with prepared(settings, say, overlay=overlay, master=tree, python=python) as plain:
        paths = _python_paths(settings, say, python, around)
        prefix = plain.with_layers(*around.repositories.values(), *paths, *_programs(paths))
        with files.disk_errors(prefix.folder):
            if variant:
                _rewrite(prefix.folder / "overlay")
            copy_distfiles(ebuild.with_name("Manifest"), distfiles, prefix.path / "var/cache/distfiles")
            _link_modules(prefix, paths)
            _write_bashrc(prefix, use, paths, around.repositories)
        wanted = tuple(phase for phase in phases if phase != "test" or "test" in use)
        turn = Turn(prefix, name, _place(settings, ebuild), use, say, around)
        return turn.result(settings, wanted, variant)


def found_master(settings: Settings) -> Path | None:
    """Give the ::gentoo that the settings name, else the system's; None where there is none. Raises InputError."""
    if settings.gentoo.repo:
        return pkgcheck.repository_at(settings.project / settings.gentoo.repo).path
    return SYSTEM_MASTER if (SYSTEM_MASTER / "profiles" / "repo_name").is_file() else None


def chosen_python(
    settings: Settings, minors: Sequence[int] | None, *, minimal: bool
) -> tuple[Interpreter | None, str]:
    """Give the Python to build for, and what has to be changed for it ("" for nothing). Raises MissingTool.

    None for an ebuild that names none. The variant is possible over the minimal master alone.
    """
    if minors is None:
        return None, ""
    if found := python_for(settings, minors):
        return found, ""
    old = python_for(settings, (VARIANT_MINOR,)) if minimal and OLDEST_MINOR in minors else None
    if old is None:
        wanted = ", ".join(f"3.{minor}" for minor in minors)
        raise MissingTool(
            f"no Python of this machine is {wanted}", "install one, or name it: [gentoo] python"
        )
    return old, (
        f"a variant for tests only: this machine has no Python that PYTHON_COMPAT names, so a copy was built that says "
        f"python3_{VARIANT_MINOR}"
    )


def copy_distfiles(manifest: Path, source: Path, target: Path) -> None:
    """Copy what a Manifest names and `source` has: portage renames what it takes for broken.

    Raises InputError for a file that is not as the Manifest says.
    """
    text = manifest.read_text(encoding="utf-8") if manifest.exists() else ""
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        name = line.split(" ")[1] if line.startswith("DIST ") else ""
        if not name or "/" in name or not (source / name).is_file():
            continue
        found = str(read_distfile(source / name))
        if found != line:
            what = f"{source / name} is not the file that the Manifest names"
            faults.append(Fault(Place(str(manifest), number), what, line, f"found {found}"))
        else:
            shutil.copy(source / name, target / name)
    if faults:
        raise InputError(*faults)


def _place(settings: Settings, ebuild: Path) -> str:
    """The ebuild as findings name it: relative to the project, where it lies there."""
    path = ebuild.absolute()
    return str(path.relative_to(settings.project) if path.is_relative_to(settings.project) else path)


def _overlay_of(ebuild: Path) -> Path:
    """Give the overlay's folder (PMS 4.3: category/package/ebuild). Raises InputError."""
    if not ebuild.is_file():
        known = ", ".join(sorted(path.name for path in ebuild.parent.glob("*.ebuild"))) or "none"
        raise InputError(Fault(Place(str(ebuild)), "there is no such ebuild", f"one of: {known}"))
    return pkgcheck.repository_at(ebuild.absolute().parents[2]).path


def _minimal(settings: Settings, *, variant: bool) -> Path:
    """The minimal master, with the older Python in it for the variant."""
    texts = stand_in.master_files()
    if variant:
        texts = python_compat.master_variant(texts, OLDEST_MINOR, VARIANT_MINOR)
    return stand_in.prepare_master(settings.cache / "portage", texts)


def _rewrite(overlay: Path) -> None:
    for path in overlay.glob("*/*/*.ebuild"):
        path.write_text(python_compat.ebuild_variant(path.read_text(encoding="utf-8"), VARIANT_MINOR))


def _python_paths(
    settings: Settings, say: Say, python: Interpreter | None, around: Around
) -> tuple[Path, ...]:
    """Folders of modules that phases find: the build tools first."""
    if python is None:
        return ()
    tools = environment.ensure(portage.build_tools(python.path), settings.cache, say)
    return (tools.site_packages, *around.python_path(python))


def _programs(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Give the folders of programs that come with modules, where those are an environment's."""
    roots = (path.parents[2] for path in paths if len(path.parents) > len(("lib", "python")))
    return tuple(root / "bin" for root in roots if (root / "pyvenv.cfg").is_file())


def _link_modules(prefix: Prefix, paths: Sequence[Path]) -> None:
    """Have the prefix's Python take modules from there, too, as if they were installed: their own .pth files count."""
    if prefix.python:
        site = prefix.path / f"usr/lib/python{prefix.python.version}/site-packages"
        lines = (f"import site; site.addsitedir({str(path)!r})\n" for path in paths)
        (site / "sfcci-build.pth").write_text("".join(lines))


def _write_bashrc(
    prefix: Prefix, use: Sequence[str], paths: Sequence[Path], repositories: Mapping[str, Path]
) -> None:
    """Write what portage reads before each phase, the flags, and git's settings."""
    wrong = [flag for flag in use if not re.fullmatch(r"-?[A-Za-z0-9][A-Za-z0-9+_@-]*", flag)]
    if wrong:
        raise InputError(
            *(Fault(Place("--use"), f"{flag!r} is no USE flag", "as in doc or -doc") for flag in wrong)
        )
    etc = prefix.path / "etc/portage"
    home = prefix.inside(prefix.folder / "home")
    text = BASHRC.format(
        marks=prefix.inside(prefix.folder / "marks"),
        functions=" ".join(ebuild_log.FUNCTIONS.values()),
        home=home,
        python_path=":".join(map(str, paths)),
        programs="".join(f":{path}" for path in _programs(paths)),
        use=" ".join(use),
    )
    (etc / "bashrc").write_text(text)
    with (etc / "make.conf").open("a") as conf:
        conf.write(f'USE="{" ".join(use)}"\n' if use else "")
        conf.write('FEATURES="${FEATURES} test"\n' if "test" in use else "")
    rewritten = (f'[url "file://{path}"]\n\tinsteadOf = {uri}\n' for uri, path in repositories.items())
    (prefix.folder / "home/gitconfig").write_text("".join(["[safe]\n\tdirectory = *\n", *rewritten]))
