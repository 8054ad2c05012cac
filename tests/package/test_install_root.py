"""A root that dnf fills: scriptlets really run there, by this host's programs, without powers or a network, and nothing of the host stays."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from sfcci import command
from sfcci.package import build, install_answers, install_root, install_test
from sfcci.package.install_answers import Probed
from sfcci.package.universe import CLAIMED
from sfcci.package.universe_build import build_stand_in

from . import enabled_in_root
from .conftest import REPOSITORY, skip_without_network

pytestmark = pytest.mark.distro
SPEC = """\
Name: scripted
Version: 1
Release: 1
Summary: A package with scriptlets
License: MIT
BuildArch: noarch
%description
%{summary}.
%install
mkdir -p %{buildroot}/usr/lib/systemd/system %{buildroot}/etc %{buildroot}/usr/share
printf '[Unit]\\nDescription=x\\n[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' \\
  > %{buildroot}/usr/lib/systemd/system/scripted.service
echo packaged > %{buildroot}/usr/share/scripted
%post
systemctl --no-reload preset scripted.service
echo "post: $(id -u), $(ls /usr/bin | wc -l) programs" > /etc/scripted-says
mount -t tmpfs none /etc 2>/dev/null && echo "post: mounts" >> /etc/scripted-says
cat /proc/sys/kernel/domainname > /proc/sys/kernel/domainname && echo "post: sets" >> /etc/scripted-says
%preun
rm /etc/scripted-says
%postun
exit 4
%files
/usr/lib/systemd/system/scripted.service
/usr/share/scripted
"""


def rpm_of(spec, folder):
    """Build a spec; the folder becomes a repository of what it gives."""
    top = folder / "top"
    top.mkdir(parents=True)
    (top / "x.spec").write_text(spec)
    macros = [
        "--define",
        f"_topdir {top}",
        "--define",
        f"_dbpath {top}/db",
        "--define",
        "__os_install_post %{nil}",
    ]
    subprocess.run(["rpmbuild", *macros, "-bb", top / "x.spec"], check=True, capture_output=True)
    for rpm in (top / "RPMS").rglob("*.rpm"):
        rpm.rename(folder / rpm.name)
    subprocess.run(["createrepo_c", "--quiet", folder], check=True)


@dataclass(frozen=True)
class Scripted:
    """The root after the package came, and what dnf said of its coming and going."""

    root: install_root.Root
    kept: dict
    came: str
    went: str


def texts(folder):
    return {
        str(path.relative_to(folder)): path.is_file() and path.read_text()
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


@pytest.fixture(scope="module")
def scripted():
    with build.workspace(install_root.memory()) as scratch:
        rpm_of(SPEC, scratch / "ours")
        build_stand_in(CLAIMED, scratch / "stand-in")
        named = {name: install_test._filling(name, scratch / name, ()) for name in ("ours", "stand-in")}
        root = install_root.empty_root(scratch / "test", named, ["neutron"])
        if not root.runs_scriptlets:
            pytest.skip("the kernel allows no overlay here")
        came = root.dnf("install", "scripted")
        assert came.status == 0, came.stderr
        kept = texts(root.folder / "etc") | {
            f"usr/{name}": text for name, text in texts(root.folder / "usr").items()
        }
        kept["links"] = sorted(path.name for path in (root.folder / "etc").rglob("*") if path.is_symlink())
        went = root.dnf("remove", "scripted")
        yield Scripted(root, kept, came.stdout + came.stderr, went.stdout + went.stderr)


def test_a_scriptlet_runs_with_this_hosts_real_shell_and_systemctl(scripted):
    assert install_answers.scriptlets_run(scripted.came) == ("scripted-1-1.noarch",)
    assert scripted.kept["scripted-says"].startswith("post: 0, ")
    assert int(scripted.kept["scripted-says"].split()[2]) > 100
    if command.available("systemctl"):
        assert scripted.kept["links"] == ["scripted.service"]


def test_nothing_of_the_host_stays_in_the_root(scripted):
    files = {name for name, text in scripted.kept.items() if name.startswith("usr/") and text is not False}
    assert files == {"usr/lib/systemd/system/scripted.service", "usr/share/scripted"}


def test_a_scriptlet_can_neither_mount_nor_change_the_kernel(scripted):
    assert scripted.kept["scripted-says"].count("post:") == 1


def test_a_scriptlet_that_fails_is_found_where_dnf_only_warns(scripted):
    (found,) = install_answers.scriptlet_findings(scripted.went)
    assert (found.keyword, str(found.place)) == ("ScriptletFailed", "scripted-1-1.noarch")
    assert found.what == "%postun failed, exit status 4"


def test_no_plug_in_of_this_machines_dnf_takes_part(scripted):
    """`local`, say, would bring every package that any dnf ever fetched here, and keep those of this one."""
    (line,) = (text for text in scripted.root.dnf("repolist", "-v").stdout.splitlines() if "plugins" in text)
    assert set(line.partition(":")[2].replace(",", " ").split()) == {"builddep", "repoclosure"}


def test_accounts_of_required_packages_are_there(scripted):
    assert "neutron:x:" in scripted.kept["group"]
    assert scripted.root.owners == (os.geteuid() == 0)


def test_modules_are_imported_out_of_the_root_alone(scripted):
    site = scripted.root.folder / "usr" / "lib" / "probed"
    (site / "here").mkdir(parents=True)
    (site / "here" / "__init__.py").write_text("import json, other\n")
    (site / "other.py").write_text("import sys\nsys.exit('gone')\n")
    probed = install_root.probe(scripted.root, sys.executable, "x", "/usr/lib/probed", ["here", "pytest"], [])
    assert probed.modules["here"] == "SystemExit: gone"
    assert probed.modules["pytest"].startswith("ModuleNotFoundError")
    assert not list(site.rglob("__pycache__"))


def test_a_module_that_came_from_elsewhere_is_a_finding():
    probed = Probed("x", {"a": ""}, {}, ("/opt/other.py",))
    (found,) = install_answers.import_findings([probed], ())
    assert (found.keyword, found.what) == (
        "ImportedFromOutside",
        "loads /opt/other.py, which no package brought",
    )


def test_folders_in_memory_are_taken_only_when_they_are_roomy(monkeypatch, tmp_path):
    monkeypatch.setattr(install_root, "MEMORY", tmp_path)
    assert install_root.memory() is None, "it is no mount point"
    monkeypatch.setattr(install_root, "MEMORY", tmp_path / "nowhere")
    assert install_root.memory() is None


@pytest.fixture(scope="module")
def enabled():
    """What enabling gave in networking-sfc's root, as long as that was there."""
    return {}


@pytest.fixture(scope="module")
def whole(built_catalogue, enabled):
    """The project's own packages, installed with the whole closure."""
    skip_without_network(built_catalogue.report)
    verify = install_test._Test._verify

    def enable_and_verify(one, root):
        if one.subject[0].name == "networking-sfc":
            python = one.made.python
            site = f"/usr/lib/python{python.version}/site-packages"
            enabled.update(enabled_in_root.answers(root, python.path, site))
        verify(one, root)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(install_test._Test, "_verify", enable_and_verify)
        return install_test.install_test(built_catalogue.settings, lambda _text: None)


def test_the_projects_own_packages_install_and_work(whole):
    assert [str(finding) for finding in whole.findings] == []
    by_name = {one.component: one for one in whole.components}
    sfc = by_name["networking-sfc"]
    assert len(sfc.installed) > 100, "with all that it requires"
    assert sfc.modules > 100, "the tests' modules too"
    assert (sfc.entry_points, sfc.excused) == (13, 2)
    assert sfc.stand_ins == ("group(neutron)", "openstack-neutron-common")
    names = {nevra.rsplit("-", 2)[0] for nevra in sfc.installed}
    assert {"python3-neutron", "python3-oslo-service+threading", "python3-networking-sfc-tests"} <= names
    if by_name["sfcci"].scriptlets_run:
        assert any(nevra.startswith("sfcci-") for nevra in by_name["sfcci"].scriptlets), "its unit was preset"


@pytest.mark.usefixtures("whole")
def test_what_enabling_writes_is_read_by_the_real_oslo_config_and_loads_the_installed_drivers(enabled):
    told, services = enabled["told"], "networking_sfc.services"
    assert enabled["remarks"] == [(), ()], "the package is found in the root, with all its entry points"
    assert enabled["again"] == ["", ""], "a second time nothing is to be done"
    assert list(told["plugins"]) == ["metering", "flow_classifier", "sfc"]
    assert told["plugins"]["sfc"] == f"{services}.sfc.plugin.SfcPlugin"
    assert told["plugins"]["flow_classifier"] == f"{services}.flowclassifier.plugin.FlowClassifierPlugin"
    assert told["chains"] == {"ovs": f"{services}.sfc.drivers.ovs.driver.OVSSfcDriver"}
    assert told["classifiers"] == {
        "ovs": f"{services}.flowclassifier.drivers.ovs.driver.OVSFlowClassifierDriver"
    }
    assert told["extensions"] == {"sfc": f"{services}.sfc.agent.extensions.sfc.SfcAgentExtension"}
    assert told["base_mac"] == "fa:16:3e:47:11:00"
    left = enabled["left"]
    assert {name: left[name] for name in enabled_in_root.FILES} == enabled_in_root.FILES, "undone, as it was"
    assert not [name for name in left if name.endswith(".bak")]


def test_an_ordinary_user_can_install_too(built_catalogue, cache_dir, tmp_path):
    """A user namespace that maps root to another: the same rights as an ordinary user's, on files that root may read."""
    ordinary = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    nested = [*ordinary, "unshare", *command.OWN_USER, "--net", "true"]
    if os.geteuid() != 0 or subprocess.run(nested, capture_output=True, check=False).returncode:
        pytest.skip("ordinary users may make no namespaces here")
    (tmp_path / "tmp").mkdir()
    given = {
        "SFCCI_PROJECT": str(REPOSITORY),
        "SFCCI_RUN_CACHE": str(cache_dir),
        "SFCCI_RUN_STATE": str(built_catalogue.settings.state),
        "SFCCI_DATABASE_URL": f"sqlite:///{tmp_path}/runs.sqlite",  # that state is for reading
        "TMPDIR": str(tmp_path / "tmp"),
    }
    argv = [*ordinary, sys.executable, "-m", "sfcci", "package", "install-test", "sfcci"]
    done = subprocess.run(argv, env={**os.environ, **given}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "owners not verified" in done.stdout
    assert not list((tmp_path / "tmp").iterdir())
