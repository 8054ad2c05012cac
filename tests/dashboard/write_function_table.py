"""Writes sfcci/dashboard/function_table.py from a running graphite-web: python write_function_table.py URL."""

import sys
from pathlib import Path

from sfcci.dashboard.function import table_text
from sfcci.metric.graphite import GraphiteReader

HEAD = '''"""Graphite's functions as graphite-web 1.1.10 describes them (`/functions`): names, parameters, kinds.

A line is a function: NAME PARAMETER:KIND, with `?` when it may be left out, `*` when it takes all that is left, and what it
may be after `=`. A line with @KIND says what a kind may be. Written by tests/dashboard/write_function_table.py.
"""

TABLE = """
'''


def module(description):
    return f'{HEAD}{table_text(description)}"""\n'


if __name__ == "__main__":
    target = Path(__file__).parents[2] / "sfcci" / "dashboard" / "function_table.py"
    target.write_text(module(GraphiteReader(sys.argv[1]).functions()))
