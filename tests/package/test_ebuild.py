"""Ebuilds and their metadata, as exact text; what Gentoo has no words for; the order of versions."""

import dataclasses
import datetime as dt
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from itertools import starmap, zip_longest
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from sfcci import environment
from sfcci.errors import InputError
from sfcci.package import dialect, ebuild, pkgcheck
from sfcci.package.catalogue import load_catalogue
from sfcci.package.component import Change, Component, Gentoo, Source
from sfcci.package.sdist import SdistMetadata, project_metadata

REPOSITORY = Path(__file__).parents[2]
NETWORKING_SFC = SdistMetadata(
    name="networking-sfc",
    version="23.0.0",
    summary="APIs and implementations to support Service Function Chaining in Neutron.",
    requires_python=">=3.10",
    build_requires=("pbr>=6.0.0", "setuptools>=64.0.0"),
    build_backend="pbr.build",
    requires=(
        "pbr>=4.0.0",
        "netaddr>=0.7.18",
        "python-neutronclient>=10.0.0",
        "SQLAlchemy>=2.0.0",
        "alembic>=0.9.6",
        "stevedore>=1.20.0",
        "oslo.config>=8.0.0",
        "oslo.i18n>=3.20.0",
        "oslo.log>=4.3.0",
        "oslo.messaging>=12.4.0",
        "oslo.serialization>=2.25.0",
        "oslo.utils>=4.5.0",
        "neutron-lib>=2.19.0",
        "neutron>=27.0.0.0b1",
    ),
    requirement_files={
        "doc/requirements.txt": (
            "sphinx>=2.0.0,!=2.1.0",
            "openstackdocstheme>=2.2.1",
            "sphinxcontrib-svg2pdfconverter>=0.1.0",
            "reno>=3.1.0",
            "os-api-ref>=1.5.0",
        ),
        "test-requirements.txt": (
            "hacking>=7.0.0,<7.1.0",
            "coverage!=4.4,>=4.0",
            "WebOb>=1.8.2",
            "WebTest>=2.0.27",
            "oslotest>=3.2.0",
            "stestr>=2.0.0",
            "psycopg2>=2.8",
            "PyMySQL>=0.7.6",
        ),
    },
    files=frozenset({"doc/source/conf.py"}),
)
"""What the release 23.0.0 says of itself."""
COMPONENT = Component(
    name="Chain.Tool",
    version="2.0.0.0rc1",
    license="Apache-2.0 OR MIT",
    homepage="https://chain.example.org/?a=1&b=2",
    kind="library",
    modules=("chain_tool",),
    source=Source(
        sdist="Chain.Tool-2.0.0.0rc1.tar.gz", sha256="0" * 64, git="https://github.com/example/chain.git"
    ),
    changelog=(
        Change(dt.date(2026, 3, 1), "2.0.0.0rc1", 1, ("Package",)),
        Change(dt.date(2024, 3, 1), "1.0.0", 1, ("Package",)),
    ),
    summary='Chains `of` "boxes" for $5.',
    description="Boxes & chains,\nit's <all> of them: what one lets out, the next takes in, up to the last,\nand back again.",
    gentoo=Gentoo(category="net-misc", names={"boxes": "app-misc/big-boxes"}),
)
METADATA = SdistMetadata(
    name="Chain.Tool",
    version="2.0.0.0rc1",
    requires_python=">=3.12.4,<3.14",
    requires=(
        "Boxes~=1.4",
        "zope.interface!=5.1,>=5",
        "tomli; python_version < '3.11'",
        "backport>=1; python_version < '3.13'",
        "winapi; sys_platform == 'win32'",
        "sphinx; extra == 'doc'",
        "plain",
    ),
    build_requires=("hatchling>=1", "hatch-vcs"),
    build_backend="hatchling.build",
)
RELEASE = """\
# Copyright 2024-2026 The sfcci developers
# Distributed under the terms of the Apache License 2.0

EAPI=8

DISTUTILS_USE_PEP517=hatchling
PYPI_PN="Chain.Tool"
PYTHON_COMPAT=( python3_{12..13} )

inherit distutils-r1 pypi

DESCRIPTION="Chains \\`of\\` \\"boxes\\" for \\$5"
HOMEPAGE="https://chain.example.org/?a=1&b=2"
SRC_URI="$(pypi_sdist_url --no-normalize "${PYPI_PN}" 2.0.0.0rc1)"
S="${WORKDIR}/Chain.Tool-2.0.0.0rc1"

LICENSE="|| ( Apache-2.0 MIT )"
SLOT="0"

RDEPEND="
	=app-misc/big-boxes-1*[${PYTHON_USEDEP}]
	>=app-misc/big-boxes-1.4[${PYTHON_USEDEP}]
	$(python_gen_cond_dep '>=dev-python/backport-1[${PYTHON_USEDEP}]' python3_12)
	dev-python/plain[${PYTHON_USEDEP}]
	!~dev-python/zope-interface-5.1
	>=dev-python/zope-interface-5[${PYTHON_USEDEP}]
"
BDEPEND="
	dev-python/hatch-vcs[${PYTHON_USEDEP}]
"
"""
METADATA_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE pkgmetadata SYSTEM "https://www.gentoo.org/dtd/metadata.dtd">
<pkgmetadata>
	<maintainer type="person">
		<email>sfcci@sfcci.example.org</email>
		<name>The sfcci developers</name>
	</maintainer>
	<longdescription lang="en">
		Boxes &amp; chains,
		it's &lt;all&gt; of them: what one lets out, the next takes in, up to the last,
		and back again.
	</longdescription>
	<upstream>
		<remote-id type="github">example/chain</remote-id>
		<remote-id type="pypi">Chain.Tool</remote-id>
	</upstream>
</pkgmetadata>
"""


def committed(path):
    return (REPOSITORY / "gentoo" / path).read_text()


def described(name):
    return next(c for c in load_catalogue(REPOSITORY / "packaging") if c.name == name)


def test_the_overlay_holds_what_the_catalogue_renders_for_networking_sfc():
    component, folder = described("networking-sfc"), "sys-cluster/networking-sfc"
    rendered = ebuild.overlay_files(component, NETWORKING_SFC, None)
    assert rendered[f"gentoo/{folder}/networking-sfc-9999.ebuild"] == committed(
        f"{folder}/networking-sfc-9999.ebuild"
    )
    assert rendered[f"gentoo/{folder}/metadata.xml"] == committed(f"{folder}/metadata.xml")
    release = ebuild.ebuild_text(ebuild.release(component, NETWORKING_SFC))
    assert release == committed(f"{folder}/networking-sfc-23.0.0.ebuild")


def test_sfcci_itself_has_only_a_live_ebuild_until_it_has_a_release():
    component = described("sfcci")
    told = dataclasses.replace(project_metadata(REPOSITORY), files=frozenset(component.source_files))
    rendered = ebuild.overlay_files(component, told, None)
    assert set(rendered) == {
        "gentoo/sys-cluster/sfcci/metadata.xml",
        "gentoo/sys-cluster/sfcci/sfcci-9999.ebuild",
    }
    for path, text in rendered.items():
        assert (REPOSITORY / path).read_text() == text


def test_the_overlays_own_files_are_committed():
    for path, text in ebuild.base_files().items():
        assert (REPOSITORY / path).read_text() == text


def test_a_bound_on_a_pre_release_keeps_its_meaning():
    assert ">=sys-cluster/neutron-27.0.0_beta1[${PYTHON_USEDEP}]" in committed(
        "sys-cluster/networking-sfc/networking-sfc-23.0.0.ebuild"
    )


def test_a_pre_release_is_rendered_with_its_own_address_and_without_keywords():
    assert ebuild.ebuild_text(ebuild.release(COMPONENT, METADATA)) == RELEASE


def test_a_live_ebuild_names_the_repository_and_nothing_of_the_index():
    text = ebuild.ebuild_text(ebuild.live(COMPONENT, METADATA))
    assert 'EGIT_REPO_URI="https://github.com/example/chain.git"\n' in text
    assert "inherit distutils-r1 git-r3\n" in text
    assert not {"KEYWORDS=", "SRC_URI=", "S="} & {line.partition("=")[0] + "=" for line in text.splitlines()}


def test_metadata_xml_is_escaped_and_well_formed():
    text = ebuild.metadata_text(COMPONENT)
    assert text == METADATA_XML
    tree = ET.fromstring(text)  # noqa: S314 - our own text
    assert tree.findtext("longdescription").split() == COMPONENT.description.split()


def test_a_description_that_says_no_more_than_a_line_is_no_long_one():
    short = dataclasses.replace(COMPONENT, description="Boxes and chains.")
    assert "longdescription" not in ebuild.metadata_text(short)


def test_files_are_named_after_category_package_and_version(tmp_path):
    sdist = tmp_path / "anything"
    sdist.write_bytes(b"sources")
    rendered = ebuild.overlay_files(COMPONENT, METADATA, sdist)
    folder = "gentoo/net-misc/chain-tool"
    assert set(rendered) == {
        f"{folder}/metadata.xml",
        f"{folder}/chain-tool-2.0.0_rc1.ebuild",
        f"{folder}/Manifest",
        f"{folder}/chain-tool-9999.ebuild",
    }
    assert rendered[f"{folder}/Manifest"].startswith("DIST Chain.Tool-2.0.0.0rc1.tar.gz 7 BLAKE2B ")


def test_rendering_twice_gives_the_same_bytes():
    assert ebuild.overlay_files(COMPONENT, METADATA, None) == ebuild.overlay_files(COMPONENT, METADATA, None)


@given(st.permutations(METADATA.requires))
def test_the_order_in_which_the_source_lists_requirements_changes_nothing(requires):
    metadata = dataclasses.replace(METADATA, requires=tuple(requires))
    assert ebuild.ebuild_text(ebuild.release(COMPONENT, metadata)) == RELEASE


@settings(max_examples=25)  # each starts bash
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_bash_reads_a_description_as_it_was_written(text):
    component = dataclasses.replace(COMPONENT, summary=f"x{text}x")
    line = next(
        line
        for line in ebuild.ebuild_text(ebuild.release(component, METADATA)).split("\n")
        if line.startswith("DESCRIPTION=")
    )
    script = f'{line}\nprintf %s "$DESCRIPTION"'
    assert (
        subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout.decode() == f"x{text}x"
    )


@pytest.mark.parametrize(
    ("requires_python", "words"),
    [
        ("", "python3_{12..14}"),
        (">=3.10", "python3_{12..14}"),
        (">=3.13.2", "python3_{13..14}"),
        ("<3.13", "python3_12"),
        ("!=3.13.*", "python3_{12,14}"),
    ],
)
def test_python_compat_follows_what_the_source_asks_for(requires_python, words):
    assert ebuild.python_compat(requires_python) == words


@pytest.mark.parametrize(
    ("component", "metadata", "says"),
    [
        ({"license": "Sleepycat"}, {}, "Sleepycat"),
        ({}, {"build_backend": "home.made"}, "home.made"),
        ({}, {"requires_python": "<3.12"}, "::gentoo builds for 3.12 to 3.14"),
    ],
)
def test_what_gentoo_has_no_words_for_names_the_description(tmp_path, component, metadata, says):
    (tmp_path / "sdist").touch()
    with pytest.raises(InputError, match=r"^packaging/x\.toml: ") as caught:
        ebuild.overlay_files(
            dataclasses.replace(COMPONENT, path="packaging/x.toml", **component),
            dataclasses.replace(METADATA, **metadata),
            tmp_path / "sdist",
        )
    assert says in str(caught.value)


@pytest.mark.parametrize("version", ["1!2.0", "2.0+local"])
def test_a_version_that_gentoo_cannot_spell_names_the_description(tmp_path, version):
    (tmp_path / "sdist").touch()
    change = dataclasses.replace(COMPONENT.changelog[0], version=version)
    component = dataclasses.replace(COMPONENT, path="packaging/x.toml", version=version, changelog=(change,))
    with pytest.raises(
        InputError, match=rf"^packaging/x\.toml: .*version {re.escape(version)}(: | has an epoch)"
    ):
        ebuild.overlay_files(component, dataclasses.replace(METADATA, version=version), tmp_path / "sdist")


def test_a_description_that_contradicts_its_source_is_told():
    with pytest.raises(InputError, match=r"version: found '2\.0\.0\.0rc1'; expected '3\.0'"):
        ebuild.overlay_files(COMPONENT, dataclasses.replace(METADATA, version="3.0"), None)


SUFFIXES = ("alpha", "beta", "pre", "rc", "", "p")


def compare(one, other):
    """Order two versions as PMS 3.3 does: negative, 0, positive."""
    (numbers, suffixes), (others, other_suffixes) = parts(one), parts(other)
    found = [numbers[0] - others[0], *starmap(compare_numbers, zip(numbers[1:], others[1:], strict=False))]
    found.append(len(numbers) - len(others))
    found += starmap(compare_suffixes, zip_longest(suffixes, other_suffixes, fillvalue=("", 0)))
    return next((step for step in found if step), 0)


def parts(version):
    release, *suffixes = version.split("_")
    names = [suffix.rstrip("0123456789") for suffix in suffixes]
    numbers = [int(suffix[len(name) :] or 0) for suffix, name in zip(suffixes, names, strict=True)]
    first, *others = release.split(".")
    return [int(first), *others], list(zip(names, numbers, strict=True))


def compare_numbers(one, other):
    if one.startswith("0") or other.startswith("0"):
        one, other = one.rstrip("0"), other.rstrip("0")
        return (one > other) - (one < other)
    return int(one) - int(other)


def compare_suffixes(one, other):
    kind = SUFFIXES.index(one[0]) - SUFFIXES.index(other[0])
    return kind or one[1] - other[1]


@st.composite
def versions(draw):
    """X.Y.Z with every suffix of PEP 440; pre-releases also as X.Y.Z.0rc1, which OpenStack writes."""
    small = st.integers(0, 3)
    text = ".".join(str(draw(st.integers(0, 12))) for _ in range(3))
    pre, dev = draw(st.sampled_from(["", "a", "b", "rc"])), draw(st.booleans())
    post = draw(st.booleans())
    if (pre or dev) and not post and draw(st.booleans()):
        text += ".0"
    text += f"{pre}{draw(small)}" if pre else ""
    text += f".post{draw(small)}" if post else ""
    return text + (f".dev{draw(small)}" if dev else "")


@given(versions(), versions())
def test_gentoo_orders_versions_as_python_does(one, other):
    expected = (Version(one) > Version(other)) - (Version(one) < Version(other))
    found = compare(dialect.gentoo_version(one), dialect.gentoo_version(other))
    assert (found > 0) - (found < 0) == expected


@pytest.mark.distro
def test_pkgcore_orders_versions_as_python_does(cache_dir):
    texts = [
        f"23.0.0{tail}"
        for tail in (
            ".dev2",
            "a1.dev1",
            "a1",
            ".0a2",
            "b1",
            ".0b2",
            ".0rc1",
            "rc2",
            "",
            ".post1.dev1",
            ".post1",
            ".post2",
        )
    ]
    assert texts == sorted(texts, key=Version)
    script = """
import functools, json, sys
from pkgcore.ebuild.cpv import CPV
print(json.dumps(sorted(json.load(sys.stdin), key=lambda v: CPV("a", "b", v))))
"""
    ours = [dialect.gentoo_version(text) for text in texts]
    python = environment.ensure(pkgcheck.SPEC, cache_dir).python
    done = subprocess.run(
        [python, "-c", script], input=json.dumps(ours[::-1]), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ours
