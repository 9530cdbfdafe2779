"""The threads that talk to mailboxes: a few for all, and for one server never all of them.

Contract: blocking work is done in the order in which it was asked for, by at most `THREADS` threads, of which one
server gets at most `SHARE`: one that keeps everybody waiting holds up its own mailboxes and no others. `close` waits
for nobody.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
THREADS = 16
"""Mailboxes that can be talked to at the same moment; the idle ones need no thread."""
SHARE = 12
"""Those of one server."""


class Threads:
    """See the module's contract."""

    def __init__(self) -> None:
        """No thread is begun before there is work."""
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="mailbox")
        self._shares: dict[str, asyncio.Semaphore] = {}

    async def do(self, server: str, work: Callable[[], T]) -> T:
        """What `work`, which talks to this server, returns or raises. RuntimeError after `close`."""
        async with self._shares.setdefault(server, asyncio.Semaphore(SHARE)):
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Nothing new is begun; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
