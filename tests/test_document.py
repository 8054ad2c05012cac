"""Documents: plain values, and a place for every fault."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sfcci import document
from sfcci.errors import InputError

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "kind": {"enum": ["big", "small"]},
        "parts": {"type": "array", "items": {"type": "object", "properties": {"size": {"type": "integer"}}}},
    },
}


def faults(text, path="a.yaml", schema=SCHEMA):
    with pytest.raises(InputError) as caught:
        document.parse(text, path, schema)
    return [str(fault) for fault in caught.value.faults]


def test_all_faults_come_together_with_their_places():
    assert faults("nmae: x\ncount: many\nkind: huge\n") == [
        "a.yaml:1:1: name is missing",
        "a.yaml:1:1: nmae: unknown key; expected one of count, kind, name, parts; did you mean name?",
        'a.yaml:2:1: count: found "many"; expected a whole number',
        'a.yaml:3:1: kind: found "huge"; expected one of big, small',
    ]


def test_a_fault_in_a_toml_table_of_tables_names_its_line():
    text = 'name = "x"\n\n[[parts]]\nsize = 1\n\n[[parts]]\n  size = "big"\n'
    assert faults(text, "a.toml") == ['a.toml:7:3: parts[1].size: found "big"; expected a whole number']


def test_broken_text_is_told_with_its_place():
    assert faults("a: [1, 2\nb: 3\n")[0].startswith("a.yaml:2:")
    assert faults("a = \n", "a.toml") == ["a.toml:1:5: Invalid value; expected TOML"]
    assert faults('{"a": }', "a.json") == ["a.json:1:7: Expecting value; expected JSON"]
    assert faults('{"a": "b\n"}', "a.json") == ["a.json:1:9: Invalid control character; expected JSON"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\na: 2\n", "duplicate key"),
        ("a: &x [1]\nb: *x\n", "alias"),
        ("a: !!python/object/apply:os.system [ls]\n", "constructor"),
        ("a:\n\t- 1\n", "cannot start any token"),
        ("a: \0\n", "special characters"),
        ("[" * 5000, "nested too deeply"),
        ("? {a: 1}\n: 2\n", "a key is not plain text"),
    ],
)
def test_hostile_yaml_is_refused(text, reason):
    assert reason in faults(text, schema=None)[0]


def test_other_encodings_are_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("name: ä\n".encode("latin-1"))
    with pytest.raises(InputError, match="byte 6 is not UTF-8"):
        document.read(path)


def test_a_missing_file_is_told_with_its_path(tmp_path):
    with pytest.raises(InputError, match=r"none.yaml: No such file"):
        document.read(tmp_path / "none.yaml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("abc"),
        lambda v: st.lists(v) | st.dictionaries(st.text("abc"), v),
    )
)
def test_every_value_of_a_json_document_has_a_place(value):
    found = document.parse(json.dumps(value, indent=1), "a.json")
    assert found.data == value
    assert found.place().line == 1


STYLES = """\
plain: a.b(c)
quoted: "a.\\"b\\"(c)"
single: 'it''s é'
folded: >
  foo
  bar(x)
literal: |
  foo
    bar(x)
long: plain on
  two lines
"""


@pytest.mark.parametrize("key", ["plain", "quoted", "single", "folded", "literal", "long"])
def test_each_character_of_a_text_is_found_in_the_source_whatever_its_style(key):
    read = document.parse(STYLES, "x.yaml")
    for offset, character in enumerate(read.data[key].rstrip()):
        place = read.character((key,), offset)
        if not character.isspace() and character != '"':
            assert STYLES.splitlines()[place.line - 1][place.column - 1] == character


def test_duplicate_keys_come_together_and_a_reader_may_go_on():
    text = "a: 1\na: 2\nb: 1\nb: 3\n"
    with pytest.raises(InputError) as caught:
        document.parse(text, "x.yaml")
    assert [str(fault.place) for fault in caught.value.faults] == ["x.yaml:2:1", "x.yaml:4:1"]
    duplicates = []
    assert document.parse(text, "x.yaml", duplicates=duplicates).data == {"a": 2, "b": 3}
    assert duplicates == list(caught.value.faults)


@pytest.mark.parametrize("text", ["- !!int ''", "- !!timestamp x", "a: !!map [1]"])
def test_a_tag_that_does_not_fit_is_a_fault(text):
    with pytest.raises(InputError, match="tag"):
        document.parse(text, "x.yaml")


@pytest.mark.parametrize(("text", "name"), [('a: "\\ud800 x"', "x.yaml"), ('{"\\udfff": 1}', "x.json")])
def test_half_a_character_is_refused_because_nothing_can_write_it(text, name):
    with pytest.raises(InputError, match="half a character"):
        document.parse(text, name)
    assert document.parse('{"a": "\\ud83d\\ude00"}', "x.json").data == {"a": "\U0001f600"}


@pytest.mark.parametrize("depth", [100, 800, 50_000])
def test_nesting_has_an_end_in_every_format(depth):
    for name in ("x.json", "x.yaml"):
        with pytest.raises(InputError, match="nested too deeply"):
            document.parse("[" * depth + "]" * depth, name)


def test_a_device_without_end_is_too_large(tmp_path):
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="too large"):
        document.read(tmp_path / "zero.yaml")


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN, st.booleans())
def test_yaml_is_read_as_pyyaml_reads_it(value, flow):
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert document.parse(text, "a.yaml").data == yaml.safe_load(text)


def pyyaml(text, otherwise):
    """What PyYAML's own parser reads; libyaml takes a few texts that it refuses (`|#`)."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return otherwise


@given(st.text(max_size=60) | st.text("ab:-#&*!|>[]{}'\"\\ \t\n%@,?0", max_size=40))
def test_any_text_is_read_as_pyyaml_reads_it_or_refused_with_its_place(text):
    refused = ()
    try:
        found = document.parse(text, "a.yaml", duplicates=[]).data
    except InputError as error:
        refused = error.faults
    assert all(fault.place.path == "a.yaml" for fault in refused)
    assert refused or found == pyyaml(text, found)


def test_a_byte_order_mark_moves_no_place(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: xyz\n")
    read = document.read(tmp_path / "a.yaml")
    assert (read.place("a").column, read.character(("a",), 2).column) == (1, 6)


def test_json_with_tabs_and_pairs_of_escapes_has_places_too():
    read = document.parse('{\n\t"a": "\\ud83d\\ude00",\n\t"b": [1, "x\\"y"]}', "a.json")
    assert (str(read.place("b", 1)), str(read.character(("b", 1), 2))) == ("a.json:3:11", "a.json:3:15")


def test_a_limit_is_told_as_what_is_expected():
    limits = {"port": {"maximum": 65535}, "weight": {"minimum": 0}, "groups": {"minItems": 1}}
    schema = {"properties": {**limits, "mode": {"enum": ["open", None, True]}}}
    assert faults("{port: 99999, weight: -1, groups: [], mode: shut}", schema=schema) == [
        "a.yaml:1:2: port: found 99999; expected at most 65535",
        "a.yaml:1:15: weight: found -1; expected at least 0",
        "a.yaml:1:27: groups: found []; expected at least 1 of them",
        'a.yaml:1:39: mode: found "shut"; expected one of open, null, true',
    ]
