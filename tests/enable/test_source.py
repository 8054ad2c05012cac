"""What runs says where its configuration is: through /proc, also out of a container, whose files are the host's or a copy of them."""

import json
import os
import sys

import pytest

from sfcci import command
from sfcci.enable import command_line, mounts, service, source, turn
from sfcci.enable.command_line import Named
from sfcci.enable.role import role
from sfcci.errors import ToolError, UsageError

CONTAINER = "4711deadbeef4711deadbeef4711deadbeef4711deadbeef4711deadbeef4711"
HOST = "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 30 0:24 / /proc rw - proc proc rw\n"


@pytest.fixture
def proc(tmp_path):
    """A /proc of our own: tell it of a process."""
    folder = tmp_path / "proc"
    (folder / "self" / "ns").mkdir(parents=True)
    (folder / "self" / "ns" / "mnt").symlink_to("mnt:[1]")
    (folder / "self" / "mountinfo").write_text(HOST)

    def told(
        pid, words, mounted=HOST, cgroup="0::/system.slice/devstack@q-svc.service\n", cwd="/", space="mnt:[1]"
    ):
        one = folder / str(pid)
        (one / "ns").mkdir(parents=True)
        (one / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
        (one / "cgroup").write_text(cgroup)
        (one / "mountinfo").write_text(mounted)
        (one / "ns" / "mnt").symlink_to(space)
        (one / "cwd").symlink_to(cwd)

    told.folder = folder
    return told


@pytest.fixture
def here(tmp_path):
    """Files of this machine: name → text; give the folder."""

    def made(**files):
        for name, text in files.items():
            path = tmp_path / "host" / name.replace("__", ".").replace("_in_", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "host"

    return made


def test_the_running_server_says_which_files_it_reads(proc, here):
    host = here(neutron__conf="[DEFAULT]\n", ml2__ini="[ml2]\n")
    words = [
        "/opt/stack/venv/bin/python3",
        "/opt/stack/venv/bin/neutron-server",
        "--config-file",
        f"{host}/neutron.conf",
    ]
    proc(812, [*words, "--config-file=ml2.ini"], cwd=host)
    proc(813, ["/usr/bin/neutron-l3-agent", "--config-file", "/etc/neutron/l3.ini"])
    found = source.found(role("controller"), proc=proc.folder)
    assert found.how == "as process 812 (neutron-server) was told"
    assert [one.path.name for one in found.files] == ["neutron.conf", "ml2.ini"]
    assert (found.main, found.units) == (0, ("devstack@q-svc.service",))
    steps = service.steps(role("controller"), found)
    assert str(steps[1]) == "systemctl restart devstack@q-svc.service"


def test_of_an_agents_files_the_agents_own_takes_what_none_has(proc, here):
    host = here(neutron__conf="[DEFAULT]\n", openvswitch_agent__ini="[ovs]\n", last__conf="[DEFAULT]\n")
    files = [
        word
        for name in ("neutron.conf", "openvswitch_agent.ini", "last.conf")
        for word in ("--config-file", f"{host}/{name}")
    ]
    proc(9, ["/usr/bin/neutron-openvswitch-agent", *files])
    found = source.found(role("compute"), proc=proc.folder)
    assert found.files[found.main].path.name == "openvswitch_agent.ini"


def container(proc, mounted):
    cgroup = f"0::/machine.slice/libpod-{CONTAINER}.scope\n"
    proc(
        99, ["neutron-server", "--config-file", "/etc/neutron/neutron.conf"], mounted, cgroup, space="mnt:[2]"
    )
    return source.found(role("controller"), proc=proc.folder)


def test_a_file_that_a_container_mounts_is_edited_on_the_host(proc, here):
    host = here(neutron__conf="[DEFAULT]\n")
    found = container(
        proc,
        f"50 1 0:99 / / rw - overlay overlay rw\n51 50 8:1 {host} /etc/neutron ro - ext4 /dev/sda1 rw\n",
    )
    assert found.how == "as process 99 (neutron-server) was told, in a container"
    assert [(one.path, one.path.is_file()) for one in found.files] == [(host / "neutron.conf", True)]
    assert (found.container, found.engine) == (CONTAINER, "podman")
    migrate = service.steps(role("controller"), found)[0]
    assert migrate.argv[:4] == ("podman", "exec", CONTAINER[:12], "neutron-db-manage")


@pytest.mark.parametrize(
    ("origin", "dest"),
    [
        ("/var/lib/kolla/config_files/neutron.conf", "/etc/neutron/neutron.conf"),
        ("/var/lib/kolla/config_files/src/*", "/"),
    ],
)
def test_a_file_that_kolla_copies_at_the_start_is_edited_where_it_is_copied_from(proc, here, origin, dest):
    inside = origin.removeprefix("/var/lib/kolla/config_files/").replace("*", "etc/neutron/neutron.conf")
    config = json.dumps({"command": "x", "config_files": [{"source": origin, "dest": dest}]})
    host = here(config__json=config)
    (host / inside).parent.mkdir(parents=True, exist_ok=True)
    (host / inside).write_text("[DEFAULT]\n")
    mounted = f"50 1 0:99 / / rw - overlay overlay rw\n51 50 8:1 {host} /var/lib/kolla/config_files ro - ext4 x rw\n"
    assert [one.path for one in container(proc, mounted).files] == [host / inside]


def test_a_configuration_that_is_the_containers_alone_is_told(proc):
    with pytest.raises(UsageError, match=r"in a container that has /etc/neutron/neutron\.conf for itself"):
        container(proc, "50 1 0:99 / / rw - overlay overlay rw\n")


@pytest.mark.parametrize(
    "cgroup",
    [
        f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{CONTAINER}.scope\n",
        f"5:cpu:/kubepods/besteffort/pod1/{CONTAINER}\n",
        f"0::/kubepods.slice/crio-{CONTAINER}.scope\n",
    ],
)
def test_a_pods_configuration_is_changed_by_who_deploys_it(proc, here, cgroup):
    host = here(neutron__conf="[DEFAULT]\n")
    mounted = f"50 1 0:99 / / rw - overlay overlay rw\n51 50 8:1 {host} /etc/neutron ro - ext4 /dev/sda1 rw\n"
    proc(
        7, ["neutron-server", "--config-file", "/etc/neutron/neutron.conf"], mounted, cgroup, space="mnt:[2]"
    )
    (proc.folder / "self/root").symlink_to("/")
    (proc.folder / "7/root").symlink_to(host)
    with pytest.raises(UsageError, match="in a pod of Kubernetes"):
        source.found(role("controller"), proc=proc.folder)


def test_a_service_with_mounts_of_its_own_has_the_machines_files_and_an_unknown_container_has_not(proc, here):
    host = here(neutron__conf="[DEFAULT]\n")
    words = ["/usr/bin/neutron-server", "--config-file", f"{host}/neutron.conf"]
    proc(7, words, space="mnt:[2]")
    (proc.folder / "self/root").symlink_to("/")
    (proc.folder / "7/root").symlink_to("/")
    assert source.found(role("controller"), proc=proc.folder).files[0].path == host / "neutron.conf"
    (proc.folder / "7/root").unlink()
    (proc.folder / "7/root").symlink_to(host)
    (proc.folder / "7/mountinfo").write_text("50 1 0:99 / / rw - overlay overlay rw\n")
    with pytest.raises(UsageError, match="a change would be lost with it"):
        source.found(role("controller"), proc=proc.folder)


def test_todays_neutron_is_several_services_which_are_all_restarted(proc, here):
    host = here(neutron__conf="[DEFAULT]\n")
    for pid, words, unit in (
        (5, ["neutron-apiuWSGI master"], "devstack@neutron-api"),
        (6, ["/v/bin/python3", "/v/bin/neutron-rpc-server", "--config-file", f"{host}/neutron.conf"], "rpc"),
        (7, ["/v/bin/python3", "/v/bin/neutron-periodic-workers"], "periodic"),
    ):
        proc(pid, words, cgroup=f"0::/system.slice/{unit}.service\n")
    found = source.found(role("controller"), proc=proc.folder)
    assert found.how == "as process 6 (neutron-rpc-server) was told"
    assert found.units == ("rpc.service", "devstack@neutron-api.service", "periodic.service")
    assert (found.python, found.elsewhere) == ("/v/bin/python3", ())


def test_a_web_servers_variables_name_its_files(proc, here):
    host = here(neutron__conf="[DEFAULT]\n", own__conf="[DEFAULT]\n")
    proc(5, ["neutron-apiuWSGI master"])
    variables = f"OS_NEUTRON_CONFIG_DIR={host}\0OS_NEUTRON_CONFIG_FILES=neutron.conf;{host}/own.conf\0"
    (proc.folder / "5/environ").write_text(variables)
    found = source.found(role("controller"), proc=proc.folder)
    assert [one.path.name for one in found.files] == ["neutron.conf", "own.conf"]


def test_what_the_change_does_not_reach_is_told(proc, here):
    host = here(neutron__conf="[DEFAULT]\n")
    mounted = f"50 1 0:99 / / rw - overlay o rw\n51 50 8:1 {host} /etc/neutron ro - ext4 /dev/sda1 rw\n"
    for pid, name, container_id in (
        (5, "neutron-rpc-server", CONTAINER),
        (6, "neutron-periodic-workers", "0" * 64),
    ):
        words = [name, "--config-file", "/etc/neutron/neutron.conf"]
        proc(pid, words, mounted, f"0::/machine.slice/libpod-{container_id}.scope\n", space="mnt:[2]")
    told = {one.keyword: one.what for one in turn.planned("controller", proc=proc.folder).remarks}
    assert "the API is served by something else" in told["ApiNotFound"]
    assert told["AnotherContainer"].startswith(
        "neutron-periodic-workers (process 6) runs in another container"
    )


def test_an_agent_that_gave_itself_a_title_is_looked_for_in_its_environment(proc, here):
    host = here(openvswitch_agent__ini="[agent]\n")
    title = "neutron-openvswitch-agent (/venv/bin/python3 /venv/bin/neutron-openvswitch-agent"
    proc(5, [f"{title} --config-file {host}/openvswitch_agent.ini)"])
    found = source.found(role("compute"), proc=proc.folder)
    assert (found.python, len(found.files)) == ("/venv/bin/python3", 1)


def test_a_mount_of_a_folder_of_another_mount_is_found():
    host = mounts.mounts("1 0 8:1 / / rw - a\n2 1 8:2 /srv /data rw - a\n3 1 8:2 / /all\\040there rw - a\n")
    inside = mounts.mounts(
        "5 0 0:9 / / rw - o\n6 5 8:2 /srv/n /etc/n rw - a\n7 6 8:2 /other /etc/n/x rw - a\n"
    )
    assert mounts.on_host("/etc/n/neutron.conf", inside, host) == "/data/n/neutron.conf"
    assert mounts.on_host("/etc/n/x/y", inside, host) == "/all there/other/y"
    assert mounts.on_host("/var/y", inside, host) == ""


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (
            ["a", "--config-file", "/x", "--config-dir=/d", "--log-file", "/l"],
            [Named("/x"), Named("/d", True)],
        ),
        (["a", "--config-file"], []),
        ([], []),
    ],
)
def test_a_command_line_names_its_configuration(words, named):
    assert list(command_line.named(words)) == named


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/usr/bin/python3", "-s", "/usr/bin/neutron-server", "--config-file", "x"], "neutron-server"),
        (["neutron-server: api worker (/usr/bin/neutron-server --config-file)"], "neutron-server"),
        (["grep", "-r", "neutron-server"], ""),
        (["systemctl", "status", "neutron-rpc-server"], ""),
        (["neutron-apiuWSGI", "master"], "neutron-api"),
        (["neutron-api", "uWSGI", "worker", "1"], "neutron-api"),
        (["/usr/bin/uwsgi_python3", "--ini", "/etc/neutron/neutron-api-uwsgi.ini"], "neutron-api"),
        (["uwsgi", "--ini", "/etc/nova/nova-api.ini"], ""),
        (["(wsgi:neutron-api", "-k", "start"], "neutron-api"),
        ([], ""),
        (["vi", "/etc/init.d/neutron-server.conf"], ""),
        ([""], ""),
    ],
)
def test_a_program_is_known_by_its_command_line(words, name):
    assert command_line.program(words, role("controller").programs) == name


def test_a_worker_that_gave_itself_a_title_says_its_command_line_in_it():
    words = command_line.words_of("neutron-server: api worker (/usr/bin/neutron-server --config-file /x)\0\0")
    assert command_line.program(words, role("controller").programs) == "neutron-server"
    assert list(command_line.named(words)) == [Named("/x")]


def test_a_unit_or_a_container_is_known_by_its_cgroup():
    assert (
        command_line.unit_of("0::/system.slice/system-devstack.slice/devstack@q-svc.service\n")
        == "devstack@q-svc.service"
    )
    assert command_line.unit_of("0::/user.slice/session-1.scope\n") == ""
    assert command_line.container_of(f"0::/system.slice/docker-{CONTAINER}.scope\n") == CONTAINER
    assert command_line.container_of(f"12:devices:/docker/{CONTAINER}\n") == CONTAINER
    assert command_line.container_of("0::/system.slice/neutron-server.service\n") == ""
    quadlet = f"0::/system.slice/neutron.service/libpod-payload-{CONTAINER}\n"
    assert (command_line.container_of(quadlet), command_line.unit_of(quadlet)) == (
        CONTAINER,
        "neutron.service",
    )
    desktop = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n"
    assert command_line.unit_of(desktop) == ""


def test_a_process_of_this_machine_is_found_in_the_real_proc(here):
    """A program of that name, on this machine: Python, that sleeps."""
    host = here(neutron__conf="[DEFAULT]\n", bin_in_neutron_server="")
    script = host / "bin" / "neutron-rpc-server"
    script.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n")
    words = [sys.executable, str(script), "--config-file", str(host / "neutron.conf")]
    with command.start(words, stdin=command.PIPE, stdout=command.PIPE) as process:
        assert process.stdout.readline() == b"up\n"
        (folder,) = [
            pid
            for pid, _name, said in source._processes(role("controller"), source.PROC)
            if str(script) in said
        ]
        assert folder == process.pid
        assert source._same_mounts(source.PROC / str(process.pid), source.PROC)


def test_steps_run_in_order_and_stop_at_the_first_that_fails(tmp_path, monkeypatch):
    """Programs of these names, in a folder of their own."""
    said = []
    for name, status in (("neutron-db-manage", 0), ("systemctl", 1)):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/ran\nexit {status}\n')
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = source.Source(
        "as named", (), 0, (Named("/etc/n.conf"), Named("/etc/n.d", True)), ("a.service", "b.service")
    )
    with pytest.raises(ToolError):
        service.carry_out(service.steps(role("controller"), found), said.append)
    assert (tmp_path / "ran").read_text().splitlines() == [
        "neutron-db-manage --config-file /etc/n.conf --config-dir /etc/n.d --subproject networking-sfc upgrade head",
        "systemctl restart a.service b.service",
    ]
    assert len(said) == 2
