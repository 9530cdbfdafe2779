"""The writer: order, shared commits, and whose failure is whose."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from autoresponder.service.writer import Writer
from autoresponder.store import Store, StoreError, open_store
from autoresponder.store.sql import SqlStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "state.db", daemon=True)
    yield store
    store.close()


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    writer = Writer(store)
    yield writer
    writer.close()


def remember(key: str) -> Callable[[Store], str]:
    """A job that writes and says so."""

    def job(store: Store) -> str:
        store.remember(key, "yes")
        return key

    return job


def on_disk(path: Path, keys: str) -> str:
    """Which of `keys` another process would find now."""
    with_store = open_store(path)
    try:
        return "".join(key for key in keys if with_store.recall(key))
    finally:
        with_store.close()


class Gate:
    """A job that holds the writer up, so that what is handed in meanwhile shares a group."""

    def __init__(self, writer: Writer) -> None:
        self.open, self.reached = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=writer.run, args=(self.job,))
        self.thread.start()
        assert self.reached.wait(10)

    def job(self, _store: Store) -> None:
        self.reached.set()
        assert self.open.wait(10)

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self.open.set()
        self.thread.join(10)


def test_result_is_on_disk(writer: Writer, tmp_path: Path) -> None:
    """From a thread and from an event loop: the result comes when others can see the work."""

    async def body() -> str:
        key = await writer.call(remember("a"))
        assert on_disk(tmp_path / "state.db", "ab") == "a"
        return key

    assert asyncio.run(body()) == "a"
    assert writer.run(remember("b")) == "b"
    assert on_disk(tmp_path / "state.db", "ab") == "ab"


def test_order_and_shared_commit(writer: Writer, tmp_path: Path) -> None:
    """What gathers is done in order, and none of it is on disk before all of it is."""
    done: list[int] = []
    seen: list[str] = []

    def job(n: int) -> Callable[[Store], None]:
        def work(store: Store) -> None:
            store.remember("abcdefghij"[n], "yes")
            done.append(n)
            seen.append(on_disk(tmp_path / "state.db", "abcdefghij"))

        return work

    async def body() -> None:
        with Gate(writer):
            futures = [writer.submit(job(n)) for n in range(9)] + [writer.submit_lazily(job(9))]
            await asyncio.sleep(0)  # the turn of the loop that hands them over
        await asyncio.gather(*futures)

    asyncio.run(body())
    assert done == list(range(10))
    assert seen == [""] * 10
    assert on_disk(tmp_path / "state.db", "abcdefghij") == "abcdefghij"


def test_failure_is_its_own(writer: Writer, tmp_path: Path) -> None:
    """One job raises: its caller hears it, the others of the group are on disk."""

    def broken(store: Store) -> None:
        raise KeyError("mine")

    async def body() -> list[object]:
        with Gate(writer):
            futures = [writer.submit(remember("a")), writer.submit(broken), writer.submit(remember("b"))]
            await asyncio.sleep(0)
        return await asyncio.gather(*futures, return_exceptions=True)

    first, second, third = asyncio.run(body())
    assert (first, third) == ("a", "b")
    assert isinstance(second, KeyError)
    with pytest.raises(KeyError):
        writer.run(broken)
    assert on_disk(tmp_path / "state.db", "ab") == "ab"


def test_failed_commit_is_everybodys(writer: Writer, tmp_path: Path) -> None:
    """The commit fails: every caller of the group hears it, nothing of it is on disk, and the next group is well."""

    def undo(store: Store) -> None:
        store._db.execute("ROLLBACK")  # type: ignore[attr-defined]  # as a full disk does to a transaction

    async def body() -> list[object]:
        with Gate(writer):
            futures = [writer.submit(remember("a")), writer.submit(undo), writer.submit(remember("b"))]
            await asyncio.sleep(0)
        return await asyncio.gather(*futures, return_exceptions=True)

    assert [type(one) for one in asyncio.run(body())] == [StoreError] * 3
    assert on_disk(tmp_path / "state.db", "ab") == ""
    assert writer.run(remember("c")) == "c"


def test_cancelled_caller(writer: Writer, tmp_path: Path) -> None:
    """A caller that was cancelled misses the result; the work is done, and the others are released."""

    async def body() -> None:
        with Gate(writer):
            task = asyncio.create_task(writer.call(remember("a")))
            other = writer.submit(remember("b"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await other == "b"

    asyncio.run(body())
    assert on_disk(tmp_path / "state.db", "ab") == "ab"


def test_lazy_alone(writer: Writer, tmp_path: Path) -> None:
    """A lazy job that finds no company is done all the same."""

    async def body() -> str:
        return await writer.submit_lazily(remember("a"))

    assert asyncio.run(body()) == "a"
    assert on_disk(tmp_path / "state.db", "a") == "a"


def test_close_drains(store: Store, tmp_path: Path) -> None:
    """What was handed in before `close` is done; what comes later is refused; a second `close` does nothing."""
    writer = Writer(store)

    async def body() -> None:
        writer.submit(remember("a"))
        writer.submit_lazily(remember("b"))
        writer.close()
        writer.close()
        with pytest.raises(RuntimeError):
            writer.submit(remember("c"))

    asyncio.run(body())
    with pytest.raises(RuntimeError):
        writer.run(remember("c"))
    assert on_disk(tmp_path / "state.db", "abc") == "ab"


def test_many_threads(writer: Writer) -> None:
    """Mailbox threads and the loop at once: everybody gets the answer to the own question."""
    got: dict[int, str] = {}

    def ask(n: int) -> None:
        got[n] = writer.run(remember(f"t{n}"))

    async def body() -> list[str]:
        threads = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        answers = await asyncio.gather(*(writer.call(remember(f"l{n}")) for n in range(20)))
        for thread in threads:
            await asyncio.to_thread(thread.join)
        return answers

    assert asyncio.run(body()) == [f"l{n}" for n in range(20)]
    assert got == {n: f"t{n}" for n in range(20)}


def test_in_a_hurry_another_process_is_not_waited_for(store: Store, tmp_path: Path) -> None:
    """With no time left each job fails at once, however many there are, and tells its own caller why."""
    assert isinstance(store, SqlStore)
    writer = Writer(store)
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.hurry(0)
        for key in "abc":
            with pytest.raises(StoreError, match="another program keeps the state locked"):
                writer.run(remember(key))
    assert store._db.execute("PRAGMA busy_timeout") == [(0,)]
    writer.run(remember("d"))
    writer.close()
    assert on_disk(tmp_path / "state.db", "abcd") == "d"
