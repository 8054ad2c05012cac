"""Ebuilds built for real by portage: every phase, with and without Python, their flags, and what goes wrong."""

import shutil
import subprocess

import pytest

from sfcci import command, settings
from sfcci.errors import InputError, MissingTool
from sfcci.finding import Severity
from sfcci.package import closure, ebuild_build
from sfcci.package.ebuild_build import Around, build_ebuild

from .own_overlay import (
    BODY,
    HEAD,
    PYTHON_EBUILD,
    PYTHON_SOURCES,
    SOURCES,
    add_ebuild,
    make_overlay,
)

pytestmark = pytest.mark.distro
UP_TO_IMAGE = ("clean", "unpack", "prepare", "configure", "compile", "test", "install")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A project with an overlay, distfiles beside it; nothing of them changes."""
    root = tmp_path_factory.mktemp("builds")
    make_overlay(root / "gentoo")
    return root


@pytest.fixture(scope="module")
def at(place, cache_dir):
    given = {"SFCCI_RUN_CACHE": str(cache_dir), "SFCCI_RUN_STATE": str(place / "state")}
    return settings.load(place, given)


@pytest.fixture(scope="module")
def word(place):
    return add_ebuild(place / "gentoo", place / "distfiles", "app-misc/word-1.0", HEAD + BODY, SOURCES)


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def built(at, place, word):
    """The plain ebuild through all its phases; what was seen when it was merged."""
    seen = {}

    def look(running):
        for name in ("usr/bin/word", "usr/share/word/made.txt", "etc/conf.d/wordd"):
            path = running.prefix.path / name
            seen[name] = path.read_text()
        seen["spoken"] = running.prefix.run(
            [running.prefix.inside(running.prefix.path / "usr/bin/spoken")]
        ).stdout
        seen["folder"] = running.prefix.folder
        return ()

    before = everything(place / "gentoo") | everything(place / "distfiles")
    report = build_ebuild(
        at,
        lambda _text: None,
        word,
        use=("extra", "loud"),
        distfiles=place / "distfiles",
        around=Around(after={"qmerge": look}),
    )
    seen["untouched"] = before == everything(place / "gentoo") | everything(place / "distfiles")
    return report, seen


def test_all_phases_run_in_their_order_and_find_nothing(built):
    report, _seen = built
    assert report.findings == (), report.log.read_text()
    assert tuple(report.phases) == tuple(phase for phase in ebuild_build.PHASES if phase != "test")
    assert all(seconds >= 0 for seconds in report.phases.values())
    assert report.binary_package == "word-1.0-1.gpkg.tar"
    assert report.exit_status == 0
    assert report.variant == ""


def test_what_was_installed_is_merged_and_works(built):
    report, seen = built
    assert report.image == (
        "etc/conf.d/wordd",
        "etc/init.d/wordd",
        "usr/bin/spoken",
        "usr/bin/word",
        "usr/share/doc/word-1.0/README",
        "usr/share/doc/word-1.0/data.txt",
        "usr/share/word/data.txt",
        "usr/share/word/made.txt",
        "var/lib/word/.keep_app-misc_word-0",
    )
    assert seen["usr/share/word/made.txt"] == "made\n"
    assert seen["spoken"] == "HELLO\n", "USE=loud counts, and the link leads to the program"


def test_the_message_is_in_the_log_that_stays(built):
    report, _seen = built
    assert " * The word is hello." in report.log.read_text()


def test_overlay_and_distfiles_are_as_before_and_the_prefix_is_gone(built):
    _report, seen = built
    assert seen["untouched"]
    assert not seen["folder"].exists()


def broken(place, name, body, head=HEAD):
    return add_ebuild(place / "gentoo", place / "distfiles", f"app-misc/{name}-1.0", head + body, SOURCES)


def run(at, place, ebuild, *, use=(), phases=UP_TO_IMAGE, **around):
    return build_ebuild(
        at,
        lambda _text: None,
        ebuild,
        use=use,
        phases=phases,
        distfiles=place / "distfiles",
        around=Around(**around),
    )


def test_a_phase_that_fails_is_a_finding_in_its_own_words_and_no_later_phase_runs(at, place):
    body = 'src_compile() {\n\techo "before it"\n\tdie "the compiler is on strike"\n}\n'
    report = run(at, place, broken(place, "strike", body), phases=ebuild_build.PHASES)
    (found,) = report.findings
    assert (found.keyword, found.severity) == ("PhaseFailed", Severity.ERROR)
    assert found.place.path == "gentoo/app-misc/strike/strike-1.0.ebuild"
    assert found.what == "compile failed: the compiler is on strike"
    assert "before it" in found.hint
    assert list(report.phases)[-1] == "compile"
    assert report.image == ()


def test_a_phase_that_hangs_is_ended_with_all_that_it_started(at, place):
    body = 'src_unpack() {\n\techo "waiting"\n\tsleep 1000\n}\n'
    report = run(at, place, broken(place, "hang", body), timeout_s=8)
    (found,) = report.findings
    assert found.keyword == "PhaseTimedOut"
    assert found.what.endswith(" did not end within 8 s")
    assert report.image == ()


def test_flags_that_do_not_go_together_are_told(at, place, word):
    report = run(at, place, word, use=("loud",))
    (found,) = report.findings
    assert (found.keyword, found.what) == (
        "RequiredUseUnmet",
        "USE flags that do not go together: loud? ( extra )",
    )


def test_a_flag_that_the_ebuild_has_not_is_told(at, place, word):
    report = run(at, place, word, use=("louder",), phases=("clean", "setup"))
    assert "there is no USE flag louder" in report.findings[0].what


@pytest.mark.parametrize("flag", ['x"', "x y", "$(id)", "", "-"])
def test_what_is_no_flag_is_refused(at, place, word, flag):
    with pytest.raises(InputError, match="is no USE flag"):
        run(at, place, word, use=(flag,))


def test_a_distfile_that_is_not_the_manifests_is_refused_and_left_alone(at, place):
    ebuild = broken(place, "spoilt", "")
    path = place / "distfiles" / "spoilt-1.0.tar.gz"
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(InputError) as error:
        run(at, place, ebuild)
    (fault,) = error.value.faults
    assert str(fault.place).endswith("gentoo/app-misc/spoilt/Manifest:1")
    assert "spoilt-1.0.tar.gz is not the file that the Manifest names" in fault.found
    assert sorted(one.name for one in path.parent.glob("spoilt*")) == [path.name]


def test_a_distfile_that_is_not_there_is_named(at, place):
    ebuild = broken(place, "lost", "")
    (place / "distfiles" / "lost-1.0.tar.gz").unlink()
    report = run(at, place, ebuild)
    assert [one.keyword for one in report.findings] == ["DistfileMissing"]
    assert report.findings[0].what.startswith("lost-1.0.tar.gz ")


def test_an_ebuild_that_is_not_there_is_named_with_those_that_are(at, place, word):
    with pytest.raises(InputError, match=r"there is no such ebuild; expected one of: word-1\.0\.ebuild"):
        run(at, place, word.with_name("word-3.0.ebuild"))


def test_a_missing_program_is_told(at, place, word, monkeypatch, tmp_path):
    for name in ("find", "gzip"):
        (tmp_path / name).symlink_to(shutil.which(name))
    monkeypatch.setattr(command, "search_path", lambda: str(tmp_path))
    with pytest.raises(MissingTool, match="bash is not installed"):
        run(at, place, word)


@pytest.fixture(scope="module")
def said(place):
    """An ebuild of a Python package with tests and documentation."""
    distfiles = place / "distfiles"
    return add_ebuild(place / "gentoo", distfiles, "dev-python/said-1.0", PYTHON_EBUILD, PYTHON_SOURCES)


def whole_closure(at):
    """The project's own lock brings Sphinx."""
    own = settings.load(ebuild_build.Path(__file__).parents[2], {"SFCCI_RUN_CACHE": str(at.cache)})
    return lambda python: (closure.build_environment(own, lambda _text: None, python).site_packages,)


def test_a_python_package_is_built_tested_and_documented(at, place, said):
    seen = []

    def look(running):
        program = running.prefix.inside(running.prefix.path / "usr/bin/said")
        seen.append(running.prefix.run([program]).stdout)
        return ()

    report = run(
        at,
        place,
        said,
        use=("doc", "test"),
        phases=ebuild_build.PHASES,
        python_path=whole_closure(at),
        after={"qmerge": look},
    )
    assert report.findings == (), report.log.read_text()
    assert report.phases["test"] > 0
    said_so = report.log.read_text()
    assert "1 passed" in said_so
    site = next(path.rpartition("/")[0] for path in report.image if path.endswith("said/__init__.py"))
    assert f"{site}/tool.py" in report.image
    assert any(path.endswith("__pycache__") or "__pycache__/tool." in path for path in report.image)
    assert "usr/share/doc/said-1.0/html/index.html" in report.image
    assert seen == ["hello\n"], "the program runs out of the prefix"


def test_without_the_flags_nothing_is_tested_or_documented(at, place, said):
    report = run(at, place, said, phases=(*UP_TO_IMAGE, "qmerge"))
    assert report.findings == (), report.log.read_text()
    assert "test" not in report.phases
    assert not any("html" in path for path in report.image)


def test_a_test_that_fails_fails_the_build(at, place):
    sources = {**PYTHON_SOURCES, "tests/test_said.py": "def test_it():\n    assert 1 == 2\n"}
    ebuild = add_ebuild(place / "gentoo", place / "distfiles", "dev-python/said-2.0", PYTHON_EBUILD, sources)
    report = run(at, place, ebuild, use=("test",))
    (found,) = report.findings
    assert found.what.startswith("test failed: pytest failed with python3")
    assert "assert 1 == 2" in report.log.read_text()


def test_a_live_ebuild_takes_its_source_from_a_clone_on_this_machine(at, place, tmp_path):
    for name, text in PYTHON_SOURCES.items():
        path = tmp_path / "clone" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git = ["git", "-C", str(tmp_path / "clone"), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)
    text = PYTHON_EBUILD.replace("distutils-r1 pypi", "distutils-r1 git-r3")
    uri = "https://git.example.org/said.git"
    text = text.replace('\nLICENSE="MIT"', f'EGIT_REPO_URI="{uri}"\n\nLICENSE="MIT"').replace(
        'KEYWORDS="~amd64 ~arm64"\n', ""
    )
    ebuild = add_ebuild(place / "gentoo", place / "distfiles", "dev-python/said-9999", text, None)
    report = run(at, place, ebuild, repositories={uri: tmp_path / "clone"})
    assert report.findings == (), report.log.read_text()
    assert f"{uri} at " in report.log.read_text()
    lost = run(at, place, ebuild, phases=("clean", "unpack"))
    assert "no address of EGIT_REPO_URI could be cloned" in lost.findings[0].what


def test_where_no_python_of_today_is_a_variant_is_built_and_says_so(at, place, said, monkeypatch):
    real = ebuild_build.python_for
    if real(at, (ebuild_build.VARIANT_MINOR,)) is None:
        pytest.skip(f"no Python 3.{ebuild_build.VARIANT_MINOR} here")
    old = (ebuild_build.VARIANT_MINOR,)
    monkeypatch.setattr(
        ebuild_build, "python_for", lambda s, minors: real(s, minors) if minors == old else None
    )
    report = run(at, place, said, phases=(*UP_TO_IMAGE, "qmerge"))
    assert report.findings == (), report.log.read_text()
    assert report.variant.startswith("a variant for tests only")
    assert any("python3.11/site-packages/said/tool.py" in path for path in report.image)
    assert "python3_{12..14}" in said.read_text()


def test_without_any_python_it_says_which_are_wanted(at, place, said, monkeypatch):
    monkeypatch.setattr(ebuild_build, "python_for", lambda _settings, _minors: None)
    with pytest.raises(MissingTool, match=r"no Python of this machine is 3\.12, 3\.13, 3\.14; install one"):
        run(at, place, said)
