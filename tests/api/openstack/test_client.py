"""The quick way to run the client gives what the plain program gives."""

import pytest

pytestmark = pytest.mark.openstack

NOBODY = ("--os-auth-type", "none", "--os-endpoint", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    "words",
    [
        ("sfc", "port", "chain", "create", "--help"),
        (*NOBODY, "sfc", "port", "chain", "create", "PCz"),
        (*NOBODY, "network", "list"),
    ],
)
def test_the_quick_way_gives_what_the_plain_program_gives(client, words):
    assert client.quick(*words) == client.plain(*words)


def test_one_quick_command_leaves_nothing_to_the_next(client):
    assert client.quick(*NOBODY, "network", "list", OS_CLOUD="nowhere").status
    assert client.quick("--version") == client.plain("--version")
