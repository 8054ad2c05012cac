"""Periodic runs: what systemd and cron are told."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcci.errors import InputError, UsageError
from sfcci.gate import schedule
from sfcci.gate.schedule import Task

TASK = Task(
    program=("/opt/sfc ci/python", "-m", "sfcci"),
    pipeline="periodic",
    project="/srv/100% $HOME \"project\" 'é'",
    environment={"SFCCI_PROJECT": "/srv/100% $HOME", "SFCCI_RUN_STATE": "/var/lib/sfc ci"},
    writable=("/var/lib/sfc ci", "/var/cache/sfcci"),
    limit_s=900,
)
SPANS = {"5m": 288, "15m": 96, "30m": 48, "1h": 24, "60m": 24, "2h": 12, "6h": 4, "12h": 2, "1d": 1, "24h": 1}


def field_values(field, low, high):
    """The values that a field of cron stands for."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (low, high) if span == "*" else (int(first), int(last or first))
        yield from range(begin, end + 1, int(step or 1))


def firings(cron):
    """The minutes of a day at which a line of cron fires; the other fields say nothing."""
    minute, hour, *others = cron.split()
    assert others == ["*", "*", "*"]
    hours = list(field_values(hour, 0, 23))
    return [h * 60 + m for h in hours for m in field_values(minute, 0, 59)]


@given(st.sampled_from(sorted(SPANS)), st.text(max_size=20))
def test_a_span_is_an_even_rhythm_around_the_clock(span, seed):
    found = firings(schedule.every(span, seed).cron)
    assert len(found) == SPANS[span]
    gaps = {(after - before) % 1440 for before, after in zip(found, [*found[1:], found[0]], strict=True)}
    assert gaps in ({1440 // SPANS[span]}, {0})


@pytest.mark.parametrize("text", ["7m", "5h", "2d", "90s", "0m", "2w"])
def test_an_uneven_rhythm_is_refused_with_the_even_ones(text):
    with pytest.raises(UsageError, match="no even rhythm; expected minutes that divide an hour"):
        schedule.every(text, "")


def test_a_rhythm_that_is_no_span_is_refused():
    with pytest.raises(InputError, match="--every: 'often'"):
        schedule.every("often", "")


def test_a_week_begins_on_monday():
    rhythm = schedule.every("1w", "")
    assert rhythm.calendar.startswith("Mon *-*-* 02:")
    assert rhythm.cron.endswith("2 * * 1")


@pytest.mark.parametrize("text", ["17 */6 * * 1-5", "0,30 1-5/2 1 12 7", "* * * * *"])
def test_crons_fields_are_taken(text):
    assert schedule.cron_calendar(f" {text} ").cron == text


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "5-1 * * * *", "*/0 * * * *", "a * * * *", "* * * * *\nx"]
)
def test_what_cron_cannot_read_is_refused(text):
    with pytest.raises(UsageError, match="expected five fields"):
        schedule.cron_calendar(text)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("span", ["5m", "1h", "6h", "1d", "1w"])
def test_systemd_reads_the_calendar_as_it_is_meant(span):
    argv = ["systemd-analyze", "calendar", "--iterations=3", schedule.every(span, "x").calendar]
    told = subprocess.run(
        argv, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC"}
    ).stdout
    hours = [
        int(h) * 60 + int(m)
        for h, m in re.findall(r"(?:Next elapse|Iter\. #\d): \S+ \S+ (\d\d):(\d\d)", told)
    ]
    assert len(hours) == 3
    if span in ("5m", "1h", "6h"):
        assert (hours[1] - hours[0]) % 1440 == (1440 // SPANS[span])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("system", [True, False])
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path, system):
    program = tmp_path / 'a 100% "b" $c'
    program.mkdir()
    python = program / "python"
    python.symlink_to(sys.executable)
    task = replace(TASK, program=(str(python), "-m", "sfcci"), project=str(program), pipeline="experimental")
    service, timer = tmp_path / f"{task.name}.service", tmp_path / f"{task.name}.timer"
    service.write_text(schedule.service_unit(task, system=system))
    timer.write_text(schedule.timer_unit(task, schedule.every("6h", "")))
    argv = ["systemd-analyze", "verify", *([] if system else ["--user"]), str(service), str(timer)]
    own = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=own)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(tmp_path) in line]) == (0, [])


def test_the_service_runs_then_pushes_and_is_hardened():
    text = schedule.service_unit(TASK, system=True)
    assert 'ExecStart="/opt/sfc ci/python" -m sfcci gate run --pipeline periodic --no-overlap\n' in text
    assert 'ExecStopPost="/opt/sfc ci/python" -m sfcci metrics push\n' in text
    assert (
        'Environment="SFCCI_PROJECT=/srv/100%% $$HOME"\n' in text or "SFCCI_PROJECT=/srv/100%% $HOME" in text
    )
    assert 'ReadWritePaths="/var/lib/sfc ci" /var/cache/sfcci\n' in text
    assert "NoNewPrivileges=yes" in text
    assert "TimeoutStopSec=1800\n" in text, "systemd counts the push, too"
    assert "ExecStopPost" not in schedule.service_unit(replace(TASK, push=False), system=True)
    assert "CapabilityBoundingSet" not in schedule.service_unit(TASK, system=False), "a user has none"


def test_a_crontabs_line_runs_both_with_every_character_as_it_was(tmp_path):
    """The line is read as cron reads it (`\\%` is a percent sign), then by sh."""
    project = tmp_path / "100% 'a' \"b\" $c"
    project.mkdir()
    note = tmp_path / "note"
    told = tmp_path / "told"
    told.write_text(f'#!/bin/sh\necho "$PWD|$SFCCI_RUN_STATE|$*" >> {shlex.quote(str(note))}\nexit 1\n')
    told.chmod(0o755)
    task = replace(
        TASK, program=(str(told),), project=str(project), environment={"SFCCI_RUN_STATE": "/var/50%\\ 'x'"}
    )
    line = schedule.cron_line(task, schedule.every("1d", ""))
    assert line.count("\n") == 1
    fields = line.split(" ", 5)
    assert not re.search(r"(?<!\\)%", fields[5]), "a bare percent sign would be a new line to cron"
    subprocess.run(["/bin/sh", "-c", fields[5].replace("\\%", "%").rstrip("\n")], check=False)
    assert note.read_text().splitlines() == [
        f"{project}|/var/50%\\ 'x'|gate run --pipeline periodic --no-overlap --quiet",
        f"{project}|/var/50%\\ 'x'|metrics push",
    ]


def test_a_file_for_cron_d_names_the_user():
    assert schedule.cron_line(TASK, schedule.cron_calendar("0 4 * * *"), "zuul").startswith(
        "0 4 * * * zuul cd "
    )


def test_a_path_that_would_begin_a_new_line_is_refused():
    evil = replace(TASK, project="/srv\n* * * * * rm")
    with pytest.raises(UsageError, match="control character"):
        schedule.cron_line(evil, schedule.every("1d", ""))
    with pytest.raises(UsageError, match="control character"):
        schedule.service_unit(evil, system=True)


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")
def test_a_lab_is_raised_with_the_capabilities_that_the_service_keeps(tmp_path):
    kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in schedule.CAPABILITIES)
    way = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set", f"-all,{kept}"]
    argv = [*way, sys.executable, "-m", "sfcci", "gate", "run", "--quiet", "sfc-traceroute"]
    own = {**os.environ, "SFCCI_RUN_STATE": str(tmp_path), "SFCCI_PROJECT": str(tmp_path)}
    done = subprocess.run(argv, env=own, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
