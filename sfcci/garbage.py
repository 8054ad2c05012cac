"""Python's collector of garbage, and work that leaves none."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def garbage_waits() -> Iterator[None]:
    """Keep the collector from looking through values while very many are made that all stay: that would double the time.

    It goes on behind the block, unless somebody outside keeps it from that.
    """
    works = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if works:
            gc.enable()
