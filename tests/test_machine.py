"""What the machine lacks, and the command that installs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from sfcci import machine
from sfcci.machine import Tool

LOST = Tool("no-such-program", "lab", "nothing", "deb-name", "rpm-name", "net-misc/name")
NOWHERE = Tool("no-such-either", "lab", "nothing", "deb-other", "rpm-other", "")


@pytest.fixture
def having(monkeypatch):
    """A machine whose only package manager is the one given."""

    def _having(program):
        monkeypatch.setattr(
            machine.shutil, "which", lambda name, **_options: f"/usr/bin/{name}" if name == program else None
        )

    return _having


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("apt-get", "apt-get install deb-name deb-other"),
        ("dnf", "dnf install rpm-name rpm-other"),
        ("emerge", "emerge net-misc/name"),
        ("pacman", ""),
    ],
)
def test_each_distribution_is_told_in_its_own_words(having, program, command):
    having(program)
    assert machine.install_command([LOST, NOWHERE, LOST]) == command


def test_a_tool_that_the_distribution_lacks_has_no_command(having):
    having("emerge")
    assert machine.install_command([NOWHERE]) == ""


def test_a_program_of_a_package_is_found_under_its_package(having):
    having("apt-get")
    assert machine.install_hint("ovs-vswitchd") == "install it with: apt-get install openvswitch-switch"
    assert machine.install_hint("unheard-of") == ""


def test_every_tool_says_where_it_comes_from():
    for tool in machine.TOOLS:
        assert tool.why
        assert tool.apt
        assert tool.dnf
        assert set(tool.purposes) <= {"run", "test"}


def test_set_up_on_another_distribution_names_what_is_missing_and_goes_on():
    code = """
import sys
from sfcci import bootstrap, machine
machine.TOOLS = (machine.Tool("no-such-program", "lab", "raises labs", "a", "the-package", "c"),)
machine.distribution = lambda: "dnf"
bootstrap.install_system_packages("run")
"""
    project = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "sfcci: missing: no-such-program (raises labs)",
        "sfcci: install what is missing with: dnf install the-package; going on without it",
    ]
