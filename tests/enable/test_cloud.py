"""A cloud is asked as OS_CLOUD says, with the real client or without any: by clouds.yaml, through Keystone, or where nobody logs in."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import yaml

from sfcci import command, environment
from sfcci.enable import cloud, cloud_login
from sfcci.errors import InputError, ToolError, Unreachable, UsageError


def beside(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HERE = Path(__file__).parent
api = beside("api_server_of_enable", HERE.parent / "api" / "conftest.py")
keystone = beside("keystone_of_enable", HERE / "keystone.py")
pins = beside("openstack_pins_of_enable", HERE.parent / "api" / "openstack" / "client.py")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Our own server, which needs no login; it has one chain's worth of nothing."""
    with api.running(tmp_path_factory.mktemp("server"), database="sqlite://") as found:
        yield found


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Write clouds.yaml and name one of its clouds; no other variable of a login is there."""

    def made(entry, secret=None, name="mine"):
        for key in [key for key in cloud_login.os.environ if key.startswith("OS_")]:
            monkeypatch.delenv(key)
        path = tmp_path / "clouds.yaml"
        path.write_text(yaml.safe_dump({"clouds": {"mine": entry}}))
        if secret:
            (tmp_path / "secure.yaml").write_text(yaml.safe_dump({"clouds": {"mine": secret}}))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        monkeypatch.setenv("OS_CLOUD", name)

    return made


def opened(server):
    return {"auth_type": "none", "endpoint": server.url, "network_endpoint_override": server.url}


LISTS = [
    "openstack sfc flow classifier list: 0",
    "openstack sfc port pair list: 0",
    "openstack sfc port pair group list: 0",
    "openstack sfc port chain list: 0",
    "openstack sfc service graph list: 0",
]


def test_a_cloud_is_asked_for_all_that_chains_need_without_any_client(server, named, monkeypatch):
    monkeypatch.setattr(command, "available", lambda _program: False)
    named(opened(server))
    said = []
    found = cloud.verified("controller", said.append)
    assert said[2:] == LISTS
    assert [one.keyword for one in found if one.keyword != "NoAgent"] == [], (
        "it has both extensions, and all lists"
    )


@pytest.mark.openstack
def test_the_real_client_gives_the_same(server, named, cache_dir, monkeypatch):
    named(opened(server))
    monkeypatch.setattr(cloud, "CLIENT", str(environment.ensure(pins.SPEC, cache_dir).program("openstack")))
    ask = cloud._with_client()
    there = {row["Alias"] for row in ask(cloud.LOADED)}
    without = cloud_login.logged_in().get(cloud.LOADED.path)["extensions"]
    assert there == {row["alias"] for row in without} > set(cloud.EXTENSIONS)
    assert ask(cloud.CHAINS[-1]) == []


def test_a_client_without_commands_for_chains_is_helped_out(server, named, tmp_path, monkeypatch):
    """A program that says what the client says where python-neutronclient is not installed."""
    named(opened(server))
    client = tmp_path / "openstack"
    client.write_text(
        '#!/bin/sh\n[ "$1" = sfc ] || exec echo "[]"\n'
        "echo \"openstack: '$*' is not an openstack command. See 'openstack --help'.\" >&2\nexit 2\n"
    )
    client.chmod(0o755)
    monkeypatch.setattr(cloud, "CLIENT", str(client))
    said = []
    found = cloud.verified("controller", said.append)
    assert [line.partition(" sfc ")[2] for line in said[2:]] == [line.partition(" sfc ")[2] for line in LISTS]
    assert "NotListed" not in {one.keyword for one in found}


def test_an_api_that_was_just_restarted_is_waited_for(monkeypatch):
    asked = []

    def ask(listing):
        asked.append(listing)
        if len(asked) < 3:
            raise Unreachable("it does not answer")
        return [{"alias": name} for name in cloud.EXTENSIONS]

    monkeypatch.setattr(cloud, "AGAIN_S", 0.001)
    monkeypatch.setattr(cloud, "_without_client", lambda: ask)
    monkeypatch.setattr(command, "available", lambda _program: False)
    said = []
    assert [one.keyword for one in cloud.verified("controller", said.append, patience_s=60)] == ["NoAgent"]
    assert said[:2] == ["the API does not answer yet: it does not answer"] * 2
    asked.clear()
    with pytest.raises(Unreachable):
        cloud.verified("controller", said.append)


def test_keystone_gives_the_token_and_the_address(server, named):
    with keystone.running(server.url) as (address, asked):
        auth = {
            "auth_url": address,
            "username": "admin",
            "project_name": "admin",
            "user_domain_name": "Default",
        }
        named({"auth": auth, "region_name": "RegionOne"}, {"auth": {"password": keystone.PASSWORD}})
        session = cloud_login.logged_in()
        assert session.get("/v2.0/sfc/port_chains") == {"port_chains": []}
    user = {"name": "admin", "domain": {"name": "Default"}, "password": keystone.PASSWORD}
    (body,) = asked
    assert body["auth"]["identity"] == {"methods": ["password"], "password": {"user": user}}
    assert body["auth"]["scope"] == {"project": {"name": "admin", "domain": {"id": "default"}}}
    assert session.http.headers["X-Auth-Token"] == "token-of-a-test"
    assert keystone.PASSWORD not in repr(session) + repr(cloud_login.cloud())


def test_an_application_credential_is_enough(server, named):
    with keystone.running(server.url) as (address, asked):
        auth = {
            "auth_url": address,
            "application_credential_id": "1",
            "application_credential_secret": keystone.SECRET,
        }
        named({"auth_type": "v3applicationcredential", "auth": auth})
        assert cloud_login.logged_in().address == server.url
    assert "scope" not in asked[0]["auth"]


def test_a_wrong_password_is_told_without_it(server, named):
    with keystone.running(server.url) as (address, _asked):
        named({"auth": {"auth_url": address, "username": "admin", "password": "wrong-one"}})
        with pytest.raises(ToolError, match="requires authentication") as told:
            cloud_login.logged_in()
    assert "wrong-one" not in str(told.value)


def test_a_region_that_the_cloud_has_not_is_told(server, named):
    with keystone.running(server.url) as (address, _asked):
        auth = {"auth_url": address, "username": "admin", "password": keystone.PASSWORD}
        named({"auth": auth, "region_name": "elsewhere"})
        with pytest.raises(UsageError, match="no public address of a network service in region elsewhere"):
            cloud_login.logged_in()


def test_a_cloud_that_is_not_in_the_file_is_told_with_what_was_perhaps_meant(named):
    named({}, name="mines")
    with pytest.raises(
        InputError, match=r"clouds\.yaml: has no cloud mines; expected mine; did you mean mine\?"
    ):
        cloud_login.cloud()


def test_a_login_that_only_the_client_knows_says_what_to_install(named):
    named({"auth_type": "v3oidcpassword", "auth": {"auth_url": "http://127.0.0.1:1"}})
    with pytest.raises(UsageError, match="pip install python-openstackclient"):
        cloud_login.cloud()


def test_variables_name_a_cloud_too_and_nothing_named_is_told():
    given = {"OS_AUTH_URL": "http://k:5000", "OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_REGION_NAME": "R"}
    meant = cloud_login.cloud(given)
    assert (meant.kind, meant.region, meant.auth["username"]) == ("password", "R", "u")
    with pytest.raises(UsageError, match="set OS_CLOUD"):
        cloud_login.cloud({})


def test_a_server_that_is_not_there_is_told(named):
    named({"auth_type": "none", "endpoint": "http://127.0.0.1:1"})
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:1/v2\.0/agents does not answer"):
        cloud_login.logged_in().get("/v2.0/agents")


def agent(host, alive, form):
    if form == "client":
        return {"Agent Type": cloud.OVS_AGENT, "Host": host, "Alive": alive}
    return {"agent_type": cloud.OVS_AGENT, "host": host, "alive": alive}


@pytest.mark.parametrize("form", ["client", "api"])
@pytest.mark.parametrize(
    ("rows", "host", "told"),
    [
        ([("one", True), ("two", True)], "", []),
        ([("one", True), ("two", False)], "", [("AgentNotAlive", "warning")]),
        ([("one", False)], "", [("AgentNotAlive", "error")]),
        ([("one", True), ("two", False)], "two.example.org", [("AgentNotAlive", "error")]),
        ([("one", True)], "two", [("NoAgent", "error")]),
        ([], "", [("NoAgent", "error")]),
    ],
)
def test_agents_that_carry_no_chains_are_told(form, rows, host, told):
    found = cloud.agent_findings([agent(*row, form) for row in rows], host)
    assert [(one.keyword, str(one.severity)) for one in found] == told


def test_an_api_without_the_extensions_is_told(monkeypatch):
    monkeypatch.setattr(cloud, "_without_client", lambda: lambda _listing: [{"alias": "router"}])
    monkeypatch.setattr(command, "available", lambda _program: False)
    found = cloud.verified("controller", lambda _text: None)
    assert [one.what for one in found if one.keyword == "ExtensionNotLoaded"] == [
        "the API has no extension flow_classifier",
        "the API has no extension sfc",
    ]
    assert json.dumps([one.as_json() for one in found])
