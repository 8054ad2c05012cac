"""A machine's configuration is found where its service reads it, changed as it is, and taken back."""

import os
import stat
import subprocess
import sys

import pytest

from sfcci.enable import turn, writing
from sfcci.errors import InputError, UsageError

UNIT = """\
[Service]
User=neutron
ExecStart=/usr/bin/neutron-server --config-file /usr/share/neutron/neutron-dist.conf --config-dir /usr/share/neutron/server \\
  --config-file=/etc/neutron/neutron.conf --config-file /etc/neutron/plugin.ini \\
  --config-dir /etc/neutron/conf.d/neutron-server --log-file /var/log/neutron/server.log
"""
SERVED = {
    "usr/lib/systemd/system/neutron-server.service": UNIT,
    "usr/share/neutron/neutron-dist.conf": "[DEFAULT]\nservice_plugins = router\n",
    "etc/neutron/plugins/ml2/ml2_conf.ini": "[ml2]\nmechanism_drivers = openvswitch\n",
    "etc/neutron/conf.d/neutron-server/networking-sfc.conf": "[sfc]\n#drivers = dummy\n",
}
PLUGINS = "service_plugins = router,flow_classifier,sfc\n"


def conf(root, name="neutron.conf"):
    return (root / "etc" / "neutron" / name).read_text()


def enabled(root, role="controller", **given):
    plan = turn.planned(role, root=root, **given)
    return plan, turn.carry_out(plan)


@pytest.mark.parametrize("role", ["controller", "compute"])
def test_where_nothing_says_otherwise_the_usual_files_are_edited(neutron, role):
    root = neutron()
    plan, kept = enabled(root, role)
    assert plan.source.how == "where it is by default"
    assert (plan.remarks, plan.exit_status) == ((), 0)
    if role == "controller":
        assert conf(root) == (
            "[DEFAULT]\ncore_plugin = ml2\nservice_plugins = flow_classifier,sfc\n\n"
            "[sfc]\ndrivers = ovs\n\n[flowclassifier]\ndrivers = ovs\n"
        )
        assert [str(step) for step in plan.steps] == [
            "neutron-db-manage --subproject networking-sfc upgrade head",
            "systemctl restart neutron-server.service",
        ]
    else:
        agent = conf(root, "plugins/ml2/openvswitch_agent.ini")
        assert agent == "[agent]\ntunnel_types = vxlan\nextensions = sfc\n"
    assert [path.read_text() for path in kept] == [one.before for one in plan.changes]
    assert enabled(root, role)[0].changes == ()


def test_a_unit_says_which_files_are_read_and_links_stay_in_the_root(neutron):
    root = neutron(SERVED)
    (root / "etc/neutron/plugin.ini").symlink_to("/etc/neutron/plugins/ml2/ml2_conf.ini")
    plan, _kept = enabled(root)
    assert plan.source.how == "as /usr/lib/systemd/system/neutron-server.service says"
    names = [str(one.path.relative_to(root)) for one in plan.source.files]
    assert names == [
        "usr/share/neutron/neutron-dist.conf",
        "etc/neutron/neutron.conf",
        "etc/neutron/plugins/ml2/ml2_conf.ini",
        "etc/neutron/conf.d/neutron-server/networking-sfc.conf",
    ]
    assert PLUGINS in conf(root)
    assert (
        root / "usr/share/neutron/neutron-dist.conf"
    ).read_text() == "[DEFAULT]\nservice_plugins = router\n"
    assert plan.steps[0].argv[:3] == (
        "neutron-db-manage",
        "--config-file",
        "/usr/share/neutron/neutron-dist.conf",
    )


@pytest.mark.openstack
def test_the_real_oslo_config_reads_what_was_meant(neutron, oslo_config):
    root = neutron(SERVED)
    (root / "etc/neutron/plugin.ini").symlink_to("plugins/ml2/ml2_conf.ini")
    plan, _kept = enabled(root)
    files = [str(one.path) for one in plan.source.files]
    asked = [("DEFAULT", "service_plugins"), ("sfc", "drivers"), ("flowclassifier", "drivers")]
    words = [oslo_config.ask(list=files, section=section, key=key) for section, key in asked]
    assert words == [["router", "flow_classifier", "sfc"], ["ovs"], ["ovs"]]


def test_a_drop_in_changes_what_a_unit_says(neutron):
    drop_in = "[Service]\nExecStart=\nExecStart=-/usr/bin/neutron-server --config-file /etc/other.conf\n"
    served = {**SERVED, "etc/systemd/system/neutron-server.service.d/10-own.conf": drop_in}
    root = neutron({**served, "etc/other.conf": "[DEFAULT]\n"})
    plan, _kept = enabled(root)
    assert [one.seen for one in plan.source.files] == ["/etc/other.conf"]


def test_a_unit_that_names_no_file_leaves_it_to_the_usual_ones_and_is_restarted(neutron):
    root = neutron(
        {
            "lib/systemd/system/neutron-server.service": "[Service]\nExecStart=/etc/init.d/neutron-server systemd-start\n"
        }
    )
    plan, _kept = enabled(root)
    assert plan.source.how == "where it is by default"
    assert plan.steps[-1].argv == ("systemctl", "restart", "neutron-server.service")


def test_nothing_is_written_without_the_package_unless_that_is_wished(machine):
    root = machine({"etc/neutron/neutron.conf": "[DEFAULT]\n"})
    plan = turn.planned("controller", root=root)
    (found,) = plan.remarks
    assert (found.keyword, plan.exit_status) == ("PackageNotInstalled", 3)
    assert "neutron.service_plugins:sfc" in found.what


def test_a_machine_without_neutron_is_told_what_was_looked_for(machine):
    with pytest.raises(
        InputError,
        match="the configuration of neutron-openvswitch-agent; install and configure Neutron first",
    ):
        turn.planned("compute", root=machine({"etc/hostname": "x"}))


def test_files_that_are_named_have_to_be_there(neutron):
    root = neutron({"etc/mine.conf": "[DEFAULT]\n"})
    plan = turn.planned("controller", root=root, given=["/etc/mine.conf"])
    assert [one.path for one in plan.changes] == [root / "etc/mine.conf"]
    with pytest.raises(InputError, match=r"mine2\.conf: is not there"):
        turn.planned("controller", root=root, given=["/etc/mine2.conf"])


def test_links_that_lead_in_a_circle_are_told(neutron):
    root = neutron()
    (root / "etc/neutron/neutron.conf").unlink()
    (root / "etc/neutron/neutron.conf").symlink_to("neutron.conf")
    with pytest.raises(InputError, match="a link that leads in a circle"):
        turn.planned("controller", root=root)


def test_owner_mode_and_extended_attributes_are_kept_of_the_file_and_its_backup(neutron):
    root = neutron()
    path = root / "etc/neutron/neutron.conf"
    path.chmod(0o640)
    labelled = {"user.note": b"mine"}
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        labelled = {}
    if os.geteuid() == 0:
        os.chown(path, 4711, 4712)
    _plan, (kept,) = enabled(root)
    was = path.stat() if os.geteuid() else None
    for one in (path, kept):
        told = one.stat()
        assert stat.S_IMODE(told.st_mode) == 0o640
        assert was is not None or (told.st_uid, told.st_gid) == (4711, 4712)
        assert {name: os.getxattr(one, name) for name in labelled} == labelled


def test_undone_a_file_is_what_it_was_and_nothing_stays(neutron):
    root = neutron(conf="[DEFAULT]\n# own\nservice_plugins = router ,\\\n")
    before = conf(root)
    enabled(root)
    undo = turn.undoing("controller", root=root)
    turn.carry_out(undo)
    assert conf(root) == before
    assert sorted(path.name for path in (root / "etc/neutron").iterdir()) == ["neutron.conf", "plugins"]
    assert turn.undoing("controller", root=root).changes == ()
    assert [str(step) for step in undo.steps] == ["systemctl restart neutron-server.service"]


def test_undone_what_others_changed_since_stays(neutron):
    root = neutron(conf="[DEFAULT]\nservice_plugins = router\n")
    _plan, (kept,) = enabled(root)
    path = root / "etc/neutron/neutron.conf"
    path.write_text(conf(root).replace("router,", "router,qos,") + "\n[ovs]\nbridge = br-int\n")
    turn.carry_out(turn.undoing("controller", root=root))
    assert conf(root) == "[DEFAULT]\nservice_plugins = router,qos\n\n[ovs]\nbridge = br-int\n"
    assert kept.exists(), "it has what the file had before that"
    assert turn.undoing("controller", root=root).changes == ()


def test_undone_is_the_driver_that_was_brought_whatever_it_is(neutron):
    drivers = "[networking_sfc.sfc.drivers]\nfoo = a:D\n[networking_sfc.flowclassifier.drivers]\nfoo = a:D\n"
    root = neutron({"usr/lib/python3.11/site-packages/foo-1.dist-info/entry_points.txt": drivers})
    before = conf(root)
    enabled(root, driver="foo")
    assert "drivers = foo" in conf(root)
    turn.carry_out(turn.undoing("controller", root=root))
    assert conf(root) == before
    assert sorted(path.name for path in (root / "etc/neutron").iterdir()) == ["neutron.conf", "plugins"]


def test_a_packages_file_that_is_read_last_is_told_for_an_own_one_would_not_count(neutron):
    unit = "[Service]\nExecStart=/usr/bin/neutron-rpc-server --config-file /etc/neutron/neutron.conf --config-dir /usr/share/neutron/d\n"
    root = neutron(
        {
            "lib/systemd/system/neutron-rpc-server.service": unit,
            "usr/share/neutron/d/a.conf": "[DEFAULT]\nservice_plugins = router\n",
        }
    )
    with pytest.raises(UsageError, match=r"a\.conf, which a package brought, is read last"):
        turn.planned("controller", root=root)


def test_what_the_owner_put_below_usr_local_is_his_own(neutron):
    root = neutron(
        {
            "usr/local/etc/neutron/neutron.conf": "[DEFAULT]\n",
            "usr/share/neutron/n.conf": "[DEFAULT]\n",
        }
    )
    given = ["/usr/local/etc/neutron/neutron.conf"]
    assert len(turn.planned("controller", root=root, given=given).changes) == 1
    with pytest.raises(InputError, match="a package brought all that is"):
        turn.planned("controller", root=root, given=["/usr/share/neutron/n.conf"])


def test_the_units_of_todays_neutron_are_all_restarted_and_hidden_files_are_none(neutron):
    served = "[Service]\nExecStart=/usr/bin/neutron-rpc-server --config-dir /etc/neutron/d\n"
    root = neutron(
        {
            **{f"lib/systemd/system/{name}.service": "[Service]\n" for name in ("neutron-api", "other")},
            "lib/systemd/system/neutron-rpc-server.service": served,
            "etc/neutron/d/neutron.conf": "[DEFAULT]\n",
            "etc/neutron/d/.old.conf": "[DEFAULT]\nservice_plugins = router\n",
        }
    )
    plan = turn.planned("controller", root=root)
    assert [one.seen for one in plan.source.files] == ["/etc/neutron/d/neutron.conf"]
    assert str(plan.steps[-1]) == "systemctl restart neutron-rpc-server.service neutron-api.service"


def test_a_drop_in_that_is_a_link_leads_to_a_file_of_the_root(neutron):
    served = {
        "srv/own.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/neutron-server --config-file /etc/o.conf\n"
    }
    root = neutron({**SERVED, **served, "etc/o.conf": "[DEFAULT]\n"})
    (root / "etc/systemd/system/neutron-server.service.d").mkdir(parents=True)
    (root / "etc/systemd/system/neutron-server.service.d/own.conf").symlink_to("/srv/own.conf")
    assert [one.seen for one in turn.planned("controller", root=root).source.files] == ["/etc/o.conf"]


def test_who_was_faster_is_not_overwritten(neutron):
    root = neutron()
    plan = turn.planned("controller", root=root)
    (root / "etc/neutron/neutron.conf").write_text("[DEFAULT]\ndebug = 1\n")
    with pytest.raises(UsageError, match="was changed by somebody else just now"):
        turn.carry_out(plan)
    assert conf(root) == "[DEFAULT]\ndebug = 1\n"


def test_octets_that_are_no_utf_8_stay_as_they_are(neutron):
    root = neutron()
    path = root / "etc/neutron/neutron.conf"
    path.write_bytes(b"[DEFAULT]\n# caf\xe9\n")
    enabled(root)
    assert path.read_bytes().startswith(b"[DEFAULT]\n# caf\xe9\n") or b"# caf\xe9\n" in path.read_bytes()


def test_a_diff_shows_no_password(neutron):
    text = (
        "[DEFAULT]\n#connection = mysql://neutron:hidden@h/n\n"
        "transport_url = rabbit://u:hidden@h,\n  hidden\n[keystone_authtoken]\npassword=hidden\nbackend = redis://u:hidden@h/\n"
    )
    told = turn.planned("controller", root=neutron(conf=text)).diff()
    assert "backend = redis://***@h/" in told
    assert "+service_plugins = flow_classifier,sfc" in told
    assert "transport_url = ***" in told
    assert "hidden" not in told


def test_a_full_disk_leaves_the_file_as_it_was(on_small_disk):
    code = """\
import sys
from pathlib import Path
from sfcci.enable import writing
from sfcci.errors import DiskFull
disk = Path(sys.argv[1])
path = disk / "neutron.conf"
path.write_text("x" * 40000)
try:
    writing.write([writing.Change(path, "x" * 40000, "y" * 400000)])
except DiskFull as error:
    print(path.read_text() == "x" * 40000, [one.name for one in disk.iterdir() if "sfcci" not in one.name], error)
"""
    said = on_small_disk("128k", code)
    assert said.startswith("True ['neutron.conf'] cannot write")
    assert "the disk is full" in said


def test_killed_between_backup_and_file_nothing_is_lost_and_the_next_time_works(neutron):
    root = neutron()
    before = conf(root)
    code = (
        "import os, signal, sys; from pathlib import Path; from sfcci import files; from sfcci.enable import turn\n"
        "write, done = files.rewrite_bytes, []\n"
        "def killed(*args, **given):\n"
        "    if done: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    done.append(write(*args, **given))\n"
        "files.rewrite_bytes = killed\n"
        "turn.carry_out(turn.planned('controller', root=Path(sys.argv[1])))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, root], check=False)
    assert ended.returncode == -9
    assert conf(root) == before
    assert turn.undoing("controller", root=root).changes == ()
    enabled(root)
    assert len(writing.backups(root / "etc/neutron/neutron.conf")) == 2
    turn.carry_out(turn.undoing("controller", root=root))
    assert conf(root) == before


def test_a_drivers_name_brings_no_line_of_its_own(neutron):
    with pytest.raises(UsageError, match="is no driver's name"):
        turn.planned("controller", root=neutron(), driver="ovs\n[database]")
