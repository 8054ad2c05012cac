"""The images of the tests' pods: the stand-in for Grafana says what it is and does what a pod needs; StatsD is a real one."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.podman
WAIT_S = 60
PROVISIONED = """\
apiVersion: 1
datasources:
  - {name: graphite, uid: graphite, type: graphite, access: proxy, url: 'http://127.0.0.1:8080', isDefault: true}
"""
ADMINISTRATOR = ("admin", "a made-up password")


class Pod:
    """A pod of Graphite and the stand-in, with a port of this machine for the latter."""

    def __init__(self, podman, name, folder, images):
        self.podman, self.name = podman, name
        (folder / "password").write_text(ADMINISTRATOR[1])
        (folder / "graphite.yaml").write_text(PROVISIONED)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        grafana = [
            f"--volume={folder}:/etc/grafana/provisioning/datasources:ro",
            "--env=GF_SECURITY_ADMIN_PASSWORD=$__file{/etc/grafana/provisioning/datasources/password}",
            f"--volume={name}:/var/lib/grafana",
        ]
        podman.run("pod", "create", f"--name={name}", "--publish=127.0.0.1::3000")
        for image, words in zip(images, ([], grafana), strict=True):
            podman.run("run", "--detach", f"--pod={name}", "--read-only", "--cap-drop=all", *words, image)

    def url(self, path):
        infra = self.podman.run("pod", "inspect", "--format={{.InfraContainerID}}", self.name).stdout.strip()
        told = self.podman.run("port", infra, "3000/tcp").stdout
        return f"http://127.0.0.1:{told.strip().rpartition(':')[2]}{path}"

    def ready(self):
        wait_until(lambda: succeeds(lambda: requests.get(self.url("/api/health"), timeout=WAIT_S).ok))
        return self

    def remove(self):
        self.podman.run("pod", "kill", self.name, check=False)  # what runs holds the removal up
        self.podman.run("pod", "rm", "--force", "--time=0", self.name, check=False)


def succeeds(what):
    try:
        return what()
    except OSError:
        return False


def wait_until(true):
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def pod(podman_here, graphite_image, grafana_image, tmp_path):
    if podman_here.network:
        pytest.skip("ring podman: no port of a container can be had here (no /dev/net/tun for this user)")
    made = Pod(podman_here, "stand-in", tmp_path, (graphite_image, grafana_image))
    yield made.ready()
    made.remove()


def test_the_stand_in_says_what_it_is_keeps_keys_and_asks_the_real_graphite(pod):
    words = "This is a stand-in for Grafana, for tests: it replays recorded answers."
    health = requests.get(pod.url("/api/health"), timeout=WAIT_S).json()
    assert health["version"] == "12.0.2"
    assert health["standIn"].startswith(words)
    assert words in requests.get(pod.url("/d/any"), timeout=WAIT_S).text
    assert requests.get(pod.url("/api/org"), timeout=WAIT_S).status_code == 401

    def ask(method, path, body=None, **words):
        return requests.request(method, pod.url(path), json=body, timeout=WAIT_S, **words)

    account = ask("POST", "/api/serviceaccounts", {"name": "x", "role": "Editor"}, auth=ADMINISTRATOR)
    assert account.status_code == 201
    path = f"/api/serviceaccounts/{account.json()['id']}/tokens"
    key = ask("POST", path, {"name": "y"}, auth=ADMINISTRATOR).json()["key"]
    bearer = {"Authorization": f"Bearer {key}"}
    assert ask("GET", "/api/org", headers=bearer).ok
    assert ask("GET", "/api/datasources/uid/graphite", headers=bearer).json()["readOnly"]

    proxied = "/api/datasources/proxy/uid/graphite/version"
    wait_until(lambda: ask("GET", proxied, headers=bearer).ok)
    assert ask("GET", proxied, headers=bearer).text.startswith("1.1.")
    assert ask("GET", "/api/datasources/uid/graphite/health", headers=bearer).json()["status"] == "OK"

    pod.podman.run("pod", "restart", pod.name)
    pod.ready()
    assert ask("GET", "/api/org", headers=bearer).ok, "what the volume keeps is there again"


def test_statsd_runs_on_the_root_file_system_of_the_tests(podman_here, statsd_image):
    words = ["run", "--rm", "--network=none", "--entrypoint=node", statsd_image]
    done = podman_here.run(*words, "-e", "console.log(require('./package.json').version)")
    assert done.stdout == "0.9.0\n"


def test_what_a_killed_session_left_running_is_ended_by_the_next(graphite_image, cache_dir):
    """A session that is killed while its container runs; whoever comes then ends the container and removes the storage."""
    folder = cache_dir / "podman-test" / "sessions"
    source = Path(__file__).parents[1] / "podman_images.py"
    code = f"""
import importlib.util, os, signal
from pathlib import Path
spec = importlib.util.spec_from_file_location("podman_images", {str(source)!r})
images = importlib.util.module_from_spec(spec)
spec.loader.exec_module(images)
with images._session(Path({str(folder)!r})) as own:
    podman = images._podman(own, Path({str(folder.parent / "images")!r}))
    told = podman.run("run", "--detach", "--network=none", {graphite_image!r}).stdout.strip()
    print(own, podman.run("inspect", "--format={{{{.State.ConmonPid}}}}", told).stdout.strip(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=False
    )
    own, pid = done.stdout.split()
    assert alive(int(pid))
    sys.modules["podman_images"]._end_what_was_killed(folder)
    assert not Path(own).exists()
    wait_until(lambda: not alive(int(pid)))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
