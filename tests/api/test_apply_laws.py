"""Laws of apply and export, on the API's own rules with a state in memory."""

import json

from hypothesis import given, settings

from sfcci.api.applying import carry_out, read
from sfcci.api.declaration import MARK, declaration, exported
from sfcci.api.declared import SCHEMA, SECTIONS
from sfcci.api.file_door import StateDoor
from sfcci.api.plan import plan
from sfcci.chain.state import State
from sfcci.document import Document, check
from sfcci.errors import InputError

from .declared_states import declarations


def planned(door, data, *, prune=False):
    here = read(door)
    source = Document("file.json", json.dumps(data), data)
    return plan(declaration(source, here), here, prune=prune), here


def applied(door, data, *, prune=False):
    made, here = planned(door, data, prune=prune)
    carry_out(door, made, here, lambda _step: None)
    return made


def empty():
    return StateDoor("memory", State())


def said_by(data, exported_data):
    """What is there, as far as the file says it or has a say in it: what others choose is left out."""
    chosen = {
        name: {word.name for word in section.words.values() if word.kept}
        for name, section in SECTIONS.items()
    }
    return {
        collection: {
            key: {
                word: value
                for word, value in words.items()
                if word not in chosen[collection] or word in data[collection][key]
            }
            for key, words in resources.items()
        }
        for collection, resources in exported_data.items()
    }


@given(declarations())
@settings(max_examples=30)
def test_what_was_applied_is_exported(data):
    door = empty()
    applied(door, data)
    assert said_by(data, exported(read(door))) == data


@given(declarations())
@settings(max_examples=25)
def test_an_export_applied_changes_nothing_and_makes_the_same_elsewhere(data):
    door, other = empty(), empty()
    applied(door, data)
    told = exported(read(door))
    assert check(Document("file.json", json.dumps(told), told), SCHEMA) == []
    again, _ = planned(door, told, prune=True)
    assert (again.changes, again.steps) == ((), ())
    applied(other, told)
    assert exported(read(other)) == told


@given(declarations(), declarations())
def test_what_was_there_before_does_not_matter_when_all_else_is_pruned(before, after):
    door = empty()
    applied(door, before)
    made = applied(door, after, prune=True)
    assert said_by(after, exported(read(door))) == after
    again, _ = planned(door, after, prune=True)
    assert again.steps == (), made


@given(declarations(), declarations())
@settings(max_examples=30)
def test_a_run_that_was_cut_off_anywhere_is_finished_by_the_next(before, after):
    door = empty()
    applied(door, before)
    made, here = planned(door, after, prune=True)
    for cut in {0, len(made.steps) // 3, len(made.steps) // 2, len(made.steps) - 1} - {-1}:
        tried = StateDoor("memory", door.state)
        cut_off = type(made)(made.changes, made.steps[:cut])
        carry_out(tried, cut_off, here, lambda _step: None)
        applied(tried, after, prune=True)
        assert said_by(after, exported(read(tried))) == after
        assert not [one for one in read(tried) if one.values["name"].endswith(MARK)]


@given(declarations(), declarations())
@settings(max_examples=30)
def test_without_pruning_nothing_that_the_file_does_not_name_goes(before, after):
    door = empty()
    applied(door, before)
    old = {one.item for one in read(door)}
    try:
        steps = planned(door, after)[0].steps
    except InputError:  # something that the file does not name uses what would have to be made anew
        return
    gone = {(step.collection, step.key) for step in steps if step.verb == "delete"}
    assert not {item for item in gone & old if item[1] not in after[item[0]]}
