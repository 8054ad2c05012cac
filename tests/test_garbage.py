"""The collector of garbage waits for a block's end, whatever happens in it, and stays off for who has put it off."""

import gc
import weakref

import pytest

from sfcci.garbage import garbage_waits


@pytest.fixture(autouse=True)
def working():
    """The collector works, whatever has run before: a command that ends soon puts it off for good."""
    works = gc.isenabled()
    gc.enable()
    yield
    if not works:
        gc.disable()


class Loop:
    def __init__(self):
        self.own = self


def test_it_waits_and_goes_on_also_behind_an_error():
    with pytest.raises(KeyError), garbage_waits():
        {}["while it waits"]
    assert gc.isenabled()


def test_it_stays_off_where_it_was():
    gc.disable()
    try:
        with garbage_waits():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_the_block_left_is_still_collected_one_day():
    with garbage_waits():
        lost = weakref.ref(Loop())
    gc.collect()
    assert lost() is None
