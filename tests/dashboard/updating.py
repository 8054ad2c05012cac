"""What the tests of an update share: dashboards to push, the command, and it as a process that signals reach at a known place."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from click.testing import CliRunner

from sfcci.cli.main import sfcci

TOKEN = "glsa_geheim"
JSON = {"Content-Type": "application/json"}
RESTS_S = 1.0
"""Whose main thread has slept for so long in one go waits for something."""


def write(path, title, target="x.y", **panel):
    one = {"title": "P", "type": "graph", "targets": [{"target": target}], **panel}
    rows = [{"title": "R", "height": "320px", "panels": [one]}]
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps({"dashboard": {"title": title, "rows": rows}}))


def run(grafana, *words, **more):
    env = {"SFCCI_GRAFANA_TOKEN": TOKEN, "SFCCI_GRAFANA_URL": grafana.url}
    done = CliRunner().invoke(sfcci, ["dashboard", *map(str, words)], env=env, **more)
    assert done.exception is None or isinstance(done.exception, (SystemExit, Exception))
    return done


def well(grafana, *words):
    done = run(grafana, *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def titles(grafana):
    return sorted(one["dashboard"]["title"] for one in grafana.dashboards.values())


def process(grafana, files):
    words = [sys.executable, "-m", "sfcci", "dashboard", "update", str(files), "--parallel", "1"]
    env = {**os.environ, "SFCCI_GRAFANA_TOKEN": TOKEN, "SFCCI_GRAFANA_URL": grafana.url}
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _switches(pid):
    """How often the main thread has gone to sleep, and whether SIGINT waits for it; None when it is gone."""
    try:
        told = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/task/{pid}/status").read_text().splitlines()
        )
    except OSError:
        return None
    pending = int(told["SigPnd"], 16) | int(told["ShdPnd"], 16)
    return int(told["voluntary_ctxt_switches"]), bool(pending & 1 << signal.SIGINT - 1)


def interrupt(running):
    """Send Ctrl-C and wait until the process has done what it does about it: its main thread has woken, and rests, or is gone."""
    before, _ = _switches(running.pid)
    running.send_signal(signal.SIGINT)
    last, quiet_since, until = before, time.monotonic(), time.monotonic() + 60
    while time.monotonic() < until and running.poll() is None and (now := _switches(running.pid)):
        if now[0] != last or now[0] == before or now[1]:
            last, quiet_since = now[0], time.monotonic()
        elif time.monotonic() - quiet_since > RESTS_S:
            break
        time.sleep(0.02)


@contextlib.contextmanager
def held(grafana, what):
    """Hold the first answer for which `what(method, path, body)` is true: (it was asked, let it go)."""
    reached, go_on = threading.Event(), threading.Event()

    def waits(method, path, body):
        if not reached.is_set() and what(method, path, body):
            reached.set()
            go_on.wait(120)

    grafana.hook = waits
    try:
        yield reached, go_on
    finally:
        go_on.set()
        grafana.hook = None


def interrupted(grafana, files, what, times=1):
    """Give what is said when Ctrl-C comes while that answer is waited for."""
    with held(grafana, what) as (reached, go_on), process(grafana, files) as running:
        assert reached.wait(120)
        for _ in range(times):
            interrupt(running)
        go_on.set()
        _, errors = running.communicate(timeout=120)
    assert running.returncode == 130
    return errors
