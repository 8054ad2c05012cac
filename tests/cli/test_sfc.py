"""`sfcci sfc` as a user runs it, on a state file and against the real server."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner

from sfcci.cli import sfc_door, sfc_status
from sfcci.cli.sfc import sfc
from sfcci.cli.sfc_table import KINDS
from sfcci.cli.sfc_verbs import _names
from sfcci.errors import SfcciError, UsageError

DEMO = """\
networks: {private: {port_security_enabled: false}}
subnets: {private-subnet: {network: private, cidr: 10.0.0.0/24}}
ports:
  p1in: {network: private, device_id: vm1, host: node1}
  p1out: {network: private, device_id: vm1, host: node1}
  src: {network: private}
port_pairs: {PP1: {ingress: p1in, egress: p1out}}
port_pair_groups: {PG1: {port_pairs: [PP1]}}
flow_classifiers: {FC1: {protocol: tcp, logical_source_port: src}}
port_chains: {PC1: {port_pair_groups: [PG1], flow_classifiers: [FC1]}}
"""


VARIABLES = ("OS_ENDPOINT", "OS_USERNAME", "OS_PASSWORD", "OS_TOKEN", "OS_AUTH_URL", "OS_AUTH_TYPE")


@pytest.fixture
def run(tmp_path, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return lambda *words, **more: CliRunner().invoke(
        sfc, [*words, "--state", str(tmp_path / "state.db")], **more
    )


@pytest.fixture
def demo(run, tmp_path):
    (tmp_path / "demo.yaml").write_text(DEMO)
    assert run("apply", str(tmp_path / "demo.yaml")).exit_code == 0
    return run


def shown(run, *words):
    return json.loads(run(*words, "--json").output)


def leaves(group, words=()):
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from leaves(command, (*words, name))
        else:
            yield (*words, name), command


def test_every_command_has_help_and_an_example_that_parses():
    told = 0
    for words, command in leaves(sfc):
        assert command.help, words
        example = (command.epilog or "").removeprefix("Example: sfcci sfc ")
        assert example.startswith(" ".join(words)), words
        told += 1
    assert told > 50


def test_a_verb_that_is_none_is_told(run):
    result = run("port", "chain", "lst")
    assert result.exit_code == 2
    assert "No such command 'lst'" in result.output
    chain = sfc.get_command(None, "port").get_command(None, "chain")
    assert "list" in chain.commands  # among these a newer click finds the nearest


def test_a_chain_is_made_changed_and_taken_away_by_names(run):
    for words in (
        "network create net",
        "subnet create --network net --subnet-range 10.0.0.0/24 sub",
        "port create --network net --device vm1 in1",
        "port create --network net --device vm1 out1",
        "port create --network net --fixed-ip subnet=sub,ip-address=10.0.0.9 src",
        "flow classifier create --protocol tcp --destination-port 80:90 --logical-source-port src FC1",
        "port pair create --ingress in1 --egress out1 --service-function-parameters weight=3 PP1",
        "port pair group create --port-pair PP1 --port-pair-group-parameters lb-fields=ip_src&ip_dst PG1",
        "port pair group create PG2",
        "port chain create --port-pair-group PG1 --flow-classifier FC1 --chain-parameters symmetric=no PC1",
        "port chain set --port-pair-group PG2 --fail-mode open --description d PC1",
        "port chain unset --port-pair-group PG1 --all-flow-classifier PC1",
        "port set --host node1 in1",
    ):
        result = run(*words.split())
        assert result.exit_code == 0, (words, result.output, result.exception)
    chain = shown(run, "port", "chain", "show", "PC1")
    assert chain["port_pair_groups"] == [shown(run, "port", "pair", "group", "show", "PG2")["id"]]
    assert (chain["flow_classifiers"], chain["fail_mode"], chain["description"]) == ([], "open", "d")
    assert shown(run, "port", "pair", "show", "PP1")["service_function_parameters"] == {
        "correlation": None,
        "weight": 3,
    }
    assert shown(run, "port", "show", "src")["fixed_ips"][0]["ip_address"] == "10.0.0.9"
    assert run("port", "chain", "delete", "PC1").exit_code == 0
    assert run("port", "chain", "list").output == ""


@pytest.mark.parametrize(
    "words",
    ["port chain list", "port chain show PC1", "port delete p", "export", "status", "apply {} --dry-run"],
)
def test_words_that_only_read_make_no_state_file(run, tmp_path, words):
    (tmp_path / "demo.yaml").write_text(DEMO)
    result = run(*words.format(tmp_path / "demo.yaml").split())
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith(f"there is no state file {tmp_path}/state.db; look at its name")
    assert [path.name for path in tmp_path.iterdir()] == ["demo.yaml"]
    url = f"sqlite:///{tmp_path}/state.db"
    result = CliRunner().invoke(sfc, ["port", "list", "--state", url])
    assert f"there is no state file {url};" in str(result.exception)


def test_several_are_deleted_and_those_that_stay_are_told(demo):
    result = demo("port", "pair", "delete", "PP1", "nope", "--json")
    assert result.exit_code == 1
    assert "port pair PP1 is not deleted: Port Pair" in result.output
    assert "No port pair found for nope" in result.output


def test_a_refusal_is_one_sentence_with_neutrons_type(demo):
    result = demo("port", "pair", "create", "--ingress", "p1in", "--egress", "p1out", "PP2")
    assert isinstance(result.exception, sfc_door.NotTaken)
    assert result.exception.exit_status == 1
    assert "is already used by another Port Pair" in str(result.exception)
    assert str(result.exception).endswith("(PortPairIngressEgressInUse, 400)")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("port chain set PC1", "nothing to change; name what: --name"),
        ("port chain set --no-port-pair-group PC1", "a chain has one hop at least"),
        ("port set --enable --disable p1in", "--disable contradicts another option"),
        ("service graph create --branching-point PC1 G", "expected CHAIN:CHAIN"),
        (
            "port pair create --ingress p1in --egress p1out --service-function-parameters w=1 P",
            "expected correlation=..",
        ),
        ("flow classifier create --destination-port x:1 F", "found 'x', expected a whole number"),
        ("port list --url http://h", "give one of them"),
    ],
)
def test_words_that_make_no_sense_are_told(demo, words, told):
    result = demo(*words.split())
    assert isinstance(result.exception, UsageError)
    assert told in str(result.exception)


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--json", "--dry-run"), ("--yes",)])
def test_what_the_api_would_refuse_half_way_is_told_before_anything_is_done(demo, tmp_path, more):
    path = tmp_path / "more.yaml"
    path.write_text(
        "networks: {other: {}}\nports:\n"
        "  p: {network: private, fixed_ips: [{subnet: private-subnet, ip_address: 10.0.1.7}]}\n"
    )
    result = demo("apply", str(path), *more)
    assert (result.exception.exit_status, result.stdout) == (2, "")
    assert f"{path}:3:3: ports.p: the API would refuse to create port p: IP address 10.0.1.7" in str(
        result.exception
    )
    assert [one["name"] for one in shown(demo, "network", "list")] == ["private"]


def test_a_name_that_several_have_is_not_guessed_at(demo):
    assert demo("network", "create", "private").exit_code == 0
    result = demo("network", "show", "private")
    assert "2 networks have the name private; name one by its id: " in str(result.exception)


def test_a_description_is_taken_away_with_nothing(demo):
    assert demo("port", "chain", "set", "--description", "x", "PC1").exit_code == 0
    assert demo("port", "chain", "set", "--description", "", "PC1").exit_code == 0
    assert shown(demo, "port", "chain", "show", "PC1")["description"] == ""


def test_what_others_have_written_has_no_power_over_the_terminal(demo):
    demo("port", "chain", "set", "PC1", "--description", "\x1b[2Jone\ntwo")
    done = demo("port", "chain", "show", "PC1")
    assert "\x1b" not in done.output
    assert "| \\x1b[2Jone " in done.output
    assert "| two " in done.output


def test_two_who_add_to_one_list_at_once_both_do(demo, monkeypatch):
    """The other one's change comes between our reading and our writing."""
    for name in ("PG2", "PG3"):
        assert demo("port", "pair", "group", "create", name).exit_code == 0
    real, meanwhile = sfc_door._door, []

    def door(*given, **more):
        made = real(*given, **more)
        ask = made.ask

        def asking(method, path, body=None, query=(), revision=None):
            if method == "PUT" and not meanwhile:
                meanwhile.append(path)
                old = ask("GET", path)["port_chain"]
                other = ask("GET", "sfc/port_pair_groups", query=(("name", "PG3"),))["port_pair_groups"][0][
                    "id"
                ]
                ask("PUT", path, {"port_chain": {"port_pair_groups": [*old["port_pair_groups"], other]}})
            return ask(method, path, body, query, revision)

        made.ask = asking
        return made

    monkeypatch.setattr(sfc_door, "_door", door)
    assert demo("port", "chain", "set", "--port-pair-group", "PG2", "PC1").exit_code == 0
    assert len(meanwhile) == 1
    names = {one["id"]: one["name"] for one in shown(demo, "port", "pair", "group", "list")}
    chain = shown(demo, "port", "chain", "show", "PC1")
    assert [names[id_] for id_ in chain["port_pair_groups"]] == ["PG1", "PG3", "PG2"]


def test_status_tells_why_a_chain_carries_nothing(demo):
    result = demo("status")
    assert result.exit_code == 1
    assert result.output == (
        "PC1  BUILD: no server runs on this state  (fail mode closed)\n  1. PG1: PP1 (down)\n"
    )
    (chain,) = json.loads(demo("status", "--json").output)
    assert chain["hops"] == [{"port_pair_group": "PG1", "port_pairs": ["PP1"], "live": [], "weight_0": []}]
    assert demo("port", "chain", "delete", "PC1").exit_code == 0
    assert (demo("status").exit_code, demo("status").output) == (0, "no port chain is there\n")


def test_status_tells_a_pair_that_is_not_meant_to_get_anything_from_one_that_is_down():
    idle, down = ({"name": name, "id": name} for name in ("PP1", "PP2"))
    pairs = {
        "PP1": {**idle, "service_function_parameters": {"correlation": None, "weight": 0}},
        "PP2": {**down, "service_function_parameters": {}},
        "PP3": {"name": "", "id": "PP3", "service_function_parameters": None},
    }
    group = {"id": "g", "name": "PG1", "port_pairs": [*pairs]}
    chain = {"id": "c", "name": "PC1", "port_pair_groups": ["g"], "live_port_pairs": {"g": ["PP3"]}}
    (hop,) = sfc_status.hops(chain, {"g": group}, pairs)
    assert sfc_status.marked(hop) == "PP1 (weight 0), PP2 (down), PP3"


def test_an_export_is_a_file_of_its_own_that_changes_nothing(demo):
    told = demo("export").output
    assert yaml.safe_load(told)["port_chains"] == {
        "PC1": {"port_pair_groups": ["PG1"], "flow_classifiers": ["FC1"], "chain_id": 1}
    }
    assert json.loads(demo("export", "--json").output) == yaml.safe_load(told)
    again = demo("apply", "-", "--prune", input=told)
    assert (again.exit_code, again.output) == (0, "nothing to change\n")


def test_a_diff_comes_first_and_a_dry_run_changes_nothing(demo, tmp_path):
    changed = tmp_path / "changed.yaml"
    changed.write_text(DEMO.replace("[FC1]}}", "[]}}").replace("vm1, host: node1}", "vm1, host: node2}", 1))
    expected = '~ port p1in: host node1 → node2\n~ port chain PC1: flow_classifiers ["FC1"] → []\n'
    result = demo("apply", str(changed), "--dry-run")
    assert (result.exit_code, result.output) == (1, expected)
    assert shown(demo, "port", "show", "p1in")["binding:host_id"] == "node1"
    assert demo("apply", str(changed)).output.startswith(expected + "done: 2 requests to sqlite:///")
    assert (demo("apply", str(changed), "--dry-run").exit_code, demo("apply", str(changed)).output) == (
        0,
        "nothing to change\n",
    )


def test_nothing_is_deleted_unasked(demo, tmp_path):
    less = tmp_path / "less.yaml"
    less.write_text("port_chains: {}\n")
    result = demo("apply", str(less), "--prune")
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("this deletes or makes anew: port chain PC1; say --yes")
    assert shown(demo, "port", "chain", "list")
    assert demo("apply", str(less), "--prune", "--yes").exit_code == 0
    assert shown(demo, "port", "chain", "list") == []


@pytest.mark.usefixtures("demo")
def test_names_are_completed(tmp_path):
    def completed(**given):
        return [one.value for one in _names(KINDS["ports"])(SimpleNamespace(params=given), None, "p1")]

    assert completed(url=None, state_file=str(tmp_path / "state.db")) == ["p1in", "p1out"]
    assert completed(url="http://127.0.0.1:1", state_file=None) == []


def test_no_server_and_no_state_file_is_told_with_what_to_do(monkeypatch):
    monkeypatch.delenv("OS_ENDPOINT", raising=False)
    monkeypatch.setattr(sfc_door, "DEFAULT", "http://127.0.0.1:1")
    result = CliRunner().invoke(sfc, ["port", "list"])
    assert isinstance(result.exception, SfcciError)
    assert result.exception.exit_status == 3
    assert "start one with: sfcci sfc serve" in str(result.exception)


def test_who_asks_is_known_from_the_openstack_clients_variables(monkeypatch):
    from sfcci.settings import Api

    login = sfc_door._login
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OS_USERNAME", "u")
    monkeypatch.setenv("OS_PASSWORD", "p")
    assert (login(Api()).user, login(Api()).password) == ("u", "p")
    assert login(Api(user="v", password="q")).user == "v"
    assert login(Api(token="t")).token == "t"
    monkeypatch.setenv("OS_AUTH_URL", "https://keystone.example.org")
    assert login(Api()).user == ""
    monkeypatch.setenv("OS_AUTH_TYPE", "http_basic")
    assert login(Api()).user == "u"


def test_the_file_of_the_documentation_is_one(run, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "sfc-apply.md").read_text()
    path = tmp_path / "documented.yaml"
    path.write_text(text.split("```yaml\n")[1].split("```")[0])
    assert run("apply", str(path)).exit_code == 0
    assert run("apply", str(path), "--prune").output == "nothing to change\n"


def test_a_router_is_connected_with_a_subnet_and_parted_from_it(demo):
    assert demo("router", "create", "r1").exit_code == 0
    assert demo("router", "add", "subnet", "r1", "private-subnet").exit_code == 0
    owners = [one["device_owner"] for one in shown(demo, "port", "list")]
    assert owners.count("network:router_interface") == 1
    assert "router" not in demo("export").output
    assert demo("router", "remove", "subnet", "r1", "private-subnet").exit_code == 0
    assert demo("router", "delete", "r1").exit_code == 0


def test_one_resources_values_stand_to_the_left(demo):
    lines = demo("port", "chain", "show", "PC1").stdout.splitlines()
    assert next(line for line in lines if line.startswith("| Chain ID")).split("|")[2].startswith(" 1 ")


def test_a_name_is_asked_for_once_and_by_itself(demo, monkeypatch):
    asked, door_of = [], sfc_door._door

    def listening(*words, **more):
        door = door_of(*words, **more)
        ask = door.ask
        monkeypatch.setattr(
            door,
            "ask",
            lambda method, path, *a, **k: asked.append((method, path)) or ask(method, path, *a, **k),
        )
        return door

    monkeypatch.setattr(sfc_door, "_door", listening)
    group = shown(demo, "port", "pair", "group", "show", "PG1")["id"]
    assert asked == [("GET", "sfc/port_pair_groups")]
    asked.clear()
    assert demo("port", "pair", "group", "show", group).exit_code == 0
    assert asked == [("GET", f"sfc/port_pair_groups/{group}")]
    asked.clear()
    made = demo("port", "chain", "create", "PC2", "--port-pair-group", "PG1", "--port-pair-group", "PG1")
    assert (made.exit_code, asked.count(("GET", "sfc/port_pair_groups"))) == (1, 1)
