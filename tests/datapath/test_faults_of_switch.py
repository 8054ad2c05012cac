"""Open vSwitch's daemons are killed, and its ports, flows and settings changed by hand: everything comes right again."""

import subprocess

import pytest
from click.testing import CliRunner
from faults_world import DAEMONS, PATIENCE_S, kill, numbers, process, quiet, until

from sfcci import command
from sfcci.cli.lab import lab as group
from sfcci.datapath import ovs, standing
from sfcci.datapath.lab import raised
from sfcci.datapath.scenario import load_scenario

pytestmark = pytest.mark.lab
needs_user_namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", *command.OWN_USER, "true"], capture_output=True, check=False).returncode != 0,
    reason="no user namespaces here",
)


def gets(lab):
    words = ["curl", "-s", "-m", "2", "http://10.0.0.128/"]
    return lab.run("source", words, timeout_s=PATIENCE_S).stdout == "This is dest.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def lab(folder):
    """A lab that nobody serves."""
    up = standing.up(folder, "faults", load_scenario("demo"), lambda _: None)
    yield up.lab
    standing.down(folder, up)


@pytest.mark.parametrize("signal", [9, 15])
@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemon_that_ends_is_started_again_with_the_same_ports_flows_and_groups(lab, daemon, signal):
    before = lab.flows(), lab.groups(), numbers(lab)
    had = len(ovs.restarts(lab.keeper))
    kill(lab, daemon, signal)
    until(lambda: quiet(lab.flows) == before[0])
    assert (lab.flows(), lab.groups(), numbers(lab)) == before
    until(lambda: gets(lab))
    assert [name for _, name in ovs.restarts(lab.keeper)[had:]] == [daemon]


def test_devices_are_not_doubled_and_files_do_not_pile_up(lab):
    def there():
        links = lab.run("switch", ["ip", "-o", "link"], timeout_s=PATIENCE_S).stdout.splitlines()
        files = sorted(path.name for path in (lab.keeper.root / "run/lab").iterdir())
        return sorted(line.split()[1] for line in links), [name for name in files if name != "restarts"]

    before = there()
    for daemon in DAEMONS * 2:
        kill(lab, daemon)
        until(lambda: quiet(lambda: numbers(lab)) and quiet(lab.flows))
    until(lambda: there() == before)


def test_a_new_switch_forwards_nothing_until_it_has_its_program(lab):
    (lab.keeper.root / "run/lab/restore").rename(lab.keeper.root / "run/lab/kept")
    program = lab.flows()
    kill(lab, "ovs-vswitchd")
    until(lambda: quiet(lab.flows) is not None)
    assert lab.flows() == ""
    assert not gets(lab)
    (lab.keeper.root / "run/lab/kept").rename(lab.keeper.root / "run/lab/restore")
    kill(lab, "ovs-vswitchd")
    until(lambda: quiet(lab.flows) == program)


def test_lab_status_tells_what_was_started_again_and_what_does_not_run(lab, folder, monkeypatch):
    kill(lab, "ovs-vswitchd")
    until(lambda: ovs.silent(lab.keeper) == ())
    monkeypatch.setenv("SFCCI_RUN_STATE", str(folder))
    told = CliRunner().invoke(group, ["status"])
    assert told.exit_code == 0
    assert "ovs-vswitchd had ended and was started again at 20" in told.output
    start = lab.keeper.root / "run/lab/ovs-vswitchd.start"
    words = start.read_text()
    start.write_text("/bin/false")
    number = process(lab, "ovs-vswitchd")
    lab.run("switch", ["sh", "-c", f"kill -9 {number}"], timeout_s=PATIENCE_S, check=True)
    until(lambda: ovs.silent(lab.keeper))
    told = CliRunner().invoke(group, ["status"])
    assert told.exit_code == 1
    assert "ovs-vswitchd does not run; the lab starts it again every second. Its last words: " in told.output
    start.write_text(words)
    until(lambda: gets(lab))


@needs_user_namespaces
def test_an_ordinary_user_s_switch_is_started_again_and_has_its_program_with_the_next_apply(monkeypatch):
    monkeypatch.setattr("sfcci.datapath.namespace.os.geteuid", lambda: 1000)
    scenario = load_scenario("demo")
    with raised(scenario) as lab:
        assert lab.datapath == "dummy"
        before = lab.flows(), lab.groups(), numbers(lab)
        for daemon in DAEMONS:
            kill(lab, daemon)
        until(lambda: quiet(lambda: numbers(lab)) == before[2])
        until(lambda: quiet(lab.flows) is not None)
        lab.apply(scenario.chains)
        assert (lab.flows(), lab.groups(), numbers(lab)) == before
        until(lambda: gets(lab))
