"""A configuration file is read as the real oslo.config reads it, and a change leaves every other octet as it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcci.enable.ini import normal, parse
from sfcci.enable.ini_edit import with_value, with_words, without, without_words
from sfcci.errors import InputError

KEYS = st.sampled_from(["service_plugins", "drivers", "extensions", "debug"])
NAMES = st.sampled_from(["router", "qos", "metering", "sfc", "neutron.services.x:Y", ""])
SECTIONS = st.sampled_from(["DEFAULT", "sfc", "agent", "AGENT", "ml2"])
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n"])
LINES = st.one_of(
    st.builds("[{}]".format, SECTIONS),
    st.builds("{} = {}".format, KEYS, st.lists(NAMES, max_size=3).map(",".join)),
    st.builds("{}:{}".format, KEYS, st.lists(NAMES, max_size=3).map(", ".join)),
    st.builds('{}="{}"'.format, KEYS, NAMES),
    st.builds("  {},".format, NAMES),
    st.builds("#{} = {}".format, KEYS, NAMES),
    st.sampled_from(["", "   ", "; a remark", "# a remark", "\tqos", "password = a=b:c"]),
)
TEXTS = st.tuples(st.lists(LINES, max_size=12), ENDS, st.booleans()).map(
    lambda drawn: drawn[1].join(drawn[0]) + (drawn[1] if drawn[2] else "")
)
WILD = st.text(st.sampled_from("a=:[]#; \t\n\r\"'\x0b\u00a0é,"), max_size=40)
WELL = st.lists(st.tuples(SECTIONS, st.lists(LINES, max_size=4)), max_size=4).map(
    lambda parts: (
        "\n".join(line for name, lines in parts for line in (f"[{name}]", "debug = no", *lines)) + "\n"
    )
)


def values(ini):
    """Section → option → its values, in order, as oslo.config's parser has them."""
    found = {normal(name): {} for name, _line in ini.sections}
    for one in ini.assignments:
        found[normal(one.section)].setdefault(one.key, []).append(one.value)
    return found


def read(text):
    """Read what is well; None where it is refused."""
    try:
        return parse(text, "neutron.conf")
    except InputError:
        return None


@pytest.mark.openstack
@given(text=st.one_of(TEXTS, WILD))
@settings(max_examples=150)
def test_any_text_is_read_or_refused_as_the_real_oslo_config_does(text, oslo_config, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.conf"
    path.write_bytes(text.encode())
    ours = read(text)
    assert oslo_config.ask(parse=str(path)) == (None if ours is None else values(ours))


@given(text=TEXTS)
def test_what_is_read_is_printed_as_it_was(text):
    assert read(text) is None or str(read(text)) == text


@given(WELL, SECTIONS, KEYS, st.lists(st.sampled_from(["sfc", "flow_classifier"]), min_size=1, unique=True))
def test_words_come_behind_those_that_are_there_and_nothing_else_changes(text, section, key, words):
    ini = read(text)
    if ini is None:
        return
    after = with_words(ini, section, key, words)
    had = ini.words(section, key) or ()
    assert [word for word in after.words(section, key) if word] == [*(word for word in had if word), *words]
    assert others(after, section, key) == others(ini, section, key)
    comments = [line for line in ini.lines if line.startswith(("#", ";"))]
    assert [line for line in after.lines if line.startswith(("#", ";"))] == comments


@given(WELL, SECTIONS, KEYS)
def test_an_option_gets_a_value_and_loses_it(text, section, key):
    ini = read(text)
    if ini is None:
        return
    after = with_value(ini, section, key, ["a", "b"])
    assert after.words(section, key) == ("a", "b")
    assert others(after, section, key) == others(ini, section, key)
    gone = without(after, section, key)
    assert others(gone, section, key) == others(ini, section, key)


def others(ini, section, key):
    """All that is no value of this option."""
    kept = [one for one in ini.assignments if (normal(one.section), one.key) != (normal(section), key)]
    return [(one.section, one.key, one.value) for one in kept]


PLUGINS = ("DEFAULT", "service_plugins", ["flow_classifier", "sfc"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[DEFAULT]\nservice_plugins=router\n", "[DEFAULT]\nservice_plugins=router,flow_classifier,sfc\n"),
        (
            "[DEFAULT]\nservice_plugins = router, qos\n",
            "[DEFAULT]\nservice_plugins = router, qos, flow_classifier, sfc\n",
        ),
        ("[DEFAULT]\nservice_plugins =\n", "[DEFAULT]\nservice_plugins = flow_classifier,sfc\n"),
        (
            "[DEFAULT]\nservice_plugins : router,\n",
            "[DEFAULT]\nservice_plugins : router,flow_classifier,sfc\n",
        ),
        (
            '[DEFAULT]\nservice_plugins = "router"  \n',
            '[DEFAULT]\nservice_plugins = "router,flow_classifier,sfc"  \n',
        ),
        (
            "[DEFAULT]\nservice_plugins = router,\n    qos\ndebug=1\n",
            "[DEFAULT]\nservice_plugins = router,\n    qos,\n    flow_classifier,\n    sfc\ndebug=1\n",
        ),
        (
            "[DEFAULT]\nservice_plugins = a\nservice_plugins = b\n",
            "[DEFAULT]\nservice_plugins = a\nservice_plugins = b,flow_classifier,sfc\n",
        ),
        (
            "[DEFAULT]\n# The plugins (list value)\n#service_plugins =\n\n# Debug\ndebug=1\n",
            "[DEFAULT]\n# The plugins (list value)\n#service_plugins =\nservice_plugins=flow_classifier,sfc\n\n# Debug\ndebug=1\n",
        ),
        (
            "[DEFAULT]\ndebug=1\n\n[ml2]\nx=y\n",
            "[DEFAULT]\ndebug=1\nservice_plugins=flow_classifier,sfc\n\n[ml2]\nx=y\n",
        ),
        ("[DEFAULT]\r\ndebug = 1", "[DEFAULT]\r\ndebug = 1\r\nservice_plugins = flow_classifier,sfc\r\n"),
        ("", "[DEFAULT]\nservice_plugins = flow_classifier,sfc\n"),
        ("[ml2]\nx = y", "[ml2]\nx = y\n\n[DEFAULT]\nservice_plugins = flow_classifier,sfc\n"),
    ],
)
def test_the_files_own_manner_is_kept(before, after):
    assert str(with_words(parse(before, "x"), *PLUGINS)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[DEFAULT]\nservice_plugins = a, flow_classifier, sfc\n", "[DEFAULT]\nservice_plugins = a\n"),
        ("[DEFAULT]\nservice_plugins = sfc, a\n", "[DEFAULT]\nservice_plugins = a\n"),
        (
            "[DEFAULT]\nservice_plugins = a,\n  b,\n  flow_classifier,\n  sfc\nx = y\n",
            "[DEFAULT]\nservice_plugins = a,\n  b\nx = y\n",
        ),
        ("[DEFAULT]\nx = y\nservice_plugins = sfc\n", "[DEFAULT]\nx = y\n"),
        ("[ml2]\nx = y\n\n[DEFAULT]\nservice_plugins = sfc\n", "[ml2]\nx = y\n"),
        ("[DEFAULT]\nservice_plugins = a\n", "[DEFAULT]\nservice_plugins = a\n"),
    ],
)
def test_words_go_with_the_line_that_they_had_for_themselves(before, after):
    assert str(without_words(parse(before, "x"), *PLUGINS)) == after


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[DEFAULT\n",
            "neutron.conf:1: found '[DEFAULT'; expected a section as in [agent]; oslo.config would not read it either",
        ),
        (
            "debug = 1\n",
            "neutron.conf:1: the option debug stands before any section; expected [DEFAULT] above it; oslo.config would not read it either",
        ),
        (
            "[a]\n# x\n  y\n",
            "neutron.conf:3: a continuation of no value; expected an option, a section or a comment; oslo.config would not read it either",
        ),
        (
            "[a]\nx\n",
            "neutron.conf:2: a line with neither = nor :; expected an option with = or :; oslo.config would not read it either",
        ),
    ],
)
def test_what_oslo_config_would_not_read_is_told_with_its_line(text, said):
    with pytest.raises(InputError) as told:
        parse(text, "neutron.conf")
    assert str(told.value) == said
