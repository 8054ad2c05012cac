"""No secret of an address is shown."""

import pytest

from sfcci.address import has_password, without_user
from sfcci.errors import UsageError
from sfcci.metric.graphite import GraphiteReader
from sfcci.metric.instance import Instance
from sfcci.metric.push import push
from sfcci.settings import load


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:geheim@g.example.org:8080/x@y", "https://***@g.example.org:8080/x@y"),
        ("https://geheim@[2001:db8::1]/", "https://***@[2001:db8::1]/"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_user(url, shown):
    assert without_user(url) == shown


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("postgresql://u:geheim@db/runs", True),
        ("postgresql+psycopg://db/runs?user=u&password=geheim", True),
        ("mysql://db/runs?passwd=geheim", True),
        ("postgresql://u@db:5432/runs?sslmode=require", False),
        ("sqlite:////var/lib/sfcci/runs.sqlite", False),
        ("graphite.example.org:2003", False),
    ],
)
def test_a_password_in_an_address_is_seen(url, secret):
    assert has_password(url) is secret


def test_faults_of_an_address_do_not_repeat_its_password(tmp_path):
    with pytest.raises(UsageError) as wrong:
        GraphiteReader("htps://u:geheim@g")
    only_read = Instance("https://u:geheim@g", None, ())
    with pytest.raises(UsageError, match="can only be read") as read:
        push(load(tmp_path, {}), only_read)
    assert "geheim" not in f"{wrong.value} {read.value}"
