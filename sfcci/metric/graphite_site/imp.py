# ruff: noqa: INP001 - run by Graphite's own interpreter, no package here
"""Takes the place of `imp`, which Python 3.12 dropped: carbon and graphite-web load key functions with it, we have none."""

PY_SOURCE = 1


def load_module(name: str, *_ignored: object) -> object:
    """Refuse: only a custom hashing function (CARBONLINK_HASHING_KEYFUNC) would come this way."""
    raise ImportError(f"custom key functions are not supported here: {name}")
