"""Who shows the dashboards on this machine, and why."""

from dataclasses import replace
from pathlib import Path

import pytest

from sfcci import settings
from sfcci.dashboard import pod
from sfcci.dashboard.pod import Way, choice, images

PROJECT = Path(__file__).parents[2]
PODMAN = """#!/bin/sh
# a stand-in for podman that has the images named in IMAGES, and no pod
[ "$1 $2" = "image exists" ] || exit 1
for name in $IMAGES; do [ "$name" = "$3" ] && exit 0; done
exit 1
"""


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    (tmp_path / "podman").write_text(PODMAN)
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("IMAGES", raising=False)
    return settings.load(PROJECT)


def test_a_configured_grafana_comes_first(chosen):
    configured = replace(chosen, grafana=settings.Grafana(url="http://g:3000", token="geheim"))
    assert choice(configured) == pod.Choice(Way.GRAFANA, "Grafana at http://g:3000 is configured")


def test_the_pod_is_used_when_all_its_images_are_here(chosen, monkeypatch):
    names = images(PROJECT / "podman" / "preview.yaml")
    monkeypatch.setenv("IMAGES", " ".join(names))
    assert choice(chosen).way is Way.POD
    monkeypatch.setenv("IMAGES", names[0])
    assert choice(chosen) == pod.Choice(
        Way.EMBEDDED, f"no Grafana is configured, and podman has no image {names[1]} (podman pull NAME)"
    )


def test_without_podman_or_without_the_pod_s_file_the_embedded_preview_is_used(chosen, monkeypatch, tmp_path):
    elsewhere = replace(chosen, project=tmp_path)
    assert (
        choice(elsewhere).reason
        == f"no Grafana is configured, and {tmp_path}/podman/preview.yaml is not there"
    )
    monkeypatch.setattr(pod.command, "available", lambda _name: False)
    assert choice(chosen) == pod.Choice(Way.EMBEDDED, "no Grafana is configured, and podman is not installed")


def test_the_pod_s_images_are_pinned_and_its_ports_are_on_loopback_and_those_that_we_use():
    import yaml

    path = PROJECT / "podman" / "preview.yaml"
    assert all(":" in name and not name.endswith(":latest") for name in images(path))
    _, spec = yaml.safe_load_all(path.read_text())
    ports = [port for one in spec["spec"]["containers"] for port in one["ports"]]
    assert {port["hostIP"] for port in ports} == {"127.0.0.1"}
    addresses = " ".join(vars(pod.ADDRESSES).values())
    assert all(f":{port['hostPort']}" in addresses for port in ports)


@pytest.mark.podman
def test_real_podman_answers_whether_an_image_is_here():
    assert not pod._podman("image", "exists", "localhost/sfcci-no-such-image:1")
