"""Configuration and units in ebuilds: exact text, what bash makes of it, what portage installs."""

import datetime as dt
import subprocess

import pytest

from sfcci import settings
from sfcci.errors import InputError
from sfcci.package import ebuild, ebuild_install
from sfcci.package.component import Change, Component, Config, Gentoo, Service, Source
from sfcci.package.ebuild_build import Around, build_ebuild
from sfcci.package.sdist import SdistMetadata

from .own_overlay import PYPROJECT, PYTHON_SOURCES, add_ebuild, make_overlay

GENERATOR = ("said-config", "--all", "--output-file")
COMPONENT = Component(
    name="chain",
    version="2.0",
    license="MIT",
    homepage="https://chain.example.org",
    kind="application",
    modules=("chain",),
    source=Source(sdist="chain-2.0.tar.gz", sha256="2" * 64),
    changelog=(Change(dt.date(2026, 3, 1), "2.0", 1, ("Package",)),),
    configs=(
        Config("/etc/chain/secret.conf", source="etc/secret.conf", mode="0640"),
        Config("/etc/chain/chain.conf", generator=GENERATOR, group="chain"),
        Config("/etc/chain/log.yaml", source="etc/logging.yaml"),
        Config("/etc/other/chain.yaml", source="etc/chain.yaml"),
    ),
    services=(Service("chain.service", "etc/chain.service"), Service("chaind.socket", "etc/chain.socket")),
    gentoo=Gentoo(messages=("Chains of old are read no more.",)),
)
METADATA = SdistMetadata(
    name="chain",
    version="2.0",
    summary="Chains.",
    requires=("click>=8",),
    build_backend="setuptools.build_meta",
    files=frozenset(
        {
            *(
                f"etc/{name}"
                for name in ("secret.conf", "logging.yaml", "chain.yaml", "chain.service", "chain.socket")
            )
        }
    ),
)
BEHIND_THE_SLOT = """\
KEYWORDS="~amd64 ~arm64"

RDEPEND="
	>=dev-python/click-8[${PYTHON_USEDEP}]
"
# What generates configuration imports what it describes.
BDEPEND="
	${RDEPEND}
"

python_compile_all() {
	local -x PYTHONPATH=${BUILD_DIR}/install$(python_get_sitedir)${PYTHONPATH:+:${PYTHONPATH}}
	said-config --all \\
		--output-file "${T}/chain.conf" || die
}

python_install_all() {
	distutils-r1_python_install_all

	insinto /etc/chain
	doins "${T}/chain.conf"
	newins etc/logging.yaml log.yaml
	insopts -m 0640
	doins etc/secret.conf

	insinto /etc/other
	insopts -m 0644
	doins etc/chain.yaml

	systemd_dounit etc/chain.service
	systemd_newunit etc/chain.socket chaind.socket
}

pkg_postinst() {
	elog "Chains of old are read no more."
	elog "/etc/chain/chain.conf is for root alone:"
	elog "give it to the group that its service runs as."
}
"""


def test_configuration_and_units_are_written_as_by_hand():
    text = ebuild.ebuild_text(ebuild.release(COMPONENT, METADATA))
    assert "\ninherit distutils-r1 pypi systemd\n" in text
    assert text.partition('SLOT="0"\n')[2] == BEHIND_THE_SLOT
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


def test_who_has_no_configuration_has_nothing_of_it():
    text = ebuild.ebuild_text(
        ebuild.release(Component(**{**vars(COMPONENT), "configs": (), "services": ()}), METADATA)
    )
    assert "systemd" not in text
    assert "python_" not in text.partition('SLOT="0"\n')[2]


def test_two_files_of_one_name_do_not_meet_while_they_are_made():
    twice = (
        Config("/etc/one/chain.conf", generator=GENERATOR),
        Config("/etc/two/chain.conf", generator=GENERATOR),
    )
    component = Component(**{**vars(COMPONENT), "configs": twice})
    assert '\t--output-file "${T}/etc-one-chain.conf" || die' in ebuild_install.generators(component)
    assert 'newins "${T}/etc-two-chain.conf" chain.conf' in ebuild_install.installation(component)


def test_words_of_a_generator_stay_words():
    config = Config("/etc/chain/chain.conf", generator=("make-config", "a b", "$HOME"))
    lines = ebuild_install.generators(Component(**{**vars(COMPONENT), "configs": (config,)}))
    assert lines[1:] == ("make-config 'a b' \\", "\t'$HOME' \"${T}/chain.conf\" || die")


def test_a_source_without_the_unit_is_refused():
    metadata = SdistMetadata(**{**vars(METADATA), "files": METADATA.files - {"etc/chain.service"}})
    with pytest.raises(InputError, match=r"the source has no etc/chain\.service"):
        ebuild.overlay_files(COMPONENT, metadata, None)


SAID = Component(
    **{
        **vars(COMPONENT),
        "name": "said",
        "version": "1.0",
        "modules": ("said",),
        "source": Source(sdist="said-1.0.tar.gz", sha256="2" * 64),
        "configs": (
            Config("/etc/said/said.conf", generator=("said-config", "--to"), mode="0640"),
            Config("/etc/said/words.txt", source="words"),
        ),
        "services": (Service("said.service", "said.service"), Service("other.service", "said.service")),
    }
)
SAID_METADATA = SdistMetadata(
    name="said", version="1.0", summary="Says.", requires_python=">=3.11", build_backend="flit_core.buildapi"
)
CONFIG = """\
import sys
from importlib.metadata import version


def main():
    with open(sys.argv[2], "w") as file:
        file.write(f"# of said {version('said')}\\n")
"""
SOURCES = {
    **PYTHON_SOURCES,
    "pyproject.toml": PYPROJECT + 'said-config = "said.config:main"\n',
    "said/config.py": CONFIG,
    "words": "hello\n",
    "said.service": "[Service]\nExecStart=/usr/bin/said\n",
}


@pytest.mark.distro
def test_portage_makes_and_installs_them(tmp_path, cache_dir):
    at = settings.load(
        tmp_path, {"SFCCI_RUN_CACHE": str(cache_dir), "SFCCI_RUN_STATE": str(tmp_path / "state")}
    )
    text = ebuild.ebuild_text(ebuild.release(SAID, SAID_METADATA))
    overlay, distfiles = make_overlay(tmp_path / "gentoo"), tmp_path / "distfiles"
    path = add_ebuild(overlay, distfiles, "dev-python/said-1.0", text, SOURCES)
    seen = {}

    def look(running):
        for folder in ("etc/said", "usr/lib/systemd/system"):
            for file in (running.prefix.path / folder).iterdir():
                seen[file.name] = f"{file.stat().st_mode & 0o777:04o} {file.read_text()}"
        return ()

    report = build_ebuild(
        at, lambda _text: None, path, distfiles=distfiles, around=Around(after={"qmerge": look})
    )
    assert report.findings == (), report.log.read_text()[-3000:]
    assert seen == {
        "said.conf": "0640 # of said 1.0\n",
        "words.txt": "0644 hello\n",
        "said.service": f"0644 {SOURCES['said.service']}",
        "other.service": f"0644 {SOURCES['said.service']}",
    }
