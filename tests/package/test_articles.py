"""The packages of articles/ as ebuilds: their text, what pkgcheck says of them, what portage does with them."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from sfcci import machine
from sfcci.cli.package import package
from sfcci.errors import UsageError
from sfcci.package import ebuild_build, overlay
from sfcci.package.recipe_read import load_recipes

from .articles_overlay import made_articles, over_fuller_master
from .made_distfiles import TESSERACT
from .test_migration import make_nextcloud, make_owncloud, state

RENDERED = Path(__file__).with_name("articles") / "rendered"
TEXTS = sorted(str(path.relative_to(RENDERED)) for path in RENDERED.rglob("*") if path.is_file())
TO_IMAGE = ebuild_build.PHASES[: ebuild_build.PHASES.index("install") + 1]


@pytest.fixture(scope="module")
def articles(tmp_path_factory, cache_dir):
    return made_articles(tmp_path_factory.mktemp("articles"), cache_dir)


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed; {machine.install_hint(program)}")


@dataclass
class Image:
    """What `install` put where it would be merged from."""

    files: frozenset = frozenset()

    def __call__(self, running):
        category, _, name = running.name.partition("/")
        root = running.prefix.path / "var/tmp/portage" / category / name / "image"
        inside = root / str(running.prefix.inside(running.prefix.path)).lstrip("/")
        found = [path for path in inside.rglob("*") if path.is_symlink() or path.is_file()]
        self.files = frozenset(str(path.relative_to(inside)) for path in found)
        return ()


def build(articles, name, *use, phases=TO_IMAGE, **around):
    """Build an ebuild of the articles; nothing may be found."""
    report = ebuild_build.build_ebuild(
        articles.settings,
        lambda _text: None,
        articles.ebuild(name),
        phases=phases,
        use=use,
        distfiles=articles.distfiles,
        around=ebuild_build.Around(**around),
    )
    assert [str(finding) for finding in report.findings] == []
    assert set(report.phases) >= set(phases) - {"test"}
    return report


def installed(articles, name, *use, **around):
    """Build it as far as its image; give the report and what is in the image."""
    image = Image()
    return build(articles, name, *use, after={"install": image}, **around), image.files


@pytest.mark.parametrize("path", TEXTS)
def test_each_text_is_what_a_developer_would_write(articles, path):
    assert articles.texts[f"gentoo/{path}"] == (RENDERED / path).read_text()


def test_no_ebuild_is_left_without_an_expected_text(articles):
    ebuilds = [path for path in articles.texts if path.endswith((".ebuild", "metadata.xml", "package.mask"))]
    assert sorted(ebuilds) == sorted(f"gentoo/{path}" for path in TEXTS)


def test_rendering_again_gives_the_same_octets(articles):
    assert overlay.rendered_overlay(articles.settings) == articles.texts


def test_one_recipe_alone_is_rendered_with_the_masks_of_all(articles):
    texts = overlay.rendered_overlay(articles.settings, ["nextcloud"])
    assert {path for path in texts if path.count("/") > 2} == {
        f"gentoo/www-apps/nextcloud/{name}"
        for name in ("Manifest", "metadata.xml", "nextcloud-13.0.1.ebuild")
    }
    assert texts["gentoo/profiles/package.mask"] == articles.texts["gentoo/profiles/package.mask"]


def test_keywords_are_not_for_what_nobody_shall_get_unasked(articles):
    recipes = {recipe.name: recipe for recipe in load_recipes(articles.settings.project / "packaging")}
    release, live = recipes["tesseract"].versions
    assert recipes["tesseract"].keywords_of(release) == recipes["tesseract"].keywords_of(live) == ()
    assert recipes["llvm"].keywords_of(recipes["llvm"].versions[0]) == ("~amd64", "~arm64")


def test_our_own_lints_have_nothing_to_say_of_the_seven_ebuilds(articles, tmp_path):
    assert len([path for path in articles.texts if path.endswith(".ebuild")]) == 7
    report = overlay.lint_overlay(over_fuller_master(articles, tmp_path))
    assert [str(finding) for finding in report.findings] == []


def test_every_recipe_is_listed_and_shown_and_other_commands_say_what_to_do(articles, monkeypatch):
    monkeypatch.setenv("SFCCI_PROJECT", str(articles.settings.project))
    monkeypatch.setenv("SFCCI_RUN_CACHE", str(articles.settings.cache))
    asked = partial(CliRunner().invoke, package, catch_exceptions=False)
    rows = json.loads(asked(["list", "--json"]).stdout)
    assert [(row["name"], row["version"], row["kind"]) for row in rows] == [
        ("libomp", "3.7.0", "ebuild"),
        ("llvm", "3.7.0-r1", "ebuild"),
        ("nextcloud", "13.0.1", "ebuild"),
        ("paperwork", "1.1", "ebuild"),
        ("paperwork-backend", "1.1", "ebuild"),
        ("tesseract", "4.00.00_alpha", "ebuild"),
    ]
    shown = json.loads(asked(["show", "tesseract", "--json"]).stdout)["gentoo"]
    assert shown["package"] == "app-text/tesseract"
    assert shown["versions"] == ["4.00.00_alpha", "9999"]
    assert shown["masked"]["4.00.00_alpha"].startswith("An alpha")
    assert {"doc", "osd", "l10n_zh-CN"} <= set(shown["flags"])
    text = asked(["show", "llvm"]).stdout
    assert "llvm 3.7.0-r1:" in text
    assert "PDEPEND" in text
    reason = ("--reason", "x")
    for command, *more in (
        ("bump",),
        ("live",),
        ("mask", *reason),
        ("unmask",),
        ("rpm",),
        ("sbom",),
    ):
        with pytest.raises(UsageError, match=r"llvm is a recipe.*llvm\.toml; change them there, then: sfcci"):
            asked([command, "llvm", *more])


@pytest.mark.distro
def test_neither_lints_nor_pkgcheck_have_anything_to_say(articles, tmp_path):
    report = overlay.check_overlay(over_fuller_master(articles, tmp_path))
    assert [str(finding) for finding in report.findings] == []


@pytest.mark.distro
def test_tesseract_goes_through_all_phases_with_documentation_and_the_languages_that_were_chosen(articles):
    needs("gcc", "make")
    flags = ("doc", "openmp", "osd", "l10n_de")
    image = build(articles, "tesseract-4.00.00_alpha", *flags, phases=ebuild_build.PHASES).image
    assert {path for path in image if "tessdata" in path} == {
        f"usr/share/tessdata/{name}.traineddata" for name in ("deu", "eng", "frk", "osd")
    }
    assert "usr/share/doc/tesseract-4.00.00_alpha/html/index.html" in image


@pytest.mark.distro
def test_tesseract_follows_its_repository(articles, tmp_path):
    needs("gcc", "make")
    repository = tmp_path / "tesseract.git"
    for name, text in TESSERACT.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (repository / "configure").chmod(0o755)
    author = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-q", "-m", "All"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    address = "https://github.com/tesseract-ocr/tesseract.git"
    _, image = installed(articles, "tesseract-9999", "l10n_fr", repositories={address: repository})
    assert {"usr/bin/tesseract", "usr/share/tessdata/fra.traineddata"} <= image


@pytest.mark.distro
def test_llvm_takes_clang_and_lldb_into_its_tree_and_builds_by_ninja(articles):
    needs("cc", "cmake", "ninja")
    report, image = installed(articles, "llvm-3.7.0-r1", "clang", "lldb", "doc", "test")
    assert {"usr/bin/clang", "usr/bin/lldb", "usr/share/doc/llvm-3.7.0-r1/html/index.html"} <= image
    assert any(path.endswith("libLLVM.so.3.7") for path in image)
    assert "100% tests passed" in report.log.read_text()


@pytest.mark.distro
@pytest.mark.parametrize(
    ("name", "module"), [("paperwork", "paperwork"), ("paperwork-backend", "paperwork_backend")]
)
def test_both_halves_of_paperwork_are_installed_and_test_themselves(articles, name, module):
    report, image = installed(articles, f"{name}-1.1", "test")
    assert any(path.endswith(f"site-packages/{module}/__init__.py") for path in image)
    assert "1 passed" in report.log.read_text()


@pytest.mark.distro
def test_the_command_builds_a_recipe_and_says_what_it_lacks(articles, monkeypatch):
    monkeypatch.setenv("SFCCI_PROJECT", str(articles.settings.project))
    monkeypatch.setenv("SFCCI_RUN_CACHE", str(articles.settings.cache))
    monkeypatch.setenv("SFCCI_RUN_STATE", str(articles.settings.state))
    asked = partial(CliRunner().invoke, package, catch_exceptions=False)
    done = asked(["build", "paperwork-backend"])
    assert done.exit_code == 0, done.output
    assert "app-text/paperwork-backend-1.1: merged and unmerged" in done.stdout
    live = asked(["build", "tesseract", "--version", "9999"])
    assert live.exit_code == 2
    assert "clone it and name the clone with --git" in live.stderr
    other = asked(["build", "tesseract", "--version", "3.05"])
    assert "has no ebuild of 3.05; there are: 4.00.00_alpha, 9999" in other.stderr


class Migration:
    """ownCloud and Nextcloud below a prefix, and `emerge --config` in it."""

    def __call__(self, running):
        self.folder = running.prefix.folder / "my hosts"
        inside = running.prefix.inside
        old = make_owncloud(self.folder / "owncloud")
        config = old / "config" / "config.php"
        config.write_text(config.read_text().replace(str(self.folder), str(inside(self.folder))))
        new = make_nextcloud(self.folder / "nextcloud")
        self.before = state(old)
        environ = running.prefix.path / "etc/portage/env" / running.name.partition("-13")[0]
        environ.parent.mkdir(parents=True)
        environ.write_text(f'OWNCLOUD_DIR="{inside(old)}"\nNEXTCLOUD_DIR="{inside(new)}"\n')
        words = ["emerge", "--color", "n", "--config", f"={running.name}"]
        self.first, self.second = running.prefix.run(words), running.prefix.run(words)
        self.after = state(old)
        self.inside = str(inside(self.folder))
        self.texts = {
            str(path.relative_to(new)): path.read_bytes() for path in new.rglob("*") if path.is_file()
        }
        return ()


@pytest.mark.distro
def test_nextcloud_is_laid_out_for_webapp_config_and_takes_the_data_of_owncloud_over(articles):
    migration = Migration()
    phases = (*TO_IMAGE, "qmerge")
    report = build(articles, "nextcloud-13.0.1", phases=phases, after={"qmerge": migration})
    root = "usr/share/webapps/nextcloud/13.0.1"
    assert {f"{root}/htdocs/.htaccess", f"{root}/htdocs/version.php", f"{root}/server-owned"} <= set(
        report.image
    )
    assert migration.first.status == 0, migration.first.stdout
    assert migration.after == migration.before
    assert migration.texts["data/anna/files/my letter.txt"] == b"Dear all\n"
    config = migration.texts["config/config.php"].decode()
    assert f"'datadirectory' => '{migration.inside}/nextcloud/data'" in config
    assert migration.second.status != 0
    assert "nothing is overwritten" in migration.second.stdout + migration.second.stderr


@pytest.mark.distro
def test_the_built_libomp_gives_every_thread_of_a_program_by_clang_its_turn(articles):
    needs("clang", "cmake", "ninja")
    report, image = installed(articles, "libomp-3.7.0", "test")
    threads = max(2, int(subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout))
    assert f"\n{threads} of {threads} threads\n" in report.log.read_text()
    assert any(path.endswith("/libomp.so") for path in image)


CHECK = """\
inherit() { :; }
die() { echo "die: $*"; exit 1; }
PV=3.7.0 WORKDIR=/nonexistent BUILD_DIR=/nonexistent T=${1}
source "${2}"
THREADS=${3}
nproc() { echo "${THREADS}"; }
check_threads "${@:4}"
"""
"""The ebuild's own check, called by bash."""


def check_threads(articles, folder, threads, *compiler):
    argv = ["bash", "-c", CHECK, "bash", folder, articles.ebuild("libomp-3.7.0"), str(threads), *compiler]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.distro
@pytest.mark.parametrize(("threads", "seen"), [(1, 2), (2, 2), (7, 7)])
def test_an_installed_runtime_is_seen_with_all_its_threads_by_clang(articles, tmp_path, threads, seen):
    needs("clang")
    done = check_threads(articles, tmp_path, threads, "clang")
    assert (done.returncode, done.stdout) == (0, f"{seen} of {seen} threads\n"), done.stderr


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_the_check_itself_works_with_another_compiler_too(articles, tmp_path):
    done = check_threads(articles, tmp_path, 3, "gcc")
    assert (done.returncode, done.stdout) == (0, "3 of 3 threads\n"), done.stderr


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_the_check_finds_a_runtime_out_that_leaves_threads_out(articles, tmp_path):
    program = tmp_path / "gcc-that-limits"
    program.write_text(
        '#!/bin/sh\nsed -i "s/parallel num_threads(wanted)/parallel num_threads(1)/" "$2"\nexec gcc "$@"\n'
    )
    program.chmod(0o755)
    done = check_threads(articles, tmp_path, 3, program)
    assert done.returncode == 1
    assert done.stdout == "1 of 3 threads\ndie: not every thread had its turn\n"


def test_the_check_says_when_a_program_cannot_be_compiled(articles, tmp_path):
    done = check_threads(articles, tmp_path, 3, "false")
    assert done.stdout == "die: an OpenMP program cannot be compiled\n"
