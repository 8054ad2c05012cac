"""The flags that a package has with a configuration: portage is asked, and pkgcore, and what both say is compared.

Each runs in its environment as a program; what they keep lies in a folder of ours in the cache. One question at a time.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import command, files
from sfcci.errors import UsageError
from sfcci.finding import Finding
from sfcci.package import overlay, pkgcheck, use_answer, use_lint
from sfcci.package.ebuild import OVERLAY
from sfcci.package.use_answer import Answer
from sfcci.package.use_ask import CONFIG, Say, ask_pkgcore, ask_portage
from sfcci.package.use_config import Configuration, configured
from sfcci.package.use_line import UseLine
from sfcci.settings import Settings

SYSTEM_CONFIG = Path("/etc/portage")


@dataclass(frozen=True)
class UseReport:
    """The answer to a question, what is wrong, and what the answer rests on."""

    answer: Answer
    configuration: Configuration
    findings: tuple[Finding, ...]
    master: str
    """Which ::gentoo judged, as a sentence."""

    def lines(self) -> tuple[UseLine, ...]:
        """Give the lines of package.use that act on the package, in order."""
        acting = sorted({number for version in self.answer.versions for number in version.lines})
        return tuple(line for number in acting if (line := self.configuration.lines[number].line))


def asked(
    settings: Settings,
    atom: str,
    say: Say = lambda _text: None,
    *,
    config: Path | None = None,
    tried: Sequence[str] = (),
) -> UseReport:
    """Ask which flags the versions that `atom` matches have, and what masks them.

    `config` is a folder like /etc/portage (None: this machine's, if it is Gentoo's); `tried` are lines of package.use behind it.
    Raises UsageError (nothing, or several packages, of that name), InputError, MissingTool, Unreachable, ToolError.
    """
    command.find("bash")
    origin = config or (SYSTEM_CONFIG if (SYSTEM_CONFIG / "make.profile").exists() else None)
    folder = settings.cache.absolute() / "gentoo-use"
    with files.locked(folder / "lock"), files.disk_errors(folder), contextlib.ExitStack() as stack:
        stack.callback(files.remove_tree, folder / "prefix")
        files.remove_tree(folder / "prefix")  # a run that was killed leaves one
        (folder / "prefix").mkdir(mode=0o700)  # make.conf may hold secrets
        master = overlay.master_repository(settings, settings.cache.absolute() / "pkgcheck")
        own = settings.project / OVERLAY
        ours = pkgcheck.repository_at(own) if overlay.is_there(settings) else None
        insist = bool(settings.gentoo.repo)
        configuration = configured(folder / "prefix" / CONFIG, origin, master, ours, tried, insist=insist)
        answer, said = _answer(settings, atom, configuration, say)
    found = (*configuration.findings, *said, *use_lint.lint_lines(configuration.lines, answer))
    found = (*found, *use_lint.unmet(answer), *use_answer.disagreements(answer))
    return UseReport(answer, configuration, found, _sentence(settings, configuration))


def _sentence(settings: Settings, configuration: Configuration) -> str:
    judge = configuration.repositories[0]
    return overlay.master_sentence(judge, minimal=settings.cache.absolute() in judge.path.parents)


def _answer(
    settings: Settings, atom: str, configuration: Configuration, say: Say
) -> tuple[Answer, list[Finding]]:
    """Ask both, and give what they say of the configuration, too."""
    lines = [line.atom for line in configuration.lines]
    first, told = ask_portage(settings, configuration, {"atom": atom, "lines": lines}, say)
    _refuse(atom, first, configuration)
    second, more = ask_pkgcore(settings, configuration, {"package": first["package"]}, say)
    return use_answer.answer(first, second), [*told, *more]


def _refuse(atom: str, answer: Mapping[str, Any], configuration: Configuration) -> None:
    if not (error := answer.get("error")):
        return
    names = ", ".join(error["names"])
    where = ", ".join(f"::{one.name} at {one.path}" for one in configuration.repositories)
    says = {
        "ambiguous": f"{atom} is the name of several packages: {names}; name one of them",
        "invalid": f"{atom!r} is no package; expected category/name, with an operator before a version: =www-servers/apache-2.4.62",
        "none": f"nothing matches {atom} in {where}" + (f"; did you mean {names}?" if names else ""),
    }
    raise UsageError(says[error["kind"]])
