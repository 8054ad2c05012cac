"""The one place that starts programs."""

import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from sfcci import command
from sfcci.errors import MissingTool, ToolError


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid):
    for _ in range(200):
        if not alive(pid):
            return True
        time.sleep(0.01)
    return False


def test_a_program_gives_status_and_text():
    done = command.run(["sh", "-c", "echo out; echo err >&2; cat"], timeout_s=60, stdin="in\n")
    assert (done.status, done.stdout, done.stderr) == (0, "out\nin\n", "err\n")


def test_a_failing_program_is_told_with_its_last_words():
    with pytest.raises(ToolError) as caught:
        command.run(["sh", "-c", "echo first; echo what went wrong >&2; exit 7"], timeout_s=60)
    assert caught.value.failure.status == 7
    assert "what went wrong" in str(caught.value)


def test_a_missing_program_is_told_with_the_command_that_installs_it():
    with pytest.raises(MissingTool, match="no-such-program is not installed"):
        command.run(["no-such-program"], timeout_s=1)
    assert "openvswitch" in command.install_hint("ovs-vsctl")


def test_a_program_that_this_machine_cannot_start_is_told(tmp_path):
    broken = tmp_path / "broken"
    broken.touch(mode=0o755)
    with pytest.raises(MissingTool, match="broken cannot be started; Exec format error"):
        command.run([broken], timeout_s=1)


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path):
    note = tmp_path / "pid"
    with pytest.raises(ToolError, match=r"out of time after 0\.5 s"):
        command.run(["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], timeout_s=0.5)
    assert wait_until_gone(int(note.read_text()))


INTERRUPTED = """
import signal, sys
from sfcci import command
from sfcci.cli.main import _interrupt
signal.signal(signal.SIGINT, _interrupt)
command.run(["sh", "-c", sys.argv[1]], timeout_s=60)
"""


def test_after_ctrl_c_a_program_puts_its_things_in_order_before_it_ends(tmp_path):
    began, done = tmp_path / "began", tmp_path / "done"
    orderly = (
        f"trap 'sleep 0.3; touch {shlex.quote(str(done))}; exit' TERM; "
        f"touch {shlex.quote(str(began))}; while :; do sleep 0.05; done"
    )
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, orderly], stderr=subprocess.DEVNULL) as process:
        while not began.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
    assert done.exists()


def test_a_started_program_ends_with_its_block():
    with command.start(["sleep", "60"]) as process:
        assert alive(process.pid)
    assert not alive(process.pid)


def test_a_started_program_ends_when_the_block_fails():
    with pytest.raises(RuntimeError), command.start(["sleep", "60"]) as process:
        raise RuntimeError
    assert not alive(process.pid)


def test_a_launched_program_outlives_the_tool(tmp_path):
    code = (
        "from pathlib import Path; from sfcci import command;"
        f"print(command.launch(['sleep', '60'], log=Path({str(tmp_path / 'log')!r})))"
    )
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    try:
        assert alive(pid)
    finally:
        os.kill(pid, 9)


def test_what_a_program_says_goes_to_its_log(tmp_path):
    log = tmp_path / "log"
    with pytest.raises(ToolError, match="both outputs"):
        command.run(["sh", "-c", "echo both; echo both outputs >&2; exit 1"], timeout_s=60, log=log)
    assert log.read_text() == "both\nboth outputs\n"
