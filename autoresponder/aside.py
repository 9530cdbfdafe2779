"""Work that may take long, that nobody can break off, and that the end of the program does not wait for: looking up a
host name, asking a command for a password, trying a changed configuration.

The threads of asyncio and of a pool are joined when the program ends, however long that takes; one of these is not.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """The result of `work`, done in a thread of its own. Raises what it raises. When the loop ends before, the thread
    is left behind: it must not hold anything that has to be put in order."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def told(result: T | None, error: BaseException | None) -> None:
        if future.done():  # cancelled
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # there is no error, so it is what work returned

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as failure:
            error = failure
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(told, result, error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return await future
