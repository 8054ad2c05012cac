"""Descriptions of ebuilds: what is wrong in them is told with its place, all at once."""

import pytest

from sfcci import document
from sfcci.errors import InputError
from sfcci.package.catalogue import load_catalogue
from sfcci.package.recipe_read import load_recipes, parse_recipe

SHA = "0" * 128
GOOD = f"""\
kind = "ebuild"
name = "thing"
category = "app-misc"
summary = "Does one thing"
homepages = ["https://thing.example.org/"]
license = "MIT"
years = "2026"
required_use = ["|| ( one two )"]

[[versions]]
version = "1.0"

[[sources]]
url = "https://thing.example.org/${{P}}.tar.gz"

[distfiles]
"thing-1.0.tar.gz" = "{SHA}"

[[flags]]
name = "one"
description = "The first way to do it"

[[flags]]
name = "two"
description = "The second way to do it"

[depends]
RDEPEND = ["one? ( >=app-misc/other-2 )"]
"""


def parsed(text):
    return parse_recipe(document.parse(text, "thing.toml"))


def faults(text):
    with pytest.raises(InputError) as caught:
        parsed(text)
    return [str(fault) for fault in caught.value.faults]


def test_a_file_without_a_hash_is_told_with_the_way_to_it():
    (told,) = faults(GOOD.replace(f'"thing-1.0.tar.gz" = "{SHA}"', ""))
    assert "fetch https://thing.example.org/thing-1.0.tar.gz as thing-1.0.tar.gz, then: sha512sum" in told


def test_a_good_description_is_read():
    recipe = parsed(GOOD)
    assert recipe.package == "app-misc/thing"
    assert recipe.flag_names == {"one", "two"}
    assert recipe.keywords_of(recipe.versions[0]) == ("~amd64", "~arm64")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"1.0"', '"1.0rc1"', "found '1.0rc1'; expected a version as PMS 3.2 has it; as in 1.0_rc1"),
        ('"1.0"', '"one"', "found 'one'; expected a version as PMS 3.2 has it"),
        ('"1.0"', '"9999"', "9999 follows a repository, and none is told; expected the key git"),
        ('"MIT"', '"Beerware"', "no name in Gentoo is known for Beerware"),
        ("one? (", "on? (", "the flag on is not among flags; expected one of: one, two; did you mean one?"),
        ("( one two )", "( one tow )", "the flag tow is not among flags"),
        ("( one two )", "( one two", "a bracket is opened that is never closed"),
        (">=app-misc/other-2", ">=app-misc/other", "has an operator without a version"),
        ("other-2 )", "other-2 two )", "two is no package dependency"),
        (f'"thing-1.0.tar.gz" = "{SHA}"', "", "thing-1.0.tar.gz is fetched and has no hash"),
        ("thing-1.0.tar.gz", "thing-1.1.tar.gz", "thing-1.1.tar.gz: no version fetches it"),
        ("${P}.tar.gz", "${P%.0}.tar.gz", "only ${NAME}, ${NAME/old/new}"),
        ("https://thing.example.org/$", "https://thing.example.org/`id`$", "expected a web address"),
        ("Does one thing", "Does one thing.", "expected one line, at most 80"),
        ("[depends]", '[manual]\ntarget = "doc"\nhtml = "doc"\n[depends]', "flag doc is not among flags"),
        ("[depends]", "[cmake]\n[webapp]\n[depends]", "cmake and webapp together; expected one way to build"),
        (
            "[depends]",
            '[webapp]\n[phases]\nsrc_install = "die"\n[depends]',
            "phases.src_install: other keys lead to this phase already",
        ),
        ("[depends]", '[phases]\nsrc_instal = "die"\n[depends]', "src_instal"),
        (
            "[depends]",
            '[migration]\ntitle = "A"\nvariable = "A"\nown_title = "B"\nown_variable = "B"\n[depends]',
            "there is no webapp to migrate to",
        ),
        (
            "[depends]",
            '[[moves]]\nfrom = "a"\nto = "b"\nuse = "three"\n[depends]',
            "the flag three is not among",
        ),
    ],
)
def test_a_fault_is_told_with_what_was_found_and_expected(old, new, told):
    assert old in GOOD
    found = faults(GOOD.replace(old, new))
    assert any(told in fault for fault in found), found
    assert all(fault.startswith("thing.toml:") for fault in found)


def test_a_version_that_stands_there_twice_is_told():
    again = '[[versions]]\nversion = "1.0"\n\n[[sources]]'
    assert "1.0 stands there twice" in faults(GOOD.replace("[[sources]]", again))[0]


def test_a_revision_is_another_ebuild():
    again = '[[versions]]\nversion = "1.0"\nrevision = 1\n\n[[sources]]'
    assert [version.full for version in parsed(GOOD.replace("[[sources]]", again)).versions] == [
        "1.0",
        "1.0-r1",
    ]


def test_all_faults_come_together():
    text = GOOD.replace('"MIT"', '"Beerware"').replace(">=app-misc/other-2", ">=app-misc/other")
    assert len(faults(text)) == 2


def test_a_folder_holds_components_and_recipes_and_each_is_read_as_what_it_is(project):
    (project / "packaging" / "thing.toml").write_text(GOOD)
    assert [one.name for one in load_catalogue(project / "packaging")] == ["sample"]
    assert [one.name for one in load_recipes(project / "packaging")] == ["thing"]


def test_two_descriptions_of_one_package_are_told(project):
    (project / "packaging" / "thing.toml").write_text(GOOD)
    (project / "packaging" / "thing2.toml").write_text(GOOD)
    with pytest.raises(InputError, match=r"describes app-misc/thing, as .*thing.toml does"):
        load_recipes(project / "packaging")
