"""`sfcci sfc` against the real server: declared, exported, changed by several at once, cut off."""

import json
import os
import signal
import subprocess
import sys

import yaml
from click.testing import CliRunner

from sfcci.cli.sfc import sfc

PATIENCE_S = 60
PORTS = 8
FILE = {
    "networks": {"net": {"port_security_enabled": False}},
    "subnets": {"sub": {"network": "net", "cidr": "10.0.0.0/24"}},
    "ports": {f"p{n}": {"network": "net", "device_id": f"vm{n}", "host": "node1"} for n in range(PORTS)},
    "port_pairs": {f"PP{n}": {"ingress": f"p{n}", "egress": f"p{n}"} for n in range(PORTS - 1)},
    "port_pair_groups": {f"PG{n}": {"port_pairs": [f"PP{n}"]} for n in range(PORTS - 1)},
    "flow_classifiers": {"FC": {"protocol": "tcp", "logical_source_port": f"p{PORTS - 1}"}},
    "port_chains": {"PC": {"port_pair_groups": ["PG0"], "flow_classifiers": ["FC"]}},
}
NOTHING = {section: {} for section in FILE}


def started(server, *words):
    argv = [sys.executable, "-m", "sfcci", "sfc", *words, "--url", server.url]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def run(server, *words):
    """In this process: starting one takes longer than all that it does."""
    result = CliRunner().invoke(sfc, [*words, "--url", server.url])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def declared(tmp_path, data, name="chains.yaml"):
    path = tmp_path / name
    path.write_text(yaml.safe_dump(data))
    return str(path)


def test_a_file_is_brought_about_and_comes_out_again(server, tmp_path):
    path = declared(tmp_path, FILE)
    run(server, "apply", path)
    assert run(server, "apply", path, "--dry-run") == "nothing to change\n"
    told = yaml.safe_load(run(server, "export"))
    assert told["port_pair_groups"] == FILE["port_pair_groups"]
    assert told["port_chains"]["PC"]["flow_classifiers"] == ["FC"]
    run(server, "apply", declared(tmp_path, NOTHING), "--prune", "--yes")
    assert not any(yaml.safe_load(run(server, "export")).values())


def test_all_who_add_a_hop_at_once_do(server, tmp_path):
    run(server, "apply", declared(tmp_path, FILE))
    words = ("port", "chain", "set", "--port-pair-group")
    at_once = [started(server, *words, f"PG{n}", "PC") for n in range(1, 5)]
    for process in at_once:
        with process:
            assert process.communicate(timeout=PATIENCE_S)[1] == ""
        assert process.returncode == 0
    hops = yaml.safe_load(run(server, "export"))["port_chains"]["PC"]["port_pair_groups"]
    assert hops[0] == "PG0"
    assert sorted(hops) == [f"PG{n}" for n in range(5)]
    run(server, "apply", declared(tmp_path, NOTHING), "--prune", "--yes")


def cut_off(server, number, *words):
    with started(server, *words) as process:
        process.stdout.readline()  # the diff: the requests follow
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_S)


def test_an_apply_that_is_killed_is_finished_by_the_next(server, tmp_path):
    whole, nothing = declared(tmp_path, FILE), declared(tmp_path, NOTHING, "nothing.yaml")
    cut_off(server, signal.SIGKILL, "apply", whole)
    run(server, "apply", whole)
    assert yaml.safe_load(run(server, "export"))["port_pair_groups"] == FILE["port_pair_groups"]
    cut_off(server, signal.SIGINT, "apply", nothing, "--prune", "--yes")
    run(server, "apply", nothing, "--prune", "--yes")
    assert not any(yaml.safe_load(run(server, "export")).values())


def test_two_who_apply_one_file_at_once_make_everything_once(server, tmp_path):
    whole, nothing = declared(tmp_path, FILE), declared(tmp_path, NOTHING, "nothing.yaml")
    at_once = [started(server, "apply", whole) for _ in range(2)]
    for process in at_once:
        with process:
            assert process.communicate(timeout=PATIENCE_S)[1] == ""
        assert process.returncode == 0
    assert set(yaml.safe_load(run(server, "export"))["networks"]) == {"net"}
    run(server, "apply", nothing, "--prune", "--yes")


def test_a_state_file_that_a_server_has_is_left_to_it(api_server):
    with api_server() as server:
        argv = [sys.executable, "-m", "sfcci", "sfc", "port", "list", "--state", server.database]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 3
        assert "ask it by its address, with --url" in done.stderr
        assert json.loads(run(server, "port", "list", "--json")) == []
