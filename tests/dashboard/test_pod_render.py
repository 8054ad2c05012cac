"""The pod as a value and its kube YAML."""

from dataclasses import fields, replace
from pathlib import Path
from string import ascii_lowercase, digits

import hypothesis
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sfcci import settings
from sfcci.dashboard import pod
from sfcci.dashboard.pod import Wish
from sfcci.dashboard.pod_render import DIGEST, LABEL, PodSpec, Ports, config_maps, kube_yaml
from sfcci.dashboard.podman import HOST, Podman
from sfcci.errors import UsageError

PROJECT = Path(__file__).parents[2]
PLAIN = PodSpec("preview", "grafana:1", "graphite:1")
names = st.text(ascii_lowercase + digits + "-", min_size=1, max_size=12)
printable = st.characters(exclude_categories=["C", "Z"])
secrets = st.text(printable, min_size=8).map("Pw!{}".format)


def specs_with(password):
    return st.builds(
        PodSpec,
        names,
        names,
        names,
        statsd_image=st.just("") | names,
        host_network=st.booleans(),
        password=password,
    )


specs = specs_with(st.just("") | secrets)
few = hypothesis.settings(max_examples=20)
"""Each writes and reads a page of YAML."""


def read(spec):
    *maps, made = yaml.safe_load_all(kube_yaml(spec))
    return {one["metadata"]["name"]: one["data"] for one in maps}, made


def containers(spec):
    return {one["name"]: one for one in read(spec)[1]["spec"]["containers"]}


def provisioned(spec):
    maps, _ = read(spec)
    return yaml.safe_load(maps["preview-datasources"]["graphite.yaml"])["datasources"][0]


@pytest.fixture
def plain():
    return settings.load(PROJECT, {"SFCCI_RUN_STATE": "/nowhere"})


def test_the_file_in_the_repository_is_the_pod_of_the_default_settings(plain):
    written = (PROJECT / "podman" / "preview.yaml").read_text()
    assert written == pod.by_hand_yaml(plain), "sfcci preview kube > podman/preview.yaml writes it anew"
    assert "password" not in written.partition("apiVersion")[2].lower()


@few
@given(specs)
def test_every_pod_is_on_loopback_alone_without_any_right_and_with_its_label(spec):
    maps, made = read(spec)
    assert made["metadata"]["labels"] == {LABEL: spec.name, DIGEST: spec.digest}
    assert set(maps) <= set(config_maps(spec.name))
    for one in made["spec"]["containers"]:
        secured = one["securityContext"]
        assert secured["capabilities"] == {"drop": ["ALL"]}
        assert not secured["allowPrivilegeEscalation"]
        assert {port["hostIP"] for port in one.get("ports", [])} <= {"127.0.0.1"}
    mounted = {mount["name"] for one in made["spec"]["containers"] for mount in one["volumeMounts"]}
    assert mounted == {volume["name"] for volume in made["spec"]["volumes"]}


@few
@given(specs_with(secrets))
def test_the_password_is_in_a_file_alone(spec):
    maps, made = read(spec)
    assert maps.pop(f"{spec.name}-password") == {"admin-password": spec.password}
    environ = {one["name"]: one["value"] for one in made["spec"]["containers"][0]["env"]}
    # not ..__FILE: with that, Grafana's image puts the password into the environment of its process
    assert environ["GF_SECURITY_ADMIN_PASSWORD"] == "$__file{/etc/sfcci/admin-password}"
    assert spec.password not in environ.values()
    assert spec.password not in repr(spec)
    assert spec.digest == replace(spec, password="another").digest != replace(spec, password="").digest


@pytest.mark.parametrize(
    "change",
    [
        {"grafana_image": "grafana:2"},
        {"ports": Ports(grafana=1)},
        {"graphite_url": "http://g"},
        {"retentions": "1s:1d"},
        {"statsd_image": "s"},
        {"host_network": True},
        {"datasource": "other"},
    ],
)
def test_the_digest_changes_with_whatever_makes_another_pod(change):
    assert replace(PLAIN, **change).digest != PLAIN.digest
    assert replace(PLAIN).digest == PLAIN.digest


def test_visitors_may_look_and_the_administrator_has_a_password_of_his_own_unless_it_is_played_by_hand():
    for spec in (PLAIN, replace(PLAIN, password="x")):
        environ = {one["name"]: one["value"] for one in containers(spec)["grafana"]["env"]}
        assert environ["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer", "more is taken from nobody without a name"
        assert ("GF_SECURITY_ADMIN_PASSWORD" in environ) == bool(spec.password)


def test_a_graphite_elsewhere_is_read_with_its_password_and_none_is_started():
    spec = replace(PLAIN, graphite_url="https://me:a%24b@g.example.org/graphite/", statsd_image="")
    assert list(containers(spec)) == ["grafana"]
    assert replace(spec, password="x").volumes == ("preview-grafana",)
    assert spec.volumes == ("preview-by-hand-grafana",), "its Grafana has another password"
    source = provisioned(spec)
    assert source["url"] == "https://g.example.org/graphite"
    assert (source["basicAuthUser"], source["access"]) == ("me", "proxy")
    # Grafana reads a dollar sign as the begin of a variable, two of them as one
    assert source["secureJsonData"] == {"basicAuthPassword": "a$$b"}
    assert provisioned(PLAIN)["url"] == "http://127.0.0.1:8080"


def test_on_the_machine_s_own_network_everything_listens_on_loopback_at_the_ports_of_the_settings():
    spec = replace(PLAIN, host_network=True, statsd_image="statsd:1")
    made = containers(spec)
    assert read(spec)[1]["spec"]["hostNetwork"]
    graphite = {one["name"]: one["value"] for one in made["graphite"]["env"]}
    assert (graphite["GRAPHITE_LISTEN"], graphite["GRAPHITE_WEB_PORT"]) == ("127.0.0.1", "28080")
    grafana = {one["name"]: one["value"] for one in made["grafana"]["env"]}
    assert (grafana["GF_SERVER_HTTP_ADDR"], grafana["GF_SERVER_HTTP_PORT"]) == ("127.0.0.1", "23000")
    assert '"address": "127.0.0.1"' in read(spec)[0]["preview-statsd"]["config.js"]
    assert provisioned(spec)["url"] == "http://127.0.0.1:28080"


def test_statsd_s_configuration_has_the_names_of_zuul_s_dashboards():
    text = read(replace(PLAIN, statsd_image="statsd:1"))[0]["preview-statsd"]["config.js"]
    config = yaml.safe_load(text)
    assert config["graphite"] == {"legacyNamespace": True}
    assert (config["graphiteHost"], config["graphitePort"], config["port"]) == ("127.0.0.1", 2003, 8125)


def test_what_is_wished_for_makes_the_pod_and_a_graphite_on_loopback_needs_the_machine_s_network(
    plain, tmp_path
):
    plain = replace(plain, state=tmp_path)
    bridged, rootless = Podman((4, 3, 1), False, {}, ""), Podman((4, 3, 1), True, {}, "", HOST)
    assert not pod.spec(plain, Wish(), bridged).host_network
    assert pod.spec(plain, Wish(), rootless).host_network
    assert pod.spec(plain, Wish(graphite="http://localhost:8080"), bridged).host_network
    assert not pod.spec(plain, Wish(graphite="http://g:8080"), bridged).host_network
    configured = replace(plain, graphite=replace(plain.graphite, url="http://g:1"))
    assert pod.spec(configured, Wish(), bridged).graphite_url == "http://g:1"
    assert pod.spec(configured, Wish(sample=True), bridged).own_graphite
    assert pod.spec(plain, Wish(statsd=True), bridged).statsd_image == plain.preview.statsd_image


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(sample=True, graphite="http://g"), "give one of them"),
        (Wish(statsd=True, graphite="http://g"), "only read"),
        (Wish(graphite="g"), "no address of a Graphite"),
    ],
)
def test_wishes_that_make_no_sense_together_are_refused(plain, tmp_path, wish, words):
    with pytest.raises(UsageError, match=words):
        pod.spec(replace(plain, state=tmp_path), wish, Podman((), False, {}, ""))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"grafana_port": "0"}, "grafana_port is '0'; expected a port"),
        ({"grafana_port": "x"}, "grafana_port is 'x'"),
        ({"carbon_port": "28080"}, "carbon_port and graphite_port are both 28080"),
        ({"name": "A b"}, "name is 'A b'; expected small letters"),
        ({"name": "--all"}, "name is '--all'; expected small letters"),
    ],
)
def test_settings_that_make_no_pod_are_refused(plain, wrong, words):
    with pytest.raises(UsageError, match=words):
        pod.by_hand(replace(plain, preview=replace(plain.preview, **wrong)))


def test_every_image_is_pinned():
    images = [
        getattr(settings.Preview(), one.name) for one in fields(settings.Preview) if "image" in one.name
    ]
    assert all(":" in name and not name.endswith(":latest") for name in images)
