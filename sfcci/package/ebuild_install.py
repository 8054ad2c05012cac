"""What an ebuild makes and installs besides a wheel: configuration and units, told by the same tables as a spec's files.

/etc is protected by portage (CONFIG_PROTECT), so `noreplace` need not be said. Accounts are the administrator's: a file for
another group is installed for root alone, and a message says so.
"""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from sfcci.package.component import Component, Config, Service

MODE = "0644"
"""As doins installs."""
SITE = "local -x PYTHONPATH=${BUILD_DIR}/install$(python_get_sitedir)${PYTHONPATH:+:${PYTHONPATH}}"
"""Generators ask for entry points of what was built and is not installed yet."""


def generators(component: Component) -> tuple[str, ...]:
    """Give the lines of bash that make configuration while a package is built; none for nothing to make."""
    made = [config for config in component.configs if config.generator]
    return (SITE, *(line for config in made for line in _generator(component, config))) if made else ()


def installation(component: Component) -> tuple[str, ...]:
    """Give the lines of bash that install configuration and units, with "" between what belongs together."""
    lines: list[str] = []
    mode = MODE
    for folder, configs in _folders(component.configs):
        lines += ["", f"insinto {folder}"]
        for config in configs:
            if config.mode != mode:
                mode = config.mode
                lines.append(f"insopts -m {mode}")
            lines.append(_install(component, config))
    units = [_unit(service) for service in component.services]
    return (*lines, *([""] if units else []), *units)


def account_messages(component: Component) -> tuple[str, ...]:
    """Say which files wait for an account that no ebuild of ours makes."""
    others = [one for one in component.configs if (one.owner, one.group) != ("root", "root")]
    return tuple(
        line
        for one in others
        for line in (f"{one.path} is for root alone:", "give it to the group that its service runs as.")
    )


def _generator(component: Component, config: Config) -> tuple[str, ...]:
    """The command, its last word with the file that it names."""
    *words, last = map(shlex.quote, config.generator)
    target = f'"${{T}}/{_made_name(component, config)}" || die'
    if not words:
        return (f"{last} {target}",)
    return f"{' '.join(words)} \\", f"\t{last} {target}"


def _install(component: Component, config: Config) -> str:
    name = PurePosixPath(config.path).name
    if config.generator:
        made = _made_name(component, config)
        return f'doins "${{T}}/{made}"' if made == name else f'newins "${{T}}/{made}" {name}'
    return (
        f"doins {config.source}"
        if PurePosixPath(config.source).name == name
        else f"newins {config.source} {name}"
    )


def _made_name(component: Component, config: Config) -> str:
    """A name of its own below ${T}: the file's, or the whole path where two files have the same."""
    names = [PurePosixPath(other.path).name for other in component.configs if other.generator]
    name = PurePosixPath(config.path).name
    return name if names.count(name) == 1 else config.path.strip("/").replace("/", "-")


def _folders(configs: Iterable[Config]) -> Iterator[tuple[PurePosixPath, list[Config]]]:
    """Configuration by folder, each in the description's order, what anybody may read first."""
    found: dict[PurePosixPath, list[Config]] = {}
    for config in sorted(configs, key=lambda one: one.mode != MODE):
        found.setdefault(PurePosixPath(config.path).parent, []).append(config)
    yield from found.items()


def _unit(service: Service) -> str:
    if PurePosixPath(service.source).name == service.name:
        return f"systemd_dounit {service.source}"
    return f"systemd_newunit {service.source} {service.name}"
