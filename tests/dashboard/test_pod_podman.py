"""The pod's life under a real podman: our own Graphite, and a stand-in for Grafana that says on every page that it is one."""

import socket
import stat
import subprocess
from pathlib import Path

import pytest
import requests
from pod_world import COUNTER, record, through_grafana, token_of, until
from podman_images import free_ports

from sfcci.dashboard import pod

pytestmark = pytest.mark.podman


def test_two_at_once_make_one_pod(shown):
    assert [one["started"] for one in shown.told] == [True, False]
    assert shown.told[0]["grafana"] == shown.told[1]["grafana"]
    assert shown.podman_says("pod", "ps", "--format", "{{.Name}}").count(shown.name) == 1


def test_up_shows_the_gate_s_history_in_grafana_and_a_second_time_changes_nothing(shown):
    first = shown.told[0]
    assert first["points"] > 0
    assert [one["title"] for one in first["dashboards"]] == ["One"]
    page = requests.get(first["dashboards"][0]["url"], timeout=30).text
    assert "stand-in for Grafana" in page
    assert "<li>One</li>" in page
    until(lambda: through_grafana(first, token_of(shown), COUNTER) == 7)
    before, token = shown.containers(), token_of(shown)
    shown.write(title="Two")
    second = shown.up()
    assert not second["started"]
    assert [one["action"] for one in second["dashboards"]] == ["change"]
    assert (shown.containers(), token_of(shown)) == (before, token)
    shown.write()


def test_what_is_up_is_told_with_its_addresses_and_its_words(shown):
    first = shown.told[0]
    found = shown.run("status", "--json")
    assert found["up"]
    assert found["pod"]["grafana"] == first["grafana"]
    assert set(found["containers"].values()) == {"running"}
    assert "Grafana answers at" in shown.run("status")
    logs = shown.run("logs")
    assert "carbon" in logs
    assert f"{shown.name}-graphite" in logs, "who says it"
    assert shown.run("open", "--json") == {"address": first["grafana"]}
    assert pod.choice(shown.settings).way is pod.Way.POD


def test_nothing_of_it_has_any_right_and_its_secrets_are_in_private_files_alone(shown):
    folder = shown.project / "a state" / "preview"
    secrets = [(folder / name).read_text() for name in ("admin-password", "token")]
    for name in ("admin-password", "token", "pod.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    told = shown.podman.run("inspect", *shown.containers()).stdout + shown.run("logs")
    pids = shown.podman.run("inspect", "--format={{.State.Pid}}", *shown.containers()).stdout.split()
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        told += Path(f"/proc/{pid}/environ").read_text() + Path(f"/proc/{pid}/cmdline").read_text()
    assert not [secret for secret in secrets if secret in told]
    stranger = requests.post(
        f"{pod.known(shown.settings).grafana_url}/api/dashboards/db", json={}, timeout=30
    )
    assert stranger.status_code in (401, 403)


def test_a_graphite_elsewhere_is_read_and_never_written_and_an_old_grafana_gets_an_api_key(
    shown, world, grafana_7_image
):
    here = shown.told[0]
    until(lambda: through_grafana(here, token_of(shown), COUNTER) == 7)
    record(world.settings, 5)
    before = sorted(requests.get(f"{here['graphite']}/metrics/index.json", timeout=30).json())
    old = {"SFCCI_PREVIEW_GRAFANA_IMAGE": grafana_7_image}
    up = world.up("--graphite", here["graphite"], **old)
    assert (up["points"], up["carbon"]) == (0, "")
    assert [one["action"] for one in up["dashboards"]] == ["create"]
    assert not token_of(world).startswith("glsa_")
    assert through_grafana(up, token_of(world), COUNTER) == 7
    assert sorted(requests.get(f"{here['graphite']}/metrics/index.json", timeout=30).json()) == before
    assert f"{world.name}-graphite" not in world.left()
    assert not world.up("--graphite", here["graphite"], **old)["started"]
    world.run("down", "--volume")
    assert world.left() == []
    assert through_grafana(here, token_of(shown), COUNTER) == 7, "the pod beside it was left alone"


def test_what_it_keeps_outlives_it_until_that_is_removed_too(shown):
    gone = shown.run("down", "--json")
    assert gone["was_up"]
    volumes = [f"{shown.name}-grafana", f"{shown.name}-graphite"]
    assert sorted(gone["kept"]) == sorted(shown.left()) == volumes
    assert "the preview is not up" in shown.run("open", status=2)
    database = shown.project / "a state" / "runs.sqlite"
    database.rename(database.with_suffix(".aside"))  # what is shown now can only be what the volume kept
    again = shown.up(SFCCI_PREVIEW_GRAPHITE_PORT=str(free_ports(1)[0]))
    assert again["started"]
    assert again["graphite"] != shown.told[0]["graphite"]
    assert through_grafana(again, token_of(shown), COUNTER) == 7
    database.with_suffix(".aside").rename(database)
    _tells_that_the_password_is_lost(shown)
    assert sorted(shown.run("down", "--volume", "--json")["removed"]) == volumes
    assert shown.left() == []
    assert not (shown.project / "a state" / "preview" / "token").exists()
    assert "was not up" in shown.run("down")


def _tells_that_the_password_is_lost(world):
    for name in ("admin-password", "token"):
        (world.project / "a state" / "preview" / name).unlink()
    told = world.run("up", "--no-fallback", status=3)
    assert "was set up with another password" in told
    assert "sfcci preview down --volume" in told


def test_down_takes_nothing_of_others_and_up_takes_no_pod_of_theirs(world):
    others = [f"{world.name}-graphite-2", f"{world.name}2"]
    for name in others:
        world.podman.run("volume", "create", name)
    world.podman.run("volume", "create", f"{world.name}-grafana")  # ours by name, but without our label
    world.podman.run("pod", "create", "--infra=false", f"--name={world.name}")
    refused = world.run("up", "--no-fallback", status=2)
    assert f"podman has a pod {world.name} that sfcci did not make" in refused
    assert "did not make" in world.run("down", status=2)
    assert world.name in world.podman_says("pod", "ps", "--format", "{{.Name}}")
    world.podman.run("pod", "rm", world.name)
    world.run("down", "--volume")
    assert sorted(world.left()) == sorted([*others, f"{world.name}-grafana"])


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SFCCI_PREVIEW_GRAFANA_IMAGE": "127.0.0.1:1/none:1"}, ["image 127.0.0.1:1/none:1 cannot be pulled", "preview load"]),
        ({"SFCCI_PREVIEW_GRAFANA_IMAGE": "localhost/none:1"}, ["podman has no image localhost/none:1", "in no registry"]),
        ({"SFCCI_GRAPHITE_RETENTIONS": "10s"}, ["graphite ended right after its start: ", "GRAPHITE_RETENTIONS: "]),
        ({"SFCCI_GRAPHITE_URL": "http://127.0.0.1:1"}, ["http://127.0.0.1:1"]),
    ],
)  # fmt: skip
def test_what_keeps_the_pod_from_running_is_told_and_nothing_stays(world, environ, words):
    told = world.run("up", "--no-fallback", status=3, **environ)
    for word in words:
        assert word in told
    assert "Traceback" not in told
    assert not world.podman.exists("pod", world.name)


def test_a_port_that_is_taken_is_named_with_its_setting(world):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = world.run("up", "--no-fallback", status=3, SFCCI_PREVIEW_CARBON_PORT=str(port))
    assert f"port {port} of 127.0.0.1 cannot be had for carbon: Address already in use" in told
    assert "[preview] carbon_port" in told
    assert world.left() == []


def test_images_go_into_one_archive_and_out_of_it_again(world, tmp_path):
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "file").write_text("hello")
    archive = tmp_path / "image.tar"
    subprocess.run(["tar", "-C", tmp_path / "image", "-cf", archive, "."], check=True)
    names = [f"localhost/{world.name}:{number}" for number in (1, 2)]
    images = dict(zip(("SFCCI_PREVIEW_GRAFANA_IMAGE", "SFCCI_PREVIEW_GRAPHITE_IMAGE"), names, strict=True))
    for name in names:
        world.podman.run("import", "--quiet", archive, name)
    saved = tmp_path / "images.tar"
    saved.write_text("what was there before")
    assert world.run("save", "--json", saved, **images)["images"] == names
    assert [path.name for path in tmp_path.glob("*images.tar*")] == ["images.tar"]
    world.podman.run("rmi", "--force", *names)
    assert sorted(world.run("load", "--json", saved)["images"]) == names
    assert all(world.podman.exists("image", name) for name in names)
    world.podman.run("rmi", "--force", *names)
    assert "cannot be loaded" in world.run("load", world.project / "dashboards/one.yaml", status=2)
    assert "is no file" in world.run("load", tmp_path / "none.tar", status=2)
    lost = world.run("save", tmp_path / "new.tar", status=3, **images)
    assert "podman has no image" in lost
    assert not (tmp_path / "new.tar").exists()
