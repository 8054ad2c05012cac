"""`sfcci sfc node` as a user runs it, on a state file: no server, no switch."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci.cli.sfc import sfc
from sfcci.errors import SfcciError

NODE1 = (
    "add",
    "node1",
    "--ovsdb",
    "ssl:192.0.2.5:6640",
    "--openflow",
    "ssl:192.0.2.5",
    "--tunnel-ip",
    "192.0.2.5",
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(sfc, ["node", *words, "--state", str(tmp_path / "sfc.db")])


def test_a_node_gets_its_certificate_and_what_to_type_there_is_told(run, tmp_path):
    said = run(*NODE1).output
    pki = tmp_path / "state/pki"
    assert stat.S_IMODE((pki / "nodes/node1.key").stat().st_mode) == 0o600
    assert f"  {pki}/nodes/node1.key\n  {pki}/nodes/node1.crt\n  {pki}/ca.crt\n" in said
    lines = said.partition("then, on node1:\n")[2].splitlines()
    folder = "/etc/openvswitch"
    assert lines == [
        f"  ovs-vsctl set-ssl {folder}/node1.key {folder}/node1.crt {folder}/ca.crt",
        "  ovs-vsctl set-manager pssl:6640",
        "  ovs-vsctl --may-exist add-br br-int -- set-fail-mode br-int secure",
        "  ovs-vsctl set-controller br-int pssl:6653",
    ]
    told = json.loads(run("show", "node1", "--json").output)
    assert (told["openflow"], told["status"]) == ("ssl:192.0.2.5:6653", "UNKNOWN")


def test_without_tls_it_listens_at_its_address_alone_and_needs_no_certificate(run, tmp_path):
    said = run("add", "node2", "--ovsdb", "tcp:192.0.2.6:6640", "--tunnel-ip", "192.0.2.6").output
    assert "set-manager ptcp:6640:192.0.2.6" in said
    assert "set-controller br-int ptcp:6653:192.0.2.6" in said
    assert not (tmp_path / "state/pki").exists()


def test_a_node_is_registered_before_there_is_any_server(tmp_path, monkeypatch):
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("OS_ENDPOINT", raising=False)
    monkeypatch.setattr("sfcci.api.client.answers", lambda _url: False)
    run = CliRunner()
    assert run.invoke(sfc, ["node", *NODE1]).exit_code == 0
    assert '"node1"' in run.invoke(sfc, ["node", "list", "--json"]).output
    alone = {"SFCCI_RUN_STATE": str(tmp_path / "other")}
    assert "no state file yet" in str(run.invoke(sfc, ["node", "list"], env=alone).exception)


def test_nodes_are_listed_changed_and_removed(run):
    run(*NODE1)
    assert (
        run("set", "node1", "--encapsulation", "geneve", "--underlay-mtu", "9000").output == "changed node1\n"
    )
    assert "| node1 | UNKNOWN | 192.0.2.5 |" in run("list").output
    assert "geneve" in run("list", "--long").output
    assert run("remove", "node1").output.splitlines() == [
        "removed node1",
        "nobody reaches its switch now, which keeps what it has; on node1:",
        "  ovs-ofctl -O OpenFlow15 del-flows br-int",
        "  ovs-ofctl -O OpenFlow15 del-groups br-int",
        "  ovs-vsctl --if-exists del-port br-int tun-br-int -- del-controller br-int",
    ]
    assert json.loads(run("list", "--json").output) == []
    assert run("list").output == "no node is registered\n"


def test_ones_own_certificate_is_named_as_files_of_the_servers_machine(run, tmp_path):
    run(*NODE1, "--certificate", "a.crt", "--key", "a.key", "--ca", "/etc/ca.crt")
    told = json.loads(run("show", "node1", "--json").output)
    assert [told[name] for name in ("certificate", "key", "ca")] == [
        f"{tmp_path}/a.crt",
        f"{tmp_path}/a.key",
        "/etc/ca.crt",
    ]
    run("set", "node1", "--certificate", "made")
    assert json.loads(run("show", "node1", "--json").output)["key"] == ""


def test_certificates_are_shown_and_made_anew(run):
    run(*NODE1)
    told = {one["name"]: one for one in json.loads(run("certificates", "--json").output)}
    assert list(told) == ["controller", "node1"]
    before = Path(told["node1"]["certificate_file"]).read_text()
    assert "set-ssl" in run("certificates", "node1", "--renew").output
    assert Path(told["node1"]["certificate_file"]).read_text() != before
    own, nodes = (Path(told[name]["certificate_file"]) for name in ("controller", "node1"))
    kept = own.read_text(), nodes.read_text()
    assert run("certificates", "--own", "--renew").exit_code == 0
    assert (own.read_text() != kept[0], nodes.read_text() == kept[1]) == (True, True)


def test_certificates_are_made_on_the_servers_machine_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("SFCCI_RUN_STATE", str(tmp_path / "state"))
    words = ["node", "certificates", "--url", "http://192.0.2.77:9696"]
    assert "on the server's machine" in str(CliRunner().invoke(sfc, words).exception)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("words", "expected", "status"),
    [
        ((*NODE1[:-2], "--tunnel-ip", "here"), "is not a valid IP address", 1),
        (("add", "node1", "--ovsdb", "192.0.2.5", "--tunnel-ip", "192.0.2.5"), "expected unix:/PATH", 1),
        ((*NODE1, "--certificate", "made", "--key", "a.key"), "give no --key", 2),
        ((*NODE1, "--key", "a.key"), "belong together", 1),
        (("certificates", "--renew"), "name them", 2),
        (
            ("add", "n2", "--ovsdb", "ssl:h", "--tunnel-ip", "::1", "--encapsulation", "gre"),
            "is not one of",
            2,
        ),
    ],
)
def test_what_makes_no_sense_is_told(run, words, expected, status):
    run("add", "node0", "--ovsdb", "unix:/run/db.sock", "--tunnel-ip", "192.0.2.9")
    done = run(*words)
    assert expected in done.output + str(done.exception)
    found = done.exception.exit_status if isinstance(done.exception, SfcciError) else done.exit_code
    assert found == status


def test_what_is_not_there_is_told(run):
    run(*NODE1)
    for words in (("show", "node9"), ("remove", "node9"), ("set", "node9", "--bridge", "x")):
        done = run(*words)
        assert "No node found for node9" in str(done.exception) or done.exit_code == 2
    assert "nothing to set" in str(run("set", "node1").exception)
