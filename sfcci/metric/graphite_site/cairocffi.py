# ruff: noqa: INP001 - run by Graphite's own interpreter, no package here
"""Takes the place of cairocffi: graphite-web imports it to draw PNG and SVG, and we only ask for JSON.

So the system's libcairo is not needed. Constants are there for the modules to load; drawing says why it cannot be.
"""


def __getattr__(name: str) -> int:
    if name.startswith("__"):
        raise AttributeError(name)
    if name.isupper():
        return 0
    raise RuntimeError("this Graphite answers JSON only: it draws no pictures (there is no cairo here)")
