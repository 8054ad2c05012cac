"""What the reference server answers to good, bad and unusual requests, asked of the pure functions."""

import json
import re
import uuid

import pytest

from sfcci.chain.catalogue import BY_PATH
from sfcci.chain.collection import create, delete, found, update
from sfcci.chain.refused import Refused
from sfcci.chain.state import Asked, State

PROJECT = "fake_project_id"
OURS = {
    "ppg_ntuple_bad_key": (400, "PPGParametersInvalidNTupleMappingParameter"),
    "pp_correlation_mpls_ok": {"service_function_parameters": {"correlation": "mpls", "weight": 1}},
    "pp_correlation_nsh_ok": {"service_function_parameters": {"correlation": "nsh", "weight": 1}},
}
"""Where we answer better than the reference: a refusal, or attributes of the resource."""
ADDED = {"revision_number", "fail_mode"}


@pytest.fixture(scope="module")
def recorded(shared):
    text = (shared / "data/api-errors.json").read_text()
    data = json.loads(text)
    for placeholder, id_ in data["placeholders"].items():
        text = text.replace(placeholder, id_)
    return data["fixture"], json.loads(text)["cases"]


def fixture_state(ids):
    """The reference's state before each request."""
    state = State()
    for name in ("a_in", "a_out", "b_in", "b_out", "c_in", "c_out", "d_in", "d_out", "e_in", "e_out"):
        state = state.put("ports", port(ids[name], f"vm-{name[0]}"))
    for name in ("src", "dst", "src2"):
        state = state.put("ports", port(ids[name], name))
    state = state.put("ports", port(ids["nodev"], ""))
    for word in "ABCD":
        ports = {"ingress": ids[f"{word.lower()}_in"], "egress": ids[f"{word.lower()}_out"]}
        given = {"service_function_parameters": {"correlation": "mpls"}} if word == "D" else {}
        state = make(state, "sfc/port_pairs", ids[f"PP{word}"], name=f"PP{word}", **ports, **given)
    state = make(state, "sfc/port_pair_groups", ids["PGA"], name="PGA", port_pairs=[ids["PPA"]])
    state = make(state, "sfc/port_pair_groups", ids["PGB"], name="PGB", port_pairs=[ids["PPB"]])
    way = {
        "source_ip_prefix": "10.77.0.10/32",
        "destination_ip_prefix": "10.77.0.11/32",
        "logical_source_port": ids["src"],
    }
    web = {"protocol": "tcp", "destination_port_range_min": 80, "destination_port_range_max": 80}
    state = make(state, "sfc/flow_classifiers", ids["FC1"], name="FC1", **way, **web)
    state = make(state, "sfc/flow_classifiers", ids["FC2"], name="FC2", **way, protocol="udp")
    groups, classifiers = [ids["PGA"]], [ids["FC1"]]
    return make(
        state,
        "sfc/port_chains",
        ids["PC1"],
        name="PC1",
        port_pair_groups=groups,
        flow_classifiers=classifiers,
    )


def port(id_, device):
    return {"id": id_, "device_id": device, "project_id": PROJECT}


def asked(id_=None):
    return Asked(PROJECT, admin=True, id=id_ or str(uuid.uuid4()), now="2026-01-31T23:59:59Z")


def make(state, path, id_, **body):
    return create(state, BY_PATH[path], body, asked(id_))


def answered(state, request):
    """Give status and resource of a request, or status, type and message of its refusal."""
    path, id_ = re.fullmatch(r"/v2\.0/(sfc/\w+)/?([\w-]*)", request["path"]).groups()
    collection, who = BY_PATH[path], asked()
    try:
        if request["method"] == "POST":
            new = create(state, collection, request["body"][collection.member], who)
            return 201, new.get(collection.name, who.id)
        if request["method"] == "PUT":
            new = update(state, collection, id_, request["body"][collection.member], who)
            return 200, new.get(collection.name, id_)
        if request["method"] == "DELETE":
            delete(state, collection, id_, who)
            return 204, None
        return 200, found(state, collection, id_, who)
    except Refused as refusal:
        return refusal.status, (refusal.type, refusal.message)


def expected(case, collection):
    if case["status"] >= 400:
        error = case["body"]["NeutronError"]
        return case["status"], (error["type"], error["message"])
    resource = case["body"] and {k: v for k, v in case["body"][collection.member].items() if k != "id"}
    return case["status"], resource


def of_resources(case):
    """Cases that concern a resource; how HTTP wraps them is the server's."""
    request = case["request"]
    path = re.fullmatch(r"/v2\.0/(sfc/\w+)/?([\w-]*)", request["path"])
    collection = path and BY_PATH.get(path[1])
    if not collection or request["method"] not in ("POST", "PUT", "DELETE", "GET"):
        return None
    if request["method"] in ("PUT", "DELETE", "GET") and not path[2]:
        return None
    body = request["body"]
    whole = request["method"] in ("DELETE", "GET") or (
        isinstance(body, dict) and isinstance(body.get(collection.member), dict)
    )
    return collection if whole else None


def test_every_recorded_request_has_the_references_answer_or_our_better_one(recorded):
    ids, cases = recorded
    state, wrong, count = fixture_state(ids), [], 0
    for case in cases:
        collection = of_resources(case)
        if not collection:
            continue
        count += 1
        status, answer = answered(state, case["request"])
        better = OURS.get(case["name"])
        if isinstance(better, tuple):
            good = (status, answer[0]) == better
        else:
            wanted = expected(case, collection)
            if isinstance(answer, dict):
                answer = {k: v for k, v in answer.items() if k not in {*ADDED, "id"}}
            if better:
                wanted = (wanted[0], {**wanted[1], **better})
            good = (status, answer) == wanted
        if not good:
            wrong.append((case["name"], (status, answer), case["status"], case["body"]))
    assert not wrong
    assert count > 60


def test_the_attributes_stand_in_the_references_order(recorded):
    ids, cases = recorded
    state = fixture_state(ids)
    for case in cases:
        collection = of_resources(case)
        if collection and case["status"] == 201 and case["name"] not in OURS:
            resource = answered(state, case["request"])[1]
            assert [k for k in resource if k not in ADDED] == list(case["body"][collection.member])
