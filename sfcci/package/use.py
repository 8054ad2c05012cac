"""The flags that a package has with a configuration: portage is asked, and pkgcore, and what both say is compared.

Each runs in its environment as a program; what they keep lies in a folder of ours in the cache. One question at a time.
"""

import grp
import json
import os
import pwd
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcci import command, environment, files
from sfcci.environment import Environment
from sfcci.errors import Place, UsageError
from sfcci.finding import Finding, Severity
from sfcci.package import overlay, pkgcheck, use_answer, use_lint
from sfcci.package.ebuild import OVERLAY
from sfcci.package.portage import PORTAGE
from sfcci.package.use_answer import Answer
from sfcci.package.use_config import FOREIGN, PACKAGE_USE, Configuration, configured
from sfcci.package.use_line import UseLine
from sfcci.settings import Settings

Say = Callable[[str], None]
SYSTEM_CONFIG = Path("/etc/portage")
CONFIG = Path("etc", "portage")
"""In the prefix. pkgcore is given this as it stands: it reads no package.use below a hidden folder, as caches are."""
TIMEOUT_S = 120.0
"""A question takes 1 to 2 s; ebuilds of a whole category without a cache take longer."""


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
    with files.locked(folder / "lock"), files.disk_errors(folder):
        files.remove_tree(folder / "prefix")
        master, sentence = _master(settings)
        own = settings.project / OVERLAY
        ours = pkgcheck.repository_at(own) if overlay.is_there(settings) else None
        place = folder / "prefix" / "etc" / "portage"
        configuration = configured(place, origin, master, ours, tried)
        answer, said = _both(settings, folder / "prefix", atom, configuration, say)
    found = (*configuration.findings, *said, *use_lint.lint_lines(configuration.lines, answer))
    found = (*found, *use_lint.unmet(answer), *use_answer.disagreements(answer))
    return UseReport(answer, configuration, found, sentence)


def _master(settings: Settings) -> tuple[pkgcheck.Repository, str]:
    cache = settings.cache.absolute()
    master = overlay.master_repository(settings, cache / "pkgcheck")
    return master, overlay.master_sentence(master, minimal=cache in master.path.parents)


def _both(
    settings: Settings, prefix: Path, atom: str, configuration: Configuration, say: Say
) -> tuple[Answer, list[Finding]]:
    say("asking portage")
    lines = [line.line.atom if line.line else "" for line in configuration.lines]
    first, words = _ask_portage(settings, prefix, {"atom": atom, "lines": lines}, say)
    _refuse(atom, first, configuration)
    say("asking pkgcore")
    second = _ask_pkgcore(settings, prefix, {"package": first["package"]}, say)
    said = [*_said_by_portage(words, configuration), *_said_by_pkgcore(second["refused"], configuration)]
    return use_answer.answer(first, second), said


def _ask_portage(
    settings: Settings, prefix: Path, request: dict[str, Any], say: Say
) -> tuple[dict[str, Any], str]:
    made = environment.ensure(PORTAGE, settings.cache, say)
    for name in ("share", "home", "var/tmp"):
        (prefix / name).mkdir(parents=True, exist_ok=True)
    (prefix / "share" / "portage").symlink_to(made.root / "share" / "portage")
    variables = {
        "PORTAGE_OVERRIDE_EPREFIX": str(prefix),
        "PORTAGE_DEPCACHEDIR": str(prefix / "var" / "cache"),
        "PORTAGE_TMPDIR": str(prefix / "var" / "tmp"),
        "PORTAGE_USERNAME": pwd.getpwuid(os.geteuid()).pw_name,
        "PORTAGE_GRPNAME": grp.getgrgid(os.getegid()).gr_name,
        "NOCOLOR": "true",
        "ROOT": "/",
        "FEATURES": "-sandbox -usersandbox -userpriv -ipc-sandbox -pid-sandbox -network-sandbox -news",
    }
    return _ask(made, prefix, "use_in_portage.py", request, variables)


def _ask_pkgcore(settings: Settings, prefix: Path, request: dict[str, Any], say: Say) -> dict[str, Any]:
    made = environment.ensure(pkgcheck.SPEC, settings.cache, say)
    answer, _words = _ask(made, prefix, "use_in_pkgcore.py", request, {}, CONFIG)
    return answer


def _ask(
    made: Environment,
    prefix: Path,
    script: str,
    request: Mapping[str, Any],
    variables: Mapping[str, str],
    *words: Path,
) -> tuple[dict[str, Any], str]:
    """Run a script beside this module in an environment; give its result, and what it wrote on standard error."""
    question, result = prefix / "request.json", prefix / "result.json"
    files.write_text(question, json.dumps(request))
    argv: list[str | Path] = [
        made.python,
        "-I",
        "-B",
        Path(__file__).with_name(script),
        *words,
        question,
        result,
    ]
    done = command.run(argv, timeout_s=TIMEOUT_S, env={**_environ(prefix), **variables}, cwd=prefix)
    return json.loads(result.read_text()), done.stderr


def _environ(prefix: Path) -> dict[str, str]:
    """Nothing of the caller's: flags and features in the environment would count, and HOME has caches."""
    return {
        "HOME": str(prefix / "home"),
        "PATH": command.search_path(),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
    }


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


def _said_by_portage(words: str, configuration: Configuration) -> Iterator[Finding]:
    """What portage says of the user's files; the rest is about this machine. Lines of package.use are looked at by ourselves."""
    for line in dict.fromkeys(words.splitlines()):
        if str(configuration.path) in line and f"/{PACKAGE_USE}:" not in line:
            what = configuration.told_from_origin(line.strip(" !*-"))
            yield Finding(FOREIGN, Severity.WARNING, _origin(configuration), f"portage says: {what}")


def _said_by_pkgcore(texts: Iterable[str], configuration: Configuration) -> Iterator[Finding]:
    """What pkgcore says: of a line of package.use, that it drops it."""
    refused = re.compile(rf"'{re.escape(str(configuration.path / PACKAGE_USE))}', line (\d+): (.*)")
    for text in dict.fromkeys(texts):
        if found := refused.match(text):
            place = configuration.lines[int(found[1]) - 1].place
            yield Finding("PkgcoreDropsLine", Severity.WARNING, place, f"pkgcore drops the line: {found[2]}")
        else:
            what = f"pkgcore says: {configuration.told_from_origin(text)}"
            yield Finding(FOREIGN, Severity.WARNING, _origin(configuration), what)


def _origin(configuration: Configuration) -> Place:
    return Place(str(configuration.origin or "."))
