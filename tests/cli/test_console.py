"""What the commands share: Ctrl-C is heard whenever it comes."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sfcci.cli import console

SHIM = Path(__file__).with_name("late_wait.c")
NO_IMPORT = """
import builtins, signal, sys
from sfcci.cli.main import _interrupt
assert "sfcci.command" not in sys.modules
def in_the_middle_of_one(*_words, **_names):
    raise AssertionError("an import")
signal.signal(signal.SIGINT, _interrupt)
builtins.__import__ = in_the_middle_of_one
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    sys.exit(130)
"""
WAITING = """
import os, signal, sys
from sfcci.cli import console
from sfcci.cli.main import _interrupt
signal.signal(signal.SIGINT, _interrupt)
try:
    os.environ["LATE"] = "from now on"
    print("here", flush=True)
    console.until_interrupted()
except KeyboardInterrupt:
    del os.environ["LATE"]
    sys.exit(130)
"""


def test_waiting_ends_by_the_signal_and_leaves_the_process_as_it_was():
    def pressed(_number, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, pressed)
    try:
        thread = threading.Timer(0.05, signal.raise_signal, [signal.SIGUSR1])
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            console.until_interrupted()
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler here")
def test_a_ctrl_c_just_before_the_wait_is_not_lost(tmp_path):
    library = tmp_path / "late.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, SHIM, "-ldl"], check=True)
    argv = ["env", f"LD_PRELOAD={library}", sys.executable, "-c", WAITING]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "here\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()


def test_a_ctrl_c_in_the_middle_of_an_import_imports_nothing():
    done = subprocess.run([sys.executable, "-c", NO_IMPORT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")
