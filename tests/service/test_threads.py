"""Threads: one server never has all of them."""

import asyncio
import threading

import pytest

from autoresponder.service.threads import SHARE, THREADS, Threads
from tests.lab import PATIENCE


def test_a_server_that_keeps_everybody_waiting_leaves_threads_to_others() -> None:
    released = threading.Event()

    async def body() -> None:
        threads = Threads()
        waiting = [asyncio.create_task(threads.do("slow", released.wait)) for _ in range(2 * THREADS)]
        others = [threads.do(f"other {number}", lambda number=number: number) for number in range(2 * THREADS)]
        assert await asyncio.gather(*others) == list(range(2 * THREADS))
        released.set()
        await asyncio.gather(*waiting)
        threads.close()

    asyncio.run(asyncio.wait_for(body(), PATIENCE))


def test_a_server_gets_no_more_than_its_share() -> None:
    at_once, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(SHARE)

    def work() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        together.wait(PATIENCE)  # it does get that many
        with lock:
            at_once -= 1

    async def body() -> None:
        threads = Threads()
        await asyncio.gather(*(threads.do("one", work) for _ in range(3 * SHARE)))
        threads.close()

    asyncio.run(asyncio.wait_for(body(), PATIENCE))
    assert most == SHARE


def test_errors_come_back_and_nothing_begins_after_the_end() -> None:
    def fails() -> None:
        raise OSError("no")

    async def body() -> None:
        threads = Threads()
        with pytest.raises(OSError, match="no"):
            await threads.do("one", fails)
        threads.close()
        with pytest.raises(RuntimeError):
            await threads.do("one", fails)

    asyncio.run(body())
