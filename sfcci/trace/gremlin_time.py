"""When: At(t), At(t, duration), Context, and v0.9's Since.

A time is a number of seconds since 1970 (of milliseconds above 2**31), a date as RFC 1123 or ISO 8601 writes it, a
span from now as Go writes durations ('-1m', '-1h30m'), or NOW. A duration is a number of seconds, such a span, or FOREVER.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from sfcci.trace.gremlin_parser import Parameter, Predicate, Step, Symbol, shown
from sfcci.trace.gremlin_world import Asked, OfGraph, Scope

SECONDS_BELOW: Final = 2**31
LATEST_MS: Final = 2**53
UNIT_MS: Final = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
_SPAN = re.compile(r"([0-9]{1,18}(?:\.[0-9]{0,18})?)(ns|us|µs|ms|s|m|h)")
TIME_EXPECTED: Final = "seconds or milliseconds since 1970, a date, a span from now such as '-1m', or NOW"
SPAN_EXPECTED: Final = "seconds, a span such as '1m30s', or FOREVER"


def at(_: OfGraph, step: Step, asked: Asked) -> OfGraph:
    """At, Context: the graph and the flows of a time."""
    if not 1 <= len(step.parameters) <= 2:  # noqa: PLR2004 - when, and how long
        raise asked.expression.fault(
            step.at, f"{step.written} with {len(step.parameters)} parameters", TIME_EXPECTED
        )
    at_ms = moment_ms(step.parameters[0], step, asked)
    if len(step.parameters) == 1:
        return OfGraph(scope_at(at_ms, None, step, asked))
    given = step.parameters[1]
    long_ms = at_ms if given is Symbol.FOREVER else span_ms(given, step, asked)
    return OfGraph(scope_at(at_ms, long_ms, step, asked))


def since(scope: Scope, predicate: Predicate, step: Step, asked: Asked) -> Scope:
    """Flows(Since(n)): those of the n seconds before the time that At said, or before now; '-1m' says the same as '1m'."""
    given = predicate.parameters[0]
    long_ms = span_ms(given.removeprefix("-") if isinstance(given, str) else given, step, asked)
    return scope_at(scope.span_ms[1] if scope.span_ms else now_ms(step, asked), long_ms, step, asked)


def scope_at(at_ms: int, long_ms: int | None, step: Step, asked: Asked) -> Scope:
    """What there was.

    Raises:
        InputError: Nobody remembers.
    """
    if asked.world.history is None:
        raise asked.expression.fault(
            step.at, f"{step.written}: there is no history here", "a question about now"
        )
    past = asked.world.history.at(at_ms, long_ms)
    return Scope(past.graph, past.flows, (at_ms - (long_ms or 0), at_ms), past)


def now_ms(step: Step, asked: Asked) -> int:
    """What the time is, in ms since 1970."""
    if asked.world.now_ms is None:
        raise asked.expression.fault(step.at, f"{step.written}: there is no clock here", "a time since 1970")
    return asked.world.now_ms()


def moment_ms(given: Parameter, step: Step, asked: Asked) -> int:
    """A time in ms since 1970."""
    found: float | None = None
    if given is Symbol.NOW:
        found = now_ms(step, asked)
    elif isinstance(given, int | float) and not isinstance(given, bool):
        found = given if given > SECONDS_BELOW else given * 1000
    elif isinstance(given, str):
        found = _parsed_ms(given)
        if found is None and (span := parsed_span_ms(given)) is not None:
            found = now_ms(step, asked) + span
    if found is None or not 0 <= found <= LATEST_MS:
        raise asked.expression.fault(step.at, f"{shown(given)} is no time", TIME_EXPECTED)
    return int(found)


def span_ms(given: Parameter, step: Step, asked: Asked) -> int:
    """A duration in ms."""
    found: float | None = None
    if isinstance(given, int | float) and not isinstance(given, bool):
        found = given * 1000
    elif isinstance(given, str):
        found = parsed_span_ms(given)
    if found is None or not 0 <= found <= LATEST_MS:
        raise asked.expression.fault(step.at, f"{shown(given)} is no span of time", SPAN_EXPECTED)
    return int(found)


def parsed_span_ms(text: str) -> float | None:
    """A duration as Go writes it, in ms; None where the text is none."""
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sign * sum(float(number) * UNIT_MS[unit] for number, unit in parts)


def _parsed_ms(text: str) -> float | None:
    """A date as RFC 1123 or ISO 8601 writes it, in ms since 1970; without a zone it is UTC."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            date = parse(text[:60])
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None
