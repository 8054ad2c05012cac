"""Answers of a moment ago are given again until something changes."""

from sfcci.api.caller import EVERYBODY, Caller
from sfcci.api.recent import LEAST_OCTETS, MOST_OCTETS, Recent
from sfcci.api.wire import Request, Response
from sfcci.chain.state import State
from sfcci.chain.status import Facts

STATE, FACTS = State(), Facts()


class Asked:
    """A recent answers' client that counts what was worked out."""

    def __init__(self, octets=LEAST_OCTETS):
        self.recent, self.worked_out, self.octets = Recent(), 0, octets

    def ask(self, path="/v2.0/ports", state=STATE, facts=FACTS, who=EVERYBODY, query=(), **headers):
        request = Request("GET", path, query, headers)
        return self.recent.answer(state, facts, request, who, self._change)

    def _change(self, state):
        self.worked_out += 1
        return state, Response(200, {}, b"x" * self.octets)


def test_what_was_just_asked_is_not_worked_out_again():
    asked = Asked()
    assert asked.ask() is asked.ask()
    assert asked.worked_out == 1


def test_everything_that_an_answer_is_made_of_counts():
    asked = Asked()
    for different in (
        {},
        {"path": "/v2.0/networks"},
        {"query": (("name", "a"),)},
        {"host": "localhost"},
        {"who": Caller("alice", "demo")},
        {"who": Caller("alice", "other")},
    ):
        asked.ask(**different)
    assert asked.worked_out == 6


def test_a_new_state_and_new_facts_forget_all():
    asked = Asked()
    asked.ask()
    asked.ask(state=State())
    asked.ask(state=STATE, facts=Facts())
    assert asked.worked_out == 3


def test_short_answers_are_not_kept_and_long_ones_only_so_many():
    short = Asked(octets=LEAST_OCTETS - 1)
    short.ask()
    short.ask()
    assert short.worked_out == 2
    many = Asked(octets=MOST_OCTETS // 4)
    for number in range(5):
        many.ask(f"/{number}")
    many.ask("/4")
    many.ask("/0")
    assert many.worked_out == 6
    huge = Asked(octets=MOST_OCTETS + 1)
    huge.ask()
    huge.ask()
    assert huge.worked_out == 2


def test_a_request_that_changes_something_after_all_is_not_answered_here():
    request = Request("GET", "/v2.0/security-groups")
    assert Recent().answer(STATE, FACTS, request, EVERYBODY, lambda _state: (State(), Response(200))) is None
