"""What a spec's %files say: parts, configuration files, units, programs, each in one package alone."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import Requirement

from sfcci.package import dialect
from sfcci.package.component import Component, Config, Subpackage
from sfcci.package.macros.python3dist import python3dist
from sfcci.package.sdist import SdistMetadata
from sfcci.package.spec_feature import kept_requirements

FOLDERS = {
    "/etc": "%{_sysconfdir}",
    "/usr/bin": "%{_bindir}",
    "/usr/share/man": "%{_mandir}",
    "/usr/share": "%{_datadir}",
}
PYTHON_MINORS = range(9, 16)
"""The Pythons of the distributions that specs are for (3.N)."""
BIN = "/usr/bin"
PLAIN = ("0644", "root", "root")
"""Mode, owner and group that need not be said."""


def file_fields(component: Component, metadata: SdistMetadata) -> dict[str, Any]:
    """Give the template's fields for the files of all packages."""
    taken = [pattern for part in component.subpackages for pattern in part.files]
    programs = [name for name in metadata.scripts if not any(fnmatchcase(f"{BIN}/{name}", p) for p in taken)]
    return {
        "parts": [_part(component, part, metadata) for part in component.subpackages],
        "scripts": programs,
        "files": [_with_macros(path) for path in component.files],
        "services": component.services,
        "units": " ".join(service.name for service in component.services),
        "configs": [_config(config) for config in component.configs],
        "generated": [_config(config) for config in component.configs if config.generator],
        "config_lines": _config_lines(component),
    }


def _part(component: Component, part: Subpackage, metadata: SdistMetadata) -> dict[str, Any]:
    lines = [
        line
        for line in kept_requirements(component, part.requirements, metadata)
        if dialect.applies_to_some(line, PYTHON_MINORS)
    ]
    return {
        "key": part.name,
        "name": dialect.rpm_name(component, part.name),
        "summary": dialect.rpm_text(part.summary),
        "folders": [module.replace(".", "/") for module in part.modules],
        "files": [_with_macros(path) for path in part.files],
        "requires": [*map(_without_marker, sorted(lines, key=str.lower)), *part.requires],
    }


def _without_marker(requirement: str) -> str:
    """A requirement file's line as a dependency. A marker that holds for some Python is beyond a spec that serves all: it stays required."""
    parsed = Requirement(requirement)
    parsed.marker = None
    return python3dist(str(parsed))


def _config(config: Config) -> dict[str, Any]:
    return {
        "path": _with_macros(config.path),
        "folder": _with_macros(str(PurePosixPath(config.path).parent)),
        "source": config.source,
        "mode": config.mode,
        "generator": " ".join(config.generator),
    }


def _config_lines(component: Component) -> Callable[[str], list[str]]:
    """Give a function: name of a part ("": the main package) → its lines of configuration in %files."""

    def lines(part: str) -> list[str]:
        configs = [config for config in component.configs if config.subpackage == part]
        plain = [config for config in configs if config.source]
        generated = [config for config in configs if config.generator]
        found = [*_folders(component, plain), *map(_config_line, plain)]
        if generated:
            own = [line for line in _folders(component, generated) if line not in found]
            found += ["%if %{with config}", *own, *map(_config_line, generated), "%endif"]
        return found

    return lines


def _config_line(config: Config) -> str:
    mark = "%config(noreplace)" if config.noreplace else "%config"
    line = f"{mark} {_with_macros(config.path)}"
    given = (config.mode, config.owner, config.group)
    return line if given == PLAIN else f"%attr({', '.join(given)}) {line}"


def _folders(component: Component, configs: list[Config]) -> Iterator[str]:
    """The folders below /etc that are the component's own: those in a folder of its name. Others belong to others."""
    own = dialect.normal_name(component.name)
    folders = {folder for config in configs for folder in PurePosixPath(config.path).parents}
    for folder in sorted(folders):
        if len(folder.parts) > len(("/", "etc")) and folder.parts[2] == own:
            yield f"%dir {_with_macros(str(folder))}"


def _with_macros(path: str) -> str:
    for folder, macro in FOLDERS.items():
        if path.startswith(f"{folder}/"):
            return macro + path.removeprefix(folder)
    return path
