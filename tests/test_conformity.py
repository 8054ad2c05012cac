"""The quick yes to a schema is never wrong, and documents that are well get it."""

import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sfcci import document, settings
from sfcci.conformity import conforms
from sfcci.datapath import scenario
from sfcci.gate import job_schema
from sfcci.package.component_schema import SCHEMA

REPOSITORY = Path(__file__).parents[1]
WORDS = st.sampled_from(["", "a", "ab", "b1", "1"])
NUMBERS = st.integers(-2, 4) | st.floats(-2, 4) | st.booleans() | st.none()
KINDS = ["object", "array", "string", "integer", "number", "boolean", "null"]
VALUES = st.recursive(
    WORDS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def keywords(inner):
    return st.fixed_dictionaries(
        {},
        optional={
            "description": WORDS,
            "type": st.sampled_from(KINDS) | st.lists(st.sampled_from(KINDS), min_size=1, max_size=2),
            "properties": st.dictionaries(WORDS, inner, max_size=3),
            "additionalProperties": st.booleans() | inner,
            "required": st.lists(WORDS, max_size=2),
            "items": inner,
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "minLength": st.integers(0, 2),
            "pattern": st.sampled_from(["a", "^a?$", "[0-9]"]),
            "enum": st.lists(WORDS | NUMBERS, max_size=2),
            "minimum": st.integers(0, 2),
            "maximum": st.integers(0, 2),
            "patternProperties": st.dictionaries(st.just("a"), inner, max_size=1),
            "propertyNames": st.just({"pattern": "b"}) | inner,
            "minProperties": st.integers(0, 2),
            "maxProperties": st.integers(0, 2),
            "exclusiveMinimum": st.integers(0, 2),
            "if": inner | st.sampled_from(KINDS).map(lambda kind: {"type": kind, "required": ["a"]}),
            "then": inner,
            "else": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "const": WORDS,
            "uniqueItems": st.just(True),
        },
    )


SCHEMAS = st.recursive(st.just({}) | keywords(st.just({})), keywords, max_leaves=6)


@given(VALUES, SCHEMAS)
def test_what_conforms_is_what_jsonschema_finds_nothing_in(value, schema):
    if conforms(value, schema):
        assert Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    "path", [*sorted((REPOSITORY / "packaging").glob("*.toml"))], ids=lambda path: path.stem
)
def test_a_description_that_is_well_gets_it(path):
    assert conforms(tomllib.loads(path.read_text()), SCHEMA)
    assert not conforms({**tomllib.loads(path.read_text()), "nmae": "x"}, SCHEMA)


@pytest.mark.parametrize(
    "path",
    [
        *sorted((REPOSITORY / "sfcci" / "gate" / "jobs").glob("*.yaml")),
        *sorted((REPOSITORY / "sfcci" / "datapath" / "scenarios").glob("*.yaml")),
    ],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_jobs_and_scenarios_that_are_well_get_it(path):
    schema = job_schema.SCHEMA if path.parent.name == "jobs" else scenario.SCHEMA
    found = document.read(path).data
    assert conforms(found, schema)
    assert not conforms({**found, "nmae": "x"}, schema)


def test_settings_that_are_well_need_no_jsonschema(tmp_path):
    text = '[gate]\nhost = "sfc.example.org"\n'
    (tmp_path / "sfcci.toml").write_text(text)
    kept = sys.modules.pop("jsonschema", None)
    try:
        assert settings.load(tmp_path, {}).gate.host == "sfc.example.org"
        assert "jsonschema" not in sys.modules
    finally:
        if kept is not None:
            sys.modules["jsonschema"] = kept
