"""Python's collector of garbage, and work that leaves none."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def garbage_waits() -> Iterator[None]:
    """Keep the collector from looking through values while very many are made that all stay: that would double the time.

    Behind the block it goes on, and takes what there is for old: it does not look through that at once.
    """
    works = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if works:
            gc.enable()
