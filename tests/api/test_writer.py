"""Changes are committed together and answered after that; a commit that fails leaves the state as it was."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sfcci.api.wire import Response
from sfcci.api.writer import Writer
from sfcci.chain.state import State
from sfcci.errors import Unreachable


class Slow:
    """A store whose commits end when they are told to; the first of `failures` is raised."""

    def __init__(self, *failures):
        self.commits, self.failures, self.may_go = [], list(failures), threading.Semaphore(0)
        self.state = State()

    def commit(self, writes):
        self.commits.append([write.id for write in writes])
        assert self.may_go.acquire(timeout=60)
        if self.failures:
            raise self.failures.pop(0)


def put(id_):
    return lambda state: (state.put("groups", {"id": id_}), Response(201, {}, id_.encode()))


def refuse(state):
    return state, Response(409)


def ids(state):
    return list(state.of("groups"))


@pytest.fixture
def run():
    """Run a test with a writer over a store; it may look at what was told and complained."""

    def run(body, store):
        async def whole():
            with ThreadPoolExecutor(2) as pool:
                told, complaints = [], []
                writer = Writer(store, State(), pool, told.append, complaints.append)
                await body(writer)
                return writer, told, complaints

        return asyncio.run(whole())

    return run


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread of the store
            await asyncio.sleep(0.001)


def test_what_comes_while_a_commit_is_on_its_way_is_committed_together(run):
    store = Slow()

    async def body(writer):
        first = asyncio.create_task(writer.write(put("a")))
        await until(lambda: store.commits)
        others = [asyncio.create_task(writer.write(put(id_))) for id_ in "bcd"]
        await asyncio.sleep(0)
        assert ids(writer.state) == []
        assert not first.done()
        store.may_go.release()
        assert (await first).body == b"a"
        assert ids(writer.state) == ["a"]
        store.may_go.release()
        assert [(await other).body for other in others] == [b"b", b"c", b"d"]

    writer, told, _ = run(body, store)
    assert store.commits == [["a"], ["b", "c", "d"]]
    assert ids(writer.state) == ["a", "b", "c", "d"]
    assert [ids(state) for state in told] == [["a"], ["a", "b", "c", "d"]]


def test_a_refusal_waits_for_the_changes_that_it_may_stand_on(run):
    store = Slow()

    async def body(writer):
        first = asyncio.create_task(writer.write(put("a")))
        await until(lambda: store.commits)
        refusal = asyncio.create_task(writer.write(refuse))
        await asyncio.sleep(0)
        assert not refusal.done()
        store.may_go.release()
        assert (await refusal).status == 409
        assert first.done()

    run(body, store)
    assert store.commits == [["a"]]


def test_a_refusal_alone_commits_nothing(run):
    store = Slow()

    async def body(writer):
        assert (await writer.write(refuse)).status == 409

    run(body, store)
    assert store.commits == []


@pytest.mark.parametrize("error", [Unreachable("the disk is full"), RuntimeError("secret")])
def test_a_commit_that_fails_leaves_the_state_as_it_was_and_the_next_one_goes_on(run, error):
    store = Slow(error)

    async def body(writer):
        first = asyncio.create_task(writer.write(put("a")))
        await until(lambda: store.commits)
        second = asyncio.create_task(writer.write(put("b")))
        await asyncio.sleep(0)
        store.may_go.release()
        for answer in (await first, await second):
            assert answer.status == 503
            assert (b"the disk is full" in answer.body) == isinstance(error, Unreachable)
            assert b"secret" not in answer.body
        assert ids(writer.state) == []
        store.may_go.release()
        assert (await writer.write(put("c"))).status == 201

    writer, told, complaints = run(body, store)
    assert ids(writer.state) == ["c"]
    assert len(told) == 1
    assert bool(complaints) == isinstance(error, RuntimeError)


def test_a_client_that_goes_away_holds_up_nobody(run):
    store = Slow()

    async def body(writer):
        first = asyncio.create_task(writer.write(put("a")))
        await until(lambda: store.commits)
        first.cancel()
        store.may_go.release()
        store.may_go.release()
        assert (await writer.write(put("b"))).status == 201

    writer, _, _ = run(body, store)
    assert ids(writer.state) == ["a", "b"]


def test_a_data_plane_that_fails_is_complained_about_and_the_answer_stands():
    def broken(_state):
        raise RuntimeError("no switch")

    async def whole():
        store, complaints = Slow(), []
        store.may_go.release()
        with ThreadPoolExecutor(2) as pool:
            writer = Writer(store, State(), pool, broken, complaints.append)
            assert (await writer.write(put("a"))).status == 201
        assert "no switch" in complaints[0]

    asyncio.run(whole())


def test_what_takes_long_to_work_out_holds_up_no_reader_and_changes_keep_their_order(run):
    store, may_go = Slow(), threading.Event()

    def long(state):
        assert may_go.wait(60)
        return put("long")(state)

    async def body(writer):
        first = asyncio.create_task(writer.write(long, long=True))
        await asyncio.sleep(0)  # the loop goes on, though nothing is worked out yet
        second = asyncio.create_task(writer.write(put("short")))
        await asyncio.sleep(0)
        assert ids(writer.state) == []
        may_go.set()
        store.may_go.release(2)
        await asyncio.gather(first, second)
        assert ids(writer.state) == ["long", "short"]

    run(body, store)


def test_what_was_worked_out_upon_a_lost_change_is_worked_out_again(run):
    store, begun, may_go, upon = Slow(Unreachable("no room")), threading.Event(), threading.Event(), []

    def long(state):
        upon.append(ids(state))
        begun.set()
        assert may_go.wait(60)
        return put("long")(state)

    async def body(writer):
        lost = asyncio.create_task(writer.write(put("lost")))
        await until(lambda: store.commits)
        kept = asyncio.create_task(writer.write(long, long=True))
        await until(begun.is_set)
        store.may_go.release(2)
        assert (await lost).status == 503
        may_go.set()
        assert (await kept).status == 201
        assert ids(writer.state) == ["long"]

    run(body, store)
    assert upon == [["lost"], []]
