"""USE=doc, USE=test, flags of extras, messages, several versions: exact text, and what bash makes of it."""

import datetime as dt
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from sfcci.errors import InputError
from sfcci.package import component as values
from sfcci.package import ebuild, ebuild_dependency
from sfcci.package.component import Change, Component, Docs, Gentoo, GentooVersion, Source
from sfcci.package.index import Subject
from sfcci.package.sdist import SdistMetadata

COMPONENT = Component(
    name="chain",
    version="2.0",
    license="MIT",
    homepage="https://chain.example.org",
    kind="library",
    modules=("chain",),
    source=Source(sdist="chain-2.0.tar.gz", sha256="2" * 64, git="https://git.example.org/chain.git"),
    changelog=(
        Change(dt.date(2026, 3, 1), "2.0", 1, ("Package",)),
        Change(dt.date(2025, 3, 1), "1.0", 1, ("Package",)),
        Change(dt.date(2024, 3, 1), "0.9", 1, ("Package",)),
    ),
    docs=Docs("doc/source", "doc/requirements.txt", without=("reno",)),
    tests=values.Tests("stestr", "test-requirements.txt", without=("coverage",), arguments=("--slowest",)),
    gentoo=Gentoo(
        flags={"metrics": "Count what passes, and tell Graphite"},
        undrawn={"pdf-converter": "sphinxcontrib.pdfconverter"},
        messages=('Chains of "old" are read no more:', "see ${EROOT}/etc/chain"),
    ),
)
METADATA = SdistMetadata(
    name="chain",
    version="2.0",
    summary="Chains.",
    requires=("click>=8", "graphyte>=1.7; extra == 'metrics'", "uvloop; extra == 'fast'"),
    extras=("fast", "metrics"),
    build_requires=("setuptools>=64", "setuptools-scm", "wheel"),
    build_backend="setuptools.build_meta",
    requirement_files={
        "doc/requirements.txt": ("sphinx>=2", "theme>=1.5,!=1.6", "reno", "pdf-converter", "click"),
        "test-requirements.txt": ("coverage", "stestr>=2", "testtools", "click>=8"),
    },
    files=frozenset({"doc/source/conf.py"}),
)
TEXT = """\
LICENSE="MIT"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
IUSE="metrics"

RDEPEND="
	>=dev-python/click-8[${PYTHON_USEDEP}]
	metrics? (
		>=dev-python/graphyte-1.7[${PYTHON_USEDEP}]
	)
"
BDEPEND="
	dev-python/setuptools-scm[${PYTHON_USEDEP}]
	test? (
		>=dev-python/stestr-2[${PYTHON_USEDEP}]
		dev-python/testtools[${PYTHON_USEDEP}]
	)
"

distutils_enable_sphinx doc/source \\
	"dev-python/click" \\
	">=dev-python/theme-1.5"
# Sphinx imports what it documents.
BDEPEND+=" doc? ( ${RDEPEND} )"

distutils_enable_tests unittest

python_prepare_all() {
	# What HTML does not need.
	sed -i "/['\\"]sphinxcontrib[.]pdfconverter['\\"]/d" doc/source/conf.py || die
	distutils-r1_python_prepare_all
}

python_test() {
	"${EPYTHON}" -m stestr run --slowest || die "Tests failed with ${EPYTHON}"
}

pkg_postinst() {
	elog "Chains of \\"old\\" are read no more:"
	elog "see \\${EROOT}/etc/chain"
}
"""


def rendered(component=COMPONENT, metadata=METADATA):
    return ebuild.ebuild_text(ebuild.release(component, metadata))


def test_documentation_tests_flags_and_messages_are_written_as_a_gentoo_developer_writes_them():
    text = rendered()
    assert text[text.index("LICENSE=") :] == TEXT


def test_release_and_live_ebuild_have_the_same_features():
    live = ebuild.ebuild_text(ebuild.live(COMPONENT, METADATA))
    assert live[live.index("LICENSE=") :] == TEXT.replace('KEYWORDS="~amd64 ~arm64"\n', "")


def test_bash_finds_no_fault_in_it():
    subprocess.run(["bash", "-n"], input=rendered(), text=True, check=True)


def test_what_html_does_not_need_is_taken_out_of_conf_py_and_nothing_else(tmp_path):
    (tmp_path / "doc/source").mkdir(parents=True)
    conf = tmp_path / "doc/source/conf.py"
    conf.write_text(
        "extensions = [\n    'theme',\n    'sphinxcontrib.pdfconverter',\n    'sphinxcontribXpdfconverter',\n]\n"
    )
    script = "distutils-r1_python_prepare_all() { :; }\ndie() { exit 1; }\n"
    body = rendered()
    script += body[body.index("python_prepare_all()") : body.index("python_test()")] + "python_prepare_all\n"
    subprocess.run(["bash", "-e"], input=script, text=True, check=True, cwd=tmp_path)
    assert conf.read_text() == "extensions = [\n    'theme',\n    'sphinxcontribXpdfconverter',\n]\n"


def test_messages_are_shown_as_they_were_written():
    text = rendered()
    script = 'elog() { printf "%s\\n" "$1"; }\n' + text[text.index("pkg_postinst()") :] + "pkg_postinst\n"
    done = subprocess.run(["bash"], input=script, text=True, check=True, capture_output=True)
    assert tuple(done.stdout.splitlines()) == COMPONENT.gentoo.messages


def test_the_flags_that_are_of_this_package_alone_are_described():
    tree = ET.fromstring(ebuild.metadata_text(COMPONENT))  # noqa: S314 - our own text
    assert {flag.get("name"): flag.text for flag in tree.iter("flag")} == COMPONENT.gentoo.flags


def test_a_flag_for_an_extra_that_the_source_has_not_is_told():
    component = replace(COMPONENT, path="packaging/chain.toml", gentoo=Gentoo(flags={"metric": "Counts"}))
    with pytest.raises(
        InputError, match=r"gentoo.flags.metric: no such extra; expected one of: fast, metrics"
    ):
        rendered(component)


@pytest.mark.parametrize(
    ("tests", "lines"),
    [
        (values.Tests("unittest"), ["distutils_enable_tests unittest"]),
        (
            values.Tests("unittest", arguments=("--buffer", "test_chain")),
            [
                "distutils_enable_tests unittest",
                "python_test() {",
                '\t"${EPYTHON}" -m unittest --buffer test_chain || die "Tests failed with ${EPYTHON}"',
                "}",
            ],
        ),
        (values.Tests("pytest"), ["EPYTEST_PLUGINS=( )", "distutils_enable_tests pytest"]),
        (
            values.Tests("pytest", "test-requirements.txt", arguments=("-k", "chain")),
            [
                'BDEPEND="',
                "\ttest? (",
                "\t\tdev-python/responses[${PYTHON_USEDEP}]",
                "\t)",
                '"',
                "EPYTEST_PLUGINS=( pytest-asyncio pytest-xdist )",
                "distutils_enable_tests pytest",
                "python_test() {",
                "\tepytest -k chain",
                "}",
            ],
        ),
        (
            values.Tests("stestr"),
            [
                'BDEPEND="',
                "\ttest? (",
                "\t\tdev-python/stestr[${PYTHON_USEDEP}]",
                "\t)",
                '"',
                "distutils_enable_tests unittest",
                "python_test() {",
                '\t"${EPYTHON}" -m stestr run || die "Tests failed with ${EPYTHON}"',
                "}",
            ],
        ),
    ],
)
def test_each_runner_is_called_as_the_eclass_knows_it(tests, lines):
    component = replace(COMPONENT, docs=None, tests=tests, gentoo=Gentoo())
    files = {"test-requirements.txt": ("pytest>=8", "pytest-xdist", "pytest.asyncio>=1", "responses")}
    metadata = replace(METADATA, requires=(), build_requires=(), requirement_files=files)
    text = rendered(component, metadata)
    end = text[text.index("KEYWORDS=") :].splitlines()[1:]
    assert [line for line in end if line] == lines


@pytest.mark.parametrize(("autodoc", "word"), [({"doc/source/conf.py"}, ""), (set(), " \\\n\t--no-autodoc")])
def test_documentation_without_plugins_says_whether_it_reads_the_code(autodoc, word):
    component = replace(COMPONENT, docs=Docs("doc/source"))
    text = rendered(component, replace(METADATA, autodoc=frozenset(autodoc)))
    assert f"\ndistutils_enable_sphinx doc/source{word}\n# Sphinx" in text


def test_an_sdist_that_pbr_made_with_setup_py_is_built_with_pbr():
    files = frozenset({"chain.egg-info/pbr.json"})
    old = replace(METADATA, build_backend="setuptools.build_meta:__legacy__", build_requires=("setuptools",))
    assert ebuild_dependency.build_requirements(old) == ()
    assert ebuild_dependency.build_requirements(replace(old, files=files)) == ("pbr",)
    bound = replace(old, files=files, requires=("pbr!=2.1.0,>=2.0.0",))
    assert ebuild_dependency.build_requirements(bound) == ("pbr!=2.1.0,>=2.0.0",)
    new = replace(old, files=files, build_backend="pbr.build", build_requires=("pbr>=6",))
    assert ebuild_dependency.build_requirements(new) == ()


def made(tmp_path, component, version):
    """A version of the component as a subject, with a file as its sdist."""
    sdist = tmp_path / f"chain-{version}.tar.gz"
    sdist.write_bytes(version.encode())
    return Subject(component, replace(METADATA, version=version, requires=(f"click>={version}",)), sdist)


def test_every_version_has_its_ebuild_and_one_manifest_has_them_all(tmp_path):
    entries = (GentooVersion("1.0", "chain-1.0.tar.gz", "1" * 64, keywords=("amd64",)),)
    entries += (GentooVersion("3.0.0.0rc1", "chain-3.0.0.0rc1.tar.gz", "3" * 64),)
    component = replace(COMPONENT, gentoo=replace(COMPONENT.gentoo, versions=entries))
    main = made(tmp_path, component, "2.0")
    main = replace(main, metadata=METADATA)
    others = [made(tmp_path, component.at(entry), entry.version) for entry in entries]
    texts = ebuild.overlay_files(component, main.metadata, main.sdist, others)
    folder = "gentoo/dev-python/chain"
    versions = {p.removeprefix(f"{folder}/chain-"): t for p, t in texts.items() if p.endswith(".ebuild")}
    assert set(versions) == {"1.0.ebuild", "2.0.ebuild", "3.0.0_rc1.ebuild", "9999.ebuild"}
    assert 'KEYWORDS="amd64"' in versions["1.0.ebuild"]
    assert "KEYWORDS" not in versions["3.0.0_rc1.ebuild"]
    assert 'SRC_URI="$(pypi_sdist_url "${PYPI_PN}" 3.0.0.0rc1)"' in versions["3.0.0_rc1.ebuild"]
    assert ">=dev-python/click-3.0.0_rc1[" in versions["9999.ebuild"], "the live one is like the newest known"
    manifest = texts[f"{folder}/Manifest"].splitlines()
    assert [line.split()[1] for line in manifest] == [
        "chain-1.0.tar.gz",
        "chain-2.0.tar.gz",
        "chain-3.0.0.0rc1.tar.gz",
    ]


def test_an_old_versions_header_is_not_made_younger_by_what_came_after_it(tmp_path):
    entry = GentooVersion("1.0", "chain-1.0.tar.gz", "1" * 64)
    component = replace(COMPONENT, gentoo=Gentoo(versions=(entry,)))
    old = made(tmp_path, component.at(entry), "1.0")
    assert rendered(old.component, old.metadata).startswith("# Copyright 2024-2025 ")
    assert rendered(component).startswith("# Copyright 2024-2026 ")


def test_what_gentoo_adds_takes_the_place_of_a_lower_bound():
    requires = ("futurist>=1.2", "click>=8,<9", "greenlet>=2", "tomli>=1; python_version < '3.13'")
    added = ("futurist>=3.1", "click>=8.1", "greenlet>=1", "tomli>=2", "six")
    assert ebuild_dependency.with_added(requires, added) == (*requires[1:], *added)
