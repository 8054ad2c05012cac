"""Whoever captures many interfaces has many files open: what waits for one may have a number that select(2) does not take."""

import os
import resource

import pytest
from openflow_switch import switch

from sfcci.datapath import openflow_client as client
from sfcci.datapath.ready import readable

__all__ = ["switch"]
MOST = 1024
"""FD_SETSIZE (select(2))."""


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * MOST:
        pytest.skip("no more files may be opened here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * MOST), hard))
    handles = [os.open(os.devnull, os.O_RDONLY)]
    while handles[-1] < MOST:
        handles.append(os.dup(handles[0]))
    yield
    for handle in handles:
        os.close(handle)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_what_has_something_to_read_or_has_ended_is_given():
    read, write = os.pipe()
    assert read > MOST
    assert readable([read], 0) == frozenset()
    os.write(write, b"x")
    assert readable([read], 0) == {read}
    os.read(read, 1)
    os.close(write)
    assert readable([read], None) == {read}
    os.close(read)
    with pytest.raises(ValueError, match="closed"):
        readable([read], 0)


@pytest.mark.lab
@pytest.mark.usefixtures("many_files")
def test_a_switch_is_asked_by_who_has_many_files_open(switch):
    with client.connect(switch.address) as bridge:
        assert bridge.held().flows == ()
