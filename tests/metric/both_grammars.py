"""Run by Graphite's interpreter: reads targets (JSON, one a line) with our fast reading and with graphite-web's own grammar.

Answers each with [what the fast one read, what graphite-web's read], null for what is not read.
"""

import json
import sys

from django.conf import settings

settings.configure(UTF8_METRICS=False)

import sfcci_grammar  # noqa: E402 - on the path that the test gives
from graphite.render.grammar_unsafe import grammar  # noqa: E402

TEXTS = ("pathExpression", "string", "integer", "float", "funcname")


def plain(words):
    """Give all that graphite-web's evaluator looks at."""
    found = {name: getattr(words, name) for name in TEXTS if getattr(words, name)}
    found |= {name: True for name in ("template", "none", "infinity", "scientific") if getattr(words, name)}
    if words.boolean:
        found["boolean"] = words.boolean[0]
    if words.number:
        found["number"] = plain(words.number)
    if words.expression:
        found["expression"] = plain(words.expression)
        found["pipes"] = len(words.expression.pipedCalls.asList())
    if words.call:
        found["call"] = plain(words.call)
        found["arguments"] = [plain(one) for one in words.call.args or []]
        found["named"] = len(words.call.kwargs or [])
    return found


for line in sys.stdin:
    text = json.loads(line)
    quick = sfcci_grammar.read(text)
    try:
        slow = plain(grammar.parseString(text))
    except Exception:  # noqa: BLE001 - whatever pyparsing raises, it is refused
        slow = None
    sys.stdout.write(json.dumps([plain(quick) if quick else None, slow]) + "\n")
    sys.stdout.flush()
