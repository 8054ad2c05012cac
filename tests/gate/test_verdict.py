"""The verdict on an attempt: what an installed program has to say, how time is bounded."""

import ast
import os
import sys
import time

import pytest

from sfcci import command
from sfcci.errors import ProgramFailure, ToolError
from sfcci.gate import verdict
from sfcci.gate.job import Job, Result
from sfcci.gate.order import Order
from sfcci.gate.steps import TimeUp
from sfcci.package import install
from sfcci.package.install import Installed


@pytest.fixture(autouse=True)
def no_interrupt_stays():
    yield
    command._interrupted.clear()


@pytest.fixture
def order(tmp_path):
    job = Job("installed", ("gate",), 20, install="sfcci", command=("sfcci", "gate"))
    return Order(job, tmp_path, tmp_path / "cache", rpms=(tmp_path / "a.rpm",))


@pytest.fixture
def installed(monkeypatch):
    """A program stands for the one out of the packages."""

    def says(code):
        monkeypatch.setattr(install, "install_root", lambda _rpms, root: root.mkdir())
        way = Installed((sys.executable, "-c", code), dict(os.environ))
        monkeypatch.setattr(install, "installed_program", lambda _root, _name: way)

    return says


def judged(order):
    phases = []
    found = verdict.judge(order, phases.append)
    assert not (order.folder / "root").exists(), "what was installed is no evidence"
    return found, phases


@pytest.mark.parametrize(
    ("code", "result"), [("pass", Result.SUCCESS), ("raise SystemExit('no module')", Result.FAILURE)]
)
def test_an_installed_program_decides_by_its_exit_status(code, result, order, installed):
    installed(code)
    found, phases = judged(order)
    assert (found.result, phases) == (result, ["installing", "running"])
    if result is Result.FAILURE:
        assert found.reasons[-1] == "no module"
        assert "no module" in (order.folder / "output").read_text()


def test_an_installed_program_that_hangs_is_timed_out_and_ended(order, installed):
    installed("import time; time.sleep(600)")
    quick = Order(
        Job("hangs", ("gate",), 0.5, install="sfcci", command=("sfcci",)), order.folder, order.cache
    )
    found, _ = judged(quick)
    assert (found.result, found.reasons) == (Result.TIMED_OUT, ("the job did not end within 0.5 s",))


def test_a_packaged_sfcci_sees_none_of_our_settings(order, installed, monkeypatch, tmp_path):
    monkeypatch.setenv("SFCCI_DATABASE_URL", "sqlite:////nowhere")
    note = tmp_path / "note"
    told = "{k: v for k, v in os.environ.items() if 'SFCCI' in k}"
    installed(f"import os; print({told}, file=open({str(note)!r}, 'w'))")
    assert judged(order)[0].result is Result.SUCCESS
    seen = ast.literal_eval(note.read_text())
    assert set(seen) == {"SFCCI_PROJECT", "SFCCI_RUN_STATE", "SFCCI_RUN_CACHE"}
    assert seen["SFCCI_RUN_STATE"].startswith(seen["SFCCI_PROJECT"])


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("conflicts with file from package", Result.RETRY),
        ("unpacking: No space left on device", Result.DISK_FULL),
    ],
)
def test_packages_that_do_not_install_are_tried_again_unless_the_disk_is_full(
    order, monkeypatch, said, result
):
    def refuse(_rpms, _root):
        raise ToolError(ProgramFailure(("rpm",), 1, (said,)))

    monkeypatch.setattr(install, "install_root", refuse)
    assert judged(order)[0].result is result


def test_the_alarm_interrupts_whatever_waits():
    with pytest.raises(TimeUp), verdict._alarm(0.2):
        command.run(["sleep", "60"], timeout_s=60)


def test_the_alarm_is_over_when_its_block_is():
    with verdict._alarm(0.05):
        pass
    time.sleep(0.1)  # it would ring here
