"""Runs portage and pkgcore, each in its environment and on a configuration of ours, and listens to what they say."""

import grp
import json
import os
import pwd
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from sfcci import command, environment, files
from sfcci.command import Completed
from sfcci.environment import Environment
from sfcci.errors import Fault, InputError, Place, ToolError
from sfcci.finding import Finding, Severity
from sfcci.package import pkgcheck
from sfcci.package.portage import PORTAGE
from sfcci.package.use_config import FOREIGN, PACKAGE_USE, Configuration
from sfcci.settings import Settings

Say = Callable[[str], None]
CONFIG = Path("etc", "portage")
"""In the prefix. pkgcore is given this as it stands: it reads no package.use below a hidden folder, as caches are."""
TIMEOUT_S = 120.0
"""A question takes 1 to 2 s; many ebuilds without a cache take longer."""
FEATURES = "-sandbox -usersandbox -userpriv -ipc-sandbox -pid-sandbox -network-sandbox -news"
"""What asks for programs and accounts that only Gentoo has; what bears on flags (test) is the user's."""


def ask_portage(
    settings: Settings, configuration: Configuration, request: Mapping[str, Any], say: Say
) -> tuple[dict[str, Any], list[Finding]]:
    """Give the answer of `use_in_portage`, and what portage says of the configuration.

    Raises InputError (it cannot read the configuration), MissingTool, Unreachable, ToolError.
    """
    made = environment.ensure(PORTAGE, settings.cache, say)
    say("asking portage")
    prefix = configuration.prefix
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
        "FEATURES": FEATURES,
    }
    answer, words = _ask("portage", made, configuration, request, variables)
    return answer, list(_said_by_portage(words, configuration))


def ask_pkgcore(
    settings: Settings, configuration: Configuration, request: Mapping[str, Any], say: Say
) -> tuple[dict[str, Any], list[Finding]]:
    """Give the answer of `use_in_pkgcore`, and what pkgcore says of the configuration. Raises as `ask_portage`."""
    made = environment.ensure(pkgcheck.SPEC, settings.cache, say)
    say("asking pkgcore")
    answer, _words = _ask("pkgcore", made, configuration, request, {}, CONFIG)
    return answer, list(_said_by_pkgcore(answer["refused"], configuration))


def _ask(
    program: str,
    made: Environment,
    configuration: Configuration,
    request: Mapping[str, Any],
    variables: Mapping[str, str],
    *words: Path,
) -> tuple[dict[str, Any], str]:
    """Run `use_in_PROGRAM`, which lies beside this module; give its result, and what it wrote on standard error."""
    prefix = configuration.prefix
    script = Path(__file__).with_name(f"use_in_{program}.py")
    question, result = prefix / "request.json", prefix / f"{program}.json"
    files.write_text(question, json.dumps(request))
    argv: list[str | Path] = [
        *command.ends_with_tool(),
        made.python,
        "-I",
        "-B",
        script,
        *words,
        question,
        result,
    ]
    environ = {**_environ(prefix), **variables}
    done = command.run(argv, timeout_s=TIMEOUT_S, env=environ, cwd=prefix, check=False)
    if done.status != 0:
        _give_up(done, program, configuration)
    return json.loads(result.read_text()), done.stderr


def _environ(prefix: Path) -> dict[str, str]:
    """Nothing of the caller's: flags and features in the environment would count, and HOME has caches."""
    return {
        "HOME": str(prefix / "home"),
        "PATH": command.search_path(),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
    }


def _give_up(done: Completed, program: str, configuration: Configuration) -> NoReturn:
    """A package manager breaks down over a configuration that it cannot read: its last line says where."""
    last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
    if done.status < 0 or not last:
        raise ToolError(done.failure())
    said = configuration.told_from_origin(last[0].strip()).rpartition("Error: ")[2]
    hint = "correct it there; without it there is no answer"
    raise InputError(
        Fault(_origin(configuration), f"{program} cannot read the configuration: {said}", hint=hint)
    )


def _said_by_portage(words: str, configuration: Configuration) -> Iterator[Finding]:
    """What portage says of the user's files; the rest is about this machine. Lines of package.use are looked at by ourselves."""
    for line in dict.fromkeys(words.splitlines()):
        if str(configuration.path) in line and f"/{PACKAGE_USE}:" not in line:
            what = configuration.told_from_origin(line.strip(" !*-"))
            yield Finding(FOREIGN, Severity.WARNING, _origin(configuration), f"portage says: {what}")


def _said_by_pkgcore(texts: Iterable[str], configuration: Configuration) -> Iterator[Finding]:
    """What pkgcore says: of a line of package.use, that it drops it."""
    refused = re.compile(rf"'{re.escape(str(CONFIG / PACKAGE_USE))}', line (\d+): (.*)")
    for text in dict.fromkeys(texts):
        if found := refused.match(text):
            place = configuration.lines[int(found[1]) - 1].place
            yield Finding("PkgcoreDropsLine", Severity.WARNING, place, f"pkgcore drops the line: {found[2]}")
        else:
            what = f"pkgcore says: {text.replace(str(CONFIG), str(configuration.origin or CONFIG))}"
            yield Finding(FOREIGN, Severity.WARNING, _origin(configuration), what)


def _origin(configuration: Configuration) -> Place:
    return Place(str(configuration.origin or "."))
