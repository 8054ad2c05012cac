"""How the real client is pointed at the server, with and without a user, a token, TLS."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .rest import Http

pytestmark = pytest.mark.openstack
LIST = ("network", "list", "-f", "value", "-c", "Name")
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def network(http):
    return http.made("networks", name="private")


def clouds(folder, **cloud):
    """Not in the client's home: a cloud that is the only one there is taken without being named."""
    path = folder / "clouds.yaml"
    path.write_text(yaml.safe_dump({"clouds": {"here": cloud}}))
    return {"OS_CLIENT_CONFIG_FILE": str(path), "OS_CLOUD": "here"}


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("auth", ["none", "admin_token", "http_basic"])
def test_words_point_the_client_at_the_server(client, server, auth):
    login = {
        "none": (),
        "admin_token": ("--os-token", "x"),
        "http_basic": ("--os-username", "u", "--os-password", "p"),
    }
    words = ("--os-auth-type", auth, "--os-endpoint", server.url, *login[auth], *LIST)
    ran = client.quick(*words)
    assert (ran.status, ran.stdout) == (0, "private\n"), ran


@pytest.mark.usefixtures("network")
def test_the_environment_points_the_client_at_the_server(client, server):
    ran = client.plain(*LIST, OS_AUTH_TYPE="none", OS_ENDPOINT=server.url)
    assert (ran.status, ran.stdout) == (0, "private\n"), ran


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("form", ["endpoint", "override"])
def test_clouds_yaml_points_the_client_at_the_server(client, server, form, tmp_path):
    named = {
        "endpoint": {"auth": {"endpoint": server.url}},
        "override": {"network_endpoint_override": server.url},
    }
    ran = client.quick(*LIST, **clouds(tmp_path, auth_type="none", **named[form]))
    assert (ran.status, ran.stdout) == (0, "private\n"), ran


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--os-auth-type", "none", "--os-endpoint", "{url}/v2.0"), "version discovery document"),
        (("--os-auth-type", "token_endpoint", "--os-token", "x", "--os-endpoint", "{url}"), ""),
        (
            ("--os-auth-type", "none", "--os-network-endpoint-override", "{url}"),
            "is not an openstack command",
        ),
    ],
)
def test_these_words_do_not_point_the_client_at_any_server_without_keystone(client, server, words, why):
    ran = client.quick(*(word.format(url=server.url) for word in words), *LIST)
    assert ran.status
    assert why in ran.stderr or why in ran.stdout


def add_user(folder, *words, password=None):
    argv = [sys.executable, "-m", "sfcci", "sfc", "user", "add", *words]
    more = [] if password else ["--token"]
    argv += ["--auth-file", folder / "users.json", "--json", *more]
    ran = subprocess.run(argv, input=f"{password}\n", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def locked(tmp_path_factory, openstack_environment, running_server):
    """A server with TLS that knows two users and a token: (server, token, its authority's certificate)."""
    folder = tmp_path_factory.mktemp("locked")
    maker = Path(__file__).with_name("certificate.py")
    subprocess.run([openstack_environment.python, maker, folder], check=True)
    add_user(folder, "carol", "--project", "red", password=PASSWORD)
    add_user(folder, "dave", "--project", "blue", password=PASSWORD)
    token = add_user(folder, "robot", "--project", "red", "--admin")["token"]
    words = ("--auth-file", "users.json", "--tls-cert", "cert.pem", "--tls-key", "key.pem")
    whole = [word if word.startswith("--") else str(folder / word) for word in words]
    with running_server(folder, *whole, database="sqlite://") as server:
        yield server, token, folder / "ca.pem"


def basic(locked, user, password=PASSWORD):
    server, _, authority = locked
    login = ("--os-username", user, "--os-password", password, "--os-cacert", str(authority))
    return ("--os-auth-type", "http_basic", "--os-endpoint", server.url, *login)


def test_each_project_sees_its_own_networks_and_an_administrator_sees_all(client, locked):
    server, token, authority = locked
    for user in ("carol", "dave"):
        made = client.quick(
            *basic(locked, user), "network", "create", f"{user}s", "-f", "value", "-c", "project_id"
        )
        assert made.status == 0, made
        assert made.stdout == {"carol": "red\n", "dave": "blue\n"}[user]
    for user in ("carol", "dave"):
        assert client.quick(*basic(locked, user), *LIST).stdout == f"{user}s\n"
    words = ("--os-auth-type", "admin_token", "--os-token", token, "--os-endpoint", server.url)
    ran = client.quick(*words, "--os-cacert", str(authority), *LIST)
    assert sorted(ran.stdout.split()) == ["carols", "daves"], ran


def test_a_wrong_password_a_wrong_token_and_nobody_are_not_let_in(client, locked):
    server, _, authority = locked
    none = ("--os-auth-type", "none", "--os-endpoint", server.url, "--os-cacert", str(authority))
    token = ("--os-auth-type", "admin_token", "--os-token", "wrong", *none[2:])
    for words in (none, token, basic(locked, "carol", "wrong"), basic(locked, "nobody")):
        ran = client.quick(*words, *LIST)
        assert (ran.status, ran.stdout) == (1, ""), ran
        assert "401" in ran.stderr
        assert PASSWORD not in ran.stderr


def test_a_certificate_that_nobody_vouches_for_is_told(client, locked):
    words = basic(locked, "carol")
    ran = client.quick(*words[: words.index("--os-cacert")], *LIST)
    assert ran.status == 1
    assert "certificate" in ran.stderr.lower()


def test_everybody_may_ask_for_the_versions(locked):
    server, _, authority = locked
    http = Http(server.url, authority)
    assert http.ask("GET", "/").status == 200
    assert http.ask("GET", "/v2.0/networks").status == 401
    http.close()
