"""Wishes are fulfilled where they count, whatever the files have and in whatever order they are read; what came can go again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.enable import change
from sfcci.enable.change import Read
from sfcci.enable.ini import parse
from sfcci.enable.role import Wish, lacking, role

WORDS = st.lists(
    st.sampled_from(["router", "qos", "sfc", "ovs", "dummy", "networking_sfc.services.sfc.plugin.SfcPlugin"]),
    unique=True,
    max_size=3,
)
OPTIONS = st.sampled_from(
    [
        ("DEFAULT", "service_plugins"),
        ("sfc", "drivers"),
        ("flowclassifier", "drivers"),
        ("agent", "extensions"),
    ]
)
FILES = st.lists(
    st.lists(st.tuples(OPTIONS, WORDS), max_size=4).map(
        lambda rows: "".join(f"[{at}]\n{key} = {','.join(words)}\n" for (at, key), words in rows)
    ),
    min_size=1,
    max_size=3,
)
ROLES = st.sampled_from([role("controller"), role("compute"), role("controller", "dummy")])


def read(texts, main=0, packaged=()):
    files = tuple(parse(text, f"{number}.conf") for number, text in enumerate(texts))
    return Read(files, main, frozenset(packaged))


@given(FILES, ROLES)
def test_every_wish_is_fulfilled_and_words_that_are_nobodys_to_change_stay(texts, wanted):
    before = read(texts)
    after = change.fulfilled(before, wanted.wishes)
    for wish in wanted.wishes:
        had, has = before.words(wish), after.words(wish)
        assert not lacking(wish, has)
        assert [word for word in has if word in had] == [word for word in had if word not in wish.instead]
        assert not set(has) & set(wish.instead)


@given(FILES, ROLES)
def test_a_second_time_nothing_is_to_be_done(texts, wanted):
    once = change.fulfilled(read(texts), wanted.wishes)
    again = change.fulfilled(once, wanted.wishes)
    assert all(new is old for new, old in zip(again.files, once.files, strict=True))


@given(FILES, ROLES, st.booleans())
@settings(max_examples=60)
def test_what_came_goes_again_also_from_a_file_that_somebody_changed_since(texts, wanted, shipped):
    before = read(texts, len(texts) - 1, range(len(texts) - 1) if shipped else ())
    after = change.fulfilled(before, wanted.wishes)
    for old, new in zip(before.files, after.files, strict=True):
        later = parse(f"{new}\n[another]\nthing = 1\n", new.path)
        back = change.undone(old, new, later, wanted.wishes)
        assert "thing" in [one.key for one in back.assignments]
        for wish in wanted.wishes:
            assert (back.words(wish.section, wish.key) or ()) == (old.words(wish.section, wish.key) or ())


PLUGINS = Wish("DEFAULT", "service_plugins", ("sfc",))


def changed(texts, main=0, packaged=(), wish=PLUGINS):
    return [str(one) for one in change.fulfilled(read(texts, main, packaged), [wish]).files]


def test_the_file_that_is_read_last_has_its_way_and_is_the_one_that_is_edited():
    one, two = "[DEFAULT]\nservice_plugins = a\n", "[DEFAULT]\nservice_plugins = b\n"
    assert changed([one, two, ""]) == [one, "[DEFAULT]\nservice_plugins = b,sfc\n", ""]


def test_a_packages_own_file_is_left_alone_and_its_words_are_taken_over():
    dist, own = "[DEFAULT]\nservice_plugins = router\n", "[DEFAULT]\ndebug = 1\n"
    wanted = "[DEFAULT]\ndebug = 1\nservice_plugins = router,sfc\n"
    assert changed([dist, own], main=1, packaged=[0]) == [dist, wanted]


def test_a_plugin_that_is_named_by_its_class_is_there_already():
    text = "[DEFAULT]\nservice_plugins = networking_sfc.services.sfc.plugin.SfcPlugin\n"
    assert changed([text]) == [text]


def test_the_driver_that_does_nothing_gives_way_and_another_stays():
    wish = Wish("sfc", "drivers", ("ovs",), ("dummy",))
    assert changed(["[sfc]\ndrivers = dummy\n"], wish=wish) == ["[sfc]\ndrivers = ovs\n"]
    assert changed(["[sfc]\ndrivers = odl\n"], wish=wish) == ["[sfc]\ndrivers = odl,ovs\n"]


@pytest.mark.parametrize(("mechanisms", "told"), [("ovn", 1), ("openvswitch,ovn", 0), ("", 0)])
def test_a_mechanism_whose_agents_carry_no_chains_is_told(mechanisms, told):
    found = change.remarks(read(["", f"[ml2]\nmechanism_drivers = {mechanisms}\n"]), "controller")
    assert [(one.keyword, one.place.path) for one in found] == [("MechanismWithoutChains", "1.conf")] * told
