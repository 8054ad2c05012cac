"""The thread that brings a lab to the API's state outlives whatever goes wrong there."""

import errno
import os
import threading

import pytest
from openflow_switch import wait

from sfcci.chain.state import State
from sfcci.chain.status import Facts
from sfcci.datapath import namespace
from sfcci.datapath.plane import Follower
from sfcci.errors import DiskFull

FINE = Facts(reason="fine")


class Spoilt:
    """A bench on a full disk, as long as it is."""

    due = None

    def __init__(self):
        self.is_full = True
        self.tried = threading.Semaphore(0)

    def handles(self):
        return ()

    def bring(self, _state, **_how):
        self.tried.release()
        if self.is_full:
            raise OSError(errno.ENOSPC, "cannot write")
        return FINE

    def left(self):
        raise DiskFull("cannot lock", "no room")

    def leave(self):
        pass


def test_what_goes_wrong_while_something_else_is_told_does_not_end_the_thread():
    bench = Spoilt()
    follower = Follower(bench)
    follower.follow(State())
    for _ in range(2):
        assert bench.tried.acquire(timeout=60)
    wait(lambda: "cannot write" in follower.facts().reason and "cannot lock" in follower.facts().reason)
    bench.is_full = False
    wait(lambda: follower.facts() is FINE)
    follower.close()


def test_a_process_that_cannot_be_looked_at_is_not_taken_for_dead(monkeypatch):
    def without_handles(_path, *_words, **_more):
        raise OSError(errno.EMFILE, "no file handle is left")

    assert namespace.identity(os.getpid())
    monkeypatch.setattr("pathlib.Path.read_text", without_handles)
    with pytest.raises(OSError, match="no file handle"):
        namespace.identity(os.getpid())
    monkeypatch.undo()
    assert not namespace.identity(2**22 + 1)
