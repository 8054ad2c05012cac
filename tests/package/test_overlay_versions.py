"""A component with every kind of version and flag, rendered, as pkgcheck and portage see it."""

import hashlib
import io
import json
import subprocess
import tarfile

import pytest

from sfcci import environment, settings
from sfcci.package import catalogue_run, overlay, pkgcheck, portage_prefix, stand_in, tree
from sfcci.package.manifest import manifest_text, read_distfile
from sfcci.package.package_mask import PRE_RELEASE

pytestmark = pytest.mark.distro

DESCRIPTION = """\
name = "chain.tool"
version = "1.0"
license = "MIT"
homepage = "https://chain.example.org"
kind = "library"
description = "What passes is led through one function after the other, and back."
modules = ["chain_tool"]

[source]
sha256 = "{1.0}"
git = "https://git.example.org/chain-tool"

[gentoo]
messages = ["Now see chain(8)."]

[gentoo.flags]
colour = "Print in colours"

[[gentoo.versions]]
version = "1.1"
sha256 = "{1.1}"
mask = "Loses flows when an agent restarts; stay at 1.0."
masked = 2026-11-21

[[gentoo.versions]]
version = "2.0.0.0rc1"
sha256 = "{2.0.0.0rc1}"

[docs]
folder = "doc/source"
requirements = "doc/requirements.txt"

[tests]
runner = "stestr"
requirements = "test-requirements.txt"

[[changelog]]
date = 2026-10-01
release = 1
version = "1.0"
changes = ["First package"]
"""
PKG_INFO = """\
Metadata-Version: 2.4
Name: chain.tool
Version: {version}
Summary: Chains of functions.
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.10
Provides-Extra: colour
Requires-Dist: click>=8.0.0rc1
Requires-Dist: SQLAlchemy~=2.0
Requires-Dist: pbr!=2.1.0,>=2.0.0
Requires-Dist: rich>=13; extra == "colour"
"""
FILES = {
    "LICENSE": "x",
    "doc/source/conf.py": "extensions = ['openstackdocstheme']\n",
    "doc/requirements.txt": "sphinx>=2\nopenstackdocstheme>=2.2.1\n",
    "test-requirements.txt": "stestr>=2\noslotest>=3.2\n",
}
VERSIONS = ("1.0", "1.1", "2.0.0.0rc1")
PACKAGE = "dev-python/chain-tool"


def make_sdist(cache, version):
    """Put an sdist into the cache, where its component finds it; give its hash."""
    data = io.BytesIO()
    name = f"chain_tool-{version}"
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, text in {"PKG-INFO": PKG_INFO.format(version=version), **FILES}.items():
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    digest = hashlib.sha256(data.getvalue()).hexdigest()
    folder = cache / "sdists" / digest[:16]
    folder.mkdir(parents=True)
    (folder / f"{name}.tar.gz").write_bytes(data.getvalue())
    return digest


@pytest.fixture(scope="module")
def made(tmp_path_factory, cache_dir):
    """A project with that component alone, rendered; its cache shares the machine's environments."""
    root = tmp_path_factory.mktemp("versions")
    cache = root / "cache"
    cache.mkdir()
    (cache_dir / "environments").mkdir(parents=True, exist_ok=True)
    (cache / "environments").symlink_to(cache_dir / "environments")
    description = DESCRIPTION
    for version in VERSIONS:
        description = description.replace(f"{{{version}}}", make_sdist(cache, version))
    (root / "own" / "packaging").mkdir(parents=True)
    (root / "own" / "packaging" / "chain-tool.toml").write_text(description)
    given = {"SFCCI_RUN_CACHE": str(cache), "SFCCI_RUN_STATE": str(root / "state")}
    at = settings.load(root / "own", given)
    tree.write_tree(at.project, catalogue_run.rendered(at))
    return at


def test_pkgcheck_has_neither_error_nor_warning_for_any_of_them(made):
    names = sorted(path.name for path in (made.project / "gentoo" / PACKAGE).glob("*.ebuild"))
    assert names == [f"chain-tool-{v}.ebuild" for v in ("1.0", "1.1", "2.0.0_rc1", "9999")]
    report = overlay.judge_overlay(made)
    assert [str(f) for f in report.findings if f.severity in {"error", "warning"}] == []


def test_rendering_again_changes_no_byte(made):
    assert tree.write_tree(made.project, catalogue_run.rendered(made)) == ()
    assert [f for f in catalogue_run.check(made) if f.severity == "error"] == []


def test_the_manifest_is_what_gentoos_own_tools_write_over_all_versions(made):
    folder = made.project / "gentoo" / PACKAGE
    sdists = sorted(made.cache.glob("sdists/*/*.tar.gz"))
    assert (folder / "Manifest").read_text() == manifest_text(read_distfile(path) for path in sdists)
    script = """
import json, sys
from pkgcore.ebuild.digest import Manifest
print(json.dumps({n: c["size"] for n, c in Manifest(sys.argv[1], thin=True).distfiles.items()}))
"""
    python = environment.ensure(pkgcheck.SPEC, made.cache).python
    done = subprocess.run(
        [python, "-c", script, folder / "Manifest"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {path.name: path.stat().st_size for path in sdists}


@pytest.fixture(scope="module")
def prefixes(made, tmp_path_factory):
    """Portage as it is, and as a user has it who lifts masks."""
    config = tmp_path_factory.mktemp("config")
    (config / "package.unmask").write_text(f"={PACKAGE}-1.1\n={PACKAGE}-2.0.0_rc1\n")
    (config / "package.accept_keywords").write_text(f"{PACKAGE} **\n")
    (config / "package.use").write_text(f"{PACKAGE} colour doc\n")
    place = {"overlay": made.project / "gentoo", "master": stand_in.prepare_master(made.cache / "portage")}

    def quiet(_text):
        pass

    with (
        portage_prefix.prepared(made, quiet, **place) as plain,
        portage_prefix.prepared(made, quiet, **place, config=config) as willing,
    ):
        yield plain, willing


def pretended(prefix, atom):
    done = prefix.run(["emerge", "--pretend", "--verbose", "--nodeps", atom])
    return done.stdout + done.stderr


def test_portage_takes_the_release_and_neither_what_is_masked_nor_the_live_one(prefixes):
    plain, _willing = prefixes
    assert f"{PACKAGE}-1.0::sfcci" in pretended(plain, PACKAGE)


@pytest.mark.parametrize(
    ("version", "reason"),
    [("1.1", "# Loses flows when an agent restarts"), ("2.0.0_rc1", f"# {PRE_RELEASE}")],
)
def test_portage_tells_the_reason_of_a_mask(prefixes, version, reason):
    plain, _willing = prefixes
    told = pretended(plain, f"={PACKAGE}-{version}")
    assert "masked by: package.mask" in told
    assert reason in told


def test_a_pre_release_and_a_live_ebuild_have_no_keywords(prefixes):
    plain, _willing = prefixes
    assert "masked by: package.mask, missing keyword" in pretended(plain, f"={PACKAGE}-2.0.0_rc1")
    assert "masked by: missing keyword" in pretended(plain, f"={PACKAGE}-9999")


def test_who_lifts_the_masks_gets_them_with_their_flags(prefixes):
    _plain, willing = prefixes
    told = pretended(willing, f"<{PACKAGE}-9999")
    assert f"{PACKAGE}-2.0.0_rc1::sfcci" in told, "the pre-release is newer than 1.1"
    assert 'USE="colour doc -test' in told
    assert f"{PACKAGE}-9999::sfcci" in pretended(willing, PACKAGE)
