"""What may take long is worked out beside what others ask."""

import json

import pytest

from sfcci.api.server import may_take_long
from sfcci.api.wire import Request


def asked(path, body=b""):
    return Request("POST", f"/v2.0/{path}", (), {}, body, "http")


@pytest.mark.parametrize(
    "request_",
    [
        asked("sfc/service_graphs", b"{}"),
        asked("sfc/service%5Fgraphs.json", b"{}"),
        asked("sfc/port_chains/1", b"{}"),
        asked("sfc/port_pair_groups", json.dumps({"port_pair_groups": [{}] * 20}).encode()),
        asked("ports", b" " * 20_000),
    ],
)
def test_what_compares_thousands_or_makes_many_may_take_long(request_):
    assert may_take_long(request_)


def test_one_resource_takes_its_moment():
    body = {"port": {"network_id": "n", "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.1"}]}}
    assert not may_take_long(asked("ports", json.dumps(body).encode()))
