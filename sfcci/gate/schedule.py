"""Periodic runs: the text of a systemd timer and service, or of a cron line, that run a pipeline and push its metrics.

Sources: systemd.timer(5), systemd.service(5), systemd.exec(5), systemd.time(7), crontab(5).
"""

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sfcci.errors import UsageError
from sfcci.moment import parse_span

MINUTE_S, HOUR_S, DAY_S, WEEK_S = 60, 3600, 86_400, 604_800
STOP_S, PUSH_S = 60, 1800
"""How long a unit's end may take: systemd counts what runs behind the jobs to it, and the first push sets Graphite up."""
NIGHT_H = 2
"""Daily runs begin in the hour after that."""
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
CAPABILITIES = (
    "CAP_SYS_ADMIN",  # namespaces and their mounts
    "CAP_SYS_CHROOT",  # a lab's own root; rpm --root
    "CAP_NET_ADMIN",  # interfaces of the lab
    "CAP_NET_RAW",  # captures, traceroute
    "CAP_NET_BIND_SERVICE",  # port 80 in the lab
    "CAP_DAC_OVERRIDE",  # files of the project's owner; rpm
    "CAP_CHOWN",  # rpm
    "CAP_FOWNER",  # rpm
    "CAP_KILL",  # what was started under another user
)
"""What is left to a system service's root: as little as a lab can be raised with."""
HARDENING = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET
UMask=0077
"""
SYSTEM_HARDENING = """\
CapabilityBoundingSet={capabilities}
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
"""
NOT_HARDENED = """\
# Not set, because a lab needs it: RestrictNamespaces (it is made of namespaces), ProtectKernelTunables (its hosts have
# network settings of their own), PrivateNetwork (metrics go to Graphite), PrivateDevices (the switch uses /dev/net/tun).
"""


@dataclass(frozen=True)
class Rhythm:
    """When to run, in systemd's words (OnCalendar) and in cron's (five fields); "" where only the other was given."""

    calendar: str
    cron: str


@dataclass(frozen=True)
class Task:
    """What runs: `program` are the words that start sfcci, `environment` pins its folders."""

    program: tuple[str, ...]
    pipeline: str
    project: str
    environment: Mapping[str, str]
    writable: tuple[str, ...]
    limit_s: int
    """A run takes no longer than this, all attempts of all jobs together."""
    push: bool = True

    @property
    def name(self) -> str:
        """The name of its units and files."""
        return f"sfcci-{self.pipeline}"


def every(text: str, seed: str) -> Rhythm:
    """Give the rhythm of a span that divides an hour, a day or a week evenly; `seed` spreads the minutes.

    Raises UsageError, InputError.
    """
    span_s = parse_span(text, "--every")
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])
    if span_s and span_s % MINUTE_S == 0 and HOUR_S % span_s == 0 and span_s < HOUR_S:
        step = span_s // MINUTE_S
        minute = number % step
        return Rhythm(f"*-*-* *:{minute:02}/{step}:00", f"{minute}-59/{step} * * * *")
    minute = number % 60
    if span_s and span_s % HOUR_S == 0 and DAY_S % span_s == 0 and span_s < DAY_S:
        step = span_s // HOUR_S
        if step == 1:
            return Rhythm(f"*-*-* *:{minute:02}:00", f"{minute} * * * *")
        hour = number // 60 % step
        return Rhythm(f"*-*-* {hour:02}/{step}:{minute:02}:00", f"{minute} {hour}-23/{step} * * *")
    if span_s == DAY_S:
        return Rhythm(f"*-*-* {NIGHT_H:02}:{minute:02}:00", f"{minute} {NIGHT_H} * * *")
    if span_s == WEEK_S:
        return Rhythm(f"Mon *-*-* {NIGHT_H:02}:{minute:02}:00", f"{minute} {NIGHT_H} * * 1")
    expected = "minutes that divide an hour (5m, 15m, 30m), hours that divide a day (1h, 6h, 12h), 1d or 1w"
    raise UsageError(f"--every {text}: no even rhythm; expected {expected}, or use --calendar")


_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")


def cron_calendar(text: str) -> Rhythm:
    """Give the rhythm of cron's five fields (numbers, ranges, lists, steps). Raises UsageError."""
    fields = text.split()
    if len(fields) != len(_FIELDS) or not all(map(_is_field, fields, _FIELDS)):
        expected = (
            "five fields: minute, hour, day of the month, month, day of the week, such as '17 */6 * * 1-5'"
        )
        raise UsageError(f"--calendar {text!r} is nothing that cron reads; expected {expected}")
    return Rhythm("", " ".join(fields))


def systemd_calendar(text: str) -> Rhythm:
    """Give the rhythm of a calendar expression of systemd.time(7); systemd itself checks it. Raises UsageError."""
    return Rhythm(_printable(text.strip(), "--calendar"), "")


def _is_field(field: str, limits: tuple[int, int]) -> bool:
    low, high = limits
    for part in field.split(","):
        found = _PART.fullmatch(part)
        if not found:
            return False
        first, last = int(found[2] or low), int(found[3] or found[2] or high)
        if not low <= first <= last <= high or found[4] == "0":
            return False
    return True


def service_unit(task: Task, *, system: bool) -> str:
    """Give the service: it runs the pipeline, then pushes, however the run ended. It never overlaps with itself."""
    lines = [
        "[Unit]",
        f"Description=sfcci: the jobs of the pipeline {task.pipeline}",
        "",
        "[Service]",
        "# systemd starts no second one while this one runs; --no-overlap keeps runs from cron or by hand apart from it, too.",
        "Type=oneshot",
        f"WorkingDirectory={_unit_path(task.project)}",
        *(f"Environment={_unit_word(f'{key}={value}')}" for key, value in sorted(task.environment.items())),
        f"ExecStart={_command_line(_run_words(task))}",
        *([f"ExecStopPost={_command_line(_push_words(task))}"] if task.push else []),
        "# Exit status 1 means that a voting job failed: the unit is then failed, and its OnFailure= can tell somebody.",
        f"TimeoutStartSec={task.limit_s}",
        "# A stop asks the tool alone, which records its runs as CANCELED and ends what it started. What is pushed then counts, too.",
        "KillMode=mixed",
        f"TimeoutStopSec={PUSH_S if task.push else STOP_S}",
        "",
    ]
    text = "\n".join(lines) + "\n" + HARDENING
    if system:
        text += SYSTEM_HARDENING.format(capabilities=" ".join(CAPABILITIES))
        text += f"ReadWritePaths={' '.join(map(_unit_word, task.writable))}\n"
    return text + NOT_HARDENED


def timer_unit(task: Task, rhythm: Rhythm) -> str:
    """Give the timer; a run that was missed (the machine was off) is made up for."""
    return f"""\
[Unit]
Description=sfcci: when the jobs of the pipeline {task.pipeline} run

[Timer]
OnCalendar={rhythm.calendar}
Persistent=yes
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def cron_line(task: Task, rhythm: Rhythm, user: str = "") -> str:
    """Give the line for a crontab; with a user, for a file of /etc/cron.d.

    A run that would overlap with another begins nothing, says so (cron mails it), and pushes what is there.
    """
    settings = [
        f"{key}={shlex.quote(_printable(value, key))}" for key, value in sorted(task.environment.items())
    ]
    words = [["cd", _printable(task.project, "the project")]]
    commands = ["env " + " ".join(settings) + " " + shlex.join(_run_words(task, "--quiet"))]
    if task.push:
        commands.append("env " + " ".join(settings) + " " + shlex.join(_push_words(task)) + " >/dev/null")
    shell = shlex.join(words[0]) + " && { " + "; ".join(commands) + "; }"
    who = f" {user}" if user else ""
    return f"{rhythm.cron}{who} " + shell.replace("%", "\\%") + "\n"


def _run_words(task: Task, *options: str) -> tuple[str, ...]:
    return (*task.program, "gate", "run", "--pipeline", task.pipeline, "--no-overlap", *options)


def _push_words(task: Task) -> tuple[str, ...]:
    return (*task.program, "metrics", "push")


def _command_line(words: Sequence[str]) -> str:
    """Give a command as ExecStart reads it: in arguments `$` begins a variable, and a program's name may not be odd."""
    program, *arguments = words if re.fullmatch(r"[\w@+:,./ -]+", words[0]) else ("/usr/bin/env", *words)
    return " ".join([_unit_word(program), *(_unit_word(word).replace("$", "$$") for word in arguments)])


def _unit_word(text: str) -> str:
    """Give a word as systemd reads it: `%` doubled, quoted where it has blanks or quotes."""
    word = _printable(text, "a unit").replace("\\", "\\\\").replace("%", "%%")
    return word if re.fullmatch(r"[\w@%+=:,./$-]+", word, re.ASCII) else '"' + word.replace('"', '\\"') + '"'


def _unit_path(text: str) -> str:
    """Give a path as the settings read it that take one path to the end of the line."""
    return _printable(text, "the project").replace("%", "%%")


def _printable(text: str, what: str) -> str:
    if FORBIDDEN.search(text):
        raise UsageError(f"{what} {text!r} holds a control character, which no unit and no crontab can say")
    return text
