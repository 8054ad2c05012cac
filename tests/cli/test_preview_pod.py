"""`sfcci preview up` and its neighbours on the terminal, where there is no podman or none is needed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.cli.main import main
from sfcci.dashboard import pod_quadlet
from sfcci.dashboard.podman import Podman
from sfcci.errors import MissingTool

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def without_podman(tmp_path, monkeypatch):
    """A podman that cannot do anything, first on the path."""
    program = tmp_path / "bin" / "podman"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'Error: broken' >&2\nexit 125\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SFCCI_PROJECT", str(PROJECT))


@pytest.fixture
def sfcci(capfd, monkeypatch):
    """Run `sfcci preview WORDS`: exit status and all that it says."""

    def run(*words):
        monkeypatch.setattr(signal, "signal", lambda *_words: None)  # those of the tests' own process stay
        monkeypatch.setattr(sys, "argv", ["sfcci", "preview", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, "".join(capfd.readouterr())

    return run


@pytest.mark.usefixtures("without_podman")
def test_without_a_fallback_the_reason_is_told_in_one_sentence_and_the_status_is_3(sfcci):
    status, told = sfcci("up", "--no-fallback")
    assert (status, told.count("\n")) == (3, 1), told
    assert "podman does not tell its version: broken" in told


@pytest.mark.usefixtures("without_podman")
@pytest.mark.parametrize("words", [["down"], ["status"], ["logs"], ["load", "x"], ["save", "x"]])
def test_the_others_say_so_too(sfcci, words):
    status, told = sfcci(*words)
    assert (status, told.count("\n")) == (3, 1), told


@pytest.mark.usefixtures("without_podman")
def test_where_podman_cannot_the_dashboards_are_shown_on_a_local_page_until_ctrl_c():
    argv = [sys.executable, "-m", "sfcci", "preview", "up", "--graphite", "http://127.0.0.1:1"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert line.startswith("http://127.0.0.1:"), told
    assert "no pod: " in told
    assert "broken" in told
    assert "shown on a local page instead (--no-fallback: not)" in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("without_podman")
def test_files_that_are_not_there_are_told_before_podman_is_asked(sfcci, tmp_path):
    status, told = sfcci("up", str(tmp_path / "none"))
    assert status == 2
    assert "none does not exist" in told


def test_kube_prints_the_pod_for_podman_by_hand(sfcci):
    status, told = sfcci("kube", "--statsd")
    assert status == 0
    assert "kind: Pod" in told
    assert "stats.js" in told


def test_quadlet_prints_a_unit_that_names_the_yaml_beside_it(sfcci, monkeypatch, tmp_path):
    monkeypatch.setattr(pod_quadlet, "SYSTEM", tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    status, told = sfcci("quadlet")
    assert status == 0
    assert f"[Kube]\nYaml={pod_quadlet.folder()}/sfcci-preview.yaml\n" in told


@pytest.mark.parametrize("version", [(4, 3, 1), (4, 4, 0), (5, 2, 1)])
def test_quadlet_units_are_installed_where_podman_has_quadlet(monkeypatch, tmp_path, version):
    monkeypatch.setattr(pod_quadlet, "SYSTEM", tmp_path / "containers" / "systemd")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(pod_quadlet, "probe", lambda *_words: Podman(version, True, {}, ""))
    given = settings.load(tmp_path, {})
    if version < (4, 4):
        with pytest.raises(MissingTool, match=r"podman 4\.3\.1 has no quadlet; it came with 4\.4"):
            pod_quadlet.install(given, print)
        assert not (tmp_path / "containers").exists()
        return
    unit = pod_quadlet.install(given, print)
    assert unit.path.read_text() == pod_quadlet.unit(given)
    assert "kind: Pod" in unit.path.with_suffix(".yaml").read_text()
    assert unit.start.endswith("start sfcci-preview.service")
