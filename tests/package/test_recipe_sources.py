"""What recipes fetch: names worked out, files looked for, the Manifest over all versions."""

import subprocess

import pytest

from sfcci import document
from sfcci.errors import InputError
from sfcci.package.manifest import read_distfile
from sfcci.package.recipe_read import parse_recipe
from sfcci.package.recipe_sources import Unknown, distfile_names, expanded, last_part, recipe_manifest

from .made_distfiles import LANGUAGES, make_descriptions, make_distfiles


@pytest.fixture
def made(tmp_path):
    """The folder with distfiles, and a reader of the descriptions."""
    make_descriptions(tmp_path / "packaging", make_distfiles(tmp_path / "distfiles"))
    return tmp_path / "distfiles", lambda name: parse_recipe(
        document.read(tmp_path / "packaging" / f"{name}.toml")
    )


EXPANSIONS = (
    "${PN}-${PV}",
    "${PV/_}",
    "${PV//0/9}",
    "${PV//0}",
    "${PV/_/-}",
    "${PV/./}.tar",
    "${PV/no/x}",
    "${PV/./..}",
)


def test_expansions_are_worked_out_as_bash_does():
    script = "PN=x PV=1.0.0_alpha\n" + "".join(f'echo "{text}"\n' for text in EXPANSIONS)
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    assert [expanded(text, {"PN": "x", "PV": "1.0.0_alpha"}) for text in EXPANSIONS] == said.splitlines()


@pytest.mark.parametrize("text", ["${P}", "${PV%_*}", "${PV/[0-9]}", "$PV", "$(ver_cut 1)"])
def test_what_only_bash_can_work_out_is_refused(text):
    with pytest.raises(Unknown):
        expanded(text, {"PV": "1.0"})


def test_the_last_part_of_an_address_ignores_slashes_of_expansions():
    assert last_part("https://x.example.org/a/${PV/_/-}.tar.gz") == "${PV/_/-}.tar.gz"


def test_a_release_fetches_all_and_the_live_ebuild_the_data_alone(made):
    _, read = made
    release, live = read("tesseract").versions
    data = {f"{language}.traineddata-4.00" for language in LANGUAGES}
    assert set(distfile_names(read("tesseract"), release)) == {"tesseract-4.00.00_alpha.tar.gz", *data}
    assert set(distfile_names(read("tesseract"), live)) == data


def test_the_manifest_measures_every_file_under_its_own_name(made):
    folder, read = made
    text = recipe_manifest(read("llvm"), [folder / "nowhere", folder])
    names = ("cfe-3.7.0.src.tar.xz", "lldb-3.7.0.src.tar.xz", "llvm-3.7.0.src.tar.xz")
    assert text == "".join(f"{read_distfile(folder / name)}\n" for name in names)


def test_a_distfile_that_is_not_there_is_told_with_the_command_that_fetches_it(made):
    folder, read = made
    (folder / "eng.traineddata-4.00").unlink()
    (folder / "frk.traineddata-4.00").unlink()
    with pytest.raises(InputError) as caught:
        recipe_manifest(read("tesseract"), [folder])
    first, second = map(str, caught.value.faults)
    assert f"distfiles: eng.traineddata-4.00 is not in {folder}" in first
    target = folder / "frk.traineddata-4.00"
    address = "https://github.com/tesseract-ocr/tessdata/raw/4.00/frk.traineddata"
    assert second.endswith(f"fetch it: curl --fail --location --output {target} {address}")


def test_a_distfile_with_other_bytes_is_refused(made):
    folder, read = made
    (folder / "nextcloud-13.0.1.tar.bz2").write_bytes(b"another")
    with pytest.raises(
        InputError, match=r"nextcloud-13.0.1.tar.bz2 has SHA-512 .*; expected .* for nextcloud"
    ):
        recipe_manifest(read("nextcloud"), [folder])


def test_a_manifest_that_is_there_speaks_for_what_is_not(made):
    folder, read = made
    recipe = read("llvm")
    kept = recipe_manifest(recipe, [folder])
    (folder / "cfe-3.7.0.src.tar.xz").unlink()
    assert recipe_manifest(recipe, [folder], kept) == kept
    other = kept.replace(f"SHA512 {recipe.distfiles['cfe-3.7.0.src.tar.xz']}", f"SHA512 {'0' * 128}")
    with pytest.raises(InputError, match=r"cfe-3\.7\.0\.src\.tar\.xz is not in"):
        recipe_manifest(recipe, [folder], other)
